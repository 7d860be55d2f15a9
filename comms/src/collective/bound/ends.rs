//! What has to get out of every member and into every other: a whole vector, over the lanes at either end.

use super::end::End;
use super::lanes::Lane;
use super::reach::{NEVER, latest};
use super::{Limit, Question};

/// Of each pair, the lanes into the receiver deliver a vector of what depends on the sender: nothing leaves a node for it before
/// word from the sender can have come there.
pub(super) fn into_receivers(question: &Question<'_>, end: &mut End) -> Option<()> {
    let Question { lanes, members, need, .. } = *question;
    for &to in members {
        // If it holds for a sender that is heard of everywhere as late as any, it holds for each: most are done with that.
        let slowest = |lane: &Lane<'_>| {
            let heard = question.sources.iter().filter(|source| source.node != to);
            heard.map(|source| source.earliest[lane.from as usize]).max().unwrap_or(NEVER)
        };
        if enough(need, lanes.into(to).map(|lane| lane.capacity(slowest(lane), end.at))) {
            continue;
        }
        for source in question.sources.iter().filter(|source| source.node != to) {
            let delivers = |by| {
                let since = |lane: &Lane<'_>| source.earliest[lane.from as usize];
                enough(need, lanes.into(to).map(|lane| lane.capacity(since(lane), by)))
            };
            end.raise(|| Limit::Into { from: question.name(source.node), to: question.name(to) }, delivers)?;
        }
    }
    Some(())
}

/// Of each pair, the lanes out of the sender take a vector that can still get to the receiver: what comes to the other end of a
/// lane later than that is of no use to it.
pub(super) fn out_of_senders(question: &Question<'_>, end: &mut End) -> Option<()> {
    let Question { lanes, members, need, start, .. } = *question;
    for to in question.sources.iter().map(|source| source.node) {
        let takes = |from: u32, until: &[u64]| {
            enough(need, lanes.out_of(from).map(|lane| lane.capacity(start, until[lane.to as usize])))
        };
        let mut until = latest(lanes, to, end.at);
        for &from in members.iter().filter(|member| **member != to) {
            if !takes(from, &until) {
                let limit = || Limit::OutOf { from: question.name(from), to: question.name(to) };
                end.raise(limit, |by| takes(from, &latest(lanes, to, by)))?;
                until = latest(lanes, to, end.at);
            }
        }
    }
    Some(())
}

/// Whether capacities sum up to `need`; looks at no more of them than it takes.
pub(super) fn enough(need: u128, mut capacities: impl Iterator<Item = u128>) -> bool {
    let mut left = need;
    while left > 0 {
        let Some(capacity) = capacities.next() else { return false };
        left = left.saturating_sub(capacity);
    }
    true
}
