//! Who looks whether the balances fit their entries, when nobody asks?

use std::time::Duration;

use super::{Job, Jobs, Turn};
use crate::{
    db::pool::DatabaseError,
    operations::ledger::{CheckError, check_changed},
};

pub const JOB: Job = Job { name: "ledger", every: Duration::from_secs(600), run: |jobs| Box::pin(turn(jobs)) };

async fn turn(jobs: Jobs) -> Result<Turn, DatabaseError> {
    match check_changed(&jobs.database).await {
        Ok(checked) => {
            for account in &checked.found {
                tracing::warn!("the balance of account {account} is not what its entries say: it is frozen");
            }
            Ok(Turn::Done)
        }
        // Another instance is at it.
        Err(CheckError::Running) => Ok(Turn::Done),
        Err(CheckError::TooSlow) => Err(DatabaseError::TooSlow),
        Err(CheckError::Database(error)) => Err(error),
        Err(error @ (CheckError::NotYours | CheckError::Sums(_))) => {
            tracing::error!("the ledger cannot be checked: {error}");
            Ok(Turn::Done)
        }
    }
}
