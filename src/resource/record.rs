//! What does the console know of one row?

use sha2::{Digest, Sha256};
use tokio_postgres::Row;
use uuid::Uuid;

use super::{Column, Kind, Resource, column::Input, nested::without_secrets};
use crate::db::value::Value;

/// One value, with what is needed to show it.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    pub value: Value,
    /// A reference's label, an amount's currency, whether a value that can be secret is.
    pub companion: Value,
    /// A second word beside a reference's label.
    pub detail: Value,
}

/// A row of a list: its place in the order, and the columns asked for, in that order.
#[derive(Debug, Clone)]
pub struct Listed {
    pub id: Uuid,
    pub key: Value,
    pub cells: Vec<Cell>,
}

/// A whole record: every declared column that is not a secret.
#[derive(Debug, Clone)]
pub struct Record {
    pub resource: &'static Resource,
    pub id: Uuid,
    pub columns: Vec<&'static Column>,
    pub cells: Vec<Cell>,
}

/// How many values of a row one column takes.
pub(super) fn width(kind: Kind) -> usize {
    match kind {
        Kind::Reference(target) => 2 + usize::from(target.detail.is_some()),
        Kind::Money(_) | Kind::SecretWhen(_) => 2,
        Kind::Text(_) | Kind::LongText | Kind::Bool | Kind::Uuid | Kind::Timestamp | Kind::Inet | Kind::Json | Kind::Choice(_) => 1,
        Kind::Secret => 0,
    }
}

/// Reads the cells of `columns` from a row, beginning at `start`.
pub(super) fn cells(row: &Row, start: usize, columns: &[&'static Column]) -> Result<Vec<Cell>, tokio_postgres::Error> {
    let mut at = start;
    let mut cells = Vec::with_capacity(columns.len());
    for column in columns {
        let width = width(column.kind);
        let value_at = |offset: usize| {
            if offset < width { row.try_get(at + offset) } else { Ok(Value::Null) }
        };
        let companion = match column.kind {
            Kind::SecretWhen(_) => row.try_get::<_, Option<bool>>(at + 1)?.map_or(Value::Null, Value::Bool),
            _ => value_at(1)?,
        };
        let value = match column.redaction {
            Some(_) => without_secrets(value_at(0)?),
            None => value_at(0)?,
        };
        cells.push(Cell { value, companion, detail: value_at(2)? });
        at += width;
    }
    Ok(cells)
}

impl Record {
    pub fn cell(&self, name: &str) -> Option<&Cell> {
        self.columns.iter().position(|column| column.name == name).map(|index| &self.cells[index])
    }

    pub fn value(&self, name: &str) -> &Value {
        self.cell(name).map_or(&Value::Null, |cell| &cell.value)
    }

    pub fn fields(&self) -> impl Iterator<Item = (&'static Column, &Cell)> {
        self.columns.iter().copied().zip(&self.cells)
    }

    /// How people call it: its label, or its id where it has none.
    pub fn label(&self) -> String {
        match self.value(self.resource.label) {
            Value::Null => self.id.to_string(),
            Value::Text(text) if text.trim().is_empty() => self.id.to_string(),
            value => value.to_string(),
        }
    }

    /// A digest of what an edit form shows: another value means that somebody changed what one is editing.
    /// Changes elsewhere in the row, such as a last login, are no conflict.
    pub fn version(&self) -> String {
        version(versioned(self.resource).map(|column| (column, self.value(column.name))))
    }
}

/// The columns a record's version is made of.
pub fn versioned(resource: &Resource) -> impl Iterator<Item = &'static Column> {
    let hides_a_secret = resource.columns.iter().any(|column| matches!(column.kind, Kind::SecretWhen(_)));
    resource.columns.iter().filter(move |column| {
        // A hidden value cannot be compared; the time of the last change stands for it.
        let counts = column.on_edit != Input::Never || column.name == "status" || (hides_a_secret && column.name == "updated_at");
        counts && !column.is_secret() && column.is_stored()
    })
}

/// The version of whatever has these values in its [`versioned`] columns.
pub fn version<'v>(values: impl Iterator<Item = (&'static Column, &'v Value)>) -> String {
    let mut digest = Sha256::new();
    for (column, value) in values {
        digest.update(column.name.as_bytes());
        digest.update([0, u8::from(value.is_null())]);
        digest.update(value.to_string().as_bytes());
        digest.update([0]);
    }
    hex::encode(&digest.finalize()[..12])
}
