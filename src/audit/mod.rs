//! What happened, as the two logs tell it?

pub mod base;
pub mod change;
pub mod coverage;
pub mod creation;
pub mod entry;
pub mod history;
pub mod latest;
pub mod readers;
pub mod refusals;
