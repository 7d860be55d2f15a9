//! Time to spare before contacts end.
//!
//! What happens takes longer than what is planned: light is lost and found again, terminals look for each other twice. A frame that
//! comes some seconds too late for its contact waits for the next one, and that is an orbit away. So a schedule is made for
//! contacts that end a [`GUARD`] earlier than they do, if that costs little, and if anything unforeseen can happen at all.

use std::time::Duration;

use crate::collective::cost::Prediction;
use crate::contacts::ContactPlan;
use crate::id::NodeId;
use crate::scenario::{Geometry, Scenario};
use crate::units::MissionTime;

/// How long before its contact ends a lane should have carried all, where light can be lost.
pub const GUARD: Duration = Duration::from_secs(60);

/// How long before its contact ends a lane should have carried all in a scenario: no earlier where links do all that is planned.
#[must_use]
pub fn in_scenario(scenario: &Scenario) -> Duration {
    let is_sure = match &scenario.geometry {
        Geometry::Mesh(_) => true,
        Geometry::Orbits(orbits) => orbits.lasers.outages.uptime >= 1.0 && orbits.lasers.acquisition.failures <= 0.0,
    };
    if is_sure { Duration::ZERO } else { GUARD }
}

/// What part of the time until completion that is worth at least.
const WORTH: u32 = 16;

/// Whether a schedule that minds the guard is to be preferred to one that does not, by how long they take.
pub(super) fn is_worth_it(careful: Duration, bold: Duration) -> bool {
    careful <= bold + bold / WORTH
}

/// How much later all could happen that is predicted for `at` among the ranks `nodes`, each lane still within the contact that it has
/// then; nothing if one has none or needs another.
pub(super) fn to_spare(
    prediction: &Prediction,
    nodes: &[NodeId],
    plan: &ContactPlan,
    at: MissionTime,
) -> Option<Duration> {
    let used = prediction.lanes.iter().filter(|lane| lane.frames > 0);
    let spare = used.map(|lane| {
        let contact = plan.at(&nodes[lane.from.index()], &nodes[lane.to.index()], at)?;
        let arrival = lane.end + contact.light_time.at(lane.end);
        (arrival <= contact.end).then(|| contact.end.since(arrival))
    });
    spare.min_by_key(|spare| spare.unwrap_or_default()).unwrap_or(Some(Duration::MAX))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn time_is_spared_only_where_light_can_be_lost() {
        let of = |text: &str| {
            in_scenario(&Scenario::parse(&format!("name = \"spare\"\n{text}"), Path::new("spare.toml")).expect("sound"))
        };
        let orbits = "[constellation]\nwalker = \"D:550:97.6:4/1/0\"\n";
        assert_eq!(of("[mesh]\nnodes = 3\n"), Duration::ZERO);
        assert_eq!(of(orbits), GUARD);
        assert_eq!(of(&format!("{orbits}[links]\nuptime = 1\n")), GUARD);
        assert_eq!(of(&format!("{orbits}[links]\nuptime = 1\nacquisition_failures = 0\n")), Duration::ZERO);
    }
}
