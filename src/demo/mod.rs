//! What does a demonstration database hold?

#![expect(clippy::inconsistent_digit_grouping, reason = "amounts are in hundredths, and read better as 25_000_00")]

mod accounts;
mod activity;
mod bulk;
mod calendar;
mod cell;
mod chance;
mod history;
mod journal;
mod keys;
mod ledger;
mod load;
mod names;
mod notices;
mod origin;
mod pending;
mod people;
mod registry;
mod table;
mod world;

use chrono::{Datelike, NaiveDate};
use tokio_postgres::Client;

use crate::auth::role::Role;
pub use bulk::{Volume, fill_to_measure};
use world::World;

/// Somebody to log in as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DemoUser {
    pub username: &'static str,
    pub role: Role,
    /// What to log in as this user for, in one sentence.
    pub purpose: &'static str,
}

/// The users every demonstration has, all with one password.
pub const USERS: [DemoUser; 6] = [
    DemoUser { username: "admin", role: Role::Admin, purpose: "Runs the place: users, settings, keys, and every table." },
    DemoUser {
        username: "manager",
        role: Role::Manager,
        purpose: "Decides on 40 of the 80 pending transactions, and made some of the others.",
    },
    DemoUser { username: "manager2", role: Role::Manager, purpose: "Decides on what manager made, which manager may not." },
    DemoUser {
        username: "auditor",
        role: Role::Auditor,
        purpose: "Reads and exports everything, the audit logs included, and changes nothing.",
    },
    DemoUser { username: "user", role: Role::User, purpose: "A customer with three accounts, who sees those and nothing else." },
    DemoUser { username: "viewer", role: Role::Viewer, purpose: "Looks at accounts, transactions and the registry, and changes nothing." },
];

#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error("the database has users already: demonstration data goes into an empty one only")]
    NotEmpty,
    /// A password where its hash belongs would be stored for everybody to read.
    #[error("what is given as the users' password hash is not one of argon2id")]
    NotAHash,
    #[error("the demonstration data could not be written")]
    Database(#[from] tokio_postgres::Error),
}

/// Fills an empty database, as its owner, with what a platform of 18 months would hold on `today`; everybody in
/// [`USERS`] gets `password_hash`. The same day and hash give the same rows; only the `load` event at the end is new.
///
/// # Errors
/// [`DemoError::NotEmpty`] where there are users already, [`DemoError::NotAHash`] for a password itself; nothing has
/// changed then, or after any other error.
pub async fn fill(client: &mut Client, today: NaiveDate, password_hash: &str) -> Result<(), DemoError> {
    if !password_hash.starts_with("$argon2id$") {
        return Err(DemoError::NotAHash);
    }
    let seed = u64::from(today.num_days_from_ce().unsigned_abs());
    let mut world = World::new(today, password_hash, seed);
    let journal = world.history();
    load::load(client, journal, &mut world.identifiers).await
}

/// Whether nobody is in it, before it is migrated as well as after.
///
/// # Errors
/// When the database cannot be asked.
pub async fn is_empty(client: &Client) -> Result<bool, DemoError> {
    let row = client.query_one("SELECT to_regclass('public.users') IS NULL", &[]).await?;
    if row.try_get(0)? {
        return Ok(true);
    }
    let row = client.query_one("SELECT NOT EXISTS (SELECT 1 FROM public.users)", &[]).await?;
    Ok(row.try_get(0)?)
}

/// Whether the six users are there, each as the fill makes them; their roles may have changed since.
///
/// # Errors
/// When the database cannot be asked.
pub async fn is_demo(client: &Client) -> Result<bool, DemoError> {
    let names: Vec<&str> = USERS.iter().map(|user| user.username).collect();
    let row = client
        .query_one("SELECT count(*) FROM public.users WHERE username = ANY($1) AND email = username || '@example.com'", &[&names])
        .await?;
    Ok(row.try_get::<_, i64>(0)? == 6)
}
