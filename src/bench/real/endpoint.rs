//! A rank's links with its machine on them: what the driver of a node does, without rounds and membership.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;

use starloom_comms::codec::Wire;
use starloom_comms::collective::strategies::halving_doubling;
use starloom_comms::collective::{Contribution, Frame, FrameError, Machine, MachineEvent, Schedule, Tag};
use starloom_comms::id::{Attempt, NodeId, Rank, Round, ViewId};
use starloom_comms::net::link::{LinkEvent, Links};
use thiserror::Error;

/// Why a rank cannot go on.
#[derive(Debug, Error)]
pub(super) enum Broken {
    /// A peer is gone.
    #[error("its link with {peer} is gone")]
    Lost {
        /// The peer.
        peer: NodeId,
        /// Its rank.
        rank: Rank,
    },
    /// A peer does not take its link.
    #[error("{peer} refuses its link: {reason}")]
    Refused { peer: NodeId, reason: String },
    /// A frame does not belong where it came.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// What came was not what was sent.
    #[error("from {from}: {error}")]
    Corrupt { from: NodeId, error: FrameError },
    /// Somebody who takes no part.
    #[error("{0} takes no part")]
    Stranger(NodeId),
}

/// The links of one rank, and frames of an all-reduce that it has not begun.
pub(super) struct Endpoint {
    links: Links,
    rank: Rank,
    nodes: Vec<(NodeId, SocketAddr)>,
    peers: BTreeMap<NodeId, SocketAddr>,
    round: Round,
    early: VecDeque<(Rank, Frame)>,
    barrier: Arc<Schedule>,
}

impl Endpoint {
    /// Ready to reduce among `nodes`, by rank.
    pub(super) fn new(links: Links, rank: Rank, nodes: Vec<(NodeId, SocketAddr)>) -> Self {
        let barrier = Arc::new(halving_doubling::schedule(nodes.len(), 0));
        let mut endpoint = Self {
            links,
            rank,
            nodes,
            peers: BTreeMap::new(),
            round: Round(0),
            early: VecDeque::new(),
            barrier: barrier.clone(),
        };
        endpoint.prepare(&barrier);
        endpoint
    }

    /// Dials whoever the schedule sends to, beside those dialled before.
    pub(super) fn prepare(&mut self, schedule: &Schedule) {
        for to in schedule.destinations(self.rank) {
            let (node, address) = self.nodes[to.index()].clone();
            self.peers.insert(node, address);
        }
        self.links.set_peers(&self.peers);
    }

    /// Which rank this is.
    pub(super) const fn rank(&self) -> Rank {
        self.rank
    }

    /// What frames of the next all-reduce are tagged with.
    pub(super) fn next_tag(&mut self) -> Tag {
        self.round = self.round.next();
        Tag { view: ViewId(1), round: self.round, attempt: Attempt(0) }
    }

    /// Waits until all ranks have come to the same barrier: an all-reduce of nothing.
    pub(super) async fn barrier(&mut self) -> Result<(), Broken> {
        let tag = self.next_tag();
        let nothing = Contribution::new(Arc::default(), 1);
        let mut machine = Machine::new(self.barrier.clone(), self.rank, tag, Wire::F32, &nothing, None);
        self.complete(&mut machine).await
    }

    /// Carries frames between the machine and the links until it is complete.
    pub(super) async fn complete(&mut self, machine: &mut Machine) -> Result<(), Broken> {
        for (from, frame) in std::mem::take(&mut self.early) {
            self.take(machine, from, frame)?;
        }
        loop {
            let is_blocked = self.fill(machine);
            while let Some(event) = machine.poll_event() {
                if event == MachineEvent::Complete {
                    return Ok(());
                }
            }
            let room = self.links.room();
            tokio::select! {
                event = self.links.next() => match event {
                    LinkEvent::Frame { from, frame } => {
                        let from = self.rank_of(&from)?;
                        self.take(machine, from, frame)?;
                    }
                    LinkEvent::Corrupt { from, error } => return Err(Broken::Corrupt { from, error }),
                    LinkEvent::Down { peer, .. } => {
                        let rank = self.rank_of(&peer)?;
                        return Err(Broken::Lost { peer, rank });
                    }
                    LinkEvent::Refused { peer, reason } => return Err(Broken::Refused { peer, reason }),
                    LinkEvent::Opened { .. } | LinkEvent::State { .. } => {}
                },
                () = room, if is_blocked => {}
            }
        }
    }

    /// Keeps the links alive: what this rank has sent last may still lie in its buffers.
    pub(super) async fn linger(&mut self) {
        loop {
            self.links.next().await;
        }
    }

    /// Hands frames to lanes that have room, and says whether some lane has none for a frame that is ready.
    fn fill(&self, machine: &mut Machine) -> bool {
        let mut is_blocked = false;
        let destinations: Vec<Rank> = machine.destinations().collect();
        for to in destinations {
            let Some(lane) = self.links.lane(&self.nodes[to.index()].0) else {
                unreachable!("a lane to each destination was dialled before");
            };
            while machine.has_transmit(to) {
                if lane.room() == 0 {
                    is_blocked = true;
                    break;
                }
                if let Some(frame) = machine.poll_transmit(to) {
                    let sent = lane.try_send(frame);
                    debug_assert!(sent.is_ok(), "a lane that has room takes a frame");
                }
            }
        }
        is_blocked
    }

    /// Gives a frame to the machine, or keeps it for the next one.
    fn take(&mut self, machine: &mut Machine, from: Rank, frame: Frame) -> Result<(), FrameError> {
        if frame.tag().round > self.round {
            self.early.push_back((from, frame));
            return Ok(());
        }
        machine.handle_frame(from, frame)
    }

    fn rank_of(&self, node: &NodeId) -> Result<Rank, Broken> {
        let place = (0..).zip(&self.nodes).find(|(_, (name, _))| name == node);
        place.map(|(rank, _)| Rank(rank)).ok_or_else(|| Broken::Stranger(node.clone()))
    }
}
