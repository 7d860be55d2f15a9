use futures_util::StreamExt;
use jiff::Timestamp;

use super::*;
use crate::contacts::{ActualContacts, Contact, ContactPlan, Transit};
use crate::id::NodeId;
use crate::units::BitsPerSecond;

const RATE: BitsPerSecond = BitsPerSecond(80_000_000);

fn window(start: MissionTime, end: MissionTime, light_time: Duration) -> Contact {
    Contact { start, end, rate: RATE.into(), light_time: light_time.into() }
}

fn lane(windows: &[Contact], clock: MissionClock) -> (LaserQueue<u32>, LaserStream<u32>, watch::Receiver<LinkState>) {
    let (from, to) = (NodeId::satellite(0), NodeId::satellite(1));
    let contacts = windows.iter().map(|window| (from.clone(), to.clone(), window.clone()));
    let plan = Arc::new(ActualContacts::of(ContactPlan::new(contacts).expect("a valid plan")));
    let contact = watch::Sender::new(LinkState::Down);
    let states = contact.subscribe();
    let laser = Laser::new(plan, from, to, 1.0);
    let (queue, stream) = channel(4, Arc::default(), Some((laser, clock)), contact);
    (queue, stream, states)
}

/// Time stands still but where all wait for it, so that what a timer costs is exact.
fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = crate::net::runtime().expect("a runtime");
    runtime.block_on(async {
        tokio::time::pause();
        test.await
    })
}

/// The grain of the runtime's timers, and the next one's.
const GRAIN: Duration = Duration::from_millis(2);

fn started_now() -> MissionClock {
    MissionClock::new(Timestamp::now(), 1.0)
}

#[test]
fn a_stream_of_small_items_has_the_rate_of_its_contact_though_timers_are_coarse() {
    run(async {
        // 100 us each at this rate: ten within the grain of a timer.
        let (items, bytes) = (1000, 1000);
        let light_time = Duration::from_millis(20);
        let (queue, mut stream, _) = lane(&[window(MissionTime::ZERO, MissionTime::NEVER, light_time)], started_now());
        let began = wall_now();
        let feed = async {
            for item in 0..items {
                queue.send(item, bytes).await.expect("is open");
            }
        };
        let drain = async {
            let got: Vec<u32> = stream.by_ref().take(items as usize).collect().await;
            (got, wall_now() - began)
        };
        let ((), (got, elapsed)) = tokio::join!(feed, drain);
        assert_eq!(got, (0..items).collect::<Vec<_>>());
        let exact = light_time + RATE.transmit_time(u64::from(items) * bytes);
        assert!(elapsed >= exact, "{elapsed:?} is faster than light, {exact:?}");
        assert!(elapsed <= exact + GRAIN, "{elapsed:?} instead of {exact:?}");
    });
}

#[test]
fn nothing_passes_between_two_windows_and_all_of_it_after() {
    run(async {
        let clock = started_now();
        let at = |millis| MissionTime::ZERO + Duration::from_millis(millis);
        let windows = [window(at(0), at(100), Duration::ZERO), window(at(300), MissionTime::NEVER, Duration::ZERO)];
        let (queue, mut stream, mut states) = lane(&windows, clock);
        // 45 ms each: two fit into the first window.
        for item in 0..4 {
            queue.try_send(item, 450_000).expect("has room");
        }
        for (item, expected) in [45, 90, 345, 390].into_iter().enumerate() {
            assert_eq!(stream.next().await, u32::try_from(item).ok());
            let late = clock.now().since(at(expected));
            assert!(clock.now() >= at(expected) && late <= GRAIN, "item {item} at {}", clock.now());
        }
        assert_eq!(*states.borrow_and_update(), LinkState::Up);
    });
}

#[test]
fn contact_gained_and_lost_is_told_without_any_item() {
    run(async {
        let at = |millis| MissionTime::ZERO + Duration::from_millis(millis);
        let (_queue, mut stream, mut states) = lane(&[window(at(30), at(60), Duration::ZERO)], started_now());
        let told = async {
            let mut told = Vec::new();
            while told.len() < 3 {
                states.changed().await.expect("the stream is there");
                told.push(*states.borrow_and_update());
            }
            told
        };
        let told = tokio::select! {
            told = told => told,
            item = stream.next() => panic!("{item:?}"),
        };
        assert_eq!(told, [LinkState::Waiting, LinkState::Up, LinkState::Waiting]);
    });
}

#[test]
fn an_item_that_fits_no_window_holds_up_the_lane_but_not_its_end() {
    run(async {
        let at = |millis| MissionTime::ZERO + Duration::from_millis(millis);
        let (queue, mut stream, _) = lane(&[window(at(0), at(60_000), Duration::ZERO)], started_now());
        queue.try_send(1, u64::MAX).expect("has room");
        queue.try_send(2, 1).expect("has room");
        tokio::select! {
            biased;
            item = stream.next() => panic!("{item:?} must not pass"),
            () = tokio::task::yield_now() => {}
        }
        drop(queue);
        assert_eq!(stream.next().await, None);
    });
}

/// What an observer is told, with the start of the contact.
struct Tell(mpsc::UnboundedSender<(&'static str, u32, MissionTime)>);

impl Observer<u32> for Tell {
    fn departs(&mut self, item: &u32, transit: Transit, contact: &Contact, passed_over: Option<NoContact>) {
        assert_eq!(passed_over, None, "each takes the next contact");
        assert!(contact.covers(transit.start) && transit.start < transit.sent, "{transit:?}");
        self.0.send(("departs", *item, contact.start)).expect("is listened to");
    }

    fn arrives(&mut self, item: &u32, contact: &Contact) {
        self.0.send(("arrives", *item, contact.start)).expect("is listened to");
    }

    fn strands(&mut self, item: &u32, obstacle: NoContact) {
        let widest = obstacle.widest.expect("a contact is left");
        self.0.send(("strands", *item, widest.start)).expect("is listened to");
    }
}

#[test]
fn an_observer_is_told_in_which_contact_each_item_departs_and_arrives_and_which_never_does() {
    run(async {
        let at = |millis| MissionTime::ZERO + Duration::from_millis(millis);
        let light_time = Duration::from_millis(5);
        let windows = [window(at(0), at(100), light_time), window(at(300), at(400), light_time)];
        let (queue, stream, _) = lane(&windows, started_now());
        let (tell, mut told) = mpsc::unbounded_channel();
        let stream = stream.observed_by(Tell(tell));
        // 60 ms each, and one that takes ten seconds.
        for (item, bytes) in [(0, 600_000), (1, 600_000), (2, 100_000_000)] {
            queue.try_send(item, bytes).expect("has room");
        }
        assert_eq!(stream.take(2).collect::<Vec<_>>().await, [0, 1]);
        let mut all = Vec::new();
        while let Ok(one) = told.try_recv() {
            all.push(one);
        }
        let (first, second) = (at(0), at(300));
        let departs = [("departs", 0, first), ("departs", 1, second)];
        // What is left of the second window when the third item is looked at, just before the transmitter is free.
        let strands = ("strands", 2, second + Duration::from_millis(60));
        assert_eq!(all, [departs[0], departs[1], ("arrives", 0, first), strands, ("arrives", 1, second)]);
    });
}

#[test]
fn without_a_laser_items_pass_at_once() {
    run(async {
        let (contact, room) = (watch::Sender::new(LinkState::Down), Arc::new(Notify::new()));
        let state = contact.subscribe();
        let (queue, mut stream) = channel(2, room.clone(), None, contact);
        assert_eq!(*state.borrow(), LinkState::Up);
        queue.try_send('a', 1).expect("has room");
        queue.try_send('b', 1).expect("has room");
        assert_eq!(queue.try_send('c', 1), Err('c'));
        assert_eq!(stream.next().await, Some('a'));
        room.notified().await;
        assert_eq!(queue.room(), 1);
    });
}
