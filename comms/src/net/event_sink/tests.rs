use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use super::*;
use crate::events::LinkState;

/// A reader that takes nothing until its gate is opened, and then keeps what it gets.
#[derive(Clone, Default)]
struct Tape {
    written: Arc<Mutex<Vec<u8>>>,
}

impl Write for Tape {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.written.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Tape {
    fn events(&self) -> Vec<What> {
        let text = String::from_utf8(self.written.lock().expect("no panic").clone()).expect("JSON is text");
        text.lines().map(|line| serde_json::from_str::<Event>(line).expect("an event a line").what).collect()
    }
}

struct Gated {
    gate: mpsc::Receiver<()>,
    tape: Tape,
}

impl Write for Gated {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // An error means that the gate's other end is gone: it stays open.
        self.gate.recv().ok();
        self.tape.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn clock() -> MissionClock {
    MissionClock::new(Timestamp::now(), 1.0)
}

fn progress() -> What {
    What::Link { peer: NodeId::satellite(1), state: LinkState::Up }
}

fn fact(message: &str) -> What {
    What::Warning { message: message.into() }
}

#[test]
fn events_are_written_in_order_one_a_line() {
    let tape = Tape::default();
    let sink = EventSink::new(tape.clone(), NodeId::satellite(0), clock(), &[]).expect("starts");
    let events: Vec<What> = (0..100).map(|i| fact(&i.to_string())).collect();
    events.iter().for_each(|event| sink.emit(event.clone()));
    sink.flush().expect("is written");
    assert_eq!(tape.events(), events);
}

#[test]
fn progress_is_dropped_and_counted_when_the_reader_is_slow() {
    let (tape, (open, gate)) = (Tape::default(), mpsc::channel());
    let sink = EventSink::new(Gated { gate, tape: tape.clone() }, NodeId::satellite(0), clock(), &[]).expect("starts");
    let sent = EVENT_QUEUE as u64 + 100;
    (0..sent).for_each(|_| sink.emit(progress()));
    drop(open);
    sink.flush().expect("is written");
    sink.emit(fact("after"));
    sink.flush().expect("is written");
    let events = tape.events();
    let kept = events.iter().filter(|event| event.is_progress()).count() as u64;
    let dropped: u64 = events.iter().map(|event| if let What::Dropped { count } = event { *count } else { 0 }).sum();
    assert!(dropped >= 99, "{dropped} dropped");
    assert_eq!(kept + dropped, sent);
    assert_eq!(events.last(), Some(&fact("after")));
}

#[test]
fn facts_wait_for_room_and_none_is_lost() {
    let (tape, (open, gate)) = (Tape::default(), mpsc::channel());
    let sink = EventSink::new(Gated { gate, tape: tape.clone() }, NodeId::satellite(0), clock(), &[]).expect("starts");
    let count = EVENT_QUEUE + 500;
    let writer = thread::spawn({
        let sink = sink.clone();
        move || (0..count).for_each(|i| sink.emit(fact(&i.to_string())))
    });
    (0..count).for_each(|_| open.send(()).expect("the gate is there"));
    drop(open);
    writer.join().expect("no panic");
    sink.flush().expect("is written");
    assert_eq!(tape.events(), (0..count).map(|i| fact(&i.to_string())).collect::<Vec<_>>());
}

#[test]
fn a_stream_that_breaks_is_told_of_by_flush_and_stops_nobody() {
    struct Broken;
    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let sink = EventSink::new(Broken, NodeId::satellite(0), clock(), &[]).expect("starts");
    (0..EVENT_QUEUE + 10).for_each(|_| sink.emit(fact("on")));
    let error = sink.flush().expect_err("nothing is written").to_string();
    assert!(error.contains("broken pipe"), "{error}");
}

#[test]
fn a_fault_strikes_in_its_phase_after_its_event_is_written() {
    static STRUCK: AtomicBool = AtomicBool::new(false);
    let fault = |kill, round| Fault { kill, at: FaultTime::Phase { round: Round(round), phase: Phase::Reduce } };
    let faults = [fault(NodeId::satellite(0), 5), fault(NodeId::satellite(1), 3)];
    let tape = Tape::default();
    let strike = || STRUCK.store(true, Ordering::SeqCst);
    let sink = EventSink::with_strike(tape.clone(), NodeId::satellite(0), clock(), &faults, strike).expect("starts");
    let phases = [(3, Phase::Reduce), (5, Phase::Compute)];
    phases.into_iter().for_each(|(round, phase)| sink.phase(Round(round), Attempt(0), phase));
    assert!(!STRUCK.load(Ordering::SeqCst), "another node, another phase");
    sink.phase(Round(5), Attempt(0), Phase::Reduce);
    assert!(STRUCK.load(Ordering::SeqCst));
    // The strike comes after the flush: what is on the tape is there before the process dies.
    assert!(
        matches!(tape.events().last(), Some(What::Fault { fault }) if fault.contains("sat-0")),
        "{:?}",
        tape.events()
    );
}

#[test]
fn a_fault_at_a_mission_time_strikes_then_and_never_when_it_is_past() {
    static STRUCK: Mutex<Option<mpsc::Sender<()>>> = Mutex::new(None);
    let (struck, strikes) = mpsc::channel();
    *STRUCK.lock().expect("no panic") = Some(struck);
    let strike = || {
        let told = STRUCK.lock().expect("no panic").take();
        told.expect("one fault only").send(()).expect("the test waits");
    };
    let clock = MissionClock::new(Timestamp::now() - Duration::from_secs(10), 1.0);
    let at = |at| Fault { kill: NodeId::aggregator(), at: FaultTime::MissionTime(at) };
    let faults = [at(MissionTime::from_secs_f64(5.0)), at(clock.now() + Duration::from_millis(50))];
    let tape = Tape::default();
    let _sink = EventSink::with_strike(tape.clone(), NodeId::aggregator(), clock, &faults, strike).expect("starts");
    strikes.recv().expect("strikes");
    assert!(clock.now() >= MissionTime::from_secs_f64(10.0));
    assert_eq!(tape.events().len(), 1);
}
