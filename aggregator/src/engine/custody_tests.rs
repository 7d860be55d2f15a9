use super::*;
use crate::engine::testing::view;

const PATIENCE: Duration = Duration::from_secs(2);
const AT_ONCE: Duration = Duration::ZERO;

fn sat(slot: u32) -> NodeId {
    NodeId::satellite(slot)
}

fn state() -> Digest {
    Digest::of(b"state")
}

fn custody(rounds: &[u64], writers: &[u32], view: &View) -> Custody {
    let mut custody = Custody::new(PATIENCE, Passes::default());
    for &round in rounds {
        for &slot in writers {
            assert_eq!(custody.written(&sat(slot), Round(round), state(), view, AT_ONCE), None);
        }
    }
    custody
}

#[test]
fn members_take_custody_in_turn() {
    let all = view(1, &[0, 1, 2]);
    let mut custody = custody(&[], &[], &all);
    let mut custodians = Vec::new();
    for round in 1..=4 {
        for slot in [2, 1, 0] {
            custody.written(&sat(slot), Round(round), state(), &all, AT_ONCE);
            custodians.extend(custody.assign(&all, AT_ONCE));
        }
        custody.landed(Round(round));
    }
    let rounds = (1..).map(Round);
    assert_eq!(custodians, [sat(0), sat(1), sat(2), sat(0)].into_iter().zip(rounds).collect::<Vec<_>>());
}

#[test]
fn a_member_that_is_slow_to_write_loses_its_turn() {
    let all = view(1, &[0, 1]);
    let mut custody = custody(&[5], &[1], &all);
    assert_eq!(custody.assign(&all, AT_ONCE), []);
    assert_eq!(custody.next_deadline(), Some(PATIENCE));
    assert_eq!(custody.assign(&all, PATIENCE), [(sat(1), Round(5))]);
    assert_eq!(custody.assign(&all, PATIENCE), []);
}

#[test]
fn what_a_lost_custodian_had_goes_to_others_newest_first() {
    let all = view(1, &[0, 1, 2]);
    let mut custody = custody(&[10, 20, 30, 40], &[0, 1, 2], &all);
    let first = custody.assign(&all, AT_ONCE);
    assert_eq!(first.iter().map(|(_, round)| round.0).collect::<Vec<_>>(), [40, 30, 20, 10]);
    let lost = first[0].0.clone();
    custody.lost(&lost);
    let rest = view(2, &[1, 2]);
    let again = custody.assign(&rest, AT_ONCE);
    assert_eq!(again.iter().map(|(_, round)| round.0).collect::<Vec<_>>(), [40, 10]);
    assert!(again.iter().all(|(node, _)| *node != lost));
}

#[test]
fn a_custodian_that_cannot_is_replaced_and_in_the_end_asked_again() {
    let both = view(1, &[0, 1]);
    let mut custody = custody(&[5], &[0, 1], &both);
    assert_eq!(custody.assign(&both, AT_ONCE), [(sat(0), Round(5))]);
    custody.declined(&sat(0), Round(5), "no contact".into(), AT_ONCE);
    assert_eq!(custody.assign(&both, AT_ONCE), [(sat(1), Round(5))]);
    custody.declined(&sat(1), Round(5), "no contact".into(), AT_ONCE);
    assert_eq!(custody.assign(&both, AT_ONCE), []);
    assert!(custody.obstacle(Round(5)).contains("no contact"));
    let later = custody.next_deadline().expect("it is tried again");
    assert_eq!(custody.assign(&both, later), [(sat(0), Round(5))]);
}

#[test]
fn waiting_for_nobody_is_no_reason_to_wake_up_at_once() {
    let all = view(1, &[0, 1]);
    let mut custody = custody(&[5], &[1], &all);
    custody.lost(&sat(1));
    assert_eq!(custody.assign(&all, PATIENCE), []);
    assert_eq!(custody.next_deadline(), Some(PATIENCE * 2));
}

#[test]
fn another_state_than_the_others_is_noticed_when_all_have_written() {
    let all = view(1, &[0, 1, 2]);
    let mut custody = custody(&[5], &[0, 2], &all);
    let other = Digest::of(b"other");
    let minority = Divergence::Minority { state: state(), others: vec![(sat(1), other)] };
    assert_eq!(custody.written(&sat(1), Round(5), other, &all, AT_ONCE), Some(minority));
    let both = view(2, &[0, 1]);
    custody.lost(&sat(2));
    assert_eq!(custody.written(&sat(1), Round(5), other, &both, AT_ONCE), Some(Divergence::Split));
}

#[test]
fn whoever_passes_a_station_next_takes_custody() {
    let all = view(1, &[0, 1, 2, 3]);
    let passes =
        [(sat(0), &[(50, 60)][..]), (sat(1), &[(1, 4), (30, 40)]), (sat(2), &[(0, 1), (90, 95)]), (sat(3), &[])];
    let mut custody = Custody::new(PATIENCE, Passes::given(&passes));
    let mut custodian = |round: u64, secs: u64| {
        let now = Duration::from_secs(secs);
        for slot in 0..4 {
            custody.written(&sat(slot), Round(round), state(), &all, now);
        }
        let given = custody.assign(&all, now);
        custody.landed(Round(round));
        given
    };
    assert_eq!(custodian(1, 0), [(sat(2), Round(1))], "it passes one already");
    assert_eq!(custodian(2, 2), [(sat(1), Round(2))]);
    assert_eq!(custodian(3, 4), [(sat(1), Round(3))], "a pass that has ended is over");
    assert_eq!(custodian(4, 40), [(sat(0), Round(4))]);
    assert_eq!(custodian(5, 60), [(sat(2), Round(5))], "another that never passes one again comes last");
}
