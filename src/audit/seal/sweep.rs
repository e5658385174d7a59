//! What stands in the logs and was queued by no trigger? Both are walked through, by id, a stretch at a time.
//!
//! Adopted entries, the demonstration's and what was loaded are found by the first walk; whatever a later walk finds came
//! past the triggers. Another walk begins an hour after the last has ended.

use uuid::Uuid;

use crate::{
    audit::entry::Log,
    db::pool::{Connection, DatabaseError},
};

const DUE: &str = "SELECT s.passed IS NOT NULL OR s.log <> 'audit_logs' OR s.ended_at IS NULL \
            OR s.ended_at < pg_catalog.clock_timestamp() - interval '1 hour' FROM public.audit_sweep s";
const AT: &str = "SELECT log, passed FROM public.audit_sweep";
const GO_ON: &str = "SELECT public.nexus_sweep_to($1, $2)";
const AGAIN: &str = "SELECT public.nexus_sweep_again()";

/// The limit is part of the text: of a parameter PostgreSQL would not know that it is small. And what is not there is asked
/// row by row (OFFSET 0 keeps it so): joined by a plan from a time when the log was short, it takes the square of its length.
macro_rules! stretch {
    ($table:literal) => {
        concat!(
            "WITH stretch AS MATERIALIZED (SELECT l.id FROM public.",
            $table,
            " l WHERE l.id >= $1 ORDER BY l.id LIMIT 4001) \
             SELECT (SELECT s.id FROM stretch s ORDER BY s.id DESC LIMIT 1) AS passed, (SELECT count(*) FROM stretch) AS walked, \
                    ARRAY(SELECT s.id FROM stretch s \
                           WHERE NOT EXISTS (SELECT FROM public.audit_leaves l WHERE l.entry_id = s.id AND l.log = '",
            $table,
            "' OFFSET 0) AND NOT EXISTS (SELECT FROM public.audit_unsealed u WHERE u.entry_id = s.id AND u.log = '",
            $table,
            "' OFFSET 0) ORDER BY s.id) AS missed"
        )
    };
}
const STRETCH: i64 = 4_001;

const fn stretch(log: Log) -> &'static str {
    match log {
        Log::Main => stretch!("audit_logs"),
        Log::Registry => stretch!("ssot_audit_logs"),
    }
}

/// Whether a walk is under way, or it is time for one.
///
/// # Errors
/// See [`DatabaseError`]; so for all below.
pub(super) async fn is_due(connection: &Connection) -> Result<bool, DatabaseError> {
    Ok(connection.query_one(DUE, &[]).await?.try_get(0)?)
}

/// A stretch that was looked at.
#[derive(Debug)]
pub(super) struct Stretch {
    pub missed: Vec<(Log, Uuid)>,
    next: Log,
    passed: Option<Uuid>,
}

/// Looks at the next stretch, which begins with the entry that the last one ended with.
pub(super) async fn look(connection: &Connection) -> Result<Stretch, DatabaseError> {
    let at = connection.query_one(AT, &[]).await?;
    let log = Log::named(at.try_get("log")?).unwrap_or(Log::Main);
    let from = at.try_get::<_, Option<Uuid>>("passed")?.unwrap_or(Uuid::nil());
    let row = connection.query_one(stretch(log), &[&from]).await?;
    let is_at_end = row.try_get::<_, i64>("walked")? < STRETCH;
    let (next, passed) = match (is_at_end, log) {
        (false, log) => (log, row.try_get("passed")?),
        (true, Log::Main) => (Log::Registry, None),
        (true, Log::Registry) => (Log::Main, None),
    };
    let missed: Vec<Uuid> = row.try_get("missed")?;
    Ok(Stretch { missed: missed.into_iter().map(|entry| (log, entry)).collect(), next, passed })
}

/// Records that the walk is behind a stretch, after what was missed on it is sealed.
pub(super) async fn go_on(connection: &Connection, stretch: &Stretch) -> Result<(), DatabaseError> {
    connection.query_one(GO_ON, &[&stretch.next.table(), &stretch.passed]).await?;
    Ok(())
}

/// Begins a walk now, whatever walk was under way.
pub async fn again(connection: &Connection) -> Result<(), DatabaseError> {
    connection.query_one(AGAIN, &[]).await?;
    Ok(())
}
