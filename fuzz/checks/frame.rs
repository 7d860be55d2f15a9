//! Any bytes are a frame or are refused; a frame's bytes are those that it was read from, and its payload decodes or is
//! refused.

use starloom_comms::codec::Weighted;
use starloom_comms::collective::Frame;

/// Checks one input; panics if what must hold does not.
pub(crate) fn check(bytes: &[u8]) {
    let Ok(frame) = Frame::parse(bytes.to_vec().into()) else { return };
    assert_eq!([&frame.encode_header()[..], frame.payload()].concat(), bytes);
    let (wire, elements) = (frame.header().wire, frame.header().elements as usize);
    let mut values = vec![0.0; elements];
    if wire.decode(frame.payload(), &mut values).is_ok() {
        assert!(values.iter().all(|value| value.is_finite()));
        let mut hop = frame.payload().to_vec();
        let nothing = vec![0.0; elements];
        if wire.reduce(&mut hop, Weighted { values: &nothing, weight: 1.0 }).is_ok() {
            assert_eq!(wire.decode(&hop, &mut values), Ok(()));
        }
    }
}
