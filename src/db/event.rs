//! How does something that is about no row get into the log?

use serde_json::Value as Json;
use tokio_postgres::Transaction;

use super::{pool::DatabaseError, value::Value, write::Write};

const EVENT: &str = "SELECT public.nexus_event($1, $2)";
const ACT_AS: &str = "SELECT set_config('nexus.actor', 'system:' || $1, true), set_config('nexus.context', 'job', true), \
     set_config('nexus.outcome', $2, true)";

/// How what an entry tells of ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Ok,
    /// Somebody tried, and was not let.
    Refused,
    /// It was begun, and did not come off.
    Failed,
}

impl Outcome {
    /// As the details of an entry spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::Ok => "ok",
            Outcome::Refused => "refused",
            Outcome::Failed => "failed",
        }
    }
}

/// Writes an event of the transaction's actor, with the outcome that [`Write::outcome`] said last. No secret belongs into its details.
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
    event_of_job_ending(transaction, job, Outcome::Ok, action, details).await
}

/// The same, of what may not have ended well.
///
/// # Errors
/// As PostgreSQL refuses it.
pub async fn event_of_job_ending(
    transaction: &Transaction<'_>,
    job: &'static str,
    outcome: Outcome,
    action: &'static str,
    details: &Json,
) -> Result<(), tokio_postgres::Error> {
    transaction.query_one(ACT_AS, &[&job, &outcome.name()]).await?;
    transaction.query_one(EVENT, &[&action, &Value::Json(details.to_string())]).await?;
    Ok(())
}
