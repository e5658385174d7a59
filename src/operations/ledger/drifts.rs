//! Which accounts are frozen because their balance is not what their entries say, and what was said about each?

use chrono::{DateTime, Utc};
use tokio_postgres::Row;
use uuid::Uuid;

use super::number;
use crate::{
    auth::grant::Grant,
    db::{
        pool::{Connection, DatabaseError},
        value::Number,
    },
};

/// Drifts that a page lists.
pub const LISTED: i64 = 100;

/// An account beside what its entries say.
#[derive(Debug, Clone)]
pub struct Drift {
    pub account: Uuid,
    pub name: String,
    pub number: Option<String>,
    pub currency: Option<String>,
    pub balance: Number,
    pub opening: Number,
    pub expected: Number,
    /// Balance minus expected.
    pub difference: Number,
    /// The same in PostgreSQL's own words, whatever it is: what a form carries.
    pub difference_text: String,
    pub frozen: Option<Frozen>,
    /// What was said since it was frozen, oldest first.
    pub words: Vec<Word>,
}

#[derive(Debug, Clone)]
pub struct Frozen {
    pub since: DateTime<Utc>,
    pub reason: String,
}

/// One person's word.
#[derive(Debug, Clone)]
pub struct Word {
    pub decider: Uuid,
    pub who: Option<String>,
    pub resolution: String,
    pub difference: String,
    pub reason: String,
    pub at: DateTime<Utc>,
}

const DRIFTS: &str = "\
    SELECT a.id, a.account_name, a.account_number, a.currency, l.balance, o.opening_balance, l.expected, l.balance - l.expected, \
           (l.balance - l.expected)::text, o.frozen_since, o.frozen_reason \
      FROM (SELECT f.account_id, f.opening_balance, f.frozen_since, f.frozen_reason FROM public.account_ledger f \
             WHERE f.frozen_since IS NOT NULL ORDER BY f.frozen_since, f.account_id LIMIT $1) AS o \
      JOIN public.accounts a ON a.id = o.account_id \
      JOIN public.nexus_ledger l ON l.account_id = o.account_id \
     ORDER BY o.frozen_since, a.id";

/// The accounts frozen longest, at most [`LISTED`].
///
/// # Errors
/// See [`DatabaseError`]; so for all below.
pub async fn frozen(connection: &Connection, _: &Grant) -> Result<Vec<Drift>, DatabaseError> {
    let rows = connection.query(DRIFTS, &[&LISTED]).await?;
    let mut drifts = rows.iter().map(drift).collect::<Result<Vec<_>, _>>()?;
    words(connection, &mut drifts).await?;
    Ok(drifts)
}

const ONE: &str = "\
    SELECT a.id, a.account_name, a.account_number, a.currency, l.balance, o.opening_balance, l.expected, l.balance - l.expected, \
           (l.balance - l.expected)::text, o.frozen_since, o.frozen_reason \
      FROM public.accounts a \
      JOIN public.account_ledger o ON o.account_id = a.id \
      JOIN public.nexus_ledger l ON l.account_id = a.id \
     WHERE a.id = $1";

/// One account, frozen or not; `None` where there is none, or none that was ever opened.
pub async fn of(connection: &Connection, _: &Grant, account: Uuid) -> Result<Option<Drift>, DatabaseError> {
    let Some(row) = connection.query_opt(ONE, &[&account]).await? else { return Ok(None) };
    let mut drifts = vec![drift(&row)?];
    words(connection, &mut drifts).await?;
    Ok(drifts.pop())
}

fn drift(row: &Row) -> Result<Drift, DatabaseError> {
    let since: Option<DateTime<Utc>> = row.try_get(9)?;
    let reason: Option<String> = row.try_get(10)?;
    Ok(Drift {
        account: row.try_get(0)?,
        name: row.try_get(1)?,
        number: row.try_get(2)?,
        currency: row.try_get(3)?,
        balance: number(row, 4)?,
        opening: number(row, 5)?,
        expected: number(row, 6)?,
        difference: number(row, 7)?,
        difference_text: row.try_get(8)?,
        frozen: since.map(|since| Frozen { since, reason: reason.unwrap_or_default() }),
        words: Vec::new(),
    })
}

const WORDS: &str = "\
    SELECT d.account_id, d.decider, u.full_name, d.resolution, d.difference::text, d.reason, d.decided_at \
      FROM public.ledger_decisions d \
      JOIN public.account_ledger o ON o.account_id = d.account_id AND d.decided_at >= o.frozen_since \
      LEFT JOIN public.users u ON u.id = d.decider \
     WHERE d.account_id = ANY ($1) ORDER BY d.decided_at, d.id";

/// As [`WORDS`], of the time before, newest first.
const EARLIER: &str = "\
    SELECT d.account_id, d.decider, u.full_name, d.resolution, d.difference::text, d.reason, d.decided_at \
      FROM public.ledger_decisions d \
      JOIN public.account_ledger o ON o.account_id = d.account_id AND (d.decided_at >= o.frozen_since) IS NOT TRUE \
      LEFT JOIN public.users u ON u.id = d.decider \
     WHERE d.account_id = $1 ORDER BY d.decided_at DESC, d.id DESC LIMIT 20";

/// The newest words about earlier drifts of one account, which are resolved.
pub async fn earlier(connection: &Connection, _: &Grant, account: Uuid) -> Result<Vec<Word>, DatabaseError> {
    connection.query(EARLIER, &[&account]).await?.iter().map(word).collect()
}

fn word(row: &Row) -> Result<Word, DatabaseError> {
    Ok(Word {
        decider: row.try_get(1)?,
        who: row.try_get(2)?,
        resolution: row.try_get(3)?,
        difference: row.try_get(4)?,
        reason: row.try_get(5)?,
        at: row.try_get(6)?,
    })
}

async fn words(connection: &Connection, drifts: &mut [Drift]) -> Result<(), DatabaseError> {
    let accounts: Vec<Uuid> = drifts.iter().map(|drift| drift.account).collect();
    if accounts.is_empty() {
        return Ok(());
    }
    for row in connection.query(WORDS, &[&accounts]).await? {
        let account: Uuid = row.try_get(0)?;
        let word = word(&row)?;
        if let Some(drift) = drifts.iter_mut().find(|drift| drift.account == account) {
            drift.words.push(word);
        }
    }
    Ok(())
}

/// Whether one account is frozen, and why: for its own record.
pub async fn frozen_account(connection: &Connection, account: Uuid) -> Result<Option<Frozen>, DatabaseError> {
    let text = "SELECT frozen_since, frozen_reason FROM public.account_ledger WHERE account_id = $1 AND frozen_since IS NOT NULL";
    let Some(row) = connection.query_opt(text, &[&account]).await? else { return Ok(None) };
    Ok(Some(Frozen { since: row.try_get(0)?, reason: row.try_get(1)? }))
}
