//! How does a session end by somebody's hand, and what does the log say of it?

use serde_json::json;
use uuid::Uuid;

use super::session;
use crate::db::event::event;
use crate::db::pool::DatabaseError;
use crate::db::write::Write;

/// An entry names so many sessions; how many there were it says of all of them. Each has an entry of its own besides.
const NAMED: usize = 100;

/// What made sessions end before their time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Their own user's wish.
    Own,
    /// Somebody who may revoke sessions, one by one or many at once.
    Revoked,
    /// Their user was deactivated.
    Deactivated,
    /// Their user has another password.
    PasswordChanged,
    /// The same browser signed in anew.
    Replaced,
}

impl Why {
    const fn name(self) -> &'static str {
        match self {
            Why::Own => "own",
            Why::Revoked => "revoked",
            Why::Deactivated => "user_deactivated",
            Why::PasswordChanged => "password_changed",
            Why::Replaced => "signed_in_again",
        }
    }
}

/// Ends one session of a user and writes it down; 0 when there is none such, or it has ended already.
///
/// # Errors
/// See [`DatabaseError`]; so for the one below.
pub async fn one(write: &Write, user: Uuid, id: Uuid, why: Why) -> Result<u64, DatabaseError> {
    let ended = session::end(write, user, id).await?;
    if ended > 0 {
        record(write, user, &[id], why).await?;
    }
    Ok(ended)
}

/// Ends every session of a user but one, or all of them where there is none to keep; answers how many that were.
pub async fn all_but(write: &Write, user: Uuid, kept: Option<Uuid>, why: Why) -> Result<u64, DatabaseError> {
    let rows = write
        .query(
            "UPDATE user_sessions SET is_active = false \
             WHERE user_id = $1 AND is_active IS NOT FALSE AND id IS DISTINCT FROM $2 RETURNING id",
            &[&user, &kept],
        )
        .await?;
    let ended = rows.iter().map(|row| row.try_get(0)).collect::<Result<Vec<Uuid>, _>>()?;
    if !ended.is_empty() {
        record(write, user, &ended, why).await?;
    }
    Ok(ended.len() as u64)
}

async fn record(write: &Write, user: Uuid, ended: &[Uuid], why: Why) -> Result<(), DatabaseError> {
    let named: Vec<String> = ended.iter().take(NAMED).map(Uuid::to_string).collect();
    let details = json!({ "user_id": user.to_string(), "sessions": named, "ended": ended.len(), "why": why.name() });
    event(write, "session_revoked", &details).await
}
