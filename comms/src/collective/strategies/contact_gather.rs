//! Every contribution spreads on every contact, merged only where nothing is lost by it.
//!
//! No rank waits for a sum: each sends what it has to whoever lacks it, and adds up when it has all. All that can delay it is
//! the capacity of contacts, and so this nearly meets the lower bound where these have some to spare. It is the all-gather as
//! gossip ("A survey of gossiping and broadcasting in communication networks", S. M. Hedetniemi, S. T. Hedetniemi and A. L.
//! Liestman, Networks 18, 1988), planned instead of random.
//!
//! Unmerged, every byte travels `n(n−1)` times. Groups of neighbours spare that without delay: inside a group contributions
//! travel by themselves, so that every member of it can make their sum, and what leaves the group at any side is the sum. Its
//! bytes are the same wherever it is made. How large the groups are is found by trying.

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

pub(super) const STRATEGY: Strategy = Strategy { choice: StrategyChoice::ContactGather, plan };

/// Most copies of shares in a schedule that is worth a try.
const MAX_COPIES: usize = 40_000;
/// Members of a group that is tried whether or not all groups are of one size.
const FEW: usize = 4;
/// Segments that take different ways.
const PARTS: usize = 2;

/// Unmerged, and merged in groups of neighbours in the order of the roster.
fn plan(request: &Request<'_>) -> Result<Vec<Schedule>, PlanError> {
    let members = request.members.len();
    request.check_reach()?;
    let mut schedules = Vec::new();
    let mut until = request.until;
    for size in sizes(members) {
        for parts in 1..=PARTS.min(request.elements.max(1)) {
            if let Some((schedule, done)) = grouped(request, size, parts, until) {
                // Roughly, since lanes may turn out to be used a little better.
                let rough = MissionTime(done.0.saturating_add(done.0.saturating_sub(request.at.0) / 16));
                until = until.min(rough);
                schedules.push(schedule);
            }
        }
    }
    Ok(schedules)
}

/// The sizes of groups to try: few members, or about a square root of all in groups of equal size.
fn sizes(members: usize) -> Vec<usize> {
    let copies = |size: usize| members * (size - 1 + members.div_ceil(size));
    let is_even = |size: usize| members % size == 0 && size * size * 4 >= members && size * size <= members * 4;
    let worth = |size: &usize| *size <= FEW.min(members.div_ceil(2)) || is_even(*size);
    (1..=members).filter(worth).filter(|size| copies(*size) <= MAX_COPIES).collect()
}

/// Groups of `size` members that follow each other in the roster, over `parts` segments, and when they are done: by `until`.
fn grouped(request: &Request<'_>, size: usize, parts: usize, until: MissionTime) -> Option<(Schedule, MissionTime)> {
    let members = request.members.len();
    let ranks: Vec<u32> = (0..members).map(|member| rank(member).0).collect();
    let groups = ranks.chunks(size).filter(|group| group.len() > 1).map(<[u32]>::to_vec);
    let shares = Shares::merged(members, groups.collect());
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

/// How shares spread: what is merged stays in its group, whose members make the sum by themselves.
struct Merging<'a> {
    shares: &'a Shares,
    /// The share that each is merged into.
    into: Vec<Option<u32>>,
    is_root: Vec<bool>,
}

impl<'a> Merging<'a> {
    fn new(shares: &'a Shares) -> Self {
        let (mut into, mut is_root) = (vec![None; shares.len()], vec![false; shares.len()]);
        for share in (0..).take(shares.len()) {
            shares.parts(share).iter().for_each(|part| into[*part as usize] = Some(share));
        }
        shares.roots().for_each(|root| is_root[root as usize] = true);
        Self { shares, into, is_root }
    }
}

impl Spreading for Merging<'_> {
    fn is_wanted(&self, unit: usize) -> bool {
        self.is_root[unit % self.shares.len()]
    }

    fn is_for(&self, unit: usize, to: usize) -> bool {
        let share = unit % self.shares.len();
        let is_in = |group: &[u32]| group.iter().any(|member| *member as usize == to);
        match self.into[share] {
            Some(sum) => is_in(self.shares.parts(sum)),
            None => !is_in(self.shares.parts(rank(share).0)),
        }
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
