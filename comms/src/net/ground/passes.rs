//! Telling which passes carry a checkpoint.

use std::fmt;
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::contacts::{ActualContacts, Contact, Transit};
use crate::custody::{Carried, Manifest, Pass, PassAccount};
use crate::events::What;
use crate::id::{Digest, NodeId, Round};
use crate::net::event_sink::EventSink;
use crate::net::laser::NoContact;
use crate::net::laser_stream::Observer;
use crate::net::proto::v1;
use crate::units::MissionTime;

/// The passes of one delivery, over all tries at it. Each becomes an event when it is over.
#[derive(Debug)]
pub struct PassLog {
    account: PassAccount,
    round: Round,
    digest: Digest,
    events: EventSink,
    /// Whose passes they are.
    node: NodeId,
    contacts: Arc<ActualContacts>,
    /// Whether it was told that something has to wait for a wider pass than the next.
    warned: bool,
}

impl PassLog {
    /// The log of a delivery of `manifest` by `node`, in its passes among `contacts`, that has not begun.
    #[must_use]
    pub fn new(manifest: &Manifest, node: NodeId, contacts: Arc<ActualContacts>, events: EventSink) -> Self {
        let (round, digest) = (manifest.round(), manifest.file().digest);
        Self { account: PassAccount::default(), round, digest, events, node, contacts, warned: false }
    }

    /// The delivery has ended, and with it what it asks of the pass that it is in.
    pub fn close(mut self) {
        let rest = std::mem::take(&mut self.account).close();
        self.tell(rest);
    }

    /// Takes in what the laser did; gives why the delivery can never end, if it cannot.
    pub(super) fn note(&mut self, news: News) -> Result<(), Misfit> {
        match news {
            News::Departed { pass, delayed } => {
                self.account.departs(pass);
                if let Some(delayed) = delayed {
                    self.warn(&delayed);
                }
            }
            News::Arrived(pass, chunk_bytes) => self.account.arrives(pass, chunk_bytes),
            News::Stranded(misfit) => return Err(misfit),
        }
        let finished = self.account.finished();
        self.tell(finished);
        Ok(())
    }

    /// A try has ended: what was under way is lost.
    pub(super) fn broken(&mut self) {
        self.account.broken();
    }

    fn warn(&mut self, Misfit { what, obstacle }: &Misfit) {
        if !std::mem::replace(&mut self.warned, true) {
            let message = format!("{what} of the checkpoint of round {} has to wait: {obstacle}", self.round);
            self.events.emit(What::Warning { message });
        }
    }

    fn tell(&self, passes: Vec<(Pass, Carried)>) {
        for (Pass { start, end }, Carried { chunks, bytes }) in passes {
            self.events.emit(What::PassCarried {
                round: self.round,
                digest: self.digest,
                station: self.contacts.station(&self.node, start),
                start_secs: start.as_secs_f64(),
                end_secs: (end < MissionTime::NEVER).then(|| end.as_secs_f64()),
                chunks,
                bytes,
            });
        }
    }
}

/// What is too large for passes, and for which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Misfit {
    pub(super) what: Parcel,
    pub(super) obstacle: NoContact,
}

/// What travels in one piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parcel {
    /// The table of contents, which goes first.
    Manifest,
    /// A chunk of so many bytes, compressed.
    Chunk(u64),
}

impl Parcel {
    pub(super) fn of(delivery: &v1::Delivery) -> Self {
        match &delivery.kind {
            Some(v1::delivery::Kind::Chunk(chunk)) => Self::Chunk(chunk.packed.len() as u64),
            Some(v1::delivery::Kind::Manifest(_)) | None => Self::Manifest,
        }
    }

    pub(super) const fn chunk_bytes(self) -> Option<u64> {
        match self {
            Self::Manifest => None,
            Self::Chunk(bytes) => Some(bytes),
        }
    }
}

impl fmt::Display for Parcel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Manifest => f.write_str("the manifest"),
            Self::Chunk(bytes) => write!(f, "a chunk of {bytes} compressed bytes"),
        }
    }
}

/// What the laser did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum News {
    /// `delayed` if whole passes were too narrow for it.
    Departed {
        pass: Pass,
        delayed: Option<Misfit>,
    },
    Arrived(Pass, Option<u64>),
    /// No pass that is left is wide enough.
    Stranded(Misfit),
}

/// Watches the laser of a delivery. Its news are there before the station's answer to what they tell of.
pub(super) struct Lookout(pub(super) mpsc::UnboundedSender<News>);

impl Observer<v1::Delivery> for Lookout {
    fn departs(&mut self, delivery: &v1::Delivery, _: Transit, contact: &Contact, passed_over: Option<NoContact>) {
        let delayed = passed_over.map(|obstacle| Misfit { what: Parcel::of(delivery), obstacle });
        self.say(News::Departed { pass: contact.into(), delayed });
    }

    fn arrives(&mut self, delivery: &v1::Delivery, contact: &Contact) {
        self.say(News::Arrived(contact.into(), Parcel::of(delivery).chunk_bytes()));
    }

    fn strands(&mut self, delivery: &v1::Delivery, obstacle: NoContact) {
        self.say(News::Stranded(Misfit { what: Parcel::of(delivery), obstacle }));
    }
}

impl Lookout {
    fn say(&self, news: News) {
        // Nobody listens when the try is over.
        self.0.send(news).ok();
    }
}
