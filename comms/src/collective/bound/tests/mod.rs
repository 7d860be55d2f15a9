//! The bound against closed forms, simple schedules and a naive twin.

mod closed_forms;
mod plans;
mod properties;
mod schedules;
mod twin;
