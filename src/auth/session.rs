//! What is a login session, and who is behind the one this request came with?
//!
//! A session is a row of `user_sessions`. The browser holds a random key; the row holds only its hash,
//! so that nobody who reads the table can take a session over.

use std::net::IpAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::actor::{Actor, Density, Preferences, Shortcuts, Theme};
use super::csrf::{Binding, NoRandomness};
use super::policy::Policy;
use super::role::Role;
use crate::db::pool::{Connection, DatabaseError};
use crate::db::write::Write;

/// However busy, nobody stays logged in longer than a working day.
pub const ABSOLUTE_LIMIT: Duration = Duration::from_secs(12 * 60 * 60);
const DEFAULT_IDLE_TIMEOUT: Duration = Duration::from_secs(60 * 60);
const SHORTEST_IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// The random key in the browser's cookie; never stored, never logged.
#[derive(Clone)]
pub struct SessionKeyText(Zeroizing<String>);

impl SessionKeyText {
    /// # Errors
    /// When there is no randomness.
    pub fn random() -> Result<SessionKeyText, NoRandomness> {
        let mut random = [0; 32];
        getrandom::fill(&mut random).map_err(NoRandomness::from)?;
        Ok(SessionKeyText(Zeroizing::new(URL_SAFE_NO_PAD.encode(random))))
    }

    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// What `user_sessions.session_token` holds for a key. `n1` names the scheme, and keeps a token of the
/// platform's own from ever being taken for one of ours.
#[must_use]
pub fn token_of(key: &str) -> String {
    ["n1:", &hex::encode(Sha256::digest(key))].concat()
}

/// A session and its user, as the database knew them when this request began: one query.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LoadedSession {
    #[serde(with = "as_text")]
    pub id: Uuid,
    #[serde(with = "as_text")]
    pub user_id: Uuid,
    username: String,
    full_name: String,
    email: String,
    role: Option<String>,
    time_zone: Option<String>,
    theme: Option<String>,
    row_density: Option<String>,
    single_key_shortcuts: Option<bool>,
    /// Notifications not read yet, counted to 100.
    pub unread: u32,
    #[serde(with = "as_microseconds")]
    pub authenticated_at: DateTime<Utc>,
    /// Without another request it ends then.
    #[serde(with = "as_microseconds")]
    pub ends_at: DateTime<Utc>,
}

impl LoadedSession {
    #[must_use]
    pub fn actor(&self, policy: Policy) -> Actor {
        Actor::new(
            self.user_id,
            self.username.clone(),
            self.full_name.clone(),
            self.email.clone(),
            self.role.as_deref().and_then(Role::named),
            self.id,
            self.preferences(),
            policy,
        )
    }

    #[must_use]
    pub fn binding(&self) -> Binding {
        Binding::Session(self.id)
    }

    /// What cannot be read, such as a zone that is no longer in the time zone database, counts as not chosen.
    fn preferences(&self) -> Preferences {
        let default = Preferences::default();
        Preferences {
            time_zone: self.time_zone.as_deref().and_then(|name| name.parse().ok()).unwrap_or(default.time_zone),
            theme: match self.theme.as_deref() {
                Some("light") => Theme::Light,
                Some("dark") => Theme::Dark,
                Some("system") => Theme::System,
                Some(_) | None => default.theme,
            },
            density: match self.row_density.as_deref() {
                Some("compact") => Density::Dense,
                Some("comfortable") => Density::Roomy,
                Some(_) | None => default.density,
            },
            shortcuts: match self.single_key_shortcuts {
                Some(true) => Shortcuts::On,
                Some(false) => Shortcuts::Off,
                None => default.shortcuts,
            },
        }
    }
}

/// A session found, and what its row says about when to touch it next.
pub(super) struct Found {
    pub session: LoadedSession,
    pub state: Option<String>,
    pub expires_at: DateTime<Utc>,
    pub now: DateTime<Utc>,
}

const FIND: &str = "SELECT s.id, s.user_id, u.username, u.full_name, u.email, u.role, \
     p.time_zone, p.theme, p.row_density, p.single_key_shortcuts, \
     coalesce(t.authenticated_at, s.created_at), s.expires_at, s.updated_at, now(), t.state::text, \
     (SELECT count(*) FROM (SELECT FROM notifications n WHERE n.user_id = s.user_id AND n.is_read IS NOT TRUE \
        AND (n.expires_at IS NULL OR n.expires_at > now()) LIMIT 100) waiting)::int4 \
     FROM user_sessions s JOIN users u ON u.id = s.user_id \
     LEFT JOIN session_state t ON t.id = s.id \
     LEFT JOIN console_preferences p ON p.user_id = s.user_id \
     WHERE s.session_token = $1 AND s.is_active IS TRUE AND s.expires_at > now() AND u.is_active IS TRUE";

/// The session of this key, unless it has ended: revoked, idle too long, or its user deactivated.
pub(super) async fn find(connection: &Connection, key: &str, idle_timeout: Duration) -> Result<Option<Found>, DatabaseError> {
    let Some(row) = connection.query_opt(FIND, &[&token_of(key)]).await? else { return Ok(None) };
    let authenticated_at: Option<DateTime<Utc>> = row.try_get(10)?;
    // Only rows of our own carry such a token, and they have it; without it nothing says when to end.
    let Some(authenticated_at) = authenticated_at else { return Ok(None) };
    let expires_at: DateTime<Utc> = row.try_get(11)?;
    let updated_at: Option<DateTime<Utc>> = row.try_get(12)?;
    let now: DateTime<Utc> = row.try_get(13)?;
    // A shortened timeout holds at once, though the row was written under the longer one.
    let idle_end = updated_at.map_or(expires_at, |touched| touched + idle_timeout);
    let ends_at = expires_at.min(idle_end).min(authenticated_at + ABSOLUTE_LIMIT);
    if ends_at <= now {
        return Ok(None);
    }
    Ok(Some(Found {
        session: LoadedSession {
            id: row.try_get(0)?,
            user_id: row.try_get(1)?,
            username: row.try_get(2)?,
            full_name: row.try_get(3)?,
            email: row.try_get(4)?,
            role: row.try_get(5)?,
            time_zone: row.try_get(6)?,
            theme: row.try_get(7)?,
            row_density: row.try_get(8)?,
            single_key_shortcuts: row.try_get(9)?,
            unread: u32::try_from(row.try_get::<_, i32>(15)?).unwrap_or(0),
            authenticated_at,
            ends_at,
        },
        state: row.try_get(14)?,
        expires_at,
        now,
    }))
}

/// How long a session may be idle: the setting `session_timeout`, in seconds. A missing or senseless
/// value means one hour.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn idle_timeout(connection: &Connection) -> Result<Duration, DatabaseError> {
    let seconds = whole_number(connection, "session_timeout").await?;
    Ok(match seconds {
        Some(seconds) if seconds > 0 => Duration::from_secs(seconds).clamp(SHORTEST_IDLE_TIMEOUT, ABSOLUTE_LIMIT),
        Some(_) | None => DEFAULT_IDLE_TIMEOUT,
    })
}

/// A setting that is a whole number, not negative; `None` where it is missing or anything else.
pub(crate) async fn whole_number(connection: &Connection, key: &str) -> Result<Option<u64>, DatabaseError> {
    let row = connection
        .query_opt(
            "SELECT setting_value::text FROM system_settings WHERE setting_key = $1 AND is_active IS NOT FALSE AND is_encrypted IS NOT TRUE",
            &[&key],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let text: String = row.try_get(0)?;
    Ok(text.trim_matches('"').parse().ok())
}

/// Where a session was begun.
#[derive(Debug, Clone, Default)]
pub struct Beginning {
    pub ip: Option<IpAddr>,
    pub agent: Option<String>,
}

/// Begins a session for a user who has just proved who they are. `id` is made by the caller, because
/// the transaction that opens it already names it in the log.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn open(
    write: &Write,
    id: Uuid,
    user: Uuid,
    key: &SessionKeyText,
    beginning: &Beginning,
    idle_timeout: Duration,
) -> Result<(), DatabaseError> {
    let seconds = seconds(idle_timeout.min(ABSOLUTE_LIMIT));
    let refresh = ["none:", &Uuid::new_v4().to_string()].concat();
    let agent: Option<String> = beginning.agent.as_deref().map(|agent| agent.chars().filter(|letter| *letter != '\0').take(500).collect());
    write
        .execute(
            "INSERT INTO user_sessions (id, user_id, session_token, refresh_token, ip_address, user_agent, is_active, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6, true, now() + make_interval(secs => $7))",
            &[&id, &user, &token_of(key.reveal()), &refresh, &beginning.ip, &agent, &seconds],
        )
        .await?;
    write.execute("INSERT INTO session_state (id) VALUES ($1)", &[&id]).await?;
    Ok(())
}

/// Puts the end of a live session off; answers how many rows that was: 0 when it has ended meanwhile.
///
/// # Errors
/// See [`DatabaseError`].
pub(super) async fn touch(write: &Write, id: Uuid, until: DateTime<Utc>) -> Result<u64, DatabaseError> {
    write
        .execute("UPDATE user_sessions SET expires_at = $2 WHERE id = $1 AND is_active IS TRUE AND expires_at > now()", &[&id, &until])
        .await
}

/// Ends one session of a user; 0 when there is none such, or it has ended already. Whoever calls it writes down why.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn end(write: &Write, user: Uuid, id: Uuid) -> Result<u64, DatabaseError> {
    write
        .execute("UPDATE user_sessions SET is_active = false WHERE id = $1 AND user_id = $2 AND is_active IS NOT FALSE", &[&id, &user])
        .await
}

/// How an id travels in the session's state.
mod as_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use uuid::Uuid;

    pub(super) fn serialize<S: Serializer>(id: &Uuid, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(id)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Uuid, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// How a moment travels in the session's state, as exact as the database keeps it.
mod as_microseconds {
    use chrono::{DateTime, Utc};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(moment: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(moment.timestamp_micros())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
        let micros = i64::deserialize(deserializer)?;
        DateTime::from_timestamp_micros(micros).ok_or_else(|| D::Error::custom("no such moment"))
    }
}

#[expect(clippy::cast_precision_loss, reason = "make_interval takes a double, and twelve hours are exact in one")]
fn seconds(duration: Duration) -> f64 {
    duration.as_secs() as f64
}
