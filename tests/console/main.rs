//! Does the console keep its promises, on a real PostgreSQL and in a real Chromium?

mod login;
mod sessions;
mod embedded;
mod migrations;
mod program;
mod running;
mod support;
