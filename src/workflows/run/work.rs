//! How are the items of a run worked through, one after the other, and what if that is cut off?

use std::net::IpAddr;

use tokio_postgres::Row;
use uuid::Uuid;

use super::{rehearsal::said, verb::Verb};
use crate::{
    auth::{
        actor::{Actor, Preferences},
        grant::Grant,
        origin::{Channel, Origin, Party},
        policy::Policy,
        role::Role,
    },
    db::{
        event::{Outcome as Ending, event},
        pool::{Database, DatabaseError},
        write::Write,
    },
    resource::{
        Registry, Resource,
        store::{self, StoreError},
    },
    workflows::{
        self, WorkflowError,
        approval::{self, Decided, Refusal, Standing},
        told,
    },
};

/// How often an item is tried whose rows somebody else holds.
const TRIES: usize = 3;

const RUNNING: &str = "SELECT r.id, r.decider, r.subject, r.decision, coalesce(r.reason, '') AS reason, r.ip_address, r.user_agent, \
            r.request_id, r.session_id \
     FROM decision_runs r WHERE r.state = 'running' ORDER BY r.started_at";

/// Nobody takes the right away while an item is done with it: of two who deactivate each other the second one is
/// nobody any more.
const DECIDER: &str = "SELECT u.username, u.full_name, u.email, u.role FROM users u WHERE u.id = $1 AND u.is_active FOR SHARE";

/// Whoever holds the run does its next item, so that they come in their order, whatever money one leaves to the
/// next. Whoever falls away lets go of it.
const HOLD: &str = "SELECT FROM decision_runs r WHERE r.id = $1 AND r.state = 'running' FOR NO KEY UPDATE SKIP LOCKED";

/// A statement of its own, behind the lock: it sees what the one before has just decided.
const NEXT: &str = "SELECT i.id, i.record_id, i.digest FROM decision_run_items i \
     WHERE i.run_id = $1 AND i.outcome IS NULL ORDER BY i.position LIMIT 1";

const KEEP: &str =
    "UPDATE decision_run_items SET outcome = $2, message = $3, approval_id = $4, decided_at = clock_timestamp() WHERE id = $1";

const FINISH: &str = "UPDATE decision_runs r SET state = 'finished', finished_at = clock_timestamp() \
     WHERE r.id = $1 AND r.state = 'running' \
       AND NOT EXISTS (SELECT FROM decision_run_items i WHERE i.run_id = r.id AND i.outcome IS NULL)";

/// A run on its way, and whoever ordered it.
struct Order {
    run: Uuid,
    decider: Uuid,
    verb: Verb,
    resource: &'static Resource,
    reason: String,
    origin: Origin,
    policy: Policy,
}

/// Does what is left of every run on its way. What another instance is at is left to it.
///
/// # Errors
/// See [`DatabaseError`]: the rest is for the next time.
pub async fn work(database: &Database, policy: Policy, registry: &Registry) -> Result<(), DatabaseError> {
    let rows = {
        let connection = database.read().await?;
        connection.query(RUNNING, &[]).await?
    };
    for row in rows {
        let Some(order) = order(&row, policy, registry)? else { continue };
        while one(database, &order).await? {}
        let write = Write::begin(database, &order.origin).await?;
        if write.execute(FINISH, &[&order.run]).await? == 1 && order.verb.decision().is_some() {
            told::decided_together(&write, order.run).await?;
        }
        write.commit().await?;
    }
    Ok(())
}

/// `None` for what only a newer console knows.
fn order(row: &Row, policy: Policy, registry: &Registry) -> Result<Option<Order>, tokio_postgres::Error> {
    let decider: Uuid = row.try_get("decider")?;
    let (Some(resource), Some(verb)) = (registry.find(row.try_get("subject")?), Verb::named(row.try_get("decision")?)) else {
        return Ok(None);
    };
    Ok(Some(Order {
        run: row.try_get("id")?,
        decider,
        verb,
        resource,
        reason: row.try_get("reason")?,
        origin: Origin {
            party: Party::User(decider),
            channel: Channel::Console,
            ip: row.try_get::<_, Option<IpAddr>>("ip_address")?,
            agent: row.try_get("user_agent")?,
            request: row.try_get("request_id")?,
            session: row.try_get("session_id")?,
        },
        policy,
    }))
}

struct Item {
    id: Uuid,
    record: Uuid,
    digest: String,
}

/// What came of an item.
struct Outcome {
    name: &'static str,
    message: Option<String>,
    approval: Option<Uuid>,
}

/// Why an item was not done.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(transparent)]
    Decision(#[from] Refusal),
    #[error(transparent)]
    Verb(#[from] WorkflowError),
}

impl Refused {
    fn database(&self) -> Option<&DatabaseError> {
        match self {
            Refused::Decision(Refusal::Database(error)) | Refused::Verb(WorkflowError::Store(StoreError::Database(error))) => Some(error),
            Refused::Decision(_) | Refused::Verb(_) => None,
        }
    }
}

impl From<DatabaseError> for Refused {
    fn from(error: DatabaseError) -> Refused {
        Refused::Decision(Refusal::Database(error))
    }
}

/// Does the next item; whether there was one, and nobody else is at the run. What was done and what came of it are kept together or not at all.
async fn one(database: &Database, order: &Order) -> Result<bool, DatabaseError> {
    let write = Write::begin(database, &order.origin).await?;
    if write.query_opt(HOLD, &[&order.run]).await?.is_none() {
        return Ok(false);
    }
    let Some(row) = write.query_opt(NEXT, &[&order.run]).await? else { return Ok(false) };
    let item = Item { id: row.try_get(0)?, record: row.try_get(1)?, digest: row.try_get(2)? };
    let outcome = match tried(&write, order, &item).await {
        Ok(outcome) => outcome,
        Err(Refused::Decision(Refusal::Database(error @ DatabaseError::Away(_)))) => return Err(error),
        Err(Refused::Verb(WorkflowError::Store(StoreError::Database(error @ DatabaseError::Away(_))))) => return Err(error),
        Err(refused) => {
            if let (Refused::Decision(refusal), Some(decision)) = (&refused, order.verb.decision())
                && refusal.is_an_attempt()
            {
                let transaction = item.record.to_string();
                let details = serde_json::json!({ "transaction": transaction, "attempt": decision.name(), "refused": refusal.name() });
                write.outcome(Ending::Refused).await?;
                event(&write, "decision_refused", &details).await?;
                write.outcome(Ending::Ok).await?;
            }
            Outcome { name: "refused", message: Some(words(refused, order.resource, item.record)), approval: None }
        }
    };
    write.execute(KEEP, &[&item.id, &outcome.name, &outcome.message, &outcome.approval]).await?;
    write.commit().await?;
    Ok(true)
}

/// A refusal is undone alone, so that what came of the item can still be written down.
async fn tried(write: &Write, order: &Order, item: &Item) -> Result<Outcome, Refused> {
    let mut tried = 0;
    loop {
        write.savepoint("SAVEPOINT item").await?;
        let refused = match attempt(write, order, item).await {
            Ok(outcome) => return Ok(outcome),
            Err(refused) => refused,
        };
        write.savepoint("ROLLBACK TO SAVEPOINT item").await?;
        tried += 1;
        let is_passing = matches!(refused.database(), Some(DatabaseError::Busy | DatabaseError::TooSlow));
        if !is_passing || tried == TRIES {
            return Err(refused);
        }
    }
}

/// As the decider's role is now: who has lost the right does nothing more.
async fn attempt(write: &Write, order: &Order, item: &Item) -> Result<Outcome, Refused> {
    let permitted = permitted(write, order).await?;
    match order.verb.decision() {
        Some(decision) => {
            let (_, grant) = permitted.ok_or(Refusal::NotYours("Only an active administrator or manager decides."))?;
            let decided = approval::decide(write, &grant, item.record, decision, &order.reason, &item.digest).await?;
            Ok(decision_outcome(decided))
        }
        None => {
            let gone = || WorkflowError::Forbidden("Whoever ordered this may not do it any more.".to_owned());
            let (actor, grant) = permitted.ok_or_else(gone)?;
            Ok(act(write, &actor, &grant, item).await?)
        }
    }
}

async fn permitted(write: &Write, order: &Order) -> Result<Option<(Actor, Grant)>, DatabaseError> {
    let Some(row) = write.query_opt(DECIDER, &[&order.decider]).await? else { return Ok(None) };
    let actor = Actor::new(
        order.decider,
        row.try_get(0)?,
        row.try_get(1)?,
        row.try_get(2)?,
        row.try_get::<_, Option<&str>>(3)?.and_then(Role::named),
        order.origin.session.unwrap_or_default(),
        Preferences::default(),
        order.policy,
    );
    let grant = actor.authorize(order.verb.action(), order.resource).ok();
    Ok(grant.map(|grant| (actor, grant)))
}

/// What does the same to one row alone, to a row that still is what somebody looked at.
async fn act(write: &Write, actor: &Actor, grant: &Grant, item: &Item) -> Result<Outcome, WorkflowError> {
    let is_as_seen = store::locked(write, grant, item.record).await?.version() == item.digest;
    // Its own refusal says more than that something has changed.
    let done = workflows::act(write, actor, grant, item.record, None).await?;
    if !is_as_seen {
        return Err(WorkflowError::Conflict("It has changed since you looked at it. Look at it again, and select it anew.".to_owned()));
    }
    Ok(Outcome { name: "done", message: Some(done.message), approval: None })
}

fn decision_outcome(Decided { approval, standing }: Decided) -> Outcome {
    let approval = Some(approval);
    match standing {
        Standing::Posted => Outcome { name: "posted", message: None, approval },
        Standing::Approved { so_far, needed } => Outcome {
            name: "approved",
            message: Some(format!("Approval {so_far} of {needed}: somebody else has to approve it too.")),
            approval,
        },
        Standing::Rejected => Outcome { name: "rejected", message: None, approval },
    }
}

fn words(refused: Refused, resource: &Resource, record: Uuid) -> String {
    let said = match refused {
        Refused::Decision(Refusal::Database(error)) => Err(error),
        Refused::Decision(refusal) => Ok(refusal.to_string()),
        Refused::Verb(refusal) => said(refusal, resource),
    };
    match said {
        Ok(words) => words,
        Err(DatabaseError::Busy | DatabaseError::TooSlow) => {
            "Somebody else was at it for too long. Nothing was done to it; try it again.".to_owned()
        }
        Err(error) => {
            tracing::error!("{} {record} could not be worked on in a run: {error:?}", resource.table);
            "The database refused it. Nothing was done to it; the console's log says why.".to_owned()
        }
    }
}
