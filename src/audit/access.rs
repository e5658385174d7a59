//! Who has which access, since when, by whom, and who decided that they keep it?

use chrono::{DateTime, Utc};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{
    auth::{grant::Grant, policy::Action},
    db::{
        pool::{Connection, DatabaseError, Parameter},
        value::Value,
    },
};

/// Whom a review is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Administrators, managers and auditors.
    Privileged,
    Everybody,
}

impl Scope {
    pub const ALL: [Scope; 2] = [Scope::Privileged, Scope::Everybody];

    pub const fn name(self) -> &'static str {
        match self {
            Scope::Privileged => "privileged",
            Scope::Everybody => "everybody",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Scope::Privileged => "Privileged users: administrators, managers and auditors",
            Scope::Everybody => "Everybody",
        }
    }

    pub fn named(name: &str) -> Option<Scope> {
        Scope::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

/// What becomes of somebody's access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Keep,
    Change,
    Remove,
}

impl Verdict {
    pub const ALL: [Verdict; 3] = [Verdict::Keep, Verdict::Change, Verdict::Remove];

    pub const fn name(self) -> &'static str {
        match self {
            Verdict::Keep => "keep",
            Verdict::Change => "change",
            Verdict::Remove => "remove",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Verdict::Keep => "Keep",
            Verdict::Change => "Change",
            Verdict::Remove => "Remove",
        }
    }

    pub fn named(name: &str) -> Option<Verdict> {
        Verdict::ALL.into_iter().find(|verdict| verdict.name() == name)
    }
}

#[derive(Debug, Clone)]
pub struct Review {
    pub id: Uuid,
    pub scope: Scope,
    pub title: String,
    pub population: i32,
    /// On whom nobody has decided, now or when it was closed.
    pub undecided: i64,
    pub started_by: String,
    pub started_at: DateTime<Utc>,
    pub closed: Option<Closed>,
}

#[derive(Debug, Clone)]
pub struct Closed {
    pub by: String,
    pub at: DateTime<Utc>,
}

/// One of the population, as they were when the review began.
#[derive(Debug, Clone)]
pub struct Subject {
    pub id: Uuid,
    pub user: Uuid,
    pub username: String,
    pub full_name: Option<String>,
    pub role: Option<String>,
    pub is_active: Option<bool>,
    pub last_login: Value,
    pub made_at: Value,
    pub made_by: Option<String>,
    pub granted_by: Option<String>,
    pub granted_at: Value,
    pub granted_log: Option<String>,
    pub granted_entry: Option<Uuid>,
    pub open_sessions: i32,
    pub active_keys: i32,
    pub decided: Option<Decided>,
}

#[derive(Debug, Clone)]
pub struct Decided {
    pub verdict: Verdict,
    pub note: String,
    pub by: String,
    pub at: DateTime<Utc>,
}

/// Which part of the population.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Undecided,
    All,
}

const BEGUN: &str = "\
SELECT r.id, r.scope, r.title, r.population, r.started_by_name, r.started_at, r.closed_by_name, r.closed_at, \
       coalesce(r.undecided, (SELECT count(*) FROM access_review_verdicts v WHERE v.review_id = r.id AND v.verdict IS NULL)) AS undecided \
  FROM access_reviews r ORDER BY r.started_at DESC, r.id DESC LIMIT $1";

const REVIEW: &str = "\
SELECT r.id, r.scope, r.title, r.population, r.started_by_name, r.started_at, r.closed_by_name, r.closed_at, \
       coalesce(r.undecided, (SELECT count(*) FROM access_review_verdicts v WHERE v.review_id = r.id AND v.verdict IS NULL)) AS undecided \
  FROM access_reviews r WHERE r.id = $1";

const SUBJECTS: &str = "\
SELECT v.id, v.user_id, v.username, v.full_name, v.role, v.is_active, v.last_login, v.made_at, v.made_by, v.granted_by, v.granted_at, \
       v.granted_log, v.granted_entry, v.open_sessions, v.active_keys, v.verdict, v.note, v.decided_by_name, v.decided_at \
  FROM access_review_verdicts v WHERE v.review_id = $1 AND (v.username, v.id) > (coalesce((SELECT a.username FROM access_review_verdicts a WHERE a.id = $2), ''), $2) ORDER BY v.username, v.id LIMIT $3";

const UNDECIDED: &str = "\
SELECT v.id, v.user_id, v.username, v.full_name, v.role, v.is_active, v.last_login, v.made_at, v.made_by, v.granted_by, v.granted_at, \
       v.granted_log, v.granted_entry, v.open_sessions, v.active_keys, v.verdict, v.note, v.decided_by_name, v.decided_at \
  FROM access_review_verdicts v WHERE v.review_id = $1 AND v.verdict IS NULL AND \
       (v.username, v.id) > (coalesce((SELECT a.username FROM access_review_verdicts a WHERE a.id = $2), ''), $2) ORDER BY v.username, v.id LIMIT $3";

/// The reviews begun last, at most `most`.
///
/// # Errors
/// See [`DatabaseError`]; so for all below. `grant` is the one to review access.
pub async fn reviews(connection: &Connection, grant: &Grant, most: i64) -> Result<Vec<Review>, DatabaseError> {
    if !reviews_access(grant) {
        return Ok(Vec::new());
    }
    connection.query(BEGUN, &[&most]).await?.iter().map(review_of).collect()
}

pub async fn review(connection: &Connection, grant: &Grant, id: Uuid) -> Result<Option<Review>, DatabaseError> {
    if !reviews_access(grant) {
        return Ok(None);
    }
    connection.query_opt(REVIEW, &[&id]).await?.as_ref().map(review_of).transpose()
}

/// Its population by name, behind one of its rows.
pub async fn subjects(
    connection: &Connection,
    grant: &Grant,
    review: Uuid,
    part: Part,
    after: Option<Uuid>,
    most: i64,
) -> Result<Vec<Subject>, DatabaseError> {
    if !reviews_access(grant) {
        return Ok(Vec::new());
    }
    let statement = match part {
        Part::Undecided => UNDECIDED,
        Part::All => SUBJECTS,
    };
    let after = after.unwrap_or_default();
    let parameters: [Parameter<'_>; 3] = [&review, &after, &most];
    connection.query(statement, &parameters).await?.iter().map(subject).collect()
}

fn reviews_access(grant: &Grant) -> bool {
    grant.action() == Action::ReviewAccess && grant.covers_all_rows()
}

fn review_of(row: &Row) -> Result<Review, DatabaseError> {
    let closed_by: Option<String> = row.try_get("closed_by_name")?;
    let closed_at: Option<DateTime<Utc>> = row.try_get("closed_at")?;
    Ok(Review {
        id: row.try_get("id")?,
        // The schema knows no other.
        scope: Scope::named(row.try_get("scope")?).unwrap_or(Scope::Everybody),
        title: row.try_get("title")?,
        population: row.try_get("population")?,
        undecided: row.try_get("undecided")?,
        started_by: row.try_get("started_by_name")?,
        started_at: row.try_get("started_at")?,
        closed: closed_by.zip(closed_at).map(|(by, at)| Closed { by, at }),
    })
}

fn subject(row: &Row) -> Result<Subject, DatabaseError> {
    let verdict = row.try_get::<_, Option<&str>>("verdict")?.and_then(Verdict::named);
    let by: Option<String> = row.try_get("decided_by_name")?;
    let at: Option<DateTime<Utc>> = row.try_get("decided_at")?;
    let note: String = row.try_get("note")?;
    Ok(Subject {
        id: row.try_get("id")?,
        user: row.try_get("user_id")?,
        username: row.try_get("username")?,
        full_name: row.try_get("full_name")?,
        role: row.try_get("role")?,
        is_active: row.try_get("is_active")?,
        last_login: row.try_get("last_login")?,
        made_at: row.try_get("made_at")?,
        made_by: row.try_get("made_by")?,
        granted_by: row.try_get("granted_by")?,
        granted_at: row.try_get("granted_at")?,
        granted_log: row.try_get("granted_log")?,
        granted_entry: row.try_get("granted_entry")?,
        open_sessions: row.try_get("open_sessions")?,
        active_keys: row.try_get("active_keys")?,
        decided: verdict.zip(by.zip(at)).map(|(verdict, (by, at))| Decided { verdict, note, by, at }),
    })
}
