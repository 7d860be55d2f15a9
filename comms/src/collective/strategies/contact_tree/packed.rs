//! Trees that share links evenly, with sums and means on their way at once.
//!
//! Only links count that last as long as all of it takes. Whether links should be shared as evenly as possible, or ways be short,
//! depends on how long light takes beside the bytes: some mixtures are laid with few segments, those that promise most are gone
//! through, and the best is laid with many.

use super::super::rank;
use crate::collective::builder::ScheduleBuilder;
use crate::collective::cost::lane::Cut;
use crate::collective::frame::Kind;
use crate::collective::network::{Crossing, Laying, Packing, Tree, Way, pipelined, takes_at_least};
use crate::collective::planner::{Request, Root};
use crate::collective::schedule::{Schedule, Segment};
use crate::scenario::StrategyChoice;
use crate::units::MissionTime;

/// Segments with which mixtures are tried, and with which the best is laid.
const FEW: usize = 100;
const MANY: usize = 400;
/// Elements of a segment whose header is below a percent.
const LEAST_ELEMENTS: usize = 4096;
/// Most crossings of a schedule that is worth a try.
const MAX_CROSSINGS: usize = 240_000;
/// Of how many members in a hundred the roots are, from the best on, and how trees are laid: from even links to short ways.
const MIXTURES: [(usize, Laying); 8] = [
    (100, Laying { slack: 5, rounds: 2, way: 50 }),
    (100, Laying { slack: 20, rounds: 2, way: 50 }),
    (100, Laying { slack: 100, rounds: 2, way: 50 }),
    (60, Laying { slack: 20, rounds: 2, way: 90 }),
    (60, Laying { slack: 100, rounds: 2, way: 80 }),
    (60, Laying { slack: 400, rounds: 2, way: 80 }),
    (30, Laying { slack: 200, rounds: 2, way: 80 }),
    (10, Laying { slack: 400, rounds: 2, way: 80 }),
];
/// Mixtures that are gone through.
const FINALISTS: usize = 3;
/// Times that the order on the lanes is improved on.
const PASSES: usize = 1;
/// Times that links are looked for which last long enough.
const TRIES: usize = 3;

/// A schedule, how long the busiest lane is busy with it, and how long it takes.
pub(super) struct Packed {
    pub(super) schedule: Schedule,
    pub(super) busiest: u64,
    pub(super) takes: u64,
}

/// The best mixture, if it completes on time; nothing if links that last do not join all members.
pub(super) fn plan(request: &Request<'_>, roots: &[Root]) -> Option<Packed> {
    let light = roots.first()?.gathered.saturating_sub(request.at.0);
    let evenly = links(request, request.elements, 0)?.evenly(1);
    let mut span = light.saturating_mul(8).max(evenly.saturating_add(evenly / 2));
    for _ in 0..TRIES {
        let laid = |mixture: usize, segments: usize| Laid::new(request, roots, mixture, segments, span);
        let mut tries: Vec<(usize, Laid)> =
            (0..MIXTURES.len()).filter_map(|mixture| Some((mixture, laid(mixture, FEW)?))).collect();
        tries.sort_by_key(|(_, laid)| laid.at_least);
        let at_least = tries.first()?.1.at_least;
        if request.at.0.checked_add(at_least)? > request.until.0 {
            return None;
        }
        let most = MANY.min(MAX_CROSSINGS / (2 * request.members.len()));
        let best = || {
            let finalists = tries.iter().take(FINALISTS);
            // With many segments it takes little more than the least, the more the longer it takes with few.
            let promise = |laid: &Laid| laid.at_least.saturating_mul(3).saturating_add(laid.pipelined(0).1);
            let (_, mixture) = finalists.map(|(mixture, laid)| (promise(laid), *mixture)).min()?;
            Some(laid(mixture, most)?.packed(request))
        };
        let takes = match (at_least <= span).then(best).flatten() {
            Some(packed) if packed.takes <= span => return Some(packed),
            packed => packed.map_or(at_least, |packed| packed.takes),
        };
        span = takes.checked_add(takes / 4)?;
    }
    None
}

/// Links that last for `span` nanoseconds, for segments of so many elements.
fn links(request: &Request<'_>, elements: usize, span: u64) -> Option<Packing> {
    let per_frame = request.frame_elements(elements);
    let lasting = (request.at, MissionTime(request.at.0.checked_add(span)?));
    let bytes = Cut::of(request.wire, elements, per_frame).bytes();
    Some(Packing::new(&request.network(), request.members.len(), bytes, lasting))
}

/// Trees over links that last.
struct Laid {
    segments: Vec<Segment>,
    per_frame: usize,
    cuts: Vec<Cut>,
    trees: Vec<Tree>,
    /// Ranks and links of the network.
    size: (usize, usize),
    busiest: u64,
    at_least: u64,
}

impl Laid {
    /// Trees for up to so many segments over links that last for `span` nanoseconds.
    fn new(request: &Request<'_>, roots: &[Root], mixture: usize, most: usize, span: u64) -> Option<Self> {
        let segments = Segment::split(request.elements, most.min(request.elements / LEAST_ELEMENTS).max(1));
        let per_frame = request.frame_elements(segments.first()?.elements);
        let cut = |segment: &Segment| Cut::of(request.wire, segment.elements, per_frame);
        let cuts: Vec<Cut> = segments.iter().map(cut).collect();
        let mut packing = links(request, segments.first()?.elements, span)?;
        let (share, laying) = MIXTURES[mixture];
        let best = &roots[..(roots.len() * share).div_ceil(100)];
        let trees = packing.trees(&spread_out(best, segments.len()), laying)?;
        let network = request.network();
        let size = (network.ranks(), network.links.len());
        let (busiest, at_least) = (packing.busiest(), takes_at_least(&trees, size));
        Some(Self { segments, per_frame, cuts, trees, size, busiest, at_least })
    }

    /// What crosses which lane in which order, improved on so many times, and how long that takes.
    fn pipelined(&self, passes: usize) -> (Vec<Crossing>, u64) {
        // Half of what the busiest lane needs for a segment in both directions.
        let spacing = self.busiest / self.segments.len() as u64 / 2;
        pipelined(&self.trees, &self.cuts, self.size, spacing, passes)
    }

    fn packed(self, request: &Request<'_>) -> Packed {
        let (crossings, takes) = self.pipelined(PASSES);
        let name = StrategyChoice::ContactTree.as_str();
        let mut builder = ScheduleBuilder::new(name, request.members.len(), request.relays.len(), self.segments);
        builder.limit_frames(self.per_frame);
        let mut missing: Vec<usize> = self.trees.iter().map(|tree| tree.hops.len()).collect();
        let mut arrived = |builder: &mut ScheduleBuilder, segment: usize, sums: usize| {
            missing[segment] -= sums;
            if missing[segment] == 0 {
                builder.finalize(rank(self.trees[segment].root), rank(segment).0);
            }
        };
        for (segment, _) in self.trees.iter().enumerate().filter(|(_, tree)| tree.hops.is_empty()) {
            arrived(&mut builder, segment, 0);
        }
        for Crossing { segment, from, to, way } in crossings {
            let (from, to) = (rank(from), rank(to));
            match way {
                Way::In => {
                    builder.transfer(from, to, rank(segment).0, Kind::Partial);
                    arrived(&mut builder, segment, 1);
                }
                Way::Out => builder.copy(from, to, rank(segment).0, 0),
            }
        }
        Packed { schedule: builder.build(), busiest: self.busiest, takes }
    }
}

/// So many roots, each of them about as often, good ones and others by turns.
fn spread_out(roots: &[Root], count: usize) -> Vec<usize> {
    // By the golden section, with which multiples spread evenly.
    let near = (roots.len() * 618 / 1000).max(1);
    let stride = (near..).find(|stride| are_coprime(*stride, roots.len())).unwrap_or(1);
    (0..count).map(|segment| roots[segment * stride % roots.len()].rank).collect()
}

const fn are_coprime(mut a: usize, mut b: usize) -> bool {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a == 1
}
