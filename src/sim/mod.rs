//! A whole job in virtual time and one process: what `starloom simulate` does.
//!
//! The machines are those of a real job (members, collectives, the aggregator's engine, the station's inbox), links are those that
//! `launch` emulates, and trainers train for real, or move sizes alone. Only the clock differs: it jumps from one event to the
//! next. Same scenario and seed, same events, to the byte.
//!
//! | file | concern |
//! |---|---|
//! | `world`, `agenda` | what happens, in which order |
//! | `node`, `training`, `trainer` | satellites: member and trainer |
//! | `office`, `post` | the aggregator, and how its messages travel |
//! | `lanes`, `collectives` | vectors between satellites: as frames with numbers, or as sizes |
//! | `ground`, `station` | checkpoints on their way down |
//! | `computers` | how long training takes |
//! | `chronicle` | the event stream |
//! | `compare` | the same job under several strategies |

mod agenda;
mod chronicle;
mod collectives;
pub mod compare;
mod computers;
mod ground;
mod lanes;
mod node;
mod office;
mod post;
mod station;
mod trainer;
mod training;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use starloom_aggregator::engine::{Pace, Rules};
use starloom_aggregator::station::Inbox;
use starloom_comms::collective::RoundPlanner;
use starloom_comms::collective::cost::CostModel;
use starloom_comms::contacts::Contacts;
use starloom_comms::contacts::routing::ContactGraph;
use starloom_comms::events::Outcome;
use starloom_comms::id::NodeId;
use starloom_comms::member::{History, Member, Numbers, Part as Role, Settings};
use starloom_comms::net::ground::GroundInbox;
use starloom_comms::scenario::{Scenario, SimulatedPayload};
use starloom_comms::units::MissionTime;
use starloom_trainer::{Part, Program, Terms};

use self::agenda::Agenda;
use self::chronicle::Chronicle;
use self::collectives::Collectives;
use self::computers::{Computers, Eclipses};
use self::ground::Ground;
use self::lanes::Lanes;
use self::node::Node;
use self::office::Office;
use self::post::Post;
use self::station::{SizedInbox, Voice};
use self::trainer::{Permits, Real, Sized, Trainer, Word};
use self::world::World;
use crate::exit::{Exit, Failure, OrExit};
use crate::run_dir::RunDir;
use crate::watch::{Display, RunFacts, Summary, Verbosity};

/// What to simulate.
#[derive(Debug)]
pub struct SimulateOptions {
    /// The validated scenario.
    pub scenario: Scenario,
    /// Where the run writes.
    pub run_dir: RunDir,
    /// How many trainers compute at the same time. Results do not depend on it.
    pub threads: usize,
    /// Whether events tell what each lane sends.
    pub lanes: bool,
    /// How much is shown.
    pub verbosity: Verbosity,
}

/// Runs a job to its end in virtual time and gives the summary, which also lies in the run directory.
///
/// # Errors
/// A [`Failure`] where the job could not start. A job that started and failed gives a summary whose outcome says so.
pub fn simulate(options: SimulateOptions, program: &dyn Program) -> Result<(Summary, Exit), Failure> {
    let started = Instant::now();
    let SimulateOptions { scenario, run_dir, threads, lanes, verbosity } = options;
    let (contacts, eclipses) = surroundings(&scenario)?;
    let scenario = Arc::new(scenario);
    let host = scenario.aggregator.host.clone().or_else(|| scenario.nodes().first().cloned());
    let host = host.ok_or_else(|| Failure::message(Exit::BadInput, "the scenario has no node"))?;
    let computers = Computers::new(&scenario, eclipses);
    let graph = ContactGraph::new(contacts.actual.listed());
    let display = Display::new(&scenario, verbosity);
    let chronicle = Chronicle::new(&run_dir.events_path(), display).or_exit(Exit::Environment)?;
    let permits = Permits::new(threads);
    let (tally, now) = thread::scope(|scope| {
        let stage = Stage { scenario: &scenario, contacts: &contacts, run_dir: &run_dir, lanes };
        let mut trainers: Vec<(NodeId, Box<dyn Trainer>)> = Vec::new();
        for node in scenario.nodes() {
            let trainer: Box<dyn Trainer> = match scenario.simulation.payload {
                SimulatedPayload::Sized => Box::new(Sized::new(&scenario, &stage.job())),
                SimulatedPayload::Real => {
                    let (scenario, job, directory) = (scenario.clone(), stage.job(), run_dir.node(&node));
                    let id = node.clone();
                    let part = move |mission| Part { scenario, job, node: id, directory, resume_from: None, mission };
                    Box::new(Real::start(scope, program, permits.clone(), part))
                }
            };
            trainers.push((node, trainer));
        }
        let mut world = stage.world(trainers, computers, Post::new(&graph, host), chronicle)?;
        world.run().or_exit(Exit::Environment)?;
        let reason = || Outcome::Failed { reason: "nothing is left that could happen".to_owned() };
        let outcome = world.office.outcome.clone().unwrap_or_else(reason);
        Ok::<_, Failure>(((std::mem::take(&mut world.chronicle.tally), outcome), world.now))
    })?;
    let (tally, outcome) = tally;
    let (wall_secs, mission_secs) = (started.elapsed().as_secs_f64(), now.as_secs_f64());
    let facts = RunFacts {
        name: scenario.name.clone(),
        seed: scenario.seed,
        nodes_started: scenario.node_count(),
        wall_secs,
        mission_secs,
        time_scale: mission_secs / wall_secs.max(1e-9),
        byte_scale: scenario.emulation.byte_scale,
    };
    let summary = Summary { outcome: Some(outcome), ..tally.summary(facts) };
    let text = serde_json::to_string_pretty(&summary).or_exit(Exit::Environment)?;
    run_dir.write(&run_dir.summary_path(), text.as_bytes()).or_exit(Exit::Environment)?;
    let exit = summary.exit(false);
    Ok((summary, exit))
}

/// Who sees whom, and when each satellite is in the Earth's shadow, as far as that matters.
fn surroundings(scenario: &Scenario) -> Result<(Contacts, Eclipses), Failure> {
    let compute = &scenario.compute;
    let Some(orbits) = scenario.orbits().filter(|_| compute.flops_per_sample > 0.0 && compute.eclipse_speed < 1.0)
    else {
        return Ok((scenario.contacts().or_exit(Exit::BadInput)?, BTreeMap::new()));
    };
    let sightings = orbits.sightings().or_exit(Exit::BadInput)?;
    let shadows = sightings.eclipses().into_iter().map(|windows| {
        let edges = windows.into_iter().map(|window| (window.start, window.end));
        edges.collect::<Vec<_>>()
    });
    let eclipses = orbits.names().into_iter().zip(shadows).collect();
    Ok((scenario.contacts_seen(orbits, &sightings), eclipses))
}

/// What a world is made of.
struct Stage<'a> {
    scenario: &'a Arc<Scenario>,
    contacts: &'a Contacts,
    run_dir: &'a RunDir,
    lanes: bool,
}

impl Stage<'_> {
    /// The job's name: the same whenever it runs, as it is part of what is written.
    fn job(&self) -> String {
        format!("{}-simulated", self.scenario.name)
    }

    fn world<'g>(
        &self,
        trainers: Vec<(NodeId, Box<dyn Trainer>)>,
        computers: Computers,
        post: Post<'g>,
        chronicle: Chronicle,
    ) -> Result<World<'g>, Failure> {
        let Self { scenario, contacts, .. } = self;
        let pace = Pace { begin: MissionTime::ZERO, time_scale: 1.0 };
        let mut rules = Rules::of(scenario, &contacts.planned, pace);
        rules.planner = rules.planner.opened_from(post.host());
        rules.lead = computers.in_sunlight(rules.samples_per_node);
        let planner = rules.planner.clone();
        let sized = scenario.simulation.payload == SimulatedPayload::Sized;
        let numbers = if sized { Numbers::Nowhere } else { Numbers::Here };
        let settings = |node: NodeId, part| self.settings(node, part, numbers, planner.clone());
        let mut nodes = BTreeMap::new();
        let mut elements = 0;
        for (node, mut trainer) in trainers {
            let terms = meet(&node, &mut *trainer)?;
            elements = terms.elements;
            let role = Role::Train { data: terms.data, elements, exempt: terms.exempt };
            let history = History::at(terms.committed, terms.history);
            let member = Member::new(settings(node.clone(), role), history, std::time::Duration::ZERO);
            nodes.insert(node, Node::new(member, Some(trainer)));
        }
        for relay in scenario.relays() {
            let history = History::at(starloom_comms::id::Round(0), starloom_comms::id::Digest::default());
            let member = Member::new(settings(relay.clone(), Role::Relay), history, std::time::Duration::ZERO);
            nodes.insert(relay, Node::new(member, None));
        }
        let (actual, byte_scale) = (Arc::new(contacts.actual.clone()), scenario.emulation.byte_scale);
        let model = CostModel::in_scenario(scenario);
        let collectives = sized.then(|| {
            let listed = contacts.actual.listed().dilated(byte_scale);
            Collectives::new(listed, model)
        });
        let restarts = scenario.faults.iter().any(|fault| fault.kill == NodeId::aggregator());
        Ok(World {
            now: MissionTime::ZERO,
            agenda: Agenda::new(),
            nodes,
            office: Office::new(rules, restarts),
            post,
            lanes: Lanes::new(actual.clone(), byte_scale, scenario.collective.zstd, model, self.lanes),
            collectives,
            planner,
            elements,
            ground: self.ground(actual.clone(), sized)?,
            computers,
            contacts: actual,
            chronicle,
            computing: BTreeSet::new(),
            faults: scenario.faults.clone(),
            suspect_after: scenario.aggregator.suspect_after,
        })
    }

    fn settings(&self, node: NodeId, part: Role, numbers: Numbers, planner: RoundPlanner) -> Settings {
        // Nobody dials it.
        let address = ([0, 0, 0, 0], 0).into();
        Settings { node, address, part, numbers, planner, patience: self.scenario.aggregator.patience }
    }

    fn ground(&self, contacts: Arc<starloom_comms::contacts::ActualContacts>, sized: bool) -> Result<Ground, Failure> {
        let voice = Arc::new(Voice::default());
        let inbox: Box<dyn GroundInbox> = if sized {
            Box::new(SizedInbox::new(voice.clone()))
        } else {
            Box::new(Inbox::open(&self.run_dir.ground(), voice.clone()).or_exit(Exit::Environment)?)
        };
        Ok(Ground::new(inbox, voice, contacts, self.scenario.emulation.byte_scale))
    }
}

/// With what a trainer comes to the others.
fn meet(node: &NodeId, trainer: &mut dyn Trainer) -> Result<Terms, Failure> {
    loop {
        match trainer.next() {
            Word::Meets(terms) => return Ok(terms),
            Word::Fails(why) => return Err(Failure::message(Exit::BadInput, format!("{node}: {why}"))),
            _ => {}
        }
    }
}
