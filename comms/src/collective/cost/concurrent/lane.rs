//! A lane that takes frames of several all-reduces in turn.

use crate::collective::cost::burst::Run;
use crate::collective::cost::lane::{Cut, Lane};
use crate::contacts::Contact;

/// A lane, and who queues on it.
pub(super) struct SharedLane<'a> {
    lane: Lane<'a>,
    queues: Vec<Queue>,
    /// The queue that comes next, if it has something.
    turn: usize,
    /// Of which op the last frame was, by queue and number.
    last: Option<(usize, usize)>,
}

/// What one all-reduce sends over a lane, in order.
pub(super) struct Queue {
    pub(super) job: usize,
    sends: Vec<Sending>,
    /// For each frame of all sends when all is there that it takes, then when it is encoded; [`u64::MAX`] if not yet.
    ready: Vec<u64>,
    /// How far frames have been encoded, and sent.
    encoded: Cursor,
    sent: Cursor,
    /// When its sender, and its receiver, have coded what was before.
    encodes_from: u64,
    decodes_from: u64,
    /// Whether a frame of it had to wait for ever.
    ended: bool,
}

/// The frames of an op.
#[derive(Clone, Copy)]
struct Sending {
    op: usize,
    cut: Cut,
    /// What its sender has to code for each of them before.
    coding: u64,
}

/// A place in a queue: how many frames are before it, in which send it is, and at which frame of that.
#[derive(Clone, Copy, Default)]
struct Cursor {
    position: usize,
    send: usize,
    frame: u32,
}

impl Cursor {
    fn advance(&mut self, sends: &[Sending]) {
        self.position += 1;
        self.frame += 1;
        if self.frame == sends[self.send].cut.frames {
            (self.send, self.frame) = (self.send + 1, 0);
        }
    }
}

/// Where in a queue of a lane a frame stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) lane: usize,
    pub(super) queue: usize,
    pub(super) position: usize,
}

/// A frame that has left, or never can.
pub(super) struct Sent {
    pub(super) job: usize,
    pub(super) op: usize,
    pub(super) frame: u32,
    /// Nothing if the contacts do not suffice.
    pub(super) run: Option<Run>,
    /// Whether the lane's last frame was of the same op.
    pub(super) follows: bool,
}

impl Queue {
    pub(super) fn of(job: usize) -> Self {
        Self {
            job,
            sends: Vec::new(),
            ready: Vec::new(),
            encoded: Cursor::default(),
            sent: Cursor::default(),
            encodes_from: 0,
            decodes_from: 0,
            ended: false,
        }
    }

    /// One more op to send after the others, each frame of which is coded so long before; says where its frames begin.
    pub(super) fn push(&mut self, op: usize, cut: Cut, coding: u64) -> usize {
        let first = self.ready.len();
        self.sends.push(Sending { op, cut, coding });
        self.ready.resize(first + cut.frames as usize, u64::MAX);
        first
    }

    fn has(&self, now: u64) -> bool {
        let Cursor { position, .. } = self.sent;
        !self.ended && position < self.encoded.position && self.ready[position] <= now
    }
}

impl<'a> SharedLane<'a> {
    pub(super) const fn new(contacts: &'a [Contact]) -> Self {
        Self { lane: Lane::new(contacts), queues: Vec::new(), turn: 0, last: None }
    }

    /// One more queues on it; gives the number of its queue.
    pub(super) fn join(&mut self, queue: Queue) -> usize {
        self.queues.push(queue);
        self.queues.len() - 1
    }

    /// All is there that a frame takes: when it, and what stood behind it, is encoded.
    pub(super) fn ready(&mut self, place: Place, now: u64) -> Vec<u64> {
        let queue = &mut self.queues[place.queue];
        queue.ready[place.position] = now;
        let mut times = Vec::new();
        while let Some(ready) = queue.ready.get_mut(queue.encoded.position).filter(|ready| **ready != u64::MAX) {
            let coding = queue.sends[queue.encoded.send].coding;
            if coding > 0 {
                *ready = (*ready).max(queue.encodes_from) + coding;
                queue.encodes_from = *ready;
            }
            times.push((*ready).max(now));
            queue.encoded.advance(&queue.sends);
        }
        times
    }

    /// When its receiver has decoded a frame that arrives, after those before it.
    pub(super) fn decoded(&mut self, queue: usize, arrived: u64, coding: u64) -> u64 {
        let from = &mut self.queues[queue].decodes_from;
        if coding == 0 {
            return arrived;
        }
        *from = arrived.max(*from) + coding;
        *from
    }

    /// The next frame, if the lane is free and one is ready.
    pub(super) fn send(&mut self, now: u64) -> Option<Sent> {
        if self.lane.free() > now {
            return None;
        }
        let count = self.queues.len();
        let number =
            (self.turn..self.turn + count).map(|number| number % count).find(|&at| self.queues[at].has(now))?;
        let queue = &mut self.queues[number];
        let (Sending { op, cut, .. }, frame) = (queue.sends[queue.sent.send], queue.sent.frame);
        let run = self.lane.carry_one(now, if frame + 1 == cut.frames { cut.last } else { cut.full });
        queue.sent.advance(&queue.sends);
        queue.ended = run.is_none();
        self.turn = (number + 1) % count;
        let follows = self.last.replace((number, op)) == Some((number, op));
        Some(Sent { job: queue.job, op, frame, run, follows })
    }
}
