//! Was this very form sent before, and what did it come to?

use uuid::Uuid;

use super::{Changes, Done, WorkflowError};
use crate::{
    auth::{actor::Actor, grant::Grant},
    db::{
        pool::DatabaseError,
        value::{Number, Value},
        write::Write,
    },
    resource::{
        Kind,
        record::Record,
        store::{self, StoreError},
    },
};

/// What the first sending of a creation form made: a second one makes nothing, and hears the same answer.
///
/// # Errors
/// `Invalid` where the id stands for something else.
pub(super) async fn earlier(
    write: &Write,
    actor: &Actor,
    grant: &Grant,
    id: Uuid,
    changes: Changes<'_>,
) -> Result<Option<Done>, WorkflowError> {
    hold(write, id).await?;
    let record = match store::record(write, grant, id).await {
        Ok(record) => record,
        Err(StoreError::Missing) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let by_actor = match record.value("created_by") {
        Value::Uuid(maker) => *maker == actor.id,
        Value::Text(maker) => *maker == actor.username,
        _ => false,
    };
    if !by_actor || !says_the_same(&record, changes) {
        return Err(used());
    }
    let singular = record.resource.singular;
    let message = match record.resource.table {
        "api_keys" => "This API key was issued already, and shown then. If nobody wrote it down, rotate it.".to_owned(),
        "users" => "This user was made already, and the password link shown then. If nobody kept it, make a new link.".to_owned(),
        _ => format!("Made the {singular}."),
    };
    Ok(Some(Done::saying(id, message)))
}

/// Two forms of one id that come at once: the second waits here, and then finds what the first has made.
///
/// # Errors
/// See [`DatabaseError`].
pub(super) async fn hold(write: &Write, id: Uuid) -> Result<(), DatabaseError> {
    write.execute("SELECT pg_advisory_xact_lock(hashtextextended('nexus: create ' || $1, 0))", &[&id.to_string()]).await?;
    Ok(())
}

pub(super) fn used() -> WorkflowError {
    WorkflowError::Invalid("This form was used for another record already. Open a new one.".to_owned())
}

fn says_the_same(record: &Record, changes: Changes<'_>) -> bool {
    changes.iter().all(|(column, asked)| match (column.kind, record.value(column.name), asked) {
        _ if !column.is_stored() => true,
        (Kind::Secret, _, _) | (Kind::SecretWhen(_), Value::Null, _) => true,
        (_, Value::Json(kept), Value::Json(typed)) => {
            let parsed = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
            parsed(kept) == parsed(typed)
        }
        (_, Value::Number(Number::Decimal(kept)), Value::Number(Number::Decimal(typed))) => kept == typed,
        (_, kept, typed) => kept == typed,
    })
}
