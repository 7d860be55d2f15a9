//! Who can reach whom, and when: the contact plan.
//!
//! A [`Contact`] is a half-open window in which one lane carries bits. A [`ContactPlan`] holds the contacts of every
//! lane and answers what a planner and an emulated laser ask: is there contact at this instant, when is the next one,
//! when does a frame that wants to leave here arrive there. It knows no clock and no scale: mission time and whole
//! bytes go in, mission time comes out, in integer nanoseconds, the same on every machine.
//!
//! ```
//! # use std::time::Duration;
//! use starloom_comms::contacts::{Contact, ContactPlan};
//! use starloom_comms::id::NodeId;
//! use starloom_comms::units::{BitsPerSecond, MissionTime};
//!
//! let (a, b) = (NodeId::satellite(0), NodeId::satellite(1));
//! let window = Contact {
//!     start: MissionTime::from_secs_f64(10.0),
//!     end: MissionTime::from_secs_f64(20.0),
//!     rate: BitsPerSecond(8_000_000).into(),
//!     light_time: Duration::from_millis(10).into(),
//! };
//! let plan = ContactPlan::new([(a.clone(), b.clone(), window)])?;
//! let transit = plan.transit(&a, &b, MissionTime::ZERO, 1_000_000).expect("it fits");
//! assert_eq!(transit.arrival, MissionTime::from_secs_f64(11.01));
//! assert!(plan.transit(&a, &b, MissionTime::from_secs_f64(19.5), 1_000_000).is_none());
//! # Ok::<(), starloom_comms::contacts::InvalidContact>(())
//! ```

mod actual;
pub mod by_orbit;
mod contact;
pub mod formats;
mod light_time;
mod plan;
mod rate;
pub mod routing;
mod windows;

pub use actual::{ActualContacts, Contacts};
pub use contact::{Contact, Transit};
pub(crate) use light_time::Stretch;
pub use light_time::{InvalidLightTime, LightTime};
pub use plan::{ContactPlan, InvalidContact};
pub use rate::{InvalidRate, Rate};
pub(crate) use windows::{merged, without};

#[cfg(test)]
mod tests;
