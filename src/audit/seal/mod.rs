//! How is it proved that nobody altered the two logs, took out of them or put into them?
//!
//! Every entry becomes a leaf of one Merkle log (RFC 6962): the hash of its [`canonical`] bytes, in the order of
//! sealing. The [`sealer`] moves what the triggers queued, the [`sweep`] what came by no trigger; the [`tree`] is kept as
//! C2SP's tiles; [`verify`] works everything out again and says what does not fit.

pub mod canonical;
pub mod checkpoint;
pub mod earlier;
pub mod evidence;
pub mod examination;
pub mod inclusion;
pub mod key;
pub mod outside;
pub mod sealer;
pub mod shown;
pub mod store;
pub mod sweep;
pub mod tree;
pub mod verify;
