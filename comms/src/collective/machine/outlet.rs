//! What a machine hands out: its own contribution, hops, and the owners' frames as they came.

use bytes::BytesMut;

use super::super::frame::{Frame, Kind};
use super::lane::Lane;
use super::recipe::Send;
use super::{Machine, weight};
use crate::codec::Weighted;
use crate::id::Rank;

impl Machine {
    /// The peers that this rank sends to.
    pub fn destinations(&self) -> impl Iterator<Item = Rank> {
        self.outbound.keys().copied()
    }

    /// Whether [`Machine::poll_transmit`] has a frame for `to`.
    #[must_use]
    pub fn has_transmit(&self, to: Rank) -> bool {
        let Some((send, frame)) = self.outbound.get(&to).and_then(Lane::next) else { return false };
        match send.kind {
            Kind::Final => self.makes_own(send, frame) || self.finals.contains_key(&(send.segment, frame, send.share)),
            Kind::Partial => self.is_own(send) || self.partials.contains_key(&(send.segment, frame, send.group)),
        }
    }

    /// Whether frames from `from` are still to come.
    #[must_use]
    pub fn awaits(&self, from: Rank) -> bool {
        self.inbound.get(&from).is_some_and(|lane| lane.next().is_some())
    }

    /// The next frame for `to`, if it can be made from what has come so far.
    pub fn poll_transmit(&mut self, to: Rank) -> Option<Frame> {
        let (send, number) = self.outbound.get(&to)?.next()?;
        let frame = match send.kind {
            Kind::Final => {
                if self.makes_own(send, number) {
                    self.make_own_share(send.segment, number, send.share);
                }
                self.hand_out((send.segment, number, send.share))?
            }
            Kind::Partial if self.is_own(send) => self.encode_own(Kind::Partial, send.segment, number),
            Kind::Partial => self.partials.remove(&(send.segment, number, send.group))?,
        };
        let frames = self.slots[send.segment as usize].len();
        self.outbound.get_mut(&to)?.advance(frames);
        self.traffic.raw_bytes += u64::from(frame.header().elements) * size_of::<f32>() as u64;
        self.traffic.wire_bytes += (Frame::HEADER_BYTES + frame.payload().len()) as u64;
        self.sends_missing -= 1;
        self.settle();
        Some(frame)
    }

    /// Whether a send hands on the own contribution and nothing else.
    fn is_own(&self, send: Send) -> bool {
        let groups = &self.recipes[send.segment as usize].groups;
        send.group == 0 && groups.first().is_some_and(|group| group.receives.is_empty())
    }

    /// Whether a send hands on a share that is still to be made, of the own contribution alone.
    fn makes_own(&self, send: Send, number: u32) -> bool {
        let is_made = self.slots[send.segment as usize][number as usize].own_made;
        !is_made && self.recipes[send.segment as usize].own_share() == Some(send.share)
    }

    pub(super) fn encode_own(&mut self, kind: Kind, segment: u32, number: u32) -> Frame {
        let range = self.range(segment, number);
        let wire = self.format_of(&range);
        let mut payload = BytesMut::zeroed(wire.encoded_len(range.len()));
        if self.samples > 0 {
            let own = Weighted { values: &self.input[range.clone()], weight: weight(self.samples) };
            let encoded = match &mut self.residual {
                Some(residual) => wire.encode_keeping(own, residual.of_sums(range), &mut payload),
                None => wire.encode(own, &mut payload),
            };
            assert_eq!(encoded, Ok(()), "the input was checked, and is never written to");
        }
        // Without samples the payload stays as it is: zero bytes mean zeros in every format.
        Frame::new(self.header(kind, segment, number, self.samples), payload.freeze())
    }
}
