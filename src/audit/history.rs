//! What happened to one record, newest first?

use tokio_postgres::Row;
use uuid::Uuid;

use super::entry::{Deed, Entry, Log};
use crate::{
    auth::{
        actor::Actor,
        grant::Grant,
        policy::{Action, Refused},
    },
    db::{
        pool::{Connection, DatabaseError, Parameter},
        value::{Timestamp, Value},
    },
    resource::{Column, Registry, Resource},
};

/// Permission to read the entries about records one may read; made only by asking for both logs.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct HistoryGrant(());

impl HistoryGrant {
    /// # Errors
    /// [`Refused`], with the roles that may. `None` where the console administers no logs.
    pub fn ask(actor: &Actor, registry: &Registry) -> Option<Result<HistoryGrant, Refused>> {
        let logs: Vec<_> = Log::ALL.into_iter().filter_map(|log| registry.find(log.table())).collect();
        if logs.is_empty() {
            return None;
        }
        let asked: Result<Vec<Grant>, Refused> = logs.into_iter().map(|log| actor.authorize(Action::History, log)).collect();
        Some(asked.map(|_| HistoryGrant(())))
    }

    pub fn of(actor: &Actor, registry: &Registry) -> Option<HistoryGrant> {
        HistoryGrant::ask(actor, registry)?.ok()
    }
}

/// A place between two entries: what follows is older. Entries without a time stand behind all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Before {
    pub at: Timestamp,
    pub id: Uuid,
}

impl Before {
    pub const NOW: Before = Before { at: Timestamp::INFINITY, id: Uuid::max() };

    pub fn entry(entry: &Entry) -> Before {
        Before { at: entry.at.as_time().unwrap_or(Timestamp::NEGATIVE_INFINITY), id: entry.id }
    }

    /// As a link carries it.
    pub fn parameter(self) -> String {
        format!("{}.{}", self.at.microseconds(), self.id.as_simple())
    }

    pub fn parse(text: &str) -> Option<Before> {
        let (at, id) = text.split_once('.')?;
        let id = (id.len() == 32).then(|| Uuid::try_parse(id).ok())??;
        Some(Before { at: Timestamp::from_microseconds(at.parse().ok()?)?, id })
    }
}

/// Both logs as one, because the platform wrote every table's changes into the second. The inner limit
/// lets the index of each log stop early; rows without a time are few and stand in a part of their own.
///
/// `sealed` says that the record's value is encrypted, or was at a later time: what stood in the log before that is
/// no less secret.
const PAGE: &str = "\
SELECT e.log, e.id, e.action, e.old_values, e.new_values, e.context, e.user_id, e.ip_address, e.created_at, \
       e.user_agent, d.actor_kind, d.actor_name, d.request_id, d.session_id, d.approval_id, d.outcome, d.reason, u.id AS acting_id, u.full_name AS acting_name, \
       ($1 = 'system_settings' AND (EXISTS (SELECT FROM system_settings s WHERE s.id = $2 AND s.is_encrypted) \
         OR EXISTS (SELECT FROM audit_logs x WHERE x.entity_type = $1 AND x.entity_id = $2 \
             AND (coalesce(x.created_at, '-infinity'), x.id) >= (coalesce(e.created_at, '-infinity'), e.id) \
             AND (x.old_values ->> 'is_encrypted' = 'true' OR x.new_values ->> 'is_encrypted' = 'true')) \
         OR EXISTS (SELECT FROM ssot_audit_logs x WHERE x.entity_type = $1 AND x.entity_id = $2 \
             AND (coalesce(x.created_at, '-infinity'), x.id) >= (coalesce(e.created_at, '-infinity'), e.id) \
             AND (x.old_values ->> 'is_encrypted' = 'true' OR x.new_values ->> 'is_encrypted' = 'true')))) AS sealed \
FROM ((SELECT 'audit_logs'::text AS log, l.id, l.action, l.old_values, l.new_values, l.context, l.user_id::text AS user_id, \
              l.ip_address, l.created_at, l.user_agent \
         FROM audit_logs l WHERE l.entity_type = $1 AND l.entity_id = $2 AND (l.created_at, l.id) < ($3, $4) \
          AND ($6::text IS NULL OR nullif(l.old_values -> $6, 'null') IS DISTINCT FROM nullif(l.new_values -> $6, 'null')) \
        ORDER BY l.created_at DESC, l.id DESC LIMIT $5) \
      UNION ALL \
      (SELECT 'ssot_audit_logs'::text, l.id, l.action, l.old_values, l.new_values, l.context, l.user_id::text, l.ip_address, l.created_at, \
              l.user_agent \
         FROM ssot_audit_logs l WHERE l.entity_type = $1 AND l.entity_id = $2 AND (l.created_at, l.id) < ($3, $4) \
          AND ($6::text IS NULL OR nullif(l.old_values -> $6, 'null') IS DISTINCT FROM nullif(l.new_values -> $6, 'null')) \
        ORDER BY l.created_at DESC, l.id DESC LIMIT $5) \
      UNION ALL \
      (SELECT 'audit_logs'::text, l.id, l.action, l.old_values, l.new_values, l.context, l.user_id::text, l.ip_address, l.created_at, \
              l.user_agent \
         FROM audit_logs l WHERE l.entity_type = $1 AND l.entity_id = $2 AND l.created_at IS NULL \
          AND ('-infinity'::timestamptz, l.id) < ($3, $4) \
          AND ($6::text IS NULL OR nullif(l.old_values -> $6, 'null') IS DISTINCT FROM nullif(l.new_values -> $6, 'null')) ORDER BY l.id DESC LIMIT $5) \
      UNION ALL \
      (SELECT 'ssot_audit_logs'::text, l.id, l.action, l.old_values, l.new_values, l.context, l.user_id::text, l.ip_address, l.created_at, \
              l.user_agent \
         FROM ssot_audit_logs l WHERE l.entity_type = $1 AND l.entity_id = $2 AND l.created_at IS NULL \
          AND ('-infinity'::timestamptz, l.id) < ($3, $4) \
          AND ($6::text IS NULL OR nullif(l.old_values -> $6, 'null') IS DISTINCT FROM nullif(l.new_values -> $6, 'null')) ORDER BY l.id DESC LIMIT $5)) e \
  LEFT JOIN audit_details d ON d.log = e.log AND d.entry_id = e.id \
  LEFT JOIN users u ON u.id = CASE WHEN e.user_id ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' THEN e.user_id::uuid END \
 ORDER BY e.created_at DESC NULLS LAST, e.id DESC LIMIT $5";

/// Entries about one record, at most `most`, older than a place.
///
/// # Errors
/// See [`DatabaseError`]; so for all below.
pub async fn entries(
    connection: &Connection,
    _: HistoryGrant,
    record: &Grant,
    id: Uuid,
    before: Before,
    most: i64,
) -> Result<Vec<Entry>, DatabaseError> {
    rows(connection, record, id, before, most).await?.iter().map(Entry::of).collect()
}

/// The same, of those in which one field became another.
pub async fn entries_of_field(
    connection: &Connection,
    _: HistoryGrant,
    record: &Grant,
    id: Uuid,
    field: &'static Column,
    before: Before,
    most: i64,
) -> Result<Vec<Entry>, DatabaseError> {
    page(connection, record, id, Some(field.name), before, most).await?.iter().map(Entry::of).collect()
}

/// The entries as the logs hold them.
pub(super) async fn rows(connection: &Connection, record: &Grant, id: Uuid, before: Before, most: i64) -> Result<Vec<Row>, DatabaseError> {
    page(connection, record, id, None, before, most).await
}

async fn page(
    connection: &Connection,
    record: &Grant,
    id: Uuid,
    field: Option<&'static str>,
    before: Before,
    most: i64,
) -> Result<Vec<Row>, DatabaseError> {
    let at = Value::Time(before.at);
    let parameters: [Parameter<'_>; 6] = [&record.resource().table, &id, &at, &before.id, &most, &field];
    connection.query(PAGE, &parameters).await
}

const ONE: &str = "\
SELECT e.log, e.id, e.action, e.old_values, e.new_values, e.context, e.user_id, e.ip_address, e.created_at, \
       e.user_agent, NULL::text AS actor_kind, NULL::text AS actor_name, NULL::text AS request_id, NULL::uuid AS session_id, \
       NULL::uuid AS approval_id, NULL::text AS outcome, NULL::text AS reason, \
       NULL::uuid AS acting_id, NULL::text AS acting_name, \
       ($3 = 'system_settings' AND (EXISTS (SELECT FROM system_settings s WHERE s.id = $4 AND s.is_encrypted) \
         OR EXISTS (SELECT FROM audit_logs x WHERE x.entity_type = $3 AND x.entity_id = $4 \
             AND (coalesce(x.created_at, '-infinity'), x.id) >= (coalesce(e.created_at, '-infinity'), e.id) \
             AND (x.old_values ->> 'is_encrypted' = 'true' OR x.new_values ->> 'is_encrypted' = 'true')) \
         OR EXISTS (SELECT FROM ssot_audit_logs x WHERE x.entity_type = $3 AND x.entity_id = $4 \
             AND (coalesce(x.created_at, '-infinity'), x.id) >= (coalesce(e.created_at, '-infinity'), e.id) \
             AND (x.old_values ->> 'is_encrypted' = 'true' OR x.new_values ->> 'is_encrypted' = 'true')))) AS sealed \
FROM (SELECT 'audit_logs'::text AS log, l.id, l.action, l.old_values, l.new_values, l.context, l.user_id::text AS user_id, \
             l.ip_address, l.created_at, l.user_agent, l.entity_type, l.entity_id FROM audit_logs l WHERE l.id = $2 \
      UNION ALL \
      SELECT 'ssot_audit_logs'::text, l.id, l.action, l.old_values, l.new_values, l.context, l.user_id::text, \
             l.ip_address, l.created_at, l.user_agent, l.entity_type, l.entity_id FROM ssot_audit_logs l WHERE l.id = $2) e \
WHERE e.log = $1 AND e.entity_type = $3 AND e.entity_id = $4";

/// One entry, if it is about this record.
pub async fn entry(
    connection: &Connection,
    _: HistoryGrant,
    record: &Grant,
    id: Uuid,
    log: Log,
    entry: Uuid,
) -> Result<Option<Entry>, DatabaseError> {
    let parameters: [Parameter<'_>; 4] = [&log.table(), &entry, &record.resource().table, &id];
    connection.query_opt(ONE, &parameters).await?.as_ref().map(Entry::of).transpose()
}

const DELETED: &str = "\
SELECT EXISTS (SELECT 1 FROM audit_logs l WHERE l.entity_type = $1 AND l.entity_id = $2 AND upper(l.action) = 'DELETE') \
    OR EXISTS (SELECT 1 FROM ssot_audit_logs l WHERE l.entity_type = $1 AND l.entity_id = $2 AND upper(l.action) = 'DELETE')";

/// Whether there once was such a record: no more than that, so the right to read the table is enough.
/// Who may read only their own rows is not told about others'.
pub async fn was_deleted(connection: &Connection, record: &Grant, id: Uuid) -> Result<bool, DatabaseError> {
    if !record.covers_all_rows() {
        return Ok(false);
    }
    Ok(connection.query_one(DELETED, &[&record.resource().table, &id]).await?.try_get(0)?)
}

/// The entry that a record's life ended with.
pub async fn deletion(connection: &Connection, grant: HistoryGrant, record: &Grant, id: Uuid) -> Result<Option<Entry>, DatabaseError> {
    let newest = entries(connection, grant, record, id, Before::NOW, 1).await?;
    Ok(newest.into_iter().find(|entry| entry.deed == Deed::Deleted))
}

/// Whether the platform's declaration of a table and the entry agree about what to call a field.
pub fn label_of<'a>(resource: &Resource, name: &'a str) -> &'a str {
    resource.column(name).map_or(name, |column| column.label)
}
