//! How a bundle gets from node to node over a contact plan: earliest arrival, and routes that do as well or nearly.
//!
//! This is contact graph routing, as in CCSDS 734.3-B-1 (schedule-aware bundle routing): the plan is known, so the earliest
//! arrival over windows that open and close can be computed. A [`ContactGraph`] is made once from a plan. A [`Search`] asks it
//! [queries](Query), one after the other, and keeps its memory between them; each thread has its own.
//!
//! A bundle goes whole through one contact at each hop, and fits it as [`Contact::transit`](super::Contact::transit) says. No
//! bundle gets in the way of another: capacity that others have taken is not counted.
//!
//! ```
//! # use std::time::Duration;
//! use starloom_comms::contacts::routing::{ContactGraph, Query, Relaying, Search};
//! use starloom_comms::contacts::{Contact, ContactPlan};
//! use starloom_comms::id::NodeId;
//! use starloom_comms::units::{BitsPerSecond, MissionTime};
//!
//! let names = [0, 1, 2].map(NodeId::satellite);
//! let window = |from: f64, to: f64| Contact {
//!     start: MissionTime::from_secs_f64(from),
//!     end: MissionTime::from_secs_f64(to),
//!     rate: BitsPerSecond(8_000_000).into(),
//!     light_time: Duration::from_millis(10).into(),
//! };
//! let [a, b, c] = &names;
//! let plan = ContactPlan::new([
//!     (a.clone(), b.clone(), window(0.0, 60.0)),
//!     (b.clone(), c.clone(), window(30.0, 90.0)),
//! ])?;
//! let graph = ContactGraph::new(&plan);
//! let [from, to] = [a, c].map(|name| graph.index(name).expect("it has contacts"));
//! let query = Query {
//!     from,
//!     ready: MissionTime::ZERO,
//!     bytes: 1_000_000,
//!     relaying: Relaying::StoreAndForward,
//!     lost: &[],
//! };
//! let route = Search::new(&graph).route(&query, to).expect("there is one");
//! assert_eq!(route.hops.len(), 2);
//! assert_eq!(route.arrival, MissionTime::from_secs_f64(31.01));
//! # Ok::<(), starloom_comms::contacts::InvalidContact>(())
//! ```

mod alternatives;
mod bound;
mod graph;
mod label;
mod query;
mod route;
mod search;
mod snapshots;

pub use bound::BoundSearch;
pub use graph::ContactGraph;
pub use query::{Query, Relaying};
pub use route::{Arrivals, Hop, Route};
pub use search::Search;

#[cfg(test)]
mod tests;
