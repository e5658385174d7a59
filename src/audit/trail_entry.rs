//! Which entry of the trail is it, and what is it about?

use uuid::Uuid;

use super::entry::Entry;
use crate::resource::{Registry, Resource};

#[derive(Debug, Clone)]
pub struct TrailEntry {
    pub entry: Entry,
    pub subject: Subject,
}

#[derive(Debug, Clone)]
pub enum Subject {
    /// Of a table that the console administers; the record may be gone.
    Record(&'static Resource, Uuid),
    Event,
    /// Of another table, or whatever an old entry names.
    Other {
        table: String,
        id: Uuid,
    },
}

/// What stands where an entry about no row names its table.
pub const EVENT: &str = "event";

impl Subject {
    pub fn of(registry: &Registry, table: String, id: Uuid) -> Subject {
        match registry.find(&table) {
            Some(resource) => Subject::Record(resource, id),
            None if table == EVENT => Subject::Event,
            None => Subject::Other { table, id },
        }
    }
}
