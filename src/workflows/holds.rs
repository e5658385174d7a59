//! What waited before this console came, and when may time run for it?

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::db::event::event;
use crate::db::{
    pool::{Connection, DatabaseError},
    write::Write,
};

/// Counted no further than this.
pub const COUNTED_TO: i64 = 1_000;
pub const ROWS: i64 = 50;

/// A pending transaction that does not expire yet.
#[derive(Debug, Clone)]
pub struct Held {
    /// Of the hold, by which the list is walked.
    pub id: Uuid,
    pub transaction: Uuid,
    pub description: Option<String>,
    pub reference: Option<String>,
    pub kind: Option<String>,
    pub amount: String,
    pub currency: Option<String>,
    pub account: String,
    pub maker: Option<String>,
    /// Absent where the database knows no real time.
    pub made_at: Option<DateTime<Utc>>,
    /// When it would expire if it were let; absent likewise.
    pub expires_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    Start,
    After(Uuid),
    Before(Uuid),
}

/// A page of the list, and whether something comes before and after it.
#[derive(Debug, Clone)]
pub struct Page {
    pub rows: Vec<Held>,
    pub has_before: bool,
    pub has_after: bool,
}

/// How many are held, up to one more than [`COUNTED_TO`].
///
/// # Errors
/// See [`DatabaseError`].
pub async fn count(connection: &Connection) -> Result<i64, DatabaseError> {
    let row = connection
        .query_one(
            "SELECT count(*) FROM (SELECT FROM expiry_holds h JOIN transactions t ON t.id = h.transaction_id AND t.status = 'pending' \
              LIMIT $1) AS held",
            &[&(COUNTED_TO + 1)],
        )
        .await?;
    Ok(row.try_get(0)?)
}

macro_rules! held {
    ($range:literal) => {
        concat!(
            "SELECT h.id, t.id, t.description, t.reference_number, t.transaction_type, abs(t.amount)::text, a.currency, a.account_name, \
                    u.full_name, CASE WHEN t.created_at BETWEEN '0001-01-01 UTC' AND '9999-01-01 UTC' THEN t.created_at END, \
                    CASE WHEN t.created_at BETWEEN '0001-01-01 UTC' AND '9999-01-01 UTC' \
                         THEN t.created_at + make_interval(days => public.nexus_expiry_days()) END \
               FROM expiry_holds h JOIN transactions t ON t.id = h.transaction_id AND t.status = 'pending' \
               JOIN accounts a ON a.id = t.account_id LEFT JOIN users u ON u.id = t.created_by ",
            $range
        )
    };
}

/// # Errors
/// See [`DatabaseError`].
pub async fn page(connection: &Connection, from: From) -> Result<Page, DatabaseError> {
    let limit = ROWS + 1;
    let found = match from {
        From::Start => connection.query(held!("ORDER BY h.id LIMIT $1"), &[&limit]).await?,
        From::After(id) => connection.query(held!("WHERE h.id > $2 ORDER BY h.id LIMIT $1"), &[&limit, &id]).await?,
        From::Before(id) => connection.query(held!("WHERE h.id < $2 ORDER BY h.id DESC LIMIT $1"), &[&limit, &id]).await?,
    };
    let is_more = found.len() as i64 > ROWS;
    let rows = found.iter().take(ROWS as usize).map(|row| {
        Ok(Held {
            id: row.try_get(0)?,
            transaction: row.try_get(1)?,
            description: row.try_get(2)?,
            reference: row.try_get(3)?,
            kind: row.try_get(4)?,
            amount: row.try_get(5)?,
            currency: row.try_get(6)?,
            account: row.try_get(7)?,
            maker: row.try_get(8)?,
            made_at: row.try_get(9)?,
            expires_at: row.try_get(10)?,
        })
    });
    let mut rows = rows.collect::<Result<Vec<_>, DatabaseError>>()?;
    Ok(match from {
        From::Start => Page { rows, has_before: false, has_after: is_more },
        From::After(_) => Page { rows, has_before: true, has_after: is_more },
        From::Before(_) => {
            rows.reverse();
            Page { rows, has_before: is_more, has_after: true }
        }
    })
}

/// Lets all of them expire like any other, and says so in the log. Answers with how many were held.
///
/// # Errors
/// `Refused` to everybody but an administrator.
pub async fn release(write: &Write) -> Result<i64, DatabaseError> {
    let released: i64 = write.query_one("SELECT public.nexus_release_expiry()", &[]).await?.try_get(0)?;
    event(write, "expiry_released", &serde_json::json!({ "transactions": released })).await?;
    Ok(released)
}
