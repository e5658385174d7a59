//! How does a user begin, change role, and stop?

use uuid::Uuid;

use super::{Changes, Done, ShownOnce, WorkflowError, api_key, asked};
use crate::{
    auth::{
        grant::Grant,
        one_time_link,
        revocation::{self, Why},
    },
    db::{
        pool::{Connection, DatabaseError},
        value::Value,
        write::Write,
    },
    resource::store::{self, StoreError},
};

/// Is no hash of any password, so that nothing verifies against it.
const NO_PASSWORD: &str = "!none";

const LAST_ADMINISTRATOR: &str = "NX002";

/// # Errors
/// See [`WorkflowError`].
pub(super) async fn create(write: &Write, grant: &Grant, id: Uuid, changes: Changes<'_>) -> Result<Done, WorkflowError> {
    let mut row = changes.to_vec();
    row.extend(grant.resource().column("password_hash").map(|column| (column, Value::Text(NO_PASSWORD.to_owned()))));
    store::insert(write, grant, id, &row).await?;
    let link = one_time_link::make(write, id).await?;
    let name = asked(changes, "full_name").and_then(Value::as_text).unwrap_or("the user");
    let message = format!("Made {name}. They choose their password by this link, once and within {} hours.", one_time_link::HOURS);
    Ok(Done::saying(id, message).showing(ShownOnce::PasswordLink(link.path())))
}

/// # Errors
/// The field `role` where the last administrator would go.
pub(super) async fn edit(write: &Write, grant: &Grant, id: Uuid, version: &str, changes: Changes<'_>) -> Result<(), WorkflowError> {
    match store::update(write, grant, id, version, changes).await {
        Err(StoreError::Database(DatabaseError::Refused(objection))) if objection.code == LAST_ADMINISTRATOR => {
            let column = if asked(changes, "role").is_some() { "role" } else { "is_active" };
            Err(WorkflowError::field(column, "This is the last active administrator. Make somebody else an administrator first."))
        }
        saved => Ok(saved?),
    }
}

/// What a deactivation ends, and what it leaves without anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Consequences {
    pub sessions: i64,
    pub keys: i64,
    pub accounts: i64,
    pub pending: i64,
}

/// Counts before anybody is asked to confirm; of several users together.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn consequences(connection: &Connection, ids: &[Uuid]) -> Result<Consequences, DatabaseError> {
    let row = connection
        .query_one(
            "SELECT (SELECT count(*) FROM user_sessions s \
                      WHERE s.user_id = ANY ($1) AND s.is_active IS NOT FALSE AND s.expires_at > now()), \
             (SELECT count(*) FROM api_keys k WHERE k.user_id = ANY ($1) AND k.is_active IS NOT FALSE), \
             (SELECT count(*) FROM accounts a WHERE a.user_id = ANY ($1)), \
             (SELECT count(*) FROM transactions t WHERE t.created_by = ANY ($1) AND t.status = 'pending')",
            &[&ids],
        )
        .await?;
    Ok(Consequences { sessions: row.try_get(0)?, keys: row.try_get(1)?, accounts: row.try_get(2)?, pending: row.try_get(3)? })
}

/// Ends the user's sessions, keys and open password links with them.
///
/// # Errors
/// `Conflict` where the user is inactive already, `Invalid` for the last administrator.
pub(super) async fn deactivate(write: &Write, grant: &Grant, id: Uuid) -> Result<Done, WorkflowError> {
    let user = store::locked(write, grant, id).await?;
    if user.value("is_active") == &Value::Bool(false) {
        return Err(WorkflowError::Conflict(format!("{} is inactive already.", user.label())));
    }
    write.execute("UPDATE users SET is_active = false WHERE id = $1", &[&id]).await?;
    let sessions = revocation::all_but(write, id, None, Why::Deactivated).await?;
    let keys = api_key::stop_all(write, id).await?;
    write
        .execute("UPDATE one_time_links SET expires_at = now() WHERE user_id = $1 AND used_at IS NULL AND expires_at > now()", &[&id])
        .await?;
    let counted = |count: u64, one: &str, many: &str| if count == 1 { format!("1 {one}") } else { format!("{count} {many}") };
    let message = format!(
        "Deactivated {}: {} and {} ended.",
        user.label(),
        counted(sessions, "session", "sessions"),
        counted(keys as u64, "API key", "API keys")
    );
    Ok(Done::saying(id, message))
}

/// # Errors
/// `Conflict` for somebody who cannot log in anyway.
pub(super) async fn password_link(write: &Write, grant: &Grant, id: Uuid) -> Result<Done, WorkflowError> {
    let user = store::locked(write, grant, id).await?;
    if user.value("is_active") != &Value::Bool(true) {
        return Err(WorkflowError::Conflict(format!("{} is not active, so a password would not let them in.", user.label())));
    }
    let link = one_time_link::make(write, id).await?;
    let message = format!("This link lets {} choose a password, once and within {} hours.", user.label(), one_time_link::HOURS);
    Ok(Done::saying(id, message).showing(ShownOnce::PasswordLink(link.path())))
}
