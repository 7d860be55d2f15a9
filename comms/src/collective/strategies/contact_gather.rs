//! Every contribution spreads on every contact, merged only where nothing is lost by it.
//!
//! No rank waits for a sum: each sends what it has to whoever lacks it, and adds up when it has all. All that can delay it is
//! the capacity of contacts, and so this nearly meets the lower bound where these have some to spare. It is the all-gather as
//! gossip ("A survey of gossiping and broadcasting in communication networks", S. M. Hedetniemi, S. T. Hedetniemi and A. L.
//! Liestman, Networks 18, 1988), planned instead of random.
//!
//! Unmerged, every byte travels `n(n−1)` times. Groups of neighbours spare that without delay: inside a group contributions
//! travel by themselves, so that every member of it can make their sum, and what leaves the group at any side is the sum. Its
//! bytes are the same wherever it is made. Groups may be nested, pairs in rows in planes. How large they are is found by trying.

use std::collections::BTreeSet;

use super::{Strategy, rank};
use crate::collective::builder::ScheduleBuilder;
use crate::collective::cost::flow::Flow;
use crate::collective::cost::lane::Cut;
use crate::collective::network::{Event, Flood, Spreading};
use crate::collective::planner::{PlanError, Request};
use crate::collective::schedule::{Schedule, Segment};
use crate::collective::shares::Shares;
use crate::id::Rank;
use crate::scenario::StrategyChoice;
use crate::units::MissionTime;

pub(super) const STRATEGY: Strategy = Strategy { choice: StrategyChoice::ContactGather, over_relays: true, plan };

/// Most copies of shares in a schedule that is worth a try.
const MAX_COPIES: usize = 40_000;
/// Members of a group that is tried whether or not all groups are of one size.
const FEW: usize = 4;
/// Segments that take different ways.
const PARTS: usize = 2;

/// Unmerged, and merged in groups of neighbours in the order of the roster.
fn plan(request: &Request<'_>) -> Result<Vec<Schedule>, PlanError> {
    request.check_reach()?;
    let mut schedules = Vec::new();
    let mut until = request.until;
    let intake = if until == MissionTime::NEVER { u64::MAX } else { request.least_intake(until) };
    let vector = request.wire.encoded_len(request.elements) as u64;
    let (members, run) = (request.members.len(), request.run_length());
    let comes_in = |sizes: &Vec<usize>| vector.saturating_mul(received(members, sizes) as u64);
    for sizes in nestings(members, run).into_iter().filter(|sizes| comes_in(sizes) <= intake) {
        for parts in 1..=PARTS.min(request.elements.max(1)) {
            if let Some((schedule, done)) = grouped(request, &sizes, parts, until) {
                // Roughly, since lanes may turn out to be used a little better.
                let rough = MissionTime(done.0.saturating_add(done.0.saturating_sub(request.at.0) / 16));
                until = until.min(rough);
                schedules.push(schedule);
            }
        }
    }
    Ok(schedules)
}

/// The sizes of nested groups to try, each a multiple of the one before: none at all, few members, a square root of all, and
/// prime factors of `run`, which is how many neighbours follow each other in the roster, and of what it divides all members into.
fn nestings(members: usize, run: usize) -> Vec<Vec<usize>> {
    let factors = [prime_factors(run), prime_factors(members / run)].concat();
    let nested: Vec<usize> = factors
        .iter()
        .scan(1, |size, factor| {
            *size *= factor;
            Some(*size)
        })
        .collect();
    let is_square =
        |size: usize| members.is_multiple_of(size) && size * size * 4 >= members && size * size <= members * 4;
    let few = (2..=FEW.min(members.div_ceil(2))).map(|size| vec![size]);
    let squares = (FEW + 1..members).filter(|size| is_square(*size)).map(|size| vec![size]);
    let prefixes = (2..nested.len()).map(|levels| nested[..levels].to_vec());
    let copies = |sizes: &Vec<usize>| received(members, sizes) * members;
    let all = std::iter::once(Vec::new()).chain(few).chain(squares).chain(prefixes);
    all.filter(|sizes| copies(sizes) <= MAX_COPIES).collect()
}

/// Shares that a member receives if they are merged in groups of these sizes.
fn received(members: usize, sizes: &[usize]) -> usize {
    let levels = std::iter::once(1).chain(sizes.iter().copied()).zip(sizes.iter().copied().chain([members]));
    levels.map(|(inner, outer)| outer.div_ceil(inner) - 1).sum()
}

fn prime_factors(mut number: usize) -> Vec<usize> {
    let mut factors = Vec::new();
    let mut factor = 2;
    while factor * factor <= number {
        while number.is_multiple_of(factor) {
            factors.push(factor);
            number /= factor;
        }
        factor += 1;
    }
    factors.extend((number > 1).then_some(number));
    factors
}

/// The shares of nested groups of `sizes` members that follow each other in the roster.
fn shares(members: usize, sizes: &[usize]) -> Shares {
    let mut merged: Vec<Vec<u32>> = Vec::new();
    // Those of the level below, each with the number of members that it stands for.
    let mut level: Vec<(u32, usize)> = (0..members).map(|member| (rank(member).0, 1)).collect();
    for &size in sizes {
        let mut above = Vec::new();
        let mut group: Vec<(u32, usize)> = Vec::new();
        let count = |group: &[(u32, usize)]| group.iter().map(|(_, members)| members).sum::<usize>();
        for (place, &share) in level.iter().enumerate() {
            group.push(share);
            if count(&group) >= size || place + 1 == level.len() {
                let whole = count(&group);
                above.push(match group[..] {
                    [(only, _)] => (only, whole),
                    _ => {
                        merged.push(group.iter().map(|(share, _)| *share).collect());
                        (rank(members + merged.len() - 1).0, whole)
                    }
                });
                group.clear();
            }
        }
        level = above;
    }
    Shares::merged(members, merged)
}

/// Groups of `sizes` nested in each other, over `parts` segments, and when they are done: by `until`.
fn grouped(
    request: &Request<'_>,
    sizes: &[usize],
    parts: usize,
    until: MissionTime,
) -> Option<(Schedule, MissionTime)> {
    let members = request.members.len();
    let ranks: Vec<u32> = (0..members).map(|member| rank(member).0).collect();
    let shares = shares(members, sizes);
    let segments = Segment::split(request.elements, parts);
    let per_frame = request.frame_elements(request.elements / parts);
    let cut = |segment: &Segment| Cut::of(request.wire, segment.elements, per_frame);
    let cuts = segments.iter().flat_map(|segment| vec![cut(segment); shares.len()]);
    let mut flood = Flood::new(request.network(), Merging::new(&shares), cuts.collect(), members);
    for segment in 0..parts {
        (0..members).for_each(|member| flood.begin(member, segment * shares.len() + member, request.at));
    }
    let (events, done) = flood.run(until)?;
    let name = StrategyChoice::ContactGather.as_str();
    let mut builder = ScheduleBuilder::new(name, members, request.relays.len(), segments);
    builder.limit_frames(per_frame);
    for segment in (0..).take(parts) {
        builder.share_out(segment, shares.clone());
        ranks.iter().for_each(|&rank| builder.own(Rank(rank), segment, rank));
    }
    #[expect(clippy::cast_possible_truncation, reason = "few shares, fewer segments")]
    let parts_of = |unit: usize| ((unit / shares.len()) as u32, (unit % shares.len()) as u32);
    for event in events {
        match event {
            Event::Hop { unit, edge } => {
                let (segment, share) = parts_of(unit);
                builder.copy(rank(edge.from), rank(edge.to), segment, share);
            }
            Event::Made { unit, rank: at } => {
                let (segment, share) = parts_of(unit);
                builder.merge(rank(at), segment, share);
            }
        }
    }
    Some((builder.build(), done))
}

/// How shares spread: what is merged stays in the group of the sum, and whoever has a part in a share makes it by itself.
struct Merging<'a> {
    shares: &'a Shares,
    /// The share that each is merged into.
    into: Vec<Option<u32>>,
    /// The members that each is the sum of.
    of: Vec<BTreeSet<u32>>,
}

impl<'a> Merging<'a> {
    fn new(shares: &'a Shares) -> Self {
        let (mut into, mut of) = (vec![None; shares.len()], Vec::<BTreeSet<u32>>::with_capacity(shares.len()));
        for share in (0..).take(shares.len()) {
            let parts = shares.parts(share);
            parts.iter().for_each(|part| into[*part as usize] = Some(share));
            let members = parts.iter().flat_map(|part| of[*part as usize].iter().copied());
            of.push(if parts.is_empty() { BTreeSet::from([share]) } else { members.collect() });
        }
        Self { shares, into, of }
    }
}

impl Spreading for Merging<'_> {
    fn is_wanted(&self, unit: usize) -> bool {
        self.into[unit % self.shares.len()].is_none()
    }

    fn is_for(&self, unit: usize, to: usize) -> bool {
        let (share, to) = (unit % self.shares.len(), rank(to).0);
        !self.of[share].contains(&to) && self.into[share].is_none_or(|sum| self.of[sum as usize].contains(&to))
    }

    fn made<'a>(&self, unit: usize, held: &dyn Fn(usize) -> Option<&'a Flow>) -> Option<(usize, Flow)> {
        let share = unit % self.shares.len();
        let (first, sum) = (unit - share, self.into[share]?);
        let mut parts = self.shares.parts(sum).iter().map(|part| held(first + *part as usize));
        let head = parts.next()??.clone();
        let all = parts.try_fold(head, |all, part| Some(all.and(part?)))?;
        Some((first + sum as usize, all))
    }
}
