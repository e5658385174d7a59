//! When is it looked at whether everything is still recorded?

use std::time::Duration;

use super::{Job, Jobs, Turn};
use crate::{audit::coverage::Extent, db::pool::DatabaseError};

/// Twice a minute, so that whoever switches a trigger off is seen within one.
pub const JOB: Job =
    Job { name: "coverage", first: Duration::from_secs(5), every: Duration::from_secs(30), run: |jobs| Box::pin(turn(jobs)) };

async fn turn(jobs: Jobs) -> Result<Turn, DatabaseError> {
    let connection = jobs.database.read().await?;
    jobs.coverage.look(&connection, &jobs.registry, Extent::AndOnward).await?;
    Ok(Turn::Done)
}
