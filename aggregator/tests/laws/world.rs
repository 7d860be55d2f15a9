//! Members, connections, an aggregator and its journal, in the order that a seed decides.

use std::time::Duration;

use starloom_aggregator::engine::{Command, Engine, Event, Pace, Passes, Record, Rules};
use starloom_comms::control::NodeMessage;
use starloom_comms::events::{Outcome, What};
use starloom_comms::units::MissionTime;

use crate::collective::Collective;
use crate::contacts::planner;
use crate::dice::Dice;
use crate::lines::{Arrival, Lines};
use crate::member::{Life, Member};

pub(crate) const SAMPLES: u64 = 150;
pub(crate) const PER_NODE: u64 = 7;
pub(crate) const ROUNDS: u64 = 12;
pub(crate) const CHECKPOINT_EVERY: u64 = 4;
const SUSPECT_AFTER: Duration = Duration::from_secs(2);
/// Faults strike for fewer steps than this: a job takes about as long.
const LONGEST_STORM: usize = 800;
/// Steps after which a world that has not ended is stuck.
const PATIENCE: u64 = 60_000;

/// Whether faults may strike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weather {
    Stormy,
    Calm,
}

pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) members: Vec<Member>,
    pub(crate) journal: Vec<Record>,
    /// What the event stream shows, over all lives of the aggregator.
    pub(crate) events: Vec<What>,
    pub(crate) outcome: Option<Outcome>,
    /// The running aggregator, if it runs.
    pub(crate) engine: Option<Engine>,
    pub(crate) steps: u64,
    /// Steps in which faults may strike.
    storm: u64,
    dice: Dice,
    now: Duration,
    lines: Lines,
    pub(crate) collective: Collective,
}

/// Runs worlds of many seeds and checks `law` after every event. Panics name the seed.
pub(crate) fn in_worlds(seeds: std::ops::Range<u64>, law: impl Fn(&World) -> Result<(), String>) {
    for seed in seeds {
        let mut world = World::new(seed);
        while world.step() {
            if let Err(broken) = law(&world) {
                panic!("seed {seed}, step {}: {broken}", world.steps);
            }
        }
    }
}

/// Runs worlds of many seeds and checks `law` at their ends.
pub(crate) fn at_ends(seeds: std::ops::Range<u64>, law: impl Fn(&World) -> Result<(), String>) {
    for seed in seeds {
        let world = World::new(seed).run();
        if let Err(broken) = law(&world) {
            panic!("seed {seed}, at its end: {broken}");
        }
    }
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let nodes = 1 + u32::try_from(dice.below(6)).expect("few");
        let storm = dice.below(LONGEST_STORM) as u64;
        let mut world = Self {
            storm,
            seed,
            members: (0..nodes).map(Member::new).collect(),
            journal: Vec::new(),
            events: Vec::new(),
            outcome: None,
            engine: None,
            steps: 0,
            dice,
            now: Duration::ZERO,
            lines: Lines::default(),
            collective: Collective::default(),
        };
        world.start_aggregator();
        world
    }

    pub(crate) fn run(mut self) -> Self {
        while self.step() {}
        self
    }

    pub(crate) fn rules(&self) -> Rules {
        Rules {
            nodes: self.members.iter().map(|member| member.id.clone()).collect(),
            relays: Vec::new(),
            rounds: ROUNDS,
            samples_per_node: PER_NODE,
            checkpoint_every: CHECKPOINT_EVERY,
            round_deadline: Duration::from_secs(30),
            attempts: 5,
            landing_deadline: Duration::from_secs(600),
            suspect_after: SUSPECT_AFTER,
            join_deadline: Duration::from_secs(20),
            min_nodes: 1,
            passes: Passes::default(),
            planner: planner(self.members.iter().map(|member| &member.id)),
            lead: Duration::ZERO,
            pace: Pace { begin: MissionTime::ZERO, time_scale: 1.0 },
        }
    }

    /// Lets one thing happen. False when nothing more will.
    pub(crate) fn step(&mut self) -> bool {
        if self.outcome.is_some() && self.members.iter().all(|member| member.life != Life::Living) {
            return false;
        }
        self.steps += 1;
        assert!(self.steps < PATIENCE, "seed {}: the job does not end; {:?}", self.seed, self.events.last());
        self.now += Duration::from_micros(self.dice.below(2000) as u64);
        self.keep_alive();
        if self.weather() == Weather::Stormy && self.dice.one_in(25) {
            self.fault();
        } else if self.weather() == Weather::Calm {
            self.wake_all();
        }
        let did = match self.dice.below(8) {
            0..=2 => self.deliver_up() || self.deliver_down() || self.act(),
            3..=5 => self.deliver_down() || self.act() || self.deliver_up(),
            _ => self.act() || self.deliver_up() || self.deliver_down(),
        };
        if !did {
            self.let_time_pass();
        }
        true
    }

    pub(crate) fn weather(&self) -> Weather {
        if self.steps < self.storm { Weather::Stormy } else { Weather::Calm }
    }

    fn fault(&mut self) {
        let living: Vec<usize> = (0..self.members.len()).filter(|&i| self.members[i].is_active()).collect();
        let Some(&victim) = self.dice.pick(&living) else { return };
        match self.dice.below(8) {
            0 if living.len() > 1 && self.dice.one_in(2) => {
                let id = self.members[victim].id.clone();
                self.members[victim].life = Life::Dead;
                self.collective.died(&id, &mut self.dice);
                self.hang_up(victim);
            }
            1 if living.len() > 1 && self.dice.one_in(2) => self.members[victim].muted = true,
            2 => self.members.iter_mut().for_each(|member| member.muted = false),
            3 if living.len() > 1 && self.dice.one_in(3) => self.hang_up(victim),
            4 | 5 => self.kill_aggregator(),
            _ => {}
        }
    }

    fn wake_all(&mut self) {
        for member in &mut self.members {
            member.muted = false;
        }
    }

    fn hang_up(&mut self, index: usize) {
        if let Some(line) = self.members[index].line.take() {
            self.lines.break_off(line, &mut self.dice);
        }
    }

    fn kill_aggregator(&mut self) {
        if self.engine.take().is_some() {
            self.lines.close_all(&mut self.dice);
        }
    }

    /// A restarted aggregator knows what its journal holds, as text.
    fn start_aggregator(&mut self) {
        let text: Vec<String> =
            self.journal.iter().map(|record| serde_json::to_string(record).expect("plain data")).collect();
        let records: Vec<Record> = text.iter().map(|line| serde_json::from_str(line).expect("its own text")).collect();
        assert_eq!(records, self.journal, "a record does not read back as it was");
        self.engine = Some(Engine::recover(self.rules(), self.now, &records));
    }

    /// Members say that they live.
    fn keep_alive(&mut self) {
        for index in 0..self.members.len() {
            if self.members[index].is_active() && self.now >= self.members[index].spoke + SUSPECT_AFTER / 4 {
                self.say(index, vec![NodeMessage::Heartbeat]);
            }
        }
    }

    fn say(&mut self, index: usize, messages: Vec<NodeMessage>) {
        if let Some(line) = self.members[index].line.filter(|_| !messages.is_empty()) {
            self.members[index].spoke = self.now;
            self.lines.say(line, messages);
        }
    }

    fn act(&mut self) -> bool {
        let active: Vec<usize> = (0..self.members.len()).filter(|&i| self.members[i].is_active()).collect();
        let Some(&index) = self.dice.pick(&active) else { return false };
        if self.members[index].line.is_none() {
            return self.engine.is_some() && self.connect(index);
        }
        let weather = self.weather();
        let messages = self.members[index].act(&mut self.dice, &mut self.collective, weather);
        let acted = !messages.is_empty();
        self.say(index, messages);
        if self.members[index].life == Life::Left
            && let Some(line) = self.members[index].line.take()
        {
            self.lines.leave(line);
        }
        acted
    }

    fn connect(&mut self, index: usize) -> bool {
        self.members[index].line = Some(self.lines.open(&self.members[index].id));
        let introduction = self.members[index].introduction();
        self.say(index, introduction);
        true
    }

    fn deliver_up(&mut self) -> bool {
        match self.lines.arrive(&mut self.dice) {
            Arrival::Event(event) => self.tell(*event),
            Arrival::Unheard => {}
            Arrival::Nothing => return false,
        }
        true
    }

    fn deliver_down(&mut self) -> bool {
        let hears = |index: &usize| {
            let member = &self.members[*index];
            member.is_active() && member.line.is_some_and(|line| self.lines.is_heard(line))
        };
        let ready: Vec<usize> = (0..self.members.len()).filter(hears).collect();
        let Some(&index) = self.dice.pick(&ready) else { return false };
        match self.members[index].line.and_then(|line| self.lines.hear(line)) {
            Some(message) => {
                let messages = self.members[index].hear(message);
                self.say(index, messages);
            }
            None => self.members[index].line = None,
        }
        true
    }

    /// Nothing is on its way: time passes to the next thing that time brings.
    fn let_time_pass(&mut self) {
        let Some(engine) = &self.engine else {
            if self.outcome.is_none() {
                self.start_aggregator();
            } else {
                // A member that was not heard in time finds nobody any more.
                self.members.iter_mut().filter(|member| member.life == Life::Living).for_each(|member| {
                    member.life = Life::Refused("nobody answers".into());
                });
            }
            return;
        };
        let spoken = self.members.iter().filter(|member| member.is_active() && member.line.is_some());
        let heartbeat = spoken.map(|member| member.spoke + SUSPECT_AFTER / 4).min();
        let deadline = engine.next_deadline();
        self.now = [heartbeat, deadline].into_iter().flatten().min().unwrap_or(self.now).max(self.now);
        if deadline.is_some_and(|deadline| deadline <= self.now) {
            self.tell(Event::Tick);
        }
    }

    /// Tells the aggregator, if it runs, and does what it wants; it may be killed between any two commands.
    fn tell(&mut self, event: Event) {
        let Some(engine) = &mut self.engine else { return };
        for command in engine.handle(self.now, event) {
            if self.weather() == Weather::Stormy && self.dice.one_in(150) {
                return self.kill_aggregator();
            }
            match command {
                Command::Journal(record) => self.journal.push(record),
                Command::Send { session, message } => self.lines.send(session, message),
                Command::Close { session } => self.lines.close(session),
                Command::Emit(what) => self.events.push(what),
                Command::End(outcome) => {
                    self.outcome = Some(outcome);
                    self.kill_aggregator();
                }
            }
        }
    }
}
