//! Does money move through one door only, for everybody, at once, and through a crash?

mod hall;
mod races;
mod stale;
