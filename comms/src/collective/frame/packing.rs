//! Frames that travel packed, where links are slow.
//!
//! A packed frame carries what [`planes`] makes of its payload. One that is passed on is passed on as it came.

use bytes::Bytes;

use super::{Frame, FrameError, Header, crc};
use crate::codec::planes;

/// The fastest of zstd's levels: higher ones find nothing more in numbers.
const LEVEL: i32 = 1;

/// What travels instead of a payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Packed {
    pub(super) bytes: Bytes,
    /// Its checksum.
    pub(super) crc: u64,
}

impl Frame {
    /// The frame as it travels packed, or as it is if that is not shorter. One that came packed stays so.
    #[must_use]
    pub fn pack(mut self) -> Self {
        if self.packed.is_none() {
            let packed = planes::pack(&self.payload, self.header.wire.wire.stride(), LEVEL);
            let shorter = (packed.len() < self.payload.len()).then_some(packed);
            self.packed = shorter.map(|packed| Box::new(Packed { crc: crc(&packed), bytes: packed.into() }));
        }
        self
    }

    /// What follows the header: the payload, or what it is packed to.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        self.packed.as_ref().map_or(&self.payload, |packed| &packed.bytes)
    }

    /// Its checksum.
    pub(super) fn body_crc(&self) -> u64 {
        self.packed.as_ref().map_or(self.payload_crc, |packed| packed.crc)
    }

    /// Whether the payload travels packed.
    #[must_use]
    pub const fn is_packed(&self) -> bool {
        self.packed.is_some()
    }
}

/// The payload of a frame that came packed.
pub(super) fn unpack(header: &Header, packed: &[u8]) -> Result<Bytes, FrameError> {
    let bytes = header.wire.encoded_len(header.elements as usize);
    match planes::unpack(packed, header.wire.wire.stride(), bytes) {
        Ok(payload) => Ok(payload.into()),
        Err(error) => Err(FrameError::Packed { reason: error.to_string() }),
    }
}
