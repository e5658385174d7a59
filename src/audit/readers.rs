//! How is it known who has read the log?

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use serde_json::json;
use uuid::Uuid;

use crate::{
    auth::{actor::Actor, origin::Origin, policy::Action},
    db::{
        event::event,
        pool::{Database, DatabaseError},
        write::Write,
    },
    resource::Registry,
};

/// What a session reads after it has been written down is the same reading for so long.
const ONE_READING: Duration = Duration::from_secs(60 * 60);
const LOGS: [&str; 2] = ["audit_logs", "ssot_audit_logs"];

/// The sessions whose reading is written down already. Kept by each instance for itself: after a start somebody's
/// reading is written down once more, and never once less.
#[derive(Debug, Clone, Default)]
pub struct Readers(Arc<Mutex<HashMap<Uuid, Instant>>>);

impl Readers {
    /// Writes down, before anything is shown, that somebody is about to read the log: once a session and hour. Does
    /// nothing where the address shows no log, or the actor will not be let in.
    ///
    /// # Errors
    /// See [`DatabaseError`]: then nothing may be shown.
    pub async fn meet(
        &self,
        database: &Database,
        registry: &Registry,
        actor: &Actor,
        origin: &Origin,
        path: &str,
    ) -> Result<(), DatabaseError> {
        let Some(action) = shows_the_log(path) else {
            return Ok(());
        };
        let is_let_in = LOGS.iter().all(|log| registry.find(log).is_some_and(|log| actor.may(action, log)));
        if !is_let_in || self.knows(actor.session) {
            return Ok(());
        }
        let write = Write::begin(database, origin).await?;
        event(&write, "log_read", &json!({ "path": path })).await?;
        write.commit().await?;
        self.remember(actor.session);
        Ok(())
    }

    fn knows(&self, session: Uuid) -> bool {
        self.kept().get(&session).is_some_and(|written| written.elapsed() < ONE_READING)
    }

    /// Only what is written down for certain is remembered.
    fn remember(&self, session: Uuid) {
        let mut kept = self.kept();
        kept.retain(|_, written| written.elapsed() < ONE_READING);
        kept.insert(session, Instant::now());
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<Uuid, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which permission opens the entries that this address shows; `None` where it shows none. A record's own page shows
/// the last of them beside it and is no reading of the log.
fn shows_the_log(path: &str) -> Option<Action> {
    let mut parts = path.trim_start_matches('/').split('/');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        // What watches over the log, and shows none of it.
        (Some("audit"), Some("coverage"), _, _) => None,
        (Some("audit"), _, _, _) => Some(Action::Read),
        (Some("tables"), Some(table), _, _) if LOGS.contains(&table) => Some(Action::Read),
        (Some("tables"), Some(_), Some(_), Some("history")) => Some(Action::History),
        (_, _, _, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Action, shows_the_log};

    #[test]
    fn every_page_that_shows_entries_is_a_reading_and_no_other() {
        for path in [
            "/audit",
            "/audit/proof",
            "/audit/export.csv",
            "/tables/audit_logs",
            "/tables/ssot_audit_logs/7",
            "/tables/audit_logs/export.csv",
        ] {
            assert_eq!(shows_the_log(path), Some(Action::Read), "{path}");
        }
        assert_eq!(shows_the_log("/tables/users/7/history"), Some(Action::History));
        for path in ["/", "/audit/coverage", "/auditors", "/tables/users", "/tables/users/7", "/tables/audit_logs_of_mine", "/search"] {
            assert_eq!(shows_the_log(path), None, "{path}");
        }
    }
}
