//! The life of a launch: starts the cast, follows the events, brings struck servants back, ends everything.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use starloom_comms::events::{Event, What};
use starloom_comms::id::NodeId;
use starloom_comms::net::clock::MissionClock;
use starloom_comms::net::lifeline::StopRequest;
use starloom_comms::units::MissionTime;
use starloom_trainer::checkpoint;
use tokio::sync::mpsc;

use super::cast::Cast;
use super::child::{self, Notice, Running};
use super::faults::{self, Script};
use super::{LaunchOptions, Start};
use crate::exit::{Exit, Failure, OrExit};
use crate::roles::signals::Signals;
use crate::roles::tie;
use crate::watch::{Display, RunFacts, Summary, Tally};

/// How often aggregator and station are started again, together.
const MAX_RESTARTS: u32 = 20;
/// How long children may take to end after the job has.
const GRACE: Duration = Duration::from_secs(10);
/// How long aggregator and station may take to listen.
const LISTEN_DEADLINE: Duration = Duration::from_secs(20);

pub(crate) async fn run(options: LaunchOptions) -> Result<(Summary, Exit), Failure> {
    let mut signals = Interrupts { asked: tie()?, signals: Signals::new().or_exit(Exit::Environment)? };
    let started = Instant::now();
    let mut tally = Tally::default();
    let mut elapsed = 0.0;
    if options.start == Start::Resumed {
        elapsed = replay(&options, &mut tally)?;
    }
    let scale = options.scenario.emulation.time_scale;
    let mission_start = mission_start(elapsed, scale);
    let events = child::open_events(&options.run_dir.events_path()).or_exit(Exit::Environment)?;
    let (notices, inbox) = mpsc::channel(1024);
    let cast = Cast {
        resume_from: (options.start == Start::Resumed).then(|| newest_checkpoint(&options)).flatten(),
        this_program: std::env::current_exe().or_exit(Exit::Environment)?,
        node_program: options.program,
        mission_start,
        scenario: options.scenario,
        run_dir: options.run_dir,
        job: options.job,
        wires: options.wires,
    };
    cast.certify()?;
    let mut supervisor = Supervisor {
        display: Display::new(&cast.scenario, options.verbosity),
        clock: MissionClock::new(mission_start, scale),
        script: Script::new(&cast.scenario.faults, MissionTime::from_secs_f64(elapsed)),
        cast,
        tally,
        events,
        notices,
        inbox,
        children: BTreeMap::new(),
        addresses: BTreeMap::new(),
        restarts: 0,
        begun: false,
        interrupted: false,
    };
    let result = supervisor.follow(&mut signals).await;
    supervisor.end_children().await;
    supervisor.display.close();
    let summary = supervisor.summary(started);
    let text = serde_json::to_string_pretty(&summary).or_exit(Exit::Environment)?;
    supervisor
        .cast
        .run_dir
        .write(&supervisor.cast.run_dir.summary_path(), text.as_bytes())
        .or_exit(Exit::Environment)?;
    result?;
    let exit = summary.exit(supervisor.interrupted);
    Ok((summary, exit))
}

/// Replays an earlier run's events and gives the mission seconds that had passed.
fn replay(options: &LaunchOptions, tally: &mut Tally) -> Result<f64, Failure> {
    let path = options.run_dir.events_path();
    let mut elapsed = 0.0_f64;
    if path.exists() {
        for line in BufReader::new(File::open(&path).or_exit(Exit::Environment)?).lines() {
            // A line that a crash left unfinished tells nothing.
            if let Ok(event) = serde_json::from_str::<Event>(&line.or_exit(Exit::Environment)?) {
                elapsed = elapsed.max(event.t);
                tally.observe(&event);
            }
        }
    }
    tally.resume();
    Ok(elapsed)
}

/// The newest committed state that any node has on disk; damaged ones are told of and passed over.
fn newest_checkpoint(options: &LaunchOptions) -> Option<PathBuf> {
    let found = checkpoint::newest(options.run_dir.root());
    for (path, error) in &found.damaged {
        tracing::warn!(path = %path.display(), %error, "a damaged checkpoint is passed over");
    }
    match &found.newest {
        Some(newest) => tracing::info!(round = %newest.round, path = %newest.directory.display(), "resuming"),
        None => tracing::warn!("no checkpoint to go on from: the job starts from its initial weights"),
    }
    found.newest.map(|newest| newest.directory)
}

/// Mission time zero on the wall clock, for a mission that has run for `elapsed` seconds of its own.
fn mission_start(elapsed: f64, scale: f64) -> Timestamp {
    let now = Timestamp::now();
    now.checked_sub(Duration::from_secs_f64(elapsed / scale)).unwrap_or(now)
}

struct Supervisor {
    cast: Cast,
    display: Display,
    clock: MissionClock,
    script: Script,
    tally: Tally,
    events: File,
    notices: mpsc::Sender<Notice>,
    inbox: mpsc::Receiver<Notice>,
    children: BTreeMap<NodeId, Running>,
    addresses: BTreeMap<NodeId, SocketAddr>,
    restarts: u32,
    begun: bool,
    interrupted: bool,
}

impl Supervisor {
    /// From the first process to the aggregator's last word.
    async fn follow(&mut self, signals: &mut Interrupts) -> Result<(), Failure> {
        let (aggregator, station) = (NodeId::aggregator(), NodeId::station());
        self.start(&self.cast.aggregator(None))?;
        let aggregator_address = self.wait_for(&aggregator, signals).await?;
        self.start(&self.cast.station(None))?;
        let station_address = self.wait_for(&station, signals).await?;
        if self.interrupted {
            return Ok(());
        }
        let (nodes, relays) = (self.cast.scenario.nodes(), self.cast.scenario.relays());
        for (slot, node) in nodes.iter().enumerate() {
            let slot = u16::try_from(slot).or_exit(Exit::BadInput)?;
            self.start(&self.cast.node(slot, node, aggregator_address, station_address))?;
        }
        for (slot, relay) in relays.iter().enumerate() {
            let slot = u16::try_from(nodes.len() + slot).or_exit(Exit::BadInput)?;
            self.start(&self.cast.relay(slot, relay, aggregator_address))?;
        }
        while self.tally.outcome().is_none() {
            let fault = self.next_fault();
            tokio::select! {
                Some(notice) = self.inbox.recv() => self.take(notice)?,
                () = signals.next() => if self.interrupt().await { return Ok(()) },
                () = tokio::time::sleep(fault.unwrap_or(GRACE)), if fault.is_some() => {
                    let struck = self.script.struck_by(self.clock.now());
                    self.strike(struck)?;
                }
            }
        }
        Ok(())
    }

    fn start(&mut self, start: &child::Start) -> Result<(), Failure> {
        let running = Running::start(start, self.notices.clone())
            .map_err(|error| Failure::message(Exit::Environment, format!("cannot start {}: {error}", start.id)))?;
        tracing::debug!(process = %start.id, pid = running.pid(), "started");
        self.children.insert(start.id.clone(), running);
        Ok(())
    }

    /// Waits until a servant says where it listens.
    async fn wait_for(&mut self, servant: &NodeId, signals: &mut Interrupts) -> Result<SocketAddr, Failure> {
        let deadline = tokio::time::sleep(LISTEN_DEADLINE);
        tokio::pin!(deadline);
        loop {
            if let Some(address) = self.addresses.get(servant) {
                return Ok(*address);
            }
            tokio::select! {
                Some(notice) = self.inbox.recv() => self.take(notice)?,
                () = signals.next() => {
                    self.interrupted = true;
                    return Err(Failure::message(Exit::Interrupted, "interrupted before the job began"));
                }
                () = &mut deadline => return Err(self.failure_of(servant, Exit::Environment, "does not listen")),
            }
        }
    }

    fn take(&mut self, notice: Notice) -> Result<(), Failure> {
        match notice {
            Notice::Event(event) => self.observe(&event),
            Notice::Noise(process, line) => {
                // A user's own program may print what it likes.
                self.display.say(self.clock.now().as_secs_f64(), &format!("{process}: {line}"));
                Ok(())
            }
            Notice::Ended(process, status) => self.ended(&process, &status),
        }
    }

    fn observe(&mut self, event: &Event) -> Result<(), Failure> {
        let line = serde_json::to_string(event).or_exit(Exit::Environment)?;
        writeln!(self.events, "{line}").or_exit(Exit::Environment)?;
        self.tally.observe(event);
        self.display.observe(event);
        match &event.what {
            What::Listening { address } => {
                self.addresses.insert(event.node.clone(), *address);
            }
            What::View { .. } => self.begun = true,
            _ => {}
        }
        let struck = self.script.struck_at(event);
        self.strike(struck)
    }

    /// A child has ended: aggregator and station come back if they were struck, a node is the aggregator's affair.
    fn ended(&mut self, process: &NodeId, status: &std::io::Result<std::process::ExitStatus>) -> Result<(), Failure> {
        self.children.remove(process);
        if self.tally.outcome().is_some() {
            return Ok(());
        }
        let how = match status {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        };
        let code = status.as_ref().ok().and_then(std::process::ExitStatus::code);
        let servant = [NodeId::AGGREGATOR, NodeId::STATION].contains(&process.as_str());
        if servant {
            if child::was_struck(status) && self.addresses.contains_key(process) && self.restarts < MAX_RESTARTS {
                self.restarts += 1;
                let address = self.addresses.get(process).copied();
                self.display
                    .say(self.clock.now().as_secs_f64(), &format!("{process} is down ({how}), starting it again"));
                let start = if process.as_str() == NodeId::STATION {
                    self.cast.station(address)
                } else {
                    self.cast.aggregator(address)
                };
                return self.start(&start);
            }
            let exit = if code == Some(i32::from(Exit::Environment as u8)) { Exit::Environment } else { Exit::Failed };
            return Err(self.failure_of(process, exit, &format!("ended ({how})")));
        }
        if !self.begun && code == Some(i32::from(Exit::BadInput as u8)) {
            return Err(self.failure_of(process, Exit::BadInput, "refused to start"));
        }
        if code != Some(0) {
            // What a killed process said last is not why it ended.
            let words = code.and_then(|_| child::last_words(&self.cast.run_dir.log(process)));
            let why = words.map(|words| format!(": {words}")).unwrap_or_default();
            self.display.say(self.clock.now().as_secs_f64(), &format!("{process} ended ({how}){why}"));
        }
        let trains = |id: &NodeId| self.cast.scenario.slot(id).is_some();
        if !self.begun && !self.children.keys().any(trains) {
            return Err(self.failure_of(process, Exit::Failed, "was the last node, and ended before the job began"));
        }
        Ok(())
    }

    /// Asks for a checkpoint and an end; the second time, ends at once.
    async fn interrupt(&mut self) -> bool {
        if self.interrupted {
            return true;
        }
        self.interrupted = true;
        self.display
            .say(self.clock.now().as_secs_f64(), "interrupted: a last checkpoint, then the end (again: at once)");
        match self.children.get_mut(&NodeId::aggregator()) {
            Some(aggregator) if self.begun => {
                aggregator.ask_to_stop().await;
                false
            }
            _ => true,
        }
    }

    fn next_fault(&self) -> Option<Duration> {
        let at = self.script.next_time()?;
        Some(faults::wall_until(at, self.clock.now(), self.cast.scenario.emulation.time_scale))
    }

    fn strike(&mut self, struck: Vec<NodeId>) -> Result<(), Failure> {
        for victim in struck {
            let fault = Event {
                t: self.clock.now().as_secs_f64(),
                wall: Some(Timestamp::now()),
                node: victim.clone(),
                what: What::Fault { fault: format!("SIGKILL to {victim}") },
            };
            self.observe(&fault)?;
            if let Some(child) = self.children.get(&victim) {
                child.kill();
            }
        }
        Ok(())
    }

    fn failure_of(&self, process: &NodeId, exit: Exit, what: &str) -> Failure {
        let log = self.cast.run_dir.log(process);
        let words = child::last_words(&log).unwrap_or_else(|| "it said nothing".to_owned());
        Failure::message(exit, format!("{process} {what}: {words} (log: {})", log.display()))
    }

    /// Lets the children end by themselves for a while, then kills those that are left.
    async fn end_children(&mut self) {
        for child in self.children.values_mut() {
            child.ask_to_stop().await;
        }
        if self.tally.outcome().is_none() {
            self.children.values().for_each(Running::kill);
        }
        let deadline = tokio::time::sleep(GRACE);
        tokio::pin!(deadline);
        while !self.children.is_empty() {
            tokio::select! {
                Some(notice) = self.inbox.recv() => match notice {
                    Notice::Ended(process, _) => { self.children.remove(&process); }
                    // What is said after the end is still recorded; that it cannot be written was said before.
                    notice => { let _unwritable = self.take(notice); }
                },
                () = &mut deadline => {
                    self.children.values().for_each(Running::kill);
                    deadline.as_mut().reset(tokio::time::Instant::now() + GRACE);
                }
            }
        }
    }

    fn summary(&self, started: Instant) -> Summary {
        let scenario = &self.cast.scenario;
        self.tally.summary(RunFacts {
            name: scenario.name.clone(),
            seed: scenario.seed,
            nodes_started: scenario.node_count(),
            wall_secs: started.elapsed().as_secs_f64(),
            mission_secs: self.clock.now().as_secs_f64(),
            time_scale: scenario.emulation.time_scale,
            byte_scale: scenario.emulation.byte_scale,
        })
    }
}

/// What interrupts a launch: a signal, or the word of the process that it is tied to.
struct Interrupts {
    asked: StopRequest,
    signals: Signals,
}

impl Interrupts {
    async fn next(&mut self) {
        tokio::select! {
            Ok(()) = self.asked.changed() => {}
            () = self.signals.interrupted() => {}
        }
    }
}
