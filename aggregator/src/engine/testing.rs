//! What the engine's unit tests share.

use std::sync::Arc;
use std::time::Duration;

use starloom_comms::codec::Wire;
use starloom_comms::collective::RoundPlanner;
use starloom_comms::collective::cost::CostModel;
use starloom_comms::contacts::{Contact, ContactPlan};
use starloom_comms::control::{Member, View};
use starloom_comms::id::{NodeId, ViewId};
use starloom_comms::scenario::StrategyChoice;
use starloom_comms::units::{BitsPerSecond, MissionTime};

/// A view of `sat-<slot>`s.
pub(crate) fn view(id: u32, slots: &[u32]) -> View {
    let member = |&slot: &u32| Member { id: NodeId::satellite(slot), address: address(slot) };
    View { id: ViewId(id), members: slots.iter().map(member).collect(), relays: Arc::default() }
}

/// Where `sat-<slot>` listens.
pub(crate) fn address(slot: u32) -> std::net::SocketAddr {
    ([127, 0, 0, 1], 4000 + u16::try_from(slot).expect("a few slots")).into()
}

/// Plans for the first `nodes` satellites, which all see each other.
pub(crate) fn planner(nodes: u32) -> RoundPlanner {
    let contact = Contact {
        start: MissionTime::ZERO,
        end: MissionTime::NEVER,
        rate: BitsPerSecond(1_000_000).into(),
        light_time: Duration::from_millis(1).into(),
    };
    let pairs = (0..nodes).flat_map(|a| (0..nodes).filter(move |b| a != *b).map(move |b| (a, b)));
    let contacts = pairs.map(|(a, b)| (NodeId::satellite(a), NodeId::satellite(b), contact.clone()));
    let contacts = ContactPlan::new(contacts).expect("a sound plan");
    RoundPlanner::new(StrategyChoice::Ring, CostModel::of(Wire::Fp16), Arc::new(contacts))
}
