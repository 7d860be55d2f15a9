//! The node's end of a delivery.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use futures_util::StreamExt;
use prost::Message;
use thiserror::Error;
use tokio::sync::{Notify, mpsc, watch};
use tonic::{Request, Streaming};

use super::passes::{Lookout, Misfit, News, Parcel, PassLog};
use super::{ChunkSource, Landed, SourceError, blocking};
use crate::custody::{Chunk, Manifest, pack};
use crate::events::LinkState;
use crate::id::{Digest, NodeId};
use crate::limits::{CHUNK_RESENDS, LANE_QUEUE_FRAMES, MAX_MESSAGE_BYTES};
use crate::net::control::introduce_call;
use crate::net::dial::{Dial, DialError};
use crate::net::identity::Identity;
use crate::net::laser::{Emulation, NoContact};
use crate::net::laser_stream::{self, LaserQueue};
use crate::net::proto::{self, Malformed, v1};

/// Why a checkpoint has not landed.
#[derive(Debug, Error)]
pub enum DeliverError {
    /// The station was not reached, or the connection to it broke; what it has stored it keeps.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// The station does not take the checkpoint.
    #[error("the station does not take the checkpoint: {reason}")]
    Refused {
        /// Why.
        reason: String,
    },
    /// A part of the checkpoint fits into no pass that is left.
    #[error("{what} never reaches the station: {obstacle}")]
    NoPass {
        /// Which part.
        what: Parcel,
        /// Why.
        obstacle: NoContact,
    },
    /// The checkpoint's own bytes cannot be had.
    #[error(transparent)]
    Source(#[from] SourceError),
}

impl DeliverError {
    /// Whether delivering it again is in vain.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        match self {
            Self::Dial(error) => error.is_final(),
            Self::Refused { .. } | Self::NoPass { .. } | Self::Source(_) => true,
        }
    }
}

/// Delivers a checkpoint in one try, and returns when it has landed. Must be called inside the runtime. Where nothing
/// moves, because the link has no contact or the station hangs, it waits: the caller sets the deadline. `passes` is the same
/// for all tries.
///
/// # Errors
/// [`DeliverError`]; unless it [is final](DeliverError::is_final), calling again resumes at the chunks that are missing.
pub async fn deliver(
    identity: &Identity,
    station: SocketAddr,
    emulation: Option<&Emulation>,
    manifest: &Manifest,
    source: Arc<dyn ChunkSource>,
    passes: &mut PassLog,
) -> Result<Landed, DeliverError> {
    let peer = NodeId::station();
    let dial = Dial { identity, peer: &peer, address: station };
    let channel = dial.connect().await?;
    let laser = emulation.map(|emulation| (emulation.laser(identity.node.clone(), peer.clone()), emulation.clock));
    let contact = watch::Sender::new(LinkState::Down);
    let (queue, stream) = laser_stream::channel(LANE_QUEUE_FRAMES, Arc::new(Notify::new()), laser, contact);
    let (lookout, mut news) = mpsc::unbounded_channel();
    let sent = metrics::counter!("starloom_ground_sent_bytes_total", "peer" => NodeId::STATION);
    let stream = stream.observed_by(Lookout(lookout)).inspect(move |delivery| {
        sent.increment(Parcel::of(delivery).chunk_bytes().unwrap_or_default());
    });
    let offer = v1::delivery::Kind::Manifest(manifest.to_json());
    send(&queue, offer).await;
    let mut request = Request::new(stream);
    introduce_call(identity, &mut request);
    let mut client = v1::ground_client::GroundClient::new(channel)
        .max_decoding_message_size(MAX_MESSAGE_BYTES)
        .max_encoding_message_size(MAX_MESSAGE_BYTES);
    let receipts = dial.answered(client.deliver(request)).await?.into_inner();
    let (wanted, chunks) = mpsc::unbounded_channel();
    let receipts = Receipts { dial: &dial, receipts, manifest, wanted, resent: BTreeMap::new() };
    let outcome = tokio::select! {
        landed = receipts.follow() => landed,
        error = send_chunks(&queue, chunks, source) => Err(error),
        Misfit { what, obstacle } = follow_laser(&mut news, passes) => Err(DeliverError::NoPass { what, obstacle }),
    };
    while let Ok(news) = news.try_recv() {
        // What fits nowhere does not change how it ended.
        passes.note(news).ok();
    }
    passes.broken();
    outcome
}

/// Notes what the laser does, until something can never depart.
async fn follow_laser(news: &mut mpsc::UnboundedReceiver<News>, passes: &mut PassLog) -> Misfit {
    while let Some(news) = news.recv().await {
        if let Err(misfit) = passes.note(news) {
            return misfit;
        }
    }
    // A stream that is gone shows in the receipts.
    std::future::pending().await
}

/// Sends chunks as they are wanted, until one cannot be had.
async fn send_chunks(
    queue: &LaserQueue<v1::Delivery>,
    mut wanted: mpsc::UnboundedReceiver<Chunk>,
    source: Arc<dyn ChunkSource>,
) -> DeliverError {
    while let Some(chunk) = wanted.recv().await {
        let source = source.clone();
        let packed = match blocking(move || source.read(&chunk).map(|bytes| pack(&bytes))).await {
            Ok(Ok(packed)) => packed,
            Ok(Err(error)) => return error.into(),
            Err(reason) => return DeliverError::Refused { reason },
        };
        let chunk = v1::Chunk { digest: chunk.digest.0.to_vec(), packed: packed.into() };
        send(queue, v1::delivery::Kind::Chunk(chunk)).await;
    }
    // Wanted is open for as long as receipts are followed, and that ends first.
    std::future::pending().await
}

async fn send(queue: &LaserQueue<v1::Delivery>, kind: v1::delivery::Kind) {
    let message = v1::Delivery { kind: Some(kind) };
    let bytes = message.encoded_len() as u64;
    // A stream that is gone shows in the receipts, with the reason.
    queue.send(message, bytes).await.ok();
}

/// What the station says, and what is wanted therefore.
struct Receipts<'a> {
    dial: &'a Dial<'a>,
    receipts: Streaming<v1::Receipt>,
    manifest: &'a Manifest,
    wanted: mpsc::UnboundedSender<Chunk>,
    resent: BTreeMap<Digest, u32>,
}

impl Receipts<'_> {
    async fn follow(mut self) -> Result<Landed, DeliverError> {
        use v1::receipt::Kind;
        loop {
            let receipt = self.receipts.message().await.map_err(|status| self.dial.classify_status(&status))?;
            let receipt = receipt.ok_or_else(|| self.dial.unreachable("the station ended the delivery".into()))?;
            match receipt.kind {
                Some(Kind::Missing(missing)) => self.want(&missing)?,
                Some(Kind::Stored(_)) => {}
                Some(Kind::ChunkRefused(refused)) => self.want_again(&refused)?,
                Some(Kind::Landed(landed)) => return self.landed(landed),
                Some(Kind::Refused(refused)) => return Err(DeliverError::Refused { reason: refused.reason }),
                None => return Err(self.unclear(&Malformed { field: "kind", problem: "is missing".into() })),
            }
        }
    }

    fn want(&self, missing: &v1::Missing) -> Result<(), DeliverError> {
        let missing = missing.digests.iter().map(|bytes| proto::digest("missing.digests", bytes));
        let missing: BTreeSet<Digest> = missing.collect::<Result<_, _>>().map_err(|error| self.unclear(&error))?;
        let held = self.manifest.chunks().iter().map(|chunk| chunk.digest).filter(|digest| !missing.contains(digest));
        for chunk in self.manifest.missing(&held.collect()) {
            self.wanted.send(chunk).ok();
        }
        Ok(())
    }

    fn want_again(&mut self, refused: &v1::ChunkRefused) -> Result<(), DeliverError> {
        let digest = proto::digest("chunk_refused.digest", &refused.digest).map_err(|error| self.unclear(&error))?;
        let reason = &refused.reason;
        let Some(chunk) = self.manifest.chunks().iter().find(|chunk| chunk.digest == digest) else {
            return Err(DeliverError::Refused { reason: format!("it refuses a chunk that was not sent: {reason}") });
        };
        let resent = self.resent.entry(digest).or_default();
        *resent += 1;
        if *resent > CHUNK_RESENDS {
            let reason = format!("a chunk arrived damaged {resent} times: {reason}");
            return Err(DeliverError::Refused { reason });
        }
        tracing::warn!(%reason, "a chunk is sent again");
        self.wanted.send(*chunk).ok();
        Ok(())
    }

    fn landed(&self, landed: v1::Landed) -> Result<Landed, DeliverError> {
        let digest = proto::digest("landed.digest", &landed.digest).map_err(|error| self.unclear(&error))?;
        let expected = self.manifest.file().digest;
        if digest != expected {
            let reason = format!("it says that {digest:?} has landed, and {expected:?} was sent");
            return Err(DeliverError::Refused { reason });
        }
        Ok(Landed { round: self.manifest.round(), digest, bytes: landed.bytes, path: landed.path })
    }

    fn unclear(&self, error: &Malformed) -> DeliverError {
        self.dial.refused(format!("a message that cannot be understood: {error}")).into()
    }
}
