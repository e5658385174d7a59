//! Does the console keep its promises, on a real PostgreSQL and in a real Chromium?

mod demo;
mod embedded;
mod login;
mod migrations;
mod program;
mod proof;
mod running;
mod sessions;
mod support;
