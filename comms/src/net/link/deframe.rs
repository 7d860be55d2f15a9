//! Messages out of a stream's chunks, without a copy where a chunk holds the whole payload.
//!
//! A gRPC message is one byte of flags, four of length (big endian), and the bytes. A lane's messages are a frame's header and
//! its payload. The sender hands header and payload to HTTP/2 apart, and mostly they arrive like that.

use std::collections::VecDeque;

use bytes::{Buf, Bytes, BytesMut};
use thiserror::Error;

use crate::collective::Frame;
use crate::limits::MAX_MESSAGE_BYTES;

/// Bytes before each gRPC message.
pub(super) const PREFIX_BYTES: usize = 5;
/// All that comes before a payload.
pub(super) const HEAD_BYTES: usize = PREFIX_BYTES + Frame::HEADER_BYTES;

/// A frame as it arrived, not yet checked.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) header: [u8; Frame::HEADER_BYTES],
    pub(super) payload: Bytes,
}

/// Why the bytes are not a lane's messages. Nothing after this can be made sense of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum NotALane {
    /// Compressed messages are not agreed on.
    #[error("a message has the flags {0:#04x}; a lane's messages have none")]
    Flags(u8),
    #[error("a message has {bytes} bytes; a frame has {} to {MAX_MESSAGE_BYTES}", Frame::HEADER_BYTES)]
    Length { bytes: usize },
}

/// Takes chunks, gives messages.
#[derive(Debug, Default)]
pub(super) struct Deframer {
    chunks: VecDeque<Bytes>,
    held: usize,
    /// A header that is taken already, and the length of its payload.
    header: Option<([u8; Frame::HEADER_BYTES], usize)>,
}

impl Deframer {
    pub(super) fn push(&mut self, chunk: Bytes) {
        if !chunk.is_empty() {
            self.held += chunk.len();
            self.chunks.push_back(chunk);
        }
    }

    /// Whether the stream can end here.
    pub(super) fn is_empty(&self) -> bool {
        self.held == 0 && self.header.is_none()
    }

    /// The next whole message.
    pub(super) fn next(&mut self) -> Result<Option<Message>, NotALane> {
        let (header, payload_bytes) = match self.header.take() {
            Some(taken) => taken,
            None if self.held < HEAD_BYTES => return Ok(None),
            None => self.take_head()?,
        };
        if self.held < payload_bytes {
            self.header = Some((header, payload_bytes));
            return Ok(None);
        }
        Ok(Some(Message { header, payload: self.take(payload_bytes) }))
    }

    fn take_head(&mut self) -> Result<([u8; Frame::HEADER_BYTES], usize), NotALane> {
        let mut prefix = [0; PREFIX_BYTES];
        self.copy_to(&mut prefix);
        let [flags, length @ ..] = prefix;
        if flags != 0 {
            return Err(NotALane::Flags(flags));
        }
        let length = u32::from_be_bytes(length) as usize;
        if !(Frame::HEADER_BYTES..=MAX_MESSAGE_BYTES).contains(&length) {
            return Err(NotALane::Length { bytes: length });
        }
        let mut header = [0; Frame::HEADER_BYTES];
        self.copy_to(&mut header);
        Ok((header, length - Frame::HEADER_BYTES))
    }

    /// The next `length` bytes, which are there.
    fn take(&mut self, length: usize) -> Bytes {
        match self.chunks.front_mut() {
            Some(front) if front.len() >= length => {
                let taken = front.split_to(length);
                self.held -= length;
                self.drop_empty();
                taken
            }
            _ => {
                let mut gathered = BytesMut::zeroed(length);
                self.copy_to(&mut gathered);
                gathered.freeze()
            }
        }
    }

    fn copy_to(&mut self, mut to: &mut [u8]) {
        self.held -= to.len();
        while !to.is_empty()
            && let Some(front) = self.chunks.front_mut()
        {
            let (now, later) = to.split_at_mut(front.len().min(to.len()));
            front.copy_to_slice(now);
            to = later;
            self.drop_empty();
        }
    }

    fn drop_empty(&mut self) {
        self.chunks.pop_front_if(|front| front.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(fill: u8, payload_bytes: usize) -> (Vec<u8>, Message) {
        let message = Message { header: [fill; 64], payload: vec![fill; payload_bytes].into() };
        let mut bytes = vec![0];
        bytes.extend(u32::try_from(64 + payload_bytes).expect("short").to_be_bytes());
        bytes.extend(message.header);
        bytes.extend(&message.payload);
        (bytes, message)
    }

    proptest! {
        #[test]
        fn messages_come_out_whole_however_the_stream_is_cut(
            sizes in prop::collection::vec(0_usize..2000, 1..8), cuts in prop::collection::vec(1_usize..700, 1..60),
        ) {
            let (bytes, messages): (Vec<_>, Vec<_>) = sizes.iter().zip(1..).map(|(n, fill)| message(fill, *n)).unzip();
            let mut bytes = Bytes::from(bytes.concat());
            let (mut deframer, mut got) = (Deframer::default(), Vec::new());
            for cut in cuts.iter().cycle() {
                deframer.push(bytes.split_to((*cut).min(bytes.len())));
                while let Some(message) = deframer.next().expect("a lane") {
                    got.push(message);
                }
                if bytes.is_empty() {
                    break;
                }
            }
            prop_assert_eq!(got, messages);
            prop_assert!(deframer.is_empty());
        }

        #[test]
        fn noise_never_panics(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..20)) {
            let mut deframer = Deframer::default();
            for chunk in chunks {
                deframer.push(chunk.into());
                while let Ok(Some(_)) = deframer.next() {}
            }
        }
    }

    #[test]
    fn a_payload_in_one_chunk_is_not_copied() {
        let (bytes, message) = message(7, 1000);
        let bytes = Bytes::from(bytes);
        let mut deframer = Deframer::default();
        deframer.push(bytes.slice(..HEAD_BYTES));
        assert_eq!(deframer.next(), Ok(None));
        assert!(!deframer.is_empty());
        let payload = bytes.slice(HEAD_BYTES..);
        deframer.push(payload.clone());
        let got = deframer.next().expect("a lane").expect("whole");
        assert_eq!(got, message);
        assert_eq!(got.payload.as_ptr(), payload.as_ptr());
    }

    #[test]
    fn lengths_and_flags_out_of_bounds_end_the_lane() {
        let refused = |prefix: [u8; 5]| {
            let mut deframer = Deframer::default();
            deframer.push([prefix.as_slice(), &[0; 64]].concat().into());
            deframer.next().expect_err("is no lane")
        };
        assert_eq!(refused([1, 0, 0, 0, 64]), NotALane::Flags(1));
        assert_eq!(refused([0, 0, 0, 0, 63]), NotALane::Length { bytes: 63 });
        assert_eq!(refused([0, 0xff, 0xff, 0xff, 0xff]), NotALane::Length { bytes: 0xffff_ffff });
    }
}
