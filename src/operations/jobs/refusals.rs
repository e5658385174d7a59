//! When is it written down how often somebody was refused the same thing?

use std::time::Duration;

use super::{Job, Jobs, Turn};
use crate::{audit::refusals::COUNTED_FOR, db::pool::DatabaseError};

pub const JOB: Job = Job { name: "refusals", first: Duration::ZERO, every: Duration::from_secs(20), run: |jobs| Box::pin(turn(jobs)) };

async fn turn(jobs: Jobs) -> Result<Turn, DatabaseError> {
    jobs.refusals.settle(&jobs.database, COUNTED_FOR).await?;
    Ok(Turn::Done)
}
