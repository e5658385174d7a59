//! What happened on each of the last thirty days?

use chrono::{DateTime, Days, NaiveDate, Utc};
use chrono_tz::Tz;

use crate::{
    auth::grant::{Grant, Rows},
    db::pool::{Connection, DatabaseError},
    pages::{
        chart::{Chart, Column, Ink, Series},
        urls,
    },
    resource::{Resource, request::Query},
};

const DAYS: u64 = 30;

const TRANSACTIONS: &str = "\
    SELECT (t.transaction_date AT TIME ZONE $1)::date AS day, \
           count(*) FILTER (WHERE t.status = 'completed'), \
           count(*) FILTER (WHERE t.status = 'pending'), \
           count(*) FILTER (WHERE t.status = 'failed') \
    FROM transactions t \
    WHERE t.transaction_date >= $2 AND t.transaction_date < $3 \
      AND ($4::uuid IS NULL OR t.account_id IN (SELECT a.id FROM accounts a WHERE a.user_id = $4)) \
    GROUP BY 1";

const ENTRIES: &str = "\
    SELECT (e.created_at AT TIME ZONE $1)::date AS day, \
           count(*) FILTER (WHERE e.action NOT IN ('login', 'logout', 'login_failed')), \
           count(*) FILTER (WHERE e.action IN ('login', 'logout')), \
           count(*) FILTER (WHERE e.action = 'login_failed') \
    FROM (SELECT l.created_at, l.action FROM audit_logs l WHERE l.created_at >= $2 AND l.created_at < $3 \
          UNION ALL \
          SELECT s.created_at, s.action FROM ssot_audit_logs s WHERE s.created_at >= $2 AND s.created_at < $3) e \
    GROUP BY 1";

fn first_day(now: DateTime<Utc>, zone: Tz) -> NaiveDate {
    let today = now.with_timezone(&zone).date_naive();
    today.checked_sub_days(Days::new(DAYS - 1)).unwrap_or(today)
}

/// Transactions a day by outcome, within the rows of the grant.
///
/// # Errors
/// `TooSlow` past the limit of a read.
pub async fn transactions(connection: &Connection, grant: &Grant, zone: Tz, now: DateTime<Utc>) -> Result<Chart, DatabaseError> {
    let owner = match grant.rows() {
        Rows::All => None,
        Rows::OwnedBy(user) => Some(user),
    };
    let first = first_day(now, zone);
    let (from, to) = bounds(first, zone, now);
    let rows = connection.query(TRANSACTIONS, &[&zone.name(), &from, &to, &owner]).await?;
    let series = vec![
        Series { label: "completed", ink: Ink::Accent },
        Series { label: "pending", ink: Ink::Waiting },
        Series { label: "failed", ink: Ink::Failed },
    ];
    let columns = columns(&rows, first, |day| Some(day_url(grant.resource(), "transaction_date", day)))?;
    Ok(Chart::stacked("transactions-a-day", "Transactions a day".to_owned(), summary("transactions", &columns), "Day", series, columns))
}

/// Audit entries a day by what they tell of.
///
/// # Errors
/// `TooSlow` past the limit of a read.
pub async fn entries(connection: &Connection, log: &Grant, zone: Tz, now: DateTime<Utc>) -> Result<Chart, DatabaseError> {
    let first = first_day(now, zone);
    let (from, to) = bounds(first, zone, now);
    let rows = connection.query(ENTRIES, &[&zone.name(), &from, &to]).await?;
    let series = vec![
        Series { label: "changes and events", ink: Ink::Accent },
        Series { label: "sign-ins and sign-outs", ink: Ink::Second },
        Series { label: "failed sign-ins", ink: Ink::Failed },
    ];
    let columns = columns(&rows, first, |day| Some(day_url(log.resource(), "created_at", day)))?;
    Ok(Chart::stacked("entries-a-day", "Audit entries a day".to_owned(), summary("entries", &columns), "Day", series, columns))
}

/// The list's rows of one day.
fn day_url(resource: &Resource, column: &str, day: NaiveDate) -> String {
    let day = day.to_string();
    let query = Query::default().with(&[column, ".from"].concat(), &day).with(&[column, ".to"].concat(), &day);
    urls::list_of(resource, &query)
}

fn bounds(first: NaiveDate, zone: Tz, now: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
    let start = first.and_hms_opt(0, 0, 0).and_then(|midnight| midnight.and_local_timezone(zone).earliest());
    let from = start.map_or(now, |start| start.with_timezone(&Utc));
    (from, now.checked_add_days(Days::new(1)).unwrap_or(now))
}

fn columns(
    rows: &[tokio_postgres::Row],
    first: NaiveDate,
    href: impl Fn(NaiveDate) -> Option<String>,
) -> Result<Vec<Column>, DatabaseError> {
    let mut columns = Vec::new();
    for day in first.iter_days().take(DAYS as usize) {
        let mut counts = vec![0, 0, 0];
        for row in rows {
            if row.try_get::<_, NaiveDate>(0)? == day {
                for (index, count) in counts.iter_mut().enumerate() {
                    *count = u64::try_from(row.try_get::<_, i64>(index + 1)?).unwrap_or(0);
                }
            }
        }
        columns.push(Column { label: day.format("%-d %b").to_string(), counts, href: href(day) });
    }
    Ok(columns)
}

fn summary(what: &str, columns: &[Column]) -> String {
    let total: u64 = columns.iter().flat_map(|column| &column.counts).sum();
    let busiest = columns.iter().max_by_key(|column| column.counts.iter().sum::<u64>());
    match busiest.filter(|_| total > 0) {
        Some(busiest) => format!("{total} {what} in 30 days, the most on {}: {}", busiest.label, busiest.counts.iter().sum::<u64>()),
        None => format!("No {what} in the last 30 days"),
    }
}
