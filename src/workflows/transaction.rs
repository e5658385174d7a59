//! How does a transaction begin, change while it waits, and end by its maker's hand?

use uuid::Uuid;

use super::{Changes, Done, WorkflowError, asked, made, told};
use crate::{
    auth::grant::{Grant, Rows},
    db::{value::Value, write::Write},
    resource::{form::FieldError, store},
};

/// Always pending: neither the status nor the time of processing is named, so the column's defaults stand.
///
/// # Errors
/// An account that is inactive, gone or somebody else's.
pub(super) async fn create(write: &Write, grant: &Grant, id: Uuid, changes: Changes<'_>) -> Result<Done, WorkflowError> {
    takes_transactions(write, grant, changes).await?;
    store::insert(write, grant, id, changes).await?;
    told::waits(write, id).await?;
    Ok(Done::saying(id, format!("{} It is pending until somebody else approves it.", made(grant.resource()))))
}

/// # Errors
/// `Conflict` once it is decided, and for a leg of a transfer.
pub(super) async fn edit(write: &Write, grant: &Grant, id: Uuid, version: &str, changes: Changes<'_>) -> Result<(), WorkflowError> {
    let current = store::locked(write, grant, id).await?;
    if current.value("status").as_text() != Some("pending") {
        return Err(WorkflowError::Conflict("The transaction is no longer pending, so it cannot change any more.".to_owned()));
    }
    if current.value("transaction_type").as_text() == Some("transfer") {
        return Err(WorkflowError::Conflict("A transfer is changed as a whole: withdraw it and make it anew.".to_owned()));
    }
    stays_exact(write, id, changes).await?;
    takes_transactions(write, grant, changes).await?;
    store::update(write, grant, id, version, changes).await?;
    if !changes.is_empty() {
        // What was approved so far counts no more, and a question is closed by it.
        told::waits(write, id).await?;
        told::answered(write, id).await?;
    }
    Ok(())
}

/// # Errors
/// `Forbidden` to everybody but its maker, `Conflict` once it is decided, the field `reason` where none is given.
pub(super) async fn withdraw(write: &Write, grant: &Grant, id: Uuid, reason: &str) -> Result<Done, WorkflowError> {
    // Whoever may not see it hears that it is not there.
    store::record(write, grant, id).await?;
    if reason.contains('\0') {
        return Err(WorkflowError::field("reason", "Holds a NUL character, which no text can have."));
    }
    write.query_one("SELECT public.nexus_decide($1, 'withdraw', $2, NULL)", &[&id, &reason]).await?;
    Ok(Done::saying(id, "Withdrew the transaction. It is cancelled, and no money moved."))
}

/// A reversal of another amount would leave its original reversed in name alone.
async fn stays_exact(write: &Write, id: Uuid, changes: Changes<'_>) -> Result<(), WorkflowError> {
    let kept = changes.iter().filter(|(column, _)| ["account_id", "transaction_type", "amount"].contains(&column.name));
    let errors: Vec<_> = kept
        .map(|(column, _)| FieldError {
            column: column.name,
            message: "This takes another transaction back, exactly. Withdraw it and reverse that one anew.".to_owned(),
        })
        .collect();
    if errors.is_empty() {
        return Ok(());
    }
    let is_reversal = write.query_opt("SELECT FROM public.transaction_reversals WHERE reversal_id = $1", &[&id]).await?.is_some();
    if is_reversal { Err(WorkflowError::Fields(errors)) } else { Ok(()) }
}

/// Holds the account as it is until this transaction ends: nobody deactivates it in between.
async fn takes_transactions(write: &Write, grant: &Grant, changes: Changes<'_>) -> Result<(), WorkflowError> {
    let Some(Value::Uuid(account)) = asked(changes, "account_id") else {
        return Ok(());
    };
    let row = write.query_opt("SELECT is_active IS NOT FALSE, user_id FROM accounts WHERE id = $1 FOR SHARE", &[account]).await?;
    let missing = || WorkflowError::field("account_id", "There is no such account.");
    let row = row.ok_or_else(missing)?;
    let (is_active, owner): (bool, Uuid) = (row.try_get(0)?, row.try_get(1)?);
    match grant.rows() {
        Rows::OwnedBy(user) if user != owner => Err(missing()),
        Rows::All | Rows::OwnedBy(_) if !is_active => {
            Err(WorkflowError::field("account_id", "The account is not active: it takes no new transactions."))
        }
        Rows::All | Rows::OwnedBy(_) => Ok(()),
    }
}
