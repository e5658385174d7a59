//! How does actix-session find its sessions in `user_sessions`?
//!
//! A login writes the session's row in the transaction that also records it, and leaves the new key
//! under [`OPENED`]; the middleware then only carries that key to the browser. So the store itself
//! writes nothing that somebody must not miss, and after a handler has answered nothing can fail.

use std::cell::Cell;
use std::collections::HashMap;
use std::time::{Duration, Instant};

use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError};
use actix_session::{SessionMiddleware, config::BrowserSession};
use actix_web::cookie::{Key, SameSite, time};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::origin::{Channel, Origin, Party};
use super::revocation;
use super::session::{self, ABSOLUTE_LIMIT, Found, LoadedSession};
use crate::chain::chain;
use crate::db::absence::Why;
use crate::db::pool::{Database, DatabaseError};
use crate::db::write::Write;

/// Where the state holds what was loaded.
const LOADED: &str = "nexus.loaded";
/// Where a login leaves the key of the session it opened.
const OPENED: &str = "nexus.opened";
/// The setting is read again after this long.
const TIMEOUT_KEPT: Duration = Duration::from_secs(60);

type State = HashMap<String, String>;

/// What the store found out for a request that came with a key.
#[derive(Debug, Serialize, Deserialize)]
enum Outcome {
    Session(Box<LoadedSession>),
    /// The database is away or too busy: whether there is a session is unknown, and the page says 503.
    Away {
        why: Why,
        cause: String,
    },
    /// Reading failed for another reason, which has been logged.
    Failed,
}

/// Whether there is a session could not be found out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SessionUnavailable {
    #[error("the session could not be looked up: {cause}")]
    Away { why: Why, cause: String },
    #[error("the session could not be read")]
    Failed,
}

/// The session this request came with.
///
/// # Errors
/// [`SessionUnavailable`], when the answer is not known: that is not the same as "none".
pub fn current(state: &actix_session::Session) -> Result<Option<LoadedSession>, SessionUnavailable> {
    match state.get::<Outcome>(LOADED) {
        Ok(None) => Ok(None),
        Ok(Some(Outcome::Session(session))) => Ok(Some(*session)),
        Ok(Some(Outcome::Away { why, cause })) => Err(SessionUnavailable::Away { why, cause }),
        Ok(Some(Outcome::Failed)) | Err(_) => Err(SessionUnavailable::Failed),
    }
}

/// Tells the middleware to give the browser the key of a session that has just been opened.
///
/// # Errors
/// Never for a text, which is always JSON; the type is the library's.
pub fn hand_over(state: &actix_session::Session, key: &session::SessionKeyText) -> Result<(), actix_session::SessionInsertError> {
    state.insert(OPENED, key.reveal())
}

/// One worker's store.
pub struct DatabaseSessions {
    database: Database,
    idle_timeout: Cell<Option<(Instant, Duration)>>,
}

#[derive(Debug, thiserror::Error)]
enum StoreError {
    #[error("only a login opens a session")]
    NotALogin,
    #[error("the session has ended")]
    Ended,
    #[error("the key is not one of ours")]
    Key,
}

impl DatabaseSessions {
    #[must_use]
    pub fn new(database: Database) -> DatabaseSessions {
        DatabaseSessions { database, idle_timeout: Cell::new(None) }
    }

    async fn find(&self, key: &str) -> Result<Option<Found>, DatabaseError> {
        let connection = self.database.read().await?;
        let idle_timeout = match self.idle_timeout.get() {
            Some((read, timeout)) if read.elapsed() < TIMEOUT_KEPT => timeout,
            Some(_) | None => {
                let timeout = session::idle_timeout(&connection).await?;
                self.idle_timeout.set(Some((Instant::now(), timeout)));
                timeout
            }
        };
        let Some(mut found) = session::find(&connection, key, idle_timeout).await? else { return Ok(None) };
        drop(connection);
        let wanted = (found.now + idle_timeout).min(found.session.authenticated_at + ABSOLUTE_LIMIT);
        // A write on every read would cost more than the read: a tenth of the timeout is exact enough.
        let due = (wanted - found.expires_at).to_std().is_ok_and(|gained| gained >= idle_timeout / 10 || wanted <= found.now);
        if due {
            match self.touch(&found.session, wanted).await {
                Ok(0) => return Ok(None),
                Ok(_) => found.session.ends_at = wanted,
                // The request itself can be served; the next one tries again.
                Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "a session could not be extended"),
            }
        }
        Ok(Some(found))
    }

    async fn touch(&self, session: &LoadedSession, until: DateTime<Utc>) -> Result<u64, DatabaseError> {
        let write = Write::begin(&self.database, &origin(session)).await?;
        let touched = session::touch(&write, session.id, until).await?;
        write.commit().await?;
        Ok(touched)
    }

    async fn end(&self, key: &str) -> Result<(), DatabaseError> {
        let Some(found) = self.find(key).await? else { return Ok(()) };
        let write = Write::begin(&self.database, &origin(&found.session)).await?;
        revocation::one(&write, found.session.user_id, found.session.id, revocation::Why::Own).await?;
        write.commit().await
    }

    async fn store_state(&self, key: &str, state: &State) -> Result<(), anyhow::Error> {
        let found = self.find(key).await?.ok_or(StoreError::Ended)?;
        let kept: HashMap<_, _> = state.iter().filter(|(name, _)| name.as_str() != LOADED).collect();
        let kept = serde_json::to_value(kept)?.to_string();
        let write = Write::begin(&self.database, &origin(&found.session)).await?;
        // Joined with the live row: what was revoked since it was loaded stays revoked.
        let changed = write
            .execute(
                "UPDATE session_state SET state = $2::text::jsonb FROM user_sessions s \
                 WHERE session_state.id = $1 AND s.id = $1 AND s.is_active IS TRUE AND s.expires_at > now()",
                &[&found.session.id, &kept],
            )
            .await?;
        if changed == 0 {
            return Err(StoreError::Ended.into());
        }
        write.commit().await?;
        Ok(())
    }
}

fn origin(session: &LoadedSession) -> Origin {
    Origin {
        party: Party::User(session.user_id),
        channel: Channel::Console,
        ip: None,
        agent: None,
        request: None,
        session: Some(session.id),
    }
}

/// The state the middleware carries for what was found.
fn carried(outcome: &Outcome, kept: Option<&str>) -> Result<State, serde_json::Error> {
    let mut state: State = match kept {
        None | Some("{}") => State::new(),
        Some(text) => serde_json::from_str(text)?,
    };
    state.insert(LOADED.to_owned(), serde_json::to_string(outcome)?);
    Ok(state)
}

/// The key a login left, as the middleware wants it.
fn opened(state: &State) -> Option<Result<SessionKey, StoreError>> {
    let text = state.get(OPENED)?;
    let key = serde_json::from_str::<String>(text).ok().and_then(|key| SessionKey::try_from(key).ok());
    Some(key.ok_or(StoreError::Key))
}

impl SessionStore for DatabaseSessions {
    async fn load(&self, key: &SessionKey) -> Result<Option<State>, LoadError> {
        let deserialization = |error: serde_json::Error| LoadError::Deserialization(error.into());
        let away = |why, cause| carried(&Outcome::Away { why, cause }, None).map(Some).map_err(deserialization);
        match self.find(key.as_ref()).await {
            Ok(None) => Ok(None),
            Ok(Some(found)) => {
                let outcome = Outcome::Session(Box::new(found.session));
                carried(&outcome, found.state.as_deref()).map(Some).map_err(deserialization)
            }
            // An error here would become an empty 500 before any page of ours could speak.
            Err(DatabaseError::Away(absence)) => away(absence.why, chain(&absence)),
            Err(error @ (DatabaseError::TooSlow | DatabaseError::Busy)) => away(Why::Away, chain(&error)),
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a session could not be read");
                carried(&Outcome::Failed, None).map(Some).map_err(deserialization)
            }
        }
    }

    async fn save(&self, state: State, _lifetime: &time::Duration) -> Result<SessionKey, SaveError> {
        opened(&state).unwrap_or(Err(StoreError::NotALogin)).map_err(|error| SaveError::Other(error.into()))
    }

    async fn update(&self, key: SessionKey, state: State, _lifetime: &time::Duration) -> Result<SessionKey, UpdateError> {
        // Logging in again from a browser that was logged in: the login has ended the old session, and
        // the browser goes on with the new key.
        if let Some(renewed) = opened(&state) {
            return renewed.map_err(|error| UpdateError::Other(error.into()));
        }
        self.store_state(key.as_ref(), &state).await.map_err(UpdateError::Other)?;
        Ok(key)
    }

    async fn update_ttl(&self, _key: &SessionKey, _lifetime: &time::Duration) -> Result<(), anyhow::Error> {
        // Loading has done it where it was due.
        Ok(())
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), anyhow::Error> {
        Ok(self.end(key.as_ref()).await?)
    }
}

/// The name of the session's cookie. The prefix makes browsers refuse it from anywhere but https (or the
/// machine itself), for any path but all, and for any domain but this very one.
pub const COOKIE: &str = "__Host-nexus";

/// The middleware of one worker. The cookie ends with the browser; the row says when the session does.
#[must_use]
pub fn middleware(database: Database, key: Key) -> SessionMiddleware<DatabaseSessions> {
    SessionMiddleware::builder(DatabaseSessions::new(database), key)
        .cookie_name(COOKIE.to_owned())
        .cookie_secure(true)
        .cookie_http_only(true)
        .cookie_same_site(SameSite::Lax)
        .cookie_path("/".to_owned())
        .session_lifecycle(BrowserSession::default())
        .build()
}
