//! The law of error feedback: whatever the strategy, what was sent and what remains is what was meant.

use std::sync::Arc;

use proptest::prelude::*;

use super::STRATEGIES;
use crate::codec::Wire;
use crate::collective::cost::CostModel;
use crate::collective::planner::guard::GUARD;
use crate::collective::planner::{Planned, Task, plan};
use crate::collective::test_network::{Network, Outcome, TAG};
use crate::collective::test_plans::{lasting, passing};
use crate::collective::{Contribution, Machine, Residual, Schedule};
use crate::contacts::ContactPlan;
use crate::id::{NodeId, Rank};
use crate::units::MissionTime;

/// What every strategy that has one makes of a contact plan.
fn schedules(members: u32, relays: u32, elements: usize, contacts: &ContactPlan) -> Vec<Arc<Schedule>> {
    let nodes = |first: u32, count: u32| (first..first + count).map(NodeId::satellite).collect::<Vec<_>>();
    let (members, relays, model) = (nodes(0, members), nodes(members, relays), CostModel::of(Wire::Int8));
    let at = MissionTime(1_000_000_000);
    let task = Task {
        members: &members,
        relays: &relays,
        server: None,
        gossip_rounds: 8,
        elements,
        model,
        plan: contacts,
        at,
        guard: GUARD,
    };
    let exact = STRATEGIES.iter().filter(|strategy| strategy.choice.is_exact());
    let planned = exact.filter_map(|strategy| plan(strategy.choice, &task).ok());
    planned.map(|Planned { schedule, .. }| Arc::new(schedule)).collect()
}

/// One round after others.
struct Round<'a> {
    schedule: &'a Arc<Schedule>,
    wire: Wire,
    number: usize,
    exempt: usize,
}

impl Round<'_> {
    /// Other ones in each round, of the same total: what is lost of a mean is made up for in the next mean, whatever its weight.
    fn samples(&self, rank: u32) -> u64 {
        ((rank as usize + self.number) % self.schedule.contributors() + 1) as u64
    }

    fn values(&self, rank: u32) -> Vec<f32> {
        let value = |element: usize| ((element * 37 + rank as usize * 101 + self.number * 59) % 97) as f32 - 48.0;
        (0..self.schedule.elements()).map(value).collect()
    }

    fn run(&self, residuals: &[Arc<Residual>], seed: u64) -> Outcome {
        let machine = |(rank, residual): (u32, &Arc<Residual>)| {
            if self.schedule.is_relay(Rank(rank)) {
                return Machine::relay(self.schedule.clone(), Rank(rank), TAG, self.wire, Some(residual));
            }
            let contribution = Contribution::new(Arc::new(self.values(rank)), self.samples(rank));
            let contribution = contribution.with_residual(residual.clone()).exempting(self.exempt);
            Machine::new(self.schedule.clone(), Rank(rank), TAG, self.wire, &contribution, None)
        };
        let machines = (0..).zip(residuals).map(machine).collect();
        Network::of(machines, seed).run().expect("no frame is refused")
    }

    /// What all mean to say of each element, in units of sums, and how large its parts are.
    fn meant(&self, residuals: &[Arc<Residual>]) -> Vec<(f64, f64)> {
        let mut meant = vec![(0.0, 1.0); self.schedule.elements()];
        for rank in (0..).take(self.schedule.contributors()) {
            for ((sum, size), value) in meant.iter_mut().zip(self.values(rank)) {
                let add = f64::from(value) * self.samples(rank) as f64;
                (*sum, *size) = (*sum + add, *size + add.abs());
            }
        }
        residuals.iter().for_each(|residual| add_kept(&mut meant, residual));
        meant
    }
}

fn nothing_lost(ranks: usize) -> Vec<Arc<Residual>> {
    (0..ranks).map(|_| Arc::default()).collect()
}

fn add_kept(to: &mut [(f64, f64)], residual: &Residual) {
    let means = residual.means().iter().map(|mean| f64::from(*mean) * residual.samples() as f64);
    for ((sum, size), add) in to.iter_mut().zip(residual.sums().iter().map(|sum| f64::from(*sum)).zip(means)) {
        (*sum, *size) = (*sum + add.0 + add.1, *size + add.0.abs() + add.1.abs());
    }
}

/// Rounds with one schedule after the other, each beginning with what the one before has left.
fn check(schedules: &[Arc<Schedule>], wire: Wire, exempt: usize, seed: u64) {
    let Some(first) = schedules.first() else { return };
    let mut residuals = nothing_lost(first.ranks());
    for (number, schedule) in schedules.iter().chain([first]).enumerate() {
        let round = Round { schedule, wire, number, exempt };
        let meant = round.meant(&residuals);
        let Outcome { completed, residuals: kept, .. } = round.run(&residuals, seed);
        // An attempt that nothing came of leaves what it began with; another one comes to the same.
        let again = round.run(&residuals, seed ^ 1);
        assert_eq!((&again.completed, &again.residuals), (&completed, &kept), "{}", schedule.strategy());
        residuals = residuals.into_iter().zip(kept).map(|(old, new)| new.map_or(old, Arc::new)).collect();
        let mut came_of_it: Vec<(f64, f64)> =
            completed[0].mean.iter().map(|mean| (f64::from(*mean) * completed[0].samples as f64, 0.0)).collect();
        residuals.iter().for_each(|residual| add_kept(&mut came_of_it, residual));
        for (element, ((meant, size), (came, _))) in meant.into_iter().zip(came_of_it).enumerate() {
            let off = (meant - came).abs();
            assert!(off <= 1e-5 * size, "{} in {wire}: {off} of {size} at {element}", schedule.strategy());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_sent_and_what_remains_is_what_was_meant(
        (members, relays, contacts) in (1_u32..7, 0_u32..3)
            .prop_flat_map(|(members, relays)| (Just(members), Just(relays), passing(members + relays))),
        elements in prop_oneof![0_usize..9, 500_usize..3_000],
        wire in proptest::sample::select(Wire::ALL),
        exempt in prop_oneof![Just(0_usize), 0_usize..300],
        seed in any::<u64>(),
    ) {
        check(&schedules(members, relays, elements, &contacts), wire, exempt, seed);
    }
}

#[test]
fn nothing_is_lost_among_nodes_that_see_each_other() {
    let links = (0..6).flat_map(|a| (0..a).map(move |b| (a, b)));
    let contacts = lasting(links.flat_map(|(a, b)| [(a, b), (b, a)]));
    for wire in [Wire::Int8, Wire::TopK] {
        check(&schedules(6, 0, 10_000, &contacts), wire, 100, 7);
    }
}

/// In the long run everything arrives: the mean of many rounds is as exact as no single one.
#[test]
fn what_one_round_loses_the_next_ones_make_up_for() {
    let contacts = lasting((0..4).flat_map(|a| (0..4).map(move |b| (a, b))).filter(|(a, b)| a != b));
    for schedule in schedules(4, 0, 1_000, &contacts) {
        let errors = [false, true].map(|feeds_back| {
            let mut residuals = nothing_lost(4);
            let (rounds, mut off) = (24, vec![0.0; 1_000]);
            for _ in 0..rounds {
                // The same round over and over: what its encoding loses is the same as well, unless it is fed back.
                let round = Round { schedule: &schedule, wire: Wire::Int8, number: 0, exempt: 0 };
                let Outcome { completed, residuals: kept, .. } = round.run(&residuals, 3);
                let exact = round.meant(&[]);
                for ((off, mean), (sum, _)) in off.iter_mut().zip(&completed[0].mean).zip(exact) {
                    *off += f64::from(*mean) - sum / completed[0].samples as f64;
                }
                if feeds_back {
                    residuals = kept.into_iter().map(|kept| Arc::new(kept.unwrap_or_default())).collect();
                }
            }
            off.iter().map(|off| off.abs() / f64::from(rounds)).fold(0.0, f64::max)
        });
        assert!(errors[1] * 8.0 < errors[0], "{}: {errors:?}", schedule.strategy());
    }
}

#[test]
fn what_is_exempt_travels_as_halves() {
    let contacts = lasting([(0, 1), (1, 0), (1, 2), (2, 1), (0, 2), (2, 0)]);
    for schedule in schedules(3, 0, 60_000, &contacts) {
        let round = Round { schedule: &schedule, wire: Wire::Int8, number: 0, exempt: 10 };
        let Outcome { completed, .. } = round.run(&nothing_lost(3), 1);
        let exact = round.meant(&[]);
        let off = |element: usize| {
            let mean = exact[element].0 / completed[0].samples as f64;
            (f64::from(completed[0].mean[element]) - mean).abs()
        };
        let largest = |elements: std::ops::Range<usize>| elements.map(off).fold(0.0, f64::max);
        let (exempt, others) = (largest(59_990..60_000), largest(0..59_000));
        assert!(exempt * 4.0 < others, "{}: {exempt} and {others}", schedule.strategy());
    }
}
