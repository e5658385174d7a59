//! How does something that is about no row get into the log?

use serde_json::Value as Json;
use tokio_postgres::Transaction;

use super::{pool::DatabaseError, value::Value, write::Write};

const EVENT: &str = "SELECT public.nexus_event($1, $2)";
const ACT_AS: &str = "SELECT set_config('nexus.actor', 'system:' || $1, true), set_config('nexus.context', 'job', true)";

/// Writes an event of the transaction's actor. No secret belongs into its details.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn event(write: &Write, action: &'static str, details: &Json) -> Result<(), DatabaseError> {
    write.query_one(EVENT, &[&action, &Value::Json(details.to_string())]).await?;
    Ok(())
}

/// The same of a job that works as the owner, where there is no [`Write`]: what follows in the transaction is the job's.
///
/// # Errors
/// As PostgreSQL refuses it.
pub async fn event_of_job(
    transaction: &Transaction<'_>,
    job: &'static str,
    action: &'static str,
    details: &Json,
) -> Result<(), tokio_postgres::Error> {
    transaction.query_one(ACT_AS, &[&job]).await?;
    transaction.query_one(EVENT, &[&action, &Value::Json(details.to_string())]).await?;
    Ok(())
}
