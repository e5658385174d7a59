//! Who acts, and what may they do?

pub mod actor;
pub mod csrf;
pub mod entrance;
pub mod first_administrator;
pub mod grant;
pub mod login;
pub mod new_password;
pub mod one_time_link;
pub mod origin;
pub mod own_account;
pub mod password;
pub mod policy;
pub mod reach;
pub mod revocation;
pub mod role;
pub mod sealed;
pub mod session;
pub mod session_store;
pub mod setup_token;
pub mod throttle;
