//! A session's tie to the launch that started it: a training loop does not outlive its job.

use std::env;
use std::io;
use std::os::unix::process::parent_id;
use std::thread;

/// Names the process that started this one to it, by its id. With it, the process ends when that one does.
pub const PARENT_VARIABLE: &str = "STARLOOM_PARENT";

/// Exit code of a process whose parent is gone.
const ORPHANED: i32 = 12;

/// Ties this process to its parent, if that asks for it: the kernel kills it when the parent dies (Linux), and it ends when
/// its standard input closes (everywhere).
pub(super) fn tie() -> io::Result<()> {
    let Some(parent) = env::var(PARENT_VARIABLE).ok().and_then(|pid| pid.parse::<u32>().ok()) else { return Ok(()) };
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    // It may have died before the line above: then nobody is left to send the signal.
    if parent_id() != parent {
        return Err(io::Error::other(format!("process {parent} is not the parent of this one any more")));
    }
    let watch = || {
        // Only its end matters. What is said on the way is for roles that can be asked to stop.
        let _closed = io::copy(&mut io::stdin().lock(), &mut io::sink());
        std::process::exit(ORPHANED);
    };
    thread::Builder::new().name("lifeline".to_owned()).spawn(watch)?;
    Ok(())
}
