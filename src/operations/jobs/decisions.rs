//! Who carries on with the bulk decisions that somebody ordered?

use std::time::Duration;

use super::{Job, Jobs, Turn};
use crate::{db::pool::DatabaseError, workflows::run::work::work};

/// Somebody watches the page while this waits.
pub const JOB: Job = Job { name: "decisions", every: Duration::from_millis(500), run: |jobs| Box::pin(turn(jobs)) };

async fn turn(jobs: Jobs) -> Result<Turn, DatabaseError> {
    if let Some(transactions) = jobs.registry.find("transactions") {
        work(&jobs.database, jobs.policy, transactions).await?;
    }
    Ok(Turn::Done)
}
