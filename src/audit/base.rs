//! What was a record when a form was opened on it, and what has been done to it since?

use std::collections::HashMap;

use serde_json::value::RawValue;
use tokio_postgres::Row;
use uuid::Uuid;

use super::{
    change::value,
    entry::Entry,
    history::{Before, rows},
};
use crate::{
    auth::grant::Grant,
    db::{
        pool::{Connection, DatabaseError},
        value::{Number, Value},
    },
    resource::{
        Column, Kind, Resource,
        record::{version, versioned},
    },
};

/// Entries read at once: mostly the first is the one.
const AT_ONCE: i64 = 20;
/// A form older than so many changes is compared with what is there, and with nothing else.
const FURTHEST: usize = 400;

/// What the logs tell of the time since a form was opened.
#[derive(Debug)]
pub struct Since {
    /// `None` where the logs do not hold that version: written before there was a log, or past it.
    pub base: Option<Base>,
    /// What came after it, newest first; without a base everything that was looked through.
    pub entries: Vec<Entry>,
}

/// A record as an entry of a log kept it.
#[derive(Debug)]
pub struct Base {
    values: HashMap<&'static str, Value>,
    /// The columns of which no value is shown, because they are kept secret or were at a later time.
    hidden: Vec<&'static str>,
}

impl Base {
    /// `None` where the entry does not tell.
    pub fn value(&self, column: &Column) -> Option<&Value> {
        self.values.get(column.name)
    }

    pub fn hides(&self, column: &Column) -> bool {
        self.hidden.contains(&column.name)
    }
}

impl Since {
    /// The entries that changed something a form shows.
    pub fn edits(&self, resource: &'static Resource) -> impl Iterator<Item = &Entry> {
        let is_shown = |name: &str| versioned(resource).any(|column| column.name == name && column.name != "updated_at");
        self.entries.iter().filter(move |entry| entry.changes(resource).iter().any(|change| is_shown(change.name)))
    }

    /// Whether a value that nobody is shown became another one: its digests tell.
    pub fn changed(&self, resource: &'static Resource, column: &Column) -> bool {
        self.base.is_some() && self.entries.iter().any(|entry| entry.changes(resource).iter().any(|change| change.name == column.name))
    }
}

/// Walks back from the newest entry to the one that left the record as the form was opened on it. Whoever names a version
/// has seen what it is of, so the right to read the record is enough.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn since(connection: &Connection, record: &Grant, id: Uuid, opened: &str) -> Result<Since, DatabaseError> {
    let resource = record.resource();
    let mut entries = Vec::new();
    let mut before = Before::NOW;
    loop {
        let page = rows(connection, record, id, before, AT_ONCE).await?;
        for row in &page {
            let entry = Entry::of(row)?;
            if let Some(base) = state(row, "new_values", resource, &entry, opened)? {
                return Ok(Since { base: Some(base), entries });
            }
            let base = state(row, "old_values", resource, &entry, opened)?;
            before = Before::entry(&entry);
            entries.push(entry);
            if base.is_some() {
                return Ok(Since { base, entries });
            }
        }
        if page.len() < AT_ONCE as usize || entries.len() >= FURTHEST {
            return Ok(Since { base: None, entries });
        }
    }
}

/// One side of an entry, if it is the version asked for.
fn state(row: &Row, side: &'static str, resource: &'static Resource, entry: &Entry, opened: &str) -> Result<Option<Base>, DatabaseError> {
    let Some(Value::Json(text)) = row.try_get(side)? else {
        return Ok(None);
    };
    // What is no object, or of another shape than the table, is no version of any record.
    let Ok(document) = serde_json::from_str::<HashMap<String, Box<RawValue>>>(&text) else {
        return Ok(None);
    };
    let told = versioned(resource).filter_map(|column| Some((column.name, exactly(&document, column)?)));
    let values: HashMap<&'static str, Value> = told.collect();
    let counted: Option<Vec<_>> = versioned(resource).map(|column| Some((column, values.get(column.name)?))).collect();
    if counted.is_none_or(|counted| version(counted.into_iter()) != opened) {
        return Ok(None);
    }
    let is_hidden = |column: &&'static Column| entry.hides(resource, column.name);
    let hidden = versioned(resource).filter(is_hidden).map(|column| column.name).collect();
    Ok(Some(Base { values, hidden }))
}

/// A logged value as the table held it: to the last zero of an amount, and a document by its own text.
pub(super) fn exactly(document: &HashMap<String, Box<RawValue>>, column: &Column) -> Option<Value> {
    let text = document.get(column.name)?.get();
    match column.kind {
        Kind::SecretWhen(flag) if document.get(flag).is_some_and(|flag| flag.get() == "true") => Some(Value::Null),
        // A row as JSON does not tell JSON's null from the database's.
        Kind::Json | Kind::SecretWhen(_) if text == "null" && column.nullable => Some(Value::Null),
        Kind::Json | Kind::SecretWhen(_) => Some(Value::Json(text.to_owned())),
        Kind::Money(_) if text.starts_with(|letter: char| letter == '-' || letter.is_ascii_digit()) => {
            Some(Value::Number(rust_decimal::Decimal::from_str_exact(text).map_or(Number::TooLarge, Number::Decimal)))
        }
        kind => value(&serde_json::from_str(text).ok()?, kind),
    }
}
