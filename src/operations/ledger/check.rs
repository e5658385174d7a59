//! How are all balances compared with their entries, without two doing it at once?

use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

use super::{
    Extent,
    totals::{self, Totals},
};
use crate::{
    auth::{
        grant::Grant,
        origin::{Origin, Party},
        policy::Action,
    },
    db::{
        pool::{Database, DatabaseError},
        value::Value,
        write::Write,
    },
};

/// Accounts looked at in passing, beside those that have changed.
const STRETCH: i64 = 2_000;
/// A change is written when its transaction began and is seen when it ends: whatever took longer is met on the walk.
const OVERLAP: Duration = Duration::minutes(15);
/// How far the first check looks back; the walk does the rest.
const FIRST: Duration = Duration::hours(1);

/// What a check found.
#[derive(Debug, Clone)]
pub struct Checked {
    pub extent: Extent,
    pub accounts: i64,
    /// How many accounts do not fit now, all of them frozen.
    pub drifts: i64,
    /// Those that this check froze.
    pub found: Vec<Uuid>,
}

#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// Another check is at it, here or in another instance.
    #[error("A check is running already. Its result will be here in a moment.")]
    Running,
    #[error("The check was stopped after 60 seconds, and nothing of it was recorded. The background goes on checking a stretch at a time.")]
    TooSlow,
    #[error("Permission for something else is none to check the ledger.")]
    NotYours,
    #[error(transparent)]
    Database(DatabaseError),
    #[error("the sums cannot be written down")]
    Sums(#[from] serde_json::Error),
}

impl From<DatabaseError> for CheckError {
    fn from(error: DatabaseError) -> CheckError {
        match error {
            DatabaseError::TooSlow => CheckError::TooSlow,
            other => CheckError::Database(other),
        }
    }
}

impl From<tokio_postgres::Error> for CheckError {
    fn from(error: tokio_postgres::Error) -> CheckError {
        DatabaseError::from(error).into()
    }
}

/// How often somebody who waits asks for the lock, and how long they rest between.
const PATIENCE: u32 = 20;
/// Past it the check is stopped and nothing of it kept.
const WITHIN: std::time::Duration = std::time::Duration::from_secs(60);
const REST: std::time::Duration = std::time::Duration::from_millis(100);

/// A transaction with time and memory enough for all accounts: what is added up account by account stays in memory, and
/// compiling the statement would cost more than it saves.
async fn begin(database: &Database, origin: &Origin) -> Result<Write, CheckError> {
    let write = Write::begin(database, origin).await?;
    write.allow(WITHIN).await?;
    write.query_one("SELECT set_config('work_mem', '64MB', true), set_config('jit', 'off', true)", &[]).await?;
    Ok(write)
}

/// Whether this transaction is the only one that checks.
async fn is_alone(write: &Write) -> Result<bool, CheckError> {
    Ok(write.query_one("SELECT pg_try_advisory_xact_lock(hashtextextended('nexus: ledger check', 0))", &[]).await?.try_get(0)?)
}

/// Compares every account with its entries in one statement, freezes what does not fit, and keeps the sums.
///
/// # Errors
/// See [`CheckError`]; then nothing is kept.
pub async fn check_all(database: &Database, origin: &Origin, grant: &Grant) -> Result<Checked, CheckError> {
    if grant.resource().table != "accounts" || grant.action() != Action::Prove {
        return Err(CheckError::NotYours);
    }
    let write = begin(database, origin).await?;
    // The background takes a moment, and is not worth asking again for.
    let mut asked = 1;
    while !is_alone(&write).await? {
        if asked == PATIENCE {
            return Err(CheckError::Running);
        }
        asked += 1;
        tokio::time::sleep(REST).await;
    }
    let started = now(&write).await?;
    let (mut currencies, mut suspects) = (Vec::new(), Vec::<Uuid>::new());
    let (mut accounts, mut known) = (0, 0);
    for row in write.query(totals::ACCOUNTS, &[]).await? {
        accounts += row.try_get::<_, i64>(1)?;
        known += row.try_get::<_, i64>(8)?;
        suspects.extend(row.try_get::<_, Vec<Uuid>>(9)?);
        currencies.push(totals::sums(&row)?);
    }
    let (transfers, unsound) = totals::transfers(&write).await?;
    let sums = Totals { currencies, transfers, unsound, uncovered: totals::uncovered(&write).await? };
    let found = freeze(&write, &suspects).await?;
    let drifts = known + count(&found);
    let requested_by = match origin.party {
        Party::User(id) => Some(id),
        Party::Key(_) | Party::System(_) => None,
    };
    let kept = Kept { extent: Extent::Full, requested_by, started, accounts, drifts, walked_to: None, totals: sums.written()? };
    keep(write, kept).await?;
    Ok(Checked { extent: Extent::Full, accounts, drifts, found })
}

/// Asked twice, under a lock: what was about to fit a moment ago is no drift.
const FREEZE: &str = "\
    SELECT s.id, public.nexus_check_account(s.id) IS DISTINCT FROM 0 \
      FROM (SELECT u.id FROM unnest($1::uuid[]) AS u (id) ORDER BY u.id) AS s";

async fn freeze(write: &Write, suspects: &[Uuid]) -> Result<Vec<Uuid>, CheckError> {
    if suspects.is_empty() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for row in write.query(FREEZE, &[&suspects]).await? {
        if row.try_get(1)? {
            found.push(row.try_get(0)?);
        }
    }
    Ok(found)
}

const PLACE: &str = "\
    SELECT (SELECT max(c.started_at) FROM public.ledger_checks c \
             WHERE c.finished_at = (SELECT max(m.finished_at) FROM public.ledger_checks m)), \
           (SELECT c.walked_to FROM public.ledger_checks c WHERE c.extent = 'changed' ORDER BY c.finished_at DESC LIMIT 1)";

/// What has changed by its own clock or by the log, which alone remembers what was deleted or moved to another
/// account; and the next stretch, for what went past both.
const CHANGED: &str = "\
    WITH stretch AS MATERIALIZED (SELECT a.id FROM public.accounts a WHERE a.id > $2 ORDER BY a.id LIMIT $3), \
    concerned AS MATERIALIZED ( \
        SELECT s.id FROM stretch s \
        UNION SELECT a.id FROM public.accounts a WHERE a.updated_at >= $1 \
        UNION SELECT t.account_id FROM public.transactions t WHERE t.updated_at >= $1 \
        UNION SELECT (l.old_values ->> 'account_id')::uuid FROM public.audit_logs l \
               WHERE l.created_at >= $1 AND l.entity_type = 'transactions' AND l.action IN ('UPDATE', 'DELETE') \
                 AND l.old_values ->> 'account_id' ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'), \
    looked AS MATERIALIZED ( \
        SELECT l.account_id, l.balance IS DISTINCT FROM l.expected AS is_drift, o.frozen_since IS NOT NULL AS is_frozen \
          FROM concerned c \
          JOIN public.nexus_ledger l ON l.account_id = c.id \
          JOIN public.account_ledger o ON o.account_id = c.id) \
    SELECT (SELECT count(*) FROM looked), (SELECT count(*) FROM looked WHERE is_drift AND is_frozen), \
           (SELECT coalesce(array_agg(account_id), '{}') FROM looked WHERE is_drift AND NOT is_frozen), \
           (SELECT CASE WHEN count(*) = $3 THEN (array_agg(s.id ORDER BY s.id DESC))[1] END FROM stretch s)";

/// Compares the accounts that have changed since the last check, and the next stretch of the others, so that every
/// account is met in the end. For a job, every few minutes; at most one at a time among all instances.
///
/// # Errors
/// See [`CheckError`]; `Running` is no fault.
pub async fn check_changed(database: &Database) -> Result<Checked, CheckError> {
    let write = begin(database, &Origin::job("ledger")).await?;
    if !is_alone(&write).await? {
        return Err(CheckError::Running);
    }
    let started = now(&write).await?;
    let place = write.query_one(PLACE, &[]).await?;
    let last: Option<DateTime<Utc>> = place.try_get(0)?;
    let walked_to: Option<Uuid> = place.try_get(1)?;
    let since = last.map_or(started - FIRST, |last| last - OVERLAP);
    let row = write.query_one(CHANGED, &[&since, &walked_to.unwrap_or_default(), &STRETCH]).await?;
    let (accounts, known): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
    let suspects: Vec<Uuid> = row.try_get(2)?;
    // Behind the last account the walk begins again.
    let walked_to: Option<Uuid> = row.try_get(3)?;
    let found = freeze(&write, &suspects).await?;
    let drifts = known + count(&found);
    let kept = Kept { extent: Extent::Changed, requested_by: None, started, accounts, drifts, walked_to, totals: Value::Null };
    keep(write, kept).await?;
    Ok(Checked { extent: Extent::Changed, accounts, drifts, found })
}

fn count(found: &[Uuid]) -> i64 {
    i64::try_from(found.len()).unwrap_or(i64::MAX)
}

async fn now(write: &Write) -> Result<DateTime<Utc>, CheckError> {
    Ok(write.query_one("SELECT clock_timestamp()", &[]).await?.try_get(0)?)
}

struct Kept {
    extent: Extent,
    requested_by: Option<Uuid>,
    started: DateTime<Utc>,
    accounts: i64,
    drifts: i64,
    walked_to: Option<Uuid>,
    totals: Value,
}

async fn keep(write: Write, kept: Kept) -> Result<(), CheckError> {
    let Kept { extent, requested_by, started, accounts, drifts, walked_to, totals } = kept;
    write
        .execute(
            "INSERT INTO public.ledger_checks (id, extent, requested_by, started_at, finished_at, accounts, drifts, walked_to, totals) \
             VALUES ($1, $2, $3, $4, clock_timestamp(), $5, $6, $7, $8)",
            &[&Uuid::now_v7(), &extent.name(), &requested_by, &started, &accounts, &drifts, &walked_to, &totals],
        )
        .await?;
    write.commit().await?;
    Ok(())
}
