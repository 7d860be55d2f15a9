//! The emulated laser: when the light of each frame arrives, by the contact plan.
//!
//! Pure: mission time in, mission time out. A [`Laser`] is one lane's transmitter. It sends one frame after the other,
//! each at the rate of the contact it falls into, and never a part of one; several may be under way at once. The plan's
//! geometry is the mission's; two scales fit it to a machine: `time_scale` in the [`MissionClock`], and `byte_scale`,
//! the mission bytes that each real byte stands for.

use std::sync::Arc;

use thiserror::Error;

use super::clock::MissionClock;
use crate::contacts::{ActualContacts, Contact, Transit};
use crate::events::LinkState;
use crate::id::NodeId;
use crate::units::{BitsPerSecond, MissionTime};

/// What makes real links behave as the mission's.
#[derive(Debug, Clone)]
pub struct Emulation {
    /// Who can reach whom, and when.
    pub contacts: Arc<ActualContacts>,
    /// The mission's clock.
    pub clock: MissionClock,
    /// Mission bytes per real byte; positive and finite.
    pub byte_scale: f64,
}

impl Emulation {
    /// The transmitter of one lane.
    #[must_use]
    pub fn laser(&self, from: NodeId, to: NodeId) -> Laser {
        Laser::new(self.contacts.clone(), from, to, self.byte_scale)
    }
}

/// Why a frame never departs, or only in a contact far ahead.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{bytes} mission bytes at once fit into no contact from {from} to {to} {}", rest_of_text(*.before, .widest.as_ref()))]
pub struct NoContact {
    /// The sender.
    pub from: NodeId,
    /// The receiver.
    pub to: NodeId,
    /// Size of the frame in mission bytes.
    pub bytes: u64,
    /// When the contact starts that it does fit into; [`MissionTime::NEVER`] if there is none.
    pub before: MissionTime,
    /// What is left before that of the contact that carries most at once, if any is left.
    pub widest: Option<Contact>,
}

fn rest_of_text(before: MissionTime, widest: Option<&Contact>) -> String {
    let when = if before == MissionTime::NEVER { "that is left".to_owned() } else { format!("before {before}") };
    match widest {
        Some(Contact { start, end, .. }) => {
            let capacity = widest.map(Contact::capacity).unwrap_or_default();
            format!("{when}: the widest, {start} to {end}, carries {capacity}")
        }
        None => format!("{when}: there is none"),
    }
}

/// The transmitter of one lane.
#[derive(Debug)]
pub struct Laser {
    contacts: Arc<ActualContacts>,
    from: NodeId,
    to: NodeId,
    byte_scale: f64,
    busy_until: MissionTime,
    last_arrival: MissionTime,
}

impl Laser {
    /// A transmitter that has sent nothing. `byte_scale` is positive and finite.
    #[must_use]
    pub const fn new(contacts: Arc<ActualContacts>, from: NodeId, to: NodeId, byte_scale: f64) -> Self {
        Self { contacts, from, to, byte_scale, busy_until: MissionTime::ZERO, last_arrival: MissionTime::ZERO }
    }

    /// Sends a frame of `bytes` real bytes that is ready at `ready`, after all frames before it. `None` if no contact is
    /// left that it fits into: it will never arrive, and the transmitter stays as it was.
    ///
    /// Frames arrive in the order they are sent in, also where the peers come nearer so fast that light would overtake.
    pub fn schedule(&mut self, ready: MissionTime, bytes: u64) -> Option<Transit> {
        let ready = ready.max(self.busy_until);
        let mut transit = self.contacts.transit(&self.from, &self.to, ready, self.mission_bytes(bytes))?;
        transit.arrival = transit.arrival.max(self.last_arrival);
        self.busy_until = transit.sent;
        self.last_arrival = transit.arrival;
        Some(transit)
    }

    /// When the last bit of the last frame has left.
    #[must_use]
    pub const fn busy_until(&self) -> MissionTime {
        self.busy_until
    }

    /// Whether there is contact at `now`, and when that changes ([`MissionTime::NEVER`] if it does not).
    #[must_use]
    pub fn state(&self, now: MissionTime) -> (LinkState, MissionTime) {
        match self.contacts.next(&self.from, &self.to, now) {
            Some(contact) if contact.covers(now) => (LinkState::Up, contact.end),
            Some(contact) => (LinkState::Waiting, contact.start),
            None => (LinkState::Waiting, MissionTime::NEVER),
        }
    }

    /// The rate at `now`, or at the beginning of the next contact, if there is one.
    #[must_use]
    pub fn rate(&self, now: MissionTime) -> Option<BitsPerSecond> {
        let contact = self.contacts.next(&self.from, &self.to, now)?;
        Some(contact.rate.at(contact.start.max(now)))
    }

    /// The contact that covers `at`.
    #[must_use]
    pub fn contact(&self, at: MissionTime) -> Option<&Contact> {
        self.contacts.next(&self.from, &self.to, at).filter(|contact| contact.covers(at))
    }

    /// Why a frame of `bytes` real bytes that is ready at `ready`, and that [`schedule`](Self::schedule) does not take,
    /// fits into no contact.
    #[must_use]
    pub fn obstacle(&self, ready: MissionTime, bytes: u64) -> NoContact {
        let ready = ready.max(self.busy_until);
        let left = self.contacts_from(ready).iter();
        let left = left.map(|contact| Contact { start: contact.start.max(ready), ..contact.clone() });
        self.too_narrow(bytes, MissionTime::NEVER, left.max_by_key(Contact::capacity))
    }

    /// Why a frame of `bytes` real bytes that was ready at `ready`, and that leaves at `start`, has let whole contacts go
    /// by, if it has.
    #[must_use]
    pub fn passed_over(&self, ready: MissionTime, bytes: u64, start: MissionTime) -> Option<NoContact> {
        let gone = self.contacts_from(ready).iter().take_while(|contact| contact.end <= start);
        let widest = gone.filter(|contact| contact.start >= ready).max_by_key(|contact| contact.capacity())?;
        Some(self.too_narrow(bytes, start, Some(widest.clone())))
    }

    fn too_narrow(&self, bytes: u64, before: MissionTime, widest: Option<Contact>) -> NoContact {
        let (from, to) = (self.from.clone(), self.to.clone());
        NoContact { from, to, bytes: self.mission_bytes(bytes), before, widest }
    }

    /// The contacts that end after `at`.
    fn contacts_from(&self, at: MissionTime) -> &[Contact] {
        let contacts = self.contacts.contacts(&self.from, &self.to);
        &contacts[contacts.partition_point(|contact| contact.end <= at)..]
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a frame has far fewer than 2^53 bytes, and `as` saturates"
    )]
    fn mission_bytes(&self, bytes: u64) -> u64 {
        if (self.byte_scale - 1.0).abs() < f64::EPSILON {
            return bytes;
        }
        (bytes as f64 * self.byte_scale).round() as u64
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::contacts::ContactPlan;

    const MBYTE_PER_SEC: BitsPerSecond = BitsPerSecond(8_000_000);

    fn secs(secs: f64) -> MissionTime {
        MissionTime::from_secs_f64(secs)
    }

    fn window(start: f64, end: f64, light_time: f64) -> Contact {
        let light_time = Duration::from_secs_f64(light_time).into();
        Contact { start: secs(start), end: secs(end), rate: MBYTE_PER_SEC.into(), light_time }
    }

    fn laser(windows: &[Contact], byte_scale: f64) -> Laser {
        let (from, to) = (NodeId::satellite(0), NodeId::satellite(1));
        let contacts = windows.iter().map(|window| (from.clone(), to.clone(), window.clone()));
        let plan = ContactPlan::new(contacts).expect("a valid plan");
        Laser::new(Arc::new(ActualContacts::of(plan)), from, to, byte_scale)
    }

    #[test]
    fn frames_go_back_to_back_and_several_are_under_way() {
        let mut laser = laser(&[window(0.0, 1e6, 5.0)], 1.0);
        for frame in 0..10 {
            let transit = laser.schedule(MissionTime::ZERO, 1_000_000).expect("fits");
            let start = f64::from(frame);
            let expected = Transit { start: secs(start), sent: secs(start + 1.0), arrival: secs(start + 6.0) };
            assert_eq!(transit, expected);
        }
        assert_eq!(laser.schedule(secs(30.0), 1_000_000).map(|transit| transit.start), Some(secs(30.0)));
    }

    #[test]
    fn a_frame_that_does_not_fit_waits_for_the_next_window_and_those_behind_it_too() {
        let mut laser = laser(&[window(0.0, 10.0, 0.5), window(100.0, 110.0, 0.5)], 1.0);
        assert_eq!(laser.schedule(secs(9.0), 1_000_000).map(|transit| transit.arrival), Some(secs(101.5)));
        assert_eq!(laser.schedule(secs(9.0), 100).map(|transit| transit.start), Some(secs(101.0)));
    }

    #[test]
    fn a_frame_that_fits_no_window_never_arrives_and_a_smaller_one_still_may() {
        let mut laser = laser(&[window(0.0, 10.0, 0.5)], 1.0);
        assert_eq!(laser.schedule(MissionTime::ZERO, 20_000_000), None);
        assert_eq!(laser.busy_until(), MissionTime::ZERO);
        assert!(laser.schedule(MissionTime::ZERO, 1_000_000).is_some());
    }

    #[test]
    fn light_of_a_nearer_peer_does_not_overtake() {
        let mut laser = laser(&[window(0.0, 10.0, 9.0), window(10.0, 20.0, 1.0)], 1.0);
        let first = laser.schedule(MissionTime::ZERO, 1_000_000).expect("fits");
        let second = laser.schedule(MissionTime::ZERO, 1_000).expect("fits");
        assert_eq!(first.arrival, secs(10.0));
        assert!(second.arrival >= first.arrival, "{second:?}");
    }

    #[test]
    fn bytes_are_scaled_up_to_the_missions() {
        let mut laser = laser(&[window(0.0, 1e6, 0.0)], 1000.0);
        assert_eq!(laser.schedule(MissionTime::ZERO, 1_000).map(|transit| transit.sent), Some(secs(1.0)));
    }

    #[test]
    fn why_a_frame_fits_nowhere_names_it_and_the_widest_contact_that_is_left() {
        let laser = laser(&[window(0.0, 10.0, 0.5), window(20.0, 25.0, 1.0), window(30.0, 32.0, 0.0)], 10.0);
        let obstacle = |ready| laser.obstacle(secs(ready), 1_000_000).to_string();
        let head = "10000000 mission bytes at once fit into no contact from sat-0 to sat-1 that is left";
        assert_eq!(obstacle(1.0), format!("{head}: the widest, 1.000 s to 10.000 s, carries 8500000"));
        assert_eq!(obstacle(9.0), format!("{head}: the widest, 20.000 s to 25.000 s, carries 4000000"));
        assert_eq!(obstacle(32.0), format!("{head}: there is none"));
    }

    #[test]
    fn a_frame_that_lets_contacts_go_by_has_the_widest_of_them_named() {
        let windows =
            [window(0.0, 10.0, 0.5), window(20.0, 21.0, 0.0), window(30.0, 32.0, 0.0), window(40.0, 60.0, 0.0)];
        let mut laser = laser(&windows, 1.0);
        let start = laser.schedule(secs(9.0), 5_000_000).expect("fits").start;
        let over = laser.passed_over(secs(9.0), 5_000_000, start).expect("two contacts go by").to_string();
        let head = "5000000 mission bytes at once fit into no contact from sat-0 to sat-1 before 40.000 s";
        assert_eq!(over, format!("{head}: the widest, 30.000 s to 32.000 s, carries 2000000"));
        assert_eq!(laser.passed_over(secs(9.0), 1_000_000, secs(20.0)), None, "it waits for the next contact");
    }

    #[test]
    fn its_state_changes_where_the_windows_do() {
        let laser = laser(&[window(10.0, 20.0, 0.0)], 1.0);
        assert_eq!(laser.state(secs(5.0)), (LinkState::Waiting, secs(10.0)));
        assert_eq!(laser.state(secs(10.0)), (LinkState::Up, secs(20.0)));
        assert_eq!(laser.state(secs(20.0)), (LinkState::Waiting, MissionTime::NEVER));
    }

    proptest! {
        #[test]
        fn no_window_carries_more_than_its_rate_allows(
            sizes in prop::collection::vec(1_u64..3_000_000, 1..60), readies in prop::collection::vec(0_u64..200, 60),
        ) {
            let windows = [window(0.0, 10.0, 0.25), window(30.0, 45.0, 0.5), window(90.0, 1e5, 0.1)];
            let mut laser = laser(&windows, 1.0);
            let mut last = Transit { start: MissionTime::ZERO, sent: MissionTime::ZERO, arrival: MissionTime::ZERO };
            for (bytes, ready) in sizes.iter().zip(&readies) {
                let ready = secs(*ready as f64);
                let transit = laser.schedule(ready, *bytes).expect("the last window is long");
                prop_assert!(transit.start >= ready.max(last.sent) && transit.arrival >= last.arrival);
                prop_assert_eq!(transit.sent.since(transit.start), MBYTE_PER_SEC.transmit_time(*bytes));
                let inside = windows.iter().any(|w| w.covers(transit.start) && transit.arrival <= w.end);
                prop_assert!(inside, "{:?} is in no window", transit);
                last = transit;
            }
        }
    }
}
