//! Does every entry since the console came say who acted?

use uuid::Uuid;

use super::{
    Finding, Question, Remedy,
    walk::{Extent, Walk},
};
use crate::{
    audit::entry::Log,
    db::{
        pool::{Connection, DatabaseError, Planning},
        value::Value,
    },
};

/// What was there before the console's first migration says what it says. That entry is the migration's own.
const ADOPTED: &str = "
    SELECT coalesce(min(l.created_at), 'infinity') FROM public.audit_logs l
      JOIN public.audit_details d ON d.log = 'audit_logs' AND d.entry_id = l.id
     WHERE l.action = 'migration' AND l.entity_type = 'event' AND d.actor_kind = 'system' AND d.actor_name = 'migrate'";

/// Old entries may bear any time, those to come included. Whoever writes an entry is noted beside it by a trigger: an entry without that came past it.
const NOBODY: &str = "
    WITH walked AS MATERIALIZED (
        SELECT l.id FROM public.{log} l WHERE l.id < $2 ORDER BY l.id DESC LIMIT 2000
    ), chosen AS (
        (SELECT l.id FROM public.{log} l WHERE l.created_at > $1 AND l.created_at <= now() ORDER BY l.created_at DESC, l.id DESC LIMIT 500)
        UNION SELECT w.id FROM walked w
        UNION SELECT k.id::uuid FROM unnest(string_to_array($3, ' ')) AS k (id)
    )
    (SELECT 'walked', w.id FROM walked w ORDER BY w.id LIMIT 1)
    UNION ALL
    (SELECT 'nobody', l.id
       FROM chosen c
       JOIN public.{log} l ON l.id = c.id
      WHERE l.created_at > $1 AND l.created_at <= now()
        AND NOT EXISTS (SELECT FROM public.audit_details d WHERE d.log = '{log}' AND d.entry_id = l.id)
      ORDER BY l.id DESC LIMIT 50)";

pub(super) async fn examine(connection: &Connection, walk: &mut Walk, extent: Extent) -> Result<Vec<Finding>, DatabaseError> {
    let adopted: Value = connection.query_one(ADOPTED, &[]).await?.try_get(0)?;
    let mut findings = Vec::new();
    for log in Log::ALL {
        let table = log.table();
        let parameters = [adopted.clone(), Value::Uuid(walk.behind(table, extent)), Value::Text(walk.open(table))];
        let rows = connection.planned(Planning::EachTime, &NOBODY.replace("{log}", table), &parameters).await?;
        let (mut last, mut open) = (None, Vec::new());
        for row in rows {
            let id: Uuid = row.try_get(1)?;
            if row.try_get::<_, &str>(0)? == "walked" {
                last = Some(id);
            } else {
                open.push(id);
                findings.push(gap(table, id));
            }
        }
        walk.went(table, extent, last, open);
    }
    Ok(findings)
}

fn gap(table: &str, id: Uuid) -> Finding {
    Finding {
        question: Question::Actors,
        table: table.to_owned(),
        what: format!(
            "In {table} the entry {id} does not say who acted: it was written past the triggers, or what stands beside it was taken away."
        ),
        remedy: Remedy::Do(
            "Nothing makes it good: treat what it says as somebody's word, find out who had the owner's rights at that time, and say so in a note at the entry.",
        ),
        record: Some(id),
    }
}
