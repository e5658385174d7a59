//! How does a demonstration row become the row it is, one recorded change after another?

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use uuid::Uuid;

use super::{cell::Cell, origin::Origin, table::Table};

/// A row and everything that ever happened to it.
#[derive(Debug)]
pub struct Record {
    pub table: Table,
    pub id: Uuid,
    made: Origin,
    first: BTreeMap<&'static str, Cell>,
    changes: Vec<(Origin, Vec<(&'static str, Cell)>)>,
    deleted: Option<Origin>,
}

/// One entry of a log. `before` and `after` hold what differs from the row as it is at the end; an event's
/// `after` is all there is to it.
#[derive(Debug)]
pub struct Entry {
    pub subject: Subject,
    pub action: &'static str,
    pub before: Option<String>,
    pub after: Option<String>,
    pub origin: Origin,
}

#[derive(Debug, Clone, Copy)]
pub enum Subject {
    Row(Table, Uuid),
    Event,
}

/// Everything the fill writes.
#[derive(Debug, Default)]
pub struct Journal {
    pub lines: BTreeMap<Table, String>,
    pub deleted: Vec<Uuid>,
    pub entries: Vec<Entry>,
}

impl Record {
    /// The stamps are set here, as the console's triggers would.
    pub fn new(table: Table, id: Uuid, made: Origin, values: impl IntoIterator<Item = (&'static str, Cell)>) -> Self {
        let mut first: BTreeMap<&'static str, Cell> = values.into_iter().collect();
        first.insert("id", Cell::Uuid(id));
        if table.has_stamps() {
            first.entry("created_at").or_insert(Cell::Moment(made.at));
            first.entry("updated_at").or_insert(Cell::Moment(made.at));
            if table != Table::UserSessions {
                let by = stamp(table, &made).unwrap_or(Cell::Null);
                first.entry("created_by").or_insert(by.clone());
                first.entry("updated_by").or_insert(by);
            }
        }
        Self { table, id, made, first, changes: Vec::new(), deleted: None }
    }

    pub fn change(&mut self, origin: Origin, values: impl IntoIterator<Item = (&'static str, Cell)>) {
        self.changes.push((origin, values.into_iter().collect()));
    }

    /// What the row was made with.
    pub fn value(&self, column: &str) -> Option<&Cell> {
        self.first.get(column)
    }

    pub fn delete(&mut self, origin: Origin) {
        self.deleted = Some(origin);
    }

    /// Puts the row and its entries into the journal.
    pub fn write(mut self, journal: &mut Journal) {
        self.changes.sort_by_key(|(origin, _)| origin.at);
        let mut touched: BTreeSet<&'static str> = self.changes.iter().flat_map(|(_, values)| values).map(|(column, _)| *column).collect();
        if !self.changes.is_empty() && self.table.has_stamps() {
            touched.insert("updated_at");
            if self.table != Table::UserSessions {
                touched.insert("updated_by");
            }
        }

        let subject = Subject::Row(self.table, self.id);
        let mut row = self.first;
        let mut state = patch(&row, &touched);
        journal.entries.push(Entry { subject, action: "INSERT", before: None, after: Some(state.clone()), origin: self.made });
        for (origin, values) in self.changes {
            if self.table.has_stamps() {
                row.insert("updated_at", Cell::Moment(origin.at));
                // What moves through the door is no edit.
                let moved = values.iter().any(|(column, _)| matches!(*column, "status" | "balance"));
                if !(moved && matches!(self.table, Table::Transactions | Table::Accounts))
                    && let Some(by) = stamp(self.table, &origin)
                {
                    row.insert("updated_by", by);
                }
            }
            row.extend(values);
            let after = patch(&row, &touched);
            journal.entries.push(Entry { subject, action: "UPDATE", before: Some(state), after: Some(after.clone()), origin });
            state = after;
        }
        if let Some(origin) = self.deleted {
            journal.entries.push(Entry { subject, action: "DELETE", before: Some(state), after: None, origin });
            journal.deleted.push(self.id);
        }

        let line = journal.lines.entry(self.table).or_default();
        for (place, column) in self.table.copied().columns.iter().enumerate() {
            if place > 0 {
                line.push('\t');
            }
            row.get(column).unwrap_or(&Cell::Null).copy_into(line);
        }
        line.push('\n');
    }
}

impl Journal {
    pub fn event(&mut self, action: &'static str, details: &Value, mut origin: Origin) {
        origin.outcome.get_or_insert("ok");
        self.entries.push(Entry { subject: Subject::Event, action, before: None, after: Some(details.to_string()), origin });
    }
}

/// Whom the stamp names; nobody's where no user acts, so that "last edited by" stays a user. The registry keeps names.
fn stamp(table: Table, origin: &Origin) -> Option<Cell> {
    use super::origin::Author;
    if !table.is_registry() {
        return origin.author.id().map(Cell::Uuid);
    }
    match &origin.author {
        Author::User { name, .. } => Some(Cell::from(name.as_str())),
        Author::Job(_) => Some(Cell::from(origin.author.registry_name())),
        Author::Role(_) => None,
    }
}

fn patch(row: &BTreeMap<&'static str, Cell>, columns: &BTreeSet<&'static str>) -> String {
    let mut text = String::from("{");
    for column in columns {
        if text.len() > 1 {
            text.push(',');
        }
        text.push('"');
        text.push_str(column);
        text.push_str("\":");
        row.get(column).unwrap_or(&Cell::Null).json_into(&mut text);
    }
    text.push('}');
    text
}
