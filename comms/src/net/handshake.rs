//! What every call begins with: protocol version, job, scenario and caller, checked in one place for all services.
//!
//! The facts travel as request metadata. The server refuses a call whose facts do not fit with a gRPC status whose
//! message names both values; under TLS, the caller must be the node that its certificate names, so that a node can
//! speak for itself alone. The caller, in turn, checks that the server's certificate is of the node it dials.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use futures_util::future::Either;
use http::{HeaderMap, HeaderValue};
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::transport::server::{TcpConnectInfo, TlsConnectInfo};
use tonic::{Code, Status};
use tower::Layer;

use super::identity::Identity;
use super::tls;
use crate::id::NodeId;
use crate::limits::PROTOCOL_VERSION;

const PROTOCOL: &str = "starloom-protocol";
const JOB: &str = "starloom-job";
const SCENARIO: &str = "starloom-scenario";
const NODE: &str = "starloom-node";

/// The caller of a request that has passed the handshake, among the request's extensions.
#[derive(Debug, Clone)]
pub(crate) struct Caller(pub(crate) NodeId);

/// Writes the facts of `identity` into a call.
pub(crate) fn introduce(identity: &Identity, headers: &mut HeaderMap) {
    let value = |text: String| HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""));
    headers.insert(PROTOCOL, PROTOCOL_VERSION.into());
    headers.insert(JOB, value(ascii(&identity.job)));
    headers.insert(SCENARIO, value(identity.scenario.to_string()));
    headers.insert(NODE, value(identity.node.to_string()));
}

/// Whether a status is a refusal: trying again the same way gives the same answer.
pub(crate) fn is_refusal(code: Code) -> bool {
    matches!(
        code,
        Code::FailedPrecondition
            | Code::PermissionDenied
            | Code::Unauthenticated
            | Code::InvalidArgument
            | Code::Unimplemented
    )
}

/// Checks what a caller says of itself against `identity`, and its certificate against its name.
fn check<B>(identity: &Identity, request: &http::Request<B>) -> Result<Caller, Status> {
    let me = &identity.node;
    let fact = |name: &'static str| match request.headers().get(name).map(HeaderValue::to_str) {
        Some(Ok(text)) => Ok(text),
        _ => Err(Status::unauthenticated(format!("{me} refuses a call without a readable {name}: no node of a job"))),
    };
    let same = |name, what: &str, ours: String| match fact(name)? {
        theirs if theirs == ours => Ok(()),
        theirs => {
            let message = format!("{me} refuses another {what}: here it is {ours}, the caller has {theirs}");
            Err(Status::failed_precondition(message))
        }
    };
    // The version first: all that follows may read otherwise in another one.
    same(PROTOCOL, "protocol version", PROTOCOL_VERSION.to_string())?;
    same(JOB, "job", ascii(&identity.job))?;
    same(SCENARIO, "scenario", identity.scenario.to_string())?;
    let node: NodeId = fact(NODE)?.parse().map_err(|error| Status::invalid_argument(format!("{me}: {error}")))?;
    if identity.credentials.is_some() {
        let certificates =
            request.extensions().get::<TlsConnectInfo<TcpConnectInfo>>().and_then(|tls| tls.peer_certs());
        let Some(certificate) = certificates.as_deref().and_then(|chain| chain.first()) else {
            return Err(Status::unauthenticated(format!("{me} refuses a caller without a certificate of this job")));
        };
        tls::verify_name(certificate, &node).map_err(|names| {
            let names = names.join(", ");
            Status::permission_denied(format!(
                "{me} refuses the call: it claims to be from {node}, but its certificate is of {names}; a node can speak for itself alone"
            ))
        })?;
    }
    Ok(Caller(node))
}

/// Metadata values are printable ASCII; whatever else a job's name has is escaped, the same at both ends.
fn ascii(text: &str) -> String {
    text.escape_default().to_string()
}

/// Puts the handshake before a server's services.
#[derive(Debug, Clone)]
pub(crate) struct HandshakeLayer {
    identity: Identity,
}

impl HandshakeLayer {
    pub(crate) const fn new(identity: Identity) -> Self {
        Self { identity }
    }
}

impl<S> Layer<S> for HandshakeLayer {
    type Service = Handshake<S>;

    fn layer(&self, inner: S) -> Handshake<S> {
        Handshake { identity: self.identity.clone(), inner }
    }
}

/// A service behind the handshake.
#[derive(Debug, Clone)]
pub(crate) struct Handshake<S> {
    identity: Identity,
    inner: S,
}

impl<S> Service<http::Request<Body>> for Handshake<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Either<S::Future, Ready<Result<Self::Response, Infallible>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        match check(&self.identity, &request) {
            Ok(caller) => {
                request.extensions_mut().insert(caller);
                Either::Left(self.inner.call(request))
            }
            Err(status) => {
                tracing::warn!(reason = status.message(), "a call is refused");
                Either::Right(ready(Ok(status.into_http())))
            }
        }
    }
}
