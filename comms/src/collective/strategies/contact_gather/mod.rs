//! Every contribution spreads on every contact, merged only where nothing is lost by it.
//!
//! No rank waits for a sum: each sends what it has to whoever lacks it, and adds up when it has all. All that can delay it is
//! the capacity of contacts, and so this nearly meets the lower bound where these have some to spare. It is the all-gather as
//! gossip ("A survey of gossiping and broadcasting in communication networks", S. M. Hedetniemi, S. T. Hedetniemi and A. L.
//! Liestman, Networks 18, 1988), planned instead of random.
//!
//! Unmerged, every byte travels `n(n−1)` times. Groups of neighbours spare that with little delay: inside a group contributions
//! travel by themselves, so that every member of it can make their sum, and what leaves the group at any side is the sum. Its
//! bytes are the same wherever it is made. Groups may be nested, pairs in rows in planes. How large they are is found by
//! trying, and whether halves of the vector should take different ways, or be merged by other neighbours.

mod nesting;

use std::collections::BTreeSet;

use self::nesting::Nesting;
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

/// Most copies of shares, those to relays among them, in a schedule that is worth a try.
const MAX_COPIES: usize = 300_000;
/// A part of what comes in anyway that nobody waits for: so little need not be merged.
const UNNOTICED: u64 = 4;
/// Copies up to which all nestings are tried, and by how many more one has to differ from another beyond that, as a part of them.
const CHEAP: usize = 4_000;
const ALIKE: usize = 8;

/// Unmerged, and merged in groups of neighbours in the order of the roster.
fn plan(request: &Request<'_>) -> Result<Vec<Schedule>, PlanError> {
    let reach = request.reach()?;
    let nestings = worth_a_try(request);
    if !request.are_few() {
        return Ok(best_of_many(request, &nestings, reach));
    }
    let each =
        nestings.iter().flat_map(|nesting| [vec![nesting.clone()]].into_iter().chain(in_halves(request, nesting)));
    let all = each.filter_map(|nestings| grouped(request, &nestings, request.until));
    Ok(all.map(|(schedule, _)| schedule).collect())
}

/// The most merged first, and of those with many copies only some that differ in that.
fn worth_a_try(request: &Request<'_>) -> Vec<Nesting> {
    let mut nestings = nesting::all(request.members.len(), request.run_length());
    let mut before = 0;
    nestings.retain(|nesting| {
        let copies = copies(request, nesting);
        let is_tried = copies <= CHEAP || (before + before / ALIKE..=MAX_COPIES).contains(&copies);
        before = if is_tried { copies } else { before };
        is_tried
    });
    nestings
}

fn copies(request: &Request<'_>, nesting: &Nesting) -> usize {
    nesting.received().saturating_mul(request.nodes().len())
}

/// The nestings of two segments: both the same, or one with other neighbours. None if the vector has no halves.
fn in_halves<'a>(request: &Request<'_>, nesting: &'a Nesting) -> impl Iterator<Item = Vec<Nesting>> + use<'a> {
    let others = std::iter::once(nesting.clone()).chain(nesting.with_other_neighbours());
    let halves = if request.elements > 1 { usize::MAX } else { 0 };
    others.map(|other| vec![nesting.clone(), other]).take(halves)
}

/// The best nesting, over the whole vector and over halves: not all are tried. Word of all could have come everywhere by `reach`.
fn best_of_many(request: &Request<'_>, nestings: &[Nesting], reach: MissionTime) -> Vec<Schedule> {
    let light = reach.0.saturating_sub(request.at.0);
    let vector = request.wire.encoded_len(request.elements) as u64;
    let comes_in = |nesting: &Nesting| vector.saturating_mul(nesting.received() as u64);
    // All has to come in, and most of it may while light is on its way.
    let is_in_time = |nesting: &Nesting, until: MissionTime| {
        let longer = request.at.0.saturating_add(until.0.saturating_sub(reach.0));
        let parts = [(until, 1), (MissionTime(longer), UNNOTICED)];
        until == MissionTime::NEVER
            || parts.iter().all(|(until, part)| comes_in(nesting) / part <= request.least_intake(*until))
    };
    let mut best: Option<(Schedule, MissionTime, &Nesting)> = None;
    // What is merged more than that waits for its groups in vain, unless something else than a member's own lanes is narrow.
    let unnoticed = request.least_intake(reach) / UNNOTICED;
    let first = nestings.iter().rposition(|nesting| comes_in(nesting) <= unnoticed).unwrap_or_default();
    let less_merged = nestings.iter().enumerate().skip(first);
    let more_merged = nestings.iter().enumerate().take(first).rev();
    for (place, nesting) in less_merged.chain(more_merged) {
        let until = best.as_ref().map_or(request.until, |(_, done, _)| *done);
        if place < first && until.0.saturating_sub(request.at.0) <= light + light / UNNOTICED {
            break;
        }
        if is_in_time(nesting, until)
            && let Some((schedule, done)) = grouped(request, std::slice::from_ref(nesting), until)
        {
            best = Some((schedule, done, nesting));
        }
    }
    let Some((schedule, done, nesting)) = best else { return Vec::new() };
    let rough = request.a_little_after(done.0.saturating_sub(request.at.0));
    let are_few = 2 * copies(request, nesting) <= MAX_COPIES;
    let halves = in_halves(request, nesting).filter(|_| are_few).filter_map(|halves| grouped(request, &halves, rough));
    std::iter::once(schedule).chain(halves.map(|(schedule, _)| schedule)).collect()
}

/// Groups nested in each other, as many nestings of one shape as there are segments, and when they are done: by `until`.
fn grouped(request: &Request<'_>, nestings: &[Nesting], until: MissionTime) -> Option<(Schedule, MissionTime)> {
    let (members, parts) = (request.members.len(), nestings.len());
    let ranks: Vec<u32> = (0..members).map(|member| rank(member).0).collect();
    let merging: Vec<Merging> = nestings.iter().map(|nesting| Merging::new(nesting.shares())).collect();
    let shares: Vec<Shares> = merging.iter().map(|merging| merging.shares.clone()).collect();
    let of_each = shares.first()?.len();
    let segments = Segment::split(request.elements, parts);
    let per_frame = request.frame_elements(request.elements / parts);
    let cut = |segment: &Segment| Cut::of(request.wire, segment.elements, per_frame);
    let cuts = segments.iter().flat_map(|segment| vec![cut(segment); of_each]);
    let mut flood = Flood::new(request.network(), merging, cuts.collect(), members);
    for segment in 0..parts {
        (0..members).for_each(|member| flood.begin(member, segment * of_each + member, request.at));
    }
    let (events, done) = flood.run(until)?;
    let name = StrategyChoice::ContactGather.as_str();
    let mut builder = ScheduleBuilder::new(name, members, request.relays.len(), segments);
    builder.limit_frames(per_frame);
    for (segment, shares) in (0..).zip(shares) {
        builder.share_out(segment, shares);
        ranks.iter().for_each(|&rank| builder.own(Rank(rank), segment, rank));
    }
    #[expect(clippy::cast_possible_truncation, reason = "few shares, fewer segments")]
    let parts_of = |unit: usize| ((unit / of_each) as u32, (unit % of_each) as u32);
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

/// How shares of a segment spread: what is merged stays in the group of the sum, and whoever has a part in a share makes it by itself.
struct Merging {
    shares: Shares,
    /// The share that each is merged into.
    into: Vec<Option<u32>>,
    /// The members that each is the sum of.
    of: Vec<BTreeSet<u32>>,
}

impl Merging {
    fn new(shares: Shares) -> Self {
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

/// Segments of as many shares, one behind the other.
impl Spreading for Vec<Merging> {
    fn is_wanted(&self, unit: usize) -> bool {
        let (merging, share) = of_unit(self, unit);
        merging.into[share].is_none()
    }

    fn is_for(&self, unit: usize, to: usize) -> bool {
        let (Merging { into, of, .. }, share) = of_unit(self, unit);
        let to = rank(to).0;
        !of[share].contains(&to) && into[share].is_none_or(|sum| of[sum as usize].contains(&to))
    }

    fn made<'a>(&self, unit: usize, held: &dyn Fn(usize) -> Option<&'a Flow>) -> Option<(usize, Flow)> {
        let (merging, share) = of_unit(self, unit);
        let (first, sum) = (unit - share, merging.into[share]?);
        let mut parts = merging.shares.parts(sum).iter().map(|part| held(first + *part as usize));
        let head = parts.next()??.clone();
        let all = parts.try_fold(head, |all, part| Some(all.and(part?)))?;
        Some((first + sum as usize, all))
    }
}

/// The segment that a unit is of, and which of its shares it is.
fn of_unit(segments: &[Merging], unit: usize) -> (&Merging, usize) {
    let of_each = segments[0].shares.len();
    (&segments[unit / of_each], unit % of_each)
}
