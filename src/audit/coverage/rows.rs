//! Is the last change of every row in the log?

use uuid::Uuid;

use super::{
    Finding, Question, Remedy,
    subjects::{Newest, Subject},
    walk::{Extent, Walk},
};
use crate::db::{
    pool::{Connection, DatabaseError, Planning},
    value::Value,
};

/// Since when what is compared was recorded. A load wrote rows and entries without the triggers, and a migration makes
/// rows before it makes the triggers of their table; each says so in the log.
const SINCE: &str = "
    SELECT coalesce(max(e.created_at) FILTER (WHERE e.action = 'load'), '-infinity'), coalesce(max(e.created_at), '-infinity')
      FROM (SELECT l.action, l.created_at FROM public.audit_logs l
              JOIN public.audit_details d ON d.log = 'audit_logs' AND d.entry_id = l.id
             WHERE l.action IN ('load', 'migration') AND l.entity_type = 'event'
               AND d.actor_kind = 'system' AND d.actor_name IN ('demo', 'migrate')) AS e";

/// A row is as one of its last entries has it, each value in the open or concealed. Entries of transactions that
/// waited for one another bear the time they began, so the last is not always the newest: a minute is allowed for it.
/// Where there is no entry, the row's own time says whether there should be one: its last change, or what its id tells.
/// A row that is gone has an entry that says who deleted it. Each row is looked up by its id and made a document once:
/// left to itself, PostgreSQL reads the whole index along, and makes the document anew for each of its values.
const GAPS: &str = "
    WITH walked AS MATERIALIZED (
        SELECT r.id FROM public.{table} r WHERE r.id < $3 ORDER BY r.id DESC LIMIT 500
    ), kept AS MATERIALIZED (
        SELECT k.id::uuid AS id FROM unnest(string_to_array($4, ' ')) AS k (id)
    ), chosen AS MATERIALIZED (
        (SELECT r.id FROM public.{table} r {newest} LIMIT 100)
        UNION SELECT w.id FROM walked w
        UNION SELECT k.id FROM kept k
    ), named AS MATERIALIZED (
        (SELECT l.entity_id AS id FROM public.{log} l
          WHERE l.entity_type = '{table}' AND l.created_at > $1
            AND EXISTS (SELECT FROM public.audit_details d WHERE d.log = '{log}' AND d.entry_id = l.id)
          ORDER BY l.created_at DESC LIMIT 100)
        UNION SELECT k.id FROM kept k
    )
    (SELECT 'walked', w.id FROM walked w ORDER BY w.id LIMIT 1)
    UNION ALL
    (SELECT 'changed', c.id
       FROM chosen c
      CROSS JOIN LATERAL (SELECT to_jsonb(r) AS content FROM public.{table} r WHERE r.id = c.id OFFSET 0) AS j
      CROSS JOIN LATERAL (SELECT coalesce((j.content ->> 'updated_at')::timestamptz, (j.content ->> 'created_at')::timestamptz,
               CASE WHEN substr(c.id::text, 15, 1) = '7'
                    THEN to_timestamp(('x0000' || substr(translate(c.id::text, '-', ''), 1, 12))::bit(64)::bigint / 1000.0) END) AS at) AS m
      CROSS JOIN LATERAL (SELECT max(l.created_at) AS at FROM public.{log} l
              WHERE l.entity_id = c.id AND l.entity_type = '{table}' AND l.created_at > $1
                AND l.action IN ('INSERT', 'UPDATE') AND l.new_values ? 'id'
                AND EXISTS (SELECT FROM public.audit_details d WHERE d.log = '{log}' AND d.entry_id = l.id)) AS newest
      WHERE CASE WHEN newest.at IS NULL THEN m.at > $2 AND m.at <= now() ELSE NOT EXISTS (
            SELECT FROM public.{log} l
             WHERE l.entity_id = c.id AND l.entity_type = '{table}' AND l.new_values ? 'id'
               AND l.created_at BETWEEN newest.at - interval '1 minute' AND newest.at
               AND NOT EXISTS (
                   SELECT FROM jsonb_each(l.new_values) AS f (name, value)
                    WHERE f.name <> ALL (string_to_array($5, ' ')) AND j.content ? f.name
                      AND j.content -> f.name IS DISTINCT FROM f.value
                      AND public.nexus_conceal(l.id, f.name, j.content ->> f.name) IS DISTINCT FROM f.value
                      AND public.nexus_conceal(l.id, f.name, (j.content -> f.name)::text) IS DISTINCT FROM f.value)) END
      ORDER BY c.id DESC LIMIT 50)
    UNION ALL
    (SELECT 'vanished', n.id FROM named n
      WHERE (SELECT r.id FROM public.{table} r WHERE r.id = n.id) IS NULL
        AND NOT EXISTS (SELECT FROM public.{log} l WHERE l.entity_id = n.id AND l.entity_type = '{table}' AND l.action = 'DELETE')
        AND EXISTS (SELECT FROM public.{log} l JOIN public.audit_details d ON d.log = '{log}' AND d.entry_id = l.id
                     WHERE l.entity_id = n.id AND l.entity_type = '{table}' AND l.created_at > $1)
      LIMIT 50)";

const BY_TIME: &str = "WHERE r.updated_at <= now() ORDER BY r.updated_at DESC, r.id DESC";
const BY_ID: &str = "ORDER BY r.id DESC";

/// Put together of this program's own words alone.
fn statement(subject: Subject) -> String {
    let newest = match subject.newest {
        Newest::ByTimeOfChange => BY_TIME,
        Newest::ById => BY_ID,
    };
    GAPS.replace("{newest}", newest).replace("{table}", subject.table).replace("{log}", subject.log().table())
}

pub(super) async fn examine(
    connection: &Connection,
    subjects: &[Subject],
    walk: &mut Walk,
    extent: Extent,
) -> Result<Vec<Finding>, DatabaseError> {
    let since = connection.query_one(SINCE, &[]).await?;
    let (loaded, since): (Value, Value) = (since.try_get(0)?, since.try_get(1)?);
    let mut findings = Vec::new();
    for subject in subjects {
        let parameters = [
            loaded.clone(),
            since.clone(),
            Value::Uuid(walk.behind(subject.table, extent)),
            Value::Text(walk.open(subject.table)),
            Value::Text(subject.unrecorded().join(" ")),
        ];
        // Planned each time: what it costs depends on how far the walk has come.
        let rows = connection.planned(Planning::EachTime, &statement(*subject), &parameters).await?;
        let (mut last, mut open) = (None, Vec::new());
        for row in rows {
            let id: Uuid = row.try_get(1)?;
            match row.try_get(0)? {
                "walked" => last = Some(id),
                "vanished" => {
                    open.push(id);
                    findings.push(gap(*subject, id, VANISHED));
                }
                _ => {
                    open.push(id);
                    findings.push(gap(*subject, id, CHANGED));
                }
            }
        }
        walk.went(subject.table, extent, last, open);
    }
    Ok(findings)
}

/// What is wrong with a row, and what is to be done about it.
type Fault = (&'static str, &'static str);

const CHANGED: Fault = (
    "is not as its last entry has it: it was changed, and no entry says by whom",
    "Compare the row with its history and find out who had access then; save it once with what is right, so that an entry has it as it is.",
);
const VANISHED: Fault = (
    "is gone, and no entry says who deleted it",
    "Its history shows what it held: find out who had access then, and make it anew where it should be there.",
);

fn gap(subject: Subject, id: Uuid, (what, remedy): Fault) -> Finding {
    Finding {
        question: Question::Rows,
        table: subject.table.to_owned(),
        what: format!("In {} the row {id} {what}.", subject.table),
        remedy: Remedy::Do(remedy),
        record: Some(id),
    }
}
