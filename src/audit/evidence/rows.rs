//! How does a row become the values of a line, without anything secret?

use serde_json::{Map, Value as Json};
use tokio_postgres::Row;

use super::control::{DataSet, Reading};
use crate::{
    audit::entry::{Entry, Fields},
    db::{pool::DatabaseError, value::Value},
    resource::{Registry, Resource, column::SECRETS_OF_ROWS},
};

/// The values of a row in the order of its set's heads.
pub(super) fn values(set: &DataSet, row: &Row, registry: &Registry) -> Result<Vec<Value>, DatabaseError> {
    match set.reading {
        Reading::Plain => (0..set.heads.len()).map(|place| Ok(row.try_get(place)?)).collect(),
        Reading::Entries => {
            let entry = Entry::of(row)?;
            let resource = registry.find(row.try_get("entity_type")?);
            set.heads
                .iter()
                .map(|head| match *head {
                    "old_values" => Ok(shown(&entry, entry.old.as_ref(), resource)),
                    "new_values" => Ok(shown(&entry, entry.new.as_ref(), resource)),
                    head => Ok(row.try_get(head)?),
                })
                .collect()
        }
    }
}

/// A logged row with its secrets replaced by words that say so.
fn shown(entry: &Entry, fields: Option<&Fields>, resource: Option<&'static Resource>) -> Value {
    let Some(fields) = fields else {
        return Value::Null;
    };
    let hides = |name: &str| match resource {
        Some(resource) => entry.hides(resource, name),
        // A table the console does not know may be named as it likes, and hold what an old one did.
        None => SECRETS_OF_ROWS.contains(&name) || name == "setting_value",
    };
    let mut shown = Map::new();
    for (name, value) in fields {
        let is_hidden = !value.is_null() && hides(name);
        shown.insert(name.clone(), if is_hidden { Json::String("not shown".to_owned()) } else { value.clone() });
    }
    Value::Json(Json::Object(shown).to_string())
}
