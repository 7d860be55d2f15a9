//! What a frame says about its payload, and where that stands in its first bytes.

use super::{Frame, FrameError};
use crate::codec::{BLOCK, Format, Wire};
use crate::id::{Attempt, Round, ViewId};
use crate::limits::MAX_ELEMENTS;

pub(super) const MAGIC: [u8; 4] = *b"SLF1";
/// In the byte of the format: the payload travels packed.
pub(super) const PACKED: u8 = 0x80;
/// Header bytes that the checksum covers.
pub(super) const CHECKED: usize = Frame::HEADER_BYTES - size_of::<u64>();

/// Which try at which round a frame belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag {
    /// The roster that the schedule is made for.
    pub view: ViewId,
    /// The round.
    pub round: Round,
    /// The try at it.
    pub attempt: Attempt,
}

impl std::fmt::Display for Tag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "round {} attempt {} view {}", self.round, self.attempt, self.view)
    }
}

/// What the numbers of a frame, or of a step, are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A sum of some contributions, each weighted by its samples.
    Partial,
    /// The mean over all contributions, or a share of their sum, as its owner encoded it.
    Final,
}

/// The facts that a frame states about its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The try at a round that it belongs to.
    pub tag: Tag,
    /// Partial sum or final mean.
    pub kind: Kind,
    /// Format of the payload.
    pub wire: Format,
    /// Index of the segment in the schedule.
    pub segment: u32,
    /// Index among the segment's [`Shares`](crate::collective::Shares); 0 in a partial sum.
    pub share: u32,
    /// Elements in this frame.
    pub elements: u32,
    /// The first element's offset within the segment.
    pub offset: u64,
    /// Samples summed into a partial, in the final mean, or in a share.
    pub samples: u64,
}

impl Header {
    /// The bytes of a header whose payload, `carried` bytes of it, follows; all but the checksum.
    pub(super) fn encode(&self, is_packed: bool, carried: u32) -> [u8; Frame::HEADER_BYTES] {
        let Header { tag, kind, wire, segment, share, elements, offset, samples } = *self;
        let mut bytes = [0; Frame::HEADER_BYTES];
        bytes[0..4].copy_from_slice(&MAGIC);
        bytes[4] = match kind {
            Kind::Partial => 0,
            Kind::Final => 1,
        };
        bytes[5] = match wire.wire {
            Wire::F32 => 0,
            Wire::Fp16 => 1,
            Wire::Bf16 => 2,
            Wire::Int8 => 3,
            Wire::TopK => 4,
        };
        if is_packed {
            bytes[5] |= PACKED;
        }
        bytes[6..8].copy_from_slice(&wire.exempt.to_le_bytes());
        bytes[8..12].copy_from_slice(&tag.view.0.to_le_bytes());
        bytes[12..16].copy_from_slice(&tag.attempt.0.to_le_bytes());
        bytes[16..24].copy_from_slice(&tag.round.0.to_le_bytes());
        bytes[24..28].copy_from_slice(&segment.to_le_bytes());
        bytes[28..32].copy_from_slice(&elements.to_le_bytes());
        bytes[32..40].copy_from_slice(&offset.to_le_bytes());
        bytes[40..48].copy_from_slice(&samples.to_le_bytes());
        bytes[48..52].copy_from_slice(&carried.to_le_bytes());
        bytes[52..56].copy_from_slice(&share.to_le_bytes());
        bytes
    }

    /// The fields of a header, and the length of payload that it declares.
    pub(super) fn parse(bytes: &[u8; Frame::HEADER_BYTES]) -> Result<(Self, usize), FrameError> {
        let magic = u32_at(bytes, 0);
        if magic != u32::from_le_bytes(MAGIC) {
            return Err(FrameError::Magic { magic });
        }
        let field = |name, value| FrameError::Field { name, value };
        let kind = match bytes[4] {
            0 => Kind::Partial,
            1 => Kind::Final,
            other => return Err(field("kind", u64::from(other))),
        };
        let wire = match bytes[5] & !PACKED {
            0 => Wire::F32,
            1 => Wire::Fp16,
            2 => Wire::Bf16,
            3 => Wire::Int8,
            4 => Wire::TopK,
            _ => return Err(field("wire", u64::from(bytes[5]))),
        };
        let (elements, exempt) = (u32_at(bytes, 28), u16::from_le_bytes([bytes[6], bytes[7]]));
        if exempt > 0 && (!wire.wants_residual() || usize::from(exempt) > (elements as usize).div_ceil(BLOCK)) {
            return Err(field("exempt", u64::from(exempt)));
        }
        if elements as usize > wire.frame_elements() {
            return Err(field("elements", u64::from(elements)));
        }
        let offset = u64_at(bytes, 32);
        if offset > MAX_ELEMENTS as u64 - u64::from(elements) {
            return Err(field("offset", offset));
        }
        let tag = Tag {
            view: ViewId(u32_at(bytes, 8)),
            round: Round(u64_at(bytes, 16)),
            attempt: Attempt(u32_at(bytes, 12)),
        };
        let (segment, share, samples) = (u32_at(bytes, 24), u32_at(bytes, 52), u64_at(bytes, 40));
        if kind == Kind::Partial && share != 0 {
            return Err(field("share", u64::from(share)));
        }
        let wire = Format { wire, exempt };
        Ok((Self { tag, kind, wire, segment, share, elements, offset, samples }, u32_at(bytes, 48) as usize))
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut field = [0; 4];
    field.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(field)
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut field = [0; 8];
    field.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(field)
}
