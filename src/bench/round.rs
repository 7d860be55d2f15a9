//! One all-reduce, or several of the same at once: planned on what a planner may know, and followed through what happens.

use std::io;

use serde_json::json;
use starloom_comms::collective::cost::{
    Burst, Concurrent, CostModel, Never, Outcome, predict_bursts, predict_concurrent,
};
use starloom_comms::collective::{Kind, PlanError, Planned, Schedule, Task, plan};
use starloom_comms::contacts::ContactPlan;
use starloom_comms::id::{NodeId, Rank};
use starloom_comms::scenario::StrategyChoice;
use starloom_comms::units::MissionTime;

use super::acquisitions::acquisitions;
use super::simulated::{Comparison, Field, elements};
use crate::trace::{Span, Trace, Track};

/// What came of one all-reduce, and which lane sent what when.
#[derive(Debug, Clone)]
pub struct Round {
    /// Who takes part, by ranks: members, then relays.
    pub nodes: Vec<NodeId>,
    /// The strategy whose schedule it is; with `auto` the one that was taken.
    pub strategy: &'static str,
    /// When all ranks were ready.
    pub start: MissionTime,
    /// When the planner expected every member to have the mean.
    pub predicted: MissionTime,
    /// When every member had it, of the last of several, or who waits for ever.
    pub completes: Result<MissionTime, Never>,
    /// What lanes sent, ordered by sender, receiver and time.
    pub bursts: Vec<Burst>,
    /// How many windows of contact were used, as [`Row::acquisitions`](super::Row::acquisitions) says.
    pub acquisitions: u64,
    planned_bytes: u64,
}

impl Round {
    /// Plans `elements` numbers from `start` on, and follows the schedule through what happens. Several jobs have the same
    /// schedule, as each plans as if it were alone.
    ///
    /// # Errors
    /// Why there is no schedule.
    pub fn run(
        choice: StrategyChoice,
        field: Field<'_>,
        elements: usize,
        model: CostModel,
        start: MissionTime,
    ) -> Result<Self, PlanError> {
        let Planned { schedule, prediction, completes: predicted } = planned(choice, field, elements, model, start)?;
        let nodes: Vec<NodeId> = field.members.iter().chain(field.relays).cloned().collect();
        let actual = field.contacts.actual.listed();
        let (completes, bursts) = happened(&schedule, &nodes, actual, start, (&model, field.jobs));
        Ok(Self {
            acquisitions: acquisitions(&bursts, &nodes, actual),
            nodes,
            strategy: schedule.strategy(),
            start,
            predicted,
            completes,
            bursts,
            planned_bytes: prediction.wire_bytes() * u64::from(field.jobs),
        })
    }

    /// The round of a comparison that is shown by itself: that of `auto`, or of the first strategy if `auto` is not compared,
    /// with the payload in the middle of their order by size, from the first start from which it completes.
    #[must_use]
    pub fn shown(comparison: &Comparison, field: Field<'_>) -> Option<(u64, Self)> {
        let Comparison { strategies, payloads, model, starts, .. } = comparison;
        let is_auto = |choice: &&StrategyChoice| **choice == StrategyChoice::Auto;
        let choice = *strategies.iter().find(is_auto).or(strategies.first())?;
        let payload = middle(payloads)?;
        let run = |start: &MissionTime| Self::run(choice, field, elements(payload), *model, *start).ok();
        Some((payload, starts.iter().filter_map(run).find(|round| round.completes.is_ok())?))
    }

    /// Seconds from the start to the predicted end.
    #[must_use]
    pub fn predicted_secs(&self) -> f64 {
        self.predicted.since(self.start).as_secs_f64()
    }

    /// Seconds from the start to the end; nothing if it never completes.
    #[must_use]
    pub fn took_secs(&self) -> Option<f64> {
        Some(self.completes.as_ref().ok()?.since(self.start).as_secs_f64())
    }

    /// What was planned to cross all links, headers included.
    #[must_use]
    pub const fn wire_bytes(&self) -> u64 {
        self.planned_bytes
    }

    /// What each lane sent: sender, receiver and bursts, by ranks.
    pub fn lanes(&self) -> impl Iterator<Item = (&NodeId, &NodeId, &[Burst])> {
        let lanes = self.bursts.chunk_by(|a, b| (a.from, a.to) == (b.from, b.to));
        lanes.map(|lane| (self.node(lane[0].from), self.node(lane[0].to), lane))
    }

    /// How many lanes of a plan join two of those that take part.
    #[must_use]
    pub fn lanes_of(&self, plan: &ContactPlan) -> usize {
        plan.lanes().filter(|(from, to, _)| [from, to].iter().all(|node| self.nodes.contains(node))).count()
    }

    /// Writes the round as a trace: the round as a whole, and a track for each lane with what it sends.
    ///
    /// # Errors
    /// Those of the trace's writer.
    pub fn trace<W: io::Write>(&self, trace: &mut Trace<W>) -> io::Result<()> {
        let whole = self.completes.as_ref().map_or(self.start, |end| *end);
        trace.span(&Span {
            track: Track { group: "all-reduce", name: "round" },
            name: self.strategy,
            start: self.start,
            duration: whole.since(self.start),
            arguments: vec![
                ("predicted_secs", json!(self.predicted_secs())),
                ("wire_bytes", json!(self.wire_bytes())),
                ("acquisitions", json!(self.acquisitions)),
            ],
        })?;
        for (from, to, bursts) in self.lanes() {
            let lane = format!("{from} → {to}");
            for burst in bursts {
                let what = match burst.kind {
                    Kind::Partial => "partial sum",
                    Kind::Final => "final numbers",
                };
                trace.span(&Span {
                    track: Track { group: from.as_str(), name: &lane },
                    name: &format!("{what} of segment {}", burst.segment),
                    start: burst.start,
                    duration: burst.sent.since(burst.start),
                    arguments: vec![
                        ("bytes", json!(burst.bytes)),
                        ("frames", json!(burst.frames)),
                        ("busy_secs", json!(std::time::Duration::from_nanos(burst.busy_nanos).as_secs_f64())),
                        ("arrival_secs", json!(burst.arrival.as_secs_f64())),
                    ],
                })?;
            }
        }
        Ok(())
    }

    fn node(&self, rank: Rank) -> &NodeId {
        &self.nodes[rank.index()]
    }
}

/// When so many jobs have gone through a schedule at once, and what lanes sent for it.
fn happened(
    schedule: &Schedule,
    nodes: &[NodeId],
    plan: &ContactPlan,
    start: MissionTime,
    (model, jobs): (&CostModel, u16),
) -> (Result<MissionTime, Never>, Vec<Burst>) {
    if jobs <= 1 {
        let (prediction, bursts) = predict_bursts(schedule, nodes, plan, start, model);
        return (prediction.completes, bursts);
    }
    let at_once = vec![Concurrent { schedule, nodes, start }; jobs.into()];
    let (mut last, mut all) = (Ok(start), Vec::new());
    for Outcome { completes, bursts } in predict_concurrent(&at_once, plan, model) {
        last = last.and_then(|last| completes.map(|completes| last.max(completes)));
        all.extend(bursts);
    }
    all.sort_by_key(|burst| (burst.from, burst.to, burst.start));
    (last, all)
}

/// The schedule that a strategy makes of what is known.
pub(super) fn planned(
    choice: StrategyChoice,
    field: Field<'_>,
    elements: usize,
    model: CostModel,
    at: MissionTime,
) -> Result<Planned, PlanError> {
    let Field { members, relays, server, gossip_rounds, contacts, guard, .. } = field;
    plan(choice, &Task { members, relays, server, gossip_rounds, elements, model, plan: &contacts.planned, at, guard })
}

/// The payload in the middle of their order by size; of two the larger.
pub(super) fn middle(payloads: &[u64]) -> Option<u64> {
    let mut sorted = payloads.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied()
}
