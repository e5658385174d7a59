//! How does something that is about no row get into the log?

use crate::db::{pool::DatabaseError, value::Value, write::Write};

/// Writes an event of the transaction's actor. No secret belongs into its details.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn event(write: &Write, action: &'static str, details: &serde_json::Value) -> Result<(), DatabaseError> {
    write.query_one("SELECT public.nexus_event($1, $2)", &[&action, &Value::Json(details.to_string())]).await?;
    Ok(())
}
