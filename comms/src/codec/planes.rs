//! Payloads packed with zstd, byte plane by byte plane.
//!
//! The bytes of a number have little in common with each other: sign and exponent repeat from number to number, the end
//! of a fraction is noise. So all first bytes stand together, then all second ones, and so on; zstd finds what
//! repeats in the one plane and leaves the other as it is. Packing is lossless. It is far slower than the kernels of the
//! formats, some hundred megabytes a second, so it pays on links that are slower still.
//!
//! ```
//! use starloom_comms::codec::{Weighted, Wire, planes};
//!
//! let values: Vec<f32> = (0..10_000).map(|index| (index as f32).sin()).collect();
//! let mut payload = vec![0; Wire::Bf16.encoded_len(values.len())];
//! Wire::Bf16.encode(Weighted { values: &values, weight: 1.0 }, &mut payload)?;
//! let packed = planes::pack(&payload, Wire::Bf16.stride(), 1);
//! assert!(packed.len() < payload.len());
//! assert_eq!(planes::unpack(&packed, Wire::Bf16.stride(), payload.len())?, payload);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::io;

use thiserror::Error;

/// Why packed bytes are not a payload.
#[derive(Debug, Error)]
pub enum UnpackError {
    /// They do not say how long the payload is, as a packer does. Nothing has been unpacked.
    #[error("{packed} bytes that should unpack to {bytes} do not say what they unpack to")]
    NoSize {
        /// Packed bytes.
        packed: usize,
        /// Bytes of the payload that should be in them.
        bytes: usize,
    },
    /// They are another payload. Nothing has been unpacked.
    #[error("{packed} bytes that should unpack to {bytes} say that they unpack to {stated}")]
    Size {
        /// Packed bytes.
        packed: usize,
        /// Bytes of the payload that should be in them.
        bytes: usize,
        /// What they say.
        stated: u64,
    },
    /// They are no zstd frame, or one that does not keep to the size that it states.
    #[error("{packed} bytes that should unpack to {bytes} cannot be unpacked: {source}")]
    Compression {
        /// Packed bytes.
        packed: usize,
        /// Bytes of the payload that should be in them.
        bytes: usize,
        /// What zstd says.
        source: io::Error,
    },
}

/// The payload's bytes as they travel, for [`unpack`]. It may be longer than the payload by the few bytes of a zstd
/// frame, if nothing in it repeats. `stride` is that of the payload's format, and `level` is zstd's.
///
/// # Panics
/// If `stride` is 0.
#[must_use]
#[expect(clippy::expect_used, reason = "compressing in memory fails only without memory")]
pub fn pack(payload: &[u8], stride: usize, level: i32) -> Vec<u8> {
    zstd::bulk::compress(&split(payload, stride), level).expect("zstd compresses into memory")
}

/// The payload of exactly `bytes` bytes that [`pack`] has packed with the same `stride`.
///
/// Memory is that of two payloads, whatever the packed bytes claim.
///
/// # Errors
/// [`UnpackError`] if it is no such payload. That its bytes are the right ones is for a checksum to say.
///
/// # Panics
/// If `stride` is 0.
pub fn unpack(packed: &[u8], stride: usize, bytes: usize) -> Result<Vec<u8>, UnpackError> {
    let broken = |source| UnpackError::Compression { packed: packed.len(), bytes, source };
    match zstd::zstd_safe::get_frame_content_size(packed) {
        Ok(Some(stated)) if stated == bytes as u64 => {}
        Ok(Some(stated)) => return Err(UnpackError::Size { packed: packed.len(), bytes, stated }),
        Ok(None) => return Err(UnpackError::NoSize { packed: packed.len(), bytes }),
        Err(error) => return Err(broken(io::Error::other(error.to_string()))),
    }
    let mut planes = vec![0; bytes];
    let read = zstd::bulk::decompress_to_buffer(packed, &mut planes).map_err(broken)?;
    if read != bytes {
        return Err(broken(io::Error::other(format!("it ends after {read} bytes"))));
    }
    Ok(join(&planes, stride))
}

/// All first bytes of `stride`, all second ones, and so on. What is left over stands at the end.
fn split(payload: &[u8], stride: usize) -> Vec<u8> {
    let rows = payload.chunks_exact(stride);
    let mut planes = Vec::with_capacity(payload.len());
    for plane in 0..stride {
        planes.extend(rows.clone().map(|row| row[plane]));
    }
    planes.extend_from_slice(rows.remainder());
    planes
}

/// The payload that [`split`] has split.
fn join(planes: &[u8], stride: usize) -> Vec<u8> {
    let rows = planes.len() / stride;
    let (split, rest) = planes.split_at(rows * stride);
    let mut payload = vec![0; planes.len()];
    payload[rows * stride..].copy_from_slice(rest);
    for plane in 0..stride {
        let bytes = &split[plane * rows..][..rows];
        for (row, byte) in payload.chunks_exact_mut(stride).zip(bytes) {
            row[plane] = *byte;
        }
    }
    payload
}
