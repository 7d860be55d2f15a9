//! What breaks under a member: lanes, frames, the connection to the aggregator.

use super::*;
use crate::limits::{LANE_PATIENCE, MAX_EARLY_FRAMES};

#[test]
fn a_frame_that_is_damaged_before_the_contribution_is_there_fails_the_attempt_too() {
    let mut member = joined(0, &[0, 1]);
    let error = crate::collective::FrameError::Length { bytes: 3 };
    assert_eq!(failures(&member.handle(T0, Event::Corrupt { from: sat(1), error })), 1);
    let begun =
        |commands: &[Command]| commands.iter().any(|c| matches!(c, Command::Phase(_, _, crate::events::Phase::Reduce)));
    assert!(!begun(&member.handle(T0, contribution(1.0))), "it is over before it begins");
    assert!(begun(&member.handle(T0, open(view(1, &[0, 1]), 1, 1))));
}

#[test]
fn a_lane_is_paused_when_it_runs_too_far_ahead_and_resumed_in_the_round_it_was_for() {
    let (mut ahead, mut behind) = (joined(0, &[0, 1]), joined(1, &[0, 1]));
    ahead.handle(T0, contribution(1.0));
    let frame = ahead.poll_transmit(&sat(1)).expect("a frame");
    let early = |frame: &Frame| Event::Frame { from: sat(0), frame: frame.clone() };
    for _ in 1..MAX_EARLY_FRAMES {
        assert_eq!(behind.handle(T0, early(&frame)), []);
    }
    assert_eq!(behind.handle(T0, early(&frame)), [Command::Pause(sat(0))]);
    // A second frame of the same place is one too many; what matters here is that the lane is read again.
    assert!(behind.handle(T0, contribution(3.0)).contains(&Command::Resume(sat(0))));
}

#[test]
fn an_attempt_fails_once_and_the_next_begins_from_the_same_contribution() {
    let (mut a, mut b) = (joined(0, &[0, 1]), joined(1, &[0, 1]));
    a.handle(T0, contribution(1.0));
    b.handle(T0, contribution(3.0));
    let lost = a.poll_transmit(&sat(1)).expect("a frame");
    let broken = || Event::SourceDown { from: sat(0), reason: "reset".into() };
    assert_eq!(failures(&b.handle(T0, broken())), 1);
    assert_eq!(failures(&b.handle(T0, broken())), 0, "an attempt fails once");
    assert_eq!(failures(&a.handle(T0, Event::LaneDown { to: sat(1), reason: "reset".into() })), 1);
    for member in [&mut a, &mut b] {
        member.handle(T0, open(view(1, &[0, 1]), 1, 1));
    }
    assert_eq!(b.handle(T0, Event::Frame { from: sat(0), frame: lost }), [], "a frame of a dead attempt is dropped");
    let digest = proposed(&exchange(&mut a, &mut b)).expect("a proposal");
    let commands = b.handle(T0, commit(1, digest, view(1, &[0, 1]), Then::Continue));
    assert_eq!(agreed(&commands).expect("a mean").mean, [2.0; 8]);
}

#[test]
fn a_lane_that_breaks_before_it_carried_anything_is_only_dialled_again() {
    let mut member = joined(0, &[0, 1]);
    let down = || Event::LaneDown { to: sat(1), reason: "reset".into() };
    assert_eq!(member.handle(T0, down()), [Command::Redial(sat(1))]);
    member.handle(T0, contribution(1.0));
    assert_eq!(member.handle(T0, down()), [Command::Redial(sat(1))]);
}

#[test]
fn a_proposal_is_kept_when_a_lane_breaks_after_it() {
    let (mut a, mut b) = (joined(0, &[0, 1]), joined(1, &[0, 1]));
    a.handle(T0, contribution(1.0));
    b.handle(T0, contribution(3.0));
    let digest = proposed(&exchange(&mut a, &mut b)).expect("a proposal");
    assert_eq!(failures(&a.handle(T0, Event::LaneDown { to: sat(1), reason: "reset".into() })), 1);
    let commands = a.handle(T0, commit(1, digest, view(1, &[0, 1]), Then::Continue));
    assert!(agreed(&commands).is_some(), "the others had all they needed");
}

#[test]
fn a_restarted_aggregator_is_told_all_that_is_open() {
    let mut member = joined(0, &[0]);
    let digest = proposed(&member.handle(T0, contribution(1.5))).expect("a proposal");
    member.handle(T0, Event::CheckpointWritten { round: Round(0), state: Digest::of(b"state") });
    member.handle(T0, Event::Disconnected);
    let commands = member.handle(T0, Event::Connected);
    let messages = sent(&commands);
    let NodeMessage::Join(join) = messages[0] else { panic!("{messages:?}") };
    assert_eq!(
        (join.attempt, join.pending.as_ref().map(|pending| pending.digest)),
        (Some(AttemptNumber(0)), Some(digest))
    );
    let written = NodeMessage::CheckpointWritten { round: Round(0), state: Digest::of(b"state") };
    assert_eq!(messages[1..], [&written]);
}

#[test]
fn an_aggregator_that_stays_away_ends_the_membership_after_its_patience() {
    let mut member = joined(0, &[0]);
    assert_eq!(member.next_deadline(), None);
    let lost = Duration::from_secs(10);
    member.handle(lost, Event::Disconnected);
    assert_eq!(member.next_deadline(), Some(lost + PATIENCE));
    assert_eq!(member.handle(lost + PATIENCE / 2, Event::Time), []);
    let commands = member.handle(lost + PATIENCE, Event::Time);
    assert_eq!(failed(&commands), Some(&Failure::AggregatorLost { patience: PATIENCE }));
}

#[test]
fn a_lane_that_cannot_be_connected_fails_the_attempt_after_a_while() {
    let mut member = member(0, 8);
    member.handle(T0, Event::Connected);
    member.handle(T0, open(view(1, &[0, 1]), 1, 0));
    member.handle(T0, contribution(1.0));
    assert_eq!(member.next_deadline(), Some(LANE_PATIENCE));
    assert_eq!(failures(&member.handle(LANE_PATIENCE, Event::Time)), 1);
    assert_eq!(member.next_deadline(), None);
    let commands = member.handle(LANE_PATIENCE, open(view(1, &[0, 1]), 1, 1));
    assert_eq!(failures(&commands), 0, "the next attempt gives it time again");
    let refused = Event::LaneRefused { to: sat(1), reason: "of another job".into() };
    assert_eq!(failures(&member.handle(LANE_PATIENCE, refused)), 1);
}
