//! Who trains on which sample, and what became of it.
//!
//! A [`Dealer`] is part of the common state: every replica and the aggregator own one, make the same calls and
//! therefore hold the same dealer. It deals each epoch in a seeded order, hands the samples of a lost
//! node out again in the same epoch, and never deals a sample twice in an epoch unless the first deal came to nothing.
//!
//! ```
//! use starloom_comms::id::NodeId;
//! use starloom_comms::ledger::Dealer;
//!
//! let roster = [NodeId::satellite(0), NodeId::satellite(1)];
//! let mut dealer = Dealer::new(100, 7);
//! let issue = dealer.issue(&roster, 8);
//! assert_eq!(issue.dealt_to(&roster[1]).len(), 8);
//! // sat-1 is lost before it contributes: its eight samples are dealt again first.
//! let settled = dealer.commit(&issue, &[(roster[0].clone(), 8)], &roster[..1]);
//! assert_eq!((settled.used, settled.returned), (8, 8));
//! assert_eq!(dealer.issue(&roster[..1], 8).dealt_to(&roster[0]), issue.dealt_to(&roster[1]));
//! ```
//!
//! Private holdings never move: each node has a [`PrivateDealer`] over its own samples.

mod dealer;
mod permutation;
mod private;

pub use dealer::{Dealer, InvalidDealer, Issue, Settled};
pub use permutation::Permutation;
pub use private::PrivateDealer;
