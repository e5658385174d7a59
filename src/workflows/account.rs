//! What of an account cannot change any more once money has moved?

use uuid::Uuid;

use super::{Changes, WorkflowError, asked};
use crate::{
    auth::grant::Grant,
    db::write::Write,
    resource::store::{self, StoreError},
};

/// # Errors
/// A currency that amounts already are in stays.
pub(super) async fn edit(write: &Write, grant: &Grant, id: Uuid, version: &str, changes: Changes<'_>) -> Result<(), WorkflowError> {
    store::update(write, grant, id, version, changes).await?;
    if asked(changes, "currency").is_some() && has_transactions(write, id).await? {
        let why = grant.resource().column("currency").and_then(|column| column.fixed_once_referred).unwrap_or_default();
        return Err(WorkflowError::field("currency", why));
    }
    Ok(())
}

/// Asked with the account locked: a new transaction waits for the lock, so the answer holds until the end.
async fn has_transactions(write: &Write, id: Uuid) -> Result<bool, StoreError> {
    let row = write.query_one("SELECT EXISTS (SELECT 1 FROM transactions WHERE account_id = $1)", &[&id]).await?;
    Ok(row.try_get(0)?)
}
