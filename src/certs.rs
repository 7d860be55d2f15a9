//! The certificates of a job in a directory: made once, completed when nodes join the cast.

use std::path::Path;

use starloom_comms::id::NodeId;
use starloom_comms::net::tls::Authority;

use crate::exit::{Exit, Failure, OrExit};

/// Makes sure that `dir` holds the authority of `job` and a certificate for each of `names`.
///
/// # Errors
/// [`Exit::Environment`] if the directory cannot be written or holds the authority of another job.
pub(crate) fn init(dir: &Path, job: &str, names: &[NodeId]) -> Result<(), Failure> {
    std::fs::create_dir_all(dir).or_exit(Exit::Environment)?;
    let authority = if dir.join("ca.pem").exists() {
        Authority::load(dir, job).or_exit(Exit::Environment)?
    } else {
        Authority::new(job).or_exit(Exit::Environment)?
    };
    authority.write(dir, names).or_exit(Exit::Environment)
}
