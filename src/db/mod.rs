//! How does the console reach its database?

pub mod absence;
pub mod adopt;
pub mod backup;
pub mod connect;
pub mod embedded;
pub mod event;
pub mod fingerprint;
mod lifeline;
pub mod migrate;
pub mod pool;
pub mod roles;
pub mod snapshot;
pub mod value;
pub mod violation;
pub mod write;
