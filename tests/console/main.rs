//! Does the console keep its promises, on a real PostgreSQL and in a real Chromium?

mod embedded;
mod migrations;
mod program;
mod running;
mod support;
