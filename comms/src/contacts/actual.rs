//! What happens, as far as it differs from what was planned.

use super::contact::{Contact, Transit};
use super::plan::ContactPlan;
use crate::id::NodeId;
use crate::units::MissionTime;

/// What is known of a mission's contacts, and what is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contacts {
    /// What a planner may know.
    pub planned: ContactPlan,
    /// What happens.
    pub actual: ActualContacts,
}

/// The contacts that take place, after all surprises. What emulates links takes these; a planner cannot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActualContacts(ContactPlan);

impl ActualContacts {
    /// The contacts of a plan that goes as planned, or of one into which surprises are worked.
    #[must_use]
    pub const fn of(plan: ContactPlan) -> Self {
        Self(plan)
    }

    /// As [`ContactPlan::next`].
    #[must_use]
    pub fn next(&self, from: &NodeId, to: &NodeId, at: MissionTime) -> Option<&Contact> {
        self.0.next(from, to, at)
    }

    /// As [`ContactPlan::transit`].
    #[must_use]
    pub fn transit(&self, from: &NodeId, to: &NodeId, ready: MissionTime, bytes: u64) -> Option<Transit> {
        self.0.transit(from, to, ready, bytes)
    }

    /// All of them, to be shown or written.
    #[must_use]
    pub const fn listed(&self) -> &ContactPlan {
        &self.0
    }
}
