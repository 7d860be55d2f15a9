//! What a machine does with final numbers: keep them for those who need them, merge them, add them up.

use bytes::BytesMut;

use super::super::frame::{Frame, FrameError, Header, Kind};
use super::memory::encode_mean;
use super::{Machine, MachineEvent, blame, weight};
use crate::codec::{Format, Weighted};
use crate::id::Rank;

/// Final numbers that somebody still needs.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) frame: Frame,
    /// Who sent them; the rank itself for those that it made.
    pub(super) from: Rank,
    /// How often they are still needed.
    uses: u32,
    /// Whether they stand in the result already, decoded.
    in_place: bool,
}

/// One frame of one share of one segment.
pub(super) type SharePlace = (u32, u32, u32);

impl Machine {
    /// Takes final numbers that came, or were made here: keeps them as long as they are needed, and makes of them what can be
    /// made. `in_place` says that they stand in the result already.
    pub(super) fn take_share(
        &mut self,
        from: Rank,
        number: u32,
        frame: Frame,
        in_place: bool,
    ) -> Result<(), FrameError> {
        let Header { segment, share, .. } = *frame.header();
        self.enter_gather();
        self.keep(from, number, frame, in_place);
        let merges = &self.recipes[segment as usize].merges;
        let mergeable: Vec<usize> = (0..merges.len()).filter(|&merge| merges[merge].1.contains(&share)).collect();
        for merge in mergeable {
            self.merge(from, segment, number, merge)?;
        }
        self.add_up(segment, number)
    }

    fn keep(&mut self, from: Rank, number: u32, frame: Frame, in_place: bool) {
        let Header { segment, share, samples, .. } = *frame.header();
        let recipe = &self.recipes[segment as usize];
        if recipe.roots.contains(&share) {
            self.seals.insert((segment, number, share), (samples, frame.payload_crc()));
        }
        if let Some(&uses) = recipe.uses.get(&share) {
            self.finals.insert((segment, number, share), Held { frame, from, uses, in_place });
        }
    }

    /// Makes a share of its parts, if all are there.
    fn merge(&mut self, from: Rank, segment: u32, number: u32, merge: usize) -> Result<(), FrameError> {
        let (share, parts) = self.recipes[segment as usize].merges[merge].clone();
        if let Some(own) = self.recipes[segment as usize].own_share().filter(|own| parts.contains(own)) {
            self.make_own_share(segment, number, own);
        }
        if !parts.iter().all(|part| self.finals.contains_key(&(segment, number, *part))) {
            return Ok(());
        }
        let mut sum = std::mem::take(&mut self.scratch);
        sum.resize(self.range(segment, number).len(), 0.0);
        let (mut samples, mut wire) = (0_u64, Format::from(self.wire));
        for (index, part) in parts.iter().enumerate() {
            let Some(held) = self.finals.get(&(segment, number, *part)) else { continue };
            let (header, sender) = (*held.frame.header(), held.from);
            let payload = held.frame.payload();
            wire = header.wire;
            let added = if index == 0 { wire.decode(payload, &mut sum) } else { wire.decode_add(payload, &mut sum) };
            added.map_err(|error| blame(error, sender, &header))?;
            samples = samples.checked_add(header.samples).ok_or(too_many(sender, &header))?;
        }
        let mut payload = BytesMut::zeroed(wire.encoded_len(sum.len()));
        let header = Header { share, wire, ..self.header(Kind::Final, segment, number, samples) };
        let encoded = wire.encode(Weighted { values: &sum, weight: 1.0 }, &mut payload);
        let kept = encoded.and_then(|()| self.keep_of_merge(&header, number, &sum, &payload));
        kept.map_err(|error| blame(error, from, &header))?;
        self.scratch = sum;
        for part in parts {
            self.release((segment, number, part));
        }
        self.take_share(self.rank, number, Frame::new(header, payload.freeze()), false)
    }

    /// Adds up the shares of a frame as far as they are there, in their order.
    ///
    /// Not before all partial sums have come, which are added up in the same place.
    pub(super) fn add_up(&mut self, segment: u32, number: u32) -> Result<(), FrameError> {
        if self.slots[segment as usize][number as usize].applied < self.recipes[segment as usize].partials {
            return Ok(());
        }
        let range = self.range(segment, number);
        loop {
            let (slot, recipe) = (&self.slots[segment as usize][number as usize], &self.recipes[segment as usize]);
            let Some(&root) = recipe.roots.get(slot.added as usize) else { return Ok(()) };
            let (first, last) = (slot.added == 0, slot.added as usize + 1 == recipe.roots.len());
            let is_one = recipe.is_one;
            if recipe.own_share() == Some(root) {
                self.make_own_share(segment, number, root);
            }
            let place = (segment, number, root);
            let Some(held) = self.finals.get(&place) else { return Ok(()) };
            let (header, from, payload) = (*held.frame.header(), held.from, held.frame.payload());
            let wire = header.wire;
            let values = &mut self.mean[range.clone()];
            let decoded = match (held.in_place, first) {
                (true, _) => Ok(()),
                (false, true) if last && self.streams => wire.decode_streaming(payload, values),
                (false, true) => wire.decode(payload, values),
                (false, false) => wire.decode_add(payload, values),
            };
            decoded.map_err(|error| blame(error, from, &header))?;
            let slot = &mut self.slots[segment as usize][number as usize];
            let samples = slot.samples_added.checked_add(header.samples).ok_or(too_many(from, &header))?;
            (slot.added, slot.samples_added) = (slot.added + 1, samples);
            self.release(place);
            if last {
                if !is_one {
                    let total = weight(samples.max(1));
                    self.mean[range.clone()].iter_mut().for_each(|value| *value /= total);
                }
                self.count_total(from, &header, samples)?;
            }
            self.finals_missing -= 1;
            self.settle();
        }
    }

    /// Makes the share of the own contribution alone, unless that has been done.
    pub(super) fn make_own_share(&mut self, segment: u32, number: u32, share: u32) {
        let slot = &mut self.slots[segment as usize][number as usize];
        if std::mem::replace(&mut slot.own_made, true) {
            return;
        }
        let is_one = self.recipes[segment as usize].is_one;
        let frame =
            if is_one { self.mean_of_own(segment, number) } else { self.encode_own(Kind::Final, segment, number) };
        let frame = frame.labelled(share);
        self.keep(self.rank, number, frame, is_one);
    }

    /// Final numbers for a peer.
    pub(super) fn hand_out(&mut self, place: SharePlace) -> Option<Frame> {
        let frame = self.finals.get(&place)?.frame.clone();
        self.release(place);
        Some(frame)
    }

    pub(super) fn enter_gather(&mut self) {
        if !std::mem::replace(&mut self.gathers, true) {
            self.events.push_back(MachineEvent::EnteredGather);
        }
    }

    /// One of those who need final numbers has had them.
    fn release(&mut self, place: SharePlace) {
        if let Some(held) = self.finals.get_mut(&place) {
            held.uses -= 1;
            if held.uses == 0 {
                self.finals.remove(&place);
            }
        }
    }

    /// The own contribution as the mean, in the result and as a frame: that of the only rank of a schedule.
    fn mean_of_own(&mut self, segment: u32, number: u32) -> Frame {
        let range = self.range(segment, number);
        let wire = self.format_of(&range);
        let mut payload = BytesMut::zeroed(wire.encoded_len(range.len()));
        let (own, sum) = (&self.input[range.clone()], &mut self.mean[range.clone()]);
        for (sum, own) in sum.iter_mut().zip(own) {
            *sum = if self.samples == 0 { 0.0 } else { own * weight(self.samples) };
        }
        let encoded = encode_mean(wire, &mut self.residual, range, sum, self.samples, &mut payload);
        assert_eq!(encoded, Ok(()), "the input was checked, and is never written to");
        Frame::new(self.header(Kind::Final, segment, number, self.samples), payload.freeze())
    }

    fn count_total(&mut self, from: Rank, header: &Header, samples: u64) -> Result<(), FrameError> {
        self.enter_gather();
        if *self.total.get_or_insert(samples) == samples {
            return Ok(());
        }
        let rule = "with the others it is not the total of another segment";
        Err(FrameError::Samples { from, segment: header.segment, got: header.samples, rule })
    }
}

fn too_many(from: Rank, header: &Header) -> FrameError {
    let rule = "with the others it exceeds 64 bits";
    FrameError::Samples { from, segment: header.segment, got: header.samples, rule }
}
