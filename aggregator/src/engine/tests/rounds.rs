//! What becomes of attempts.

use super::*;

#[test]
fn a_member_lost_before_it_proposed_costs_an_attempt_and_its_samples() {
    let mut job = Job::begun(3);
    job.proposes(0, mean(1));
    job.closes(2);
    assert_eq!(job.lost(), [(sat(2), LossKind::Connection, 8)]);
    let AggregatorMessage::Open { view, round: Round(1), attempt: Attempt(1), .. } = job.last_said(0) else { panic!() };
    assert_eq!((view.id, view.members.len()), (ViewId(2), 2));
    job.commits(&[0, 1]);
    let totals = job.engine.totals();
    assert_eq!((totals.samples_used, totals.samples_lost, totals.rounds_rolled_back), (16, 8, 1));
}

#[test]
fn a_member_lost_after_it_proposed_has_contributed() {
    let mut job = Job::begun(3);
    job.proposes(2, mean(1));
    job.closes(2);
    assert_eq!(job.lost(), [(sat(2), LossKind::Connection, 0)]);
    job.commits(&[0, 1]);
    let AggregatorMessage::Commit { contributors, view, attempt, .. } = job.last_said(0) else { panic!() };
    assert_eq!((contributors.len(), view.members.len(), *attempt), (3, 2, Attempt(0)));
    assert_eq!(job.engine.totals().samples_used, 24);
}

#[test]
fn survivors_that_cannot_finish_without_a_lost_proposer_are_not_waited_for_long() {
    let mut job = Job::begun(3);
    job.proposes(2, mean(1));
    job.closes(2);
    job.wait(Duration::from_secs(3), &[0, 1]);
    assert!(matches!(job.last_said(0), AggregatorMessage::Open { attempt: Attempt(1), .. }));
}

#[test]
fn a_minority_with_other_bytes_is_refused_with_both() {
    let mut job = Job::begun(3);
    job.proposes(0, mean(1));
    job.proposes(1, Digest::of(b"other"));
    job.proposes(2, mean(1));
    let reason = job.refusal(1);
    assert!(reason.contains(&mean(1).short()) && reason.contains(&Digest::of(b"other").short()), "{reason}");
    assert_eq!(job.engine.committed(), Round(1));
    assert_eq!(job.lost(), [(sat(1), LossKind::Refused, 0)]);
}

#[test]
fn without_a_majority_the_round_is_tried_again() {
    let mut job = Job::begun(2);
    job.proposes(0, mean(1));
    job.proposes(1, Digest::of(b"other"));
    assert_eq!(job.engine.totals().rounds_rolled_back, 1);
    job.wait(Duration::from_secs(1), &[0, 1]);
    assert!(matches!(job.last_said(1), AggregatorMessage::Open { attempt: Attempt(1), .. }));
    job.commits(&[0, 1]);
}

#[test]
fn a_peer_that_is_named_in_every_attempt_is_dropped_and_the_others_go_on() {
    let mut job = Job::begun(3);
    for slot in [0, 2, 0] {
        job.fails(slot, 1);
        job.wait(Duration::from_secs(1), &[0, 1, 2]);
    }
    assert!(job.refusal(1).contains("named 3 times"), "{}", job.refusal(1));
    job.commits(&[0, 2]);
}

#[test]
fn attempts_that_fail_for_no_ones_fault_fail_the_job_in_the_end() {
    let mut job = Job::begun(2);
    job.wait(Duration::from_secs(200), &[0, 1]);
    let Some(Outcome::Failed { reason }) = &job.outcome else { panic!("{:?}", job.outcome) };
    assert!(reason.contains("round 1 failed 3 times"), "{reason}");
    assert!(job.refusal(0).contains("the job failed"));
}

#[test]
fn who_has_not_proposed_by_the_deadline_is_named_for_it() {
    let mut job = Job::begun(3);
    for _ in 0..3 {
        job.proposes(0, mean(1));
        job.proposes(2, mean(1));
        job.wait(Duration::from_secs(61), &[0, 1, 2]);
    }
    assert_eq!(job.lost(), [(sat(1), LossKind::Refused, 8)]);
}

#[test]
fn rounds_are_planned_for_the_mission_time_of_their_beginning_and_say_so() {
    let began = MissionTime::from_secs_f64(100.0);
    let pace = Pace { begin: began, time_scale: 60.0 };
    let mut job = Job::with(Rules { pace, lead: Duration::from_secs(7), ..rules(2) });
    for slot in 0..2 {
        job.joins(slot, join(slot));
    }
    let AggregatorMessage::Open { planned, .. } = *job.last_said(0) else { panic!("an opening") };
    assert_eq!(planned.at, began + Duration::from_secs(7));
    job.now = Duration::from_secs(2);
    job.closes(1);
    let AggregatorMessage::Open { planned: alone, .. } = *job.last_said(0) else { panic!("an opening") };
    assert_eq!(alone.at, began + Duration::from_secs(127), "another roster is planned for anew");
    job.commits(&[0]);
    let AggregatorMessage::Commit { next, .. } = job.last_said(0) else { panic!("a commit") };
    assert_eq!(*next, Some(alone), "what was planned still holds");
    let plans = job.events.iter().filter(|what| matches!(what, What::RoundPlanned { .. })).count();
    assert_eq!(plans, 3);
}

#[test]
fn a_job_whose_members_cannot_reach_each_other_ends_with_the_reason() {
    // The contacts are those of sat-0 and sat-1.
    let mut job = Job::with(Rules { planner: crate::engine::testing::planner(2), ..rules(3) });
    for slot in 0..3 {
        job.joins(slot, join(slot));
    }
    let Some(Outcome::Failed { reason }) = &job.outcome else { panic!("{:?}", job.outcome) };
    assert!(reason.contains("no schedule for round 1") && reason.contains("sat-2"), "{reason}");
}
