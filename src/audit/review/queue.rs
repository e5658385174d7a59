//! Which entries has nobody reviewed, the oldest first?

use tokio_postgres::Row;
use uuid::Uuid;

use crate::{
    audit::{
        entry::Entry,
        trail_entry::{Subject, TrailEntry},
    },
    auth::grant::Grant,
    db::{
        pool::{Connection, DatabaseError, Limit, Parameter, Planning},
        value::{Timestamp, Value},
    },
    resource::Registry,
};

/// Counting ends here: "1,000+".
pub const COUNTED: i64 = 1_000;

/// Somewhere in the order of the log: the entry at this time with this id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub at: Timestamp,
    pub id: Uuid,
}

impl Place {
    pub const BEGINNING: Place = Place { at: Timestamp::NEGATIVE_INFINITY, id: Uuid::nil() };

    pub fn of(entry: &Entry) -> Place {
        Place { at: entry.at.as_time().unwrap_or(Timestamp::NEGATIVE_INFINITY), id: entry.id }
    }

    /// As a link carries it.
    pub fn parameter(self) -> String {
        format!("{}.{}", self.at.microseconds(), self.id.as_simple())
    }

    pub fn parse(text: &str) -> Option<Place> {
        let (at, id) = text.split_once('.')?;
        let id = (id.len() == 32).then(|| Uuid::try_parse(id).ok())??;
        Some(Place { at: Timestamp::from_microseconds(at.parse().ok()?)?, id })
    }
}

/// A page of what is open.
#[derive(Debug, Clone)]
pub struct Queue {
    pub waiting: Vec<TrailEntry>,
    pub more: bool,
}

/// One log's part of what is open, in the order of an index. Reading the log is no work for its readers, nor is the
/// entry about a mark.
macro_rules! part {
    ($log:literal, $within:literal, $most:literal) => {
        concat!(
            "(SELECT '",
            $log,
            "'::text AS log, l.id, l.action, l.old_values, l.new_values, l.context, l.user_id::text AS user_id, l.ip_address, \
                    l.created_at, l.user_agent, l.entity_type, l.entity_id FROM ",
            $log,
            " l WHERE ",
            $within,
            " AND (l.created_at, l.id) > ($1, $2) AND l.action NOT IN ('log_read', 'annotated') AND l.entity_type NOT IN ('review_marks', 'entry_annotations') \
              AND NOT EXISTS (SELECT FROM entry_annotations n WHERE n.entry_id = l.id AND n.log = '",
            $log,
            "' AND n.kind IN ('reviewed', 'finding')) ORDER BY l.created_at, l.id LIMIT ",
            $most,
            ")"
        )
    };
}

/// What is open stands behind the mark that reaches furthest; and, where an administrator made that one, there are
/// their own entries behind the furthest that somebody else made.
macro_rules! open_entries {
    ($most:literal) => {
        concat!(
            "WITH furthest AS MATERIALIZED ( \
               SELECT m.reviewed_to, m.entry_id, m.by_administrator, m.created_by FROM review_marks m \
                ORDER BY m.reviewed_to DESC, m.entry_id DESC LIMIT 1), \
             floor AS MATERIALIZED ( \
               SELECT coalesce((SELECT f.reviewed_to FROM furthest f), '-infinity') AS at, \
                      coalesce((SELECT f.entry_id FROM furthest f), '00000000-0000-0000-0000-000000000000'::uuid) AS id), \
             others AS MATERIALIZED ( \
               SELECT f.created_by AS maker, f.reviewed_to AS at, f.entry_id AS id, coalesce(o.reviewed_to, '-infinity') AS floor_at, \
                      coalesce(o.entry_id, '00000000-0000-0000-0000-000000000000'::uuid) AS floor_id \
                 FROM furthest f LEFT JOIN LATERAL ( \
                      SELECT m.reviewed_to, m.entry_id FROM review_marks m WHERE NOT m.by_administrator OR m.created_by <> f.created_by \
                       ORDER BY m.reviewed_to DESC, m.entry_id DESC LIMIT 1) o ON true \
                WHERE f.by_administrator), \
             open AS (SELECT o.* FROM (",
            part!("audit_logs", "(l.created_at, l.id) > ((SELECT at FROM floor), (SELECT id FROM floor))", $most),
            " UNION ALL ",
            part!("ssot_audit_logs", "(l.created_at, l.id) > ((SELECT at FROM floor), (SELECT id FROM floor))", $most),
            " UNION ALL ",
            part!(
                "audit_logs",
                "l.user_id = (SELECT maker FROM others) AND (l.created_at, l.id) <= ((SELECT at FROM others), (SELECT id FROM others)) \
                 AND (l.created_at, l.id) > ((SELECT floor_at FROM others), (SELECT floor_id FROM others))",
                $most
            ),
            " UNION ALL ",
            part!(
                "ssot_audit_logs",
                "l.user_id = (SELECT maker::text FROM others) AND (l.created_at, l.id) <= ((SELECT at FROM others), (SELECT id FROM others)) \
                 AND (l.created_at, l.id) > ((SELECT floor_at FROM others), (SELECT floor_id FROM others))",
                $most
            ),
            ") o ORDER BY o.created_at, o.id LIMIT ",
            $most,
            ") "
        )
    };
}

const OPEN: &str = concat!(
    open_entries!("$3"),
    "SELECT e.log, e.id, e.action, e.old_values, e.new_values, e.context, e.user_id, e.ip_address, e.created_at, e.entity_type, e.entity_id, \
            e.user_agent, d.actor_kind, d.actor_name, d.request_id, d.session_id, d.approval_id, d.outcome, d.reason, u.id AS acting_id, u.full_name AS acting_name, \
            e.entity_type = 'system_settings' AS sealed \
       FROM open e \
       LEFT JOIN audit_details d ON d.log = e.log AND d.entry_id = e.id \
       LEFT JOIN users u ON u.id = CASE WHEN e.user_id ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' THEN e.user_id::uuid END \
      ORDER BY e.created_at, e.id"
);

/// One more than is counted.
const COUNT: &str = concat!(open_entries!("1001"), "SELECT count(*) FROM open");

/// What nobody has reviewed behind a place, at most `most` entries, the oldest first. `log` permits reading the audit
/// log. Entries without a time are before everything, and behind every mark; those of the reviewing itself are left
/// out, or it would never come to an end.
///
/// # Errors
/// `TooSlow` past the limit of a read.
pub async fn open(connection: &Connection, log: &Grant, registry: &Registry, after: Place, most: usize) -> Result<Queue, DatabaseError> {
    if !log.covers_all_rows() {
        return Ok(Queue { waiting: Vec::new(), more: false });
    }
    let (at, limit) = (Value::Time(after.at), i64::try_from(most).unwrap_or(COUNTED) + 1);
    let parameters: [Parameter<'_>; 3] = [&at, &after.id, &limit];
    let rows = connection.query(OPEN, &parameters).await?;
    let mut waiting = rows.iter().map(|row| waiting(row, registry)).collect::<Result<Vec<_>, _>>()?;
    let more = waiting.len() > most;
    waiting.truncate(most);
    Ok(Queue { waiting, more })
}

fn waiting(row: &Row, registry: &Registry) -> Result<TrailEntry, DatabaseError> {
    let entry = Entry::of(row)?;
    let about: Option<Uuid> = row.try_get("entity_id")?;
    let subject = Subject::named(registry, row.try_get("entity_type")?, about.unwrap_or_default());
    Ok(TrailEntry { entry, subject })
}

/// How many are open, counted to [`COUNTED`] and one more; `None` where even that took too long.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn open_count(connection: &Connection, log: &Grant) -> Result<Option<i64>, DatabaseError> {
    if !log.covers_all_rows() {
        return Ok(None);
    }
    let beginning = [Value::Time(Place::BEGINNING.at), Value::Uuid(Place::BEGINNING.id)];
    match connection.planned_within(Limit::Count, Planning::Once, COUNT, &beginning).await {
        Ok(rows) => Ok(rows.first().map(|row| row.try_get(0)).transpose()?),
        Err(DatabaseError::TooSlow) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_written() {
        let place = Place { at: Timestamp::POSTGRES_EPOCH, id: Uuid::from_u128(7) };
        for place in [place, Place::BEGINNING] {
            assert_eq!(Place::parse(&place.parameter()), Some(place));
        }
        for text in ["", ".", "0.7", "x.00000000000000000000000000000007", "0.0000000000000000000000000000000g"] {
            assert_eq!(Place::parse(text), None, "{text}");
        }
    }
}
