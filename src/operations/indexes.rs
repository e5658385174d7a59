//! Which indexes of the console are not there to be used, how far is each, and what stands in its way?

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use tokio_postgres::{Client, Row};

use crate::db::pool::DatabaseError;

const MISSING: &str = "\
    SELECT name, relation, state, build, clear, phase, percent, waits_for \
      FROM public.nexus_missing_indexes() ORDER BY relation, name";
const COUNT: &str = "SELECT count(*) FROM public.nexus_indexes()";

/// An index that lists would like to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    pub name: String,
    pub table: String,
    pub state: State,
    /// The statements that make it, and that take away what a build left that was cut short.
    pub(super) build: String,
    pub(super) clear: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    Absent,
    /// A build of it was cut short.
    Ruined,
    Building {
        phase: String,
        /// Of the phase, where it says so.
        percent: Option<i32>,
        /// The role whose transaction has to end first.
        waits_for: Option<String>,
    },
    /// Something else has its name.
    Taken,
}

/// # Errors
/// See [`DatabaseError`].
pub async fn missing(client: &Client) -> Result<Vec<Missing>, DatabaseError> {
    client.query(MISSING, &[]).await?.iter().map(read).collect()
}

/// How many indexes there should be.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn wanted(client: &Client) -> Result<i64, DatabaseError> {
    Ok(client.query_one(COUNT, &[]).await?.try_get(0)?)
}

fn read(row: &Row) -> Result<Missing, DatabaseError> {
    let state = match row.try_get(2)? {
        "building" => State::Building {
            phase: row.try_get::<_, Option<String>>(5)?.unwrap_or_default(),
            percent: row.try_get(6)?,
            waits_for: row.try_get(7)?,
        },
        "invalid" => State::Ruined,
        "taken" => State::Taken,
        _ => State::Absent,
    };
    Ok(Missing { name: row.try_get(0)?, table: row.try_get(1)?, state, build: row.try_get(3)?, clear: row.try_get(4)? })
}

/// The first rest after a round in which something could not be built; each further one is twice as long.
const FIRST_REST: Duration = Duration::from_secs(5);
const LONGEST_REST: Duration = Duration::from_secs(300);
/// How long the first round waits for a lock. A build that waits lets others read and write, but keeps their VACUUM
/// and their ALTER TABLE waiting, so it is short at first; one that has to outlast long transactions needs more.
const FIRST_PATIENCE: Duration = Duration::from_secs(2);
const LONGEST_PATIENCE: Duration = Duration::from_secs(60);

/// What this process has met while it built. Only for people to read: what is done is in the database.
#[derive(Debug, Clone, Default)]
pub struct Builds(Arc<Mutex<Met>>);

#[derive(Debug, Default)]
struct Met {
    obstacles: BTreeMap<String, Obstacle>,
    /// Rounds in a row that left something unbuilt.
    rounds: u32,
    rests_until: Option<Instant>,
}

/// Why an index could not be built when it was last tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    pub why: Why,
    pub at: DateTime<Utc>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// Somebody held the table, or a transaction was older than the build.
    Locked,
    /// In the database's words.
    Failed(String),
}

impl Builds {
    pub fn obstacle(&self, index: &str) -> Option<Obstacle> {
        self.met().obstacles.get(index).cloned()
    }

    pub(super) fn is_resting(&self) -> bool {
        self.met().rests_until.is_some_and(|until| Instant::now() < until)
    }

    pub(super) fn patience(&self) -> Duration {
        doubled(FIRST_PATIENCE, self.met().rounds).min(LONGEST_PATIENCE)
    }

    /// Answers whether that is news.
    pub(super) fn met_with(&self, index: &str, why: Why) -> bool {
        let obstacle = Obstacle { why: why.clone(), at: Utc::now() };
        self.met().obstacles.insert(index.to_owned(), obstacle).is_none_or(|before| before.why != why)
    }

    pub(super) fn built(&self, index: &str) {
        self.met().obstacles.remove(index);
    }

    pub(super) fn round_done(&self, left: usize) {
        let mut met = self.met();
        if left == 0 {
            *met = Met::default();
        } else {
            met.rests_until = Some(Instant::now() + doubled(FIRST_REST, met.rounds).min(LONGEST_REST));
            met.rounds = met.rounds.saturating_add(1);
        }
    }

    fn met(&self) -> MutexGuard<'_, Met> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn doubled(first: Duration, times: u32) -> Duration {
    first.saturating_mul(2_u32.saturating_pow(times.min(16)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_refused_again_and_again_comes_less_often_and_waits_longer() {
        let builds = Builds::default();
        assert!(!builds.is_resting());
        assert_eq!(builds.patience(), FIRST_PATIENCE);
        assert!(builds.met_with("one", Why::Locked));
        assert!(!builds.met_with("one", Why::Locked), "it is said once");
        for _ in 0..40 {
            builds.round_done(1);
        }
        assert!(builds.is_resting());
        assert_eq!(builds.patience(), LONGEST_PATIENCE);
        builds.built("one");
        builds.round_done(0);
        assert!(!builds.is_resting() && builds.obstacle("one").is_none());
        assert_eq!(builds.patience(), FIRST_PATIENCE);
    }
}
