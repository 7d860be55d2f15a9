//! What the engine's unit tests share.

use starloom_comms::control::{Member, View};
use starloom_comms::id::{NodeId, ViewId};

/// A view of `sat-<slot>`s.
pub(crate) fn view(id: u32, slots: &[u32]) -> View {
    let member = |&slot: &u32| Member { id: NodeId::satellite(slot), address: address(slot) };
    View { id: ViewId(id), members: slots.iter().map(member).collect(), relays: Vec::new() }
}

/// Where `sat-<slot>` listens.
pub(crate) fn address(slot: u32) -> std::net::SocketAddr {
    ([127, 0, 0, 1], 4000 + u16::try_from(slot).expect("a few slots")).into()
}
