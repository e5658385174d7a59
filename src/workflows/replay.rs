//! Was this very form sent before, and what did it come to?

use uuid::Uuid;

use super::{Changes, Done, WorkflowError};
use crate::{
    audit::creation::{self, Creation, Given},
    auth::{actor::Actor, grant::Grant},
    db::{pool::DatabaseError, value::Value, write::Write},
    resource::{
        Column, Kind, Resource,
        column::Input,
        record::Record,
        store::{self, StoreError},
    },
};

/// What the first sending of a creation form came to: a second one makes nothing, and hears the same answer,
/// whatever has become of the record since.
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
    let resource = grant.resource();
    let entry = creation::creation(write, resource, id).await?;
    let record = match store::record(write, grant, id).await {
        Ok(record) => Some(record),
        Err(StoreError::Missing) => None,
        Err(error) => return Err(error.into()),
    };
    let first = First { entry, record };
    let Some(maker) = first.maker(actor) else {
        return Ok(None);
    };
    if maker == Maker::Another || !first.was_given(write, actor, resource, changes).await? {
        return Err(used());
    }
    let message = match resource.table {
        "api_keys" => "This API key was issued already, and shown then. If nobody wrote it down, rotate it.".to_owned(),
        "users" => "This user was made already, and the password link shown then. If nobody kept it, make a new link.".to_owned(),
        _ => format!("Made the {}.", resource.singular),
    };
    Ok(Some(Done::saying(id, message)))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Maker {
    Actor,
    Another,
}

/// What is known of the first sending: the log's entry, which nothing changes, before the record, which may be
/// another by now, or gone.
struct First {
    entry: Option<Creation>,
    record: Option<Record>,
}

impl First {
    /// `None` where nothing was made with this id.
    fn maker(&self, actor: &Actor) -> Option<Maker> {
        let is_actor = match (&self.entry, &self.record) {
            (Some(entry), _) => entry.is_by(actor.id),
            (None, Some(record)) => match record.value("created_by") {
                Value::Uuid(maker) => *maker == actor.id,
                Value::Text(maker) => *maker == actor.username,
                _ => false,
            },
            (None, None) => return None,
        };
        Some(if is_actor { Maker::Actor } else { Maker::Another })
    }

    fn given(&self, column: &Column) -> Given {
        match (&self.entry, &self.record) {
            (Some(entry), _) => entry.given(column),
            (None, Some(record)) => match (column.kind, record.value(column.name)) {
                (Kind::Secret, _) | (Kind::SecretWhen(_), Value::Null) => Given::Untold,
                (_, value) => Given::Told(value.clone()),
            },
            (None, None) => Given::Untold,
        }
    }

    /// Whether every field of the form says what it said then. Of a secret nobody can tell.
    async fn was_given(&self, write: &Write, actor: &Actor, resource: &Resource, changes: Changes<'_>) -> Result<bool, DatabaseError> {
        let columns = resource.columns.iter().filter(|column| column.on_create != Input::Never && column.is_stored());
        for column in columns {
            let asked = changes.iter().find(|(changed, _)| changed.name == column.name).map(|(_, value)| value);
            let is_same = match (self.given(column), asked) {
                (Given::Untold, _) => true,
                (Given::Told(Value::Json(given)), Some(Value::Json(asked))) => same_document(write, &given, asked).await?,
                (Given::Told(given), Some(asked)) => given == *asked,
                (Given::Told(Value::Uuid(chosen)), None) => chosen == actor.id || was_chosen_by_answer(changes),
                // A time left empty is the one it was made at.
                (Given::Told(given @ Value::Time(_)), None) => {
                    resource.column("created_at").is_some_and(|column| self.given(column) == Given::Told(given))
                }
                // Whatever else has a default is required, so what was left empty is empty.
                (Given::Told(given), None) => given.is_null(),
            };
            if !is_same {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Whether the form asks for its references by a question, such as whom a notification goes to.
fn was_chosen_by_answer(changes: Changes<'_>) -> bool {
    changes.iter().any(|(column, _)| !column.is_stored())
}

/// The database's own idea of equal: spaces, the order of members and 1e2 for 100 are no difference.
async fn same_document(write: &Write, given: &str, asked: &str) -> Result<bool, DatabaseError> {
    let documents = [given, asked].map(|text| Value::Json(text.to_owned()));
    Ok(write.query_one("SELECT $1::jsonb = $2::jsonb", &[&documents[0], &documents[1]]).await?.try_get(0)?)
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
