//! Does the console keep its promises, on a real PostgreSQL and in a real Chromium?

mod attack;
mod conflicts;
mod demo;
mod embedded;
mod exports;
mod forms;
mod lists;
mod login;
mod migrations;
mod program;
mod proof;
mod records;
mod running;
mod sessions;
mod support;
mod workflows;
