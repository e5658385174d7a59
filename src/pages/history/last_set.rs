//! Who last set each field of a record, and when?

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::{
    audit::entry::{Deed, Entry},
    pages::{audit::telling::name, display::TimeShown, urls},
    resource::record::Record,
};

/// One field, with the entry that left it as it is.
pub struct LastSet {
    pub label: &'static str,
    /// What else changed it.
    pub href: String,
    /// Nothing where that is longer ago than what was read.
    pub by: Option<Setter>,
}

pub struct Setter {
    pub who: String,
    pub at: Option<TimeShown>,
}

/// Among the newest entries of a record; `entries` are those, newest first.
pub fn last_set(record: &Record, entries: &[Entry], zone: Tz, now: DateTime<Utc>) -> Vec<LastSet> {
    let resource = record.resource;
    let changes: Vec<_> = entries.iter().map(|entry| (entry, entry.changes(resource))).collect();
    let shown = record.fields().filter(|(column, _)| column.shown && column.is_own() && column.name != "id");
    // What is stamped with every change says so itself.
    let told = shown.filter(|(column, _)| !matches!(column.name, "created_at" | "created_by" | "updated_at" | "updated_by"));
    told.map(|(column, _)| {
        let set = changes.iter().find(|(entry, changes)| {
            // A record begins with all of its fields, those left empty too.
            entry.deed == Deed::Created || changes.iter().any(|change| change.name == column.name)
        });
        LastSet {
            label: column.label,
            href: urls::field_history_url(resource, record.id, column.name),
            by: set.map(|(entry, _)| Setter {
                who: name(&entry.doer),
                at: entry.at.as_time().and_then(|time| time.moment()).map(|moment| TimeShown::new(moment, zone, now)),
            }),
        }
    })
    .collect()
}
