//! How do auditors read both logs as one trail?

pub mod telling;
