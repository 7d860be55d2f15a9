//! A child's tie to the process that started it: no child outlives its launch, however that ends.
//!
//! Two ties, because each covers what the other cannot: the kernel kills the child when its parent dies (Linux), and
//! the child ends when its standard input closes (everywhere). The same standard input carries the request to stop.

use std::io::{self, BufRead};
use std::os::unix::process::parent_id;
use std::thread;

use rustix::process::set_parent_process_death_signal;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::exit::{Exit, Failure, OrExit};

/// Names the parent's process id to a child of a launch; without it a process stands alone.
pub(crate) const PARENT_VARIABLE: &str = "STARLOOM_PARENT";

/// What a launch writes to a child's standard input to ask it to stop.
pub(crate) const STOP_LINE: &str = "stop\n";

/// Turns `true` when the process is asked to stop.
pub(crate) type StopRequest = watch::Receiver<bool>;

/// Ties this process to its parent, if a launch started it, and gives what its parent asks.
///
/// # Errors
/// [`Exit::Orphaned`] if the parent is gone already.
pub(crate) fn tie() -> Result<StopRequest, Failure> {
    let (stop, request) = watch::channel(false);
    let Some(parent) = std::env::var(PARENT_VARIABLE).ok().and_then(|pid| pid.parse::<u32>().ok()) else {
        // Nobody holds the other end: keep the sender so that the request never fires.
        std::mem::forget(stop);
        return Ok(request);
    };
    set_parent_process_death_signal(Some(rustix::process::Signal::KILL)).or_exit(Exit::Environment)?;
    // The parent may have died before the line above: then nobody is left to send the signal.
    if parent_id() != parent {
        return Err(Failure::message(
            Exit::Orphaned,
            format!("the launch that started this process ({parent}) is gone"),
        ));
    }
    thread::Builder::new()
        .name("lifeline".to_owned())
        .spawn(move || {
            for line in io::stdin().lock().lines() {
                match line {
                    Ok(line) if line == STOP_LINE.trim_end() => {
                        stop.send_replace(true);
                    }
                    Ok(_) => {}
                    Err(_) => break,
                }
            }
            std::process::exit(i32::from(Exit::Orphaned as u8));
        })
        .or_exit(Exit::Environment)?;
    Ok(request)
}

/// The signals that ask a process to stop.
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    /// Takes the signals over from the system's default, which would end the process. Must be called in the runtime.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Resolves at the next one.
    pub(crate) async fn interrupted(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }
}
