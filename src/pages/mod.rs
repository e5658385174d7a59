//! What does each URL answer with?

pub mod account;
pub mod assets;
pub mod browse;
pub mod chart;
pub mod cookie;
pub mod dashboard;
pub mod display;
pub mod doors;
pub mod edit;
pub mod error;
pub mod export;
pub mod failure;
pub mod flash;
pub mod frame;
pub mod guard;
pub mod local_path;
pub mod login;
pub mod password;
pub mod record;
pub mod response;
pub mod resume;
pub mod setup;
pub mod shell;
pub mod visit;
