//! When are the logs' entries sealed?

use std::time::Duration;

use super::{Job, Jobs, Turn};
use crate::{
    audit::seal::sealer::{self, SealError},
    db::{
        absence::{Absence, Why},
        pool::DatabaseError,
    },
};

pub const JOB: Job = Job { name: "seal", first: Duration::from_secs(1), every: Duration::from_secs(1), run: |jobs| Box::pin(turn(jobs)) };

async fn turn(jobs: Jobs) -> Result<Turn, DatabaseError> {
    match sealer::turn(&jobs.database, &jobs.signer).await {
        // A walk that finds nothing goes on a second later: it has an hour.
        Ok(sealer::Turn::Idle | sealer::Turn::Busy | sealer::Turn::Sealed(0)) => Ok(Turn::Done),
        Ok(sealer::Turn::Sealed(_)) => Ok(Turn::More),
        Err(SealError::Database(error)) => Err(error),
        Err(error @ (SealError::Broken(_) | SealError::NotSigned(_))) => Err(DatabaseError::Away(Absence::new(Why::Away, error))),
    }
}
