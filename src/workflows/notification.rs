//! Whom does a notification go to, and who has read it?

use uuid::Uuid;

use super::{Changes, Done, WorkflowError, asked, made};
use crate::{
    auth::{actor::Actor, grant::Grant},
    db::{value::Value, write::Write},
    resource::store,
};

/// Sends to one user, or to everybody active, with a role or without. The record of the form's own id is
/// the first receiver's.
///
/// # Errors
/// The field `user_id` or `role` where nobody is chosen, or nobody active is there.
pub(super) async fn send(write: &Write, grant: &Grant, id: Uuid, changes: Changes<'_>) -> Result<Done, WorkflowError> {
    let to = asked(changes, "to").and_then(Value::as_text);
    let role = asked(changes, "role").and_then(Value::as_text);
    match (to, role) {
        (None | Some("one"), _) => {
            if asked(changes, "user_id").is_none() {
                return Err(WorkflowError::field("user_id", "Choose the user it goes to."));
            }
            let row: Vec<_> = changes.iter().filter(|(column, _)| column.is_stored()).cloned().collect();
            store::insert(write, grant, id, &row).await?;
            Ok(Done::saying(id, made(grant.resource())))
        }
        (Some("role"), None) => Err(WorkflowError::field("role", "Choose the role it goes to.")),
        (Some("role"), Some(_)) => several(write, id, changes, role).await,
        (Some(_), _) => several(write, id, changes, None).await,
    }
}

async fn several(write: &Write, id: Uuid, changes: Changes<'_>, role: Option<&str>) -> Result<Done, WorkflowError> {
    if asked(changes, "user_id").is_some() {
        return Err(WorkflowError::field("user_id", "Leave this empty, or send it to one user."));
    }
    let value = |name| asked(changes, name).unwrap_or(&Value::Null);
    let sent = write
        .execute(
            "INSERT INTO notifications (id, user_id, title, message, notification_type, is_urgent, expires_at) \
             SELECT CASE WHEN row_number() OVER (ORDER BY u.username, u.id) = 1 THEN $1 ELSE public.nexus_uuid7() END, \
                    u.id, $2, $3, $4, coalesce($5, false), $6 \
             FROM users u WHERE u.is_active IS NOT FALSE AND ($7::text IS NULL OR u.role = $7)",
            &[&id, value("title"), value("message"), value("notification_type"), value("is_urgent"), value("expires_at"), &role],
        )
        .await?;
    match sent {
        0 => Err(WorkflowError::field("role", "Nobody active has this role.")),
        1 => Ok(Done::saying(id, "Sent the notification to 1 user.")),
        _ => Ok(Done::saying(id, format!("Sent the notification to {sent} users."))),
    }
}

/// # Errors
/// `Forbidden` to everybody but its reader, administrators included: it would say that they have read it.
pub(super) async fn mark_read(write: &Write, actor: &Actor, grant: &Grant, id: Uuid) -> Result<Done, WorkflowError> {
    let notification = store::locked(write, grant, id).await?;
    if notification.value("user_id").as_uuid() != Some(actor.id) {
        return Err(WorkflowError::Forbidden("Only whoever a notification is for marks it read.".to_owned()));
    }
    if notification.value("is_read") != &Value::Bool(true) {
        write.execute("UPDATE notifications SET is_read = true WHERE id = $1", &[&id]).await?;
    }
    Ok(Done::saying(id, "Marked the notification read."))
}
