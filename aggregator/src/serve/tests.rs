use std::collections::VecDeque;
use std::fs;
use std::io;
use std::net::SocketAddr;

use jiff::Timestamp;
use starloom_comms::control::{AggregatorMessage, DataInfo, Holding, Join, NodeMessage, Proposal, Report, Then, View};
use starloom_comms::id::{Attempt, Digest, NodeId};
use starloom_comms::member::History;
use starloom_comms::net::control::{ControlClient, ControlReceiver, ControlSender};
use starloom_comms::net::runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::*;

const TEXT: &str = "name = \"star\"\n[mesh]\nnodes = 2\n[training]\nrounds = 4\n[checkpoint]\nevery_rounds = 2\n";

fn scenario() -> Scenario {
    Scenario::parse(TEXT, Path::new("star.toml")).expect("valid")
}

fn identity(node: NodeId) -> Identity {
    Identity { job: "star".into(), scenario: scenario().digest(), node, credentials: None }
}

fn config(run_dir: &Path, address: SocketAddr) -> AggregatorConfig {
    let clock = MissionClock::new(Timestamp::now(), 1.0);
    AggregatorConfig {
        identity: identity(NodeId::aggregator()),
        listener: Listener::bind(address).expect("a port"),
        scenario: Arc::new(scenario()),
        run_dir: run_dir.to_owned(),
        clock,
        events: EventSink::new(io::sink(), NodeId::aggregator(), clock, &[]).expect("a thread"),
        resume: None,
    }
}

/// A node that agrees with everybody.
struct Node {
    slot: u32,
    aggregator: SocketAddr,
    history: History,
    seen: Option<Attempt>,
    pending: Option<Proposal>,
    /// Stops to ask when it has applied this round, and goes on when it is told.
    gate: Option<(Round, oneshot::Sender<()>, oneshot::Receiver<()>)>,
}

impl Node {
    fn new(slot: u32, aggregator: SocketAddr) -> Self {
        let history = History::at(Round(0), Digest::default());
        Self { slot, aggregator, history, seen: None, pending: None, gate: None }
    }

    /// Its life; connects again whenever the connection breaks. Ends when it has left, or with the reason it was refused.
    async fn live(mut self) -> Result<History, String> {
        loop {
            let identity = identity(NodeId::satellite(self.slot));
            let Ok((sender, mut receiver)) = ControlClient::connect(&identity, self.aggregator).await else {
                tokio::task::yield_now().await;
                continue;
            };
            if let Some(end) = self.attend(&sender, &mut receiver).await {
                return end;
            }
        }
    }

    async fn attend(
        &mut self,
        sender: &ControlSender,
        receiver: &mut ControlReceiver,
    ) -> Option<Result<History, String>> {
        let mut out: VecDeque<NodeMessage> = VecDeque::from([self.introduction()]);
        if self.history.committed() == Round(4) {
            out.push_back(self.written(Round(4)));
        }
        loop {
            for message in out.drain(..) {
                sender.send(message).await.ok()?;
            }
            match receiver.recv().await.ok()? {
                AggregatorMessage::Open { view, round, attempt, .. } => {
                    self.seen = Some(attempt);
                    out.push_back(self.propose(&view, round, attempt));
                }
                AggregatorMessage::Commit { round, digest, view, then, .. } => {
                    self.history.append(digest);
                    self.pending = None;
                    self.seen = None;
                    if round.0.is_multiple_of(2) {
                        out.push_back(self.written(round));
                    }
                    if let Some((_, here, go_on)) = self.gate.take_if(|(at, ..)| *at == round) {
                        here.send(()).ok();
                        go_on.await.ok();
                    }
                    if then == Then::Continue {
                        out.push_back(self.propose(&view, round.next(), Attempt(0)));
                    }
                }
                AggregatorMessage::TakeCustody { round } => {
                    let digest = Digest::of(b"model");
                    out.push_back(NodeMessage::Landed { round, digest, bytes: 5, path: "model".into() });
                }
                AggregatorMessage::Release => {
                    sender.send(NodeMessage::Leave(Report::default())).await.ok()?;
                    return Some(Ok(self.history));
                }
                AggregatorMessage::Refused { reason } => return Some(Err(reason)),
            }
        }
    }

    fn introduction(&self) -> NodeMessage {
        NodeMessage::Join(Join {
            address: ([127, 0, 0, 1], 4000).into(),
            committed: self.history.committed(),
            history: self.history.digest(),
            attempt: self.seen,
            pending: self.pending.clone(),
            data: DataInfo { samples: 1000, holding: Holding::Shared },
            elements: 10,
        })
    }

    fn propose(&mut self, view: &View, round: Round, attempt: Attempt) -> NodeMessage {
        let digest = Digest::of(&round.0.to_le_bytes());
        let proposal = Proposal { view: view.id, round, attempt, digest, samples: 1, refused: None };
        self.pending = Some(proposal.clone());
        NodeMessage::Proposal(proposal)
    }

    fn written(&self, round: Round) -> NodeMessage {
        NodeMessage::CheckpointWritten { round, state: self.history.digest() }
    }
}

fn begin(node: Node) -> JoinHandle<Result<History, String>> {
    tokio::spawn(node.live())
}

fn records(run_dir: &Path) -> Vec<Record> {
    let owner = Owner { job: "star".into(), scenario: scenario().digest() };
    Journal::open(&run_dir.join(JOURNAL), &owner).expect("whole").1.records
}

#[test]
fn a_job_runs_to_its_end_over_real_connections() {
    let run_dir = tempfile::tempdir().expect("a folder");
    let outcome = runtime().expect("a runtime").block_on(async {
        let config = config(run_dir.path(), ([127, 0, 0, 1], 0).into());
        let address = config.listener.address();
        let nodes = [begin(Node::new(0, address)), begin(Node::new(1, address))];
        let outcome = serve(config, std::future::pending()).await.expect("serves");
        for node in nodes {
            assert_eq!(node.await.expect("no panic").map(|history| history.committed()), Ok(Round(4)));
        }
        outcome
    });
    assert_eq!(outcome, Outcome::Completed);
    assert!(matches!(records(run_dir.path()).last(), Some(Record::Finished { outcome: Outcome::Completed })));
}

#[test]
fn an_aggregator_that_is_started_again_goes_on_where_the_old_one_was_killed() {
    let run_dir = tempfile::tempdir().expect("a folder");
    runtime().expect("a runtime").block_on(async {
        let first = config(run_dir.path(), ([127, 0, 0, 1], 0).into());
        let address = first.listener.address();
        let (here, is_here) = oneshot::channel();
        let (go_on, told) = oneshot::channel();
        let gate = Some((Round(2), here, told));
        let nodes = [begin(Node { gate, ..Node::new(0, address) }), begin(Node::new(1, address))];
        tokio::select! {
            _ = serve(first, std::future::pending()) => panic!("the job cannot end while a node waits"),
            _ = is_here => {}
        }
        // The old one is gone with its future; its sockets close when their tasks are polled next.
        let second = loop {
            match Listener::bind(address) {
                Ok(listener) => {
                    break AggregatorConfig { listener, ..config(run_dir.path(), ([127, 0, 0, 1], 0).into()) };
                }
                Err(_) => tokio::task::yield_now().await,
            }
        };
        go_on.send(()).expect("the node waits");
        let outcome = serve(second, std::future::pending()).await.expect("serves");
        assert_eq!(outcome, Outcome::Completed);
        for node in nodes {
            assert_eq!(node.await.expect("no panic").map(|history| history.committed()), Ok(Round(4)));
        }
    });
    let commits = records(run_dir.path()).into_iter().filter(|record| matches!(record, Record::Committed(_)));
    assert_eq!(commits.count(), 4);
}

#[test]
fn a_stop_ends_the_job_with_its_last_commit_on_the_ground() {
    let run_dir = tempfile::tempdir().expect("a folder");
    runtime().expect("a runtime").block_on(async {
        let config = config(run_dir.path(), ([127, 0, 0, 1], 0).into());
        let address = config.listener.address();
        let (here, is_here) = oneshot::channel();
        let (go_on, told) = oneshot::channel();
        let gate = Some((Round(1), here, told));
        let nodes = [begin(Node { gate, ..Node::new(0, address) }), begin(Node::new(1, address))];
        let stop = async {
            is_here.await.expect("round 1 is applied");
            go_on.send(()).expect("the node waits");
        };
        assert_eq!(serve(config, stop).await.expect("serves"), Outcome::Interrupted);
        for node in nodes {
            assert_eq!(node.await.expect("no panic").map(|history| history.committed()), Ok(Round(2)));
        }
    });
}

#[test]
fn a_full_disk_ends_the_job_and_the_nodes_are_told() {
    let run_dir = tempfile::tempdir().expect("a folder");
    runtime().expect("a runtime").block_on(async {
        let AggregatorConfig { identity, listener, clock, events, scenario, .. } =
            config(run_dir.path(), ([127, 0, 0, 1], 0).into());
        let address = listener.address();
        let nodes = [begin(Node::new(0, address)), begin(Node::new(1, address))];
        // The owner's line is not written here: one opening and two commits fit.
        let journal = Journal::full_after(3);
        let planned = scenario.contacts().expect("a mesh").planned;
        let pace = Pace { begin: clock.now(), time_scale: clock.time_scale() };
        let engine = Engine::new(Rules::of(&scenario, &planned, pace), Duration::ZERO);
        let connections = Connections::new(serve_control(&identity, listener).expect("serves"));
        let desk = Desk { engine, journal, connections, events, start: Instant::now(), todo: VecDeque::new() };
        let Outcome::Failed { reason } = desk.run(std::future::pending()).await else { panic!("it cannot go on") };
        assert!(reason.contains("the journal cannot be written"), "{reason}");
        for node in nodes {
            let reason = node.await.expect("no panic").expect_err("refused");
            assert!(reason.contains("the journal cannot be written"), "{reason}");
        }
    });
}

#[test]
fn a_damaged_journal_is_a_clear_error_before_anything_begins() {
    let run_dir = tempfile::tempdir().expect("a folder");
    fs::write(run_dir.path().join(JOURNAL), "{}\n").expect("writes");
    let owner = Owner { job: "star".into(), scenario: scenario().digest() };
    // A whole line after a damaged one: what was lost between them cannot be known.
    let whole = tempfile::tempdir().expect("a folder");
    Journal::open(&whole.path().join(JOURNAL), &owner).expect("begins");
    let line = fs::read_to_string(whole.path().join(JOURNAL)).expect("a file");
    fs::write(run_dir.path().join(JOURNAL), format!("{{}}\n{line}")).expect("writes");
    let config = config(run_dir.path(), ([127, 0, 0, 1], 0).into());
    let outcome = runtime().expect("a runtime").block_on(serve(config, std::future::pending()));
    let error = outcome.expect_err("damaged").to_string();
    assert!(error.contains("line 1") && error.contains("line 2"), "{error}");
}
