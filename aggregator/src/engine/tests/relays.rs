//! Relays: in the roster, without a vote.

use super::*;

/// A job of two nodes and the relays `sat-5` and `sat-6`, all there.
fn relayed() -> Job {
    let mut job = Job::with(Rules { relays: vec![sat(5), sat(6)], ..rules(2) });
    job.relay_joins(6);
    job.joins(0, join(0));
    job.joins(1, join(1));
    assert!(job.said.is_empty(), "one relay is awaited");
    job.relay_joins(5);
    job
}

impl Job {
    fn relay_joins(&mut self, slot: u32) {
        self.tell(Event::RelayJoined { node: sat(slot), session: session(slot), address: address(slot) });
    }

    fn relays(&self) -> Vec<NodeId> {
        self.engine.view().relays.iter().map(|relay| relay.id.clone()).collect()
    }
}

#[test]
fn relays_hear_of_openings_and_commits_and_are_not_asked() {
    let mut job = relayed();
    assert_eq!(job.relays(), [sat(5), sat(6)], "in the order of the scenario");
    let opened = job.last_said(5).clone();
    assert!(matches!(&opened, AggregatorMessage::Open { elements: 10, round: Round(1), .. }), "{opened:?}");
    assert_eq!(job.last_said(0), &opened);
    job.commits(&[0, 1]);
    let AggregatorMessage::Commit { contributors, .. } = job.last_said(6) else { panic!("a commit") };
    assert_eq!(**contributors, [(sat(0), 8), (sat(1), 8)]);
}

#[test]
fn a_lost_relay_costs_an_attempt_and_no_samples() {
    let mut job = relayed();
    job.proposes(0, mean(1));
    job.closes(5);
    assert_eq!(job.relays(), [sat(6)]);
    assert_eq!(job.lost(), [(sat(5), LossKind::Connection, 0)]);
    assert!(matches!(job.last_said(6), AggregatorMessage::Open { attempt: Attempt(1), .. }));
    job.commits(&[0, 1]);
    job.relay_joins(5);
    assert!(job.refusal(5).contains("goes on without sat-5"), "{}", job.refusal(5));
}

#[test]
fn who_is_no_relay_is_refused_and_who_does_not_come_is_left_out() {
    let mut job = Job::with(Rules { relays: vec![sat(5)], ..rules(1) });
    job.relay_joins(0);
    assert_eq!(job.refusal(0), "sat-0 is not a relay of this scenario");
    job.joins(0, join(0));
    job.wait(Duration::from_secs(20), &[0]);
    assert_eq!(job.lost(), [(sat(5), LossKind::Absence, 0)]);
    assert!(matches!(job.last_said(0), AggregatorMessage::Open { view, .. } if view.relays.is_empty()));
}

#[test]
fn relays_outlive_the_aggregator_like_members() {
    let mut job = relayed();
    job.commits(&[0, 1]);
    job.restart();
    job.comes_back(0, 1, None);
    job.comes_back(1, 1, None);
    job.relay_joins(6);
    assert!(job.said.is_empty(), "sat-5 is awaited");
    job.wait(Duration::from_secs(2), &[0, 1, 6]);
    assert_eq!(job.relays(), [sat(6)]);
    assert!(matches!(job.last_said(6), AggregatorMessage::Open { round: Round(2), .. }));
}

#[test]
fn a_relay_that_connects_again_is_told_of_a_fresh_attempt() {
    let mut job = relayed();
    let again = Session(SESSION_PER_NODE + 5);
    job.tell(Event::RelayJoined { node: sat(5), session: again, address: address(5) });
    assert!(job.lost().is_empty());
    assert!(matches!(job.last_said(5), AggregatorMessage::Open { attempt: Attempt(1), .. }));
}

#[test]
fn relays_are_released_and_waited_for() {
    let mut job = relayed();
    for _ in 0..3 {
        job.commits(&[0, 1]);
    }
    job.wait(Duration::from_secs(30), &[0, 1, 5, 6]);
    assert_eq!(job.last_said(5), &AggregatorMessage::Release);
    for slot in [0, 1, 5] {
        job.says(slot, NodeMessage::Leave(Report { state: mean(u64::from(slot / 5)), ..Report::default() }));
    }
    assert!(job.outcome.is_none(), "sat-6 is awaited");
    job.says(6, NodeMessage::Leave(Report::default()));
    assert!(matches!(job.outcome, Some(Outcome::NotLanded { .. })), "{:?}", job.outcome);
    let warned = job.events.iter().any(|what| matches!(what, What::Warning { .. }));
    assert!(!warned, "a relay has no state to differ in: {:?}", job.events);
}
