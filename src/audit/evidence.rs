//! What does an outsider need to see for themselves that a control works?

pub mod control;
pub mod made;
pub mod pack;
mod proof;
mod rows;
pub mod sample;

pub use control::Control;
pub use pack::{Pack, PackError, build};
pub use sample::Sample;

use crate::db::value::Timestamp;

/// From a moment on, and before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    pub from: Timestamp,
    pub before: Timestamp,
}

/// What a pack is made of: the same again gives the same files, once the period is over.
#[derive(Debug, Clone)]
pub struct Asked {
    pub control: Control,
    pub period: Period,
    pub sample: Option<Sample>,
}
