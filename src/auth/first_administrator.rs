//! Who administers a console that nobody administers yet?

use serde_json::json;
use uuid::Uuid;

use super::origin::Party;
use crate::db::event::event;
use crate::db::pool::{Connection, DatabaseError};
use crate::db::write::Write;

/// The acting party of the first run.
pub const SETUP: Party = Party::System("setup");

/// Serialises two browsers that set up at once; any number that nothing else uses.
const LOCK: i64 = 0x6e78_7365_7475_7000;

/// What the form asks for.
pub struct First<'a> {
    pub username: &'a str,
    pub email: &'a str,
    pub full_name: &'a str,
    pub password_hash: &'a str,
}

/// Whether somebody active administers the console already.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn exists(connection: &Connection) -> Result<bool, DatabaseError> {
    let row = connection.query_one("SELECT EXISTS (SELECT FROM users WHERE role = 'admin' AND is_active IS TRUE)", &[]).await?;
    Ok(row.try_get(0)?)
}

/// Creates the first administrator; `None` when there is one already.
///
/// # Errors
/// See [`DatabaseError`]; a taken name or email is its `Violation`.
pub async fn create(write: &Write, first: &First<'_>) -> Result<Option<Uuid>, DatabaseError> {
    write.query_one("SELECT pg_advisory_xact_lock($1)::text", &[&LOCK]).await?;
    if exists(write).await? {
        return Ok(None);
    }
    let id = Uuid::now_v7();
    write
        .execute(
            "INSERT INTO users (id, username, email, full_name, password_hash, role, is_active, is_verified) \
             VALUES ($1, $2, $3, $4, $5, 'admin', true, true)",
            &[&id, &first.username, &first.email, &first.full_name, &first.password_hash],
        )
        .await?;
    event(write, "setup", &json!({ "user_id": id.to_string(), "username": first.username })).await?;
    Ok(Some(id))
}
