//! From the event stream to the summary: what a run came to, counted as it happens.
//!
//! A [`Tally`] observes every event in order and gives the [`Summary`] at any time; it reads nothing but events, so
//! replaying `events.jsonl` gives the same summary.

use std::collections::{BTreeMap, VecDeque};

use starloom_comms::control::Report;
use starloom_comms::events::{Event, Outcome, What};
use starloom_comms::id::{Digest, NodeId, Round};

use super::forecast::Forecasts;
use super::summary::{CarryingPass, LandedCheckpoint, Milestone, RunFacts, Summary};

/// How many evaluations of the model are kept.
const MILESTONES: usize = 10_000;

/// Counts a run's events.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    committed: u64,
    rolled_back: u64,
    used: u64,
    lost_samples: u64,
    partial: u64,
    lost: Vec<NodeId>,
    reports: BTreeMap<NodeId, Report>,
    /// What relays sent: bare and on the wire.
    carried: BTreeMap<NodeId, (u64, u64)>,
    landed: Vec<LandedCheckpoint>,
    passes: BTreeMap<(Round, Digest), Vec<CarryingPass>>,
    outcome: Option<Outcome>,
    forecasts: Forecasts,
    milestones: VecDeque<Milestone>,
}

impl Tally {
    /// Takes in the next event.
    pub fn observe(&mut self, event: &Event) {
        self.forecasts.observe(event);
        match &event.what {
            What::RoundCommitted { contributors, .. } => {
                self.committed += 1;
                self.used += contributors.iter().map(|(_, samples)| samples).sum::<u64>();
            }
            What::RoundRolledBack { .. } => self.rolled_back += 1,
            What::NodeLost { lost, samples, .. } => {
                self.lost.push(lost.clone());
                self.lost_samples += samples;
                self.reports.remove(lost);
            }
            What::PassCarried { round, digest, station, start_secs, end_secs, chunks, bytes } => {
                let pass = CarryingPass {
                    node: event.node.clone(),
                    station: station.clone(),
                    start_secs: *start_secs,
                    end_secs: *end_secs,
                    chunks: *chunks,
                    bytes: *bytes,
                };
                enter(self.passes.entry((*round, *digest)).or_default(), pass);
            }
            What::CheckpointLanded { round, digest, bytes, path } => {
                self.landed.retain(|landed| landed.round != *round);
                self.landed.push(LandedCheckpoint {
                    round: *round,
                    digest: *digest,
                    bytes: *bytes,
                    path: format!("ground/{path}"),
                    passes: Vec::new(),
                });
            }
            What::Evaluated { round, accuracy, loss } => {
                let (round, accuracy, loss) = (*round, *accuracy, *loss);
                self.milestones.push_back(Milestone { round, mission_secs: event.t, accuracy, loss });
                if self.milestones.len() > MILESTONES {
                    self.milestones.pop_front();
                }
            }
            What::Left { report } => {
                self.reports.insert(event.node.clone(), report.clone());
            }
            What::Carried { raw_bytes, wire_bytes } => {
                self.carried.insert(event.node.clone(), (*raw_bytes, *wire_bytes));
            }
            What::Finished {
                outcome,
                rounds_committed,
                rounds_rolled_back,
                samples_used,
                samples_lost,
                samples_partial,
                lost,
            } => {
                self.outcome = Some(outcome.clone());
                self.committed = *rounds_committed;
                self.rolled_back = *rounds_rolled_back;
                self.used = *samples_used;
                self.lost_samples = *samples_lost;
                self.partial = *samples_partial;
                self.lost.clone_from(lost);
            }
            _ => {}
        }
    }

    /// How the job ended, once the aggregator has said so.
    #[must_use]
    pub fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    /// A resumed job starts with all its nodes again and has not ended.
    pub fn resume(&mut self) {
        self.outcome = None;
        self.reports.clear();
        self.carried.clear();
    }

    /// The summary as of the last event.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a mean over a few thousand nodes at most")]
    pub fn summary(&self, facts: RunFacts) -> Summary {
        let losses: Vec<f64> = self.reports.values().filter_map(|report| report.train_loss).collect();
        let train_loss = (!losses.is_empty()).then(|| losses.iter().sum::<f64>() / losses.len() as f64);
        Summary {
            name: facts.name,
            seed: facts.seed,
            outcome: self.outcome.clone(),
            nodes_started: facts.nodes_started,
            nodes_lost: self.lost.clone(),
            rounds_committed: self.committed,
            rounds_rolled_back: self.rolled_back,
            samples_used: self.used,
            samples_lost: self.lost_samples,
            samples_partial: self.partial,
            raw_bytes: self.sent().map(|(raw, _)| raw).sum(),
            wire_bytes: self.sent().map(|(_, wire)| wire).sum(),
            carried_bytes: self.carried.iter().map(|(relay, (_, wire))| (relay.clone(), *wire)).collect(),
            wall_secs: facts.wall_secs,
            mission_secs: facts.mission_secs,
            time_scale: facts.time_scale,
            byte_scale: facts.byte_scale,
            collective: self.forecasts.times(),
            train_loss,
            eval_accuracy: self.reports.values().find_map(|report| report.eval_accuracy),
            milestones: self.milestones.iter().copied().collect(),
            state_digests: self.reports.iter().map(|(node, report)| (node.clone(), report.state)).collect(),
            checkpoints_landed: self.landed.iter().map(|landed| self.with_passes(landed)).collect(),
        }
    }

    /// What nodes and relays sent, bare and on the wire.
    fn sent(&self) -> impl Iterator<Item = (u64, u64)> {
        let nodes = self.reports.values().map(|report| (report.raw_bytes, report.wire_bytes));
        nodes.chain(self.carried.values().copied())
    }

    /// The last pass is told of after the landing that ends it.
    fn with_passes(&self, landed: &LandedCheckpoint) -> LandedCheckpoint {
        let passes = self.passes.get(&(landed.round, landed.digest)).cloned().unwrap_or_default();
        LandedCheckpoint { passes, ..landed.clone() }
    }
}

/// Enters what a pass carried, in the order of time. A second delivery in the same pass adds to the first.
fn enter(passes: &mut Vec<CarryingPass>, pass: CarryingPass) {
    let same = |other: &&mut CarryingPass| {
        (&other.node, &other.station) == (&pass.node, &pass.station)
            && other.start_secs.total_cmp(&pass.start_secs).is_eq()
    };
    if let Some(other) = passes.iter_mut().find(same) {
        other.chunks += pass.chunks;
        other.bytes += pass.bytes;
        return;
    }
    let place = passes.partition_point(|other| other.start_secs <= pass.start_secs);
    passes.insert(place, pass);
}

#[cfg(test)]
mod tests {
    use starloom_comms::events::LossKind;
    use starloom_comms::id::Attempt;

    use super::*;

    fn event(node: &str, what: What) -> Event {
        Event { t: 0.0, wall: None, node: node.parse().expect("a name"), what }
    }

    fn facts() -> RunFacts {
        RunFacts {
            name: "x".to_owned(),
            seed: 1,
            nodes_started: 2,
            wall_secs: 1.0,
            mission_secs: 1.0,
            time_scale: 1.0,
            byte_scale: 1.0,
        }
    }

    #[test]
    fn a_lost_node_keeps_its_samples_to_itself_and_its_report_out() {
        let mut tally = Tally::default();
        let sat = NodeId::satellite;
        let contributors = vec![(sat(0), 32), (sat(1), 32)];
        let committed = |round| What::RoundCommitted {
            round: Round(round),
            attempt: Attempt(0),
            digest: Digest::default(),
            contributors: contributors.clone(),
        };
        tally.observe(&event("aggregator", committed(1)));
        tally.observe(&event("sat-1", What::Left { report: Report::default() }));
        tally.observe(&event(
            "aggregator",
            What::NodeLost { lost: sat(1), round: Round(2), how: LossKind::Connection, samples: 32 },
        ));
        tally.observe(&event("sat-0", What::Left { report: Report { raw_bytes: 5, ..Report::default() } }));
        let summary = tally.summary(facts());
        assert_eq!((summary.samples_used, summary.samples_lost, summary.rounds_committed), (64, 32, 1));
        assert_eq!((summary.nodes_lost, summary.raw_bytes), (vec![sat(1)], 5));
        assert_eq!(summary.state_digests.into_keys().collect::<Vec<_>>(), [sat(0)]);
    }

    #[test]
    fn a_checkpoint_that_lands_again_is_listed_once() {
        let mut tally = Tally::default();
        for _ in 0..2 {
            let landed = What::CheckpointLanded {
                round: Round(3),
                digest: Digest::default(),
                bytes: 9,
                path: "round-000003/model.safetensors".to_owned(),
            };
            tally.observe(&event("station", landed));
        }
        let landed = tally.summary(facts()).checkpoints_landed;
        assert_eq!(landed.len(), 1);
        assert_eq!(landed[0].path, "ground/round-000003/model.safetensors");
    }

    #[test]
    fn a_checkpoint_has_its_own_passes_in_the_order_of_time() {
        let mut tally = Tally::default();
        let (mine, void) = (Digest::of(b"model"), Digest::of(b"a model of a round that is void"));
        let carried = |digest, start_secs, chunks| What::PassCarried {
            round: Round(3),
            digest,
            station: NodeId::station(),
            start_secs,
            end_secs: Some(start_secs + 60.0),
            chunks,
            bytes: 10 * chunks,
        };
        tally.observe(&event("sat-1", carried(mine, 600.0, 4)));
        tally.observe(&event("sat-0", carried(void, 0.0, 9)));
        tally.observe(&event("sat-0", carried(mine, 0.0, 2)));
        tally.observe(&event("sat-0", carried(mine, 0.0, 1)));
        let path = "round-000003/model.safetensors".to_owned();
        tally.observe(&event("station", What::CheckpointLanded { round: Round(3), digest: mine, bytes: 9, path }));
        tally.observe(&event("sat-0", carried(mine, 1200.0, 5)));
        let passes = tally.summary(facts()).checkpoints_landed.remove(0).passes;
        let told: Vec<_> =
            passes.iter().map(|pass| (pass.node.as_str(), pass.start_secs, pass.chunks, pass.bytes)).collect();
        assert_eq!(told, [("sat-0", 0.0, 3, 30), ("sat-1", 600.0, 4, 40), ("sat-0", 1200.0, 5, 50)]);
    }
}
