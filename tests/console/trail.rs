//! Is the trail both logs as one, whatever they hold and however it is asked?

mod cost;
mod files;
mod paper;
mod searches;
mod slices;
