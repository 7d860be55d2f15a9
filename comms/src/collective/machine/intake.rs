//! What a machine does with a frame that comes in: check its place, add it up, pass it on.

use bytes::{Bytes, BytesMut};

use super::super::frame::{Frame, FrameError, Header, Kind, Piece};
use super::memory::{encode_mean, encode_sum};
use super::recipe::{Goes, Group, Receive};
use super::{Machine, Place, Slot, weight};
use crate::codec::{CodecError, Weighted};
use crate::id::Rank;

impl Machine {
    /// Takes the next frame of the lane from `from`.
    ///
    /// # Errors
    /// [`FrameError`] if the frame is of another attempt, is not the one that is next on its lane, contradicts
    /// earlier ones on samples, or makes a sum that is not finite. After an error of
    /// place ([`FrameError::OtherAttempt`], [`FrameError::OutOfOrder`], a surplus frame) the attempt can still complete,
    /// if the right frame comes; after others it may not.
    pub fn handle_frame(&mut self, from: Rank, frame: Frame) -> Result<(), FrameError> {
        let place = self.admit(from, &frame)?;
        if frame.header().kind == Kind::Final {
            return self.take_share(from, place.frame, frame, false);
        }
        if self.slot(place).applied < place.index {
            self.early.insert(place, (from, frame));
            return Ok(());
        }
        self.add(from, place, frame)?;
        let mut next = Place { index: place.index + 1, ..place };
        while let Some((from, frame)) = self.early.remove(&next) {
            self.add(from, next, frame)?;
            next.index += 1;
        }
        // Shares may have waited for the last of them.
        self.add_up(place.segment, place.frame)
    }

    /// Checks that a frame is the one that is next on its lane, and moves the lane on.
    fn admit(&mut self, from: Rank, frame: &Frame) -> Result<Place, FrameError> {
        let (header, got) = (frame.header(), Piece::from(frame.header()));
        if header.tag != self.tag {
            return Err(FrameError::OtherAttempt { from, expected: self.tag, got: header.tag });
        }
        let surplus = FrameError::Surplus { from, segment: header.segment };
        let Some((receive, number)) = self.inbound.get(&from).and_then(|lane| lane.next()) else {
            return Err(surplus);
        };
        let Receive { segment, kind, share, index } = receive;
        let mut expected = Piece::from(&Header { share, ..self.header(kind, segment, number, 0) });
        // What is exempt from losses, ranks that contribute know.
        if self.exempt_from.is_none() && got.wire.wire == expected.wire.wire {
            expected.wire = got.wire;
        }
        if got != expected {
            return Err(FrameError::OutOfOrder { from, expected, got });
        }
        let samples = |rule| FrameError::Samples { from, segment, got: header.samples, rule };
        let is_mean = kind == Kind::Final && self.recipes[segment as usize].is_one;
        if is_mean && self.total.is_some_and(|total| total != header.samples) {
            return Err(samples("another final frame states another number"));
        }
        let frames = self.slots[segment as usize].len();
        let Some(lane) = self.inbound.get_mut(&from) else { return Err(surplus) };
        if lane.samples.is_some_and(|earlier| earlier != header.samples) {
            return Err(samples("an earlier frame of the segment states another number"));
        }
        lane.samples = Some(header.samples);
        lane.advance(frames);
        Ok(Place { segment, frame: number, index })
    }

    /// Adds a partial sum to its group, and passes the group on if it is whole.
    fn add(&mut self, from: Rank, place: Place, frame: Frame) -> Result<(), FrameError> {
        let Place { segment, frame: number, index } = place;
        self.slot(place).applied += 1;
        let Some((group, Group { receives, goes })) = self.recipes[segment as usize].group_of(index) else {
            unreachable!("a sound schedule passes on all that it receives");
        };
        let (first, last, goes) = (index == receives.start, index + 1 == receives.end, *goes);
        let own_samples = if group == 0 { self.samples } else { 0 };
        let samples = self.count(from, place, frame.header().samples, if first { Some(own_samples) } else { None })?;

        if first && last && goes == Goes::On && own_samples == 0 {
            self.partials.insert((segment, number, group), frame);
            return Ok(());
        }
        let header = *frame.header();
        let wire = header.wire;
        let blame = |error| blame(error, from, &header);
        let range = self.range(segment, number);
        let own = |range| Weighted { values: &self.input[range], weight: weight(own_samples) };
        let mut payload = frame.into_payload();
        if first && last && goes == Goes::On {
            let mut hop = writable(payload);
            let reduced = match &mut self.residual {
                Some(residual) => wire.reduce_keeping(&mut hop, own(range.clone()), residual.of_sums(range)),
                None => wire.reduce(&mut hop, own(range)),
            };
            reduced.map_err(blame)?;
            self.hold_partial(place, group, Header { samples, ..header }, hop);
            return Ok(());
        }
        // What is sums of this rank alone for a moment stays in the caches, if the result is too long for them.
        let aside = self.streams && first && last;
        if aside && self.scratch.len() < range.len() {
            self.scratch.resize(range.len(), 0.0);
        }
        let sum = if aside { &mut self.scratch[..range.len()] } else { &mut self.mean[range.clone()] };
        match (first, own_samples) {
            (true, 0) => wire.decode(&payload, sum),
            (true, _) => wire.decode_weighted_add(&payload, own(range.clone()), sum),
            (false, _) => wire.decode_add(&payload, sum),
        }
        .map_err(blame)?;
        if !last {
            return Ok(());
        }
        let mut payload = writable(std::mem::take(&mut payload));
        let residual = &mut self.residual;
        match goes {
            Goes::On => {
                encode_sum(wire, residual, range, sum, &mut payload).map_err(blame)?;
                self.hold_partial(place, group, Header { samples, ..header }, payload);
            }
            Goes::Into { share } => {
                let is_one = self.recipes[segment as usize].is_one;
                if is_one && self.total.is_some_and(|total| total != samples) {
                    let (got, rule) = (header.samples, "with the others it is not the total of another segment");
                    return Err(FrameError::Samples { from, segment, got, rule });
                }
                let made = match is_one {
                    true => encode_mean(wire, residual, range, sum, samples, &mut payload),
                    false => encode_sum(wire, residual, range, sum, &mut payload),
                };
                made.map_err(blame)?;
                let header = Header { share, wire, ..self.header(Kind::Final, segment, number, samples) };
                self.take_share(self.rank, number, Frame::new(header, payload.freeze()), is_one && !aside)?;
            }
        }
        Ok(())
    }

    /// Counts the samples of a partial sum into its group, which begins with `start` if it is the first.
    fn count(&mut self, from: Rank, place: Place, stated: u64, start: Option<u64>) -> Result<u64, FrameError> {
        let before = start.unwrap_or(self.slot(place).samples);
        let (segment, rule) = (place.segment, "with the others it exceeds 64 bits");
        let samples = before.checked_add(stated).ok_or(FrameError::Samples { from, segment, got: stated, rule })?;
        self.slot(place).samples = samples;
        Ok(samples)
    }

    fn hold_partial(&mut self, place: Place, group: u32, header: Header, payload: BytesMut) {
        self.partials.insert((place.segment, place.frame, group), Frame::new(header, payload.freeze()));
    }

    fn slot(&mut self, place: Place) -> &mut Slot {
        &mut self.slots[place.segment as usize][place.frame as usize]
    }
}

/// The buffer that a payload came in, to write to; a copy of it, if somebody else holds it too.
fn writable(payload: Bytes) -> BytesMut {
    payload.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&shared[..]))
}

/// Says whose frame broke a kernel.
pub(super) fn blame(error: CodecError, from: Rank, header: &Header) -> FrameError {
    let Header { kind, segment, offset, .. } = *header;
    let element = offset + error.element() as u64;
    match error {
        CodecError::NonFinite { .. } => FrameError::NonFinite { from, kind, segment, element },
        CodecError::Exponent { exponent, .. } => FrameError::Exponent { from, segment, element, exponent },
        CodecError::Scale { bits, .. } => FrameError::Scale { from, segment, element, bits },
        CodecError::Index { index, elements, .. } => FrameError::Index { from, segment, element, index, elements },
    }
}
