//! How often lasers have to find each other for a round.

use std::collections::BTreeMap;

use starloom_comms::collective::cost::Burst;
use starloom_comms::contacts::ContactPlan;
use starloom_comms::id::NodeId;
use starloom_comms::units::MissionTime;

/// How many windows of contact a round uses. For each window two terminals have to find each other, whether one of them sends
/// or both, so both lanes of a link count together: windows of the two that share an instant are one. A window that
/// stands open when the round begins counts as well, as somebody had to open it.
pub(super) fn acquisitions(bursts: &[Burst], nodes: &[NodeId], plan: &ContactPlan) -> u64 {
    let mut used: BTreeMap<(&NodeId, &NodeId), Vec<(MissionTime, MissionTime)>> = BTreeMap::new();
    for burst in bursts {
        let (from, to) = (&nodes[burst.from.index()], &nodes[burst.to.index()]);
        if let Some(contact) = plan.at(from, to, burst.start) {
            used.entry((from.min(to), from.max(to))).or_default().push((contact.start, contact.end));
        }
    }
    used.into_values().map(joined).sum()
}

/// How many windows there are when those that share an instant are one.
fn joined(mut windows: Vec<(MissionTime, MissionTime)>) -> u64 {
    windows.sort_unstable();
    let (mut count, mut open_until) = (0, MissionTime::ZERO);
    for (start, end) in windows {
        count += u64::from(count == 0 || open_until <= start);
        open_until = open_until.max(end);
    }
    count
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use starloom_comms::codec::Wire;
    use starloom_comms::collective::cost::{CostModel, predict_bursts};
    use starloom_comms::collective::strategies::ring;
    use starloom_comms::contacts::Contact;
    use starloom_comms::id::Rank;
    use starloom_comms::units::BitsPerSecond;

    use super::*;

    /// Acquisitions of a ring of two over windows in seconds, the same both ways, at a megabyte a second.
    fn of_ring(windows: &[(f64, f64)], elements: usize) -> u64 {
        let nodes = [NodeId::satellite(0), NodeId::satellite(1)];
        let [a, b] = nodes.clone();
        let contact = |(start, end): &(f64, f64)| Contact {
            start: MissionTime::from_secs_f64(*start),
            end: MissionTime::from_secs_f64(*end),
            rate: BitsPerSecond(8_000_000).into(),
            light_time: Duration::from_millis(1).into(),
        };
        let both = windows.iter().map(contact);
        let both = both.flat_map(|window| [(a.clone(), b.clone(), window.clone()), (b.clone(), a.clone(), window)]);
        let plan = ContactPlan::new(both).expect("sound contacts");
        let schedule = ring::schedule(&[Rank(0), Rank(1)], elements);
        let start = MissionTime::from_secs_f64(1.0);
        let (prediction, bursts) = predict_bursts(&schedule, &nodes, &plan, start, &CostModel::of(Wire::F32));
        prediction.completes.expect("enough contact");
        acquisitions(&bursts, &nodes, &plan)
    }

    #[test]
    fn a_link_that_stands_is_acquired_once_for_both_directions() {
        assert_eq!(of_ring(&[(0.0, 1e6)], 1000), 1);
    }

    #[test]
    fn each_further_window_that_something_is_sent_in_is_acquired_anew() {
        // Eight megabytes: four cross each way as partial sums and four as final numbers, 31 frames, and each window holds 11.
        assert_eq!(of_ring(&[(0.0, 4.0), (10.0, 13.0), (20.0, 23.0), (30.0, 33.0), (40.0, 1e6)], 2_000_000), 3);
        assert_eq!(of_ring(&[(0.0, 0.5), (10.0, 1e6)], 1000), 1, "a window that is over is not used");
    }

    #[test]
    fn windows_of_the_two_lanes_that_overlap_are_one() {
        let window = |start, end| (MissionTime(start), MissionTime(end));
        assert_eq!(joined(vec![window(0, 10), window(5, 15), window(14, 20), window(20, 30)]), 2);
        assert_eq!(joined(vec![window(0, 10), window(0, 10)]), 1);
    }
}
