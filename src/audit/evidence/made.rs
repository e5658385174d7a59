//! Which packs were made before, and which digests did they have?

use chrono::{DateTime, Utc};

use crate::{
    auth::{grant::Grant, policy::Action},
    db::pool::{Connection, DatabaseError},
};

/// A pack as its event tells of it.
#[derive(Debug, Clone)]
pub struct Earlier {
    pub control: Option<String>,
    pub from: Option<String>,
    pub before: Option<String>,
    pub digest: Option<String>,
    pub by: Option<String>,
    pub at: DateTime<Utc>,
}

const EARLIER: &str = "\
SELECT l.new_values ->> 'control' AS control, l.new_values ->> 'from' AS \"from\", l.new_values ->> 'before' AS before, \
       l.new_values ->> 'digest' AS digest, d.actor_name, l.created_at \
  FROM audit_logs l LEFT JOIN audit_details d ON d.log = 'audit_logs' AND d.entry_id = l.id \
 WHERE l.action = 'evidence_made' AND l.created_at > '-infinity' AND l.created_at < 'infinity' \
 ORDER BY l.created_at DESC, l.id DESC LIMIT $1";

/// The newest, at most `most`. `grant` is the one to make evidence.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn earlier(connection: &Connection, grant: &Grant, most: i64) -> Result<Vec<Earlier>, DatabaseError> {
    if grant.action() != Action::MakeEvidence {
        return Ok(Vec::new());
    }
    let rows = connection.query(EARLIER, &[&most]).await?;
    rows.iter()
        .map(|row| {
            Ok(Earlier {
                control: row.try_get("control")?,
                from: row.try_get("from")?,
                before: row.try_get("before")?,
                digest: row.try_get("digest")?,
                by: row.try_get("actor_name")?,
                at: row.try_get("created_at")?,
            })
        })
        .collect()
}
