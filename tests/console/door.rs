//! Does money move through one door only, for everybody, at once, and through a crash?

mod browsers;
mod bypass;
mod hall;
mod kills;
mod model;
mod platform;
mod races;
mod routes;
mod sequences;
mod stale;
