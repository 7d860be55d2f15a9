//! Starts jobs as a user would, follows what they say, and leaves no process behind.
//!
//! A [`Job`] is a running `starloom launch`. Its verbose lines come through a pipe, so waiting for one is waiting for
//! an event. The launch is tied to the test: it dies with it, and its children die with the launch.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses its part")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// Far beyond what anything here takes: reaching it means that something hangs.
pub const DEADLINE: Duration = Duration::from_secs(120);

/// A scenario of four nodes that move bytes, quick enough for a test.
pub const BYTES_ONLY: &str = r#"
name = "bytes-only"
seed = 7
[mesh]
nodes = 4
topology = "full"
rate_mbps = 1000
delay_ms = 1
[ground]
rate_mbps = 1000
[job]
task = "none"
payload = "256 KiB"
compute_ms = 5
[training]
rounds = 8
[checkpoint]
every_rounds = 3
"#;

/// A scripted SIGKILL.
pub fn fault(victim: &str, round: u64, phase: &str) -> String {
    format!("[[faults]]\nkill = \"{victim}\"\nat = {{ round = {round}, phase = \"{phase}\" }}\n")
}

/// The program under test.
pub fn starloom() -> Command {
    Command::new(env!("CARGO_BIN_EXE_starloom"))
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().expect("the program starts")
}

/// A running `starloom launch`.
pub struct Job {
    launch: Child,
    lifeline: Option<ChildStdin>,
    lines: Receiver<String>,
    transcript: Vec<String>,
    home: TempDir,
}

/// What is left of a job that has ended.
pub struct Ended {
    pub status: ExitStatus,
    pub summary: Value,
    pub transcript: String,
    pub run_dir: PathBuf,
    _home: TempDir,
}

impl Job {
    /// Launches a scenario.
    pub fn launch(scenario: &str, args: &[&str]) -> Self {
        Self::launch_with(starloom(), scenario, args)
    }

    /// Launches a scenario by another program with the same command line.
    pub fn launch_with(mut command: Command, scenario: &str, args: &[&str]) -> Self {
        let home = TempDir::new().expect("a temporary directory");
        let path = home.path().join("scenario.toml");
        fs::write(&path, scenario).expect("the scenario is written");
        let run_dir = home.path().join("run");
        command.arg("launch").arg(&path).arg("--run-dir").arg(&run_dir).arg("-v").args(args);
        Self::start(command, home)
    }

    /// Goes on with a job that has ended.
    pub fn resume(ended: Ended, args: &[&str]) -> Self {
        let mut command = starloom();
        command.arg("launch").arg("--resume").arg(&ended.run_dir).arg("-v").args(args);
        Self::start(command, ended._home)
    }

    fn start(mut command: Command, home: TempDir) -> Self {
        command
            .env("STARLOOM_PARENT", std::process::id().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .process_group(0);
        let mut launch = command.spawn().expect("starloom starts");
        let lifeline = launch.stdin.take();
        let stdout = launch.stdout.take().expect("standard output is a pipe");
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { launch, lifeline, lines, transcript: Vec::new(), home }
    }

    /// Waits for a line that contains `needle`.
    pub fn wait_for(&mut self, needle: &str) -> String {
        let deadline = Instant::now() + DEADLINE;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.transcript.push(line.clone());
                    if line.contains(needle) {
                        return line;
                    }
                }
                Err(error) => panic!("no line with `{needle}` ({error}); it said:\n{}", self.transcript.join("\n")),
            }
        }
    }

    /// Waits for a line that contains `needle`, unless there has been one.
    pub fn wait_until_said(&mut self, needle: &str) {
        if !self.transcript.iter().any(|line| line.contains(needle)) {
            self.wait_for(needle);
        }
    }

    /// Sends a signal to the launch itself.
    pub fn signal(&self, signal: Signal) {
        kill_process(pid(self.launch.id()), signal).expect("the launch is there");
    }

    /// Sends a signal to one process of the job, by the words of its command line.
    pub fn signal_process(&self, words: &str, signal: Signal) -> Pid {
        let pids = self.processes(words);
        assert_eq!(pids.len(), 1, "one process of the job shows as `{words}`");
        kill_process(pids[0], signal).expect("the process is there");
        pids[0]
    }

    /// The processes of this job whose command line has `words`.
    pub fn processes(&self, words: &str) -> Vec<Pid> {
        let launch = self.launch.id();
        let children = processes().filter(|process| process.parent == launch && process.command.contains(words));
        children.map(|process| pid(process.id)).collect()
    }

    /// Asks the launch to stop, as its parent.
    pub fn ask_to_stop(&mut self) {
        let lifeline = self.lifeline.as_mut().expect("the lifeline is held");
        lifeline.write_all(b"stop\n").expect("the launch listens");
    }

    /// Waits for the end.
    pub fn end(mut self) -> Ended {
        let deadline = Instant::now() + DEADLINE;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => self.transcript.push(line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("no end; it said:\n{}", self.transcript.join("\n")),
            }
        }
        let status = self.launch.wait().expect("the launch has ended");
        let run_dir = self.home.path().join("run");
        let summary = fs::read(run_dir.join("summary.json"))
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok())
            .unwrap_or(Value::Null);
        let transcript = self.transcript.join("\n");
        let home = std::mem::replace(&mut self.home, TempDir::new().expect("a temporary directory"));
        Ended { status, summary, transcript, run_dir, _home: home }
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        // Its children end with it; an error means that it has ended already.
        let _ended = self.launch.kill();
        let _ended = self.launch.wait();
    }
}

impl Ended {
    /// Asserts that the job completed, with what it said as the message.
    pub fn assert_completed(&self) -> &Self {
        assert_eq!(self.status.code(), Some(0), "exit code; it said:\n{}", self.transcript);
        self
    }

    /// Asserts that the living nodes hold the same state, and how many they are.
    pub fn assert_replicas(&self, living: usize) -> &Self {
        let digests = self.summary["state_digests"].as_object().expect("state_digests");
        assert_eq!(digests.len(), living, "living nodes: {digests:?}\n{}", self.transcript);
        let mut values = digests.values();
        let first = values.next();
        assert!(values.all(|digest| Some(digest) == first), "replicas differ: {digests:?}");
        self
    }

    /// Asserts who was lost.
    pub fn assert_lost(&self, lost: &[&str]) -> &Self {
        let names: Vec<&str> =
            self.summary["nodes_lost"].as_array().expect("nodes_lost").iter().filter_map(Value::as_str).collect();
        assert_eq!(names, lost, "nodes_lost; it said:\n{}", self.transcript);
        self
    }

    /// A number in the summary.
    pub fn number(&self, key: &str) -> f64 {
        self.summary[key].as_f64().unwrap_or_else(|| panic!("{key} in {}", self.summary))
    }

    /// The events of the run.
    pub fn events(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.run_dir.join("events.jsonl")).expect("events.jsonl");
        text.lines().map(|line| serde_json::from_str(line).expect("an event a line")).collect()
    }

    /// The events of one kind.
    pub fn events_of(&self, kind: &str) -> Vec<Value> {
        self.events().into_iter().filter(|event| event["event"] == kind).collect()
    }
}

/// Waits until a process is gone.
pub fn wait_until_gone(pid: Pid) {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::process::{PidfdFlags, pidfd_open};
    let Ok(fd) = pidfd_open(pid, PidfdFlags::empty()) else { return };
    let mut fds = [PollFd::new(&fd, PollFlags::IN)];
    let timeout = Timespec { tv_sec: DEADLINE.as_secs().cast_signed(), tv_nsec: 0 };
    let ready = poll(&mut fds, Some(&timeout)).expect("poll");
    assert_eq!(ready, 1, "process {pid:?} is still there");
}

/// A file of the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

struct Process {
    id: u32,
    parent: u32,
    command: String,
}

fn processes() -> impl Iterator<Item = Process> {
    fs::read_dir("/proc").expect("/proc").flatten().filter_map(|entry| {
        let id = entry.file_name().to_str()?.parse().ok()?;
        let status = fs::read_to_string(entry.path().join("stat")).ok()?;
        // The name in brackets may hold anything; the parent is the second field after it.
        let parent = status.rsplit(')').next()?.split_whitespace().nth(1)?.parse().ok()?;
        let command = fs::read(entry.path().join("cmdline")).ok()?;
        let command = command.split(|byte| *byte == 0).map(String::from_utf8_lossy).collect::<Vec<_>>().join(" ");
        Some(Process { id, parent, command })
    })
}

fn pid(id: u32) -> Pid {
    Pid::from_raw(id.cast_signed()).expect("a process id is not zero")
}
