//! The comms thread: waits for whatever comes first, tells the member, does what it commands.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::WrittenCheckpoint;
use super::control_loop::{ControlLoop, ControlNews};
use super::delivery::Deliveries;
use super::error::{JoinError, MembershipError};
use super::lanes::Lanes;
use crate::collective::{Contribution, RoundPlanner};
use crate::contacts::Contacts;
use crate::control::{NodeMessage, Report, View};
use crate::events::What;
use crate::id::Round;
use crate::limits::HEARTBEATS_PER_SUSPICION;
use crate::member::{Agreed, Command, Event, Failure, History, Member, Numbers, Part, Settings};
use crate::net::clock::MissionClock;
use crate::net::event_sink::EventSink;
use crate::net::identity::Identity;
use crate::net::laser::Emulation;
use crate::net::link::Links;
use crate::net::listen::Listener;
use crate::scenario::Scenario;

/// What the trainer asks for.
#[derive(Debug)]
pub(super) enum Request {
    Contribute(Contribution),
    CheckpointWritten(Box<WrittenCheckpoint>),
    Leave(Report),
}

/// What the trainer is told.
#[derive(Debug)]
pub(super) enum Answer {
    Opened(View),
    Agreed(Box<Agreed>),
    Left(Report),
    Failed(MembershipError),
}

/// Everything that lives on the comms thread.
pub(super) struct Driver {
    member: Member,
    control: ControlLoop,
    lanes: Lanes,
    deliveries: Deliveries,
    checkpoints: BTreeMap<Round, Arc<WrittenCheckpoint>>,
    events: EventSink,
    requests: UnboundedReceiver<Request>,
    answers: Sender<Answer>,
    suspect_after: Duration,
    /// Zero of the member's clock.
    origin: Instant,
    end: Option<End>,
}

/// How it ends.
enum End {
    Left(Report),
    Failed(MembershipError),
}

/// What every part in a job starts from.
pub(super) struct Crew {
    pub(super) identity: Identity,
    pub(super) aggregator: SocketAddr,
    pub(super) listen: SocketAddr,
    pub(super) station: Option<SocketAddr>,
    pub(super) scenario: Arc<Scenario>,
    pub(super) clock: MissionClock,
    pub(super) events: EventSink,
}

impl Driver {
    /// Listens, and dials the aggregator as soon as it runs, in the runtime beside it.
    pub(super) fn new(
        crew: Crew,
        part: Part,
        history: History,
        requests: UnboundedReceiver<Request>,
        answers: Sender<Answer>,
    ) -> Result<(Runtime, Self), JoinError> {
        let Crew { identity, aggregator, listen, station, scenario, clock, events } = crew;
        let runtime = crate::net::runtime().map_err(JoinError::Start)?;
        let listener = Listener::bind(listen)?;
        let Contacts { planned, actual } = scenario.contacts()?;
        let emulation = Emulation { contacts: Arc::new(actual), clock, byte_scale: scenario.emulation.byte_scale };
        let links = {
            let _inside = runtime.enter();
            Links::serve(identity.clone(), listener, Some(emulation.clone()))?.with_packing(scenario.collective.zstd)
        };
        events.emit(What::Listening { address: links.address() });
        let rules = &scenario.aggregator;
        let settings = Settings {
            node: identity.node.clone(),
            address: links.address(),
            part,
            numbers: Numbers::Here,
            planner: RoundPlanner::of(&scenario, &planned),
            patience: rules.patience,
        };
        let driver = Self {
            member: Member::new(settings, history, Duration::ZERO),
            control: ControlLoop::new(identity.clone(), aggregator),
            lanes: Lanes::new(links, events.clone()),
            deliveries: Deliveries::new(identity, station, emulation, rules.patience, events.clone()),
            checkpoints: BTreeMap::new(),
            events,
            requests,
            answers,
            suspect_after: rules.suspect_after,
            origin: Instant::now(),
            end: None,
        };
        Ok((runtime, driver))
    }

    /// Runs until the node has left or failed, or nobody wants it any more.
    pub(super) async fn run(mut self) {
        let mut heartbeat = interval((self.suspect_after / HEARTBEATS_PER_SUSPICION).max(Duration::from_millis(1)));
        // After a pause of the process one beat is enough.
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut alarm = pin!(sleep_until(self.origin));
        while self.end.is_none() {
            let deadline = self.member.next_deadline().and_then(|deadline| self.origin.checked_add(deadline));
            if let Some(deadline) = deadline.filter(|deadline| *deadline != alarm.deadline()) {
                alarm.as_mut().reset(deadline);
            }
            let room = self.lanes.room();
            tokio::select! {
                event = self.lanes.next() => self.happen(event),
                () = room => self.fill(),
                news = self.control.next() => self.hear(news),
                event = self.deliveries.next() => self.happen(event),
                request = self.requests.recv() => match request {
                    Some(request) => self.obey(request),
                    None => return,
                },
                _ = heartbeat.tick() => self.control.send(NodeMessage::Heartbeat),
                () = alarm.as_mut(), if deadline.is_some() => self.happen(Event::Time),
            }
        }
        self.lanes.tell_sent();
        let answer = match self.end.take() {
            Some(End::Left(report)) => {
                self.control.close(self.suspect_after).await;
                self.events.emit(match self.member.part() {
                    Part::Train { .. } => What::Left { report: report.clone() },
                    Part::Relay => What::Carried { raw_bytes: report.raw_bytes, wire_bytes: report.wire_bytes },
                });
                Answer::Left(report)
            }
            Some(End::Failed(error)) => {
                // What it said last says why the others have to go on without it.
                self.control.close(self.suspect_after).await;
                Answer::Failed(error)
            }
            None => return,
        };
        self.answer(answer);
    }

    fn hear(&mut self, news: ControlNews) {
        match news {
            ControlNews::Connected => self.happen(Event::Connected),
            ControlNews::Lost => self.happen(Event::Disconnected),
            ControlNews::Message(message) => self.happen(Event::Message(message)),
            ControlNews::Refused { reason } => self.end = Some(End::Failed(Failure::Refused { reason }.into())),
        }
    }

    fn obey(&mut self, request: Request) {
        match request {
            Request::Contribute(contribution) => self.happen(Event::Contribution(contribution)),
            Request::CheckpointWritten(checkpoint) => {
                let (round, state) = (checkpoint.round, checkpoint.state);
                self.checkpoints.insert(round, Arc::new(*checkpoint));
                self.happen(Event::CheckpointWritten { round, state });
            }
            Request::Leave(report) => {
                let traffic = self.lanes.links().traffic();
                let (raw_bytes, wire_bytes) = (traffic.raw_bytes, traffic.wire_bytes);
                self.happen(Event::Leave(Report { raw_bytes, wire_bytes, ..report }));
            }
        }
    }

    fn happen(&mut self, event: Event) {
        let now = self.origin.elapsed();
        let commands = self.member.handle(now, event);
        self.execute(commands);
        self.fill();
    }

    fn fill(&mut self) {
        self.lanes.fill(&mut self.member);
        let commands = self.member.poll_commands();
        self.execute(commands);
    }

    fn execute(&mut self, commands: Vec<Command>) {
        for command in commands {
            match command {
                Command::Send(message) => self.control.send(message),
                Command::Connect(peers) => self.lanes.connect(&peers),
                Command::Redial(peer) => self.lanes.redial(&peer),
                Command::Pause(peer) => self.lanes.links().pause(&peer),
                Command::Resume(peer) => self.lanes.links().resume(&peer),
                Command::Opened(view) => self.answer(Answer::Opened(view)),
                Command::Agreed(agreed) => {
                    self.answer(Answer::Agreed(agreed));
                    // All that the round needed has left its sender: nobody could hold it otherwise.
                    self.lanes.tell_sent();
                }
                Command::Deliver(round) => {
                    let checkpoint = self.checkpoints.get(&round).cloned();
                    self.deliveries.start(round, checkpoint);
                }
                Command::Forget(round) => drop(self.checkpoints.remove(&round)),
                Command::Unneeded => self.obey(Request::Leave(Report::default())),
                Command::Phase(round, attempt, phase) => self.events.phase(round, attempt, phase),
                Command::Emit(what) => self.events.emit(what),
                Command::Left(report) => self.end = Some(End::Left(report)),
                Command::Fail(failure) => self.end = Some(End::Failed(failure.into())),
            }
        }
    }

    fn answer(&self, answer: Answer) {
        // A trainer that is gone has dropped its requests too, and that ends the thread.
        self.answers.send(answer).ok();
    }
}
