//! What is an entry of a log about: a record of the console's tables, no row at all, or something else?

use uuid::Uuid;

use super::entry::{Deed, Entry};
use crate::resource::{Registry, Resource};

/// An entry as the one trail of both logs has it.
#[derive(Debug, Clone)]
pub struct TrailEntry {
    pub entry: Entry,
    pub subject: Subject,
}

#[derive(Debug, Clone)]
pub enum Subject {
    Record(&'static Resource, Uuid),
    /// What happened is no row: a login, an export.
    Event,
    /// A side table of the console's, or whatever the platform names.
    Other {
        table: String,
        id: Uuid,
    },
}

/// What the logs name in the place of a table where there is no row.
pub const EVENT: &str = "event";

/// What entries of tables that nobody declared are read by: only the names of secrets are known of them.
pub static UNDECLARED: Resource = Resource::new("", "row", "Rows", &[]);

impl Subject {
    pub fn named(registry: &Registry, table: &str, id: Uuid) -> Subject {
        match registry.find(table) {
            Some(resource) => Subject::Record(resource, id),
            None if table == EVENT => Subject::Event,
            None => Subject::Other { table: table.to_owned(), id },
        }
    }

    /// The table, as the log names it.
    pub fn table(&self) -> &str {
        match self {
            Subject::Record(resource, _) => resource.table,
            Subject::Event => EVENT,
            Subject::Other { table, .. } => table,
        }
    }

    pub fn id(&self) -> Option<Uuid> {
        match self {
            Subject::Record(_, id) | Subject::Other { id, .. } => Some(*id),
            Subject::Event => None,
        }
    }

    /// The declaration that says how the entry's fields are read.
    pub fn resource(&self) -> &'static Resource {
        match self {
            Subject::Record(resource, _) => resource,
            Subject::Event | Subject::Other { .. } => &UNDECLARED,
        }
    }
}

impl TrailEntry {
    /// A value of the row as the entry leaves it, where it may be shown: of what was deleted, as it was.
    pub fn told(&self, name: &str) -> Option<&str> {
        let row = self.entry.new.as_ref().or(self.entry.old.as_ref())?;
        row.get(name).filter(|_| !self.entry.hides(self.subject.resource(), name))?.as_str()
    }

    /// The record's name as the entry itself kept it.
    pub fn label(&self) -> Option<&str> {
        match self.subject {
            Subject::Record(resource, _) => self.told(resource.label).filter(|label| !label.trim().is_empty()),
            Subject::Event | Subject::Other { .. } => None,
        }
    }

    /// The word of an event.
    pub fn event(&self) -> Option<&str> {
        match (&self.subject, &self.entry.deed) {
            (Subject::Event, Deed::Other(word)) => Some(word),
            (Subject::Event, Deed::Created | Deed::Changed | Deed::Deleted) | (Subject::Record(..) | Subject::Other { .. }, _) => None,
        }
    }
}
