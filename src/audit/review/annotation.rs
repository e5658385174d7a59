//! What did auditors say of an entry?

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{
    audit::entry::Log,
    auth::grant::Grant,
    db::pool::{Connection, DatabaseError},
};

/// What an annotation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Somebody has to answer.
    Question,
    /// Looked at, and in order.
    Reviewed,
    /// Looked at, and not in order.
    Finding,
}

impl Kind {
    pub const ALL: [Kind; 3] = [Kind::Reviewed, Kind::Question, Kind::Finding];

    pub const fn name(self) -> &'static str {
        match self {
            Kind::Question => "question",
            Kind::Reviewed => "reviewed",
            Kind::Finding => "finding",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Kind::Question => "Question",
            Kind::Reviewed => "Reviewed",
            Kind::Finding => "Finding",
        }
    }

    pub fn named(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether it says nothing without words.
    pub const fn needs_words(self) -> bool {
        match self {
            Kind::Question | Kind::Finding => true,
            Kind::Reviewed => false,
        }
    }
}

/// An entry, by the log it stands in.
pub type EntryKey = (Log, Uuid);

#[derive(Debug, Clone)]
pub struct Annotation {
    pub id: Uuid,
    pub log: Log,
    pub entry: Uuid,
    pub kind: Kind,
    pub body: String,
    pub by: Uuid,
    pub by_name: String,
    pub at: DateTime<Utc>,
}

const OF_ENTRIES: &str = "\
SELECT n.id, n.log, n.entry_id, n.kind, n.body, n.created_by, n.created_by_name, n.created_at FROM entry_annotations n \
 WHERE n.entry_id = ANY ($1) ORDER BY n.created_at, n.id";

const LATEST: &str = "\
SELECT n.id, n.log, n.entry_id, n.kind, n.body, n.created_by, n.created_by_name, n.created_at FROM entry_annotations n \
 WHERE n.kind = $1 ORDER BY n.created_at DESC, n.id DESC LIMIT $2";

/// What was said of these entries, the oldest first; of most entries nothing. `log` permits reading the audit log.
///
/// # Errors
/// See [`DatabaseError`]; so for the one below.
pub async fn annotations(
    connection: &Connection,
    log: &Grant,
    entries: &[EntryKey],
) -> Result<HashMap<EntryKey, Vec<Annotation>>, DatabaseError> {
    let mut found: HashMap<EntryKey, Vec<Annotation>> = HashMap::new();
    if !log.covers_all_rows() || entries.is_empty() {
        return Ok(found);
    }
    let ids: Vec<Uuid> = entries.iter().map(|(_, id)| *id).collect();
    for row in connection.query(OF_ENTRIES, &[&ids]).await? {
        if let Some(annotation) = read(&row)?.filter(|annotation| entries.contains(&(annotation.log, annotation.entry))) {
            found.entry((annotation.log, annotation.entry)).or_default().push(annotation);
        }
    }
    Ok(found)
}

/// The newest of a kind, at most `most`.
pub async fn latest_annotations(connection: &Connection, log: &Grant, kind: Kind, most: i64) -> Result<Vec<Annotation>, DatabaseError> {
    if !log.covers_all_rows() {
        return Ok(Vec::new());
    }
    let rows = connection.query(LATEST, &[&kind.name(), &most]).await?;
    Ok(rows.iter().map(read).collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

/// `None` for what a later console would have written.
fn read(row: &Row) -> Result<Option<Annotation>, DatabaseError> {
    let (Some(log), Some(kind)) = (Log::named(row.try_get("log")?), Kind::named(row.try_get("kind")?)) else {
        return Ok(None);
    };
    Ok(Some(Annotation {
        id: row.try_get("id")?,
        log,
        entry: row.try_get("entry_id")?,
        kind,
        body: row.try_get("body")?,
        by: row.try_get("created_by")?,
        by_name: row.try_get("created_by_name")?,
        at: row.try_get("created_at")?,
    }))
}
