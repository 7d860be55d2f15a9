//! How jobs end.

use super::*;

#[test]
fn a_job_without_faults_runs_to_its_end() {
    let mut job = Job::begun(3);
    assert!(matches!(job.last_said(0), AggregatorMessage::Open { round: Round(1), attempt: Attempt(0), .. }));
    for _ in 1..=3 {
        job.commits(&[0, 1, 2]);
    }
    assert!(matches!(job.last_said(1), AggregatorMessage::Commit { then: Then::Finish, .. }));
    for slot in 0..3 {
        job.says(slot, NodeMessage::CheckpointWritten { round: Round(3), state: mean(3) });
    }
    assert_eq!(*job.last_said(0), AggregatorMessage::TakeCustody { round: Round(3) });
    let landed = NodeMessage::Landed { round: Round(3), digest: mean(3), bytes: 9, path: "model".into() };
    job.says(0, landed);
    assert_eq!(*job.last_said(2), AggregatorMessage::Release);
    for slot in 0..3 {
        assert_eq!(job.outcome, None);
        job.says(slot, NodeMessage::Leave(Report::default()));
    }
    assert_eq!(job.outcome, Some(Outcome::Completed));
    let Some(What::Finished { rounds_committed: 3, samples_used: 72, samples_lost: 0, .. }) = job.events.last() else {
        panic!("{:?}", job.events.last())
    };
    assert_eq!(job.engine.next_deadline(), None);
}

#[test]
fn a_stop_ends_the_job_after_the_next_commit() {
    let mut job = Job::begun(2);
    job.tell(Event::Stop);
    job.commits(&[0, 1]);
    assert!(matches!(job.last_said(0), AggregatorMessage::Commit { then: Then::Finish, round: Round(1), .. }));
    for slot in [0, 1] {
        job.says(slot, NodeMessage::CheckpointWritten { round: Round(1), state: mean(1) });
    }
    let custodian = if *job.last_said(0) == (AggregatorMessage::TakeCustody { round: Round(1) }) { 0 } else { 1 };
    job.says(custodian, NodeMessage::Landed { round: Round(1), digest: mean(1), bytes: 9, path: "model".into() });
    for slot in [0, 1] {
        job.says(slot, NodeMessage::Leave(Report::default()));
    }
    assert_eq!(job.outcome, Some(Outcome::Interrupted));
}

#[test]
fn a_stop_before_the_job_has_begun_ends_it_at_once() {
    let mut job = Job::with(rules(2));
    job.joins(0, join(0));
    job.tell(Event::Stop);
    assert_eq!(job.outcome, Some(Outcome::Interrupted));
    assert!(job.refusal(0).contains("stopped before it began"));
}

#[test]
fn a_checkpoint_that_does_not_land_in_time_is_not_waited_for_longer() {
    let mut job = Job::begun(1);
    for _ in 1..=3 {
        job.commits(&[0]);
    }
    job.says(0, NodeMessage::CheckpointWritten { round: Round(3), state: mean(3) });
    job.says(0, NodeMessage::CustodyFailed { round: Round(3), reason: "the station is out of sight".into() });
    job.wait(Duration::from_secs(31), &[0]);
    assert_eq!(*job.last_said(0), AggregatorMessage::Release);
    job.says(0, NodeMessage::Leave(Report::default()));
    let Some(Outcome::NotLanded { reason }) = &job.outcome else { panic!("{:?}", job.outcome) };
    assert!(reason.contains("round 3") && reason.contains("sat-0"), "{reason}");
}

#[test]
fn a_journal_that_fails_ends_the_job_without_claiming_what_is_not_on_disk() {
    let mut job = Job::begun(2);
    job.commits(&[0, 1]);
    job.proposes(0, mean(2));
    let proposal = job.proposal(mean(2));
    let message = NodeMessage::Proposal(proposal);
    let commands = job.engine.handle(job.now, Event::Message { node: sat(1), session: session(1), message });
    assert!(matches!(commands[0], Command::Journal(Record::Committed(_))));
    job.tell(Event::JournalFailed { reason: "no space left on device".into() });
    let Some(Outcome::Failed { reason }) = &job.outcome else { panic!("{:?}", job.outcome) };
    assert!(reason.contains("no space left"), "{reason}");
    assert!(matches!(job.events.last(), Some(What::Finished { rounds_committed: 1, .. })));
    assert!(job.refusal(0).contains("no space left"));
}

#[test]
fn a_job_that_is_over_is_over_also_if_its_last_record_cannot_be_written() {
    let mut job = Job::begun(1);
    for _ in 1..=3 {
        job.commits(&[0]);
    }
    job.says(0, NodeMessage::CheckpointWritten { round: Round(3), state: mean(3) });
    job.says(0, NodeMessage::Landed { round: Round(3), digest: mean(3), bytes: 9, path: "model".into() });
    let message = NodeMessage::Leave(Report::default());
    let commands = job.engine.handle(job.now, Event::Message { node: sat(0), session: session(0), message });
    assert!(commands.iter().any(|command| matches!(command, Command::Journal(Record::Finished { .. }))));
    job.tell(Event::JournalFailed { reason: "no space left on device".into() });
    assert_eq!(job.outcome, Some(Outcome::Completed));
    assert!(job.events.iter().any(|what| matches!(what, What::Warning { message } if message.contains("no space"))));
}
