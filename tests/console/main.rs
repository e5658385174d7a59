//! Does the console keep its promises, on a real PostgreSQL and in a real Chromium?

mod addresses;
mod administrators;
mod attack;
mod browser;
mod conflicts;
mod crawl;
mod demo;
mod embedded;
mod exports;
mod findings;
mod forms;
mod grid;
mod interrupted;
mod letters;
mod lists;
mod login;
mod looks;
mod migrations;
mod program;
mod proof;
mod records;
mod running;
mod sessions;
mod support;
mod thirteenth;
mod workflows;
