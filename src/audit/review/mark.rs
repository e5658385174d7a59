//! How far was the log read, when and by whom?

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    auth::grant::Grant,
    db::pool::{Connection, DatabaseError},
};

/// "Reviewed to here".
#[derive(Debug, Clone)]
pub struct Mark {
    pub reviewed_to: DateTime<Utc>,
    pub entry: Uuid,
    pub by_administrator: bool,
    pub by: Uuid,
    pub by_name: String,
    pub at: DateTime<Utc>,
    pub note: String,
}

const MARKS: &str = "\
SELECT m.reviewed_to, m.entry_id, m.by_administrator, m.created_by, m.created_by_name, m.created_at, m.note FROM review_marks m \
 ORDER BY m.reviewed_to DESC, m.entry_id DESC, m.created_at DESC LIMIT $1";

/// The marks that reach furthest, at most `most`. `log` permits reading the audit log.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn marks(connection: &Connection, log: &Grant, most: i64) -> Result<Vec<Mark>, DatabaseError> {
    if !log.covers_all_rows() {
        return Ok(Vec::new());
    }
    let rows = connection.query(MARKS, &[&most]).await?;
    rows.iter()
        .map(|row| {
            Ok(Mark {
                reviewed_to: row.try_get("reviewed_to")?,
                entry: row.try_get("entry_id")?,
                by_administrator: row.try_get("by_administrator")?,
                by: row.try_get("created_by")?,
                by_name: row.try_get("created_by_name")?,
                at: row.try_get("created_at")?,
                note: row.try_get("note")?,
            })
        })
        .collect()
}
