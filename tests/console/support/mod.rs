//! What does every test stand on: one PostgreSQL a run, a database of its own a test, a console a test?

mod browser;
mod chromium;
mod cluster;
mod console;
mod database;
mod listeners;
pub mod nexus3;
pub mod people;
pub mod routes;
mod server;
pub mod stock;

pub use browser::{Answer, Browser};
pub use chromium::{Scripts, Size, Window, window};
pub use console::{Console, console, console_with, program};
pub use database::{TestDatabase, database, day_made, empty_database, staffed_database, stocked_database, with_day};
pub use listeners::{Listener, closed_port};
pub use people::{PASSWORD, PEOPLE};
pub use server::{Server, server};
