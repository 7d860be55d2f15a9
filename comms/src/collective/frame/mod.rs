//! The frame: what a lane carries in a collective.
//!
//! A frame is a header of 64 bytes and a payload, a run of one segment in the round's [`Wire`](crate::codec::Wire) format. All fields
//! are little endian:
//!
//! | offset | bytes | field | meaning |
//! |---|---|---|---|
//! | 0 | 4 | magic | `SLF1` |
//! | 4 | 1 | kind | 0: partial sum, 1: final numbers |
//! | 5 | 1 | wire | 0: f32, 1: fp16, 2: bf16, 3: int8, 4: topk; 128 more if the payload travels packed |
//! | 6 | 2 | exempt | blocks of 256 elements at the end that are fp16, in a format that loses much |
//! | 8 | 4 | view | version of the roster |
//! | 12 | 4 | attempt | try at the round |
//! | 16 | 8 | round | |
//! | 24 | 4 | segment | index in the schedule |
//! | 28 | 4 | elements | in this frame |
//! | 32 | 8 | offset | of the first element, within the segment |
//! | 40 | 8 | samples | summed into a partial, or in the mean |
//! | 48 | 4 | length | bytes that follow the header: the payload, or what it is packed to |
//! | 52 | 4 | share | index among the shares of the segment; 0 in a partial sum |
//! | 56 | 8 | checksum | XXH3-64 of bytes 0 to 55, seeded with the CRC-64/NVME of what follows |
//!
//! The inner checksum is that of what follows alone, so that passing it on under another header does not read it again.

mod error;
mod header;
mod packing;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use crc_fast::CrcAlgorithm;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use self::header::{CHECKED, PACKED, u64_at};
use self::packing::Packed;
use crate::limits::MAX_MESSAGE_BYTES;

pub use error::{FrameError, Piece};
pub use header::{Header, Kind, Tag};

/// A header with its payload, checked. Cloning shares the payload. Frames are equal if the same crosses links.
#[derive(Debug, Clone)]
pub struct Frame {
    header: Header,
    payload: Bytes,
    payload_crc: u64,
    /// What travels instead of the payload. Boxed, as few frames have it.
    packed: Option<Box<Packed>>,
    /// Whether it was made here, and not received.
    is_made: bool,
}

impl PartialEq for Frame {
    fn eq(&self, other: &Self) -> bool {
        let parts = |frame: &Self| (frame.header, frame.payload.clone(), frame.packed.clone());
        parts(self) == parts(other)
    }
}

impl Eq for Frame {}

impl Frame {
    /// Bytes of an encoded header.
    pub const HEADER_BYTES: usize = 64;

    /// A frame of `payload`, whose length is that of `header.elements` in `header.wire`.
    #[must_use]
    pub fn new(header: Header, payload: Bytes) -> Self {
        let payload_crc = crc(&payload);
        Self::with_crc(header, payload, payload_crc)
    }

    /// As [`Frame::new`], of a payload whose checksum is known.
    pub(crate) fn with_crc(header: Header, payload: Bytes, payload_crc: u64) -> Self {
        debug_assert_eq!(payload.len(), header.wire.encoded_len(header.elements as usize));
        Self { header, payload, payload_crc, packed: None, is_made: true }
    }

    /// The try at a round that the frame belongs to.
    #[must_use]
    pub const fn tag(&self) -> Tag {
        self.header.tag
    }

    /// What the frame states about its payload.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The encoded numbers. A clone shares them.
    #[must_use]
    pub const fn payload(&self) -> &Bytes {
        &self.payload
    }

    /// CRC-64/NVME of the payload alone: equal for equal payloads under any header.
    #[must_use]
    pub const fn payload_crc(&self) -> u64 {
        self.payload_crc
    }

    /// Bytes on the wire: header and payload, packed if it is.
    #[must_use]
    pub fn wire_bytes(&self) -> u64 {
        (Self::HEADER_BYTES + self.body().len()) as u64
    }

    /// Whether it was made here, which cost coding, and not received to be passed on as it is.
    #[must_use]
    pub const fn is_made(&self) -> bool {
        self.is_made
    }

    /// The frame as its receiver has it, where it does not cross a real link.
    #[must_use]
    pub fn received(mut self) -> Self {
        self.is_made = false;
        self
    }

    /// The frame as one of a share.
    pub(crate) fn labelled(mut self, share: u32) -> Self {
        self.header.share = share;
        self
    }

    pub(crate) fn into_payload(self) -> Bytes {
        self.payload
    }

    /// The header as it goes in front of the payload, checksum included.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "a payload is at most MAX_MESSAGE_BYTES long")]
    pub fn encode_header(&self) -> [u8; Self::HEADER_BYTES] {
        let mut bytes = self.header.encode(self.is_packed(), self.body().len() as u32);
        let checksum = xxh3_64_with_seed(&bytes[..CHECKED], self.body_crc());
        bytes[CHECKED..].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// Reads one frame, header and payload, from all of `bytes`. The payload stays where it is.
    ///
    /// # Errors
    /// The first rule that `bytes` break: [`FrameError::Length`], [`FrameError::Magic`], [`FrameError::Field`],
    /// [`FrameError::PayloadLength`], [`FrameError::Checksum`] or [`FrameError::Packed`].
    pub fn parse(bytes: Bytes) -> Result<Self, FrameError> {
        let Some(header) = bytes.first_chunk().copied() else {
            return Err(FrameError::Length { bytes: bytes.len() });
        };
        Self::from_parts(&header, bytes.slice(Self::HEADER_BYTES..))
    }

    /// Reads one frame whose header and payload arrived apart. The payload stays where it is.
    ///
    /// # Errors
    /// As [`Frame::parse`].
    pub fn from_parts(bytes: &[u8; Self::HEADER_BYTES], body: Bytes) -> Result<Self, FrameError> {
        if body.len() > MAX_MESSAGE_BYTES - Self::HEADER_BYTES {
            return Err(FrameError::Length { bytes: Self::HEADER_BYTES + body.len() });
        }
        let (header, declared) = Header::parse(bytes)?;
        let is_packed = bytes[5] & PACKED != 0;
        let (carried, needed) = (body.len(), header.wire.encoded_len(header.elements as usize));
        if declared != carried || (needed != carried && !(is_packed && carried < needed)) {
            let Header { wire, elements, .. } = header;
            return Err(FrameError::PayloadLength { declared, carried, elements, wire, needed });
        }
        let (checksum, body_crc) = (u64_at(bytes, CHECKED), crc(&body));
        let computed = xxh3_64_with_seed(&bytes[..CHECKED], body_crc);
        if checksum != computed {
            return Err(FrameError::Checksum { stated: checksum, computed });
        }
        if !is_packed {
            return Ok(Self { header, payload: body, payload_crc: body_crc, packed: None, is_made: false });
        }
        let payload = packing::unpack(&header, &body)?;
        let payload_crc = crc(&payload);
        let packed = Some(Box::new(Packed { bytes: body, crc: body_crc }));
        Ok(Self { header, payload, payload_crc, packed, is_made: false })
    }
}

/// Today's processors have the carry-less multiplication that this is made of.
fn crc(payload: &[u8]) -> u64 {
    crc_fast::checksum(CrcAlgorithm::Crc64Nvme, payload)
}
