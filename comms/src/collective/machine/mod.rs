//! The machine: one rank's part in one attempt of a collective, without I/O.
//!
//! The caller carries frames. [`Machine::poll_transmit`] gives the next frame for a peer if there is one, and
//! [`Machine::handle_frame`] takes what came from a peer; both in the order of the lane, which links keep anyway. A
//! lane that is slow, closed or far away is not asked, and nothing else stops.
//!
//! - The own contribution is encoded when its frame is asked for; a hop is computed when its frame comes, in
//!   place in the buffer that it came in, if nobody else holds that.
//! - Partial sums of a segment are added in the order of the schedule, whatever order they arrive in: the result
//!   depends on the inputs and the schedule and on nothing else, to the last bit.
//! - The input is read only, so another attempt can be made from it.
//! - A relay has no input and keeps no result: frames pass through it as they are, but for partial sums that a schedule
//!   makes it add up.

mod contribution;
mod finals;
mod intake;
mod lane;
mod memory;
mod outcome;
mod outlet;
mod places;
mod recipe;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use self::finals::{Held, SharePlace};
use self::intake::blame;
use self::lane::Lane;
use self::places::{Place, frames};
use self::recipe::{Receive, Recipe, SegmentRecipe, Send};
use super::frame::{Frame, Tag};
use super::residual::Residual;
use super::schedule::Schedule;
use crate::codec::Wire;
use crate::id::{Digest, Rank};
use crate::limits::STREAMED_ELEMENTS;

pub use contribution::Contribution;
pub use outcome::{Completed, MachineEvent, Refusal, Traffic};

/// One rank's part in one attempt of a collective.
#[derive(Debug)]
pub struct Machine {
    schedule: Arc<Schedule>,
    rank: Rank,
    tag: Tag,
    wire: Wire,
    /// Nothing for a relay.
    input: Arc<Vec<f32>>,
    /// Weight of the input: 0 if it is refused, and for a relay.
    samples: u64,
    refusal: Option<Refusal>,
    recipes: Vec<SegmentRecipe>,
    inbound: BTreeMap<Rank, Lane<Receive>>,
    outbound: BTreeMap<Rank, Lane<Send>>,
    /// Frames of each segment.
    slots: Vec<Vec<Slot>>,
    /// Frames that came before one that must be added first.
    early: BTreeMap<Place, (Rank, Frame)>,
    /// Partial sums that are ready to leave, by segment, frame and group.
    partials: BTreeMap<(u32, u32, u32), Frame>,
    /// Final numbers for as long as they are needed.
    finals: BTreeMap<SharePlace, Held>,
    /// What enters the digest of the result: samples and hash of the final payloads.
    seals: BTreeMap<SharePlace, (u64, u64)>,
    /// The result as far as it is there. Before a range has its final numbers, partial sums are added up in it. For a
    /// relay that adds nothing up it is empty.
    mean: Vec<f32>,
    /// Where shares are merged.
    scratch: Vec<f32>,
    /// What is lost in encoding and kept, if it is.
    residual: Option<Residual>,
    /// The merged shares whose losses are kept here, by segment and share.
    keeps: BTreeSet<(u32, u32)>,
    /// Where elements begin that a format which loses much must not touch. A relay does not know.
    exempt_from: Option<usize>,
    /// Whether the result is so long that it is written past the caches.
    streams: bool,
    /// Whether final numbers have come.
    gathers: bool,
    /// Samples in the mean, from the first whole frame of it on.
    total: Option<u64>,
    finals_missing: usize,
    sends_missing: usize,
    events: VecDeque<MachineEvent>,
    traffic: Traffic,
}

/// The state of one frame of one segment.
#[derive(Debug, Clone, Default)]
struct Slot {
    /// Partial sums that have been added.
    applied: u32,
    /// Samples in the partial sum that is being added up.
    samples: u64,
    /// Whether the share of the own contribution alone has been made.
    own_made: bool,
    /// Shares that have been added up.
    added: u32,
    /// Samples in them.
    samples_added: u64,
}

impl Machine {
    /// The part of `rank` in `schedule`, with what it contributes.
    ///
    /// `spare` is a buffer to put the result in, of any length and content: that of an earlier round, for example.
    /// A contribution that cannot be summed is left out, see [`Machine::refusal`].
    ///
    /// # Panics
    /// If `rank` is none of the schedule's, or its contribution has not its number of elements. The schedule must be sound in
    /// the sense of [`verify`](super::verify()).
    #[must_use]
    pub fn new(
        schedule: Arc<Schedule>,
        rank: Rank,
        tag: Tag,
        wire: Wire,
        contribution: &Contribution,
        spare: Option<Vec<f32>>,
    ) -> Self {
        assert!(rank.index() < schedule.contributors(), "rank {rank} of {}", schedule.contributors());
        let input = contribution.values().clone();
        assert_eq!(input.len(), schedule.elements(), "elements of the input and of the schedule");
        let refusal = contribution.refusal(schedule.contributors(), wire);
        let samples = if refusal.is_some() { 0 } else { contribution.samples() };
        let mut mean = spare.unwrap_or_default();
        mean.resize(input.len(), 0.0);
        let recipe = Recipe::of(&schedule, rank);
        let streams = mean.len() >= STREAMED_ELEMENTS;
        let exempt_from = Some(contribution.exempt_from());
        let empty = Self::empty(schedule, rank, tag, wire, recipe);
        let mut machine = Self { refusal, samples, mean, streams, input, exempt_from, ..empty };
        machine.remember(contribution.residual());
        let finals = |(slots, recipe): (&Vec<Slot>, &SegmentRecipe)| slots.len() * recipe.roots.len();
        machine.finals_missing = machine.slots.iter().zip(&machine.recipes).map(finals).sum();
        machine.finalize_alone();
        machine
    }

    /// The part of a relay in `schedule`, which keeps what it loses if there is a residual to begin with: it is complete when it has passed on all that it is sent.
    ///
    /// # Panics
    /// If `rank` is no relay of the schedule's. The schedule must be sound in the sense of
    /// [`verify`](super::verify()).
    #[must_use]
    pub fn relay(schedule: Arc<Schedule>, rank: Rank, tag: Tag, wire: Wire, residual: Option<&Residual>) -> Self {
        assert!(schedule.is_relay(rank) && rank.index() < schedule.ranks(), "rank {rank} is no relay");
        let recipe = Recipe::of(&schedule, rank);
        let adds_up = recipe.segments.iter().any(SegmentRecipe::adds_up);
        let mean = vec![0.0; if adds_up { schedule.elements() } else { 0 }];
        let mut machine = Self { mean, ..Self::empty(schedule, rank, tag, wire, recipe) };
        // What it only passes on loses nothing.
        machine.remember(residual.filter(|_| adds_up).map(|residual| residual.of_length(machine.mean.len())));
        machine.settle();
        machine
    }

    /// A machine that has sent and received nothing, without input and result.
    fn empty(schedule: Arc<Schedule>, rank: Rank, tag: Tag, wire: Wire, recipe: Recipe) -> Self {
        let Recipe { inbound, outbound, segments: recipes } = recipe;
        let frames: Vec<u32> =
            schedule.segments().iter().map(|segment| frames(schedule.frame_elements(wire), *segment)).collect();
        let slots = frames.iter().map(|&frames| vec![Slot::default(); frames as usize]).collect();
        let sends_missing = outbound.values().flatten().map(|send| frames[send.segment as usize] as usize).sum();
        Self {
            schedule,
            rank,
            tag,
            wire,
            input: Arc::default(),
            samples: 0,
            refusal: None,
            recipes,
            inbound: inbound.into_iter().map(|(from, steps)| (from, Lane::new(steps))).collect(),
            outbound: outbound.into_iter().map(|(to, steps)| (to, Lane::new(steps))).collect(),
            slots,
            early: BTreeMap::new(),
            partials: BTreeMap::new(),
            finals: BTreeMap::new(),
            seals: BTreeMap::new(),
            mean: Vec::new(),
            scratch: Vec::new(),
            residual: None,
            keeps: BTreeSet::new(),
            exempt_from: None,
            streams: false,
            gathers: false,
            total: None,
            finals_missing: 0,
            sends_missing,
            events: VecDeque::new(),
            traffic: Traffic::default(),
        }
    }

    /// Whether it only passes on what it is sent.
    #[must_use]
    pub fn is_relay(&self) -> bool {
        self.schedule.is_relay(self.rank)
    }

    /// Why the own contribution is left out, if it is.
    #[must_use]
    pub const fn refusal(&self) -> Option<&Refusal> {
        self.refusal.as_ref()
    }

    /// What has happened since the last call, one event a call.
    pub fn poll_event(&mut self) -> Option<MachineEvent> {
        self.events.pop_front()
    }

    /// Whether the result is there, where one is due, and every frame has been taken.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.finals_missing == 0 && self.sends_missing == 0
    }

    /// What this rank keeps of what it lost, for its next contribution; nothing if it began with none. It counts once the
    /// attempt does: one that is given up has lost nothing.
    #[must_use]
    pub fn take_residual(&mut self) -> Option<Residual> {
        self.residual.take()
    }

    /// What has been handed out so far, for an attempt that is given up.
    #[must_use]
    pub const fn traffic(&self) -> Traffic {
        self.traffic
    }

    /// The buffer of an attempt that is given up, to be another machine's `spare`.
    #[must_use]
    pub fn into_spare(self) -> Vec<f32> {
        self.mean
    }

    /// The outcome.
    ///
    /// # Panics
    /// Unless [`MachineEvent::Complete`] has come, and for a relay.
    #[must_use]
    pub fn finish(self) -> Completed {
        assert!(self.is_complete(), "{} is not complete: finals and sends are missing", self.tag);
        assert_eq!(self.mean.len(), self.schedule.elements(), "a relay has no outcome");
        let mut hasher = blake3::Hasher::new();
        for (samples, payload_crc) in self.seals.values() {
            hasher.update(&samples.to_le_bytes());
            hasher.update(&payload_crc.to_le_bytes());
        }
        Completed {
            digest: Digest(*hasher.finalize().as_bytes()),
            samples: self.total.unwrap_or_default(),
            raw_bytes: self.traffic.raw_bytes,
            wire_bytes: self.traffic.wire_bytes,
            mean: self.mean,
        }
    }

    /// Makes the mean of what nobody else contributes to, as the only rank of a schedule.
    fn finalize_alone(&mut self) {
        let alone: Vec<bool> = self
            .recipes
            .iter()
            .map(|recipe| recipe.roots.iter().all(|root| recipe.own_share() == Some(*root)))
            .collect();
        for segment in (0..alone.len()).filter(|&segment| alone[segment]) {
            for number in 0..self.slots[segment].len() {
                let added = self.add_up(segment as u32, number as u32);
                assert_eq!(added, Ok(()), "the input was checked, and is never written to");
            }
        }
    }

    /// Reports what has become true.
    fn settle(&mut self) {
        if self.is_complete() {
            self.events.push_back(MachineEvent::Complete);
        }
    }
}

/// A number of samples as a weight.
#[expect(clippy::cast_precision_loss, reason = "a relative 2^-24 of a weight")]
fn weight(samples: u64) -> f32 {
    samples as f32
}
