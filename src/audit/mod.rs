//! What happened, as the two logs tell it?

pub mod access;
pub mod as_of;
pub mod base;
pub mod change;
pub mod coverage;
pub mod creation;
pub mod decided;
pub mod entry;
pub mod evidence;
pub mod history;
pub mod latest;
pub mod readers;
pub mod refusals;
pub mod review;
pub mod seal;
pub mod trail;
pub mod trail_entry;
