//! One rank of a comparison: a process that the parent briefs, introduces to the others, and ends.

use std::io::{self, BufRead, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use serde::de::DeserializeOwned;
use starloom_comms::collective::{Completed, Contribution, Machine, Schedule, Turns};
use starloom_comms::contacts::ContactPlan;
use starloom_comms::id::{NodeId, Rank};
use starloom_comms::net::identity::Identity;
use starloom_comms::net::lifeline;
use starloom_comms::net::link::Links;
use starloom_comms::net::listen::Listener;
use starloom_comms::net::tls::Credentials;
use starloom_comms::scenario::{Scenario, StrategyChoice};

use super::check::{Part, check};
use super::endpoint::{Broken, Endpoint};
use super::numbers::contribution;
use super::words::{Account, Brief, Introduction, Said, Size};
use crate::exit::{Exit, Failure, OrExit};

/// How often progress is told of at most.
const TELL_EVERY: Duration = Duration::from_millis(200);

/// Is the rank that the parent asks for on standard input, until it is told to stop or the parent is gone.
///
/// # Errors
/// None: what cannot be done is told to the parent, and what is returned is the exit code for it.
pub fn be_rank() -> Result<Exit, Failure> {
    match run() {
        Ok(exit) => Ok(exit),
        Err(failure) => {
            let lost = match failure.error.downcast_ref() {
                Some(Broken::Lost { rank, .. }) => Some(rank.0),
                _ => None,
            };
            say(&Said::Failed { reason: failure.to_string(), lost });
            // The parent tells people.
            Ok(failure.exit)
        }
    }
}

fn run() -> Result<Exit, Failure> {
    let Some(brief) = read::<Brief>()? else { return Ok(Exit::Orphaned) };
    let listener = Listener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).or_exit(Exit::Environment)?;
    say(&Said::Listening { address: listener.address() });
    let Some(introduction) = read::<Introduction>()? else { return Ok(Exit::Orphaned) };
    // From here on what comes on standard input is the wish that it stop, or the parent's end.
    let mut stop = lifeline::tie().or_exit(Exit::Orphaned)?;
    let runtime = starloom_comms::net::runtime().or_exit(Exit::Environment)?;
    runtime.block_on(async {
        tokio::select! {
            work = work(&brief, listener, &introduction) => work,
            _ = stop.changed() => Ok(Exit::Completed),
        }
    })
}

/// Measures every vector and tells of each.
async fn work(brief: &Brief, listener: Listener, introduction: &Introduction) -> Result<Exit, Failure> {
    let scenario = Scenario::parse(&brief.scenario, Path::new("of the parent")).or_exit(Exit::BadInput)?;
    let contacts = scenario.contacts().or_exit(Exit::BadInput)?.planned;
    let names: Vec<NodeId> = scenario.nodes().into_iter().chain(scenario.relays()).collect();
    let Some(node) = names.get(brief.rank as usize).cloned() else {
        return Err(Failure::message(Exit::BadInput, format!("the scenario has no rank {}", brief.rank)));
    };
    let credentials = brief.certificates.as_deref().map(|dir| Credentials::load(dir, &node)).transpose();
    let identity = Identity {
        job: "bench".to_owned(),
        scenario: scenario.digest(),
        node,
        credentials: credentials.or_exit(Exit::Environment)?,
    };
    let links = Links::serve(identity, listener, None).or_exit(Exit::Environment)?;
    let nodes = names.into_iter().zip(introduction.addresses.iter().copied()).collect();
    let mut bench = Bench {
        endpoint: Endpoint::new(links, Rank(brief.rank), nodes),
        brief,
        contacts,
        told: Instant::now(),
        spare: None,
        scenario,
    };
    for size in 0..brief.sizes.len() {
        let accounts = bench.measure(size).await?;
        say(&Said::Measured { accounts });
    }
    bench.endpoint.linger().await;
    Ok(Exit::Completed)
}

struct Bench<'a> {
    endpoint: Endpoint,
    brief: &'a Brief,
    scenario: Scenario,
    contacts: ContactPlan,
    told: Instant,
    /// The buffer of the result before: a node of a job keeps it as well.
    spare: Option<Vec<f32>>,
}

impl Bench<'_> {
    /// Lets the strategies take turns with one vector.
    async fn measure(&mut self, number: usize) -> Result<Vec<Account>, Failure> {
        let brief = self.brief;
        let Size { elements, planned } = &brief.sizes[number];
        let schedules = self.plan(&brief.sizes[number])?;
        let is_relay = brief.rank as usize >= self.scenario.nodes().len();
        let input: Vec<f32> = match is_relay {
            true => Vec::new(),
            false => contribution(self.scenario.seed, brief.rank, 0..*elements).collect(),
        };
        // A job looks through a contribution once a round, before it is asked for.
        let contribution = Contribution::new(Arc::new(input), 1);
        let account = Account { secs: Vec::new(), cpu_secs: Vec::new(), wire_bytes: 0, check: None };
        let mut accounts = vec![account; planned.len()];
        let iterations = brief.warm_ups + brief.iterations;
        for iteration in 0..iterations {
            for (schedule, account) in schedules.iter().zip(&mut accounts) {
                let is_last = iteration + 1 == iterations;
                self.reduce(schedule, &contribution, account, is_last).await.or_exit(Exit::Failed)?;
            }
            self.tell((number as f64 + (iteration + 1) as f64 / iterations as f64) / brief.sizes.len() as f64);
        }
        for account in &mut accounts {
            account.secs.drain(..brief.warm_ups);
            account.cpu_secs.drain(..brief.warm_ups);
        }
        Ok(accounts)
    }

    /// Makes the schedules, as the parent has made them.
    fn plan(&mut self, size: &Size) -> Result<Vec<Arc<Schedule>>, Failure> {
        let mut schedules = Vec::with_capacity(size.planned.len());
        for planned in &size.planned {
            let choice: StrategyChoice = planned.strategy.parse().or_exit(Exit::BadInput)?;
            let schedule = super::schedule(&self.scenario, &self.contacts, choice, self.brief.wire, size.elements);
            let schedule = schedule.or_exit(Exit::Failed)?;
            if schedule.digest() != planned.schedule {
                let (mine, theirs) = (schedule.digest(), planned.schedule);
                let message = format!("its schedule for {choice} is {}, not {}", mine.short(), theirs.short());
                return Err(Failure::message(Exit::Failed, message));
            }
            self.endpoint.prepare(&schedule);
            schedules.push(Arc::new(schedule));
        }
        Ok(schedules)
    }

    /// One all-reduce. Time counts from when all are ready; what the process computes counts from before that, until all are
    /// done.
    async fn reduce(
        &mut self,
        schedule: &Arc<Schedule>,
        contribution: &Contribution,
        account: &mut Account,
        is_last: bool,
    ) -> Result<(), Broken> {
        let (rank, wire) = (self.endpoint.rank(), self.brief.wire);
        self.endpoint.barrier().await?;
        let cpu = cpu_time();
        let begin = Instant::now();
        let (completed, wire_bytes) = match schedule.is_relay(rank) {
            true => (None, self.carry(schedule).await?),
            false => {
                let completed = self.go_through(schedule, contribution).await?;
                let wire_bytes = completed.wire_bytes;
                (Some(completed), wire_bytes)
            }
        };
        account.secs.push(begin.elapsed().as_secs_f64());
        account.wire_bytes = wire_bytes;
        self.endpoint.barrier().await?;
        account.cpu_secs.push(cpu_time().saturating_sub(cpu).as_secs_f64());
        let Some(completed) = completed else { return Ok(()) };
        if is_last {
            let contributors = u32::try_from(schedule.contributors()).unwrap_or(u32::MAX);
            let part = if schedule.is_exact() { Part::Own } else { Part::Whole };
            account.check = Some(check(&completed, self.scenario.seed, rank.0, contributors, wire, part));
        }
        self.spare = Some(completed.mean);
        Ok(())
    }

    /// All turns of a schedule, as one who contributes.
    async fn go_through(&mut self, schedule: &Arc<Schedule>, contribution: &Contribution) -> Result<Completed, Broken> {
        let (rank, wire) = (self.endpoint.rank(), self.brief.wire);
        let mut turns = Turns::new(schedule, rank, contribution);
        loop {
            let (tag, spare) = (self.endpoint.next_tag(), self.spare.take());
            let mut machine = Machine::new(schedule.clone(), rank, tag, wire, turns.contribution(), spare);
            self.endpoint.complete(&mut machine).await?;
            if let Some(completed) = turns.end(machine.finish()) {
                return Ok(completed);
            }
        }
    }

    /// All turns of a schedule, as a relay: the bytes that it has sent.
    async fn carry(&mut self, schedule: &Arc<Schedule>) -> Result<u64, Broken> {
        let mut wire_bytes = 0;
        for _ in 0..schedule.turns() {
            let (tag, rank) = (self.endpoint.next_tag(), self.endpoint.rank());
            let mut machine = Machine::relay(schedule.clone(), rank, tag, self.brief.wire, None);
            self.endpoint.complete(&mut machine).await?;
            wire_bytes += machine.traffic().wire_bytes;
        }
        Ok(wire_bytes)
    }

    /// Tells of progress, as the first rank.
    fn tell(&mut self, share: f64) {
        if self.brief.rank == 0 && self.told.elapsed() >= TELL_EVERY {
            self.told = Instant::now();
            say(&Said::Progress { share });
        }
    }
}

/// What this process has computed so far.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.cast_unsigned(), time.tv_nsec.try_into().unwrap_or_default())
}

/// The next line of standard input, or nothing if the parent is gone or wants nothing more.
fn read<T: DeserializeOwned>() -> Result<Option<T>, Failure> {
    let mut line = String::new();
    let bytes = io::stdin().lock().read_line(&mut line).or_exit(Exit::Environment)?;
    if bytes == 0 || line == lifeline::STOP_LINE {
        return Ok(None);
    }
    serde_json::from_str(&line).map(Some).map_err(|error| {
        let message =
            format!("standard input: {error}; `bench rank` is what `bench allreduce --real` starts, with a brief");
        Failure::message(Exit::BadInput, message)
    })
}

/// Says a line to the parent. One that is gone hears nothing, and the lifeline ends this process.
fn say(said: &Said) {
    let line = serde_json::to_string(said).unwrap_or_default() + "\n";
    let mut out = io::stdout().lock();
    let _gone = out.write_all(line.as_bytes()).and_then(|()| out.flush());
}
