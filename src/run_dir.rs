//! The directory of one run: where everything that a job writes lies.
//!
//! ```text
//! runs/quickstart-20260101T000000Z/
//!   scenario.toml        resolved: every key, as it ran
//!   job.json             the job's name and when it was created
//!   certs/               the job's authority and one certificate per process
//!   events.jsonl         the one event stream
//!   summary.json         what came of it
//!   logs/<process>.log   a log per process
//!   aggregator/          the journal
//!   nodes/<node>/        checkpoints of each node
//!   ground/              what has landed
//! ```

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use starloom_comms::id::NodeId;
use starloom_comms::scenario::{Scenario, ScenarioError};
use thiserror::Error;

/// A run's directory.
#[derive(Debug, Clone)]
pub struct RunDir {
    root: PathBuf,
}

/// What names a job for good: certificates and handshakes carry it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// The job's name, one of a kind: the scenario's name and the UTC second of its creation.
    pub job: String,
    /// When it was created.
    pub created: Timestamp,
}

/// Why a run directory cannot be used.
#[derive(Debug, Error)]
pub enum RunDirError {
    /// It exists and is not empty.
    #[error(
        "run directory {path}: it is not empty; give another one with --run-dir, or go on with a launched job by `launch --resume {path}`"
    )]
    NotEmpty {
        /// The directory.
        path: PathBuf,
    },
    /// It is not the directory of a run.
    #[error("{path} is not a run directory: it has no {missing}")]
    NotARun {
        /// The directory.
        path: PathBuf,
        /// What it lacks.
        missing: &'static str,
    },
    /// Reading or writing in it failed.
    #[error("run directory: cannot {action} {path}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file in it is not what it should be.
    #[error("run directory: {path} is damaged: {reason}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// In what way.
        reason: String,
    },
    /// Its scenario does not hold.
    #[error(transparent)]
    Scenario(#[from] Box<ScenarioError>),
}

impl RunDir {
    /// The default place of a run of `name` created at `created`: `runs/<name>-<utc>/`.
    #[must_use]
    pub fn default_path(name: &str, created: Timestamp) -> PathBuf {
        PathBuf::from("runs").join(job_name(name, created))
    }

    /// Creates the directory at `root`, which must not exist or be empty, and writes the resolved scenario into it.
    ///
    /// # Errors
    /// [`RunDirError::NotEmpty`], or [`RunDirError::Io`] if it cannot be written.
    pub fn create(root: &Path, scenario: &Scenario, created: Timestamp) -> Result<(Self, Job), RunDirError> {
        let dir = Self { root: root.to_owned() };
        fs::create_dir_all(root).map_err(io_error("create", root))?;
        let mut entries = fs::read_dir(root).map_err(io_error("read", root))?;
        if entries.next().is_some() {
            return Err(RunDirError::NotEmpty { path: root.to_owned() });
        }
        for part in [dir.logs(), dir.certs(), dir.aggregator(), dir.ground()] {
            fs::create_dir_all(&part).map_err(io_error("create", &part))?;
        }
        for node in scenario.nodes() {
            let path = dir.node(&node);
            fs::create_dir_all(&path).map_err(io_error("create", &path))?;
        }
        let job = Job { job: job_name(&scenario.name, created), created };
        dir.write(&dir.scenario_path(), scenario.to_toml().as_bytes())?;
        let text = serde_json::to_string_pretty(&job).unwrap_or_default();
        dir.write(&dir.job_path(), text.as_bytes())?;
        Ok((dir, job))
    }

    /// Opens the directory of an earlier run.
    ///
    /// # Errors
    /// [`RunDirError::NotARun`] if it has no scenario or job file, [`RunDirError::Damaged`] if one does not parse.
    pub fn open(root: &Path) -> Result<(Self, Job), RunDirError> {
        let dir = Self { root: root.to_owned() };
        for (path, missing) in [(dir.scenario_path(), "scenario.toml"), (dir.job_path(), "job.json")] {
            if !path.is_file() {
                return Err(RunDirError::NotARun { path: root.to_owned(), missing });
            }
        }
        let path = dir.job_path();
        let text = fs::read_to_string(&path).map_err(io_error("read", &path))?;
        let job = serde_json::from_str(&text)
            .map_err(|error| RunDirError::Damaged { path: path.clone(), reason: error.to_string() })?;
        Ok((dir, job))
    }

    /// The directory itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The resolved scenario.
    #[must_use]
    pub fn scenario_path(&self) -> PathBuf {
        self.root.join("scenario.toml")
    }

    /// The job's name and when it was created.
    #[must_use]
    pub fn job_path(&self) -> PathBuf {
        self.root.join("job.json")
    }

    /// The event stream.
    #[must_use]
    pub fn events_path(&self) -> PathBuf {
        self.root.join("events.jsonl")
    }

    /// The summary.
    #[must_use]
    pub fn summary_path(&self) -> PathBuf {
        self.root.join("summary.json")
    }

    /// Certificates and keys.
    #[must_use]
    pub fn certs(&self) -> PathBuf {
        self.root.join("certs")
    }

    /// Logs, one per process.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }

    /// The log of one process.
    #[must_use]
    pub fn log(&self, process: &NodeId) -> PathBuf {
        self.logs().join(format!("{process}.log"))
    }

    /// The aggregator's journal directory.
    #[must_use]
    pub fn aggregator(&self) -> PathBuf {
        self.root.join("aggregator")
    }

    /// What one node keeps.
    #[must_use]
    pub fn node(&self, node: &NodeId) -> PathBuf {
        self.root.join("nodes").join(node.as_str())
    }

    /// What has landed.
    #[must_use]
    pub fn ground(&self) -> PathBuf {
        self.root.join("ground")
    }

    /// Writes a file of the run whole.
    ///
    /// # Errors
    /// [`RunDirError::Io`].
    pub fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), RunDirError> {
        let temporary = path.with_extension("tmp");
        fs::write(&temporary, bytes).map_err(io_error("write", path))?;
        fs::rename(&temporary, path).map_err(io_error("write", path))
    }
}

fn job_name(name: &str, created: Timestamp) -> String {
    format!("{name}-{}", created.strftime("%Y%m%dT%H%M%SZ"))
}

fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> RunDirError {
    let path = path.to_owned();
    move |source| RunDirError::Io { action, path, source }
}
