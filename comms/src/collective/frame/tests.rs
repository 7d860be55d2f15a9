//! Frames from bytes and to bytes.

use bytes::BytesMut;
use proptest::prelude::*;

use super::header::MAGIC;
use super::*;
use crate::codec::{Format, Wire};
use crate::id::{Attempt, Round, ViewId};
use crate::limits::MAX_ELEMENTS;

fn bytes_of(frame: &Frame) -> Bytes {
    let mut bytes = BytesMut::from(&frame.encode_header()[..]);
    bytes.extend_from_slice(frame.body());
    bytes.freeze()
}

fn frame() -> impl Strategy<Value = Frame> {
    let tag = (any::<u32>(), any::<u64>(), any::<u32>()).prop_map(|(view, round, attempt)| Tag {
        view: ViewId(view),
        round: Round(round),
        attempt: Attempt(attempt),
    });
    let kind = prop_oneof![Just(Kind::Partial), Just(Kind::Final)];
    let wire = proptest::sample::select(Wire::ALL);
    let place = (any::<u32>(), 0..=MAX_ELEMENTS as u64 - 600, any::<u64>());
    (tag, kind, (wire, 0_usize..700), place, 0_u32..600, any::<u8>()).prop_map(
        |(tag, kind, (wire, exempt_from), (segment, offset, samples), elements, fill)| {
            let wire = Format::exempting(wire, elements as usize, exempt_from);
            let share = if kind == Kind::Final { segment.rotate_left(7) } else { 0 };
            let header = Header { tag, kind, wire, segment, share, elements, offset, samples };
            let frame = Frame::new(header, vec![fill; wire.encoded_len(elements as usize)].into());
            if fill % 2 == 0 { frame } else { frame.pack() }
        },
    )
}

proptest! {
    #[test]
    fn a_frame_reads_back_from_its_bytes(frame in frame()) {
        let bytes = bytes_of(&frame);
        prop_assert_eq!(bytes.len() as u64, frame.wire_bytes());
        let back = Frame::parse(bytes.clone()).expect("a frame");
        prop_assert_eq!(back.body().as_ptr(), bytes[Frame::HEADER_BYTES..].as_ptr());
        prop_assert_eq!(back, frame);
    }

    #[test]
    fn any_flipped_bit_is_noticed(frame in frame(), bit in any::<proptest::sample::Index>()) {
        let mut bytes = BytesMut::from(bytes_of(&frame));
        let bit = bit.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(Frame::parse(bytes.freeze()).is_err());
    }

    #[test]
    fn a_frame_that_is_cut_short_or_goes_on_is_refused(frame in frame(), by in 1_usize..100) {
        let bytes = bytes_of(&frame);
        prop_assert!(Frame::parse(bytes.slice(..bytes.len().saturating_sub(by))).is_err());
        let longer: Vec<u8> = bytes.iter().copied().chain(vec![0; by]).collect();
        prop_assert!(Frame::parse(longer.into()).is_err());
    }

    #[test]
    fn no_bytes_do_harm(bytes in proptest::collection::vec(any::<u8>(), 0..200), begins_well in any::<bool>()) {
        let magic = if begins_well { &MAGIC[..] } else { &[] };
        let _ = Frame::parse([magic, &bytes].concat().into());
    }
}

#[test]
fn the_header_is_laid_out_as_its_table_says() {
    let tag = Tag { view: ViewId(0x0403_0201), round: Round(0x0807_0605_0403_0201), attempt: Attempt(0x1413_1211) };
    let (kind, wire) = (Kind::Final, Wire::Fp16);
    let header =
        Header { tag, kind, wire: wire.into(), segment: 5, share: 6, elements: 3, offset: 0x0102, samples: 0x0304 };
    let bytes = Frame::new(header, vec![1; 7].into()).encode_header();
    let expected: [&[u8]; 12] = [
        b"SLF1",
        &[1, 1, 0, 0],
        &[1, 2, 3, 4],
        &[0x11, 0x12, 0x13, 0x14],
        &[1, 2, 3, 4, 5, 6, 7, 8],
        &[5, 0, 0, 0],
        &[3, 0, 0, 0],
        &[2, 1, 0, 0, 0, 0, 0, 0],
        &[4, 3, 0, 0, 0, 0, 0, 0],
        &[7, 0, 0, 0],
        &[6, 0, 0, 0],
        &xxh3_64_with_seed(&bytes[..56], crc(&[1; 7])).to_le_bytes(),
    ];
    assert_eq!(bytes.to_vec(), expected.concat());
}

#[test]
fn each_wire_format_has_the_byte_that_the_table_gives_it() {
    let tag = Tag { view: ViewId(1), round: Round(1), attempt: Attempt(0) };
    let header = Header {
        tag,
        kind: Kind::Partial,
        wire: Wire::F32.into(),
        segment: 0,
        share: 0,
        elements: 0,
        offset: 0,
        samples: 1,
    };
    let bytes = |wire: Wire| Frame::new(Header { wire: wire.into(), ..header }, Bytes::new()).encode_header()[5];
    let table = [(Wire::F32, 0), (Wire::Fp16, 1), (Wire::Bf16, 2), (Wire::Int8, 3), (Wire::TopK, 4)];
    assert_eq!(Wire::ALL.iter().map(|wire| (*wire, bytes(*wire))).collect::<Vec<_>>(), table);
}

#[test]
fn a_refusal_names_the_rule_that_is_broken() {
    let tag = Tag { view: ViewId(1), round: Round(1), attempt: Attempt(0) };
    let (kind, wire) = (Kind::Partial, Wire::F32);
    let header = Header { tag, kind, wire: wire.into(), segment: 0, share: 0, elements: 2, offset: 0, samples: 1 };
    let good = bytes_of(&Frame::new(header, vec![0; 8].into()));
    let broken = |at: usize, value: u8| {
        let mut bytes = BytesMut::from(&good[..]);
        bytes[at] = value;
        Frame::parse(bytes.freeze()).expect_err("it is broken")
    };
    assert_eq!(broken(0, b'X'), FrameError::Magic { magic: u32::from_le_bytes(*b"XLF1") });
    assert_eq!(broken(4, 2), FrameError::Field { name: "kind", value: 2 });
    assert_eq!(broken(5, 9), FrameError::Field { name: "wire", value: 9 });
    assert_eq!(broken(6, 1), FrameError::Field { name: "exempt", value: 1 });
    assert_eq!(broken(53, 1), FrameError::Field { name: "share", value: 1 << 8 });
    assert_eq!(broken(31, 1), FrameError::Field { name: "elements", value: (1 << 24) + 2 });
    assert_eq!(broken(36, 2), FrameError::Field { name: "offset", value: 2 << 32 });
    let carried = 8;
    assert_eq!(
        broken(48, 7),
        FrameError::PayloadLength { declared: 7, carried, elements: 2, wire: wire.into(), needed: 8 }
    );
    assert_eq!(
        broken(28, 3),
        FrameError::PayloadLength { declared: 8, carried, elements: 3, wire: wire.into(), needed: 12 }
    );
    assert!(matches!(broken(40, 2), FrameError::Checksum { .. }));
    assert!(matches!(broken(70, 2), FrameError::Checksum { .. }));
    assert_eq!(Frame::parse(Bytes::new()), Err(FrameError::Length { bytes: 0 }));
    let endless = Bytes::from(vec![0; MAX_MESSAGE_BYTES + 1]);
    assert_eq!(Frame::parse(endless), Err(FrameError::Length { bytes: MAX_MESSAGE_BYTES + 1 }));
}
