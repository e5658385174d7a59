//! How far may an account's balance fall, and who says so?

use rust_decimal::Decimal;
use uuid::Uuid;

use super::{Done, WorkflowError, expect};
use crate::{
    auth::{grant::Grant, policy::Action},
    db::{
        pool::{Connection, DatabaseError},
        value::{Number, Value},
        write::Write,
    },
    resource::{
        money,
        record::Record,
        store::{self, StoreError},
    },
};

/// The lowest balance a debit may leave behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Floor {
    /// Checking and savings: nothing can be set.
    Zero,
    /// Set by an administrator.
    At(Number),
    /// As low as it likes.
    Bottomless,
}

impl Floor {
    /// What a form says it was opened on.
    pub fn version(&self) -> String {
        match self {
            Floor::Zero => "zero".to_owned(),
            Floor::At(lowest) => lowest.to_string(),
            Floor::Bottomless => "none".to_owned(),
        }
    }
}

/// Whether a balance of this type of account may be below zero at all.
pub fn may_be_set(account: &Record) -> bool {
    matches!(account.value("account_type").as_text(), Some("credit" | "loan" | "investment"))
}

/// The floor of an account that somebody was allowed to read.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn of(connection: &Connection, account: &Record) -> Result<Floor, DatabaseError> {
    if !may_be_set(account) {
        return Ok(Floor::Zero);
    }
    let row = connection.query_opt("SELECT lowest_balance FROM public.account_limits WHERE account_id = $1", &[&account.id]).await?;
    Ok(match row.map(|row| row.try_get::<_, Value>(0)).transpose()? {
        Some(Value::Number(lowest)) => Floor::At(lowest),
        _ => Floor::Bottomless,
    })
}

/// Sets the floor, or takes it away, where it still is what its form was opened on.
///
/// # Errors
/// `Conflict` where the type of account has none to set, or somebody else has just set it; the field
/// `lowest_balance` where the amount does not fit the currency.
pub async fn set(write: &Write, grant: &Grant, account: Uuid, version: &str, lowest: Option<Decimal>) -> Result<Done, WorkflowError> {
    expect(grant, &[Action::SetLimit])?;
    // Two administrators at once: the second waits here, and then sees what the first has set.
    let account = store::locked(write, grant, account).await?;
    if !may_be_set(&account) {
        return Err(WorkflowError::Conflict("Checking and savings accounts never go below zero: there is nothing to set.".to_owned()));
    }
    if let Some(lowest) = lowest {
        money::parse(&lowest.to_string(), account.value("currency").as_text())
            .map_err(|message| WorkflowError::field("lowest_balance", message))?;
    }
    if of(write, &account).await?.version() != version {
        return Err(WorkflowError::Conflict("Somebody else has just changed how low this account may go. Look at it again.".to_owned()));
    }
    let said = match lowest {
        Some(lowest) => {
            write
                .execute(
                    "INSERT INTO public.account_limits (account_id, lowest_balance) VALUES ($1, $2) \
                     ON CONFLICT (account_id) DO UPDATE SET lowest_balance = excluded.lowest_balance",
                    &[&account.id, &lowest],
                )
                .await
                .map_err(refused)?;
            "Set how low the account may go."
        }
        None => {
            write.execute("DELETE FROM public.account_limits WHERE account_id = $1", &[&account.id]).await.map_err(refused)?;
            "The account may go as low as it likes."
        }
    };
    Ok(Done::saying(account.id, said))
}

fn refused(error: DatabaseError) -> WorkflowError {
    match error {
        DatabaseError::Refused(objection) if objection.code == "NX026" => {
            WorkflowError::Forbidden("Only an administrator sets how low an account may go.".to_owned())
        }
        other => WorkflowError::Store(StoreError::Database(other)),
    }
}
