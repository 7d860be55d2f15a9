//! How contributions travel, as a scenario says it.

use super::word::words;
use crate::codec::Wire;
use crate::id::NodeId;
use crate::limits::PACKED_BELOW;
use crate::units::BitsPerSecond;

/// How contributions travel.
#[derive(Debug, Clone, PartialEq)]
pub struct Collective {
    /// What makes the schedule.
    pub strategy: StrategyChoice,
    /// Who adds up where one does; nothing for whoever can first.
    pub server: Option<NodeId>,
    /// How often neighbours exchange in gossip.
    pub gossip_rounds: u32,
    /// How numbers look in frames.
    pub wire: Wire,
    /// Whether frames travel packed.
    pub zstd: Packing,
    /// How much bare `f32` a node codes in a second, in GB, on each lane; 0 for any amount.
    pub coding_gb_s: f64,
}

words! {
    /// Whether frames travel packed, byte plane by byte plane, with zstd.
    Packing {
        /// Never.
        Off = "off",
        /// Where it makes them shorter.
        On = "on",
        /// Where it makes them shorter, on contacts that are slower than [`PACKED_BELOW`](crate::limits::PACKED_BELOW).
        Auto = "auto",
    }
}

impl Packing {
    /// Whether frames are to be packed for a lane of this rate; nothing if its rate is not known.
    #[must_use]
    pub fn applies(self, rate: Option<BitsPerSecond>) -> bool {
        match self {
            Self::Off => false,
            Self::On => true,
            Self::Auto => rate.is_some_and(|rate| rate < PACKED_BELOW),
        }
    }
}

words! {
    /// What makes the schedule of a round.
    StrategyChoice {
        /// Whichever suits the contact plan.
        Auto = "auto",
        /// A closed ring.
        Ring = "ring",
        /// An open ring, folded.
        Chain = "chain",
        /// Inside planes or other groups first, then across.
        Hierarchical = "hierarchical",
        /// With partners at powers of two.
        HalvingDoubling = "halving-doubling",
        /// One adds up what all send it.
        ParameterServer = "parameter-server",
        /// Rings in the order and the directions of contacts.
        ContactRing = "contact-ring",
        /// Trees that gather and spread as contacts open.
        ContactTree = "contact-tree",
        /// Every contribution on every contact.
        ContactGather = "contact-gather",
        /// Each with its neighbours, several times over.
        Gossip = "gossip",
    }
}

impl StrategyChoice {
    /// Whether all end with the same mean, of all contributions.
    #[must_use]
    pub const fn is_exact(self) -> bool {
        !matches!(self, Self::Gossip)
    }
}
