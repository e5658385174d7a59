//! Is the console well, and what is wrong if not?

pub mod doctor;
pub mod health;
pub mod indexes;
pub mod jobs;
pub mod ledger;
pub mod notices;
pub mod readiness;
pub mod trigrams;
