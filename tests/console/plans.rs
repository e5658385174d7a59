//! Does a page read a few thousand rows at most, however many there are and whatever is asked for?

mod everywhere;
mod further;
mod lists;
mod meter;
mod questions;
mod undeclared;

pub use meter::{Meter, grant};
