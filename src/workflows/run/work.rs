//! How are the items of a run decided, one after the other, and what if that is cut off?

use std::net::IpAddr;

use tokio_postgres::Row;
use uuid::Uuid;

use super::decision;
use crate::{
    auth::{
        actor::{Actor, Preferences},
        grant::Grant,
        origin::{Channel, Origin, Party},
        policy::{Action, Policy},
        role::Role,
    },
    db::{
        event::event,
        pool::{Database, DatabaseError},
        write::Write,
    },
    resource::Resource,
    workflows::{
        approval::{self, Decided, Decision, Refusal, Standing},
        told,
    },
};

/// How often an item is tried whose rows somebody else holds.
const TRIES: usize = 3;

const RUNNING: &str = "SELECT r.id, r.decider, r.decision, coalesce(r.reason, '') AS reason, r.ip_address, r.user_agent, r.request_id, \
            r.session_id, u.username, u.full_name, u.email, CASE WHEN u.is_active THEN u.role END AS role \
     FROM decision_runs r LEFT JOIN users u ON u.id = r.decider \
     WHERE r.state = 'running' ORDER BY r.started_at";

/// Whoever holds the run decides its next item, so that they come in their order, whatever money one leaves to the
/// next. Whoever falls away lets go of it.
const HOLD: &str = "SELECT FROM decision_runs r WHERE r.id = $1 AND r.state = 'running' FOR NO KEY UPDATE SKIP LOCKED";

/// A statement of its own, behind the lock: it sees what the one before has just decided.
const NEXT: &str = "SELECT i.id, i.transaction_id, i.digest FROM decision_run_items i \
     WHERE i.run_id = $1 AND i.outcome IS NULL ORDER BY i.position LIMIT 1";

const KEEP: &str =
    "UPDATE decision_run_items SET outcome = $2, message = $3, approval_id = $4, decided_at = clock_timestamp() WHERE id = $1";

const FINISH: &str = "UPDATE decision_runs r SET state = 'finished', finished_at = clock_timestamp() \
     WHERE r.id = $1 AND r.state = 'running' \
       AND NOT EXISTS (SELECT FROM decision_run_items i WHERE i.run_id = r.id AND i.outcome IS NULL)";

/// A run on its way, and whoever ordered it.
struct Order {
    run: Uuid,
    decision: Decision,
    reason: String,
    origin: Origin,
    /// As the decider's role is now: who has lost the right decides nothing more.
    grant: Option<Grant>,
}

/// Decides what is left of every run on its way. What another instance is at is left to it.
///
/// # Errors
/// See [`DatabaseError`]: the rest is for the next time.
pub async fn work(database: &Database, policy: Policy, transactions: &'static Resource) -> Result<(), DatabaseError> {
    let rows = {
        let connection = database.read().await?;
        connection.query(RUNNING, &[]).await?
    };
    for row in rows {
        let order = order(&row, policy, transactions)?;
        while one(database, &order).await? {}
        let write = Write::begin(database, &order.origin).await?;
        if write.execute(FINISH, &[&order.run]).await? == 1 {
            told::decided_together(&write, order.run).await?;
        }
        write.commit().await?;
    }
    Ok(())
}

fn order(row: &Row, policy: Policy, transactions: &'static Resource) -> Result<Order, tokio_postgres::Error> {
    let decider: Uuid = row.try_get("decider")?;
    let text = |column: &str| row.try_get::<_, Option<String>>(column).map(Option::unwrap_or_default);
    let role = row.try_get::<_, Option<&str>>("role")?.and_then(Role::named);
    let session: Option<Uuid> = row.try_get("session_id")?;
    let actor = Actor::new(
        decider,
        text("username")?,
        text("full_name")?,
        text("email")?,
        role,
        session.unwrap_or_default(),
        Preferences::default(),
        policy,
    );
    Ok(Order {
        run: row.try_get("id")?,
        decision: decision(row.try_get("decision")?),
        reason: row.try_get("reason")?,
        origin: Origin {
            party: Party::User(decider),
            channel: Channel::Console,
            ip: row.try_get::<_, Option<IpAddr>>("ip_address")?,
            agent: row.try_get("user_agent")?,
            request: row.try_get("request_id")?,
            session,
        },
        grant: actor.authorize(Action::Decide, transactions).ok(),
    })
}

/// What came of an item.
struct Outcome {
    name: &'static str,
    message: Option<String>,
    approval: Option<Uuid>,
}

/// Decides the next item; whether there was one, and nobody else is at the run. The decision and what came of it are kept together or not at all.
async fn one(database: &Database, order: &Order) -> Result<bool, DatabaseError> {
    let write = Write::begin(database, &order.origin).await?;
    if write.query_opt(HOLD, &[&order.run]).await?.is_none() {
        return Ok(false);
    }
    let Some(item) = write.query_opt(NEXT, &[&order.run]).await? else { return Ok(false) };
    let (id, transaction, digest): (Uuid, Uuid, String) = (item.try_get(0)?, item.try_get(1)?, item.try_get(2)?);
    let outcome = match decide(&write, order, transaction, &digest).await {
        Ok(Decided { approval, standing }) => decided(approval, standing),
        Err(Refusal::Database(error @ DatabaseError::Away(_))) => return Err(error),
        Err(refusal) => {
            if refusal.is_an_attempt() {
                let attempt = order.decision.name();
                let details = serde_json::json!({ "transaction": transaction.to_string(), "attempt": attempt, "refused": refusal.name() });
                event(&write, "decision_refused", &details).await?;
            }
            Outcome { name: "refused", message: Some(words(&refusal, transaction)), approval: None }
        }
    };
    write.execute(KEEP, &[&id, &outcome.name, &outcome.message, &outcome.approval]).await?;
    write.commit().await?;
    Ok(true)
}

fn decided(approval: Uuid, standing: Standing) -> Outcome {
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

/// A refusal is undone alone, so that what came of the item can still be written down.
async fn decide(write: &Write, order: &Order, transaction: Uuid, digest: &str) -> Result<Decided, Refusal> {
    let Some(grant) = &order.grant else {
        return Err(Refusal::NotYours("Only an active administrator or manager decides."));
    };
    let mut tried = 0;
    loop {
        write.savepoint("SAVEPOINT item").await?;
        let refusal = match approval::decide(write, grant, transaction, order.decision, &order.reason, digest).await {
            Ok(decided) => return Ok(decided),
            Err(refusal) => refusal,
        };
        write.savepoint("ROLLBACK TO SAVEPOINT item").await?;
        tried += 1;
        let is_passing = matches!(refusal, Refusal::Database(DatabaseError::Busy | DatabaseError::TooSlow));
        if !is_passing || tried == TRIES {
            return Err(refusal);
        }
    }
}

fn words(refusal: &Refusal, transaction: Uuid) -> String {
    match refusal {
        Refusal::Database(DatabaseError::Busy | DatabaseError::TooSlow) => {
            "Somebody else was at it for too long. Nothing was decided; try it again.".to_owned()
        }
        Refusal::Database(error) => {
            tracing::error!("transaction {transaction} could not be decided in a run: {error:?}");
            "The database refused it. Nothing was decided; the console's log says why.".to_owned()
        }
        Refusal::Missing
        | Refusal::NotYours(_)
        | Refusal::DecidedByYou
        | Refusal::Decided
        | Refusal::Expired
        | Refusal::Changed
        | Refusal::Withheld(_)
        | Refusal::TooLittleMoney(_)
        | Refusal::Words(_)
        | Refusal::Forged => refusal.to_string(),
    }
}
