//! The station's end of deliveries.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::turns::{Turn, Turns};
use super::{GroundInbox, SharedInbox, blocking};
use crate::custody::{Chunk, Manifest, unpack};
use crate::id::{Digest, NodeId};
use crate::limits::{CONTROL_QUEUE, MAX_MESSAGE_BYTES};
use crate::net::handshake::Caller;
use crate::net::identity::Identity;
use crate::net::listen::{Listener, ServeError, Serving};
use crate::net::proto::{self, v1};

/// Accepts deliveries at `listener` into `inbox`. Must be called inside the runtime.
///
/// # Errors
/// [`ServeError`] if the socket or the credentials cannot be used.
pub fn serve_ground(
    identity: &Identity,
    listener: Listener,
    inbox: Arc<dyn GroundInbox>,
) -> Result<Serving, ServeError> {
    let service = GroundService { inbox, job: identity.job.as_str().into(), turns: Arc::default() };
    let service = v1::ground_server::GroundServer::new(service)
        .max_decoding_message_size(MAX_MESSAGE_BYTES)
        .max_encoding_message_size(MAX_MESSAGE_BYTES);
    listener.serve(identity, service)
}

struct GroundService {
    inbox: SharedInbox,
    job: Arc<str>,
    turns: Arc<Turns>,
}

#[tonic::async_trait]
impl v1::ground_server::Ground for GroundService {
    type DeliverStream = ReceiverStream<Result<v1::Receipt, Status>>;

    async fn deliver(
        &self,
        request: Request<Streaming<v1::Delivery>>,
    ) -> Result<Response<Self::DeliverStream>, Status> {
        let Some(Caller(from)) = request.extensions().get().cloned() else {
            return Err(Status::unauthenticated("the call did not pass a handshake"));
        };
        let (receipts, answers) = mpsc::channel(CONTROL_QUEUE);
        let (inbox, job, turns) = (self.inbox.clone(), self.job.clone(), self.turns.clone());
        tokio::spawn(async move {
            let outcome = Reception::open(inbox, from, &job, &turns, request.into_inner(), receipts.clone()).await;
            let outcome = match outcome {
                Ok(reception) => reception.run().await,
                Err(end) => Err(end),
            };
            let last = match outcome {
                Ok(landed) => Ok(landed),
                Err(End::Refused(reason)) => {
                    Ok(v1::Receipt { kind: Some(v1::receipt::Kind::Refused(v1::Refused { reason })) })
                }
                Err(End::Broken(status)) => Err(status),
            };
            receipts.send(last).await.ok();
        });
        Ok(Response::new(ReceiverStream::new(answers)))
    }
}

/// Why a delivery ends before the checkpoint has landed.
enum End {
    /// The checkpoint is not taken, for a reason that will not go away.
    Refused(String),
    /// The connection, or the node's protocol.
    Broken(Status),
}

impl From<Status> for End {
    fn from(status: Status) -> Self {
        Self::Broken(status)
    }
}

impl From<proto::Malformed> for End {
    fn from(error: proto::Malformed) -> Self {
        Self::Broken(error.into())
    }
}

/// One node's delivery of one checkpoint.
struct Reception {
    inbox: SharedInbox,
    from: NodeId,
    manifest: Arc<Manifest>,
    missing: BTreeMap<Digest, Chunk>,
    turn: Turn,
    stream: Streaming<v1::Delivery>,
    receipts: mpsc::Sender<Result<v1::Receipt, Status>>,
}

impl Reception {
    /// Reads the manifest and answers with what is missing.
    async fn open(
        inbox: SharedInbox,
        from: NodeId,
        job: &str,
        turns: &Turns,
        mut stream: Streaming<v1::Delivery>,
        receipts: mpsc::Sender<Result<v1::Receipt, Status>>,
    ) -> Result<Self, End> {
        let Some(v1::Delivery { kind: Some(v1::delivery::Kind::Manifest(json)) }) = stream.message().await? else {
            return Err(Status::invalid_argument("a delivery begins with a manifest").into());
        };
        let manifest = Manifest::parse(&json).map_err(|error| End::Refused(error.to_string()))?;
        if manifest.job() != job {
            let theirs = manifest.job();
            return Err(End::Refused(format!("the checkpoint is of job {theirs}, this station serves {job}")));
        }
        let turn = turns.take(manifest.digest(), &from).await;
        let mut reception =
            Self { inbox, from, manifest: Arc::new(manifest), missing: BTreeMap::new(), turn, stream, receipts };
        let missing = reception.ask(|inbox, from, manifest| inbox.offer(from, manifest)).await?;
        reception.missing = missing.into_iter().map(|chunk| (chunk.digest, chunk)).collect();
        let digests = reception.missing.keys().map(|digest| digest.0.to_vec()).collect();
        reception.answer(v1::receipt::Kind::Missing(v1::Missing { digests })).await;
        Ok(reception)
    }

    /// Takes chunks until none is missing; then the checkpoint lands.
    async fn run(mut self) -> Result<v1::Receipt, End> {
        while !self.missing.is_empty() {
            let message = tokio::select! {
                // What is here already is not sent again.
                biased;
                message = self.stream.message() => message?,
                next = self.turn.successor() => return Err(End::Refused(format!("{next} brings it"))),
            };
            match message.and_then(|delivery| delivery.kind) {
                Some(v1::delivery::Kind::Chunk(chunk)) => self.take(chunk).await?,
                Some(v1::delivery::Kind::Manifest(_)) => {
                    return Err(Status::invalid_argument("a delivery has one manifest").into());
                }
                None => return Err(Status::cancelled("the node ended the delivery").into()),
            }
        }
        let landed = self.ask(|inbox, from, manifest| inbox.land(from, manifest)).await?;
        let (round, digest) = (landed.round.0, landed.digest.0.to_vec());
        let landed = v1::Landed { round, digest, bytes: landed.bytes, path: landed.path };
        Ok(v1::Receipt { kind: Some(v1::receipt::Kind::Landed(landed)) })
    }

    async fn take(&mut self, sent: v1::Chunk) -> Result<(), End> {
        let digest = proto::digest("chunk.digest", &sent.digest)?;
        // Another node may have been faster, or it was sent twice: that is no fault.
        let Some(chunk) = self.missing.get(&digest).copied() else { return Ok(()) };
        let kept = self.ask(move |inbox, from, manifest| match unpack(&sent.packed, &chunk) {
            Ok(bytes) => inbox.store(from, manifest, &chunk, bytes.into()).map(|()| Ok(())),
            Err(error) => {
                let reason = error.to_string();
                inbox.chunk_refused(from, manifest, &chunk, &reason);
                Ok(Err(reason))
            }
        });
        let digest_bytes = digest.0.to_vec();
        match kept.await? {
            Ok(()) => {
                self.missing.remove(&digest);
                self.answer(v1::receipt::Kind::Stored(digest_bytes)).await;
            }
            Err(reason) => {
                let refused = v1::ChunkRefused { digest: digest_bytes, reason };
                self.answer(v1::receipt::Kind::ChunkRefused(refused)).await;
            }
        }
        Ok(())
    }

    /// Has the inbox do something that may block.
    async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn GroundInbox, &NodeId, &Manifest) -> Result<T, super::Refusal> + Send + 'static,
    ) -> Result<T, End> {
        let (inbox, from, manifest) = (self.inbox.clone(), self.from.clone(), self.manifest.clone());
        let outcome = blocking(move || work(&*inbox, &from, &manifest)).await;
        outcome.map_err(|reason| End::Broken(Status::internal(reason)))?.map_err(|refusal| End::Refused(refusal.reason))
    }

    async fn answer(&self, kind: v1::receipt::Kind) {
        // A node that is gone is noticed where its stream is read.
        self.receipts.send(Ok(v1::Receipt { kind: Some(kind) })).await.ok();
    }
}
