//! Time to spare before contacts end.
//!
//! What happens takes longer than what is planned: light is lost and found again, terminals look for each other twice. A frame that
//! comes some seconds too late for its contact waits for the next one, and that is an orbit away. So a schedule is made for
//! contacts that end a [`GUARD`] earlier than they do, if that costs little.

use std::time::Duration;

use crate::collective::cost::Prediction;
use crate::contacts::ContactPlan;
use crate::id::NodeId;
use crate::units::MissionTime;

/// How long before its contact ends a lane should have carried all.
pub(super) const GUARD: Duration = Duration::from_secs(60);

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
