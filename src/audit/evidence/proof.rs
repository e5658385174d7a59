//! What says that the log was not changed after the period?

use super::Period;
use crate::db::{pool::DatabaseError, snapshot::Snapshot, value::Value};

const SEALED: &str = "SELECT pg_catalog.to_regclass('public.audit_checkpoints') IS NOT NULL";

/// The first checkpoint after the period covers all of it, and stays the first.
const FIRST_CHECKPOINT_AFTER: &str = "SELECT c.note FROM public.audit_checkpoints c WHERE c.created_at >= $1 ORDER BY c.size, c.id LIMIT 1";

const NOT_SEALED: &str = "This database has no checkpoints: its log is not sealed.\n";
const NOT_YET: &str = "There is no checkpoint yet that was made after the period. Make the pack again once there is one.\n";

/// The note of a checkpoint, as it was signed; or, in its place, why there is none.
pub(super) async fn text(snapshot: &Snapshot<'_>, period: Period) -> Result<String, DatabaseError> {
    let none: [Value; 0] = [];
    let sealed = snapshot.attempt(SEALED, &none).await?.unwrap_or_default();
    let is_sealed = sealed.first().map(|row| row.try_get::<_, bool>(0)).transpose()?.unwrap_or(false);
    if !is_sealed {
        return Ok(NOT_SEALED.to_owned());
    }
    let found = snapshot.attempt(FIRST_CHECKPOINT_AFTER, &[Value::Time(period.before)]).await?.ok_or(DatabaseError::TooSlow)?;
    let note = found.first().map(|row| row.try_get::<_, String>(0)).transpose()?;
    Ok(note.unwrap_or_else(|| NOT_YET.to_owned()))
}
