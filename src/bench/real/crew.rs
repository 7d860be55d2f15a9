//! The processes of a comparison: started, introduced, listened to, ended.
//!
//! When one of them fails the others fail too, since it was their peer: all are then sent home, and what each had to say and
//! how it ended tells whose fault it was.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;
use starloom_comms::id::NodeId;
use starloom_comms::net::lifeline::{ORPHANED, PARENT_VARIABLE, STOP_LINE};

use super::error::RealError;
use super::words::{Account, Brief, Introduction, Said};

/// How long a process may take to end that has been told to.
const PATIENCE: Duration = Duration::from_secs(10);

/// The processes, by rank. Dropping it kills those that still run.
pub(super) struct Crew {
    nodes: Vec<NodeId>,
    processes: Vec<Process>,
    notices: Receiver<(usize, Notice)>,
}

struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
    /// Why it could not go on, and whether a lost peer was the reason.
    failure: Option<(String, Option<u32>)>,
    ended: bool,
    /// Whether it was this process that killed it.
    killed: bool,
}

enum Notice {
    Said(Said),
    /// A line that is nothing a rank says.
    Noise(String),
    /// Its standard output is closed.
    Ended,
}

impl Crew {
    /// Starts a process per node, gives each its brief, and tells each where the others listen.
    pub(super) fn start(program: &Path, nodes: &[NodeId], brief: impl Fn(u32) -> Brief) -> Result<Self, RealError> {
        let (sender, notices) = channel();
        let mut crew = Self { nodes: nodes.to_vec(), processes: Vec::with_capacity(nodes.len()), notices };
        for (rank, node) in (0..).zip(nodes) {
            let started = Process::start(program, node, rank as usize, sender.clone());
            let mut process = started.map_err(|source| RealError::Start { node: node.clone(), source })?;
            tracing::debug!(%node, pid = process.child.id(), "a rank has started");
            process.tell(&brief(rank));
            crew.processes.push(process);
        }
        drop(sender);
        let mut addresses: Vec<Option<SocketAddr>> = vec![None; nodes.len()];
        while addresses.iter().any(Option::is_none) {
            if let (rank, Said::Listening { address }) = crew.hear()? {
                addresses[rank] = Some(address);
            }
        }
        let introduction = Introduction { addresses: addresses.into_iter().flatten().collect() };
        crew.processes.iter_mut().for_each(|process| process.tell(&introduction));
        Ok(crew)
    }

    /// Waits for the accounts of all ranks: by rank, vector and strategy.
    pub(super) fn accounts(&mut self, sizes: usize, told: impl Fn(f64)) -> Result<Vec<Vec<Vec<Account>>>, RealError> {
        let mut accounts: Vec<Vec<Vec<Account>>> = vec![Vec::with_capacity(sizes); self.nodes.len()];
        while accounts.iter().any(|of_rank| of_rank.len() < sizes) {
            match self.hear()? {
                (rank, Said::Measured { accounts: of_size }) => accounts[rank].push(of_size),
                (_, Said::Progress { share }) => told(share),
                _ => {}
            }
        }
        Ok(accounts)
    }

    /// Ends all processes.
    pub(super) fn dismiss(mut self) {
        for process in &mut self.processes {
            process.say(STOP_LINE);
        }
        self.see_off();
    }

    /// What a rank says next.
    fn hear(&mut self) -> Result<(usize, Said), RealError> {
        match self.notices.recv() {
            Ok((rank, Notice::Said(Said::Failed { reason, lost }))) => {
                self.processes[rank].failure = Some((reason, lost));
                Err(self.post_mortem(rank))
            }
            Ok((rank, Notice::Said(said))) => Ok((rank, said)),
            Ok((rank, Notice::Noise(line))) => {
                self.processes[rank].failure = Some((format!("it said `{line}`"), None));
                Err(self.post_mortem(rank))
            }
            Ok((rank, Notice::Ended)) => {
                self.processes[rank].ended = true;
                Err(self.post_mortem(rank))
            }
            Err(_) => Err(self.post_mortem(0)),
        }
    }

    /// Finds out whose fault it is that `first` could not go on.
    fn post_mortem(&mut self, first: usize) -> RealError {
        // A process whose lifeline closes ends without another word.
        self.processes.iter_mut().for_each(|process| drop(process.stdin.take()));
        self.see_off();
        let statuses: Vec<Option<ExitStatus>> =
            self.processes.iter_mut().map(|process| process.child.wait().ok()).collect();
        let crashed = |rank: &usize| {
            let (process, status) = (&self.processes[*rank], &statuses[*rank]);
            let by_itself = status.is_some_and(|status| status.code() != Some(i32::from(ORPHANED)));
            by_itself && !process.killed && process.failure.is_none()
        };
        if let Some(rank) = (0..self.processes.len()).find(crashed) {
            let how = statuses[rank].map_or_else(|| "nobody knows how".to_owned(), |status| status.to_string());
            return RealError::Ended { node: self.nodes[rank].clone(), rank, how };
        }
        let blames_nobody =
            |rank: &usize| self.processes[*rank].failure.as_ref().is_some_and(|(_, lost)| lost.is_none());
        let rank = (0..self.processes.len()).find(blames_nobody).unwrap_or(first);
        let reason = self.processes[rank].failure.take().map_or_else(|| "it is gone".to_owned(), |(reason, _)| reason);
        RealError::Failed { node: self.nodes[rank].clone(), rank, reason }
    }

    /// Waits for all to end that have been told to, and kills those that do not.
    fn see_off(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        while self.processes.iter().any(|process| !process.ended) {
            match self.notices.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok((rank, Notice::Said(Said::Failed { reason, lost }))) => {
                    self.processes[rank].failure.get_or_insert((reason, lost));
                }
                Ok((rank, Notice::Ended)) => self.processes[rank].ended = true,
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            }
        }
        for process in self.processes.iter_mut().filter(|process| !process.ended) {
            process.killed = process.child.kill().is_ok();
        }
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        for process in &mut self.processes {
            // An error means that it has ended already.
            let _ended = process.child.kill();
            let _ended = process.child.wait();
        }
    }
}

impl Process {
    fn start(program: &Path, node: &NodeId, rank: usize, notices: Sender<(usize, Notice)>) -> std::io::Result<Self> {
        let mut child = Command::new(program)
            .arg0(format!("starloom bench of {node}"))
            .args(["bench", "rank"])
            .env(PARENT_VARIABLE, std::process::id().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        thread::spawn(move || {
            let lines = stdout.into_iter().flat_map(|stdout| BufReader::new(stdout).lines());
            for line in lines.map_while(Result::ok) {
                let notice = serde_json::from_str(&line).map_or(Notice::Noise(line), Notice::Said);
                if notices.send((rank, notice)).is_err() {
                    return;
                }
            }
            // Nobody listens any more when the crew is dropped.
            let _dropped = notices.send((rank, Notice::Ended));
        });
        Ok(Self { child, stdin, failure: None, ended: false, killed: false })
    }

    fn tell(&mut self, what: &impl Serialize) {
        match serde_json::to_string(what) {
            Ok(line) => self.say(&(line + "\n")),
            Err(error) => unreachable!("what ranks are told has keys that are texts: {error}"),
        }
    }

    fn say(&mut self, line: &str) {
        if let Some(stdin) = &mut self.stdin {
            // A process that is gone is told nothing; its end comes as a notice.
            let _gone = stdin.write_all(line.as_bytes()).and_then(|()| stdin.flush());
        }
    }
}
