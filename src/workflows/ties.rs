//! What is a transaction tied to: the other leg of its transfer, what it takes back, what takes it back?

use uuid::Uuid;

use crate::{
    db::pool::{Connection, DatabaseError},
    resource::record::Record,
};

/// Ids alone: whether somebody may see what they stand for is asked where that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ties {
    pub other_leg: Option<Uuid>,
    /// What this one takes back.
    pub reverses: Option<Uuid>,
    pub reversed_by: Option<Reversed>,
    /// Of its account, and of the other leg's.
    pub accounts: Accounts,
}

/// The transaction that takes another one back: the one that counts, or else the last that came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reversed {
    pub by: Uuid,
    pub state: Reversal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reversal {
    Pending,
    Done,
    /// Rejected, withdrawn or expired: another one can be made.
    Dropped,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accounts {
    Active,
    Inactive,
}

/// The ties of a transaction that somebody was allowed to read.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn of(connection: &Connection, transaction: &Record) -> Result<Ties, DatabaseError> {
    let row = connection
        .query_one(
            "SELECT (SELECT CASE l.source_id WHEN $1 THEN l.target_id ELSE l.source_id END FROM public.transaction_transfers l \
                      WHERE l.source_id = $1 OR l.target_id = $1), \
                    (SELECT r.original_id FROM public.transaction_reversals r WHERE r.reversal_id = $1), \
                    made.id, made.status, \
                    EXISTS (SELECT 1 FROM public.transactions leg JOIN public.accounts a ON a.id = leg.account_id \
                             WHERE leg.id = ANY (public.nexus_unit($1)) AND a.is_active IS FALSE) \
               FROM (SELECT 1) AS one \
               LEFT JOIN LATERAL (SELECT t.id, t.status FROM public.transaction_reversals r \
                                    JOIN public.transactions t ON t.id = r.reversal_id WHERE r.original_id = $1 \
                                   ORDER BY (t.status IN ('pending', 'completed')) DESC, r.created_at DESC, r.id DESC LIMIT 1) AS made ON true",
            &[&transaction.id],
        )
        .await?;
    let (by, status): (Option<Uuid>, Option<String>) = (row.try_get(2)?, row.try_get(3)?);
    let state = match status.as_deref() {
        Some("pending") => Reversal::Pending,
        Some("completed") => Reversal::Done,
        Some(_) | None => Reversal::Dropped,
    };
    Ok(Ties {
        other_leg: row.try_get(0)?,
        reverses: row.try_get(1)?,
        reversed_by: by.map(|by| Reversed { by, state }),
        accounts: if row.try_get(4)? { Accounts::Inactive } else { Accounts::Active },
    })
}
