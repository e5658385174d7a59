//! Does what many transactions wait for happen once each, by itself and to the end?

mod bulk;
mod crash;
mod expiry;
mod window;
pub mod work;
