//! Who was refused what, and how is that written down without letting a scanner fill the log?

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use serde_json::json;
use uuid::Uuid;

use crate::{
    auth::origin::Origin,
    db::{
        event::{Outcome, event},
        pool::{Database, DatabaseError},
        write::Write,
    },
};

/// The first refusal is written down at once; those like it are counted, and the count is written down after this long.
pub const COUNTED_FOR: Duration = Duration::from_secs(60);
/// So many kinds of refusal are told apart for one session in that time; what it tries beyond them is one more kind.
const KINDS_A_SESSION: usize = 20;

/// What was tried.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Attempt {
    pub method: String,
    pub path: String,
    /// Of the permission that was missing, where it was one.
    pub permission: Option<(&'static str, &'static str)>,
    /// In the words of the page.
    pub what: String,
}

/// Refusals that count as the same one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Kind {
    /// Whatever row of the table it was about: whoever goes through them one by one does one thing.
    Permission {
        method: String,
        action: &'static str,
        table: &'static str,
    },
    Address {
        method: String,
        path: String,
    },
    TooMany,
}

impl Kind {
    fn of(attempt: &Attempt) -> Kind {
        let method = attempt.method.clone();
        match attempt.permission {
            Some((action, table)) => Kind::Permission { method, action, table },
            None => Kind::Address { method, path: attempt.path.clone() },
        }
    }
}

#[derive(Debug)]
struct Met {
    written: Instant,
    /// Since it was written down last, and the latest of them.
    more: u64,
    latest: (Attempt, Origin),
}

/// What was refused lately. In memory, and each instance's own: a kill loses the count of a minute, never the first.
#[derive(Debug, Clone, Default)]
pub struct Refusals(Arc<Mutex<HashMap<(Uuid, Kind), Met>>>);

/// Refusals that were only counted until now.
#[derive(Debug)]
pub struct Counted {
    key: (Uuid, Kind),
    times: u64,
    attempt: Attempt,
    origin: Origin,
}

impl Refusals {
    /// Writes the refusal down, or counts it.
    ///
    /// # Errors
    /// See [`DatabaseError`]; the next one like it is then written down in its place.
    pub async fn meet(&self, database: &Database, session: Uuid, attempt: Attempt, origin: &Origin) -> Result<(), DatabaseError> {
        let Some(key) = self.is_first(session, &attempt, origin) else {
            return Ok(());
        };
        let written = record(database, &attempt, origin, 1).await;
        if written.is_err() {
            self.kept().remove(&key);
        }
        written
    }

    /// Writes down what was counted and has been for long enough; or all of it, before the console stops.
    ///
    /// # Errors
    /// See [`DatabaseError`]; what is not written down stays counted.
    pub async fn settle(&self, database: &Database, counted_for: Duration) -> Result<(), DatabaseError> {
        for counted in self.due(counted_for) {
            if let Err(error) = record(database, &counted.attempt, &counted.origin, counted.times).await {
                if let Some(met) = self.kept().get_mut(&counted.key) {
                    met.more += counted.times;
                }
                return Err(error);
            }
        }
        Ok(())
    }

    fn is_first(&self, session: Uuid, attempt: &Attempt, origin: &Origin) -> Option<(Uuid, Kind)> {
        let mut kept = self.kept();
        let mut key = (session, Kind::of(attempt));
        if !kept.contains_key(&key) && kept.keys().filter(|(other, _)| *other == session).count() >= KINDS_A_SESSION {
            key.1 = Kind::TooMany;
        }
        let latest = (attempt.clone(), origin.clone());
        match kept.get_mut(&key) {
            Some(met) => {
                met.more += 1;
                met.latest = latest;
                None
            }
            None => {
                kept.insert(key.clone(), Met { written: Instant::now(), more: 0, latest });
                Some(key)
            }
        }
    }

    fn due(&self, counted_for: Duration) -> Vec<Counted> {
        let mut kept = self.kept();
        kept.retain(|_, met| met.more > 0 || met.written.elapsed() < counted_for);
        let due = kept.iter_mut().filter(|(_, met)| met.more > 0 && met.written.elapsed() >= counted_for);
        due.map(|(key, met)| {
            let (attempt, origin) = met.latest.clone();
            met.written = Instant::now();
            Counted { key: key.clone(), times: std::mem::take(&mut met.more), attempt, origin }
        })
        .collect()
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<(Uuid, Kind), Met>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn record(database: &Database, attempt: &Attempt, origin: &Origin, times: u64) -> Result<(), DatabaseError> {
    let (action, table) = attempt.permission.unzip();
    let details = json!({
        "method": attempt.method, "path": attempt.path, "action": action, "table": table, "what": attempt.what, "times": times,
    });
    let write = Write::begin(database, origin).await?;
    write.outcome(Outcome::Refused).await?;
    event(&write, "permission_refused", &details).await?;
    write.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(path: &str, permission: Option<(&'static str, &'static str)>) -> Attempt {
        Attempt { method: "GET".to_owned(), path: path.to_owned(), permission, what: String::new() }
    }

    #[test]
    fn a_scanner_is_counted_and_neither_forgotten_nor_written_down_each_time() {
        let refusals = Refusals::default();
        let (session, other, origin) = (Uuid::from_u128(1), Uuid::from_u128(2), Origin::job("test"));
        let written = |refusals: &Refusals, session, path: &str, permission| {
            refusals.is_first(session, &attempt(path, permission), &origin).is_some()
        };
        assert!(written(&refusals, session, "/tables/users/1", Some(("read", "users"))));
        let walk = (2..500).filter(|row| written(&refusals, session, &format!("/tables/users/{row}"), Some(("read", "users"))));
        assert_eq!(walk.count(), 0, "row after row is one thing");
        assert!(written(&refusals, other, "/tables/users/1", Some(("read", "users"))), "somebody else is somebody else");
        let addresses = (0..500).filter(|page| written(&refusals, session, &format!("/page/{page}"), None)).count();
        assert_eq!(addresses, KINDS_A_SESSION, "each is told apart until there are too many, and those are one more");
        assert!(refusals.due(COUNTED_FOR).is_empty(), "not yet");
        let mut counted: Vec<u64> = refusals.due(Duration::ZERO).iter().map(|counted| counted.times).collect();
        counted.sort_unstable();
        assert_eq!(counted, [480, 498]);
        assert!(refusals.due(Duration::ZERO).is_empty(), "each is told once");
        assert!(written(&refusals, session, "/tables/users/1", Some(("read", "users"))), "and then it is the first again");
    }
}
