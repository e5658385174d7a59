//! What happened, as the two logs tell it?

pub mod access;
pub mod base;
pub mod change;
pub mod creation;
pub mod entry;
pub mod evidence;
pub mod history;
pub mod latest;
pub mod review;
