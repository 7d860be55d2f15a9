//! A laser at work: a queue goes in, and each item comes out when its light arrives.
//!
//! Timers here have the runtime's grain of a millisecond. Errors do not add up: every instant is computed from the plan
//! and from when the item was queued, never from when a timer fired. To keep the transmitter busy between two timers,
//! items are taken off the queue up to [`LOOKAHEAD`] before their first bit leaves. So an item arrives at most about a
//! millisecond late, and a stream of items has exactly the rate of its contact.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_util::Stream;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::Sleep;

use super::clock::{MissionClock, wall_now};
use super::laser::{Laser, NoContact};
use crate::contacts::{Contact, Transit};
use crate::events::LinkState;
use crate::limits::LASER_FLIGHT_FRAMES;
use crate::units::MissionTime;

/// Wall time between taking an item off the queue and its first bit leaving: twice the timers' grain.
const LOOKAHEAD: Duration = Duration::from_millis(2);

/// A queue of at most `bound` items and the stream that they come out of; without a laser, at once. `room` is notified
/// whenever the queue has room again; `contact` is told of contact gained and lost.
pub(crate) fn channel<T>(
    bound: usize,
    room: Arc<Notify>,
    laser: Option<(Laser, MissionClock)>,
    contact: watch::Sender<LinkState>,
) -> (LaserQueue<T>, LaserStream<T>) {
    if laser.is_none() {
        contact.send_replace(LinkState::Up);
    }
    let beam = laser.map(|(laser, clock)| {
        let timer = Box::pin(tokio::time::sleep(Duration::ZERO));
        Beam { laser, clock, contact, observer: None, flight: VecDeque::new(), stuck: None, timer }
    });
    let ((sender, queue), (on, off)) = (mpsc::channel(bound), oneshot::channel());
    (LaserQueue { queue: sender, _on: on }, LaserStream { queue, off, room, beam })
}

/// The sender's end. Dropping it switches the transmitter off: the stream ends, and what is queued or under way is lost.
#[derive(Debug)]
pub(crate) struct LaserQueue<T> {
    queue: mpsc::Sender<Queued<T>>,
    _on: oneshot::Sender<Infallible>,
}

#[derive(Debug)]
struct Queued<T> {
    item: T,
    /// What it takes of the link's rate.
    bytes: u64,
    /// When it was ready to be sent.
    at: Instant,
}

impl<T> LaserQueue<T> {
    /// Items that it takes at once.
    pub(crate) fn room(&self) -> usize {
        self.queue.capacity()
    }

    /// Queues an item that takes `bytes` of the link's rate, or gives it back.
    pub(crate) fn try_send(&self, item: T, bytes: u64) -> Result<(), T> {
        let queued = Queued { item, bytes, at: wall_now() };
        self.queue.try_send(queued).map_err(|error| error.into_inner().item)
    }

    /// Queues an item, waiting for room; gives it back if the stream is gone.
    pub(crate) async fn send(&self, item: T, bytes: u64) -> Result<(), T> {
        match self.queue.reserve().await {
            Ok(place) => {
                // Ready when there is room, not before: the link is never ahead of its sender.
                place.send(Queued { item, bytes, at: wall_now() });
                Ok(())
            }
            Err(_) => Err(item),
        }
    }
}

/// Is told what becomes of the items of a stream with a laser, in the order in which they were queued.
pub(crate) trait Observer<T>: Send {
    /// An item has a place in `contact`, which may lie ahead. `passed_over` is why it let whole contacts go by, if it did.
    fn departs(&mut self, item: &T, transit: Transit, contact: &Contact, passed_over: Option<NoContact>);

    /// An item has arrived, by a place in `contact`.
    fn arrives(&mut self, item: &T, contact: &Contact);

    /// An item fits into no contact that is left: neither it nor what is behind it ever departs.
    fn strands(&mut self, item: &T, obstacle: NoContact);
}

/// The items of a queue, delayed as a laser would.
pub(crate) struct LaserStream<T> {
    queue: mpsc::Receiver<Queued<T>>,
    off: oneshot::Receiver<Infallible>,
    room: Arc<Notify>,
    beam: Option<Beam<T>>,
}

/// The emulation of one lane.
struct Beam<T> {
    laser: Laser,
    clock: MissionClock,
    contact: watch::Sender<LinkState>,
    observer: Option<Box<dyn Observer<T>>>,
    flight: VecDeque<(Transit, T)>,
    /// Fits into no contact that is left. What is behind it waits as well: a lane keeps its order.
    stuck: Option<T>,
    timer: Pin<Box<Sleep>>,
}

impl<T> LaserStream<T> {
    /// The stream with somebody to be told what its laser does. Without a laser there is nothing to tell.
    pub(crate) fn observed_by(mut self, observer: impl Observer<T> + 'static) -> Self {
        if let Some(beam) = &mut self.beam {
            beam.observer = Some(Box::new(observer));
        }
        self
    }
}

impl<T: Unpin> Stream for LaserStream<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let Self { queue, off, room, beam } = self.get_mut();
        if Pin::new(off).poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        let Some(beam) = beam else {
            let next = std::task::ready!(queue.poll_recv(cx));
            room.notify_one();
            return Poll::Ready(next.map(|queued| queued.item));
        };
        loop {
            let now = beam.clock.now();
            let (state, changes) = beam.laser.state(now);
            beam.contact.send_if_modified(|told| std::mem::replace(told, state) != state);
            beam.take_off(queue, room, now, cx);
            if let Some((transit, item)) = beam.flight.pop_front_if(|(transit, _)| transit.arrival <= now) {
                if let Some((observer, contact)) = beam.observer.as_mut().zip(beam.laser.contact(transit.start)) {
                    observer.arrives(&item, contact);
                }
                return Poll::Ready(Some(item));
            }
            let wake =
                beam.next_take_off(now).into_iter().chain(beam.flight.front().map(|(transit, _)| transit.arrival));
            let wake = wake.fold(changes, MissionTime::min);
            beam.timer.as_mut().reset(beam.clock.instant(wake).into());
            std::task::ready!(beam.timer.as_mut().poll(cx));
        }
    }
}

impl<T> Beam<T> {
    /// Takes what the transmitter can send soon off the queue.
    fn take_off(
        &mut self,
        queue: &mut mpsc::Receiver<Queued<T>>,
        room: &Notify,
        now: MissionTime,
        cx: &mut Context<'_>,
    ) {
        let horizon = now + self.clock.mission(LOOKAHEAD);
        while self.stuck.is_none() && self.laser.busy_until() <= horizon && self.flight.len() < LASER_FLIGHT_FRAMES {
            let Poll::Ready(Some(queued)) = queue.poll_recv(cx) else { break };
            room.notify_one();
            let ready = self.clock.at(queued.at).max(self.laser.busy_until());
            match self.laser.schedule(ready, queued.bytes) {
                Some(transit) => {
                    if let Some((observer, contact)) = self.observer.as_mut().zip(self.laser.contact(transit.start)) {
                        let passed_over = self.laser.passed_over(ready, queued.bytes, transit.start);
                        observer.departs(&queued.item, transit, contact, passed_over);
                    }
                    self.flight.push_back((transit, queued.item));
                }
                None => {
                    let obstacle = self.laser.obstacle(ready, queued.bytes);
                    tracing::warn!(%obstacle, "a frame never arrives");
                    if let Some(observer) = &mut self.observer {
                        observer.strands(&queued.item, obstacle);
                    }
                    self.stuck = Some(queued.item);
                }
            }
        }
    }

    /// When the transmitter is free enough to look at the queue again, if it is not at `now`.
    fn next_take_off(&self, now: MissionTime) -> Option<MissionTime> {
        let free = self.laser.busy_until() - self.clock.mission(LOOKAHEAD);
        (self.stuck.is_none() && free > now).then_some(free)
    }
}

#[cfg(test)]
mod tests;
