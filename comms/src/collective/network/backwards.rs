//! A contact plan with time and lanes turned round.

use super::{Link, Network};
use crate::collective::cost::lane::Lane;
use crate::contacts::{Contact, ContactPlan, Rate};
use crate::id::NodeId;
use crate::units::MissionTime;

/// The lanes of a plan in `[start, end)`, as they look from `end` on backwards: what arrives there at an instant after `end` has
/// here left that long before it.
///
/// A window has one rate and one light time here, the lowest and the longest that it has: trees found in it are good, and when
/// things are where is asked of the plan itself.
#[derive(Debug)]
pub(in crate::collective) struct Backwards {
    ranks: usize,
    lanes: Vec<(usize, usize, Vec<Contact>)>,
}

impl Backwards {
    pub(in crate::collective) fn new(
        nodes: &[&NodeId],
        plan: &ContactPlan,
        start: MissionTime,
        end: MissionTime,
    ) -> Self {
        let forwards = Network::new(nodes, plan);
        let turned = |link: &Link<'_>| {
            let contacts = plan.contacts(nodes[link.from], nodes[link.to]);
            let inside = contacts.iter().rev().filter(|contact| contact.start < end && start < contact.end);
            let turned = inside.map(|contact| turn(contact, start, end)).collect::<Vec<_>>();
            (link.to, link.from, turned)
        };
        Self { ranks: nodes.len(), lanes: forwards.links.iter().map(turned).collect() }
    }

    pub(in crate::collective) fn network(&self) -> Network<'_> {
        let links =
            self.lanes.iter().map(|(from, to, contacts)| Link { from: *from, to: *to, lane: Lane::new(contacts) });
        Network::of(links.collect(), self.ranks)
    }
}

/// A contact as far as it is in `[start, end)`, turned round.
fn turn(contact: &Contact, start: MissionTime, end: MissionTime) -> Contact {
    let (from, until) = (contact.start.max(start), contact.end.min(end));
    let light_time = contact.light_time.knots_between(from, until).map(|(_, time)| time).max().unwrap_or_default();
    Contact {
        start: MissionTime(end.0 - until.0),
        end: MissionTime(end.0 - from.0),
        rate: Rate::from(contact.rate.lowest(from, until)),
        light_time: light_time.into(),
    }
}
