//! What a lane does to frames: it carries them one after the other, in its windows.

use super::burst::Run;
use super::flow::Flow;
use crate::codec::Wire;
use crate::collective::frame::Frame;
use crate::contacts::{Contact, Stretch, Transit};
use crate::units::{MissionTime, nanos};

/// One lane: its contacts, and how far it has come.
#[derive(Debug, Clone)]
pub(in crate::collective) struct Lane<'a> {
    /// Those that are not over, in order.
    contacts: &'a [Contact],
    /// The light time of the contact that carried the last frame, around that.
    light: Option<(MissionTime, Stretch)>,
    /// When the first frame began to leave.
    began: Option<u64>,
    /// When the last frame has left.
    free: u64,
    /// How many it has carried.
    pub(in crate::collective) frames: u64,
    /// What it has carried.
    pub(in crate::collective) bytes: u64,
    /// How long it has sent.
    pub(in crate::collective) busy_nanos: u64,
}

/// How a run of elements is cut: frames of `full` bytes, and a last one of `last`.
#[derive(Debug, Clone, Copy)]
pub(in crate::collective) struct Cut {
    pub(in crate::collective) frames: u32,
    pub(in crate::collective) full: u64,
    pub(in crate::collective) last: u64,
}

impl Cut {
    /// One frame without elements.
    pub(in crate::collective) const LEAST: Self =
        Self { frames: 1, full: Frame::HEADER_BYTES as u64, last: Frame::HEADER_BYTES as u64 };

    /// The frames of up to `per_frame` elements that `elements` make in `wire`, headers included: at least one.
    pub(in crate::collective) fn of(wire: Wire, elements: usize, per_frame: usize) -> Self {
        let frames = elements.div_ceil(per_frame).max(1);
        let bytes = |elements: usize| (Frame::HEADER_BYTES + wire.encoded_len(elements)) as u64;
        let last = elements - (frames - 1) * per_frame;
        Self { frames: u32::try_from(frames).unwrap_or(u32::MAX), full: bytes(per_frame), last: bytes(last) }
    }

    /// What all frames have.
    pub(in crate::collective) const fn bytes(&self) -> u64 {
        (self.frames as u64 - 1) * self.full + self.last
    }
}

impl<'a> Lane<'a> {
    pub(in crate::collective) const fn new(contacts: &'a [Contact]) -> Self {
        Self { contacts, light: None, began: None, free: 0, frames: 0, bytes: 0, busy_nanos: 0 }
    }

    /// When the first frame began to leave, if one did.
    pub(in crate::collective) const fn began(&self) -> Option<u64> {
        self.began
    }

    /// When the next frame can leave.
    pub(in crate::collective) const fn free(&self) -> u64 {
        self.free
    }

    /// The window that is open at an instant, or else the next: when it begins and ends.
    pub(in crate::collective) fn window(&self, at: u64) -> Option<(u64, u64)> {
        let over = self.contacts.partition_point(|contact| contact.end.0 <= at);
        self.contacts.get(over).map(|contact| (contact.start.0, contact.end.0))
    }

    /// The contact that lasts from an instant until another, if one does.
    pub(in crate::collective) fn lasting(&self, at: MissionTime, until: MissionTime) -> Option<&'a Contact> {
        let over = self.contacts.partition_point(|contact| contact.end <= at);
        self.contacts.get(over).filter(|contact| contact.covers(at) && until <= contact.end)
    }

    /// Looks for light times first where `other`, the same lane, has found its last one.
    pub(in crate::collective) const fn look_near(&mut self, other: &Self) {
        self.light = other.light;
    }

    /// When the frames of `ready` arrive at the other end. Nothing if the contacts do not suffice.
    pub(in crate::collective) fn carry(&mut self, ready: &Flow, cut: Cut) -> Option<Flow> {
        self.carry_told(ready, cut, |_| {})
    }

    /// The same, and `told` hears of each run of frames that leaves evenly.
    pub(super) fn carry_told(&mut self, ready: &Flow, cut: Cut, mut told: impl FnMut(Run)) -> Option<Flow> {
        let mut arrived = Flow::empty();
        let mut frame = 0;
        while frame < cut.frames {
            let (at, end) = ready.stretch(frame);
            // The last frame has a length of its own.
            let evenly = if frame + 1 == cut.frames { 1 } else { end.frame.min(cut.frames - 2) - frame + 1 };
            let bytes = if frame + 1 == cut.frames { cut.last } else { cut.full };
            let pace = (end.at - at).checked_div(u64::from(end.frame - frame)).unwrap_or_default();
            let (first, run) = self.send(at, pace, evenly, bytes)?;
            arrived.push(frame, first);
            arrived.push(frame + run.frames - 1, run.arrival);
            frame += run.frames;
            told(run);
        }
        self.frames += u64::from(cut.frames);
        self.bytes += cut.bytes();
        Some(arrived)
    }

    /// Carries a single frame that is there from `ready` on. Nothing if the contacts do not suffice.
    #[inline]
    pub(super) fn carry_one(&mut self, ready: u64, bytes: u64) -> Option<Run> {
        let (_, Transit { start, sent, arrival }) = self.next(ready.max(self.free), bytes)?;
        let busy_nanos = sent.0 - start.0;
        self.began.get_or_insert(start.0);
        self.free = sent.0;
        self.frames += 1;
        self.bytes += bytes;
        self.busy_nanos += busy_nanos;
        Some(Run { start: start.0, sent: sent.0, arrival: arrival.0, frames: 1, bytes, busy_nanos })
    }

    /// Sends some of `frames` frames of `bytes` that are there from `ready` on, `pace` nanoseconds after each other: as many as go
    /// evenly. When the first of them arrives, and what they are together.
    fn send(&mut self, ready: u64, pace: u64, frames: u32, bytes: u64) -> Option<(u64, Run)> {
        let (contact, first) = self.next(ready.max(self.free), bytes)?;
        self.began.get_or_insert(first.start.0);
        let each = first.sent.0 - first.start.0;
        // While frames queue they leave one behind the other; when the queue is empty, as they come.
        let behind = first.start.0 - ready;
        let (spacing, queued) = match () {
            () if pace <= each => (each, u32::MAX),
            () if behind == 0 => (pace, u32::MAX),
            () => (each, u32::try_from(behind / (pace - each)).unwrap_or(u32::MAX)),
        };
        let more = (frames - 1).min(queued);
        let even_until = even_until(contact, first.start);
        let fit = even_until.saturating_sub(first.sent.0).checked_div(spacing).unwrap_or(u64::from(more));
        let more = more.min(u32::try_from(fit).unwrap_or(u32::MAX));
        let (sent, arrival) = fitting(contact, first, spacing, more);
        self.free = first.sent.0 + spacing * u64::from(sent);
        let (frames, busy_nanos) = (sent + 1, each * (u64::from(sent) + 1));
        self.busy_nanos += busy_nanos;
        let bytes = bytes * u64::from(frames);
        Some((first.arrival.0, Run { start: first.start.0, sent: self.free, arrival, frames, bytes, busy_nanos }))
    }

    /// The first window that the frame fits into.
    fn next(&mut self, ready: u64, bytes: u64) -> Option<(&'a Contact, Transit)> {
        let over = self.contacts.partition_point(|contact| contact.end.0 <= ready);
        self.contacts = &self.contacts[over..];
        self.contacts.iter().find_map(|contact| Some((contact, self.transit(contact, ready, bytes)?)))
    }

    /// As [`Contact::transit`], without looking for the light time of frames that follow each other.
    fn transit(&mut self, contact: &Contact, ready: u64, bytes: u64) -> Option<Transit> {
        let start = MissionTime(ready).max(contact.start);
        let sent = contact.rate.sent(start, bytes).filter(|_| start < contact.end)?;
        let known = self.light.filter(|(window, stretch)| *window == contact.start && stretch.covers(sent));
        let stretch = known.map_or_else(|| contact.light_time.stretch(sent), |(_, stretch)| stretch);
        self.light = Some((contact.start, stretch));
        let arrival = MissionTime(sent.0.checked_add(stretch.at(sent))?);
        (arrival <= contact.end && arrival < MissionTime::NEVER).then_some(Transit { start, sent, arrival })
    }
}

/// Until when frames leave at one rate.
fn even_until(contact: &Contact, from: MissionTime) -> u64 {
    contact.rate.steps_between(from, contact.end).nth(1).map_or(contact.end.0, |(next, _)| next.0)
}

/// How many of `more` frames still arrive in the window after the first, and when the last of them does.
fn fitting(contact: &Contact, first: Transit, spacing: u64, more: u32) -> (u32, u64) {
    if more == 0 {
        return (0, first.arrival.0);
    }
    let arrival = |after: u32| {
        let sent = first.sent.0.saturating_add(spacing.saturating_mul(u64::from(after)));
        sent.saturating_add(nanos(contact.light_time.at(MissionTime(sent))))
    };
    if arrival(more) <= contact.end.0 {
        return (more, arrival(more));
    }
    let (mut fits, mut does_not) = (0, more);
    while does_not - fits > 1 {
        let middle = fits + (does_not - fits) / 2;
        if arrival(middle) <= contact.end.0 {
            fits = middle;
        } else {
            does_not = middle;
        }
    }
    (fits, arrival(fits))
}
