use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn roster(nodes: u32) -> Vec<NodeId> {
    (0..nodes).map(NodeId::satellite).collect()
}

/// What happens to a node in a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Contributes,
    IsRefused,
    Dies,
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![8 => Just(Fate::Contributes), 1 => Just(Fate::IsRefused), 1 => Just(Fate::Dies)]
}

/// Plays rounds and returns what was used or refused, by epoch, and the dealer; some nodes remain to the end.
fn play(samples: u64, per_node: u64, nodes: u32, rounds: &[Vec<Fate>]) -> (BTreeMap<u64, Vec<u64>>, Dealer, u64) {
    let mut dealer = Dealer::new(samples, 11);
    let mut members = roster(nodes);
    let mut spent: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    let mut returned = 0;
    for fates in rounds {
        let issue = dealer.issue(&members, per_node);
        let fate_of = |node: &NodeId| {
            let index = members.iter().position(|member| member == node).expect("a member");
            if index == 0 { Fate::Contributes } else { fates[index % fates.len()] }
        };
        let contributors: Vec<_> = members
            .iter()
            .filter(|node| fate_of(node) != Fate::Dies)
            .map(|node| {
                let samples = if fate_of(node) == Fate::IsRefused { 0 } else { issue.dealt_to(node).len() as u64 };
                (node.clone(), samples)
            })
            .collect();
        let after: Vec<_> = contributors.iter().map(|(node, _)| node.clone()).collect();
        for node in &after {
            spent.entry(issue.epoch).or_default().extend(issue.dealt_to(node));
        }
        let settled = dealer.commit(&issue, &contributors, &after);
        let dealt: u64 = issue.deals.values().map(|deal| deal.len() as u64).sum();
        assert_eq!(settled.used + settled.refused + settled.returned, dealt, "every sample is accounted for");
        returned += settled.returned;
        members = after;
    }
    (spent, dealer, returned)
}

proptest! {
    #[test]
    fn no_sample_is_spent_twice_in_a_pass_and_a_closed_pass_has_spent_all(
        samples in 1_u64..500,
        per_node in 1_u64..40,
        nodes in 1_u32..9,
        rounds in prop::collection::vec(prop::collection::vec(fate(), 9), 1..60),
    ) {
        let (spent, dealer, _) = play(samples, per_node, nodes, &rounds);
        for (epoch, mut used) in spent {
            used.sort_unstable();
            let once = used.windows(2).all(|pair| pair[0] < pair[1]);
            prop_assert!(once, "epoch {} used a sample twice", epoch);
            if epoch < dealer.epoch() {
                prop_assert_eq!(used, (0..samples).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn a_dealer_reads_back_as_it_was(
        rounds in prop::collection::vec(prop::collection::vec(fate(), 9), 0..20),
    ) {
        let (_, dealer, returned) = play(300, 7, 8, &rounds);
        let text = serde_json::to_string(&dealer).expect("plain data");
        prop_assert_eq!(serde_json::from_str::<Dealer>(&text).expect("valid"), dealer.clone());
        prop_assert!(dealer.fields.returned.len() as u64 <= returned);
    }

    #[test]
    fn the_same_calls_give_the_same_state(
        rounds in prop::collection::vec(prop::collection::vec(fate(), 9), 0..20),
    ) {
        prop_assert_eq!(play(100, 5, 6, &rounds), play(100, 5, 6, &rounds));
    }

    #[test]
    fn a_pass_ends_in_even_shares(samples in 0_u64..200, per_node in 0_u64..60, nodes in 1_u32..9) {
        let issue = Dealer::new(samples, 1).issue(&roster(nodes), per_node);
        let sizes: Vec<_> = issue.deals.values().map(Vec::len).collect();
        let (least, most) = (sizes.iter().min().expect("a node"), sizes.iter().max().expect("a node"));
        prop_assert!(most - least <= 1);
        prop_assert_eq!(sizes.iter().sum::<usize>() as u64, samples.min(per_node * u64::from(nodes)));
    }
}

#[test]
fn what_a_lost_node_held_is_dealt_first_and_to_another() {
    let all = roster(3);
    let mut dealer = Dealer::new(90, 5);
    let issue = dealer.issue(&all, 10);
    let survivors = &all[..2];
    let contributors = [(all[0].clone(), 10), (all[1].clone(), 10)];
    assert_eq!(dealer.commit(&issue, &contributors, survivors), Settled { used: 20, refused: 0, returned: 10 });
    let again: Vec<_> = dealer.issue(survivors, 10).dealt_to(&all[0]).to_vec();
    assert_eq!(again, issue.dealt_to(&all[2]));
}

#[test]
fn a_node_that_contributed_and_then_died_has_used_its_samples() {
    let all = roster(2);
    let mut dealer = Dealer::new(40, 5);
    let issue = dealer.issue(&all, 10);
    let contributors = [(all[0].clone(), 10), (all[1].clone(), 10)];
    assert_eq!(dealer.commit(&issue, &contributors, &all[..1]).used, 20);
    assert_eq!(dealer.left(), 20);
}

#[test]
fn a_refused_contribution_is_not_dealt_again_in_its_pass() {
    let all = roster(2);
    let mut dealer = Dealer::new(40, 5);
    let issue = dealer.issue(&all, 10);
    let settled = dealer.commit(&issue, &[(all[0].clone(), 10), (all[1].clone(), 0)], &all);
    assert_eq!((settled.refused, dealer.left()), (10, 20));
}

#[test]
fn no_samples_and_no_nodes_deal_nothing() {
    let all = roster(2);
    let mut empty = Dealer::new(0, 5);
    let issue = empty.issue(&all, 10);
    assert!(issue.deals.values().all(Vec::is_empty));
    assert_eq!(empty.commit(&issue, &[], &all), Settled::default());
    assert!(Dealer::new(10, 5).issue(&[], 10).deals.is_empty());
}

#[test]
fn a_stored_dealer_that_cannot_be_is_refused() {
    for (text, part) in [
        (r#"{"samples":3,"seed":1,"epoch":0,"cursor":4,"returned":[]}"#, "sample 4 of 3"),
        (r#"{"samples":3,"seed":1,"epoch":0,"cursor":3,"returned":[3]}"#, "sample 3 cannot"),
        (r#"{"samples":3,"seed":1,"epoch":0,"cursor":3,"returned":[2,1,2]}"#, "sample 2 cannot"),
    ] {
        let error = serde_json::from_str::<Dealer>(text).expect_err(text).to_string();
        assert!(error.contains(part), "{error}");
    }
}
