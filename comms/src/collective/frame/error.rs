//! Why a frame is refused, with the facts.

use thiserror::Error;

use super::header::MAGIC;
use super::{Frame, Header, Kind, Tag};
use crate::codec::Format;
use crate::id::Rank;
use crate::limits::MAX_MESSAGE_BYTES;

/// Why bytes are not a frame, or a frame is not one that a machine can take.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum FrameError {
    /// Too short for a header, or longer than a message may be.
    #[error("a frame of {bytes} bytes: a frame has {} to {MAX_MESSAGE_BYTES}", Frame::HEADER_BYTES)]
    Length {
        /// What came.
        bytes: usize,
    },
    /// It does not begin as a frame does.
    #[error("a frame begins with {magic:#010x}, not with {:#010x} (`SLF1`)", u32::from_le_bytes(MAGIC))]
    Magic {
        /// What came, read as little endian.
        magic: u32,
    },
    /// A field has a value that it cannot have.
    #[error("the frame's field `{name}` cannot be {value}")]
    Field {
        /// The field.
        name: &'static str,
        /// Its value.
        value: u64,
    },
    /// The payload's length is not what the header says, or not what its elements need.
    #[error(
        "a payload of {carried} bytes where the header declares {declared} and {elements} elements in {wire} need {needed}"
    )]
    PayloadLength {
        /// Bytes that the header declares.
        declared: usize,
        /// Bytes that came.
        carried: usize,
        /// Elements that the header declares.
        elements: u32,
        /// The format.
        wire: Format,
        /// Bytes that so many elements need.
        needed: usize,
    },
    /// It says that its payload is packed, and it is not.
    #[error("{reason}")]
    Packed {
        /// What is wrong with it.
        reason: String,
    },
    /// The bytes changed on the way.
    #[error("the frame's checksum is {stated:#018x}, its bytes give {computed:#018x}")]
    Checksum {
        /// What the header says.
        stated: u64,
        /// What the bytes give.
        computed: u64,
    },
    /// It belongs to another attempt than the machine's.
    #[error("a frame of {got} from rank {from} in {expected}")]
    OtherAttempt {
        /// The sender.
        from: Rank,
        /// The machine's attempt.
        expected: Tag,
        /// The frame's.
        got: Tag,
    },
    /// The schedule has no more, or no, frame on this lane.
    #[error("rank {from} sent a frame of segment {segment} after the last that the schedule has from it")]
    Surplus {
        /// The sender.
        from: Rank,
        /// The frame's segment.
        segment: u32,
    },
    /// The lane's next frame is another one.
    #[error("rank {from} sent {got}, and {expected} is next on its lane")]
    OutOfOrder {
        /// The sender.
        from: Rank,
        /// What is next.
        expected: Piece,
        /// What came.
        got: Piece,
    },
    /// The sample counts of the frames do not fit together.
    #[error("rank {from} states {got} samples in segment {segment}: {rule}")]
    Samples {
        /// The sender.
        from: Rank,
        /// The frame's segment.
        segment: u32,
        /// What the frame states.
        got: u64,
        /// What it breaks.
        rule: &'static str,
    },
    /// The payload decodes to NaN or infinity, or the sum with it does.
    #[error("NaN or infinity in {kind:?} segment {segment} from rank {from}, in the block at element {element}")]
    NonFinite {
        /// The sender.
        from: Rank,
        /// Partial sum or final mean.
        kind: Kind,
        /// The frame's segment.
        segment: u32,
        /// The first element of the block, within the segment.
        element: u64,
    },
    /// A block's scale is outside the format's range.
    #[error("a block scale of 2^{exponent} from rank {from}, in segment {segment} in the block at element {element}")]
    Exponent {
        /// The sender.
        from: Rank,
        /// The frame's segment.
        segment: u32,
        /// The first element of the block, within the segment.
        element: u64,
        /// The power of two.
        exponent: i8,
    },
    /// A block's scale in int8 is outside the format's range.
    #[error(
        "a block scale of {} from rank {from}, in segment {segment} in the block at element {element}",
        half::bf16::from_bits(*bits)
    )]
    Scale {
        /// The sender.
        from: Rank,
        /// The frame's segment.
        segment: u32,
        /// The first element of the block, within the segment.
        element: u64,
        /// The scale, as the bits of a bfloat16.
        bits: u16,
    },
    /// An entry of top-k is outside its block.
    #[error(
        "an entry at {index} from rank {from}, in segment {segment} in the block of {elements} values at element {element}"
    )]
    Index {
        /// The sender.
        from: Rank,
        /// The frame's segment.
        segment: u32,
        /// The first element of the block, within the segment.
        element: u64,
        /// Where the entry would be.
        index: u8,
        /// Values in the block.
        elements: usize,
    },
}

/// Which run of which segment: a frame's place in a collective.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// Partial sum or final mean.
    pub kind: Kind,
    /// Format of the payload.
    pub wire: Format,
    /// The segment.
    pub segment: u32,
    /// Which share of the segment's mean.
    pub share: u32,
    /// The first element's offset within the segment.
    pub offset: u64,
    /// Elements.
    pub elements: u32,
}

impl From<&Header> for Piece {
    fn from(header: &Header) -> Self {
        let Header { kind, wire, segment, share, offset, elements, .. } = *header;
        Self { kind, wire, segment, share, offset, elements }
    }
}

impl std::fmt::Display for Piece {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { kind, wire, segment, share, offset, elements } = self;
        write!(f, "{kind:?} segment {segment} share {share} elements {offset}+{elements} in {wire}")
    }
}
