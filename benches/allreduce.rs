//! All-reduce over loopback between real processes: `cargo bench --bench allreduce`.
//!
//! Starts 2, 4 and 8 processes in turn, in plain text and without an emulated laser, and runs the `ring` in fp16 for each
//! size. Columns as nccl-tests defines them: `algbw` is the vector's `f32` bytes over the time, `busbw` that times
//! 2(n−1)/n. A row is the median over all iterations of the slowest rank's time.
//!
//! Options after `--`: `--sizes 4096,1048576`, `--ranks 2,4`, `--iters 20`, `--wire fp16`, or another format.

#![allow(clippy::expect_used, reason = "a bench that cannot set itself up ends")]

use std::collections::{BTreeMap, VecDeque};
use std::error::Error;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use starloom::comms::codec::Wire;
use starloom::comms::collective::{Frame, Machine, MachineEvent, Tag, strategies};
use starloom::comms::id::{Attempt, Digest, NodeId, Rank, Round, ViewId};
use starloom::comms::net::identity::Identity;
use starloom::comms::net::link::{LinkEvent, Links};
use starloom::comms::net::listen::Listener;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Outcome<T> = Result<T, Box<dyn Error>>;

const SIZES: [usize; 6] = [4 << 10, 64 << 10, 1 << 20, 4 << 20, 16 << 20, 64 << 20];
const RANKS: [usize; 3] = [2, 4, 8];
/// Iterations of a size before the counted ones.
const WARM_UP: usize = 5;

#[derive(Clone)]
struct Options {
    sizes: Vec<usize>,
    ranks: Vec<usize>,
    iters: usize,
    wire: Wire,
    rank: Option<usize>,
}

fn main() -> Outcome<()> {
    let options = Options::from_args()?;
    match options.rank {
        Some(rank) => be_rank(&options, rank),
        None => compare(&options),
    }
}

impl Options {
    fn from_args() -> Outcome<Self> {
        let mut options =
            Self { sizes: SIZES.to_vec(), ranks: RANKS.to_vec(), iters: 20, wire: Wire::Fp16, rank: None };
        let mut args = std::env::args().skip(1);
        while let Some(arg) = args.next() {
            // Cargo adds `--bench`.
            if arg == "--bench" {
                continue;
            }
            let value = args.next().ok_or_else(|| format!("{arg} wants a value"))?;
            match arg.as_str() {
                "--sizes" => options.sizes = numbers(&value)?,
                "--ranks" => options.ranks = numbers(&value)?,
                "--iters" => options.iters = value.parse()?,
                "--wire" => options.wire = value.parse()?,
                "--rank" => options.rank = Some(value.parse()?),
                _ => return Err(format!("{arg}: options are --sizes, --ranks, --iters and --wire").into()),
            }
        }
        Ok(options)
    }
}

fn numbers(list: &str) -> Outcome<Vec<usize>> {
    list.split(',').map(|number| number.trim().parse::<usize>().map_err(Into::into)).collect()
}

/// Starts the ranks, introduces them to each other, and prints the table.
fn compare(options: &Options) -> Outcome<()> {
    let mut out = io::stdout();
    writeln!(out, "| ranks | bytes | median ms | algbw GB/s | busbw GB/s | wire/raw |\n|---|---|---|---|---|---|")?;
    for &ranks in &options.ranks {
        let mut processes: Vec<Child> = (0..ranks).map(|rank| spawn(options, ranks, rank)).collect::<Outcome<_>>()?;
        let mut readers: Vec<_> =
            processes.iter_mut().map(|p| BufReader::new(p.stdout.take().expect("piped"))).collect();
        let addresses: Vec<String> = readers.iter_mut().map(line).collect::<Outcome<_>>()?;
        for process in &mut processes {
            writeln!(process.stdin.as_mut().expect("piped"), "{}", addresses.join(" "))?;
        }
        for &bytes in &options.sizes {
            let times: Vec<(Vec<f64>, f64)> = readers.iter_mut().map(|r| times(&line(r)?)).collect::<Outcome<_>>()?;
            let mut slowest: Vec<f64> =
                (0..options.iters).map(|i| times.iter().map(|(of_rank, _)| of_rank[i]).fold(0.0, f64::max)).collect();
            slowest.sort_by(f64::total_cmp);
            let median = slowest[slowest.len() / 2];
            let algbw = bytes as f64 / median / 1e9;
            let busbw = algbw * 2.0 * (ranks as f64 - 1.0) / ranks as f64;
            let ratio = times[0].1;
            writeln!(out, "| {ranks} | {bytes} | {:.3} | {algbw:.2} | {busbw:.2} | {ratio:.4} |", median * 1e3)?;
        }
        // Not before all have said their last: what a rank has sent may still lie in its buffers.
        for process in &mut processes {
            drop(process.stdin.take());
        }
        for mut process in processes {
            process.wait()?;
        }
    }
    Ok(())
}

fn spawn(options: &Options, ranks: usize, rank: usize) -> Outcome<Child> {
    let list = |values: &[usize]| values.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let child = Command::new(std::env::current_exe()?)
        .args(["--rank", &rank.to_string(), "--ranks", &ranks.to_string(), "--sizes", &list(&options.sizes)])
        .args(["--iters", &options.iters.to_string(), "--wire", &options.wire.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    Ok(child)
}

fn line(reader: &mut impl BufRead) -> Outcome<String> {
    let mut text = String::new();
    if reader.read_line(&mut text)? == 0 {
        return Err("a rank has ended early".into());
    }
    Ok(text.trim().to_owned())
}

fn times(text: &str) -> Outcome<(Vec<f64>, f64)> {
    let numbers: Vec<f64> = text.split(' ').map(str::parse).collect::<Result<_, _>>()?;
    let (ratio, times) = numbers.split_first().ok_or("no times")?;
    Ok((times.to_vec(), *ratio))
}

/// One rank: says where it listens, reads who the others are, runs every size and prints its times.
fn be_rank(options: &Options, rank: usize) -> Outcome<()> {
    let ranks = options.ranks[0];
    let listener = Listener::bind("127.0.0.1:0".parse()?)?;
    let mut out = io::stdout();
    writeln!(out, "{}", listener.address())?;
    let mut peers = BTreeMap::new();
    for (peer, address) in (0_u32..).zip(line(&mut io::stdin().lock())?.split(' ')) {
        peers.insert(NodeId::satellite(peer), address.parse()?);
    }
    let me = NodeId::satellite(u32::try_from(rank)?);
    // A rank ends with the process that started it.
    std::thread::spawn(|| {
        let _closed = io::stdin().lock().read_until(0, &mut Vec::new());
        std::process::exit(0);
    });
    let identity =
        Identity { job: "bench".to_owned(), scenario: Digest::default(), node: me.clone(), credentials: None };
    starloom::comms::net::runtime()?.block_on(async {
        let links = Links::serve(identity, listener, None)?;
        let mut endpoint = Endpoint { links, rank: Rank(u32::try_from(rank)?), early: VecDeque::new() };
        let next = NodeId::satellite(u32::try_from((rank + 1) % ranks)?);
        peers.retain(|peer, _| *peer == next && *peer != me);
        endpoint.links.set_peers(&peers);
        let order: Vec<Rank> = (0..u32::try_from(ranks)?).map(Rank).collect();
        let mut round = 0;
        for &bytes in &options.sizes {
            let elements = bytes / size_of::<f32>();
            let schedule = Arc::new(strategies::ring::schedule(&order, elements));
            let input: Arc<Vec<f32>> =
                Arc::new((0..elements).map(|i| ((i * 31 + rank) % 1009) as f32 / 97.0).collect());
            let (mut spare, mut times, mut ratio) = (None, Vec::new(), 0.0);
            for iteration in 0..WARM_UP + options.iters {
                round += 1;
                let begin = Instant::now();
                let tag = Tag { view: ViewId(1), round: Round(round), attempt: Attempt(0) };
                let machine =
                    Machine::new(schedule.clone(), endpoint.rank, tag, options.wire, input.clone(), 1, spare.take());
                let done = endpoint.run(machine, tag).await?;
                if iteration >= WARM_UP {
                    times.push(begin.elapsed().as_secs_f64().to_string());
                }
                ratio = done.wire_bytes as f64 / done.raw_bytes.max(1) as f64;
                spare = Some(done.mean);
            }
            writeln!(out, "{ratio} {}", times.join(" "))?;
        }
        // The others' last frames come from here.
        loop {
            endpoint.links.next().await;
        }
    })
}

/// The links of one rank, and frames of a round that it has not begun.
struct Endpoint {
    links: Links,
    rank: Rank,
    early: VecDeque<(Rank, Frame)>,
}

impl Endpoint {
    async fn run(&mut self, mut machine: Machine, tag: Tag) -> Outcome<starloom::comms::collective::Completed> {
        for (from, frame) in std::mem::take(&mut self.early) {
            self.take(&mut machine, tag, from, frame)?;
        }
        loop {
            let destinations: Vec<Rank> = machine.destinations().collect();
            let mut blocked = false;
            for to in destinations {
                let lane = self.links.lane(&NodeId::satellite(to.0)).ok_or("no lane to a destination")?;
                while machine.has_transmit(to) {
                    if lane.room() == 0 {
                        blocked = true;
                        break;
                    }
                    if let Some(frame) = machine.poll_transmit(to) {
                        lane.try_send(frame).map_err(|_| "a lane that had room is full")?;
                    }
                }
            }
            while let Some(event) = machine.poll_event() {
                if event == MachineEvent::Complete {
                    return Ok(machine.finish());
                }
            }
            let room = self.links.room();
            tokio::select! {
                event = self.links.next() => match event {
                    LinkEvent::Frame { from, frame } => {
                        let from = from.as_str().trim_start_matches("sat-").parse().map(Rank)?;
                        self.take(&mut machine, tag, from, frame)?;
                    }
                    LinkEvent::Corrupt { from, error } => return Err(format!("from {from}: {error}").into()),
                    LinkEvent::Down { peer, .. } => return Err(format!("{peer} is gone").into()),
                    _ => {}
                },
                () = room, if blocked => {}
            }
        }
    }

    fn take(&mut self, machine: &mut Machine, tag: Tag, from: Rank, frame: Frame) -> Outcome<()> {
        if frame.header().tag.round > tag.round {
            self.early.push_back((from, frame));
        } else {
            machine.handle_frame(from, frame)?;
        }
        Ok(())
    }
}
