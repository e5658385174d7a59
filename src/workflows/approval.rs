//! What happens when I press Approve?

pub mod item;
mod obstacle;
pub mod queue;
mod refusal;
mod rule;
pub mod statement;

use uuid::Uuid;

pub use obstacle::Obstacle;
pub use refusal::{Refusal, Shortage};
pub use rule::{Rule, Tier, rule};

use crate::db::event::{Outcome, event};
use crate::{
    auth::{grant::Grant, origin::Origin, policy::Action},
    db::{
        pool::{Connection, Database, DatabaseError},
        write::Write,
    },
};

/// What somebody says to a pending transaction, or to both legs of a pending transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    Approve,
    Reject,
}

impl Decision {
    pub const fn name(self) -> &'static str {
        match self {
            Decision::Approve => "approve",
            Decision::Reject => "reject",
        }
    }
}

/// How it stands after a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Enough people approved it: the money has moved.
    Posted,
    /// It needs somebody else as well.
    Approved {
        so_far: i64,
        needed: i32,
    },
    Rejected,
}

/// A decision as the door recorded it.
#[derive(Debug, Clone, Copy)]
pub struct Decided {
    /// The row of `transaction_approvals`.
    pub approval: Uuid,
    pub standing: Standing,
}

/// The canonical bytes of what a decision is about, and their digest: what a decider has in front of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub statement: String,
    /// SHA-256 of the statement, in hex.
    pub digest: String,
}

/// What whoever decides now would decide on.
///
/// # Errors
/// See [`DatabaseError`]; `None` where there is no such transaction.
pub async fn seen(connection: &Connection, transaction: Uuid) -> Result<Option<Seen>, DatabaseError> {
    let row = connection
        .query_one(
            "SELECT s.statement, public.nexus_digest(s.statement) FROM (SELECT public.nexus_approval_statement($1) AS statement) AS s",
            &[&transaction],
        )
        .await?;
    let (statement, digest): (Option<String>, Option<String>) = (row.try_get(0)?, row.try_get(1)?);
    Ok(statement.zip(digest).map(|(statement, digest)| Seen { statement, digest }))
}

/// Decides, through the door. `digest` is of what the decider saw.
///
/// # Errors
/// See [`Refusal`]; nothing is kept unless the caller commits.
pub async fn decide(
    write: &Write,
    grant: &Grant,
    transaction: Uuid,
    decision: Decision,
    reason: &str,
    digest: &str,
) -> Result<Decided, Refusal> {
    expect(grant)?;
    refusal::well_formed(reason, digest)?;
    let approval: Uuid = write
        .query_one("SELECT public.nexus_decide($1, $2, $3, $4)", &[&transaction, &decision.name(), &reason, &digest])
        .await?
        .try_get(0)
        .map_err(DatabaseError::from)?;
    let standing = match decision {
        Decision::Reject => Standing::Rejected,
        Decision::Approve => standing(write, transaction, digest).await?,
    };
    Ok(Decided { approval, standing })
}

async fn standing(write: &Write, transaction: Uuid, digest: &str) -> Result<Standing, DatabaseError> {
    let row = write
        .query_one(
            "SELECT t.status, (SELECT count(*) FROM public.nexus_approvers(t.id, $2)), \
                    public.nexus_approvers_needed(public.nexus_approval_tiers(), a.currency, t.amount) \
               FROM public.transactions t JOIN public.accounts a ON a.id = t.account_id WHERE t.id = $1",
            &[&transaction, &digest],
        )
        .await?;
    let (status, so_far, needed): (Option<String>, i64, i32) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    Ok(if status.as_deref() == Some("completed") { Standing::Posted } else { Standing::Approved { so_far, needed } })
}

/// Asks whoever made it. Until that is answered, or the transaction edited, it cannot be approved.
///
/// # Errors
/// See [`Refusal`].
pub async fn ask(write: &Write, grant: &Grant, transaction: Uuid, question: &str, digest: &str) -> Result<Uuid, Refusal> {
    expect(grant)?;
    refusal::well_formed(question, digest)?;
    let row = write.query_one("SELECT public.nexus_ask($1, $2, $3)", &[&transaction, &question, &digest]).await?;
    Ok(row.try_get(0).map_err(DatabaseError::from)?)
}

/// Answers the open question. The door lets only the maker and the last editor in, so there is no grant to show.
///
/// # Errors
/// See [`Refusal`].
pub async fn answer(write: &Write, transaction: Uuid, answer: &str) -> Result<Uuid, Refusal> {
    refusal::is_text(answer)?;
    let row = write.query_one("SELECT public.nexus_answer($1, $2)", &[&transaction, &answer]).await?;
    Ok(row.try_get(0).map_err(DatabaseError::from)?)
}

/// Writes down that somebody tried and was refused: in a transaction of its own, because theirs is gone.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn record_refusal(
    database: &Database,
    origin: &Origin,
    transaction: Uuid,
    attempt: &str,
    refusal: &Refusal,
) -> Result<(), DatabaseError> {
    let write = Write::begin(database, origin).await?;
    let details = serde_json::json!({ "transaction": transaction.to_string(), "attempt": attempt, "refused": refusal.name() });
    write.outcome(Outcome::Refused).await?;
    event(&write, "decision_refused", &details).await?;
    write.commit().await
}

fn expect(grant: &Grant) -> Result<(), Refusal> {
    if grant.resource().table == "transactions" && grant.action() == Action::Decide {
        return Ok(());
    }
    Err(Refusal::NotYours("Permission for something else is none to decide."))
}
