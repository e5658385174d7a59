//! How does the log keep that somebody tried to move money and was refused?

use uuid::Uuid;

use super::WorkflowError;
use crate::{
    auth::origin::Origin,
    db::{
        event::{Outcome, event},
        pool::{Database, DatabaseError},
        write::Write,
    },
};

/// What was tried; the log's word for its refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// Made or edited by the plain form.
    Transaction,
    Transfer,
    Reversal,
}

/// Writes it down in a transaction of its own, because the one that was refused is gone. `id` is of what would have
/// been made, or of what would have been taken back; `fields` are those to correct.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn record(database: &Database, origin: &Origin, attempt: Attempt, id: Uuid, fields: &[&str]) -> Result<(), DatabaseError> {
    let write = Write::begin(database, origin).await?;
    let (action, subject) = match attempt {
        Attempt::Transaction => ("transaction_refused", "transaction"),
        Attempt::Transfer => ("transfer_refused", "transfer"),
        Attempt::Reversal => ("reversal_refused", "transaction"),
    };
    write.outcome(Outcome::Refused).await?;
    event(&write, action, &serde_json::json!({ subject: id.to_string(), "refused": fields })).await?;
    write.commit().await
}

/// The fields, or the one word, that say what a workflow refused; nothing where nobody was refused.
pub fn fields(error: &WorkflowError) -> Option<Vec<&'static str>> {
    match error {
        WorkflowError::Fields(errors) => Some(errors.iter().map(|error| error.column).collect()),
        WorkflowError::Taken { columns, .. } => Some(columns.iter().map(|column| column.name).collect()),
        WorkflowError::Invalid(_) => Some(vec!["id"]),
        WorkflowError::Conflict(_) | WorkflowError::Stranded(_) => Some(vec!["state"]),
        WorkflowError::Forbidden(_) => Some(vec!["actor"]),
        WorkflowError::Store(_) | WorkflowError::Random(_) | WorkflowError::Cipher => None,
    }
}
