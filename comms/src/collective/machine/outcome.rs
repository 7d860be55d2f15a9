//! What a machine tells its caller: events, what it refuses, what it cost, what came of it.

use thiserror::Error;

use crate::id::Digest;

/// What a caller may want to know as it happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MachineEvent {
    /// The rank holds the first final numbers: from here on some ranks have parts of the result.
    EnteredGather,
    /// The result is there, and every frame that peers need from this rank has been taken by
    /// [`Machine::poll_transmit`](super::Machine::poll_transmit).
    Complete,
}

/// Why a rank's own contribution is left out. The rank takes part with 0 samples, and gets the others' mean.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum Refusal {
    /// NaN or infinity.
    #[error("the contribution has NaN or infinity: {value} at element {element}")]
    NonFinite {
        /// Index in the vector.
        element: usize,
        /// What is there.
        value: f32,
    },
    /// Numbers so large that a sum over all ranks could overflow.
    #[error(
        "the contribution reaches {peak:e}, which times {samples} samples exceeds {limit:e}: the sum could overflow"
    )]
    TooLarge {
        /// The largest magnitude in it.
        peak: f32,
        /// Its weight.
        samples: u64,
        /// The greatest weighted magnitude that a rank of so many may contribute.
        limit: f32,
    },
}

/// What a rank handed to its links.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Elements sent, as bare `f32`.
    pub raw_bytes: u64,
    /// Bytes of the frames, headers included, as they are before links pack them.
    pub wire_bytes: u64,
}

/// The outcome of a collective.
#[derive(Debug, Clone, PartialEq)]
pub struct Completed {
    /// The mean over all contributions, weighted by their samples: bit-identical on all ranks of an exact schedule.
    /// Zeros if there are no samples.
    ///
    /// How far it is off the exact mean at most says [`rounding::bound`](super::super::rounding::bound).
    pub mean: Vec<f32>,
    /// Hash over the samples and the checksums of the final frames, in the order of the vector: equal on all ranks of an exact
    /// schedule.
    pub digest: Digest,
    /// Samples in the mean.
    pub samples: u64,
    /// Elements that this rank sent, as bare `f32`.
    pub raw_bytes: u64,
    /// Bytes of the frames that this rank sent, headers included, as they are before links pack them.
    pub wire_bytes: u64,
}
