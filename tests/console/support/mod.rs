//! What does every test stand on: one PostgreSQL a run, a database of its own a test, a console a test?

mod cluster;
mod database;

pub use database::{TestDatabase, database, empty_database};
