//! What happened, as the two logs tell it?

pub mod as_of;
pub mod base;
pub mod change;
pub mod creation;
pub mod decided;
pub mod entry;
pub mod history;
pub mod latest;
pub mod trail_entry;
