//! A member's life, one event at a time.

mod breakage;

use std::sync::Arc;

use super::*;
use crate::codec::Wire;
use crate::collective::cost::CostModel;
use crate::collective::{Contribution, RoundPlanner};
use crate::contacts::ContactPlan;
use crate::control::{DataInfo, Holding, Member as Peer, PlanStamp, Then, View};
use crate::events::What;
use crate::id::{Attempt as AttemptNumber, Digest, Round, ViewId};
use crate::scenario::StrategyChoice;
use crate::units::{BitsPerSecond, MissionTime};

const PATIENCE: Duration = Duration::from_secs(60);
const T0: Duration = Duration::ZERO;

fn sat(index: u32) -> NodeId {
    NodeId::satellite(index)
}

fn view(id: u32, members: &[u32]) -> View {
    let member = |&index: &u32| Peer { id: sat(index), address: ([127, 0, 0, 1], 1000 + index as u16).into() };
    View { id: ViewId(id), members: members.iter().map(member).collect(), relays: Arc::default() }
}

/// Plans over lasting links between the first three.
fn planner() -> RoundPlanner {
    let contact = crate::contacts::Contact {
        start: MissionTime::ZERO,
        end: MissionTime::NEVER,
        rate: BitsPerSecond(1_000_000).into(),
        light_time: Duration::ZERO.into(),
    };
    let pairs = (0..3).flat_map(|a| (0..3).map(move |b| (a, b))).filter(|(a, b)| a != b);
    let contacts = ContactPlan::new(pairs.map(|(a, b)| (sat(a), sat(b), contact.clone()))).expect("a sound plan");
    RoundPlanner::new(StrategyChoice::Ring, CostModel::of(Wire::F32), Arc::new(contacts))
}

fn member(index: u32, elements: usize) -> Member {
    let settings = Settings {
        node: sat(index),
        address: ([127, 0, 0, 1], 1000).into(),
        part: Part::Train { data: DataInfo { samples: 100, holding: Holding::Shared }, elements, exempt: 0 },
        numbers: Numbers::Here,
        planner: planner(),
        patience: PATIENCE,
    };
    Member::new(settings, History::at(Round(0), Digest::default()), T0)
}

/// A member that is connected, in view 1 of `members`.
fn joined(index: u32, members: &[u32]) -> Member {
    let mut member = member(index, 8);
    member.handle(T0, Event::Connected);
    member.handle(T0, open(view(1, members), 1, 0));
    for &peer in members {
        member.handle(T0, Event::LaneUp { to: sat(peer) });
    }
    member
}

/// Which schedule a view's attempts run by.
fn stamp(view: &View) -> PlanStamp {
    planner().at(view, 8, MissionTime::ZERO).expect("all see each other").stamp
}

fn open(view: View, round: u64, attempt: u32) -> Event {
    let (round, attempt, planned) = (Round(round), AttemptNumber(attempt), stamp(&view));
    Event::Message(AggregatorMessage::Open { view, round, attempt, elements: 8, planned })
}

fn commit(round: u64, digest: Digest, view: View, then: Then) -> Event {
    let contributors = view.members.iter().map(|member| (member.id.clone(), 4)).collect();
    let (round, attempt) = (Round(round), AttemptNumber(0));
    let next = (then == Then::Continue).then(|| stamp(&view));
    Event::Message(AggregatorMessage::Commit { round, attempt, digest, contributors, view, then, next })
}

fn contribution(value: f32) -> Event {
    Event::Contribution(Contribution::new(Arc::new(vec![value; 8]), 4))
}

fn sent(commands: &[Command]) -> Vec<&NodeMessage> {
    commands
        .iter()
        .filter_map(|command| if let Command::Send(message) = command { Some(message) } else { None })
        .collect()
}

fn proposed(commands: &[Command]) -> Option<Digest> {
    sent(commands).into_iter().find_map(|message| match message {
        NodeMessage::Proposal(proposal) => Some(proposal.digest),
        _ => None,
    })
}

fn failures(commands: &[Command]) -> usize {
    sent(commands).iter().filter(|message| matches!(message, NodeMessage::AttemptFailed { .. })).count()
}

fn failed(commands: &[Command]) -> Option<&Failure> {
    commands.iter().find_map(|command| if let Command::Fail(failure) = command { Some(failure) } else { None })
}

fn agreed(commands: &[Command]) -> Option<&Agreed> {
    commands.iter().find_map(|command| if let Command::Agreed(agreed) = command { Some(&**agreed) } else { None })
}

/// Carries frames between two members until there are none; gives the commands of both.
fn exchange(a: &mut Member, b: &mut Member) -> Vec<Command> {
    let mut commands = Vec::new();
    let mut moved = true;
    while std::mem::take(&mut moved) {
        for _ in 0..2 {
            while let Some(frame) = a.poll_transmit(&b.settings.node) {
                moved = true;
                commands.extend(b.handle(T0, Event::Frame { from: a.settings.node.clone(), frame }));
            }
            commands.extend(a.poll_commands());
            std::mem::swap(a, b);
        }
    }
    commands
}

#[test]
fn a_lone_member_agrees_with_itself_and_leaves_when_released() {
    let mut member = joined(0, &[0]);
    let commands = member.handle(T0, contribution(1.5));
    let digest = proposed(&commands).expect("a proposal");
    assert_eq!(agreed(&commands), None, "nothing is applied before the commit");
    let commands = member.handle(T0, commit(1, digest, view(1, &[0]), Then::Finish));
    let agreed = agreed(&commands).expect("the commit");
    assert_eq!((agreed.mean.clone(), agreed.history), (vec![1.5; 8], member.history().digest()));
    assert_eq!(member.handle(T0, Event::Leave(Report::default())), []);
    let commands = member.handle(T0, Event::Message(AggregatorMessage::Release));
    assert_eq!(sent(&commands), [&NodeMessage::Leave(Report::default())]);
    assert_eq!(commands.last(), Some(&Command::Left(Report::default())));
    assert_eq!(member.handle(T0, Event::Disconnected), []);
    assert_eq!(member.next_deadline(), None);
}

#[test]
fn a_member_that_is_released_leaves_when_it_can_be_heard() {
    let mut member = joined(0, &[0]);
    member.handle(T0, Event::Message(AggregatorMessage::Release));
    member.handle(T0, Event::Disconnected);
    assert_eq!(member.handle(T0, Event::Leave(Report::default())), []);
    let commands = member.handle(T0, Event::Connected);
    assert_eq!(sent(&commands).last(), Some(&&NodeMessage::Leave(Report::default())));
    assert_eq!(commands.last(), Some(&Command::Left(Report::default())));
}

#[test]
fn a_commit_of_other_bytes_ends_the_membership() {
    let mut member = joined(0, &[0]);
    let computed = proposed(&member.handle(T0, contribution(1.5))).expect("a proposal");
    let committed = Digest::of(b"other");
    let commands = member.handle(T0, commit(1, committed, view(1, &[0]), Then::Continue));
    assert_eq!(failed(&commands), Some(&Failure::Diverged { round: Round(1), committed, computed }));
    assert_eq!(agreed(&commands), None);
}

#[test]
fn a_commit_of_what_is_not_proposed_ends_the_membership() {
    let mut member = joined(0, &[0]);
    let digest = Digest::of(b"unknown");
    let commands = member.handle(T0, commit(1, digest, view(1, &[0]), Then::Continue));
    assert_eq!(failed(&commands), Some(&Failure::NotPending { round: Round(1), digest, applied: Round(0) }));
}

#[test]
fn a_commit_that_is_said_again_is_applied_once() {
    let mut member = joined(0, &[0]);
    let digest = proposed(&member.handle(T0, contribution(1.5))).expect("a proposal");
    assert!(agreed(&member.handle(T0, commit(1, digest, view(1, &[0]), Then::Continue))).is_some());
    member.handle(T0, Event::Disconnected);
    member.handle(T0, Event::Connected);
    assert_eq!(member.handle(T0, commit(1, digest, view(1, &[0]), Then::Continue)), []);
}

#[test]
fn a_roster_without_the_node_or_a_round_out_of_step_ends_the_membership() {
    let commands = joined(0, &[0, 1]).handle(T0, open(view(2, &[1]), 1, 1));
    assert_eq!(failed(&commands), Some(&Failure::NotInView { view: ViewId(2) }));
    let commands = joined(0, &[0, 1]).handle(T0, open(view(1, &[0, 1]), 3, 0));
    assert_eq!(failed(&commands), Some(&Failure::OutOfStep { opened: Round(3), applied: Round(0) }));
}

#[test]
fn a_node_that_plans_another_schedule_says_so_and_stays_out() {
    let mut member = joined(0, &[0, 1]);
    let view = view(2, &[0, 1]);
    let computed = stamp(&view);
    let planned = PlanStamp { schedule: Digest::of(b"another schedule"), ..computed };
    let (round, attempt) = (Round(1), AttemptNumber(1));
    let opening = AggregatorMessage::Open { view, round, attempt, elements: 8, planned };
    let commands = member.handle(T0, Event::Message(opening));
    let [NodeMessage::AttemptFailed { peer, reason, .. }] = sent(&commands)[..] else { panic!("{commands:?}") };
    assert_eq!(peer.as_ref(), Some(&sat(0)));
    for digest in [computed.schedule, planned.schedule] {
        assert!(reason.contains(&digest.to_string()), "{reason}");
    }
    let expected = Failure::OtherSchedule { view: ViewId(2), computed: computed.schedule, told: planned.schedule };
    assert_eq!(failed(&commands), Some(&expected));
}

#[test]
fn a_commit_after_which_nothing_can_be_planned_is_applied() {
    let mut member = joined(0, &[0]);
    let digest = proposed(&member.handle(T0, contribution(1.5))).expect("a proposal");
    let Event::Message(AggregatorMessage::Commit { round, attempt, contributors, view, then, .. }) =
        commit(1, digest, view(1, &[0]), Then::Continue)
    else {
        unreachable!("a commit")
    };
    let last = AggregatorMessage::Commit { round, attempt, digest, contributors, view, then, next: None };
    let commands = member.handle(T0, Event::Message(last));
    assert!(agreed(&commands).is_some());
    assert!(!commands.iter().any(|command| matches!(command, Command::Phase(Round(2), ..))), "{commands:?}");
}

#[test]
fn frames_that_come_before_the_contribution_wait_for_it() {
    let (mut early, mut late) = (joined(0, &[0, 1]), joined(1, &[0, 1]));
    early.handle(T0, contribution(1.0));
    assert_eq!(proposed(&exchange(&mut early, &mut late)), None);
    let commands = late.handle(T0, contribution(3.0));
    let digest = proposed(&commands).or_else(|| proposed(&exchange(&mut early, &mut late))).expect("a proposal");
    for member in [&mut early, &mut late] {
        let commands = member.handle(T0, commit(1, digest, view(1, &[0, 1]), Then::Continue));
        assert_eq!(agreed(&commands).expect("a mean").mean, [2.0; 8]);
    }
}

#[test]
fn a_contribution_with_nan_is_left_out_and_its_node_told() {
    let (mut a, mut b) = (joined(0, &[0, 1]), joined(1, &[0, 1]));
    let commands = a.handle(T0, contribution(f32::NAN));
    assert!(commands.iter().any(|command| matches!(command, Command::Emit(What::ContributionRefused { .. }))));
    b.handle(T0, contribution(3.0));
    let commands = exchange(&mut a, &mut b);
    let proposals: Vec<_> = sent(&commands)
        .into_iter()
        .filter_map(|message| match message {
            NodeMessage::Proposal(proposal) => Some((proposal.samples, proposal.refused.is_some())),
            _ => None,
        })
        .collect();
    assert!(proposals.contains(&(0, true)) && proposals.contains(&(4, false)), "{proposals:?}");
    let digest = proposed(&commands).expect("a proposal");
    let commands = a.handle(T0, commit(1, digest, view(1, &[0, 1]), Then::Continue));
    assert_eq!(agreed(&commands).expect("a mean").mean, [3.0; 8]);
}

#[test]
fn a_round_opened_after_the_last_is_not_run() {
    let mut member = joined(0, &[0]);
    let digest = proposed(&member.handle(T0, contribution(1.5))).expect("a proposal");
    member.handle(T0, commit(1, digest, view(1, &[0]), Then::Finish));
    let commands = member.handle(T0, open(view(2, &[0]), 2, 1));
    assert!(matches!(&commands[..], [Command::Emit(What::Warning { .. })]), "{commands:?}");
}
