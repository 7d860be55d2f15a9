//! Satellites that all see each other for ever: what a world plans by.

use std::sync::Arc;
use std::time::Duration;

use starloom_comms::codec::Wire;
use starloom_comms::collective::RoundPlanner;
use starloom_comms::collective::cost::CostModel;
use starloom_comms::contacts::{Contact, ContactPlan};
use starloom_comms::id::NodeId;
use starloom_comms::scenario::StrategyChoice;
use starloom_comms::units::{BitsPerSecond, MissionTime};

pub(crate) fn planner<'a>(nodes: impl Iterator<Item = &'a NodeId> + Clone) -> RoundPlanner {
    let contact = Contact {
        start: MissionTime::ZERO,
        end: MissionTime::NEVER,
        rate: BitsPerSecond(1_000_000).into(),
        light_time: Duration::from_millis(1).into(),
    };
    let pairs = nodes.clone().flat_map(|a| nodes.clone().filter(move |b| a != *b).map(move |b| (a, b)));
    let contacts = ContactPlan::new(pairs.map(|(a, b)| (a.clone(), b.clone(), contact.clone())));
    let contacts = contacts.expect("a sound plan");
    RoundPlanner::new(StrategyChoice::Ring, CostModel::of(Wire::Fp16), Arc::new(contacts))
}
