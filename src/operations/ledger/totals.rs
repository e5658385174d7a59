//! What do all accounts of a currency add up to, and are all transfers two halves of one whole?

use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::db::{
    pool::{Connection, DatabaseError},
    value::Value,
};

/// Transfers that are not sound are kept up to this many by name.
const NAMED: usize = 100;

/// The sums at the moment of a full check; amounts are decimals as text, so that nothing of them is lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    pub currencies: Vec<Sums>,
    pub transfers: Vec<Transfers>,
    /// Source legs of linked transfers that are not sound, at most 100 of them, by their ids.
    pub unsound: Vec<String>,
    /// Accounts that have no opening balance on record, so that nothing can be proved of them.
    pub uncovered: i64,
}

/// The accounts of one currency whose figures are numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums {
    pub currency: Option<String>,
    pub accounts: i64,
    pub opening: String,
    pub completed: String,
    pub corrections: String,
    pub balance: String,
    /// Balance minus all that should make it up: zero where every account is in order.
    pub difference: String,
    /// Accounts left out because a figure of theirs is not a number.
    pub odd: i64,
}

/// The linked transfers of one currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfers {
    pub currency: Option<String>,
    pub transfers: i64,
    pub completed: i64,
    /// Of all completed legs: zero.
    pub sum: String,
    pub unsound: i64,
}

impl Totals {
    /// `None` for what an earlier version of the console wrote in another form.
    pub(super) fn read(text: &str) -> Option<Totals> {
        serde_json::from_str(text).ok()
    }

    pub(super) fn written(&self) -> Result<Value, serde_json::Error> {
        Ok(Value::Json(serde_json::to_string(self)?))
    }
}

/// One pass over the invariant: a row for each currency, with the accounts that do not fit. It says again what the view
/// `nexus_ledger` says, because that asks account by account, which takes three times as long for all of them. Whoever
/// is suspected here is asked there before anything is done about it.
pub(super) const ACCOUNTS: &str = "\
    WITH moved AS ( \
        SELECT t.account_id, sum(public.nexus_effect(t.transaction_type, t.amount)) AS amount \
          FROM public.transactions t WHERE t.status = 'completed' GROUP BY t.account_id), \
    corrected AS (SELECT k.account_id, sum(k.amount) AS amount FROM public.account_ledger_corrections k GROUP BY k.account_id), \
    opened AS MATERIALIZED ( \
        SELECT a.id AS account_id, a.currency, coalesce(a.balance, 0) AS balance, o.opening_balance, \
               coalesce(m.amount, 0) AS completed, coalesce(c.amount, 0) AS corrections, o.frozen_since IS NOT NULL AS is_frozen \
          FROM public.accounts a \
          JOIN public.account_ledger o ON o.account_id = a.id \
          LEFT JOIN moved m ON m.account_id = a.id \
          LEFT JOIN corrected c ON c.account_id = a.id), \
    looked AS ( \
        SELECT p.account_id, p.currency, p.balance, p.opening_balance, p.completed, p.corrections, p.is_frozen, \
               p.balance - (p.opening_balance + p.completed + p.corrections) AS difference, \
               (p.balance = 'NaN' OR p.completed = 'NaN') AS is_odd, \
               p.balance IS DISTINCT FROM p.opening_balance + p.completed + p.corrections AS is_drift \
          FROM opened p) \
    SELECT currency, count(*), \
           coalesce(sum(opening_balance) FILTER (WHERE NOT is_odd), 0)::text, \
           coalesce(sum(completed) FILTER (WHERE NOT is_odd), 0)::text, \
           coalesce(sum(corrections) FILTER (WHERE NOT is_odd), 0)::text, \
           coalesce(sum(balance) FILTER (WHERE NOT is_odd), 0)::text, \
           coalesce(sum(difference) FILTER (WHERE NOT is_odd), 0)::text, \
           count(*) FILTER (WHERE is_odd), \
           count(*) FILTER (WHERE is_drift AND is_frozen), \
           coalesce(array_agg(account_id) FILTER (WHERE is_drift AND NOT is_frozen), '{}') \
      FROM looked GROUP BY currency ORDER BY currency NULLS LAST";

pub(super) fn sums(row: &Row) -> Result<Sums, DatabaseError> {
    Ok(Sums {
        currency: row.try_get(0)?,
        accounts: row.try_get(1)?,
        opening: row.try_get(2)?,
        completed: row.try_get(3)?,
        corrections: row.try_get(4)?,
        balance: row.try_get(5)?,
        difference: row.try_get(6)?,
        odd: row.try_get(7)?,
    })
}

/// A transfer is sound where both legs are there, sum to zero, are in one state and of one currency.
const TRANSFERS: &str = "\
    WITH linked AS MATERIALIZED ( \
        SELECT x.source_id, sa.currency, \
               (s.status = 'completed')::integer AS source_done, (t.status = 'completed')::integer AS target_done, \
               coalesce(s.amount, 0) AS source_amount, coalesce(t.amount, 0) AS target_amount, \
               (s.id IS NOT NULL AND t.id IS NOT NULL AND s.amount + t.amount = 0 AND s.status = t.status \
                AND sa.currency IS NOT DISTINCT FROM ta.currency) IS TRUE AS is_sound \
          FROM public.transaction_transfers x \
          LEFT JOIN public.transactions s ON s.id = x.source_id LEFT JOIN public.accounts sa ON sa.id = s.account_id \
          LEFT JOIN public.transactions t ON t.id = x.target_id LEFT JOIN public.accounts ta ON ta.id = t.account_id) \
    SELECT currency, count(*), count(*) FILTER (WHERE source_done = 1 AND target_done = 1), \
           coalesce(sum(source_amount * coalesce(source_done, 0) + target_amount * coalesce(target_done, 0)), 0)::text, \
           count(*) FILTER (WHERE NOT is_sound), \
           coalesce((array_agg(source_id ORDER BY source_id) FILTER (WHERE NOT is_sound))[1:100], '{}') \
      FROM linked GROUP BY currency ORDER BY currency NULLS LAST";

/// Every linked transfer, by currency; and the unsound ones, by their source legs.
///
/// # Errors
/// See [`DatabaseError`].
pub(super) async fn transfers(connection: &Connection) -> Result<(Vec<Transfers>, Vec<String>), DatabaseError> {
    let mut unsound: Vec<String> = Vec::new();
    let mut sums = Vec::new();
    for row in connection.query(TRANSFERS, &[]).await? {
        sums.push(Transfers {
            currency: row.try_get(0)?,
            transfers: row.try_get(1)?,
            completed: row.try_get(2)?,
            sum: row.try_get(3)?,
            unsound: row.try_get(4)?,
        });
        unsound.extend(row.try_get::<_, Vec<Uuid>>(5)?.iter().map(Uuid::to_string));
    }
    unsound.truncate(NAMED);
    Ok((sums, unsound))
}

const UNCOVERED: &str = "\
    SELECT count(*) FROM public.accounts a \
     WHERE NOT EXISTS (SELECT 1 FROM public.account_ledger l WHERE l.account_id = a.id)";

/// # Errors
/// See [`DatabaseError`].
pub(super) async fn uncovered(connection: &Connection) -> Result<i64, DatabaseError> {
    Ok(connection.query_one(UNCOVERED, &[]).await?.try_get(0)?)
}

/// A linked transfer that is not two completed, or two equal, halves.
#[derive(Debug, Clone)]
pub struct Unsound {
    pub source: Uuid,
    pub target: Uuid,
    /// What each leg says: `None` where it is gone.
    pub source_status: Option<String>,
    pub target_status: Option<String>,
    /// Amounts as text; `None` where a leg is gone.
    pub source_amount: Option<String>,
    pub target_amount: Option<String>,
    pub source_currency: Option<String>,
    pub target_currency: Option<String>,
}

const UNSOUND: &str = "\
    SELECT x.source_id, x.target_id, s.status, t.status, s.amount::text, t.amount::text, sa.currency, ta.currency \
      FROM public.transaction_transfers x \
      LEFT JOIN public.transactions s ON s.id = x.source_id LEFT JOIN public.accounts sa ON sa.id = s.account_id \
      LEFT JOIN public.transactions t ON t.id = x.target_id LEFT JOIN public.accounts ta ON ta.id = t.account_id \
     WHERE x.source_id = ANY ($1) \
       AND (s.id IS NOT NULL AND t.id IS NOT NULL AND s.amount + t.amount = 0 AND s.status = t.status \
            AND sa.currency IS NOT DISTINCT FROM ta.currency) IS NOT TRUE \
     ORDER BY x.source_id";

/// Those of a full check that are unsound still.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn still_unsound(connection: &Connection, totals: &Totals) -> Result<Vec<Unsound>, DatabaseError> {
    let sources: Vec<Uuid> = totals.unsound.iter().filter_map(|id| Uuid::try_parse(id).ok()).collect();
    if sources.is_empty() {
        return Ok(Vec::new());
    }
    let rows = connection.query(UNSOUND, &[&sources]).await?;
    rows.iter()
        .map(|row| {
            Ok(Unsound {
                source: row.try_get(0)?,
                target: row.try_get(1)?,
                source_status: row.try_get(2)?,
                target_status: row.try_get(3)?,
                source_amount: row.try_get(4)?,
                target_amount: row.try_get(5)?,
                source_currency: row.try_get(6)?,
                target_currency: row.try_get(7)?,
            })
        })
        .collect()
}
