//! Is every balance what its account's entries say, and when was that last looked at?

mod check;
pub mod drifts;
pub mod explanation;
pub mod journal;
pub mod totals;

use chrono::{DateTime, Utc};
use tokio_postgres::Row;

pub use check::{CheckError, Checked, check_all, check_changed};
pub use totals::Totals;

use crate::{
    auth::grant::Grant,
    db::{
        pool::{Connection, DatabaseError},
        value::{Number, Value},
    },
};

/// What a check looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Every account, in one statement.
    Full,
    /// What has changed since the last check, and the next stretch of the rest.
    Changed,
}

impl Extent {
    pub const fn name(self) -> &'static str {
        match self {
            Extent::Full => "full",
            Extent::Changed => "changed",
        }
    }
}

/// A check that was made.
#[derive(Debug, Clone)]
pub struct Past {
    pub extent: Extent,
    /// The full name of whoever asked for it; `None`: the console did it by itself.
    pub requested_by: Option<String>,
    pub finished_at: DateTime<Utc>,
    pub accounts: i64,
    pub drifts: i64,
    /// Of a full check only.
    pub totals: Option<Totals>,
}

const LAST: &str = "\
    SELECT c.extent, u.full_name, c.finished_at, c.accounts, c.drifts, c.totals \
      FROM public.ledger_checks c LEFT JOIN public.users u ON u.id = c.requested_by \
     WHERE c.extent = ANY ($1) ORDER BY c.finished_at DESC LIMIT 1";

/// The newest check of any extent, and the newest full one, which has the sums.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn last(connection: &Connection, _: &Grant) -> Result<(Option<Past>, Option<Past>), DatabaseError> {
    let any = connection.query_opt(LAST, &[&vec![Extent::Full.name(), Extent::Changed.name()]]).await?;
    let full = connection.query_opt(LAST, &[&vec![Extent::Full.name()]]).await?;
    Ok((any.as_ref().map(past).transpose()?, full.as_ref().map(past).transpose()?))
}

fn past(row: &Row) -> Result<Past, DatabaseError> {
    let extent = if row.try_get::<_, &str>(0)? == Extent::Full.name() { Extent::Full } else { Extent::Changed };
    Ok(Past {
        extent,
        requested_by: row.try_get(1)?,
        finished_at: row.try_get(2)?,
        accounts: row.try_get(3)?,
        drifts: row.try_get(4)?,
        totals: match row.try_get(5)? {
            Value::Json(text) => Totals::read(&text),
            _ => None,
        },
    })
}

/// How many accounts are frozen, for whoever is to do something about it.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn frozen(connection: &Connection) -> Result<i64, DatabaseError> {
    let row = connection.query_one("SELECT count(*) FROM public.account_ledger WHERE frozen_since IS NOT NULL", &[]).await?;
    Ok(row.try_get(0)?)
}

/// A `numeric`, whatever it holds.
fn number(row: &Row, index: usize) -> Result<Number, DatabaseError> {
    Ok(match row.try_get::<_, Value>(index)? {
        Value::Number(number) => number,
        _ => Number::TooLarge,
    })
}
