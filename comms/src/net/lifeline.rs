//! A child's tie to the process that started it: no child outlives its launch, however that ends.
//!
//! Two ties, because each covers what the other cannot: the kernel kills the child when its parent dies (Linux), and
//! the child ends when its standard input closes (everywhere). The same standard input carries the request to stop.
//!
//! The parent sets [`PARENT_VARIABLE`] to its own process id, keeps the child's standard input open, and writes
//! [`STOP_LINE`] to it to ask for an end. The child calls [`tie`] before anything else.

use std::io::{self, BufRead};
use std::os::unix::process::parent_id;
use std::thread;

use tokio::sync::watch;

/// Names the parent's process id to a child of a launch; without it a process stands alone.
pub const PARENT_VARIABLE: &str = "STARLOOM_PARENT";

/// What a launch writes to a child's standard input to ask it to stop.
pub const STOP_LINE: &str = "stop\n";

/// The exit code of a process whose parent is gone.
pub const ORPHANED: u8 = 12;

/// Turns `true` when the process is asked to stop.
pub type StopRequest = watch::Receiver<bool>;

/// Ties this process to its parent, if a launch started it, and gives what its parent asks.
///
/// # Errors
/// Whatever the operating system says, or [`io::ErrorKind::NotConnected`] if the parent is gone already.
pub fn tie() -> io::Result<StopRequest> {
    let (stop, request) = watch::channel(false);
    let Some(parent) = std::env::var(PARENT_VARIABLE).ok().and_then(|pid| pid.parse::<u32>().ok()) else {
        // Nobody holds the other end: keep the sender so that the request never fires.
        std::mem::forget(stop);
        return Ok(request);
    };
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    // The parent may have died before the line above: then nobody is left to send the signal.
    if parent_id() != parent {
        let message = format!("the process that started this one ({parent}) is gone");
        return Err(io::Error::new(io::ErrorKind::NotConnected, message));
    }
    let listen = move || {
        for line in io::stdin().lock().lines() {
            match line {
                Ok(line) if line == STOP_LINE.trim_end() => {
                    stop.send_replace(true);
                }
                Ok(_) => {}
                Err(_) => break,
            }
        }
        std::process::exit(i32::from(ORPHANED));
    };
    thread::Builder::new().name("lifeline".to_owned()).spawn(listen)?;
    Ok(request)
}
