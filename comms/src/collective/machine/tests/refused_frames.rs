//! Frames that a machine does not take.

use bytes::Bytes;
use proptest::prelude::*;

use super::super::super::{FrameError, Piece};
use super::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever frame comes from whomever, a machine takes it or says why not.
    #[test]
    fn no_frame_does_harm(
        frames in proptest::collection::vec(
            (0_u32..4, any::<bool>(), any::<bool>(), 0_u32..5, 0_u32..4, 0_u64..3, 0_u64..5, any::<u8>()),
            0..60,
        ),
        by_order in by_order(),
    ) {
        let schedule = Arc::new(by_order(&order(4), 7));
        let mut machine = machine_of(&schedule, 1, Wire::Fp16);
        for (from, partial, fp16, segment, elements, offset, samples, fill) in frames {
            let kind = if partial { Kind::Partial } else { Kind::Final };
            let wire = if fp16 { Wire::Fp16 } else { Wire::F32 };
            let header = Header { tag: TAG, kind, wire, segment, elements, offset, samples };
            let payload = vec![fill; wire.encoded_len(elements as usize)];
            let _ = machine.handle_frame(Rank(from), Frame::new(header, payload.into()));
            for to in order(4) {
                let _ = machine.poll_transmit(to);
            }
        }
    }
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
        Header { wire: Wire::Fp16, ..header },
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
        let input = Arc::new(vec![1e36_f32; 3]);
        let mut machine = Machine::new(schedule, Rank(1), TAG, Wire::F32, input, 1, None);
        let header = Header { tag: TAG, kind, wire: Wire::F32, segment: 0, elements: 1, offset: 0, samples: 1 };
        let frame = Frame::new(header, Bytes::copy_from_slice(&value.to_le_bytes()));
        let error = FrameError::NonFinite { from: Rank(0), kind, segment: 0, element: 0 };
        assert_eq!(machine.handle_frame(Rank(0), frame), Err(error), "{value}");
    }
}

#[test]
fn samples_that_contradict_each_other_are_refused() {
    let schedule = Arc::new(ring::schedule(&order(2), 4));
    let header = Header {
        tag: TAG,
        kind: Kind::Partial,
        wire: Wire::F32,
        segment: 0,
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
