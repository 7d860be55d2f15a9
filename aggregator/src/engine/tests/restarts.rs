//! What a restarted aggregator, or a resumed job, makes of its journal and its members.

use super::*;

#[test]
fn a_commit_that_a_member_did_not_hear_before_the_aggregator_died_is_said_again() {
    let mut job = Job::begun(2);
    let pending = job.proposal(mean(1));
    job.commits(&[0, 1]);
    job.restart();
    job.comes_back(0, 1, None);
    job.comes_back(1, 0, Some(pending));
    let said = &job.said[&sat(1)];
    assert!(matches!(said[0], AggregatorMessage::Commit { round: Round(1), .. }), "{said:?}");
    assert!(matches!(said[1], AggregatorMessage::Open { round: Round(2), attempt: Attempt(1), .. }), "{said:?}");
    assert!(matches!(job.said[&sat(0)][..], [AggregatorMessage::Open { round: Round(2), .. }]));
    job.commits(&[0, 1]);
}

#[test]
fn what_all_members_hold_is_committed_by_the_restarted_aggregator() {
    let mut job = Job::begun(2);
    let pending = Some(job.proposal(mean(1)));
    job.proposes(0, mean(1));
    job.restart();
    job.comes_back(0, 0, pending.clone());
    job.comes_back(1, 0, pending);
    assert_eq!(job.engine.committed(), Round(1));
    assert!(matches!(job.last_said(1), AggregatorMessage::Commit { round: Round(1), attempt: Attempt(0), .. }));
}

#[test]
fn what_only_some_members_hold_is_rolled_back_by_the_restarted_aggregator() {
    let mut job = Job::begun(3);
    let pending = Some(job.proposal(mean(1)));
    job.restart();
    job.comes_back(0, 0, pending.clone());
    job.comes_back(1, 0, pending);
    job.wait(Duration::from_secs(3), &[0, 1]);
    assert_eq!(job.lost(), [(sat(2), LossKind::Absence, 8)]);
    let AggregatorMessage::Open { view, attempt: Attempt(1), .. } = job.last_said(0) else { panic!() };
    assert_eq!(view.members.len(), 2);
    job.commits(&[0, 1]);
}

#[test]
fn a_restarted_aggregator_opens_an_attempt_that_nobody_has_seen() {
    let mut job = Job::begun(2);
    job.restart();
    job.comes_back(0, 0, None);
    let history = job.histories[0].digest();
    job.joins(1, Join { history, attempt: Some(Attempt(4)), ..join(1) });
    assert!(matches!(job.last_said(0), AggregatorMessage::Open { attempt: Attempt(5), .. }));
}

#[test]
fn a_member_that_never_heard_the_first_opening_is_told_whom_samples_were_issued_to() {
    let mut job = Job::begun(3);
    job.restart();
    job.comes_back(0, 0, None);
    job.joins(1, join(1));
    job.wait(Duration::from_secs(3), &[0, 1]);
    let [first, second] = &job.said[&sat(1)][..] else { panic!("{:?}", job.said) };
    assert!(matches!(first, AggregatorMessage::Open { view, attempt: Attempt(0), .. } if view.members.len() == 3));
    assert!(matches!(second, AggregatorMessage::Open { view, attempt: Attempt(1), .. } if view.members.len() == 2));
    assert_eq!(job.said[&sat(0)].len(), 1);
}

#[test]
fn rounds_that_a_damaged_journal_lost_are_adopted_from_the_members() {
    let mut job = Job::begun(2);
    job.commits(&[0, 1]);
    job.commits(&[0, 1]);
    job.journal.pop();
    job.restart();
    job.comes_back(0, 2, None);
    job.comes_back(1, 2, None);
    assert_eq!(job.engine.committed(), Round(2));
    assert!(job.events.iter().any(|what| matches!(what, What::Warning { message } if message.contains("round 2"))));
    assert_eq!(job.engine.totals().samples_used, 32);
    job.commits(&[0, 1]);
    let replayed = Engine::recover(job.engine.rules.clone(), job.now, &job.journal);
    assert_eq!((replayed.committed(), replayed.totals()), (Round(3), job.engine.totals()));
}

#[test]
fn a_member_that_comes_back_with_another_history_is_refused_with_both() {
    let mut job = Job::begun(3);
    job.commits(&[0, 1, 2]);
    job.restart();
    job.comes_back(0, 1, None);
    job.comes_back(1, 1, None);
    let history = Digest::of(b"another");
    job.joins(2, Join { committed: Round(1), history, attempt: None, ..join(2) });
    assert!(job.refusal(2).contains(&history.short()), "{}", job.refusal(2));
    job.commits(&[0, 1]);
}

#[test]
fn a_resumed_job_goes_on_from_the_state_its_nodes_have() {
    let mut job = Job::begun(2);
    job.commits(&[0, 1]);
    job.commits(&[0, 1]);
    let rules = job.engine.rules.clone();
    let error = Engine::resume(rules.clone(), job.now, &job.journal, Round(3)).expect_err("beyond the journal");
    assert_eq!(error, ResumeError { wanted: Round(3), committed: Round(2) });

    job.engine = Engine::resume(rules.clone(), job.now, &job.journal, Round(1)).expect("in the journal");
    job.histories.truncate(2);
    let (committed, history) = (Round(1), job.histories[1].digest());
    for slot in [0, 1] {
        job.joins(slot, Join { committed, history, ..join(slot) });
    }
    let AggregatorMessage::Open { view, round: Round(2), attempt: Attempt(0), .. } = job.last_said(0) else { panic!() };
    assert!(view.id > ViewId(1), "views grow");
    job.commits(&[0, 1]);
    assert_eq!((job.engine.totals().rounds_committed, job.engine.totals().samples_used), (2, 32));
    let replayed = Engine::recover(rules, job.now, &job.journal);
    assert_eq!((replayed.committed(), replayed.totals()), (Round(2), job.engine.totals()));
}

#[test]
fn a_restarted_aggregator_of_a_job_that_is_over_says_so_again() {
    let mut job = Job::begun(1);
    for _ in 1..=3 {
        job.commits(&[0]);
    }
    job.says(0, NodeMessage::CheckpointWritten { round: Round(3), state: mean(3) });
    job.says(0, NodeMessage::Landed { round: Round(3), digest: mean(3), bytes: 9, path: "model".into() });
    job.says(0, NodeMessage::Leave(Report::default()));
    assert_eq!(job.outcome.take(), Some(Outcome::Completed));
    job.restart();
    job.wait(Duration::from_secs(1), &[]);
    assert_eq!(job.outcome, Some(Outcome::Completed));
}

#[test]
fn a_job_resumed_after_its_last_round_only_lands_its_checkpoint() {
    let mut job = Job::begun(2);
    for _ in 1..=3 {
        job.commits(&[0, 1]);
    }
    job.engine = Engine::resume(job.engine.rules.clone(), job.now, &job.journal, Round(3)).expect("in the journal");
    let (committed, history) = (Round(3), job.histories[3].digest());
    for slot in [0, 1] {
        job.joins(slot, Join { committed, history, ..join(slot) });
    }
    assert!(matches!(job.last_said(0), AggregatorMessage::Open { round: Round(4), .. }), "they learn the roster");
    for slot in [0, 1] {
        job.says(slot, NodeMessage::CheckpointWritten { round: Round(3), state: mean(3) });
    }
    job.says(0, NodeMessage::Landed { round: Round(3), digest: mean(3), bytes: 9, path: "model".into() });
    for slot in [0, 1] {
        assert_eq!(*job.last_said(slot), AggregatorMessage::Release);
        job.says(slot, NodeMessage::Leave(Report::default()));
    }
    assert_eq!(job.outcome, Some(Outcome::Completed));
}

#[test]
fn nodes_whose_aggregator_lost_its_whole_journal_begin_again_where_they_are() {
    let mut job = Job::begun(2);
    job.commits(&[0, 1]);
    job.journal.clear();
    job.restart();
    job.comes_back(0, 1, None);
    job.comes_back(1, 1, None);
    assert!(matches!(job.last_said(0), AggregatorMessage::Open { round: Round(2), attempt: Attempt(1), .. }));
    job.commits(&[0, 1]);
}
