//! How much is there, currency by currency?

use tokio_postgres::Row;

use crate::{
    auth::grant::{Grant, Rows},
    db::{
        pool::{Connection, DatabaseError},
        value::{Number, Value},
    },
};

/// A NaN of an adopted database belongs to no sum.
const BALANCES: &str = "\
    SELECT a.currency, count(*), \
           coalesce(sum(a.balance) FILTER (WHERE a.balance <> 'NaN'), 0)::numeric, \
           coalesce((SELECT sum(CASE WHEN t.transaction_type IN ('withdrawal', 'payment', 'fee') THEN -t.amount ELSE least(t.amount, 0) END) \
                     FROM transactions t JOIN accounts p ON p.id = t.account_id \
                     WHERE t.status = 'pending' AND t.amount <> 'NaN' AND p.currency IS NOT DISTINCT FROM a.currency \
                       AND (t.transaction_type IN ('withdrawal', 'payment', 'fee') OR t.amount < 0) \
                       AND ($1::uuid IS NULL OR p.user_id = $1)), 0)::numeric \
    FROM accounts a \
    WHERE $1::uuid IS NULL OR a.user_id = $1 \
    GROUP BY a.currency \
    ORDER BY a.currency NULLS LAST";

/// The accounts of one currency; currencies are never added together.
#[derive(Debug, Clone)]
pub struct Balance {
    pub currency: Option<String>,
    pub accounts: i64,
    pub balance: Number,
    /// Zero or below.
    pub pending_debits: Number,
}

impl Balance {
    /// What is left when everything pending is paid; `None` where a sum is beyond computing.
    pub fn available(&self) -> Option<Number> {
        match (&self.balance, &self.pending_debits) {
            (Number::Decimal(balance), Number::Decimal(debits)) => balance.checked_add(*debits).map(Number::Decimal),
            _ => None,
        }
    }
}

/// # Errors
/// `TooSlow` past the limit of a read.
pub async fn read(connection: &Connection, grant: &Grant) -> Result<Vec<Balance>, DatabaseError> {
    let owner = match grant.rows() {
        Rows::All => None,
        Rows::OwnedBy(user) => Some(user),
    };
    let rows = connection.query(BALANCES, &[&owner]).await?;
    rows.iter()
        .map(|row| {
            Ok(Balance { currency: row.try_get(0)?, accounts: row.try_get(1)?, balance: number(row, 2)?, pending_debits: number(row, 3)? })
        })
        .collect()
}

fn number(row: &Row, index: usize) -> Result<Number, DatabaseError> {
    Ok(match row.try_get::<_, Value>(index)? {
        Value::Number(number) => number,
        _ => Number::TooLarge,
    })
}
