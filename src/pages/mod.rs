//! What does each URL answer with?

pub mod account;
pub mod assets;
pub mod browse;
pub mod candidates;
pub mod chart;
pub mod dashboard;
pub mod display;
pub mod edit;
pub mod error;
pub mod export;
pub mod failure;
pub mod frame;
pub mod indent;
pub mod login;
pub mod password;
pub mod query;
pub mod record;
pub mod response;
pub mod setup;
pub mod shown;
pub mod urls;
pub mod visit;
