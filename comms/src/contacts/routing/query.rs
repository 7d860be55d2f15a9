//! What is asked: a bundle, its sender, and how relays pass it on.

use crate::units::MissionTime;

/// A bundle that one node wants to send. Nodes are numbers of one [`ContactGraph`](super::ContactGraph).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query<'a> {
    /// The sender. If the graph has no such node, nothing arrives anywhere.
    pub from: u32,
    /// From when on the sender has the whole bundle.
    pub ready: MissionTime,
    /// Its length.
    pub bytes: u64,
    /// What relays do with it.
    pub relaying: Relaying,
    /// Nodes that neither send nor receive, in any order; as on the graph of the plan
    /// [without](crate::contacts::ContactPlan::without) them. Numbers that the graph does not have are of no account.
    pub lost: &'a [u32],
}

/// What a node does with a bundle that is not for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relaying {
    /// It has the whole bundle before it sends the first bit on.
    StoreAndForward,
    /// It sends each bit on as it arrives.
    ///
    /// A bundle on its way is two instants: when its first bit is at a node, and when its last is. On a lane the first bit
    /// leaves at the first instant of the window at which it is there. The last leaves when a sender that has all bits would have
    /// sent it, or when it is there, if that is later. Both take the light time of the instant at which they leave, and the
    /// last has to arrive in the window in which the first has left
    /// ([`Contact::relay`](crate::contacts::Contact::relay)); a window that is too short is passed over.
    ///
    /// That is when the bits really arrive, where each contact has one rate and one light time: what a lane delivers
    /// then begins fastest, so no bit in between keeps a relay waiting. Where rates step or light times bend, a bit in between
    /// may come late, and the last arrives at this instant or after it.
    CutThrough,
}
