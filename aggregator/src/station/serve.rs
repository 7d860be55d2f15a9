//! The station process: deliveries in, checkpoints on disk.

use std::path::PathBuf;
use std::sync::Arc;

use starloom_comms::events::What;
use starloom_comms::net::event_sink::EventSink;
use starloom_comms::net::ground::serve_ground;
use starloom_comms::net::identity::Identity;
use starloom_comms::net::listen::{Listener, ServeError};
use thiserror::Error;

use super::{Inbox, InboxError};

/// What a station needs.
#[derive(Debug)]
pub struct StationConfig {
    /// Who it is.
    pub identity: Identity,
    /// Where it takes deliveries.
    pub listener: Listener,
    /// The folder of its ground store. It is made if it does not exist, and taken up if it does.
    pub store_dir: PathBuf,
    /// Where it says what happens.
    pub events: EventSink,
}

/// Why a station cannot work.
#[derive(Debug, Error)]
pub enum StationError {
    /// It cannot keep anything.
    #[error(transparent)]
    Inbox(#[from] InboxError),
    /// It cannot be reached.
    #[error(transparent)]
    Serve(#[from] ServeError),
}

/// Takes checkpoints in until `stop` resolves. Must be called inside the runtime.
///
/// # Errors
/// [`StationError`] if it cannot begin. A delivery that fails is its node's affair.
pub async fn serve_station(config: StationConfig, stop: impl Future<Output = ()>) -> Result<(), StationError> {
    let StationConfig { identity, listener, store_dir, events } = config;
    let (folder, mission) = (store_dir.clone(), Arc::new(events.clone()));
    let opened = tokio::task::spawn_blocking(move || Inbox::open(&folder, mission)).await;
    let inbox = Arc::new(opened.map_err(|error| InboxError { folder: store_dir, reason: error.to_string() })??);
    let serving = serve_ground(&identity, listener, inbox)?;
    events.emit(What::Listening { address: serving.address() });
    stop.await;
    Ok(())
}

#[cfg(test)]
mod tests;
