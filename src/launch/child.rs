//! One child process of a launch: how it is started, what it says, how it ends.
//!
//! A child runs this same program in another role (or the user's own program), in a process group of its own so that
//! Ctrl-C in a terminal reaches `launch` alone. Its standard output carries its events, its standard error is its log,
//! its standard input is the lifeline: when it closes, the child ends (see [`lifeline`]).

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use starloom_comms::events::Event;
use starloom_comms::id::NodeId;
use starloom_comms::net::lifeline;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::mpsc;

/// What a child needs to start.
#[derive(Debug, Clone)]
pub(crate) struct Start {
    /// Who it is.
    pub(crate) id: NodeId,
    /// The program.
    pub(crate) program: PathBuf,
    /// What it shows as in a list of processes, in front of its arguments.
    pub(crate) shows_as: String,
    /// Its arguments.
    pub(crate) args: Vec<OsString>,
    /// Environment variables for it.
    pub(crate) env: Vec<(&'static str, String)>,
    /// Its log file; appended to.
    pub(crate) log: PathBuf,
}

/// What comes from the children, in one queue.
#[derive(Debug)]
pub(crate) enum Notice {
    /// A child said something.
    Event(Box<Event>),
    /// A child wrote a line that is not an event.
    Noise(NodeId, String),
    /// A child has ended.
    Ended(NodeId, io::Result<ExitStatus>),
}

/// A running child.
#[derive(Debug)]
pub(crate) struct Running {
    pid: Option<u32>,
    stdin: Option<ChildStdin>,
    kill: mpsc::Sender<()>,
}

impl Running {
    /// Starts a child. Its events and its end come through `notices`.
    ///
    /// Must be called on the main thread: the child asks the kernel to be killed when the thread that started it ends.
    pub(crate) fn start(start: &Start, notices: mpsc::Sender<Notice>) -> io::Result<Self> {
        let log = OpenOptions::new().create(true).append(true).open(&start.log)?;
        let mut command = Command::new(&start.program);
        command
            .arg0(&start.shows_as)
            .args(&start.args)
            .env(lifeline::PARENT_VARIABLE, std::process::id().to_string())
            .envs(start.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .process_group(0)
            .kill_on_drop(true);
        let mut child = command.spawn()?;
        let pid = child.id();
        let stdin = child.stdin.take();
        let (kill, killed) = mpsc::channel(1);
        let stdout = child.stdout.take();
        tokio::spawn(follow(start.id.clone(), child, stdout, killed, notices));
        Ok(Self { pid, stdin, kill })
    }

    /// The process id, as long as it was known to run.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.pid
    }

    /// Asks the child to finish its work and end.
    pub(crate) async fn ask_to_stop(&mut self) {
        if let Some(stdin) = &mut self.stdin {
            // A child that is gone already needs no request; its end comes as a notice.
            let _gone = stdin.write_all(lifeline::STOP_LINE.as_bytes()).await;
            let _gone = stdin.flush().await;
        }
    }

    /// Kills the child (SIGKILL).
    pub(crate) fn kill(&self) {
        // A full queue means that a kill is under way; a closed one that the child has ended.
        let _under_way = self.kill.try_send(());
    }
}

async fn follow(
    id: NodeId,
    mut child: Child,
    stdout: Option<ChildStdout>,
    mut killed: mpsc::Receiver<()>,
    notices: mpsc::Sender<Notice>,
) {
    let reader = tokio::spawn(read_events(id.clone(), stdout, notices.clone()));
    let status = tokio::select! {
        status = child.wait() => status,
        Some(()) = killed.recv() => match child.start_kill() {
            Ok(()) => child.wait().await,
            Err(error) => Err(error),
        },
    };
    // What it said comes before its end.
    let _reader_ended = reader.await;
    let _launch_ended = notices.send(Notice::Ended(id, status)).await;
}

async fn read_events(id: NodeId, stdout: Option<ChildStdout>, notices: mpsc::Sender<Notice>) {
    let Some(stdout) = stdout else { return };
    let mut lines = BufReader::new(stdout).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let notice = match serde_json::from_str::<Event>(&line) {
            Ok(event) => Notice::Event(Box::new(event)),
            Err(_) => Notice::Noise(id.clone(), line),
        };
        if notices.send(notice).await.is_err() {
            return;
        }
    }
}

/// The last line of a log, for an error message.
pub(crate) fn last_words(log: &Path) -> Option<String> {
    let text = fs::read(log).ok()?;
    let tail = text.len().saturating_sub(4096);
    let tail = String::from_utf8_lossy(&text[tail..]).into_owned();
    tail.lines().rev().find(|line| !line.trim().is_empty()).map(|line| line.trim().to_owned())
}

/// Whether a process ended because of a signal or a panic, so that starting it again may help.
pub(crate) fn was_struck(status: &io::Result<ExitStatus>) -> bool {
    match status {
        Ok(status) => status.code().is_none_or(|code| code == 101),
        Err(_) => false,
    }
}

/// Opens the event file for appending; a line that an earlier run left unfinished is ended first.
pub(crate) fn open_events(path: &Path) -> io::Result<File> {
    use std::io::Write;
    let torn = fs::read(path).is_ok_and(|bytes| bytes.last().is_some_and(|last| *last != b'\n'));
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    if torn {
        file.write_all(b"\n")?;
    }
    Ok(file)
}
