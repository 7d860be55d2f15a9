//! Naive twins: floods that try every nanosecond, and all routes one by one.

use std::collections::{BTreeMap, BTreeSet};

use super::plans::{Case, HORIZON};
use crate::contacts::routing::Relaying;
use crate::contacts::{Contact, Transit};
use crate::id::NodeId;
use crate::units::{MissionTime, nanos};

/// When the whole bundle is at each node: at every nanosecond, whoever has it sends it on every lane.
pub(super) fn stored(case: &Case) -> BTreeMap<NodeId, u64> {
    let sendings = sendings(case);
    let mut has = BTreeMap::from([(case.ends()[0].clone(), case.ready)]);
    for now in case.ready..HORIZON {
        // Nothing takes no time: it may pass several nodes in an instant.
        loop {
            let before = has.clone();
            for (from, to, contact, sent) in &sendings {
                let ready = before.get(*from).is_some_and(|since| *since <= now);
                if let Some(sent) = sent[now as usize].filter(|_| ready)
                    && let Some(arrival) = arrival(contact, sent)
                {
                    has.entry((*to).clone()).and_modify(|since| *since = arrival.min(*since)).or_insert(arrival);
                }
            }
            if before == has {
                break;
            }
        }
    }
    has
}

/// When the whole bundle is at each node, if relays pass on each bit: every first and last bit at every node is kept, and at
/// every nanosecond all of them begin on every lane.
pub(super) fn cut_through(case: &Case) -> BTreeMap<NodeId, u64> {
    let sendings = sendings(case);
    let mut known = BTreeMap::from([(case.ends()[0].clone(), BTreeSet::from([(case.ready, case.ready)]))]);
    for now in case.ready..HORIZON {
        loop {
            let before = known.clone();
            for (from, to, contact, sent) in &sendings {
                let (Some(sent), Some(there)) = (sent[now as usize], before.get(*from)) else { continue };
                for (_, last) in there.iter().take_while(|(first, _)| *first <= now) {
                    if let Some(arrival) = arrival(contact, sent.max(*last)) {
                        let first = now + nanos(contact.light_time.at(MissionTime(now)));
                        known.entry((*to).clone()).or_default().insert((first, arrival));
                    }
                }
            }
            if before == known {
                break;
            }
        }
    }
    let earliest = |there: BTreeSet<(u64, u64)>| there.into_iter().map(|(_, last)| last).min();
    known.into_iter().filter_map(|(node, there)| Some((node, earliest(there)?))).collect()
}

/// The contacts of a route, each by sender, receiver and start.
pub(super) type Contacts = Vec<(NodeId, NodeId, MissionTime)>;

/// The arrivals of all routes that visit no node twice, in order.
pub(super) fn all_routes(case: &Case, relaying: Relaying) -> Vec<(u64, Contacts)> {
    let mut found = Vec::new();
    extend(case, relaying, (case.ready, case.ready), &mut Vec::new(), &mut found);
    found.sort();
    found
}

fn extend(case: &Case, relaying: Relaying, bits: (u64, u64), so_far: &mut Contacts, found: &mut Vec<(u64, Contacts)>) {
    let [sender, receiver] = case.ends();
    let here = so_far.last().map_or(sender, |(_, to, _)| to).clone();
    if here == *receiver {
        found.push((bits.1, so_far.clone()));
        return;
    }
    for (from, to, contacts) in case.plan.lanes() {
        if *from != here || to == sender || so_far.iter().any(|(_, visited, _)| visited == to) {
            continue;
        }
        for contact in contacts {
            if let Some((_, bits)) = passed(contact, bits, case.bytes, relaying) {
                so_far.push((from.clone(), to.clone(), contact.start));
                extend(case, relaying, bits, so_far, found);
                so_far.pop();
            }
        }
    }
}

/// How a bundle passes a contact, and when its first and last bits are at the other end.
pub(super) fn passed(
    contact: &Contact,
    (first, last): (u64, u64),
    bytes: u64,
    relaying: Relaying,
) -> Option<(Transit, (u64, u64))> {
    let [first, last] = [first, last].map(MissionTime);
    match relaying {
        Relaying::StoreAndForward => {
            contact.transit(last, bytes).map(|transit| (transit, (transit.arrival.0, transit.arrival.0)))
        }
        Relaying::CutThrough => contact.relay(first, last, bytes).map(|transit| {
            let there = transit.start + contact.light_time.at(transit.start);
            (transit, (there.0, transit.arrival.0))
        }),
    }
}

/// A contact with its ends, and at which instant a sender would be done that begins at each instant of it.
type Sendings<'a> = Vec<(&'a NodeId, &'a NodeId, &'a Contact, Vec<Option<u64>>)>;

fn sendings(case: &Case) -> Sendings<'_> {
    let each = |contact: &Contact| (0..HORIZON).map(|start| sent(contact, start, case.bytes)).collect();
    let lanes = case.plan.lanes();
    lanes.flat_map(|(from, to, contacts)| contacts.iter().map(move |it| (from, to, it, each(it)))).collect()
}

/// Lets each nanosecond carry its bits, for as long as the window lasts.
fn sent(contact: &Contact, start: u64, bytes: u64) -> Option<u64> {
    let mut wanted = u128::from(bytes) * 8 * 1_000_000_000;
    let mut now = start;
    while contact.covers(MissionTime(start)) && now <= contact.end.0 {
        if wanted == 0 {
            return Some(now);
        }
        wanted = wanted.saturating_sub(u128::from(contact.rate.at(MissionTime(now)).0));
        now += 1;
    }
    None
}

fn arrival(contact: &Contact, sent: u64) -> Option<u64> {
    let arrival = sent + nanos(contact.light_time.at(MissionTime(sent)));
    (arrival <= contact.end.0).then_some(arrival)
}
