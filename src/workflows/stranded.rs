//! Which pending transactions would have nobody left to decide them?

use serde::Deserialize;
use uuid::Uuid;

use crate::db::pool::{Connection, DatabaseError};

/// As the guard counted them: how many, and the first twenty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Stranded {
    pub count: u64,
    pub transactions: Vec<Uuid>,
}

#[derive(Deserialize)]
struct Detail {
    count: u64,
    transactions: Vec<String>,
}

impl Stranded {
    /// From the document the guard gives with its refusal.
    #[must_use]
    pub fn of(detail: &str) -> Option<Stranded> {
        let Detail { count, transactions } = serde_json::from_str(detail).ok()?;
        Some(Stranded { count, transactions: transactions.iter().map(|id| id.parse().ok()).collect::<Option<_>>()? })
    }
}

impl std::fmt::Display for Stranded {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.count {
            1 => formatter.write_str("1 pending transaction would have too few people left to decide it."),
            count => write!(formatter, "{count} pending transactions would have too few people left to decide them."),
        }
    }
}

/// One of them, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stuck {
    pub id: Uuid,
    pub description: Option<String>,
    pub reference: Option<String>,
    /// A decimal, or whatever else an amount can be.
    pub amount: String,
    pub currency: Option<String>,
    pub account: String,
    pub maker: Option<String>,
}

/// The first twenty, oldest first.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn read(connection: &Connection, stranded: &Stranded) -> Result<Vec<Stuck>, DatabaseError> {
    let rows = connection
        .query(
            "SELECT t.id, t.description, t.reference_number, abs(t.amount)::text, a.currency, a.account_name, u.full_name \
               FROM transactions t JOIN accounts a ON a.id = t.account_id LEFT JOIN users u ON u.id = t.created_by \
              WHERE t.id = ANY ($1) ORDER BY t.created_at, t.id",
            &[&stranded.transactions],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Stuck {
                id: row.try_get(0)?,
                description: row.try_get(1)?,
                reference: row.try_get(2)?,
                amount: row.try_get(3)?,
                currency: row.try_get(4)?,
                account: row.try_get(5)?,
                maker: row.try_get(6)?,
            })
        })
        .collect()
}
