//! Which schedule comes of which contacts.

use std::time::Duration;

use super::guard::GUARD;
use super::*;
use crate::codec::Wire;
use crate::collective::schedule::Action;
use crate::collective::test_plans::lasting;
use crate::contacts::Contact;
use crate::id::Rank;
use crate::units::BitsPerSecond;

const AT: MissionTime = MissionTime(1_000);

fn members(ids: &[u32]) -> Vec<NodeId> {
    ids.iter().copied().map(NodeId::satellite).collect()
}

fn contact(end: MissionTime) -> Contact {
    Contact { start: MissionTime::ZERO, end, rate: BitsPerSecond(1_000).into(), light_time: Duration::ZERO.into() }
}

/// Lasting contacts both ways along `links`.
fn linked(links: &[(u32, u32)]) -> ContactPlan {
    let lanes = links.iter().flat_map(|&(a, b)| [(a, b), (b, a)]);
    one_way(&lanes.collect::<Vec<_>>())
}

fn one_way(lanes: &[(u32, u32)]) -> ContactPlan {
    let lane = |&(from, to): &(u32, u32)| (NodeId::satellite(from), NodeId::satellite(to), contact(MissionTime::NEVER));
    ContactPlan::new(lanes.iter().map(lane)).expect("a plan")
}

fn planned(choice: StrategyChoice, ids: &[u32], contacts: &ContactPlan) -> Result<Schedule, PlanError> {
    planned_over(choice, &members(ids), &[], contacts)
}

fn planned_over(
    choice: StrategyChoice,
    members: &[NodeId],
    relays: &[NodeId],
    contacts: &ContactPlan,
) -> Result<Schedule, PlanError> {
    let task = Task {
        members,
        relays,
        server: None,
        gossip_rounds: 8,
        elements: 100,
        model: CostModel::of(Wire::Fp16),
        plan: contacts,
        at: AT,
        guard: GUARD,
    };
    plan(choice, &task).map(|planned| planned.schedule)
}

/// Everybody reaches everybody, and who has heard from all can tell nobody any more.
#[test]
fn contributions_spread_where_no_member_can_gather_and_answer() {
    let [early, late] =
        [(0, 10), (20, 30)].map(|(start, end)| [start, end].map(|secs| MissionTime(secs * 1_000_000_000)));
    let links = [((0, 1), early), ((2, 3), early), ((0, 2), late), ((1, 3), late)];
    let lanes = links.iter().flat_map(|&((a, b), [start, end])| {
        let window = Contact { start, rate: BitsPerSecond(1_000_000).into(), ..contact(end) };
        [(a, b), (b, a)].map(|(from, to)| (NodeId::satellite(from), NodeId::satellite(to), window.clone()))
    });
    let contacts = ContactPlan::new(lanes).expect("a plan");
    let ids = [0, 1, 2, 3];
    assert_eq!(strategy(StrategyChoice::Auto, &ids, &contacts), Ok("contact-gather"));
    let refused = planned(StrategyChoice::ContactTree, &ids, &contacts).map(|_| ());
    assert!(matches!(refused, Err(PlanError::Nothing { .. })), "{refused:?}");
}

#[test]
fn an_hour_of_light_overflows_no_price() {
    let far = Contact {
        rate: BitsPerSecond(1_000_000_000).into(),
        light_time: Duration::from_secs(3_600).into(),
        ..contact(MissionTime::NEVER)
    };
    let lanes = (0..6).flat_map(|node| [(node, (node + 1) % 6), ((node + 1) % 6, node)]);
    let lanes = lanes.map(|(from, to)| (NodeId::satellite(from), NodeId::satellite(to), far.clone()));
    let contacts = ContactPlan::new(lanes).expect("a plan");
    assert_eq!(strategy(StrategyChoice::ContactTree, &[0, 1, 2, 3, 4, 5], &contacts), Ok("contact-tree"));
}

fn strategy(choice: StrategyChoice, ids: &[u32], contacts: &ContactPlan) -> Result<&'static str, PlanError> {
    planned(choice, ids, contacts).map(|schedule| schedule.strategy())
}

#[test]
fn auto_takes_what_completes_first() {
    let ring = lasting((0..6).map(|node| (node, (node + 1) % 6)));
    let (members, at) = (members(&[0, 1, 2, 3, 4, 5]), AT);
    let best = |elements| {
        let task = Task {
            members: &members,
            relays: &[],
            server: None,
            gossip_rounds: 8,
            elements,
            model: CostModel::of(Wire::Fp16),
            plan: &ring,
            at,
            guard: GUARD,
        };
        let by = |choice: &StrategyChoice| {
            plan(*choice, &task).map(|planned| (planned.completes, planned.schedule.strategy()))
        };
        let auto = by(&StrategyChoice::Auto).expect("a ring has contacts for all");
        let words = StrategyChoice::WORDS.iter().map(|word| word.parse().expect("a word"));
        let words = words.filter(|choice: &StrategyChoice| choice.is_exact());
        let others = words.filter(|choice| *choice != StrategyChoice::Auto).filter_map(|choice| by(&choice).ok());
        assert_eq!(auto.0, others.map(|(completes, _)| completes).min().expect("some"));
        auto.1
    };
    // With few bytes every contribution by itself is there soonest; with many, what moves the fewest.
    assert_eq!((best(1_000), best(100_000_000)), ("contact-gather", "contact-tree"));
}

#[test]
fn a_ring_needs_its_lanes_in_one_direction_only() {
    let circle = one_way(&[(0, 1), (1, 2), (2, 0)]);
    assert_eq!(strategy(StrategyChoice::Ring, &[0, 1, 2], &circle), Ok("ring"));
    assert!(strategy(StrategyChoice::Chain, &[0, 1, 2], &circle).is_err());
}

/// Who of `members` and `relays` sends to whom.
fn lanes(choice: StrategyChoice, ids: &[u32], relays: &[u32], contacts: &ContactPlan) -> Vec<(u32, u32)> {
    let all = [ids, relays].concat();
    let schedule = planned_over(choice, &members(ids), &members(relays), contacts).expect("a schedule");
    let from = |rank: Rank| schedule.destinations(rank).into_iter().map(move |to| (rank, to)).collect::<Vec<_>>();
    let lanes = (0..).map(Rank).take(schedule.ranks()).flat_map(from);
    lanes.map(|(from, to)| (all[from.index()], all[to.index()])).collect()
}

#[test]
fn relays_stand_where_members_do_not_see_each_other() {
    let hub = linked(&[(0, 5), (1, 5), (2, 6), (5, 6)]);
    let over = [(0, 5), (1, 5), (2, 6), (5, 0), (5, 1), (5, 6), (6, 2), (6, 5)];
    assert_eq!(lanes(StrategyChoice::Chain, &[0, 1, 2], &[5, 6], &hub), over);
    assert_eq!(lanes(StrategyChoice::Ring, &[0, 1, 2], &[5, 6], &hub), over);
}

#[test]
fn auto_leads_over_relays_only_if_that_is_faster() {
    // Three in a line are as far from each other over a relay, unless that joins the ends.
    let line = [(0, 1), (1, 2)];
    let aside = linked(&[&line[..], &[(1, 5)]].concat());
    assert!(lanes(StrategyChoice::Auto, &[0, 1, 2], &[5], &aside).iter().all(|(from, to)| *from != 5 && *to != 5));
    let apart = linked(&[(0, 5), (5, 1), (1, 2)]);
    assert!(lanes(StrategyChoice::Auto, &[0, 1, 2], &[5], &apart).contains(&(0, 5)));
    // A ring in the order of the roster closes over a relay, if a ring it must be.
    let closed = linked(&[&line[..], &[(2, 5), (5, 0)]].concat());
    assert_eq!(lanes(StrategyChoice::Ring, &[0, 1, 2], &[5], &closed), [(0, 1), (1, 2), (2, 5), (5, 0)]);
}

#[test]
fn a_schedule_around_a_lost_node_uses_only_links_that_are_there() {
    let ring = linked(&[(0, 1), (1, 2), (2, 3), (3, 0)]);
    let survivors = [0, 1, 3];
    for choice in [StrategyChoice::Auto, StrategyChoice::Chain] {
        let schedule = planned(choice, &survivors, &ring).expect("1, 0, 3 is a chain");
        for (rank, id) in (0..).map(Rank).zip(survivors) {
            for to in schedule.destinations(rank) {
                assert!(
                    ring.next(&NodeId::satellite(id), &members(&survivors)[to.index()], AT).is_some(),
                    "{id} to {to}"
                );
            }
        }
    }
}

#[test]
fn every_node_plans_the_same() {
    let ring = linked(&[(0, 1), (1, 2), (2, 3), (3, 0)]);
    for ids in [&[0, 1, 2, 3][..], &[0, 1, 3]] {
        let digest = || planned(StrategyChoice::Auto, ids, &ring).map(|schedule| schedule.digest());
        assert_eq!(digest(), digest());
    }
}

#[test]
fn a_ring_that_is_asked_for_and_cannot_close_names_the_gap() {
    let open = linked(&[(0, 1), (1, 2)]);
    let gap = PlanError::NoContact { from: NodeId::satellite(2), to: NodeId::satellite(0), at: AT };
    assert_eq!(strategy(StrategyChoice::Ring, &[0, 1, 2], &open), Err(gap));
    assert!(strategy(StrategyChoice::Auto, &[0, 1, 2], &open).is_ok());
}

#[test]
fn contacts_that_have_ended_do_not_count() {
    let (a, b) = (NodeId::satellite(0), NodeId::satellite(1));
    let until = |end| {
        ContactPlan::new([(a.clone(), b.clone(), contact(end)), (b.clone(), a.clone(), contact(end))]).expect("a plan")
    };
    let seconds = |seconds: u64| MissionTime(AT.0 + seconds * 1_000_000_000);
    assert!(strategy(StrategyChoice::Auto, &[0, 1], &until(seconds(10))).is_ok());
    // At a kilobit a second each of the two frames on a lane takes more than one.
    let short = strategy(StrategyChoice::Ring, &[0, 1], &until(seconds(2)));
    assert!(matches!(short, Err(PlanError::Never { strategy: "ring", .. })), "{short:?}");
    let too_little = strategy(StrategyChoice::Auto, &[0, 1], &until(seconds(1)));
    assert!(matches!(too_little, Err(PlanError::Never { .. })), "{too_little:?}");
    let apart = PlanError::Apart { reached: vec![a.clone()], unreached: vec![b.clone()], at: AT };
    assert_eq!(strategy(StrategyChoice::Auto, &[0, 1], &until(AT)), Err(apart));
}

/// Three in a triangle, where the contact between 0 and 1 ends after so many seconds, and that over 2 begins after as many.
fn ending(secs: u64, then: u64) -> ContactPlan {
    let [end, start] = [secs, then].map(|secs| MissionTime(secs * 1_000_000_000));
    let links = [(0, 1, MissionTime::ZERO, end), (0, 2, start, MissionTime::NEVER), (1, 2, start, MissionTime::NEVER)];
    let lanes = links.into_iter().flat_map(|(a, b, start, end)| {
        let window = Contact { start, rate: BitsPerSecond(1_000_000).into(), ..contact(end) };
        [(a, b), (b, a)].map(|(from, to)| (NodeId::satellite(from), NodeId::satellite(to), window.clone()))
    });
    ContactPlan::new(lanes).expect("a plan")
}

#[test]
fn a_contact_that_is_about_to_end_is_used_only_where_others_are_much_later() {
    let uses_it = |secs, then| {
        let schedule = planned(StrategyChoice::Auto, &[0, 1, 2], &ending(secs, then)).expect("a way over 2");
        schedule.destinations(Rank(0)).contains(&Rank(1))
    };
    assert!(uses_it(100, 0), "it lasts long enough");
    assert!(!uses_it(50, 0), "the others are as good");
    let relayed = |secs| {
        let task = [0, 1].map(NodeId::satellite);
        planned_over(StrategyChoice::Auto, &task, &[NodeId::satellite(2)], &ending(secs, 3600)).expect("a way")
    };
    assert!(relayed(50).destinations(Rank(0)).contains(&Rank(1)), "nobody waits an hour for the other way");
}

#[test]
fn gossip_needs_contact_both_ways_and_says_so_of_nobody_who_is_reached() {
    let ids = [0, 1, 2];
    let circle = one_way(&[(0, 1), (1, 2), (2, 0)]);
    let nothing = PlanError::Nothing { strategy: "gossip", at: AT };
    assert_eq!(strategy(StrategyChoice::Gossip, &ids, &circle), Err(nothing));
    let apart = PlanError::Apart { reached: members(&[0, 1]), unreached: members(&[2]), at: AT };
    assert_eq!(strategy(StrategyChoice::Gossip, &ids, &linked(&[(0, 1)])), Err(apart));
}

#[test]
fn members_that_nothing_connects_are_named() {
    let islands = linked(&[(0, 3), (1, 2)]);
    let apart = PlanError::Apart { reached: members(&[0, 3]), unreached: members(&[1, 2]), at: AT };
    assert_eq!(
        apart.to_string(),
        "after 0.000 s there is no way from sat-0, sat-3 to sat-1, sat-2, not even over other members"
    );
    assert_eq!(strategy(StrategyChoice::Auto, &[0, 1, 2, 3], &islands), Err(apart));
    let star = planned(StrategyChoice::Chain, &[0, 1, 2, 3], &linked(&[(0, 1), (0, 2), (0, 3)]));
    let Err(PlanError::NoChain { path, left, .. }) = star else { panic!("a star has no chain: {star:?}") };
    assert_eq!((path.len(), left.len()), (3, 1));
}

#[test]
fn one_member_needs_no_contact_and_none_is_an_error() {
    for word in StrategyChoice::WORDS {
        assert!(strategy(word.parse().expect("a word"), &[5], &ContactPlan::default()).is_ok(), "{word}");
    }
    assert_eq!(strategy(StrategyChoice::Auto, &[], &ContactPlan::default()), Err(PlanError::NoMembers));
}

#[test]
fn the_server_that_is_chosen_adds_up_and_another_one_if_it_is_lost() {
    let star = linked(&[(0, 9), (1, 9), (2, 9), (0, 1), (1, 2)]);
    let members = members(&[0, 1, 2]);
    let serving = |server: u32, relays: &[u32]| {
        let (relays, server) = (self::members(relays), NodeId::satellite(server));
        let model = CostModel::of(Wire::Fp16);
        let (relays, server) = (&relays[..], Some(&server));
        let task = Task {
            members: &members,
            relays,
            server,
            gossip_rounds: 8,
            elements: 100,
            model,
            plan: &star,
            at: AT,
            guard: GUARD,
        };
        let schedule = plan(StrategyChoice::ParameterServer, &task).expect("a schedule").schedule;
        let merges = |rank: &Rank| schedule.program(*rank).iter().any(|step| step.action == Action::Merge);
        let ranks = (0..4).map(Rank).filter(merges).map(|rank| rank.0);
        ranks.collect::<Vec<_>>()
    };
    assert_eq!(serving(0, &[9]), [0]);
    assert_eq!(serving(2, &[9]), [2]);
    assert_eq!(serving(9, &[9]), [3], "a relay, which is the rank behind the members");
    assert_eq!(serving(9, &[]), [1], "the relay is lost, and the one in the middle is the best of the others");
}
