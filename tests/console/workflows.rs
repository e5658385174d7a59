//! Do the verbs that are more than writing a row keep their promises?

mod checks;
pub(crate) mod desk;
mod keys;
mod money;
mod people;
mod settings;
mod told;
mod writing;
