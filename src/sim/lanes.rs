//! Lanes that carry frames with numbers in virtual time, through the emulated laser that real links use.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use starloom_comms::collective::cost::CostModel;
use starloom_comms::collective::{Frame, Kind, Tag};
use starloom_comms::contacts::{ActualContacts, Transit};
use starloom_comms::events::What;
use starloom_comms::id::{Attempt, NodeId, Round};
use starloom_comms::limits::LANE_QUEUE_FRAMES;
use starloom_comms::net::laser::Laser;
use starloom_comms::scenario::Packing;
use starloom_comms::units::MissionTime;

/// All lanes of a constellation that have ever been wanted.
pub(super) struct Lanes {
    contacts: Arc<ActualContacts>,
    byte_scale: f64,
    packing: Packing,
    lanes: BTreeMap<(NodeId, NodeId), Lane>,
    /// Whom each node sends to.
    peers: BTreeMap<NodeId, Vec<NodeId>>,
    /// Frames that a receiver does not want to read yet, by receiver and sender.
    unread: BTreeMap<(NodeId, NodeId), VecDeque<Frame>>,
    /// How long coding takes.
    model: CostModel,
    /// When a node has decoded the final numbers that have come from each other.
    decoded: BTreeMap<NodeId, BTreeMap<NodeId, MissionTime>>,
    /// What each node has sent: as bare `f32`, and on the wire.
    sent: BTreeMap<NodeId, (u64, u64)>,
    /// What lanes have sent of attempts that are not told of yet, if that is to be told.
    accounts: Option<BTreeMap<(NodeId, NodeId, Tag), Account>>,
}

/// What a lane has sent of an attempt.
#[derive(Debug, Clone, Copy)]
pub(super) struct Account {
    pub(super) start: MissionTime,
    pub(super) end: MissionTime,
    pub(super) busy: Duration,
    pub(super) frames: u64,
    pub(super) bytes: u64,
}

struct Lane {
    laser: Laser,
    queued: usize,
    /// When all that was to be coded for it is.
    coded: MissionTime,
}

impl Lanes {
    pub(super) fn new(
        contacts: Arc<ActualContacts>,
        byte_scale: f64,
        packing: Packing,
        model: CostModel,
        told: bool,
    ) -> Self {
        Self {
            contacts,
            byte_scale,
            packing,
            model,
            decoded: BTreeMap::new(),
            lanes: BTreeMap::new(),
            peers: BTreeMap::new(),
            unread: BTreeMap::new(),
            sent: BTreeMap::new(),
            accounts: told.then(BTreeMap::new),
        }
    }

    /// A node wants lanes to exactly these peers. Gives those that are new to it.
    pub(super) fn connect(&mut self, node: &NodeId, peers: Vec<NodeId>) -> Vec<NodeId> {
        let before = self.peers.insert(node.clone(), peers.clone()).unwrap_or_default();
        peers.into_iter().filter(|peer| !before.contains(peer)).collect()
    }

    /// Whom a node sends to.
    pub(super) fn peers(&self, node: &NodeId) -> &[NodeId] {
        self.peers.get(node).map_or(&[], Vec::as_slice)
    }

    /// Who sends to a node.
    pub(super) fn sources<'a>(&'a self, node: &'a NodeId) -> impl Iterator<Item = &'a NodeId> {
        self.peers.iter().filter(|(_, peers)| peers.contains(node)).map(|(from, _)| from)
    }

    /// Whether a lane takes a frame.
    pub(super) fn has_room(&self, from: &NodeId, to: &NodeId) -> bool {
        let key = (from.clone(), to.clone());
        self.lanes.get(&key).is_none_or(|lane| lane.queued < LANE_QUEUE_FRAMES)
    }

    /// Puts a frame on a lane, packed if it is to be: when it leaves and arrives, if it ever does.
    pub(super) fn send(
        &mut self,
        from: &NodeId,
        to: &NodeId,
        now: MissionTime,
        frame: Frame,
    ) -> Option<(Transit, Frame)> {
        let (contacts, byte_scale) = (self.contacts.clone(), self.byte_scale);
        let fresh =
            || Lane { laser: Laser::new(contacts, from.clone(), to.clone(), byte_scale), queued: 0, coded: now };
        let lane = self.lanes.entry((from.clone(), to.clone())).or_insert_with(fresh);
        let frame = if self.packing.applies(lane.laser.rate(now)) { frame.pack() } else { frame };
        let bytes = frame.wire_bytes();
        // What is only passed on is not looked at.
        let coding = if frame.is_made() { self.model.coding(frame.header().elements as usize) } else { Duration::ZERO };
        let ready = if coding.is_zero() { now } else { lane.coded.max(now) + coding };
        lane.coded = lane.coded.max(ready);
        let transit = lane.laser.schedule(ready, bytes)?;
        lane.queued += 1;
        let (raw, wire) = self.sent.entry(from.clone()).or_default();
        if let Some(accounts) = &mut self.accounts {
            let fresh = Account { start: transit.start, end: transit.sent, busy: Duration::ZERO, frames: 0, bytes: 0 };
            let account = accounts.entry((from.clone(), to.clone(), frame.tag())).or_insert(fresh);
            account.end = transit.sent;
            account.busy += transit.sent.since(transit.start);
            account.frames += 1;
            account.bytes += bytes;
        }
        *raw += u64::from(frame.header().elements) * size_of::<f32>() as u64;
        *wire += bytes;
        Some((transit, frame.received()))
    }

    /// A frame has left a lane.
    pub(super) fn left(&mut self, from: &NodeId, to: &NodeId) {
        if let Some(lane) = self.lanes.get_mut(&(from.clone(), to.clone())) {
            lane.queued = lane.queued.saturating_sub(1);
        }
    }

    /// A frame has come to a node.
    pub(super) fn arrived(&mut self, from: &NodeId, node: &NodeId, frame: &Frame, now: MissionTime) {
        let coding = self.model.coding(frame.header().elements as usize);
        if frame.header().kind == Kind::Final && !coding.is_zero() {
            let decoded = self.decoded.entry(node.clone()).or_default().entry(from.clone()).or_default();
            *decoded = now.max(*decoded) + coding;
        }
    }

    /// When a node can have the mean of all that has come to it.
    pub(super) fn decoded(&self, node: &NodeId) -> MissionTime {
        self.decoded.get(node).into_iter().flat_map(BTreeMap::values).copied().max().unwrap_or_default()
    }

    /// A receiver reads no further on the lane from a peer.
    pub(super) fn pause(&mut self, node: &NodeId, from: &NodeId) {
        self.unread.entry((node.clone(), from.clone())).or_default();
    }

    /// A receiver reads on: the frames that have come meanwhile.
    pub(super) fn resume(&mut self, node: &NodeId, from: &NodeId) -> VecDeque<Frame> {
        self.unread.remove(&(node.clone(), from.clone())).unwrap_or_default()
    }

    /// Gives a frame back if its receiver wants to read it now.
    pub(super) fn read(&mut self, node: &NodeId, from: &NodeId, frame: Frame) -> Option<Frame> {
        match self.unread.get_mut(&(node.clone(), from.clone())) {
            Some(unread) => {
                unread.push_back(frame);
                None
            }
            None => Some(frame),
        }
    }

    /// What lanes have sent of attempts before `open`, or of all, as events of their senders.
    pub(super) fn settle(&mut self, open: Option<(Round, Attempt)>) -> Vec<(NodeId, What)> {
        let Some(accounts) = &mut self.accounts else { return Vec::new() };
        let is_open = |tag: &Tag| open.is_some_and(|open| (tag.round, tag.attempt) >= open);
        let (open, over) = std::mem::take(accounts).into_iter().partition(|((.., tag), _)| is_open(tag));
        *accounts = open;
        let over: BTreeMap<(NodeId, NodeId, Tag), Account> = over;
        over.into_iter().map(|((from, peer, tag), account)| (from, account.told(peer, tag))).collect()
    }

    /// What a node has sent: as bare `f32`, and on the wire.
    pub(super) fn sent(&self, node: &NodeId) -> (u64, u64) {
        self.sent.get(node).copied().unwrap_or_default()
    }

    /// Notes what a lane has sent elsewhere, if that is to be told.
    pub(super) fn note(&mut self, from: &NodeId, to: &NodeId, tag: Tag, account: Account) {
        if let Some(accounts) = &mut self.accounts {
            accounts.insert((from.clone(), to.clone(), tag), account);
        }
    }

    /// Counts what a node has sent elsewhere.
    pub(super) fn count(&mut self, node: &NodeId, (raw, wire): (u64, u64)) {
        let sent = self.sent.entry(node.clone()).or_default();
        *sent = (sent.0 + raw, sent.1 + wire);
    }
}

impl Account {
    /// The account as an event of the sender.
    pub(super) fn told(self, peer: NodeId, tag: Tag) -> What {
        What::LaneSent {
            peer,
            round: tag.round,
            attempt: tag.attempt,
            start_secs: self.start.as_secs_f64(),
            end_secs: self.end.as_secs_f64(),
            busy_secs: self.busy.as_secs_f64(),
            frames: self.frames,
            bytes: self.bytes,
        }
    }
}
