//! Who had the whole log verified, how far is that, and what was found the last time?
//!
//! It goes on behind the page. That it was asked for, and what came of it, are events of the log itself.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    key::Signer,
    outside::Folder,
    verify::{self, Finding, Verdict, What},
};
use crate::{
    audit::entry::Log,
    auth::{
        grant::Grant,
        origin::{Origin, Party},
        policy::Action,
    },
    chain::chain,
    db::{
        event::event,
        pool::{Connection, Database, DatabaseError},
        value::Value,
        write::Write,
    },
};

/// Findings that are kept: the first are those that matter.
const KEPT: usize = 20;

/// At most one at a time in this process; shared by its workers.
#[derive(Debug, Clone, Default)]
pub struct Examinations(Arc<Mutex<Option<Progress>>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    pub done: u64,
    pub all: u64,
}

impl Examinations {
    fn state(&self) -> MutexGuard<'_, Option<Progress>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `None` while none runs here.
    #[must_use]
    pub fn progress(&self) -> Option<Progress> {
        *self.state()
    }

    fn take(&self) -> Option<Turn> {
        let mut state = self.state();
        if state.is_some() {
            return None;
        }
        *state = Some(Progress { done: 0, all: 0 });
        Some(Turn(self.clone()))
    }
}

/// The only one that runs; whatever ends it, the next may begin.
struct Turn(Examinations);

impl Drop for Turn {
    fn drop(&mut self) {
        *self.0.state() = None;
    }
}

#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    #[error("The log is being verified already. The result will be here when that has ended.")]
    Running,
    #[error("Permission for something else is none to have the log verified.")]
    NotYours,
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// What it is compared with, beside what the database itself says.
#[derive(Debug, Clone)]
pub struct Witnesses {
    pub signer: Signer,
    /// Its checkpoints are out of reach of whoever can only write to the database.
    pub folder: Folder,
}

/// Begins one, which goes on by itself.
///
/// # Errors
/// See [`BeginError`]; nothing has begun then.
pub async fn begin(
    examinations: &Examinations,
    witnesses: &Witnesses,
    database: &Database,
    origin: &Origin,
    grant: &Grant,
) -> Result<(), BeginError> {
    let is_about_a_log = Log::named(grant.resource().table).is_some();
    if !is_about_a_log || grant.action() != Action::Verify {
        return Err(BeginError::NotYours);
    }
    let turn = examinations.take().ok_or(BeginError::Running)?;
    let write = Write::begin(database, origin).await?;
    event(&write, STARTED, &serde_json::json!({})).await?;
    write.commit().await?;
    let asked_by = match origin.party {
        Party::User(id) => Some(id),
        Party::Key(_) | Party::System(_) => None,
    };
    let (witnesses, database) = (witnesses.clone(), database.clone());
    tokio::spawn(async move {
        if let Err(error) = examine(&turn, &witnesses, &database, asked_by).await {
            tracing::warn!("the verification of the log was cut off: {}", chain(&error));
        }
    });
    Ok(())
}

async fn examine(turn: &Turn, witnesses: &Witnesses, database: &Database, asked_by: Option<Uuid>) -> Result<(), DatabaseError> {
    let folder = witnesses.folder.clone();
    let outside = tokio::task::spawn_blocking(move || folder.greatest()).await;
    let outside = match outside {
        Ok(Ok(greatest)) => greatest,
        Ok(Err(error)) => {
            tracing::warn!("{}: {error}", witnesses.folder.path().display());
            None
        }
        Err(_ended) => None,
    };
    let brought: Vec<String> = outside.iter().map(|checkpoint| checkpoint.note().to_owned()).collect();
    let trusted = |origin: &str| witnesses.signer.public(origin);
    let verdict = verify::verify(database, trusted, &brought, |done, all| *turn.0.state() = Some(Progress { done, all })).await?;
    let write = Write::begin(database, &Origin::job("verification")).await?;
    event(&write, ENDED, &serde_json::json!(Kept::of(&verdict, asked_by))).await?;
    write.commit().await
}

const STARTED: &str = "log_verification_started";
const ENDED: &str = "log_verified";

/// As the event has it.
#[derive(Serialize, Deserialize)]
struct Kept {
    requested_by: Option<String>,
    entries: u64,
    checkpoints: u64,
    waiting: u64,
    findings: Vec<KeptFinding>,
    more: u64,
}

#[derive(Serialize, Deserialize)]
struct KeptFinding {
    what: String,
    id: String,
    log: Option<String>,
    entry: Option<String>,
}

impl Kept {
    fn of(verdict: &Verdict, asked_by: Option<Uuid>) -> Kept {
        let findings = &verdict.findings;
        let beyond = findings.kept.len().saturating_sub(KEPT) as u64;
        Kept {
            requested_by: asked_by.map(|id| id.to_string()),
            entries: verdict.size,
            checkpoints: verdict.agreeing,
            waiting: verdict.waiting,
            findings: findings.kept.iter().take(KEPT).map(KeptFinding::of).collect(),
            more: findings.further + beyond,
        }
    }
}

impl KeptFinding {
    fn of(finding: &Finding) -> KeptFinding {
        KeptFinding {
            what: finding.to_string(),
            id: name(&finding.what).to_owned(),
            log: finding.entry.map(|(log, _)| log.table().to_owned()),
            entry: finding.entry.map(|(_, entry)| entry.to_string()),
        }
    }
}

/// What programs tell findings apart by.
const fn name(what: &What) -> &'static str {
    match what {
        What::Edited => "edited",
        What::Gone => "gone",
        What::GoneBefore => "gone_before",
        What::Forgotten => "forgotten",
        What::Moved { .. } => "moved",
        What::Backdated { .. } => "backdated",
        What::PastTriggers => "past_triggers",
        What::Unsealed { .. } => "unsealed",
        What::Version(_) => "version",
        What::Tile { .. } => "tile",
        What::Rehashed { .. } => "rehashed",
        What::Shorter { .. } => "shorter",
        What::Beyond { .. } => "beyond",
        What::Everything => "everything",
        What::Kept(_) => "checkpoint",
        What::Given(_) => "checkpoint_outside",
    }
}

/// What came of the last one.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub at: DateTime<Utc>,
    /// The full name of whoever asked for it, while they are known.
    pub requested_by: Option<String>,
    pub entries: u64,
    pub checkpoints: u64,
    pub waiting: u64,
    pub findings: Vec<Found>,
    /// Beyond those.
    pub more: u64,
}

#[derive(Debug, Clone)]
pub struct Found {
    /// Such as `edited`.
    pub id: String,
    pub what: String,
    pub entry: Option<(Log, Uuid)>,
}

/// Who began one that has not ended, as far as the log tells.
#[derive(Debug, Clone)]
pub struct Begun {
    pub at: DateTime<Utc>,
    pub by: Option<String>,
}

const LAST: &str = "\
    SELECT l.created_at, l.new_values, u.full_name \
      FROM public.audit_logs l \
      LEFT JOIN public.users u ON u.id = CASE WHEN l.new_values ->> 'requested_by' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' \
                                              THEN (l.new_values ->> 'requested_by')::uuid END \
     WHERE l.action = 'log_verified' AND l.entity_type = 'event' AND isfinite(l.created_at) \
     ORDER BY l.created_at DESC, l.id DESC LIMIT 1";
const BEGUN: &str = "\
    SELECT l.created_at, u.full_name FROM public.audit_logs l LEFT JOIN public.users u ON u.id = l.user_id \
     WHERE l.action = 'log_verification_started' AND l.entity_type = 'event' AND isfinite(l.created_at) \
     ORDER BY l.created_at DESC, l.id DESC LIMIT 1";

/// The last that ended, and one that was begun after it.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn last(connection: &Connection, _: &Grant) -> Result<(Option<Outcome>, Option<Begun>), DatabaseError> {
    let ended = match connection.query_opt(LAST, &[]).await? {
        Some(row) => outcome(row.try_get(0)?, row.try_get(1)?, row.try_get(2)?),
        None => None,
    };
    let begun = match connection.query_opt(BEGUN, &[]).await? {
        Some(row) => Some(Begun { at: row.try_get(0)?, by: row.try_get(1)? }),
        None => None,
    };
    let is_open = |begun: &Begun| ended.as_ref().is_none_or(|ended| ended.at < begun.at);
    Ok((ended.clone(), begun.filter(is_open)))
}

/// `None` for an event that somebody else wrote.
fn outcome(at: DateTime<Utc>, written: Value, requested_by: Option<String>) -> Option<Outcome> {
    let Value::Json(text) = written else {
        return None;
    };
    let kept: Kept = serde_json::from_str(&text).ok()?;
    let found = |finding: KeptFinding| Found {
        entry: finding.log.as_deref().and_then(Log::named).zip(finding.entry.and_then(|entry| entry.parse().ok())),
        id: finding.id,
        what: finding.what,
    };
    Some(Outcome {
        at,
        requested_by,
        entries: kept.entries,
        checkpoints: kept.checkpoints,
        waiting: kept.waiting,
        findings: kept.findings.into_iter().map(found).collect(),
        more: kept.more,
    })
}
