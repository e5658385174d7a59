//! What becomes of a pending transaction that nobody decided in time?

use std::time::Duration;

use uuid::Uuid;

use super::{Job, Jobs, Turn};
use crate::{
    auth::origin::Origin,
    db::{
        pool::{Database, DatabaseError},
        write::Write,
    },
    workflows::{approval::Refusal, told},
};

pub const JOB: Job = Job { name: "expiry", first: Duration::ZERO, every: Duration::from_secs(60), run: |jobs| Box::pin(turn(jobs)) };

/// A turn takes so many; the next follows at once.
const MOST: i64 = 500;

/// A transfer expires as one, by its source leg. `nexus_expires_at` in other words, so that the index of what is
/// pending answers it; the door asks again.
const DUE: &str = "SELECT t.id FROM transactions t \
     WHERE t.status = 'pending' AND t.created_at <= now() - make_interval(days => (SELECT nexus_expiry_days())) \
       AND NOT EXISTS (SELECT FROM expiry_holds h WHERE h.transaction_id = t.id) \
       AND NOT EXISTS (SELECT FROM transaction_transfers l WHERE l.target_id = t.id) \
     ORDER BY t.created_at, t.id LIMIT $1";

async fn turn(jobs: Jobs) -> Result<Turn, DatabaseError> {
    let expired = expire(&jobs.database).await?;
    // A full turn that let nothing expire would come again and again.
    Ok(if expired == MOST { Turn::More } else { Turn::Done })
}

/// Lets expire what is due, each in a transaction of its own; answers how many that were.
///
/// # Errors
/// See [`DatabaseError`]; what had expired by then stays so.
pub async fn expire(database: &Database) -> Result<i64, DatabaseError> {
    let due = {
        let connection = database.read().await?;
        connection.query(DUE, &[&MOST]).await?
    };
    let mut expired = 0;
    for row in due {
        let write = Write::begin(database, &Origin::job("expiry")).await?;
        if !is_ours(&write).await? {
            return Ok(expired);
        }
        let id: Uuid = row.try_get(0)?;
        match one(&write, id).await {
            Ok(()) => {
                write.commit().await?;
                expired += 1;
            }
            Err(Refusal::Database(error @ DatabaseError::Away(_))) => return Err(error),
            // Decided, edited or locked meanwhile; the others need not wait for it.
            Err(refusal) => tracing::debug!("transaction {id} does not expire yet: {refusal}"),
        }
    }
    Ok(expired)
}

/// Whether no other instance is at it.
async fn is_ours(write: &Write) -> Result<bool, DatabaseError> {
    let row = write.query_one("SELECT pg_try_advisory_xact_lock(hashtextextended('nexus: expiry', 0))", &[]).await?;
    Ok(row.try_get(0)?)
}

async fn one(write: &Write, id: Uuid) -> Result<(), Refusal> {
    let row = write.query_one("SELECT 'Nobody decided it within ' || nexus_expiry_days() || ' days.'", &[]).await?;
    let reason: String = row.try_get(0).map_err(DatabaseError::from)?;
    write.query_one("SELECT nexus_decide($1, 'expire', $2, NULL)", &[&id, &reason]).await?;
    told::expired(write, id, &reason).await?;
    Ok(())
}
