//! Certificates: one authority per job, one certificate per process, each naming its node.
//!
//! ```
//! use starloom_comms::id::NodeId;
//! use starloom_comms::net::tls::{Authority, Credentials};
//!
//! let dir = tempfile::tempdir()?;
//! let nodes = [NodeId::aggregator(), NodeId::satellite(0)];
//! Authority::new("star12")?.write(dir.path(), &nodes)?;
//! let credentials = Credentials::load(dir.path(), &nodes[1])?;
//! assert!(Credentials::load(dir.path(), &NodeId::satellite(1)).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! In a directory: `ca.pem` and `ca.key` of the authority, `<node>.pem` and `<node>.key` of each node. Keys are readable by their owner
//! alone. A node needs `ca.pem` and its own two files; `ca.key` stays where certificates are made.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use thiserror::Error;
use tonic::transport::{Certificate, ClientTlsConfig, Identity as PemPair, ServerTlsConfig};

pub use self::authority::{Authority, AuthorityError};
use crate::id::NodeId;
use crate::limits::CONNECT_TIMEOUT;

mod authority;

/// What a process proves itself with: the job's authority, its own certificate and its key. Cloning is cheap.
#[derive(Clone)]
pub struct Credentials {
    authority: Arc<str>,
    certificate: Arc<str>,
    key: Arc<str>,
}

/// Why credentials cannot be used.
#[derive(Debug, Error)]
pub enum CredentialsError {
    /// There is no such file.
    #[error("{} is missing: `starloom certs init` writes a certificate and a key for each node of a scenario", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The file holds something else.
    #[error("{} holds no {expected} in PEM: {reason}", path.display())]
    NotPem {
        /// The file.
        path: PathBuf,
        /// What should be there.
        expected: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The certificate was signed by the authority of another job.
    #[error("{} is not a certificate of this job: the authority in {} has not signed it ({reason})", certificate.display(), authority.display())]
    ForeignAuthority {
        /// The certificate's file.
        certificate: PathBuf,
        /// The authority's file.
        authority: PathBuf,
        /// What the verifier says.
        reason: String,
    },
    /// The certificate names somebody else.
    #[error("{} is not the certificate of {node}: it names {}", certificate.display(), names.join(", "))]
    OtherNode {
        /// The certificate's file.
        certificate: PathBuf,
        /// Whose it should be.
        node: NodeId,
        /// Whose it is.
        names: Vec<String>,
    },
}

impl Credentials {
    /// Reads and checks the credentials of `node` in `dir`.
    ///
    /// # Errors
    /// [`CredentialsError`] if a file is missing or is not what it should be, if the authority of the directory has not
    /// signed the certificate, or if the certificate is not of `node`.
    pub fn load(dir: &Path, node: &NodeId) -> Result<Self, CredentialsError> {
        let (ca_path, certificate_path) = (dir.join(authority::CA_CERTIFICATE), dir.join(format!("{node}.pem")));
        let key_path = dir.join(format!("{node}.key"));
        let (authority, ca) = read_certificate(&ca_path)?;
        let (certificate, leaf) = read_certificate(&certificate_path)?;
        let key = read(&key_path)?;
        PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|error| CredentialsError::NotPem {
            path: key_path,
            expected: "private key",
            reason: error.to_string(),
        })?;
        verify_issuer(&leaf, &ca).map_err(|reason| CredentialsError::ForeignAuthority {
            certificate: certificate_path.clone(),
            authority: ca_path,
            reason,
        })?;
        if let Err(names) = verify_name(&leaf, node) {
            return Err(CredentialsError::OtherNode { certificate: certificate_path, node: node.clone(), names });
        }
        Ok(Self { authority: authority.into(), certificate: certificate.into(), key: key.into() })
    }

    /// Trusts this job, and shows the certificate of another.
    #[cfg(test)]
    pub(crate) fn with_certificate_of(&self, other: &Self) -> Self {
        Self { authority: self.authority.clone(), ..other.clone() }
    }

    /// What a caller shows and demands: its own certificate, and that the other end is `peer`.
    pub(crate) fn client_config(&self, peer: &NodeId) -> ClientTlsConfig {
        ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(&*self.authority))
            .identity(PemPair::from_pem(&*self.certificate, &*self.key))
            .domain_name(peer.as_str())
            .timeout(CONNECT_TIMEOUT)
    }

    /// What a server shows and demands: its own certificate, and one of this job from every caller.
    pub(crate) fn server_config(&self) -> ServerTlsConfig {
        ServerTlsConfig::new()
            .client_ca_root(Certificate::from_pem(&*self.authority))
            .identity(PemPair::from_pem(&*self.certificate, &*self.key))
            .timeout(CONNECT_TIMEOUT)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The key must not end up in a log.
        f.write_str("Credentials")
    }
}

/// Checks that a certificate names `node`; otherwise the names that it has.
pub(crate) fn verify_name(certificate: &CertificateDer<'_>, node: &NodeId) -> Result<(), Vec<String>> {
    let unreadable = |error: webpki::Error| vec![format!("nobody ({error})")];
    let certificate = webpki::EndEntityCert::try_from(certificate).map_err(unreadable)?;
    let name = ServerName::try_from(node.as_str()).map_err(|error| vec![format!("nobody ({error})")])?;
    match certificate.verify_is_valid_for_subject_name(&name) {
        Ok(()) => Ok(()),
        Err(_) => Err(certificate.valid_dns_names().map(str::to_owned).collect()),
    }
}

fn verify_issuer(certificate: &CertificateDer<'_>, authority: &CertificateDer<'_>) -> Result<(), String> {
    let verify = || {
        let anchor = webpki::anchor_from_trusted_cert(authority)?;
        webpki::EndEntityCert::try_from(certificate)?
            .verify_for_usage(
                webpki::ALL_VERIFICATION_ALGS,
                &[anchor],
                &[],
                UnixTime::now(),
                webpki::KeyUsage::client_auth(),
                None,
                None,
            )
            .map(|_| ())
    };
    verify().map_err(|error| error.to_string())
}

fn read_certificate(path: &Path) -> Result<(String, CertificateDer<'static>), CredentialsError> {
    let pem = read(path)?;
    match CertificateDer::from_pem_slice(pem.as_bytes()) {
        Ok(der) => Ok((pem, der)),
        Err(error) => {
            Err(CredentialsError::NotPem { path: path.into(), expected: "certificate", reason: error.to_string() })
        }
    }
}

fn read(path: &Path) -> Result<String, CredentialsError> {
    std::fs::read_to_string(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => CredentialsError::Missing { path: path.into() },
        std::io::ErrorKind::InvalidData => {
            CredentialsError::NotPem { path: path.into(), expected: "text", reason: source.to_string() }
        }
        _ => CredentialsError::Unreadable { path: path.into(), source },
    })
}

#[cfg(test)]
mod tests;
