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
            Kind::Final => self.slots[send.segment as usize][frame as usize].last.is_some(),
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
            Kind::Final => self.take_final(send.segment, number)?,
            Kind::Partial if self.is_own(send) => self.encode_own(send.segment, number),
            Kind::Partial => self.partials.remove(&(send.segment, number, send.group))?,
        };
        let frames = self.slots[send.segment as usize].len();
        self.outbound.get_mut(&to)?.advance(frames);
        self.traffic.raw_bytes += u64::from(frame.header().elements) * size_of::<f32>() as u64;
        self.traffic.wire_bytes += frame.wire_bytes();
        self.sends_missing -= 1;
        self.settle();
        Some(frame)
    }

    /// Whether a send hands on the own contribution and nothing else.
    fn is_own(&self, send: Send) -> bool {
        let groups = &self.recipes[send.segment as usize].groups;
        send.group == 0 && groups.first().is_some_and(|group| group.receives.is_empty())
    }

    fn encode_own(&self, segment: u32, number: u32) -> Frame {
        let range = self.range(segment, number);
        let mut payload = BytesMut::zeroed(self.wire.encoded_len(range.len()));
        if self.samples > 0 {
            let own = Weighted { values: &self.input[range], weight: weight(self.samples) };
            let encoded = self.wire.encode(own, &mut payload);
            assert_eq!(encoded, Ok(()), "the input was checked, and is never written to");
        }
        // Without samples the payload stays as it is: zero bytes mean zeros in every format.
        Frame::new(self.header(Kind::Partial, segment, number, self.samples), payload.freeze())
    }

    /// The final frame, kept for the other peers that wait for it.
    fn take_final(&mut self, segment: u32, number: u32) -> Option<Frame> {
        let slot = &mut self.slots[segment as usize][number as usize];
        let frame = slot.last.take()?;
        slot.last_sends -= 1;
        if slot.last_sends > 0 {
            slot.last = Some(frame.clone());
        }
        Some(frame)
    }
}
