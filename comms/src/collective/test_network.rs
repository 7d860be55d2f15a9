//! A network in memory for tests: machines, lanes that keep their order, and a seed that decides who is next.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::{Completed, Frame, FrameError, Machine, MachineEvent, Refusal, Residual, Schedule, Tag};
use crate::codec::Wire;
use crate::id::{Attempt, Rank, Round, ViewId};

/// What a rank puts in.
pub(super) struct Contribution {
    pub(super) values: Vec<f32>,
    pub(super) samples: u64,
}

/// What a run has come to.
pub(super) struct Outcome {
    pub(super) completed: Vec<Completed>,
    pub(super) refusals: Vec<Option<Refusal>>,
    /// By rank, relays among them.
    pub(super) residuals: Vec<Option<Residual>>,
}

/// Machines and the frames between them.
pub(super) struct Network {
    machines: Vec<Machine>,
    lanes: BTreeMap<(Rank, Rank), VecDeque<Bytes>>,
    seed: u64,
    /// Which frame, counted over all lanes, has which of its bits flipped on the way.
    pub(super) flip: Option<(usize, usize)>,
    sent: usize,
}

pub(super) const TAG: Tag = Tag { view: ViewId(3), round: Round(7), attempt: Attempt(1) };

impl Network {
    pub(super) fn new(schedule: Schedule, wire: Wire, contributions: &[Contribution], seed: u64) -> Self {
        let schedule = Arc::new(schedule);
        let machines = (0..).map(Rank).zip(contributions).map(|(rank, Contribution { values, samples })| {
            let contribution = super::Contribution::new(Arc::new(values.clone()), *samples);
            Machine::new(schedule.clone(), rank, TAG, wire, &contribution, None)
        });
        let relays = (0..).map(Rank).take(schedule.ranks()).skip(schedule.contributors());
        let relays = relays.map(|rank| Machine::relay(schedule.clone(), rank, TAG, wire, None));
        Self::of(machines.chain(relays).collect(), seed)
    }

    /// Of machines of one schedule, by rank.
    pub(super) const fn of(machines: Vec<Machine>, seed: u64) -> Self {
        Self { machines, lanes: BTreeMap::new(), seed, flip: None, sent: 0 }
    }

    /// Moves frames until nothing moves.
    pub(super) fn run(mut self) -> Result<Outcome, (Rank, FrameError)> {
        loop {
            let mut moves = Vec::new();
            for (rank, machine) in (0..).map(Rank).zip(&self.machines) {
                moves.extend(machine.destinations().filter(|to| machine.has_transmit(*to)).map(|to| (rank, to, true)));
            }
            let waiting = self.lanes.iter().filter(|(_, lane)| !lane.is_empty());
            moves.extend(waiting.map(|(&(from, to), _)| (from, to, false)));
            if moves.is_empty() {
                return Ok(self.outcome());
            }
            let (from, to, sends) = moves[self.random(moves.len())];
            if sends { self.send(from, to) } else { self.deliver(from, to).map_err(|error| (to, error))? }
        }
    }

    fn send(&mut self, from: Rank, to: Rank) {
        let frame = self.machines[from.index()].poll_transmit(to).expect("it said that it has a frame");
        let frame = if self.sent % 3 == 1 { frame.pack() } else { frame };
        let mut bytes = BytesMut::from(&frame.encode_header()[..]);
        bytes.extend_from_slice(frame.body());
        if let Some((_, bit)) = self.flip.filter(|(number, _)| *number == self.sent) {
            let bit = bit % (bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        self.sent += 1;
        self.lanes.entry((from, to)).or_default().push_back(bytes.freeze());
    }

    fn deliver(&mut self, from: Rank, to: Rank) -> Result<(), FrameError> {
        let bytes = self.lanes.get_mut(&(from, to)).and_then(VecDeque::pop_front).expect("the lane has a frame");
        self.machines[to.index()].handle_frame(from, Frame::parse(bytes)?)
    }

    fn outcome(mut self) -> Outcome {
        let contributors = |machine: &&Machine| !machine.is_relay();
        let refusals = self.machines.iter().filter(contributors).map(|machine| machine.refusal().copied()).collect();
        let finish = |mut machine: Machine| {
            assert_eq!(machine.poll_event(), Some(MachineEvent::EnteredGather));
            assert_eq!(machine.poll_event(), Some(MachineEvent::Complete));
            assert_eq!(machine.poll_event(), None);
            machine.finish()
        };
        assert!(self.machines.iter().all(Machine::is_complete), "somebody waits for ever");
        let residuals = self.machines.iter_mut().map(Machine::take_residual).collect();
        let machines = self.machines.into_iter().filter(|machine| contributors(&machine));
        Outcome { completed: machines.map(finish).collect(), refusals, residuals }
    }

    /// The next number below `bound`, by splitmix64.
    fn random(&mut self, bound: usize) -> usize {
        self.seed = self.seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.seed;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % bound as u64).expect("below a usize")
    }
}

/// The naive twin: the exact weighted sum over all contributions at each element, the sum of magnitudes, and the
/// samples.
pub(super) fn exact_sum(contributions: &[Contribution]) -> (Vec<f64>, Vec<f64>, u64) {
    let elements = contributions.first().map_or(0, |contribution| contribution.values.len());
    let (mut sums, mut magnitudes, mut total) = (vec![0.0; elements], vec![0.0; elements], 0);
    for Contribution { values, samples } in contributions {
        total += samples;
        for (element, value) in values.iter().enumerate() {
            let weighted = f64::from(*value) * *samples as f64;
            sums[element] += weighted;
            magnitudes[element] += weighted.abs();
        }
    }
    (sums, magnitudes, total)
}
