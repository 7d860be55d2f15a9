//! All-reduce as a schedule: planned purely, proved symbolically, executed by a machine without I/O.
//!
//! ```text
//! roster + contact plan ─► plan() ─► Schedule ─► verify()      every contribution exactly once, no deadlock
//!                                       │
//!                        input ─► Machine ◄─► Frames            one machine a rank; the caller moves the frames
//!                                    └─► Completed              the mean, bit-identical on all ranks, and its digest
//! ```
//!
//! A caller makes a [`Schedule`] with [`plan`], gives it with its own vector to a [`Machine`], and then carries
//! frames until the machine is complete:
//!
//! ```
//! use std::sync::Arc;
//! use starloom_comms::codec::Wire;
//! use starloom_comms::collective::{Contribution, Machine, MachineEvent, Tag, strategies::ring};
//! use starloom_comms::id::{Attempt, Rank, Round, ViewId};
//!
//! let schedule = Arc::new(ring::schedule(&[Rank(0), Rank(1)], 3));
//! let tag = Tag { view: ViewId(1), round: Round(1), attempt: Attempt(0) };
//! let machine = |rank, input: Vec<f32>, samples| {
//!     let contribution = Contribution::new(Arc::new(input), samples);
//!     Machine::new(schedule.clone(), Rank(rank), tag, Wire::F32, &contribution, None)
//! };
//! let mut machines = [machine(0, vec![1.0, 2.0, 3.0], 1), machine(1, vec![5.0, 6.0, 7.0], 3)];
//! let mut moved = true;
//! while std::mem::take(&mut moved) {
//!     for rank in [Rank(0), Rank(1)] {
//!         for to in schedule.destinations(rank) {
//!             while let Some(frame) = machines[rank.index()].poll_transmit(to) {
//!                 machines[to.index()].handle_frame(rank, frame)?;
//!                 moved = true;
//!             }
//!         }
//!     }
//! }
//! for mut machine in machines {
//!     assert_eq!(machine.poll_event(), Some(MachineEvent::EnteredGather));
//!     assert_eq!(machine.poll_event(), Some(MachineEvent::Complete));
//!     assert_eq!(machine.finish().mean, [4.0, 5.0, 6.0]);
//! }
//! # Ok::<(), starloom_comms::collective::FrameError>(())
//! ```
//!
//! How long any exact all-reduce takes at least over a contact plan, whatever its schedule, says [`bound`].

pub mod bound;
mod builder;
pub mod cost;
mod frame;
pub mod in_memory;
mod machine;
mod network;
mod planner;
mod residual;
pub mod rounding;
mod schedule;
mod shares;
pub mod strategies;
#[cfg(test)]
mod test_network;
#[cfg(test)]
mod test_plans;
mod turns;
mod verify;

pub use builder::ScheduleBuilder;
pub use frame::{Frame, FrameError, Header, Kind, Piece, Tag};
pub use machine::{Completed, Contribution, Machine, MachineEvent, Refusal, Traffic};
pub use planner::{PlanError, Planned, RoundPlan, RoundPlanner, Task, guard, plan};
pub use residual::Residual;
pub use schedule::{Action, Schedule, Segment, Step};
pub use shares::Shares;
pub use turns::Turns;
pub use verify::{VerifyError, verify, verify_from};
