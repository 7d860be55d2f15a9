//! Frames that a machine does not take.

use bytes::Bytes;
use proptest::prelude::*;

use super::super::super::{FrameError, Piece};
use super::super::Contribution;
use super::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever becomes of frames on their way to one rank, it takes them or says why not, and so do those that it answers.
    #[test]
    fn no_frame_does_harm(
        damages in proptest::collection::vec(damage(), 1..40),
        wire in wire(),
        by_order in by_order(),
    ) {
        let schedule = Arc::new(by_order(&order(4), 7));
        let mut machines: Vec<Machine> = (0..4).map(|rank| machine_of(&schedule, rank, wire)).collect();
        let mut damages = damages.iter().copied().cycle();
        let mut taken = 0;
        for _ in 0..40 {
            for (from, to) in (0..4).flat_map(|from| (0..4).map(move |to| (from, to))) {
                let Some(frame) = machines[from].poll_transmit(Rank(to)) else { continue };
                let mut copies = vec![frame];
                if to == 1 && let Some(damage) = damages.next() {
                    // The damaged one comes first, so that the right one finds what it has left behind.
                    copies.insert(0, damaged(&copies[0], damage));
                }
                for frame in copies {
                    taken += usize::from(machines[to as usize].handle_frame(Rank(from as u32), frame).is_ok());
                }
            }
        }
        prop_assert!(taken > 0, "nothing was taken");
    }
}

/// Something that may happen to a frame.
#[derive(Debug, Clone, Copy)]
enum Damage {
    Payload(usize, u8),
    Samples(u64),
    Segment(u32),
    Offset(u64),
    Elements(u32),
    Kind,
    Wire,
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        4 => (any::<usize>(), any::<u8>()).prop_map(|(at, flip)| Damage::Payload(at, flip)),
        2 => prop_oneof![0_u64..5, Just(u64::MAX)].prop_map(Damage::Samples),
        1 => (0_u32..5).prop_map(Damage::Segment),
        1 => (0_u64..8).prop_map(Damage::Offset),
        1 => (0_u32..8).prop_map(Damage::Elements),
        1 => Just(Damage::Kind),
        1 => Just(Damage::Wire),
    ]
}

fn damaged(frame: &Frame, damage: Damage) -> Frame {
    let (mut header, mut payload) = (*frame.header(), frame.payload().to_vec());
    match damage {
        Damage::Payload(at, flip) => {
            if let Some(byte) = at.checked_rem(payload.len()).map(|at| &mut payload[at]) {
                *byte ^= flip;
            }
        }
        Damage::Samples(samples) => header.samples = samples,
        Damage::Segment(segment) => header.segment = segment,
        Damage::Offset(offset) => header.offset = offset,
        Damage::Elements(elements) => header.elements = elements,
        Damage::Kind => header.kind = if header.kind == Kind::Partial { Kind::Final } else { Kind::Partial },
        Damage::Wire => header.wire = if header.wire.wire == Wire::Fp16 { Wire::F32 } else { Wire::Fp16 }.into(),
    }
    payload.resize(header.wire.encoded_len(header.elements as usize), 0);
    Frame::new(header, payload.into())
}

#[test]
fn a_frame_out_of_place_is_refused_with_the_facts_and_the_right_one_still_counts() {
    let schedule = Arc::new(ring::schedule(&order(2), 4));
    let [mut sender, mut receiver] = [0, 1].map(|rank| machine_of(&schedule, rank, Wire::F32));
    let good = sender.poll_transmit(Rank(1)).expect("its own");
    let (from, header) = (Rank(0), *good.header());
    let relabelled =
        |header: Header| Frame::new(header, Bytes::from(vec![0; header.wire.encoded_len(header.elements as usize)]));
    let expected = Piece::from(&header);
    for wrong in [
        Header { kind: Kind::Final, ..header },
        Header { wire: Wire::Fp16.into(), ..header },
        Header { segment: 1, ..header },
        Header { offset: 1, ..header },
        Header { elements: 1, ..header },
    ] {
        let error = FrameError::OutOfOrder { from, expected, got: Piece::from(&wrong) };
        assert_eq!(receiver.handle_frame(from, relabelled(wrong)), Err(error));
    }
    let tag = Tag { attempt: TAG.attempt.next(), ..TAG };
    let error = FrameError::OtherAttempt { from, expected: TAG, got: tag };
    assert_eq!(receiver.handle_frame(from, relabelled(Header { tag, ..header })), Err(error));
    let error = FrameError::Surplus { from: Rank(5), segment: 0 };
    assert_eq!(receiver.handle_frame(Rank(5), good.clone()), Err(error));

    assert_eq!(receiver.handle_frame(from, good.clone()), Ok(()));
    assert!(matches!(receiver.handle_frame(from, good), Err(FrameError::OutOfOrder { .. })));
    let mut machines = [sender, receiver];
    for (from, to) in [(1, 0), (0, 1), (1, 0)] {
        carry(&mut machines, from, to);
    }
    let after = relabelled(Header { kind: Kind::Final, ..header });
    assert_eq!(machines[1].handle_frame(from, after), Err(FrameError::Surplus { from, segment: 0 }));
    let [first, second] = machines.map(Machine::finish);
    assert_eq!(first.digest, second.digest);
}

#[test]
fn a_peer_that_sends_what_is_not_finite_is_named() {
    for (value, kind) in [(f32::NAN, Kind::Partial), (f32::INFINITY, Kind::Partial), (f32::MAX, Kind::Partial)] {
        let schedule = Arc::new(ring::schedule(&order(3), 3));
        let contribution = Contribution::new(Arc::new(vec![1e36_f32; 3]), 1);
        let mut machine = Machine::new(schedule, Rank(1), TAG, Wire::F32, &contribution, None);
        let header =
            Header { tag: TAG, kind, wire: Wire::F32.into(), segment: 0, share: 0, elements: 1, offset: 0, samples: 1 };
        let frame = Frame::new(header, Bytes::copy_from_slice(&value.to_le_bytes()));
        let error = FrameError::NonFinite { from: Rank(0), kind, segment: 0, element: 0 };
        assert_eq!(machine.handle_frame(Rank(0), frame), Err(error), "{value}");
    }
}

#[test]
fn a_peer_that_sends_what_no_encoder_writes_is_named() {
    let (from, segment, element) = (Rank(0), 0, 256);
    for (wire, at, byte, error) in [
        (Wire::Fp16, 601, 127, FrameError::Exponent { from, segment, element, exponent: 127 }),
        (Wire::Int8, 303, 0x80, FrameError::Scale { from, segment, element, bits: 0x8000 }),
        (Wire::TopK, 48, 44, FrameError::Index { from, segment, element, index: 44, elements: 44 }),
    ] {
        let mut machine = machine_of(&Arc::new(ring::schedule(&order(2), 600)), 1, wire);
        let header = Header {
            tag: TAG,
            kind: Kind::Partial,
            wire: wire.into(),
            segment,
            share: 0,
            elements: 300,
            offset: 0,
            samples: 1,
        };
        let mut payload = vec![0; wire.encoded_len(300)];
        payload[at] = byte;
        assert_eq!(machine.handle_frame(from, Frame::new(header, payload.into())), Err(error), "{wire}");
    }
}

#[test]
fn samples_that_contradict_each_other_are_refused() {
    let schedule = Arc::new(ring::schedule(&order(2), 4));
    let header = Header {
        tag: TAG,
        kind: Kind::Partial,
        wire: Wire::F32.into(),
        segment: 0,
        share: 0,
        elements: 2,
        offset: 0,
        samples: u64::MAX,
    };
    let frame = |header| Frame::new(header, vec![0; 8].into());
    let mut machine = machine_of(&schedule, 1, Wire::F32);
    let error = machine.handle_frame(Rank(0), frame(header)).expect_err("more than 64 bits");
    assert!(matches!(error, FrameError::Samples { got: u64::MAX, .. }), "{error}");

    let mut machine = machine_of(&schedule, 1, Wire::F32);
    machine.handle_frame(Rank(0), frame(Header { samples: 3, ..header })).expect("3 and its own 2");
    let other = Header { kind: Kind::Final, segment: 1, samples: 6, ..header };
    let error = machine.handle_frame(Rank(0), frame(other)).expect_err("6 are not 5");
    assert!(matches!(error, FrameError::Samples { got: 6, segment: 1, .. }), "{error}");
    assert_eq!(machine.handle_frame(Rank(0), frame(Header { samples: 5, ..other })), Ok(()));
}
