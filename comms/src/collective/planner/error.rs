//! Why there is no schedule, with the facts.

use thiserror::Error;

use crate::collective::cost::Never;
use crate::id::NodeId;
use crate::units::MissionTime;

/// Why there is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PlanError {
    /// There is nobody to plan for.
    #[error("a collective without members")]
    NoMembers,
    /// The strategy needs a lane that never has contact.
    #[error("{from} has no contact to {to} after {at}, not over relays either, and the strategy needs it")]
    NoContact {
        /// The sender.
        from: NodeId,
        /// The receiver.
        to: NodeId,
        /// From when on.
        at: MissionTime,
    },
    /// The members fall apart into groups that never have contact.
    #[error("after {at} there is no way from {} to {}, not even over other members", names(reached), names(unreached))]
    Apart {
        /// The first member and whom it reaches, over others too.
        reached: Vec<NodeId>,
        /// The others.
        unreached: Vec<NodeId>,
        /// From when on.
        at: MissionTime,
    },
    /// The contacts do not suffice for what the strategy sends.
    #[error("{strategy} from {at} on never completes: {never}")]
    Never {
        /// The strategy.
        strategy: &'static str,
        /// From when on.
        at: MissionTime,
        /// Who waits for whom.
        never: Never,
    },
    /// Contacts do not lead from all to the server that is to be used, and back.
    #[error(
        "after {at} the contacts do not suffice to gather all contributions at the server {server} and to spread their mean"
    )]
    Unserved {
        /// The server.
        server: NodeId,
        /// From when on.
        at: MissionTime,
    },
    /// A round needs one mean that all have.
    #[error("{strategy} leaves each node with a mean of its own, and a round commits one that all have")]
    Inexact {
        /// The strategy.
        strategy: &'static str,
    },
    /// The strategy has nothing to offer.
    #[error("{strategy} from {at} on finds no schedule that the contacts suffice for")]
    Nothing {
        /// The strategy.
        strategy: &'static str,
        /// From when on.
        at: MissionTime,
    },
    /// No path visits each member once.
    #[error(
        "found no chain through all members after {at}: one goes along {}, and {} cannot be put into it",
        names(path),
        names(left)
    )]
    NoChain {
        /// The longest path that was found.
        path: Vec<NodeId>,
        /// Who is not on it.
        left: Vec<NodeId>,
        /// From when on.
        at: MissionTime,
    },
}

impl PlanError {
    /// How much it says of the contacts, whatever the strategy: that there are no ways, that they carry too little, or neither.
    pub(super) fn tells(&self) -> u8 {
        match self {
            Self::NoMembers => 0,
            Self::NoContact { .. }
            | Self::Unserved { .. }
            | Self::Inexact { .. }
            | Self::Nothing { .. }
            | Self::NoChain { .. } => 1,
            Self::Never { .. } => 2,
            Self::Apart { .. } => 3,
        }
    }
}

fn names(nodes: &[NodeId]) -> String {
    nodes.iter().map(NodeId::as_str).collect::<Vec<_>>().join(", ")
}
