//! The choice of a wire format: its name, and how many bytes it makes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::fp16;
use crate::limits::FRAME_PAYLOAD_BYTES;

/// The format of the numbers in a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Wire {
    /// Bare `f32`, little endian, four bytes an element.
    F32,
    /// Half precision with a power-of-two scale per block of 256, about two bytes an element.
    Fp16,
}

impl Wire {
    /// Every format, as a scenario writes it.
    pub const WORDS: &'static [&'static str] = &["f32", "fp16"];

    /// The format as a scenario writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Fp16 => "fp16",
        }
    }

    /// Bytes of the encoding of `elements` values.
    #[must_use]
    pub const fn encoded_len(self, elements: usize) -> usize {
        match self {
            Self::F32 => elements * size_of::<f32>(),
            Self::Fp16 => elements * fp16::HALF_BYTES + elements.div_ceil(fp16::BLOCK),
        }
    }

    /// Elements of a full frame: as many whole blocks as [`FRAME_PAYLOAD_BYTES`] holds.
    #[must_use]
    pub const fn frame_elements(self) -> usize {
        match self {
            Self::F32 => FRAME_PAYLOAD_BYTES / size_of::<f32>(),
            Self::Fp16 => FRAME_PAYLOAD_BYTES / (fp16::BLOCK * fp16::HALF_BYTES + 1) * fp16::BLOCK,
        }
    }
}

impl fmt::Display for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why a text is not a [`Wire`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is not a wire format: write `f32` or `fp16`")]
pub struct InvalidWire {
    /// The refused text.
    pub text: String,
}

impl FromStr for Wire {
    type Err = InvalidWire;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "f32" => Ok(Self::F32),
            "fp16" => Ok(Self::Fp16),
            _ => Err(InvalidWire { text: text.to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_frame_holds_whole_blocks_and_fits_its_payload() {
        for wire in [Wire::F32, Wire::Fp16] {
            let elements = wire.frame_elements();
            assert_eq!(elements % fp16::BLOCK, 0, "{wire}");
            assert!(wire.encoded_len(elements) <= FRAME_PAYLOAD_BYTES, "{wire}");
            assert!(wire.encoded_len(elements + fp16::BLOCK) > FRAME_PAYLOAD_BYTES, "{wire}");
        }
    }

    #[test]
    fn fp16_is_at_most_0_51_of_f32_from_a_kibibyte_up() {
        for elements in [512, 1000, 4097, 262_144] {
            let (f32, fp16) = (Wire::F32.encoded_len(elements), Wire::Fp16.encoded_len(elements));
            assert!(fp16 * 100 <= f32 * 51, "{elements} elements: {fp16} of {f32}");
        }
    }

    #[test]
    fn a_format_reads_back_from_its_word() {
        for word in Wire::WORDS {
            assert_eq!(word.parse::<Wire>().map(Wire::as_str), Ok(*word));
        }
        assert!("fp8".parse::<Wire>().is_err());
    }
}
