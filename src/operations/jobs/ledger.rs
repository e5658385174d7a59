//! When are balances compared with their entries without anybody asking?

use std::time::Duration;

use super::{Job, Jobs, Turn};
use crate::{
    db::{
        absence::{Absence, Why},
        pool::DatabaseError,
    },
    operations::ledger::{self, CheckError},
};

pub const JOB: Job = Job { name: "ledger", first: Duration::ZERO, every: Duration::from_secs(600), run: |jobs| Box::pin(turn(jobs)) };

/// Every instance wakes up for it; whoever comes soon after another check leaves it at that.
const RECENT: &str = "SELECT EXISTS (SELECT 1 FROM public.ledger_checks WHERE finished_at > clock_timestamp() - interval '5 minutes')";

async fn turn(jobs: Jobs) -> Result<Turn, DatabaseError> {
    if jobs.database.read().await?.query_one(RECENT, &[]).await?.try_get(0)? {
        return Ok(Turn::Done);
    }
    match ledger::check_changed(&jobs.database).await {
        Ok(checked) => {
            if !checked.found.is_empty() {
                tracing::warn!("{} accounts do not fit their entries and were frozen", checked.found.len());
            }
            Ok(Turn::Done)
        }
        Err(CheckError::Running) => Ok(Turn::Done),
        Err(CheckError::TooSlow) => Err(DatabaseError::TooSlow),
        Err(CheckError::Database(error)) => Err(error),
        // Neither belongs to a check of what has changed.
        Err(error @ (CheckError::NotYours | CheckError::Sums(_))) => Err(DatabaseError::Away(Absence::new(Why::Away, error))),
    }
}
