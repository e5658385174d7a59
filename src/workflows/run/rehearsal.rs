//! What would a verb do to each of these rows, after the ones before it?
//!
//! The verb itself is asked: it is done to each, one after the other, and all of it is undone again. So a preview
//! knows every rule, those of the database among them, without a second copy of any.

use uuid::Uuid;

use super::verb::Verb;
use crate::{
    auth::{actor::Actor, grant::Grant},
    db::{pool::DatabaseError, value::Value, write::Write},
    resource::{
        Column, Resource, Slot,
        record::{Cell, Record},
        store::{self, StoreError},
    },
    workflows::{self, WorkflowError},
};

/// What is kept of a name or a detail.
const LONGEST: usize = 200;

/// A row as it was seen, and what stands in its way.
pub(super) struct Seen {
    pub id: Uuid,
    /// Of what may not change between the preview and the run.
    pub digest: String,
    pub name: Option<String>,
    pub detail: Option<String>,
    pub obstacle: Option<String>,
}

/// # Errors
/// See [`DatabaseError`]; `Busy` where somebody else holds one of the rows.
pub(super) async fn rehearse(write: &Write, actor: &Actor, grant: &Grant, verb: Verb, chosen: &[Uuid]) -> Result<Vec<Seen>, DatabaseError> {
    write.client.batch_execute("SAVEPOINT rehearsal").await?;
    let mut rows = Vec::with_capacity(chosen.len());
    for id in chosen {
        let seen = match store::locked(write, grant, *id).await {
            Ok(record) => Seen {
                id: *id,
                digest: record.version(),
                name: Some(name(&record)),
                detail: Some(detail(&record)),
                obstacle: try_one(write, actor, grant, verb, *id).await?,
            },
            Err(error) => {
                let obstacle = Some(said(error.into(), grant.resource())?);
                Seen { id: *id, digest: String::new(), name: None, detail: None, obstacle }
            }
        };
        rows.push(seen);
    }
    write.client.batch_execute("ROLLBACK TO SAVEPOINT rehearsal").await?;
    Ok(rows)
}

/// What one is refused for; what it did stays until the end of the rehearsal, for those after it.
async fn try_one(write: &Write, actor: &Actor, grant: &Grant, verb: Verb, id: Uuid) -> Result<Option<String>, DatabaseError> {
    if let Some(why) = only_alone(actor, verb, id) {
        return Ok(Some(why.to_owned()));
    }
    write.client.batch_execute("SAVEPOINT one").await?;
    match workflows::act(write, actor, grant, id, None).await {
        Ok(_) => {
            write.client.batch_execute("RELEASE SAVEPOINT one").await?;
            Ok(None)
        }
        Err(refused) => {
            let why = said(refused, grant.resource())?;
            write.client.batch_execute("ROLLBACK TO SAVEPOINT one").await?;
            Ok(Some(why))
        }
    }
}

/// What nobody does to themselves in the middle of a run: the rest of it would have nobody who may.
pub(super) fn only_alone(actor: &Actor, verb: Verb, id: Uuid) -> Option<&'static str> {
    (verb == Verb::Deactivate && id == actor.id)
        .then_some("This is you. Deactivate yourself on your own record, where it says what that means.")
}

/// Why a verb was not done, for whoever selected the row.
///
/// # Errors
/// What is no refusal but a database that failed.
pub(super) fn said(refusal: WorkflowError, resource: &Resource) -> Result<String, DatabaseError> {
    Ok(match refusal {
        WorkflowError::Fields(errors) => errors.into_iter().map(|error| error.message).collect::<Vec<_>>().join(" "),
        WorkflowError::Store(StoreError::Missing) => format!("There is no such {}, or it is not yours.", resource.singular),
        WorkflowError::Store(StoreError::Database(error)) => return Err(error),
        refusal @ (WorkflowError::Taken { .. }
        | WorkflowError::Invalid(_)
        | WorkflowError::Forbidden(_)
        | WorkflowError::Conflict(_)
        | WorkflowError::Stranded(_)
        | WorkflowError::Store(StoreError::Changed(_) | StoreError::NeverDeleted(_) | StoreError::Referred(_))
        | WorkflowError::Random(_)
        | WorkflowError::Cipher) => refusal.to_string(),
    })
}

/// As lists call it: what stands in the place of the title.
fn name(record: &Record) -> String {
    let title = record.fields().find(|(column, _)| column.slot == Some(Slot::Title));
    let words = title.and_then(|(_, cell)| words(cell)).unwrap_or_else(|| record.label());
    words.chars().take(LONGEST).collect()
}

/// What lists put beside the title.
fn detail(record: &Record) -> String {
    let is_beside = |(column, _): &(&'static Column, &Cell)| matches!(column.slot, Some(Slot::Key | Slot::Meta));
    let beside: Vec<String> = record.fields().filter(is_beside).filter_map(|(_, cell)| words(cell)).collect();
    beside.join(" · ").chars().take(LONGEST).collect()
}

/// A value in words, a reference by its label; nothing where there is nothing to read.
fn words(cell: &Cell) -> Option<String> {
    let words = match (&cell.value, &cell.companion) {
        (Value::Null, _) => return None,
        (Value::Uuid(_), Value::Text(label)) => label.clone(),
        (value, _) => value.to_string(),
    };
    Some(words).filter(|words| !words.trim().is_empty())
}
