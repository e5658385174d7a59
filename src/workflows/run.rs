//! How is the same done to many rows at once, to each as it was seen, and to none twice?
//!
//! A run is frozen first: which rows, and what each said. It is then worked through item by item, by what does the
//! same to one row alone, each in a transaction of its own that also writes down what came of it, so that a crash at
//! any point neither loses one nor repeats one.

pub mod freeze;
mod rehearsal;
pub mod results;
pub mod verb;
mod verdict;
pub mod work;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use verb::Verb;

use crate::{
    auth::{grant::Grant, origin::Origin},
    db::{
        pool::{Connection, DatabaseError},
        write::Write,
    },
};

/// The largest selection.
pub const MOST: usize = 1_000;
const LONGEST_REASON: usize = 2_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Frozen and looked at; nothing is done yet.
    Previewed,
    Running,
    Finished,
}

/// A selection as it was looked at, and how far it has come.
#[derive(Debug, Clone)]
pub struct Run {
    pub id: Uuid,
    pub decider: Uuid,
    pub decider_name: String,
    /// The table its rows are of.
    pub subject: String,
    pub verb: Verb,
    pub reason: Option<String>,
    pub state: State,
    pub created_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
}

#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("there is no such run")]
    Missing,
    /// 403
    #[error("{0}")]
    NotYours(&'static str),
    /// 422: about the selection.
    #[error("{0}")]
    Selection(&'static str),
    /// 422: about the reason.
    #[error("{0}")]
    Reason(&'static str),
}

impl From<tokio_postgres::Error> for RunError {
    fn from(error: tokio_postgres::Error) -> RunError {
        RunError::Database(error.into())
    }
}

const FIND: &str = "SELECT r.id, r.decider, coalesce(u.full_name, ''), r.subject, r.decision, r.reason, r.state, r.created_at, r.finished_at \
     FROM decision_runs r LEFT JOIN users u ON u.id = r.decider WHERE r.id = $1";

/// Reads a run.
///
/// # Errors
/// `Missing` where there is none.
pub async fn find(connection: &Connection, id: Uuid) -> Result<Run, RunError> {
    let row = connection.query_opt(FIND, &[&id]).await?.ok_or(RunError::Missing)?;
    Ok(Run {
        id: row.try_get(0)?,
        decider: row.try_get(1)?,
        decider_name: row.try_get(2)?,
        subject: row.try_get(3)?,
        verb: Verb::named(row.try_get(4)?).ok_or(RunError::Missing)?,
        reason: row.try_get(5)?,
        state: match row.try_get(6)? {
            "previewed" => State::Previewed,
            "running" => State::Running,
            _ => State::Finished,
        },
        created_at: row.try_get(7)?,
        finished_at: row.try_get(8)?,
    })
}

/// Lets a frozen run begin; what the preview said cannot be done stays out. A run that has begun already is left
/// as it is.
///
/// # Errors
/// See [`RunError`].
pub async fn start(write: &Write, grant: &Grant, origin: &Origin, id: Uuid, reason: &str) -> Result<(), RunError> {
    write.query_opt("SELECT FROM decision_runs WHERE id = $1 FOR NO KEY UPDATE", &[&id]).await?;
    let run = find(write, id).await?;
    expect(grant, run.verb)?;
    if run.subject != grant.resource().table {
        return Err(RunError::Missing);
    }
    if run.decider != grant.actor() {
        return Err(RunError::NotYours("run a selection that somebody else looked through"));
    }
    if run.state != State::Previewed {
        return Ok(());
    }
    let reason = checked(run.verb, reason)?;
    let agent: Option<String> = origin.agent.as_deref().map(|agent| agent.chars().filter(|letter| *letter != '\0').take(500).collect());
    write
        .execute(
            "UPDATE decision_run_items SET outcome = 'skipped', message = obstacle, decided_at = clock_timestamp() \
              WHERE run_id = $1 AND obstacle IS NOT NULL AND outcome IS NULL",
            &[&id],
        )
        .await?;
    let left = write.query_opt("SELECT FROM decision_run_items WHERE run_id = $1 AND outcome IS NULL LIMIT 1", &[&id]).await?;
    if left.is_none() {
        return Err(RunError::Selection("Nothing of this selection is left to do."));
    }
    write
        .execute(
            "UPDATE decision_runs SET state = 'running', started_at = clock_timestamp(), reason = $2, ip_address = $3, \
                    user_agent = $4, request_id = $5, session_id = $6 WHERE id = $1",
            &[&id, &reason, &origin.ip, &agent, &origin.request, &origin.session],
        )
        .await?;
    Ok(())
}

/// The reason as it is kept, or what is wrong with it. What asks for none of a single row asks for none here.
fn checked(verb: Verb, reason: &str) -> Result<Option<&str>, RunError> {
    let reason = reason.trim();
    if reason.contains('\0') {
        return Err(RunError::Reason("Holds a NUL character, which no text can have."));
    }
    if reason.chars().count() > LONGEST_REASON {
        return Err(RunError::Reason("Takes at most 2,000 characters."));
    }
    match verb {
        Verb::Reject if reason.is_empty() => {
            Err(RunError::Reason("Say why: whoever made them reads it, and so does whoever looks at this later."))
        }
        Verb::Approve | Verb::Reject => Ok(Some(reason).filter(|reason| !reason.is_empty())),
        Verb::Revoke | Verb::Deactivate | Verb::MarkRead => Ok(None),
    }
}

/// A grant for one action, or one table, is none for another.
fn expect(grant: &Grant, verb: Verb) -> Result<(), RunError> {
    if grant.action() == verb.action() && Verb::of(grant.resource()).contains(&verb) {
        return Ok(());
    }
    Err(RunError::NotYours("do this to several rows at once"))
}
