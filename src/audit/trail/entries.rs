//! What do the entries at these places say?

use std::collections::HashMap;

use tokio_postgres::Row;
use uuid::Uuid;

use super::{TrailGrant, place::Place, reader::Reader, statement::Statement};
use crate::{
    audit::{
        entry::{Entry, Log},
        trail_entry::{Subject, TrailEntry},
    },
    db::{pool::DatabaseError, value::Value},
    resource::Registry,
};

const SHOWN: &str = "\
SELECT e.log, e.id, e.entity_type::text, e.entity_id, e.action, e.old_values, e.new_values, e.context, e.user_id, e.ip_address, \
       e.created_at, e.user_agent, d.actor_kind, d.actor_name, d.request_id, d.session_id, d.approval_id, d.outcome, d.reason, u.id AS acting_id, u.full_name AS acting_name, ";

const BESIDE: &str = " \
  LEFT JOIN audit_details d ON d.log = e.log AND d.entry_id = e.id \
  LEFT JOIN users u ON u.id = CASE WHEN e.user_id ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' THEN e.user_id::uuid END";

/// Whether a setting's value that the entry holds is kept encrypted, or was at a later time: it is no less secret then.
const SEALED: &str = "\
((coalesce(e.old_values ? 'setting_value', false) OR coalesce(e.new_values ? 'setting_value', false)) \
 AND (EXISTS (SELECT FROM system_settings s WHERE s.id = e.entity_id AND s.is_encrypted) \
   OR EXISTS (SELECT FROM audit_logs x WHERE x.entity_type = e.entity_type AND x.entity_id = e.entity_id \
       AND (coalesce(x.created_at, '-infinity'), x.id) >= (coalesce(e.created_at, '-infinity'), e.id) \
       AND (x.old_values ->> 'is_encrypted' = 'true' OR x.new_values ->> 'is_encrypted' = 'true')) \
   OR EXISTS (SELECT FROM ssot_audit_logs x WHERE x.entity_type = e.entity_type AND x.entity_id = e.entity_id \
       AND (coalesce(x.created_at, '-infinity'), x.id) >= (coalesce(e.created_at, '-infinity'), e.id) \
       AND (x.old_values ->> 'is_encrypted' = 'true' OR x.new_values ->> 'is_encrypted' = 'true'))))";

/// In the order of the places.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn at(reader: &impl Reader, _: TrailGrant, registry: &Registry, places: &[Place]) -> Result<Vec<TrailEntry>, DatabaseError> {
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let mut statement = Statement::default();
    statement.words(&[SHOWN, SEALED, " AS sealed FROM ("]).at(places).words(&[") e", BESIDE]);
    in_order(reader.rows(&statement).await?, places)?
        .iter()
        .map(|row| {
            Ok(TrailEntry {
                entry: Entry::of(row)?,
                subject: Subject::named(registry, row.try_get("entity_type")?, row.try_get("entity_id")?),
            })
        })
        .collect()
}

/// The same as a file has them: id, moment, then the columns of `export`, without any secret among their own members.
///
/// # Errors
/// See [`DatabaseError`].
pub(super) async fn exported(
    reader: &impl Reader,
    columns: &'static str,
    secrets: &[&str],
    places: &[Place],
) -> Result<Vec<Row>, DatabaseError> {
    let mut statement = Statement::default();
    statement.words(&["SELECT e.id, e.created_at AS key, ", columns]);
    for (name, text) in [
        ("old_values", ", CASE WHEN jsonb_typeof(e.old_values) = 'object' THEN e.old_values - "),
        ("new_values", ", CASE WHEN jsonb_typeof(e.new_values) = 'object' THEN e.new_values - "),
    ] {
        statement.push(text).bind_array(secrets.iter().map(|secret| (*secret).to_owned()), "text[]");
        statement
            .words(&[" - CASE WHEN e.sealed OR e.old_values ->> 'is_encrypted' = 'true' OR e.new_values ->> 'is_encrypted' = 'true' "]);
        statement.words(&["THEN '{setting_value}'::text[] ELSE '{}'::text[] END ELSE e.", name, " END AS ", name]);
    }
    statement.words(&[" FROM (SELECT e.*, ", SEALED, " AS sealed FROM ("]).at(places).words(&[") e) e", BESIDE]);
    in_order(reader.rows(&statement).await?, places)
}

impl Statement {
    /// The rows of both logs at these places, their columns cast to the same types.
    fn at(&mut self, places: &[Place]) -> &mut Self {
        for (index, log) in Log::ALL.into_iter().enumerate() {
            self.words(&[
                if index > 0 { " UNION ALL SELECT '" } else { "SELECT '" },
                log.table(),
                "'::text AS log, l.id, l.entity_type, l.entity_id",
            ]);
            self.push(
                ", l.action, l.old_values, l.new_values, l.context, l.user_id::text AS user_id, l.ip_address, l.user_agent, l.created_at",
            );
            self.words(&[" FROM ", log.table(), " l WHERE l.id = ANY ("]);
            let ids = places.iter().filter(|place| place.log == log).map(|place| place.id.as_hyphenated().to_string());
            self.bind_array(ids, "uuid[]").push(")");
        }
        self
    }
}

fn in_order(rows: Vec<Row>, places: &[Place]) -> Result<Vec<Row>, DatabaseError> {
    let mut known: HashMap<(String, Uuid), Row> = HashMap::with_capacity(rows.len());
    for row in rows {
        known.insert((row.try_get("log")?, row.try_get("id")?), row);
    }
    Ok(places.iter().filter_map(|place| known.remove(&(place.log.table().to_owned(), place.id))).collect())
}

/// Reads what a statement of places answers.
pub(super) fn places(log: Log, rows: &[Row]) -> Result<Vec<Place>, DatabaseError> {
    rows.iter()
        .map(|row| {
            let at: Value = row.try_get(0)?;
            Ok(Place { at: at.as_time(), id: row.try_get(1)?, log })
        })
        .collect()
}
