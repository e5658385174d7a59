//! How does money come to be on its way from one account to another?

use rust_decimal::Decimal;
use uuid::Uuid;

use super::{Done, WorkflowError, expect, replay, told};
use crate::{
    auth::{
        actor::Actor,
        grant::{Grant, Rows},
        policy::Action,
    },
    db::{
        pool::{Connection, DatabaseError, Objection},
        write::Write,
    },
    resource::{form::FieldError, money},
};

/// What is asked for: money from one account to another of the same currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    pub source: Uuid,
    pub target: Uuid,
    /// More than zero, in the currency of both accounts.
    pub amount: Decimal,
    pub description: Option<String>,
    /// On both legs; one is made where none is given.
    pub reference_number: Option<String>,
}

/// An account at one end of a transfer.
struct End {
    id: Uuid,
    owner: Uuid,
    name: String,
    currency: Option<String>,
    is_active: bool,
}

/// Makes both legs, pending until somebody else decides on them together. The same form sent again answers as the first time.
///
/// # Errors
/// Fields to correct; `Invalid` where the id stands for something else.
pub async fn make(write: &Write, actor: &Actor, grant: &Grant, id: Uuid, transfer: &Transfer) -> Result<Done, WorkflowError> {
    expect(grant, &[Action::Create])?;
    replay::hold(write, id).await?;
    let done = Done::saying(id, "Made the transfer: two legs, pending until somebody else approves both at once.");
    if is_there(write, id).await? {
        return if is_the_same(write, actor, id, transfer).await? { Ok(done) } else { Err(replay::used()) };
    }
    let ends = write
        .query(
            "SELECT id, user_id, account_name, currency, is_active IS NOT FALSE FROM public.accounts \
              WHERE id IN ($1, $2) ORDER BY id FOR SHARE",
            &[&transfer.source, &transfer.target],
        )
        .await?;
    let ends = ends.iter().map(end).collect::<Result<Vec<_>, _>>()?;
    let errors = errors(&ends, grant, transfer);
    if !errors.is_empty() {
        return Err(WorkflowError::Fields(errors));
    }
    let Transfer { source, target, amount, description, reference_number } = transfer;
    write
        .query_one("SELECT public.nexus_transfer($1, $2, $3, $4, $5, $6)", &[&id, source, target, amount, description, reference_number])
        .await
        .map_err(refused)
        .map_err(|error| error.at_fields_of(grant.resource()))?;
    told::waits(write, id).await?;
    Ok(done)
}

/// The transfer a leg belongs to, to make another one like it; `None` where the grant does not cover both its accounts.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn like(connection: &Connection, grant: &Grant, leg: Uuid) -> Result<Option<Transfer>, DatabaseError> {
    let row = connection
        .query_opt(
            "SELECT s.account_id, t.account_id, t.amount, t.description, sa.user_id, ta.user_id FROM public.transaction_transfers l \
               JOIN public.transactions s ON s.id = l.source_id JOIN public.accounts sa ON sa.id = s.account_id \
               JOIN public.transactions t ON t.id = l.target_id JOIN public.accounts ta ON ta.id = t.account_id \
              WHERE l.source_id = $1 OR l.target_id = $1",
            &[&leg],
        )
        .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let owners: [Uuid; 2] = [row.try_get(4)?, row.try_get(5)?];
    if owners.into_iter().any(|owner| !covers(grant, owner)) {
        return Ok(None);
    }
    Ok(Some(Transfer {
        source: row.try_get(0)?,
        target: row.try_get(1)?,
        amount: row.try_get(2)?,
        description: row.try_get(3)?,
        reference_number: None,
    }))
}

fn covers(grant: &Grant, owner: Uuid) -> bool {
    match grant.rows() {
        Rows::All => true,
        Rows::OwnedBy(user) => user == owner,
    }
}

async fn is_there(write: &Write, id: Uuid) -> Result<bool, WorkflowError> {
    Ok(write.query_one("SELECT EXISTS (SELECT 1 FROM public.transactions WHERE id = $1)", &[&id]).await?.try_get(0)?)
}

/// Whether the id is the source leg of this very transfer, made by this very actor.
async fn is_the_same(write: &Write, actor: &Actor, id: Uuid, transfer: &Transfer) -> Result<bool, WorkflowError> {
    let Transfer { source, target, amount, description, reference_number } = transfer;
    let row = write
        .query_one(
            "SELECT EXISTS (SELECT 1 FROM public.transaction_transfers l \
                              JOIN public.transactions s ON s.id = l.source_id JOIN public.transactions t ON t.id = l.target_id \
                             WHERE s.id = $1 AND s.created_by = $2 AND s.account_id = $3 AND t.account_id = $4 AND t.amount = $5 \
                               AND s.description IS NOT DISTINCT FROM $6 \
                               AND s.reference_number = coalesce($7, 'TRF-' || upper(right(replace($1::text, '-', ''), 12))))",
            &[&id, &actor.id, source, target, amount, description, reference_number],
        )
        .await?;
    Ok(row.try_get(0)?)
}

fn end(row: &tokio_postgres::Row) -> Result<End, tokio_postgres::Error> {
    Ok(End { id: row.try_get(0)?, owner: row.try_get(1)?, name: row.try_get(2)?, currency: row.try_get(3)?, is_active: row.try_get(4)? })
}

/// Everything that is wrong with it, each at its field.
fn errors(ends: &[End], grant: &Grant, transfer: &Transfer) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut refuse = |column, message: String| errors.push(FieldError { column, message });
    // An account that is somebody else's is not there for whoever may use only their own.
    let find = |id: Uuid| ends.iter().find(|end| end.id == id && covers(grant, end.owner));
    let (source, target) = (find(transfer.source), find(transfer.target));
    for (column, end) in [("source", source), ("target", target)] {
        match end {
            None => refuse(column, "There is no such account.".to_owned()),
            Some(end) if !end.is_active => refuse(column, format!("“{}” is not active.", end.name)),
            Some(_) => {}
        }
    }
    if transfer.source == transfer.target {
        refuse("target", "This is the account it comes from: a transfer is between two accounts.".to_owned());
    }
    if let (Some(source), Some(target)) = (source, target)
        && source.currency != target.currency
    {
        refuse("target", different(source.currency.as_deref(), target.currency.as_deref()));
    }
    let currency = source.and_then(|source| source.currency.as_deref());
    if transfer.amount <= Decimal::ZERO {
        refuse("amount", "Type an amount above zero.".to_owned());
    } else if let Err(message) = money::parse(&transfer.amount.to_string(), currency) {
        refuse("amount", message);
    }
    errors
}

/// What is wrong with two accounts that are not of one currency.
pub fn different(source: Option<&str>, target: Option<&str>) -> String {
    let named = |currency: Option<&str>| currency.unwrap_or("none").to_owned();
    format!("The accounts have different currencies: {} and {}.", named(source), named(target))
}

/// What the database objected to all the same, at the field it is about.
fn refused(error: DatabaseError) -> WorkflowError {
    let DatabaseError::Refused(objection) = error else {
        return error.into();
    };
    let Objection { code, constraint, column, .. } = &objection;
    let at = match column.as_deref() {
        Some("source") => "source",
        Some("amount") => "amount",
        Some(_) | None => "target",
    };
    match (code.as_str(), constraint.as_str()) {
        ("NX016", _) => WorkflowError::field(at, "The account is not active."),
        ("NX019", "nexus_currency") => WorkflowError::field("target", "The accounts have different currencies."),
        ("NX019", "nexus_amount") => WorkflowError::field("amount", "The amount is not one that can be posted."),
        ("NX019", _) => WorkflowError::field("target", "A transfer is between two accounts."),
        ("NX006", _) => WorkflowError::field("source", "There is no such account."),
        _ => DatabaseError::Refused(objection).into(),
    }
}
