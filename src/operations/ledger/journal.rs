//! Which entries make up what a balance should be, and what should it have been after each?

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::number;
use crate::{
    auth::grant::Grant,
    db::{
        pool::{Connection, DatabaseError},
        value::Number,
    },
};

pub const PAGE: i64 = 50;

/// A completed transaction, or a correction two people agreed to.
#[derive(Debug, Clone)]
pub struct Posting {
    /// Its place since the opening, from 1.
    pub position: i64,
    /// `None`: a correction.
    pub transaction: Option<Uuid>,
    pub kind: String,
    pub description: Option<String>,
    pub at: Option<DateTime<Utc>>,
    pub effect: Number,
    /// What the balance should have been then.
    pub expected: Number,
}

/// A page of them, oldest first.
#[derive(Debug, Clone)]
pub struct Journal {
    pub postings: Vec<Posting>,
    /// How many there are in all.
    pub count: i64,
}

impl Journal {
    /// Before which place the next older page ends.
    pub fn earlier(&self) -> Option<i64> {
        self.postings.first().map(|first| first.position).filter(|position| *position > 1)
    }
}

/// Ordered by when each was posted, which never changes again; `$2`: only places before this one.
const JOURNAL: &str = "\
    WITH posted AS ( \
        SELECT t.id, t.transaction_type AS kind, coalesce(nullif(t.description, ''), t.reference_number) AS description, \
               coalesce(t.processed_at, t.transaction_date, t.created_at) AS at, \
               public.nexus_effect(t.transaction_type, t.amount) AS effect, t.id AS transaction_id \
          FROM public.transactions t WHERE t.account_id = $1 AND t.status = 'completed' \
        UNION ALL \
        SELECT c.id, 'correction', d.reason, c.corrected_at, c.amount, NULL \
          FROM public.account_ledger_corrections c LEFT JOIN public.ledger_decisions d ON d.id = c.decision_id \
         WHERE c.account_id = $1), \
    numbered AS ( \
        SELECT row_number() OVER place AS position, p.transaction_id, p.kind, p.description, p.at, p.effect, \
               l.opening_balance + sum(p.effect) OVER place AS expected, count(*) OVER () AS many \
          FROM posted p CROSS JOIN (SELECT o.opening_balance FROM public.account_ledger o WHERE o.account_id = $1) AS l \
        WINDOW place AS (ORDER BY p.at NULLS FIRST, p.id ROWS UNBOUNDED PRECEDING)) \
    SELECT n.position, n.transaction_id, n.kind, n.description, \
           CASE WHEN isfinite(n.at) AND n.at < '9999-01-01' AND n.at > '0001-01-01' THEN n.at END, n.effect, n.expected, n.many \
      FROM numbered n WHERE n.position < $2 ORDER BY n.position DESC LIMIT $3";

/// The newest of them before a place; newest last.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn before(connection: &Connection, _: &Grant, account: Uuid, place: Option<i64>) -> Result<Journal, DatabaseError> {
    let rows = connection.query(JOURNAL, &[&account, &place.unwrap_or(i64::MAX), &PAGE]).await?;
    let mut journal = Journal { postings: Vec::with_capacity(rows.len()), count: 0 };
    for row in rows.iter().rev() {
        journal.count = row.try_get(7)?;
        journal.postings.push(Posting {
            position: row.try_get(0)?,
            transaction: row.try_get(1)?,
            kind: row.try_get(2)?,
            description: row.try_get(3)?,
            at: row.try_get(4)?,
            effect: number(row, 5)?,
            expected: number(row, 6)?,
        });
    }
    Ok(journal)
}
