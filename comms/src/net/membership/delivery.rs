//! Checkpoints on their way to the station: tried again and again until they land.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::WrittenCheckpoint;
use crate::custody::Manifest;
use crate::id::Round;
use crate::limits::CONNECT_TIMEOUT;
use crate::member::{Event, Landing};
use crate::net::dial::Backoff;
use crate::net::event_sink::EventSink;
use crate::net::ground::{FileChunks, Landed, PassLog, deliver};
use crate::net::identity::Identity;
use crate::net::laser::Emulation;

/// A node's deliveries. Dropping it breaks them off.
#[derive(Debug)]
pub(super) struct Deliveries {
    courier: Courier,
    under_way: JoinSet<Event>,
}

#[derive(Debug, Clone)]
struct Courier {
    identity: Identity,
    station: Option<SocketAddr>,
    emulation: Emulation,
    patience: Duration,
    events: EventSink,
}

impl Deliveries {
    /// `patience` is how long a station may stay out of reach before custody is given back.
    pub(super) fn new(
        identity: Identity,
        station: Option<SocketAddr>,
        emulation: Emulation,
        patience: Duration,
        events: EventSink,
    ) -> Self {
        Self { courier: Courier { identity, station, emulation, patience, events }, under_way: JoinSet::new() }
    }

    /// Begins to deliver. `None` stands for a checkpoint that this node does not have.
    pub(super) fn start(&mut self, round: Round, checkpoint: Option<Arc<WrittenCheckpoint>>) {
        let courier = self.courier.clone();
        self.under_way.spawn(async move {
            let delivered = match checkpoint {
                Some(checkpoint) => courier.deliver(&checkpoint).await,
                None => Err("this node holds no checkpoint of that round".to_owned()),
            };
            match delivered {
                Ok(Landed { digest, bytes, path, .. }) => {
                    Event::Landed { round, landing: Landing { digest, bytes, path } }
                }
                Err(reason) => Event::DeliveryFailed { round, reason },
            }
        });
    }

    /// How a delivery ended. Safe to cancel.
    pub(super) async fn next(&mut self) -> Event {
        loop {
            match self.under_way.join_next().await {
                Some(Ok(event)) => return event,
                Some(Err(error)) => tracing::error!(%error, "a delivery broke off"),
                None => std::future::pending().await,
            }
        }
    }
}

impl Courier {
    async fn deliver(&self, checkpoint: &WrittenCheckpoint) -> Result<Landed, String> {
        let WrittenCheckpoint { manifest, file, .. } = checkpoint;
        let station = self.station.ok_or("this node was given no station")?;
        let source = Arc::new(FileChunks::open(file, manifest).map_err(|error| error.to_string())?);
        let (node, contacts) = (self.identity.node.clone(), self.emulation.contacts.clone());
        let mut passes = PassLog::new(manifest, node, contacts, self.events.clone());
        let outcome = self.try_until_it_ends(station, manifest, &source, &mut passes).await;
        passes.close();
        outcome
    }

    async fn try_until_it_ends(
        &self,
        station: SocketAddr,
        manifest: &Manifest,
        source: &Arc<FileChunks>,
        passes: &mut PassLog,
    ) -> Result<Landed, String> {
        let mut backoff = Backoff::default();
        let mut out_of_reach_since = None;
        loop {
            let begun = Instant::now();
            let emulation = Some(&self.emulation);
            let result = deliver(&self.identity, station, emulation, manifest, source.clone(), passes).await;
            let error = match result {
                Ok(landed) => return Ok(landed),
                Err(error) if error.is_final() => return Err(error.to_string()),
                Err(error) => error,
            };
            // A try that outlasts a dial had a connection, and may have moved chunks.
            if begun.elapsed() > CONNECT_TIMEOUT {
                out_of_reach_since = None;
                backoff.reset();
            }
            if out_of_reach_since.get_or_insert(begun).elapsed() > self.patience {
                return Err(format!("for {:?}: {error}", self.patience));
            }
            tracing::warn!(%error, "a checkpoint is offered again");
            tokio::time::sleep(backoff.next_pause()).await;
        }
    }
}
