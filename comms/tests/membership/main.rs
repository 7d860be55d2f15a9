//! Memberships over real links of this machine, in plain text: several in one process, with an aggregator in miniature
//! that keeps the protocol.
#![cfg(feature = "net")]
#![expect(clippy::expect_used, reason = "what cannot go on panics")]

#[path = "../rounds/aggregator.rs"]
mod aggregator;
mod office;
mod trainer;

use starloom_comms::control::AggregatorMessage;
use starloom_comms::events::Phase;
use starloom_comms::id::{NodeId, Round};
use starloom_comms::net::membership::{JoinError, Membership, MembershipError};

use crate::office::Order;
use crate::trainer::{Job, Outcome, ROUNDS, Trainer, gradient};

#[test]
fn members_agree_bit_for_bit_over_lanes_with_rate_and_delay() {
    let job = Job::open(3, "");
    let trainers = (0..3).map(|index| job.train(index, |_| {}, |_, _| true)).collect();
    let outcomes = finish(trainers);
    assert_eq!(outcomes.len(), 3);
    assert_all_agree(&outcomes);
    assert!(outcomes.iter().all(|outcome| outcome.wire_bytes * 100 < outcome.raw_bytes * 53), "fp16 halves the bytes");
    assert_eq!(job.close().rollbacks, 0);
}

#[test]
fn a_member_that_drops_out_between_rounds_is_done_without() {
    let job = Job::open(3, "");
    let stays = |index, round| index != 2 || round < Round(3);
    let trainers = (0..3).map(|index| job.train(index, |_| {}, move |_, round| stays(index, round))).collect();
    let outcomes = finish(trainers);
    assert_eq!(outcomes.iter().map(|outcome| outcome.digests.len()).collect::<Vec<_>>(), [ROUNDS, ROUNDS, 2]);
    assert_all_agree(&outcomes);
    let last = outcomes[0].contributors.last().expect("a last round");
    assert_eq!(last.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>(), [NodeId::satellite(0), NodeId::satellite(1)]);
    job.close();
}

#[test]
fn a_member_that_is_cut_off_in_a_reduce_is_done_without_and_told_why() {
    let job = Job::open(4, "");
    let orders = job.office.orders.clone();
    let evict = move |at| {
        if at == (Round(3), Phase::Reduce) {
            orders.send(Order::Evict(NodeId::satellite(3))).ok();
        }
    };
    let mut trainers: Vec<Trainer> = (0..3).map(|index| job.train(index, |_| {}, |_, _| true)).collect();
    trainers.push(job.train(3, evict, |_, _| true));
    let outcomes = finish(trainers);
    assert_all_agree(&outcomes);
    assert!(outcomes[..3].iter().all(|outcome| outcome.digests.len() == ROUNDS));
    let refused = outcomes[3].error.as_ref().expect("it is told");
    assert!(matches!(refused, MembershipError::Refused { reason } if reason == "evicted"), "{refused}");
    job.close();
}

#[test]
fn an_aggregator_that_is_restarted_in_a_reduce_finds_the_job_as_it_was() {
    let job = Job::open(3, "");
    let mut orders = Some(job.office.orders.clone());
    let restart = move |at| {
        // Once: the next attempt enters the phase again.
        if at == (Round(2), Phase::Reduce)
            && let Some(orders) = orders.take()
        {
            orders.send(Order::Restart).ok();
        }
    };
    let mut trainers = vec![job.train(0, restart, |_, _| true)];
    trainers.extend((1..3).map(|index| job.train(index, |_| {}, |_, _| true)));
    let outcomes = finish(trainers);
    assert!(outcomes.iter().all(|outcome| outcome.digests.len() == ROUNDS && outcome.error.is_none()));
    assert_all_agree(&outcomes);
    assert_eq!(job.office.restarts(), 1);
    job.close();
}

#[test]
fn a_stranger_is_refused_with_the_reason() {
    let job = Job::open(1, "");
    let error = Membership::join(job.config(7, |_| {})).expect_err("is no member");
    assert!(matches!(&error, JoinError::Membership(MembershipError::Refused { .. })), "{error}");
    finish(vec![job.train(0, |_| {}, |_, _| true)]);
    job.close();
}

#[test]
fn nobody_at_the_aggregators_address_ends_the_wait_after_the_patience() {
    let job = Job::open(1, "");
    let mut config = job.config(0, |_| {});
    // Bound and never served: nobody answers there.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    config.aggregator = nobody.local_addr().expect("an address");
    drop(nobody);
    let mut scenario = (*config.scenario).clone();
    scenario.aggregator.patience = std::time::Duration::from_millis(200);
    config.scenario = scenario.into();
    let error = Membership::join(config).expect_err("nobody is there");
    assert!(matches!(&error, JoinError::Membership(MembershipError::AggregatorLost(_))), "{error}");
    finish(vec![job.train(0, |_| {}, |_, _| true)]);
    job.close();
}

#[test]
fn a_contribution_that_does_not_fit_is_refused_and_the_membership_goes_on() {
    let job = Job::open(1, "");
    let mut membership = Membership::join(job.config(0, |_| {})).expect("joins");
    let out_of_order = membership.all_reduce(Round(2), gradient(0, Round(2)), 1).expect_err("round 1 is next");
    assert_eq!(out_of_order.to_string(), "a contribution to round 2; round 1 is next");
    let length = membership.all_reduce(Round(1), vec![0.0; 3], 1).expect_err("too short");
    assert!(matches!(length, MembershipError::Length { got: 3, .. }), "{length}");
    assert!(membership.all_reduce(Round(1), gradient(0, Round(1)), 1).is_ok());
    drop(membership);
    job.close();
}

fn finish(trainers: Vec<Trainer>) -> Vec<Outcome> {
    trainers.into_iter().map(|trainer| trainer.join().expect("a trainer does not panic")).collect()
}

fn assert_all_agree(outcomes: &[Outcome]) {
    let longest = outcomes.iter().max_by_key(|outcome| outcome.digests.len()).expect("somebody");
    for outcome in outcomes {
        assert_eq!(outcome.digests, longest.digests[..outcome.digests.len()], "the agreed bytes");
        assert_eq!(outcome.means, longest.means[..outcome.means.len()], "the applied bits");
    }
}

/// Whether a job's journal ends with the commit of `round`.
fn last_commit_is(aggregator: &aggregator::Aggregator, round: Round) -> bool {
    matches!(aggregator.journal.commits.last(), Some(AggregatorMessage::Commit { round: last, .. }) if *last == round)
}

#[test]
fn the_last_checkpoint_is_brought_to_the_station_before_anybody_leaves() {
    let job = Job::open(2, "");
    let outcomes = finish((0..2).map(|index| job.train(index, |_| {}, |_, _| true)).collect());
    assert!(outcomes.iter().all(|outcome| outcome.error.is_none()));
    assert_eq!(job.landed(), [job.model()]);
    assert!(last_commit_is(&job.close(), Round(ROUNDS as u64)));
}
