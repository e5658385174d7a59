//! What may everybody change about themselves?

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::json;
use uuid::Uuid;

use super::actor::{Density, Preferences, Shortcuts, Theme};
use super::password::{Hasher, LONGEST_IN_BYTES, PasswordError, Verdict};
use super::revocation::{self, Why};
use crate::db::event::event;
use crate::db::pool::{Connection, Database, DatabaseError};
use crate::db::write::Write;

/// One of a user's own sessions, still alive.
#[derive(Debug, Clone)]
pub struct OwnSession {
    pub id: Uuid,
    pub ip: Option<String>,
    pub agent: Option<String>,
    pub began: Option<DateTime<Utc>>,
    pub last_used: Option<DateTime<Utc>>,
    pub ends: DateTime<Utc>,
}

/// The sessions of a user that have not ended, the one used last first. The platform's own are among
/// them: they can be ended here too. One that never ends by itself is shown as ending when the calendar does.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn sessions(connection: &Connection, user: Uuid) -> Result<Vec<OwnSession>, DatabaseError> {
    let rows = connection
        .query(
            "SELECT id, host(ip_address), user_agent, \
             CASE WHEN isfinite(created_at) THEN created_at END, CASE WHEN isfinite(updated_at) THEN updated_at END, \
             least(expires_at, '9999-12-31 00:00:00+00') \
             FROM user_sessions WHERE user_id = $1 AND is_active IS TRUE AND expires_at > now() \
             ORDER BY updated_at DESC NULLS LAST, id DESC LIMIT 200",
            &[&user],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(OwnSession {
                id: row.try_get(0)?,
                ip: row.try_get(1)?,
                agent: row.try_get(2)?,
                began: row.try_get(3)?,
                last_used: row.try_get(4)?,
                ends: row.try_get(5)?,
            })
        })
        .collect()
}

/// Full name and email of oneself; `false` when the row is gone or not active any more.
///
/// # Errors
/// See [`DatabaseError`]; a taken email is its `Violation`.
pub async fn save_profile(write: &Write, user: Uuid, full_name: &str, email: &str) -> Result<bool, DatabaseError> {
    let changed = write
        .execute(
            "UPDATE users SET full_name = $2, is_verified = CASE WHEN email = $3 THEN is_verified ELSE false END, email = $3 \
             WHERE id = $1 AND is_active IS TRUE",
            &[&user, &full_name, &email],
        )
        .await?;
    Ok(changed == 1)
}

/// # Errors
/// See [`DatabaseError`].
pub async fn save_preferences(write: &Write, user: Uuid, preferences: Preferences) -> Result<(), DatabaseError> {
    let zone: Tz = preferences.time_zone;
    let theme = match preferences.theme {
        Theme::System => "system",
        Theme::Light => "light",
        Theme::Dark => "dark",
    };
    let density = match preferences.density {
        Density::Dense => "compact",
        Density::Roomy => "comfortable",
    };
    let shortcuts = match preferences.shortcuts {
        Shortcuts::On => true,
        Shortcuts::Off => false,
    };
    write
        .execute(
            "INSERT INTO console_preferences (user_id, time_zone, theme, row_density, single_key_shortcuts) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (user_id) DO UPDATE SET time_zone = excluded.time_zone, theme = excluded.theme, \
             row_density = excluded.row_density, single_key_shortcuts = excluded.single_key_shortcuts",
            &[&user, &zone.name(), &theme, &density, &shortcuts],
        )
        .await?;
    Ok(())
}

#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    #[error("the current password is not right")]
    WrongCurrent,
    /// The password or the account changed while this was under way.
    #[error("the account was changed meanwhile")]
    Changed,
    #[error(transparent)]
    Password(#[from] PasswordError),
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// The stored hash of a user, for comparing the current password before a change.
///
/// # Errors
/// [`ChangeError::WrongCurrent`] when it is not the password.
pub async fn prove_current(database: &Database, hasher: &Hasher, user: Uuid, current: &str) -> Result<ProvedCurrent, ChangeError> {
    let connection = database.read().await?;
    let row = connection.query_opt("SELECT password_hash FROM users WHERE id = $1 AND is_active IS TRUE", &[&user]).await?;
    drop(connection);
    let Some(row) = row else { return Err(ChangeError::Changed) };
    let stored: String = row.try_get(0).map_err(DatabaseError::from)?;
    if current.len() > LONGEST_IN_BYTES {
        return Err(ChangeError::WrongCurrent);
    }
    match hasher.verify(current, Some(stored.clone())).await? {
        Verdict::Right | Verdict::RightAndRehashed(_) => Ok(ProvedCurrent { user, stored }),
        Verdict::Wrong => Err(ChangeError::WrongCurrent),
    }
}

/// Somebody has just shown that they know the password this hash stands for.
#[must_use]
pub struct ProvedCurrent {
    user: Uuid,
    stored: String,
}

/// Replaces the password and ends every other session of the user; answers how many that were.
///
/// # Errors
/// [`ChangeError::Changed`] when somebody else was quicker.
pub async fn change_password(write: &Write, proved: &ProvedCurrent, new_hash: &str, kept: Uuid) -> Result<u64, ChangeError> {
    let changed = write
        .execute(
            "UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2 AND is_active IS TRUE",
            &[&proved.user, &proved.stored, &new_hash],
        )
        .await?;
    if changed == 0 {
        return Err(ChangeError::Changed);
    }
    let ended = revocation::all_but(write, proved.user, Some(kept), Why::PasswordChanged).await?;
    event(write, "password_changed", &json!({ "sessions_ended": ended })).await?;
    Ok(ended)
}

/// Sets the password of the owner of a one-time link that this transaction has used up, and ends all
/// their sessions. `false` when they are not active any more.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn set_password_by_link(write: &Write, user: Uuid, new_hash: &str) -> Result<bool, DatabaseError> {
    let changed = write.execute("UPDATE users SET password_hash = $2 WHERE id = $1 AND is_active IS TRUE", &[&user, &new_hash]).await?;
    if changed == 0 {
        return Ok(false);
    }
    let ended = revocation::all_but(write, user, None, Why::PasswordChanged).await?;
    event(write, "password_set", &json!({ "user_id": user.to_string(), "sessions_ended": ended })).await?;
    Ok(true)
}
