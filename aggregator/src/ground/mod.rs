//! What has landed: the catalogue of the ground store, for the station that fills it and for people who read it.
//!
//! ```text
//! ground/
//!   round-000010/model.safetensors      as the nodes wrote it
//!   round-000010/manifest.json          written last: without it the checkpoint has not landed
//!   incoming/                           chunks of checkpoints on their way ([`crate::station`])
//! ```
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use starloom_aggregator::ground::{catalogue, export, verify};
//!
//! let ground = std::path::Path::new("runs/quickstart/ground");
//! for landed in catalogue(ground)? {
//!     verify(ground, &landed)?;
//!     export(ground, &landed, &landed.round.to_string().as_ref())?;
//! }
//! # Ok(())
//! # }
//! ```

mod catalogue;
mod store;

pub(crate) use catalogue::MANIFEST;
pub use catalogue::{ExportError, Landed, VerifyError, catalogue, export, verify};
pub(crate) use store::{ObjectError, Store};
