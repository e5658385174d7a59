//! Does the console keep its promises, on a real PostgreSQL and in a real Chromium?

mod proof;
mod support;
