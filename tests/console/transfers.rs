//! Does money go from account to account, and back again, by two people and never by half?

mod form;
mod legs;
mod limits;
mod reversals;
mod seen;
mod stage;
