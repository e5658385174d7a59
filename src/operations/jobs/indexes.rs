//! Who builds the indexes that a migration left, because their tables were filled?

use std::{collections::BTreeSet, time::Duration};

use tokio_postgres::Client;

use super::{Job, Jobs, Turn};
use crate::{
    db::{
        absence::{self, Absence},
        connect::connect,
        pool::DatabaseError,
    },
    operations::indexes::{self, Missing, State, Why},
};

/// Somebody may have made the extension that some of them need, or dropped one.
pub const JOB: Job = Job { name: "indexes", first: Duration::ZERO, every: Duration::from_secs(5), run: |jobs| Box::pin(turn(jobs)) };

/// Held for as long as the connection is, so that a build which outlives its console still keeps others away. It is
/// tried, never waited for: a statement that waits has a snapshot, and a build waits for everybody's snapshots.
const ALONE: &str = "SELECT pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended('nexus: indexes', 0))";
const PREPARE: &str = "SET statement_timeout = 0; SET default_transaction_read_only = off; \
     SET idle_in_transaction_session_timeout = 0; SET search_path = public, pg_catalog, pg_temp";
const PATIENCE: &str = "SELECT pg_catalog.set_config('lock_timeout', $1, false)";

async fn turn(jobs: Jobs) -> Result<Turn, DatabaseError> {
    if jobs.builds.is_resting() {
        return Ok(Turn::Done);
    }
    // Asked of the pool first: most days there is nothing to log in as the owner for.
    let missing = indexes::missing(&jobs.database.read().await?.client).await?;
    if !missing.iter().any(is_to_be_built) {
        jobs.builds.round_done(0);
        return Ok(Turn::Done);
    }
    let owner = connect(&jobs.owner).await.map_err(|error| DatabaseError::Away(Absence::new(absence::Why::Away, error)))?;
    owner.batch_execute(PREPARE).await?;
    if owner.query_one(ALONE, &[]).await?.try_get(0)? {
        let left = round(&jobs, &owner).await?;
        jobs.builds.round_done(left);
    }
    Ok(Turn::Done)
}

fn is_to_be_built(missing: &Missing) -> bool {
    match missing.state {
        State::Absent | State::Ruined => true,
        State::Building { .. } | State::Taken => false,
    }
}

/// Each once, one after the other; a table that somebody holds is left alone until the next round. Answers how many
/// are left.
async fn round(jobs: &Jobs, owner: &Client) -> Result<usize, DatabaseError> {
    let patience = format!("{}ms", jobs.builds.patience().as_millis());
    owner.query_one(PATIENCE, &[&patience]).await?;
    let mut held = BTreeSet::new();
    let mut left = 0;
    for index in indexes::missing(owner).await?.iter().filter(|index| is_to_be_built(index)) {
        if held.contains(&index.table) {
            left += 1;
            continue;
        }
        match build(owner, index).await {
            Ok(()) => {
                jobs.builds.built(&index.name);
                tracing::info!("built the index {}", index.name);
            }
            Err(error @ DatabaseError::Away(_)) => return Err(error),
            Err(DatabaseError::Busy) => {
                left += 1;
                held.insert(index.table.clone());
                if jobs.builds.met_with(&index.name, Why::Locked) {
                    tracing::info!("the index {} waits until {} is free", index.name, index.table);
                }
            }
            Err(error) => {
                left += 1;
                let reason = words(&error);
                if jobs.builds.met_with(&index.name, Why::Failed(reason.clone())) {
                    tracing::warn!("the index {} of {} cannot be built: {reason}", index.name, index.table);
                }
            }
        }
    }
    Ok(left)
}

async fn build(owner: &Client, index: &Missing) -> Result<(), DatabaseError> {
    if index.state == State::Ruined {
        owner.batch_execute(&index.clear).await?;
    }
    Ok(owner.batch_execute(&index.build).await?)
}

fn words(error: &DatabaseError) -> String {
    match error {
        DatabaseError::Other(source) => source.as_db_error().map_or_else(|| source.to_string(), |answer| answer.message().to_owned()),
        other => other.to_string(),
    }
}
