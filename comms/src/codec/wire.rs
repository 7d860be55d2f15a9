//! The choice of a wire format: its name, and how many bytes it makes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{BLOCK, bf16, fp16, int8, topk};
use crate::limits::{FRAME_ELEMENTS, FRAME_PAYLOAD_BYTES};

/// The format of the numbers in a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Wire {
    /// Bare `f32`, little endian, four bytes an element.
    F32,
    /// Half precision with a power-of-two scale per block of 256, about two bytes an element.
    Fp16,
    /// The upper half of `f32`, two bytes an element.
    Bf16,
    /// Bytes with a scale per block of 256, about one byte an element. It wants its residual kept.
    Int8,
    /// The 16 largest of each block of 256, about a fifth of a byte an element. It wants its residual kept.
    TopK,
}

impl Wire {
    /// Every format.
    pub const ALL: &'static [Self] = &[Self::F32, Self::Fp16, Self::Bf16, Self::Int8, Self::TopK];

    /// Every format, as a scenario writes it.
    pub const WORDS: &'static [&'static str] = &["f32", "fp16", "bf16", "int8", "topk"];

    /// The format as a scenario writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Fp16 => "fp16",
            Self::Bf16 => "bf16",
            Self::Int8 => "int8",
            Self::TopK => "topk",
        }
    }

    /// Whether the format loses so much that a rank should keep what it loses and add it to what it encodes next, by
    /// the kernels whose names end in `keeping`.
    #[must_use]
    pub const fn wants_residual(self) -> bool {
        match self {
            Self::F32 | Self::Fp16 | Self::Bf16 => false,
            Self::Int8 | Self::TopK => true,
        }
    }

    /// Bytes of the encoding of `elements` values.
    #[must_use]
    pub const fn encoded_len(self, elements: usize) -> usize {
        match self {
            Self::F32 => elements * size_of::<f32>(),
            Self::Fp16 => elements * fp16::HALF_BYTES + elements.div_ceil(BLOCK),
            Self::Bf16 => bf16::encoded_len(elements),
            Self::Int8 => int8::encoded_len(elements),
            Self::TopK => topk::encoded_len(elements),
        }
    }

    /// Bytes after which a payload's pattern repeats, for [`planes`](super::planes): those of a number, and 1 where
    /// planes find nothing that zstd does not.
    #[must_use]
    pub const fn stride(self) -> usize {
        match self {
            Self::F32 => size_of::<f32>(),
            Self::Fp16 | Self::Bf16 => 2,
            Self::Int8 | Self::TopK => 1,
        }
    }

    /// Elements of a full frame: as many whole blocks as [`FRAME_PAYLOAD_BYTES`] holds, and [`FRAME_ELEMENTS`] at the
    /// most.
    #[must_use]
    pub const fn frame_elements(self) -> usize {
        let elements = FRAME_PAYLOAD_BYTES / self.encoded_len(BLOCK) * BLOCK;
        if elements < FRAME_ELEMENTS { elements } else { FRAME_ELEMENTS }
    }
}

impl fmt::Display for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why a text is not a [`Wire`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is not a wire format: write {}", Wire::WORDS.join(", "))]
pub struct InvalidWire {
    /// The refused text.
    pub text: String,
}

impl FromStr for Wire {
    type Err = InvalidWire;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = Self::ALL.iter().find(|wire| wire.as_str() == text);
        named.copied().ok_or_else(|| InvalidWire { text: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_frame_holds_whole_blocks_and_fits_its_payload() {
        for wire in Wire::ALL {
            let elements = wire.frame_elements();
            assert_eq!(elements % BLOCK, 0, "{wire}");
            assert!(wire.encoded_len(elements) <= FRAME_PAYLOAD_BYTES, "{wire}");
            assert!(elements <= FRAME_ELEMENTS, "{wire}");
            let more = elements + BLOCK;
            assert!(wire.encoded_len(more) > FRAME_PAYLOAD_BYTES || more > FRAME_ELEMENTS, "{wire}");
        }
    }

    #[test]
    fn a_format_saves_what_it_promises_from_a_kibibyte_up() {
        for (wire, permille) in [(Wire::Fp16, 510), (Wire::Bf16, 500), (Wire::Int8, 254), (Wire::TopK, 49)] {
            for elements in [512, 1000, 4097, 262_144] {
                let (bare, encoded) = (Wire::F32.encoded_len(elements), wire.encoded_len(elements));
                assert!(encoded * 1000 <= bare * permille, "{elements} elements in {wire}: {encoded} of {bare}");
            }
        }
    }

    #[test]
    fn a_format_reads_back_from_its_word() {
        assert_eq!(Wire::ALL.iter().map(|wire| wire.as_str()).collect::<Vec<_>>(), Wire::WORDS);
        for word in Wire::WORDS {
            assert_eq!(word.parse::<Wire>().map(Wire::as_str), Ok(*word));
        }
        let refused = "fp8".parse::<Wire>().map_err(|error| error.to_string());
        assert_eq!(refused, Err(format!("`fp8` is not a wire format: write {}", Wire::WORDS.join(", "))));
    }
}
