//! What was a record given when it was made, and by whom?

use uuid::Uuid;

use super::{
    change::value,
    entry::{Fields, fields},
};
use crate::{
    db::{
        pool::{Connection, DatabaseError},
        value::Value,
    },
    resource::{Column, Kind, Resource},
};

/// The entry a record began with. It stays as it is, whatever becomes of the record.
#[derive(Debug, Clone)]
pub struct Creation {
    maker: Option<String>,
    given: Fields,
}

/// What an entry tells of one column.
#[derive(Debug, Clone, PartialEq)]
pub enum Given {
    Told(Value),
    /// Kept out of the log, or written in another shape than the table has.
    Untold,
}

const CREATION: &str = "\
SELECT e.maker, e.new_values \
FROM (SELECT l.id, l.created_at, l.user_id::text AS maker, l.new_values FROM audit_logs l \
       WHERE l.entity_type = $1 AND l.entity_id = $2 AND l.action = 'INSERT' \
      UNION ALL \
      SELECT l.id, l.created_at, l.user_id::text, l.new_values FROM ssot_audit_logs l \
       WHERE l.entity_type = $1 AND l.entity_id = $2 AND l.action = 'INSERT') e \
ORDER BY e.created_at DESC NULLS LAST, e.id DESC LIMIT 1";

/// Nothing of it is for showing: it answers only whether somebody who sends a form is repeating themselves.
/// `None` where the log has no such entry, as of what an adopted database held before.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn creation(connection: &Connection, resource: &Resource, id: Uuid) -> Result<Option<Creation>, DatabaseError> {
    let Some(row) = connection.query_opt(CREATION, &[&resource.table, &id]).await? else {
        return Ok(None);
    };
    let maker = row.try_get("maker")?;
    Ok(fields(row.try_get("new_values")?).map(|given| Creation { maker, given }))
}

impl Creation {
    pub fn is_by(&self, user: Uuid) -> bool {
        self.maker.as_deref().and_then(|maker| Uuid::try_parse(maker).ok()) == Some(user)
    }

    pub fn given(&self, column: &Column) -> Given {
        let is_concealed = match column.kind {
            Kind::Secret => true,
            Kind::SecretWhen(flag) => self.given.get(flag).and_then(serde_json::Value::as_bool) == Some(true),
            _ => false,
        };
        let told = self.given.get(column.name).filter(|_| !is_concealed).and_then(|json| value(json, column.kind));
        told.map_or(Given::Untold, Given::Told)
    }
}
