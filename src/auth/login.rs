//! What happens when somebody signs in or out?

use std::time::{Duration, Instant};

use serde_json::json;
use uuid::Uuid;

use super::csrf::NoRandomness;
use super::origin::{Origin, Party};
use super::password::{Hasher, LONGEST_IN_BYTES, PasswordError, Verdict};
use super::revocation::{self, Why};
use super::session::{self, Beginning, SessionKeyText};
use super::throttle::{self, AccountKey, Consequence, Network, Refused, Throttle};
use crate::db::event::{Outcome, event};
use crate::db::pool::{Connection, Database, DatabaseError};
use crate::db::write::Write;

const DEFAULT_LIMIT: u32 = 5;
const LARGEST_LIMIT: u64 = 100;
/// The acting party of everything before it is known who acts.
const LOGIN: Party = Party::System("login");

/// What the form of the login page said, and where it came from.
#[derive(Clone, Copy)]
pub struct Attempt<'a> {
    /// User name or email.
    pub name: &'a str,
    pub password: &'a str,
    /// The account and number a genuine device cookie names.
    pub device: Option<Device>,
    /// The session this browser still had; the new one takes its place.
    pub replaces: Option<Replaced>,
    pub origin: &'a Origin,
}

/// A browser that has logged in to an account before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Device {
    pub user: Uuid,
    pub number: Uuid,
}

impl Device {
    /// As it stands in the sealed cookie.
    #[must_use]
    pub fn to_text(self) -> String {
        [self.user.to_string(), self.number.to_string()].join(" ")
    }

    #[must_use]
    pub fn from_text(text: &str) -> Option<Device> {
        let (user, number) = text.split_once(' ')?;
        Some(Device { user: user.parse().ok()?, number: number.parse().ok()? })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replaced {
    pub user: Uuid,
    pub session: Uuid,
}

/// A session that has just begun; the key goes to the browser and nowhere else.
#[must_use]
pub struct LoggedIn {
    pub user: Uuid,
    pub session: Uuid,
    pub key: SessionKeyText,
    pub device: Device,
}

#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// Name, password or account: which of them is not said, and took the same time to find out.
    #[error("user name or password is not right")]
    Wrong { rest: Option<Duration> },
    #[error("too many tries")]
    Throttled(Refused),
    #[error(transparent)]
    Password(#[from] PasswordError),
    #[error(transparent)]
    Random(#[from] NoRandomness),
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

struct Candidate {
    id: Uuid,
    username: String,
    password_hash: String,
    is_active: bool,
}

/// Proves who somebody is and begins their session. Session, `last_login`, a stronger hash, the end of
/// the session before and the event in the log are one transaction; so is a failure and its event.
///
/// # Errors
/// See [`LoginError`].
pub async fn log_in(database: &Database, hasher: &Hasher, throttle: &Throttle, attempt: Attempt<'_>) -> Result<LoggedIn, LoginError> {
    let connection = database.read().await?;
    let candidate = find(&connection, attempt.name).await?;
    let limit = session::whole_number(&connection, "max_login_attempts").await?;
    let limit = match limit {
        Some(limit) if (1..=LARGEST_LIMIT).contains(&limit) => u32::try_from(limit).unwrap_or(DEFAULT_LIMIT),
        Some(_) | None => DEFAULT_LIMIT,
    };
    let idle_timeout = session::idle_timeout(&connection).await?;
    // Hashing takes long; the connection serves others meanwhile.
    drop(connection);

    let account = candidate.as_ref().map_or_else(|| AccountKey::of_unknown(attempt.name), |candidate| AccountKey::of_user(candidate.id));
    let network = attempt.origin.ip.map_or_else(Network::unknown, Network::of);
    let known = attempt.device.filter(|device| candidate.as_ref().is_some_and(|candidate| candidate.id == device.user));
    let from = known.map_or(throttle::Origin::Stranger(network), |device| throttle::Origin::KnownDevice(device.number));
    let consequence = throttle.begin(account, from, limit, Instant::now()).map_err(LoginError::Throttled)?;

    let stored = candidate.as_ref().map(|candidate| candidate.password_hash.clone());
    let verdict = if attempt.password.len() > LONGEST_IN_BYTES {
        // Not worth a longer hash, but worth the same time.
        hasher.verify("", None).await
    } else {
        hasher.verify(attempt.password, stored).await
    };
    let verdict = verdict.inspect_err(|_| throttle.abandoned(account, from))?;

    match candidate {
        Some(candidate) if verdict != Verdict::Wrong && candidate.is_active => {
            let begun = begin(database, &candidate, verdict, attempt, known, idle_timeout).await;
            match begun {
                Ok(Some(logged_in)) => {
                    throttle.succeeded(account, from);
                    Ok(logged_in)
                }
                // Deactivated, or given another password, while we were comparing.
                Ok(None) => Err(fail(database, Some(&candidate), "changed_meanwhile", consequence, attempt.origin).await?),
                Err(error) => {
                    throttle.abandoned(account, from);
                    Err(error)
                }
            }
        }
        Some(candidate) => {
            let why = if verdict == Verdict::Wrong { "wrong_password" } else { "not_active" };
            Err(fail(database, Some(&candidate), why, consequence, attempt.origin).await?)
        }
        None => Err(fail(database, None, "unknown_name", consequence, attempt.origin).await?),
    }
}

async fn find(connection: &Connection, name: &str) -> Result<Option<Candidate>, DatabaseError> {
    let name = name.trim();
    // No column can hold a NUL or more than 255 characters, so nobody has such a name.
    if name.is_empty() || name.contains('\0') || name.chars().count() > 255 {
        return Ok(None);
    }
    // Telephones begin an address with a capital; user names that differ only by case are different people. What looks
    // like an address is one first: somebody else may have taken it for a user name.
    let row = connection
        .query_opt(
            "SELECT id, username, password_hash, is_active IS TRUE FROM users \
             WHERE username = $1::text OR email = $1::text OR email = lower($1::text) \
             ORDER BY username = $1::text AND position('@' IN $1::text) = 0 DESC, email = $1::text DESC, \
                      email = lower($1::text) DESC LIMIT 1",
            &[&name],
        )
        .await?;
    row.map(|row| {
        Ok(Candidate { id: row.try_get(0)?, username: row.try_get(1)?, password_hash: row.try_get(2)?, is_active: row.try_get(3)? })
    })
    .transpose()
}

async fn begin(
    database: &Database,
    candidate: &Candidate,
    verdict: Verdict,
    attempt: Attempt<'_>,
    known: Option<Device>,
    idle_timeout: Duration,
) -> Result<Option<LoggedIn>, LoginError> {
    let key = SessionKeyText::random()?;
    let id = Uuid::now_v7();
    let stronger = match verdict {
        Verdict::RightAndRehashed(hash) => Some(hash),
        Verdict::Right | Verdict::Wrong => None,
    };
    let is_rehashed = stronger.is_some();
    let origin = Origin { session: Some(id), ..attempt.origin.acting_as(Party::User(candidate.id)) };
    let write = Write::begin(database, &origin).await?;
    // The hash we compared with must still be the one: a password changed meanwhile is not logged in with.
    let changed = write
        .execute(
            "UPDATE users SET last_login = now(), password_hash = coalesce($3, password_hash) \
             WHERE id = $1 AND password_hash = $2 AND is_active IS TRUE",
            &[&candidate.id, &candidate.password_hash, &stronger],
        )
        .await?;
    if changed == 0 {
        return Ok(None);
    }
    if let Some(replaced) = attempt.replaces {
        revocation::one(&write, replaced.user, replaced.session, Why::Replaced).await?;
    }
    let beginning = Beginning { ip: attempt.origin.ip, agent: attempt.origin.agent.clone() };
    session::open(&write, id, candidate.id, &key, &beginning, idle_timeout).await?;
    let mut details = json!({ "username": candidate.username, "session_id": id.to_string() });
    if is_rehashed {
        // The entry about the user says that the hash changed; this, that the password did not.
        details["password"] = json!("rehashed");
    }
    event(&write, "login", &details).await?;
    write.commit().await?;
    let device = known.unwrap_or(Device { user: candidate.id, number: Uuid::new_v4() });
    Ok(Some(LoggedIn { user: candidate.id, session: id, key, device }))
}

/// Records a failure. What was typed as a name nobody has is not recorded: people type passwords there,
/// and the log cannot forget.
async fn fail(
    database: &Database,
    candidate: Option<&Candidate>,
    why: &'static str,
    consequence: Consequence,
    origin: &Origin,
) -> Result<LoginError, LoginError> {
    let write = Write::begin(database, &origin.acting_as(LOGIN)).await?;
    let user = candidate.map(|candidate| (candidate.id, candidate.username.as_str()));
    let details = json!({ "user_id": user.map(|user| user.0.to_string()), "username": user.map(|user| user.1), "why": why });
    write.outcome(Outcome::Failed).await?;
    event(&write, "login_failed", &details).await?;
    let rest = match consequence {
        Consequence::None => None,
        Consequence::LockedOut => {
            let details = json!({
                "user_id": user.map(|user| user.0.to_string()),
                "username": user.map(|user| user.1),
                "seconds": throttle::REST.as_secs(),
            });
            write.outcome(Outcome::Refused).await?;
            event(&write, "lockout", &details).await?;
            Some(throttle::REST)
        }
    };
    write.commit().await?;
    Ok(LoginError::Wrong { rest })
}

/// Ends the session of this request, and says so in the log; 0 rows when it has ended already.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn log_out(database: &Database, user: Uuid, session: Uuid, origin: &Origin) -> Result<(), DatabaseError> {
    let write = Write::begin(database, origin).await?;
    if session::end(&write, user, session).await? > 0 {
        event(&write, "logout", &json!({ "session_id": session.to_string() })).await?;
    }
    write.commit().await
}
