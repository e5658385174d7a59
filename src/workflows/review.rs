//! How does an auditor say what an entry is worth, and how far the log was read?

use std::collections::HashSet;

use serde_json::json;
use uuid::Uuid;

use super::{WorkflowError, expect};
use crate::{
    audit::{
        entry::Log,
        review::{Kind, annotation::EntryKey},
    },
    auth::{actor::Actor, grant::Grant, policy::Action, role::Role},
    db::{
        event::event,
        pool::{Connection, DatabaseError},
        write::Write,
    },
    resource::store::StoreError,
};

/// Entries that one annotation is written to at most.
pub const MOST: usize = 1_000;
/// Letters of an annotation or a note.
pub const LONGEST: usize = 2_000;

/// Own entries that a refusal names.
const NAMED: usize = 5;

const OWN: &str = "\
SELECT 'audit_logs', l.id FROM audit_logs l WHERE l.id = ANY ($1) AND l.user_id = $2 \
UNION ALL SELECT 'ssot_audit_logs', l.id FROM ssot_audit_logs l WHERE l.id = ANY ($1) AND l.user_id = $2::text";

const ANNOTATE: &str = "\
INSERT INTO entry_annotations (log, entry_id, kind, body, created_by, created_by_name) \
SELECT e.log, e.id, $3, $4, $5, $6 FROM unnest($1::text[], $2::uuid[]) AS e(log, id)";

const MARK: &str = "\
INSERT INTO review_marks (log, entry_id, note, reviewed_to, by_administrator, created_by, created_by_name) \
VALUES ($1, $2, $3, CURRENT_TIMESTAMP, false, $4, $5)";

/// Says the same of each of these entries; who and when is the database's to write.
///
/// # Errors
/// `Fields` for what cannot be said, `Forbidden` for an administrator's own entries, `Missing` for one that is not there.
pub async fn annotate(
    write: &Write,
    actor: &Actor,
    grant: &Grant,
    entries: &[EntryKey],
    kind: Kind,
    body: &str,
) -> Result<u64, WorkflowError> {
    expect(grant, &[Action::Annotate])?;
    let body = words("body", body)?;
    if kind.needs_words() && body.is_empty() {
        return Err(WorkflowError::field("body", "Say what it is: a question or a finding without words helps nobody."));
    }
    match entries.len() {
        0 => return Err(WorkflowError::Invalid("Nothing is selected. Tick the entries first.".to_owned())),
        many if many > MOST => {
            return Err(WorkflowError::Invalid("At most 1,000 entries are annotated at once. Narrow the search down first.".to_owned()));
        }
        _ => {}
    }
    let own = own(write, actor, entries).await?;
    if !own.is_empty() {
        return Err(own_entries(&own.iter().map(|(_, id)| id.to_string()).collect::<Vec<_>>()));
    }
    let ids: Vec<Uuid> = entries.iter().map(|(_, id)| *id).collect();
    let logs: Vec<&str> = entries.iter().map(|(log, _)| log.table()).collect();
    write.execute(ANNOTATE, &[&logs, &ids, &kind.name(), &body, &actor.id, &actor.username]).await.map_err(refused)
}

/// Those of the entries, in their order, of which an administrator says nothing because they are their own.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn own(connection: &Connection, actor: &Actor, entries: &[EntryKey]) -> Result<Vec<EntryKey>, DatabaseError> {
    if actor.role != Some(Role::Admin) {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = entries.iter().map(|(_, id)| *id).collect();
    let mut own = HashSet::new();
    for row in connection.query(OWN, &[&ids, &actor.id]).await? {
        own.extend(Log::named(row.try_get(0)?).map(|log| row.try_get(1).map(|id| (log, id))).transpose()?);
    }
    Ok(entries.iter().filter(|entry| own.contains(entry)).copied().collect())
}

/// Writes down what the entries were found by of which the same was said at once, and how many were left out as own ones.
///
/// # Errors
/// See [`WorkflowError`].
pub async fn tell(write: &Write, grant: &Grant, search: &str, kind: Kind, entries: u64, left_out: usize) -> Result<(), WorkflowError> {
    expect(grant, &[Action::Annotate])?;
    let details = json!({ "search": search, "kind": kind.name(), "entries": entries, "left_out": left_out });
    Ok(event(write, "annotated", &details).await?)
}

/// Everything up to this entry was reviewed.
///
/// # Errors
/// `Conflict` where the log was reviewed further already, `Invalid` for an entry that has no place in time.
pub async fn mark(write: &Write, actor: &Actor, grant: &Grant, entry: EntryKey, note: &str) -> Result<(), WorkflowError> {
    expect(grant, &[Action::Annotate])?;
    let note = words("note", note)?;
    let (log, id) = entry;
    write.execute(MARK, &[&log.table(), &id, &note, &actor.id, &actor.username]).await.map_err(refused)?;
    Ok(())
}

/// What was typed, as it can be kept.
pub(super) fn words<'t>(column: &'static str, typed: &'t str) -> Result<&'t str, WorkflowError> {
    let typed = typed.trim();
    if typed.contains('\0') {
        return Err(WorkflowError::field(column, "Holds something that cannot be kept."));
    }
    if typed.chars().count() > LONGEST {
        return Err(WorkflowError::field(column, "Is too long: say it in at most 2,000 letters."));
    }
    Ok(typed)
}

fn own_entries(own: &[String]) -> WorkflowError {
    let named = own.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = own.len().saturating_sub(NAMED);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    WorkflowError::Forbidden(format!(
        "An administrator does not review what they did themselves, and these entries are yours: {named}{rest}."
    ))
}

/// What a guard of the review's tables means to whoever asked.
pub(super) fn refused(error: DatabaseError) -> WorkflowError {
    let DatabaseError::Refused(objection) = &error else {
        return error.into();
    };
    match objection.code.as_str() {
        "NX005" => WorkflowError::Forbidden("What was reviewed is only ever added to.".to_owned()),
        "NX006" => WorkflowError::Store(StoreError::Missing),
        "NX031" => WorkflowError::Forbidden("Only auditors and administrators review.".to_owned()),
        "NX033" => own_entries(&objection.detail.clone().into_iter().collect::<Vec<_>>()),
        "NX034" => WorkflowError::Invalid("This entry has no place in the past: the log cannot be reviewed up to it.".to_owned()),
        "NX035" => WorkflowError::Conflict("The log was reviewed up to here already, or further.".to_owned()),
        "NX036" => WorkflowError::Conflict("The review is closed: nothing in it changes any more.".to_owned()),
        "NX037" => WorkflowError::Forbidden("Nobody decides on their own access: somebody else says whether you keep it.".to_owned()),
        "NX038" => WorkflowError::Forbidden("Whom a review is about is fixed when it begins.".to_owned()),
        _ => error.into(),
    }
}
