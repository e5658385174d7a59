//! Who carries on with what somebody ordered to be done to many rows?

use std::time::Duration;

use super::{Job, Jobs, Turn};
use crate::{db::pool::DatabaseError, workflows::run::work::work};

/// Somebody watches the page while this waits.
pub const JOB: Job = Job { name: "decisions", first: Duration::ZERO, every: Duration::from_millis(500), run: |jobs| Box::pin(turn(jobs)) };

async fn turn(jobs: Jobs) -> Result<Turn, DatabaseError> {
    work(&jobs.database, jobs.policy, &jobs.registry).await?;
    Ok(Turn::Done)
}
