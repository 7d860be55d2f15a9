//! What a person sees while a job runs: bars on a terminal, plain lines elsewhere, nothing with `--json`.
//!
//! One line per node (shard, inner step, loss, links), one for rounds, one for the ground. Everything comes from
//! events; a display that falls behind delays nobody.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use starloom_comms::events::{Event, LinkState, Phase, What};
use starloom_comms::id::{NodeId, Round};
use starloom_comms::scenario::Scenario;
use starloom_comms::units::ByteSize;

use super::report::{pass_window, secs};

/// How much is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verbosity {
    /// Nothing on standard output.
    Silent,
    /// What a person wants to follow.
    Normal,
    /// Every fact.
    Verbose,
}

/// Shows events as they come.
pub(crate) enum Display {
    /// On a terminal.
    Bars(Box<Bars>),
    /// Where standard output is no terminal.
    Lines(Verbosity),
    /// With `--json`.
    Silent,
}

impl Display {
    pub(crate) fn new(scenario: &Scenario, verbosity: Verbosity) -> Self {
        match verbosity {
            Verbosity::Silent => Self::Silent,
            Verbosity::Normal if io::stdout().is_terminal() => Self::Bars(Box::new(Bars::new(scenario))),
            Verbosity::Normal | Verbosity::Verbose => Self::Lines(verbosity),
        }
    }

    pub(crate) fn observe(&mut self, event: &Event) {
        match self {
            Self::Bars(bars) => bars.observe(event),
            Self::Lines(verbosity) => {
                if let Some(line) = sentence(event, *verbosity) {
                    print_line(event.t, &line);
                }
            }
            Self::Silent => {}
        }
    }

    /// Says something that is no event.
    pub(crate) fn say(&mut self, t: f64, line: &str) {
        match self {
            Self::Bars(bars) => bars.note(t, line),
            Self::Lines(_) => print_line(t, line),
            Self::Silent => {}
        }
    }

    /// Takes the bars away, so that the report has the screen.
    pub(crate) fn close(&mut self) {
        if let Self::Bars(bars) = self {
            bars.close();
        }
    }
}

fn print_line(t: f64, line: &str) {
    // A closed standard output must not end the job.
    let _closed = writeln!(io::stdout().lock(), "{t:>9.2} s  {line}");
}

/// An event as a line, or nothing if it is not worth one.
fn sentence(event: &Event, verbosity: Verbosity) -> Option<String> {
    let node = &event.node;
    let verbose = verbosity == Verbosity::Verbose;
    Some(match &event.what {
        What::Listening { address } if verbose => format!("{node} listens on {address}"),
        What::View { view, members, relays } => {
            let names = |ids: &[NodeId]| ids.iter().map(NodeId::as_str).collect::<Vec<_>>().join(", ");
            match &relays[..] {
                [] => format!("view {view}: {}", names(members)),
                relays => format!("view {view}: {}; over {}", names(members), names(relays)),
            }
        }
        What::Step { round, step, of, shard, loss } if verbose => {
            format!("{node} round {round}, step {step}/{of} of {shard} samples, loss {loss:.4}")
        }
        What::Phase { round, attempt, phase } if verbose => {
            format!("{node} round {round}, attempt {attempt}: {}", phase_name(*phase))
        }
        What::Link { peer, state } if verbose => format!("{node} link to {peer}: {}", link_name(*state)),
        What::ContributionRefused { round, reason } => {
            format!("{node} contributes nothing to round {round}: {reason}")
        }
        What::RoundPlanned { round, attempt, strategy, predicted_secs, .. } if verbose => {
            format!("round {round}, attempt {attempt} by {strategy}: {} predicted", secs(*predicted_secs))
        }
        What::RoundCommitted { round, contributors, digest, .. } => {
            let samples: u64 = contributors.iter().map(|(_, samples)| samples).sum();
            format!(
                "round {round} committed by {} nodes, {samples} samples, digest {}",
                contributors.len(),
                digest.short()
            )
        }
        What::RoundRolledBack { round, attempt, reason } => {
            format!("round {round}, attempt {attempt} rolled back: {reason}")
        }
        What::NodeLost { lost, round, how, samples } => {
            format!("{lost} lost in round {round} ({}), {samples} samples with it", format!("{how:?}").to_lowercase())
        }
        What::Evaluated { round, accuracy: Some(accuracy), .. } => {
            format!("after round {round}: accuracy {accuracy:.4}")
        }
        What::CheckpointWritten { round, bytes, .. } if verbose => {
            format!("{node} wrote the checkpoint of round {round}, {bytes} bytes")
        }
        What::ChunksLanded { round, chunks, of } if verbose => {
            format!("ground has {chunks} of {of} chunks of round {round}")
        }
        What::PassCarried { round, station, start_secs, end_secs, chunks, .. } if verbose || end_secs.is_some() => {
            let window = pass_window(*start_secs, *end_secs);
            format!("{node} has brought {chunks} chunks of round {round} to {station} in the pass {window}")
        }
        What::ChunkRefused { round, reason } => format!("ground refused a chunk of round {round}: {reason}"),
        What::CheckpointLanded { round, bytes, path, .. } => {
            format!("checkpoint of round {round} landed: {bytes} bytes, {path}")
        }
        What::Fault { fault } => format!("fault: {fault}"),
        What::Left { report } => match report.eval_accuracy {
            Some(accuracy) => format!("{node} done: accuracy {accuracy:.4}, state {}", report.state.short()),
            None => format!("{node} done: state {}", report.state.short()),
        },
        What::Carried { wire_bytes, .. } => format!("{node} done: carried {}", ByteSize(*wire_bytes)),
        What::Warning { message } => format!("{node}: {message}"),
        What::Dropped { count } if verbose => format!("{node}: {count} progress events dropped"),
        _ => return None,
    })
}

fn phase_name(phase: Phase) -> &'static str {
    match phase {
        Phase::Open => "open",
        Phase::Compute => "compute",
        Phase::Reduce => "reduce",
        Phase::Gather => "gather",
        Phase::Commit => "commit",
        Phase::Checkpoint => "checkpoint",
    }
}

fn link_name(state: LinkState) -> &'static str {
    match state {
        LinkState::Up => "up",
        LinkState::Waiting => "waiting for contact",
        LinkState::Down => "down",
    }
}

/// Bars on a terminal.
pub(crate) struct Bars {
    screen: MultiProgress,
    nodes: BTreeMap<NodeId, NodeLine>,
    rounds: ProgressBar,
    ground: ProgressBar,
}

struct NodeLine {
    bar: ProgressBar,
    phase: &'static str,
    shard: u64,
    loss: Option<f64>,
    links: BTreeMap<NodeId, LinkState>,
}

impl NodeLine {
    fn show(&self) {
        let loss = self.loss.map_or_else(|| "-".to_owned(), |loss| format!("{loss:.4}"));
        let links: String = self
            .links
            .values()
            .map(|state| match state {
                LinkState::Up => '●',
                LinkState::Waiting => '◌',
                LinkState::Down => '×',
            })
            .collect();
        self.bar.set_message(format!("shard {:>5}  loss {loss:<8} {:<10} {links}", self.shard, self.phase));
    }
}

impl Bars {
    #[expect(clippy::expect_used, reason = "the templates are constants")]
    fn new(scenario: &Scenario) -> Self {
        let screen = MultiProgress::with_draw_target(ProgressDrawTarget::stdout());
        let node_style = ProgressStyle::with_template("{prefix:>10} {bar:12.cyan} {pos:>3}/{len:<3} {msg}")
            .expect("a valid template")
            .progress_chars("━╸ ");
        let wide_style = ProgressStyle::with_template("{prefix:>10} {bar:32.green} {pos:>4}/{len:<4} {msg}")
            .expect("a valid template")
            .progress_chars("━╸ ");
        let mut nodes = BTreeMap::new();
        for node in scenario.nodes() {
            let bar = screen.add(ProgressBar::new(u64::from(scenario.training.inner_steps)));
            bar.set_style(node_style.clone());
            bar.set_prefix(node.to_string());
            let line = NodeLine { bar, phase: "starting", shard: 0, loss: None, links: BTreeMap::new() };
            line.show();
            nodes.insert(node, line);
        }
        let rounds = screen.add(ProgressBar::new(scenario.training.rounds));
        rounds.set_style(wide_style.clone());
        rounds.set_prefix("rounds");
        let ground = screen.add(ProgressBar::new(0));
        ground.set_style(wide_style);
        ground.set_prefix("ground");
        ground.set_message("nothing has landed");
        for bar in [&rounds, &ground] {
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        Self { screen, nodes, rounds, ground }
    }

    fn observe(&mut self, event: &Event) {
        match &event.what {
            What::Step { step, shard, loss, .. } => self.node(&event.node, |line| {
                line.bar.set_position(u64::from(*step));
                line.shard = *shard;
                line.loss = Some(*loss);
            }),
            What::Phase { phase, .. } => self.node(&event.node, |line| line.phase = phase_name(*phase)),
            What::Link { peer, state } => self.node(&event.node, |line| {
                line.links.insert(peer.clone(), *state);
            }),
            What::Left { .. } => self.node(&event.node, |line| line.phase = "done"),
            What::NodeLost { lost, .. } => self.node(lost, |line| {
                line.phase = "lost";
                line.bar.abandon();
            }),
            What::RoundCommitted { round: Round(round), digest, .. } => {
                self.rounds.set_position(*round);
                self.rounds.set_message(format!("digest {}", digest.short()));
            }
            What::ChunksLanded { round, chunks, of } => {
                self.ground.set_length(*of);
                self.ground.set_position(*chunks);
                self.ground.set_message(format!("round {round} on its way"));
            }
            What::CheckpointLanded { round, .. } => {
                self.ground.set_message(format!("round {round} landed"));
            }
            _ => {}
        }
        let quiet = matches!(
            event.what,
            What::RoundCommitted { .. } | What::Left { .. } | What::View { .. } | What::CheckpointLanded { .. }
        );
        if !quiet && let Some(line) = sentence(event, Verbosity::Normal) {
            self.note(event.t, &line);
        }
    }

    fn node(&mut self, node: &NodeId, change: impl FnOnce(&mut NodeLine)) {
        if let Some(line) = self.nodes.get_mut(node) {
            change(line);
            line.show();
        }
    }

    fn note(&self, t: f64, line: &str) {
        // A terminal that went away must not end the job.
        let _closed = self.screen.println(format!("{t:>9.2} s  {line}"));
    }

    fn close(&self) {
        for line in self.nodes.values() {
            line.bar.finish();
        }
        self.rounds.finish();
        self.ground.finish();
    }
}
