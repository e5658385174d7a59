//! What happened, as the two logs tell it?

pub mod base;
pub mod change;
pub mod creation;
pub mod entry;
pub mod history;
pub mod latest;
pub mod trail;
pub mod trail_entry;
