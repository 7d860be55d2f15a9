//! The authority of a job, which makes certificates.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use thiserror::Error;

use super::Credentials;
use crate::id::NodeId;

pub(super) const CA_CERTIFICATE: &str = "ca.pem";
const CA_KEY: &str = "ca.key";

/// The certificate authority of one job.
///
/// Certificates do not expire: they are as old as the job at most, and a job's directory is thrown away with it. To take
/// a certificate back, make an authority anew.
#[derive(Debug)]
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
}

/// Why certificates cannot be made or stored.
#[derive(Debug, Error)]
pub enum AuthorityError {
    /// A key or certificate cannot be made.
    #[error("a certificate for {subject} cannot be made: {source}")]
    Issue {
        /// For whom.
        subject: String,
        /// What the certificate library says.
        source: rcgen::Error,
    },
    /// A file cannot be read or written.
    #[error("{} cannot be {}: {source}", path.display(), access)]
    File {
        /// The file.
        path: PathBuf,
        /// `read` or `written`.
        access: &'static str,
        /// What the operating system says.
        source: std::io::Error,
    },
}

impl Authority {
    /// An authority of its own for the job.
    ///
    /// # Errors
    /// [`AuthorityError::Issue`] if the operating system gives no randomness.
    pub fn new(job: &str) -> Result<Self, AuthorityError> {
        let failed = |source| AuthorityError::Issue { subject: format!("the authority of {job}"), source };
        let key = KeyPair::generate().map_err(failed)?;
        let params = authority_params(job);
        let certificate = params.self_signed(&key).map_err(failed)?.pem();
        Ok(Self { issuer: Issuer::new(params, key), certificate })
    }

    /// The authority that [`write`](Self::write) has left in `dir`, to make further certificates of the same job.
    ///
    /// # Errors
    /// [`AuthorityError`] if `ca.pem` or `ca.key` cannot be read or is no key.
    pub fn load(dir: &Path, job: &str) -> Result<Self, AuthorityError> {
        let read = |name| {
            let path = dir.join(name);
            std::fs::read_to_string(&path).map_err(|source| AuthorityError::File { path, access: "read", source })
        };
        let (certificate, key) = (read(CA_CERTIFICATE)?, read(CA_KEY)?);
        let key = KeyPair::from_pem(&key)
            .map_err(|source| AuthorityError::Issue { subject: dir.join(CA_KEY).display().to_string(), source })?;
        Ok(Self { issuer: Issuer::new(authority_params(job), key), certificate })
    }

    /// Credentials for `node`, with a key that exists nowhere else yet.
    ///
    /// # Errors
    /// [`AuthorityError::Issue`] if the operating system gives no randomness.
    pub fn issue(&self, node: &NodeId) -> Result<Credentials, AuthorityError> {
        let issue = || {
            let key = KeyPair::generate()?;
            let certificate = node_params(node)?.signed_by(&key, &self.issuer)?;
            Ok((certificate.pem(), key.serialize_pem()))
        };
        let (certificate, key) =
            issue().map_err(|source| AuthorityError::Issue { subject: node.to_string(), source })?;
        Ok(Credentials {
            authority: self.certificate.as_str().into(),
            certificate: certificate.into(),
            key: key.into(),
        })
    }

    /// Writes the authority and credentials for each of `nodes` into `dir`, which is made if it is missing. What is
    /// there already under these names is replaced.
    ///
    /// # Errors
    /// [`AuthorityError`] if a certificate cannot be made or a file cannot be written.
    pub fn write(&self, dir: &Path, nodes: &[NodeId]) -> Result<(), AuthorityError> {
        std::fs::create_dir_all(dir).map_err(|source| AuthorityError::File {
            path: dir.into(),
            access: "made",
            source,
        })?;
        write(dir.join(CA_CERTIFICATE), &self.certificate)?;
        write(dir.join(CA_KEY), &self.issuer.key().serialize_pem())?;
        for node in nodes {
            let credentials = self.issue(node)?;
            write(dir.join(format!("{node}.pem")), &credentials.certificate)?;
            write(dir.join(format!("{node}.key")), &credentials.key)?;
        }
        Ok(())
    }
}

fn authority_params(job: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(&format!("starloom job {job}"));
    // A path length of zero: what is signed by this authority cannot sign anything itself.
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn node_params(node: &NodeId) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new([node.to_string()])?;
    params.distinguished_name = named(node.as_str());
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    // Each process calls and is called.
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

fn named(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}

fn write(path: PathBuf, text: &str) -> Result<(), AuthorityError> {
    let write = || {
        // A file that is there keeps its mode when it is opened, so it goes first.
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mode = if path.extension().is_some_and(|extension| extension == "key") { 0o600 } else { 0o644 };
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&path)?;
        file.write_all(text.as_bytes())
    };
    write().map_err(|source| AuthorityError::File { path: path.clone(), access: "written", source })
}
