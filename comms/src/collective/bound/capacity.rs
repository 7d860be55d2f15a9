//! What the lanes of a group of members carry in total.
//!
//! Of each element, an all-reduce among N members is at least 2 (N - 1) transmissions: until someone has all contributions to
//! it, each other member must have sent its own on, and from then on each other member must receive. The first leave members,
//! each another one; the last enter members, each another one. Of M members alone, if there are others, the lanes that leave or enter
//! one of them carry at least 2 M vectors, a lane from one of them to another counted once: either all of them have to send and to
//! receive, or the one that need not has heard from outside and is heard there.
//!
//! Which group is worst off is a question of what pays, and one minimum cut answers it for all groups at once (Picard, Management
//! Science 22, 1976): each member brings two vectors and costs its lanes, and a lane between two is paid once. Half of such a lane
//! is put down to each of the two, and the other half is an arc between them, which counts if just one of them is in the group. Groups
//! that leave somebody out are looked at for some members that are left out: those bring nothing.

use super::end::End;
use super::ends::enough;
use super::flow::Network;
use super::{Limit, Question, evenly};

/// Of how many members one each is left out of groups, at most.
const LEFT_OUT: usize = 16;

/// Raises the end until the lanes of each group carry enough.
pub(super) fn of_groups(question: &Question<'_>, end: &mut End) -> Option<()> {
    let mut groups = Groups::new(question);
    let all = question.members;
    for without in std::iter::once(None).chain(evenly(all, LEFT_OUT).map(Some)) {
        // It is poor no longer once the end is raised.
        while let Some(group) = groups.find_poor(end.at, without) {
            let members = group.iter().filter(|is_in| **is_in).count();
            let touched = |by| {
                let lanes =
                    question.lanes.all.iter().filter(|lane| group[lane.from as usize] || group[lane.to as usize]);
                lanes.map(move |lane| lane.capacity(question.start, by))
            };
            let vectors = 2 * if members < all.len() { members } else { members - 1 };
            let needed = question.need * vectors as u128;
            end.raise(|| Limit::Capacity { members }, |by| enough(needed, touched(by)))?;
        }
    }
    Some(())
}

/// The network whose cuts are groups. Its nodes are the members by their places in the roster, a source and a sink.
struct Groups<'a> {
    question: &'a Question<'a>,
    network: Network,
    /// The place of each node that is a member.
    places: Vec<Option<u32>>,
    sources: Vec<bool>,
    sink: u32,
}

impl<'a> Groups<'a> {
    fn new(question: &'a Question<'a>) -> Self {
        let Question { lanes, members, .. } = *question;
        let mut places = vec![None; lanes.nodes()];
        for (place, member) in (0..).zip(members) {
            places[*member as usize] = Some(place);
        }
        let source = u32::try_from(members.len()).unwrap_or(u32::MAX);
        let sink = source.saturating_add(1);
        let sources = [vec![false; members.len()], vec![true, false]].concat();
        let mut arcs: Vec<_> = (0..source).map(|member| (source, member)).collect();
        arcs.extend((0..source).map(|member| (member, sink)));
        for lane in &lanes.all {
            if let [Some(a), Some(b)] = [lane.from, lane.to].map(|end| places[end as usize]) {
                arcs.extend([(a, b), (b, a)]);
            }
        }
        Self { question, network: Network::new(sources.len(), arcs), places, sources, sink }
    }

    /// The nodes of the group that is worst off at an instant, of those `without` a member or of all, if its lanes carry too little
    /// by then.
    fn find_poor(&mut self, by: u64, without: Option<u32>) -> Option<Vec<bool>> {
        let Question { lanes, members, need, start, .. } = *self.question;
        // More than there is to carry in all is as good as that, and sums of it do not overflow.
        let most = need * 2 * members.len() as u128;
        // Everything twice, so that halves are whole.
        let mut costs = vec![0; members.len()];
        let mut between = Vec::new();
        for lane in &lanes.all {
            let carries = || lane.capacity(start, by).min(most);
            match [lane.from, lane.to].map(|end| self.places[end as usize]) {
                [Some(a), Some(b)] => {
                    let carries = carries();
                    costs[a as usize] += carries;
                    costs[b as usize] += carries;
                    between.extend([carries; 2]);
                }
                [Some(one), None] | [None, Some(one)] => costs[one as usize] += 2 * carries(),
                [None, None] => {}
            }
        }
        let brings = |member: &u32| if Some(*member) == without { 0 } else { need * 4 };
        let mut capacities: Vec<u128> = members.iter().map(brings).collect();
        capacities.extend(costs);
        capacities.extend(between);
        // All of them need two vectors less; groups without one have those less to bring.
        let needed = need * 4 * members.len().saturating_sub(1) as u128;
        let cut = self.network.carries(&capacities, &self.sources, self.sink, needed).err()?;
        // Whoever is cut off from where the vectors come from is not in the group; their arcs come first, by place.
        let left_out = |place: u32| cut.binary_search(&place).is_ok();
        Some(self.places.iter().map(|place| place.is_some_and(|place| !left_out(place))).collect())
    }
}
