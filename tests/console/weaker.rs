//! Does the console serve databases that lack something, and say what they lack and what to type?

mod roles;
mod trigrams;
