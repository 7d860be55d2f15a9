//! Who is in.

use super::*;

#[test]
fn a_silent_member_is_lost_and_a_heartbeat_is_a_sign_of_life() {
    let mut job = Job::begun(2);
    job.wait(Duration::from_secs(3), &[0]);
    assert_eq!(job.lost(), [(sat(1), LossKind::Silence, 8)]);
}

#[test]
fn an_aggregator_that_slept_does_not_take_its_own_silence_for_theirs() {
    let mut job = Job::begun(2);
    job.now += Duration::from_secs(100);
    job.tell(Event::Tick);
    assert_eq!(job.lost(), []);
    job.wait(Duration::from_secs(3), &[]);
    assert_eq!(job.lost().len(), 2, "and both were silent from then on");
}

#[test]
fn nodes_that_never_come_are_absent_and_strangers_are_refused() {
    let mut job = Job::with(rules(3));
    job.joins(0, join(0));
    job.joins(7, join(7));
    assert!(job.refusal(7).contains("sat-7 is not a node of this scenario"));
    job.joins(2, join(2));
    job.wait(Duration::from_secs(21), &[0, 2]);
    assert_eq!(job.lost(), [(sat(1), LossKind::Absence, 0)]);
    job.joins(1, join(1));
    assert!(job.refusal(1).contains("a lost node cannot come back"), "{}", job.refusal(1));
    job.commits(&[0, 2]);
}

#[test]
fn fewer_nodes_than_the_scenario_wants_fail_the_job() {
    let mut job = Job::with(Rules { min_nodes: 2, ..rules(2) });
    job.joins(0, join(0));
    job.wait(Duration::from_secs(21), &[0]);
    assert!(matches!(&job.outcome, Some(Outcome::Failed { reason }) if reason.contains("1 of 2")), "{:?}", job.outcome);
}

#[test]
fn a_node_that_differs_from_the_others_is_refused_with_both_values() {
    type Differ = fn(&mut Join);
    let differing: [(Differ, &str, &str); 4] = [
        (|join| join.elements = 11, "11", "10"),
        (|join| join.data.samples = 99, "99", "100"),
        (|join| join.data.holding = Holding::Private, "Private", "Shared"),
        (|join| join.committed = Round(4), "round 4", "has 0"),
    ];
    for (differ, theirs, ours) in differing {
        let mut job = Job::with(rules(3));
        let mut other = join(0);
        differ(&mut other);
        job.joins(0, other);
        job.joins(1, join(1));
        job.joins(2, join(2));
        let reason = job.refusal(0);
        assert!(reason.contains(theirs) && reason.contains(ours), "{reason}");
        job.commits(&[1, 2]);
    }
}

#[test]
fn a_member_that_connects_again_before_its_loss_was_seen_stays() {
    let mut job = Job::begun(2);
    job.commits(&[0, 1]);
    let history = job.histories[1];
    let again = Join { committed: Round(1), history: history.digest(), attempt: Some(Attempt(0)), ..join(1) };
    job.tell(Event::Joined { node: sat(1), session: Session(SESSION_PER_NODE + 1), join: again });
    job.closes(1);
    assert_eq!(job.lost(), [], "that was its old connection");
    assert!(matches!(job.last_said(1), AggregatorMessage::Open { round: Round(2), attempt: Attempt(1), .. }));
}
