//! How fast numbers are encoded, decoded and summed, and what a whole all-reduce costs without a network.
//!
//! ```text
//! cargo bench -p starloom --bench kernels
//! ```
//!
//! One thread. Throughput is in bytes of bare `f32`. `L2` works on one frame again and again, `memory` goes through
//! 64 MiB frame by frame. The all-reduce is that of four ranks in a ring who take turns on the thread: frames are
//! written with their headers into a buffer and parsed from it, as links do. Its throughput counts the vector once.

#![expect(clippy::expect_used, reason = "a bench whose numbers are wrong must stop")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use starloom_comms::codec::{Weighted, Wire};
use starloom_comms::collective::strategies::ring;
use starloom_comms::collective::{Completed, Contribution, Frame, Header, Kind, Machine, Schedule, Tag};
use starloom_comms::id::{Attempt, Rank, Round, ViewId};

/// What the program itself uses: buffers of frames are kept, not unmapped.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const MEMORY: usize = 16 << 20;
const RANKS: u32 = 4;
const TAG: Tag = Tag { view: ViewId(1), round: Round(1), attempt: Attempt(0) };

fn vector(elements: usize) -> Vec<f32> {
    (0..elements).map(|element| ((element * 37) % 1009) as f32 * 1e-3 - 0.5).collect()
}

/// Runs `kernel` over all frames of vectors in `L2` and in memory: payload, own values, sum or residual.
fn over_frames(criterion: &mut Criterion, name: &str, wire: Wire, kernel: impl Fn(&mut [u8], &[f32], &mut [f32])) {
    let mut group = criterion.benchmark_group(name);
    for (place, elements) in [("L2", wire.frame_elements()), ("memory", MEMORY)] {
        let values = vector(elements);
        let mut sums = values.clone();
        let mut payloads: Vec<Vec<u8>> = values
            .chunks(wire.frame_elements())
            .map(|values| {
                let mut payload = vec![0; wire.encoded_len(values.len())];
                wire.encode(Weighted { values, weight: 1.0 }, &mut payload).expect("finite");
                payload
            })
            .collect();
        group.throughput(Throughput::Bytes((elements * size_of::<f32>()) as u64));
        group.bench_function(BenchmarkId::new(wire.as_str(), place), |bencher| {
            bencher.iter(|| {
                let frames = values.chunks(wire.frame_elements()).zip(sums.chunks_mut(wire.frame_elements()));
                for (payload, (values, sum)) in payloads.iter_mut().zip(frames) {
                    kernel(black_box(payload), black_box(values), black_box(sum));
                }
            });
        });
    }
    group.finish();
}

fn kernels(criterion: &mut Criterion) {
    for &wire in Wire::ALL {
        over_frames(criterion, "encode", wire, |payload, values, _| {
            wire.encode(Weighted { values, weight: 1.0 }, payload).expect("finite");
        });
        over_frames(criterion, "decode", wire, |payload, _, sum| {
            wire.decode(payload, sum).expect("finite");
        });
        over_frames(criterion, "decode_add", wire, |payload, _, sum| {
            // The kernel's own sum would grow without end.
            sum[0] = 0.0;
            wire.decode_add(payload, sum).expect("finite");
        });
        over_frames(criterion, "reduce", wire, |payload, values, _| {
            wire.reduce(payload, Weighted { values, weight: 0.0 }).expect("finite");
        });
    }
    for &wire in Wire::ALL.iter().filter(|wire| wire.wants_residual()) {
        over_frames(criterion, "encode_keeping", wire, |payload, values, residual| {
            wire.encode_keeping(Weighted { values, weight: 1.0 }, residual, payload).expect("finite");
        });
        over_frames(criterion, "reduce_keeping", wire, |payload, values, residual| {
            wire.reduce_keeping(payload, Weighted { values, weight: 0.0 }, residual).expect("finite");
        });
    }
}

fn checksum(criterion: &mut Criterion) {
    let (wire, elements) = (Wire::Fp16, Wire::Fp16.frame_elements());
    let header = Header {
        tag: TAG,
        kind: Kind::Final,
        wire: wire.into(),
        segment: 0,
        share: 0,
        elements: elements as u32,
        offset: 0,
        samples: 1,
    };
    let bytes = frame_bytes(&Frame::new(header, vec![1; wire.encoded_len(elements)].into()));
    let mut group = criterion.benchmark_group("checksum");
    group.throughput(Throughput::Bytes((elements * size_of::<f32>()) as u64));
    group.bench_function("fp16/L2", |bencher| {
        let parse = |bytes: Vec<u8>| Frame::parse(bytes.into()).expect("a frame");
        bencher.iter_batched(|| bytes.clone(), parse, BatchSize::SmallInput);
    });
    group.finish();
}

fn all_reduce(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("all_reduce");
    group.sample_size(20);
    for &wire in Wire::ALL {
        for elements in [16 << 10, 256 << 10, 4 << 20, 16 << 20] {
            let order: Vec<Rank> = (0..RANKS).map(Rank).collect();
            let schedule = Arc::new(ring::schedule(&order, elements));
            let inputs: Vec<_> = order.iter().map(|_| Contribution::new(Arc::new(vector(elements)), 32)).collect();
            let mut spares: Vec<Option<Vec<f32>>> = order.iter().map(|_| None).collect();
            let bytes = (elements * size_of::<f32>()) as u64;
            group.throughput(Throughput::Bytes(bytes));
            group.bench_function(BenchmarkId::new(wire.as_str(), format!("{} KiB", bytes >> 10)), |bencher| {
                bencher.iter(|| {
                    let outcome = ring_of_four(&schedule, wire, &inputs, &mut spares);
                    spares = outcome.into_iter().map(|completed| Some(completed.mean)).collect();
                });
            });
        }
    }
    group.finish();
}

fn ring_of_four(
    schedule: &Arc<Schedule>,
    wire: Wire,
    inputs: &[Contribution],
    spares: &mut [Option<Vec<f32>>],
) -> Vec<Completed> {
    let mut machines: Vec<Machine> = (0..RANKS)
        .zip(inputs.iter().zip(spares))
        .map(|(rank, (input, spare))| Machine::new(schedule.clone(), Rank(rank), TAG, wire, input, spare.take()))
        .collect();
    while machines.iter().any(|machine| !machine.is_complete()) {
        for rank in 0..RANKS {
            let next = Rank((rank + 1) % RANKS);
            if let Some(frame) = machines[rank as usize].poll_transmit(next) {
                let received = Frame::parse(frame_bytes(&frame).into()).expect("a frame");
                machines[next.index()].handle_frame(Rank(rank), received).expect("the next frame");
            }
        }
    }
    machines.into_iter().map(Machine::finish).collect()
}

/// What a link writes and reads.
fn frame_bytes(frame: &Frame) -> Vec<u8> {
    [&frame.encode_header()[..], frame.payload()].concat()
}

criterion_group!(benches, kernels, checksum, all_reduce);
criterion_main!(benches);
