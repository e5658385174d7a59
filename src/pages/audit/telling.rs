//! How is an entry of the trail told, whatever it is about?

use std::collections::BTreeMap;

use chrono::Utc;

use crate::{
    audit::{
        entry::{Deed, Doer, Entry, Fields},
        trail_entry::{Subject, TrailEntry},
    },
    auth::actor::Actor,
    db::pool::{Connection, DatabaseError},
    pages::{
        display::{DiffRow, Side, TimeShown},
        history::{self, EntryView},
        urls,
        visit::Visit,
    },
    resource::{Registry, Resource},
};

/// In the order of the entries.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn views(
    connection: &Connection,
    visit: &Visit,
    registry: &Registry,
    entries: Vec<TrailEntry>,
) -> Result<Vec<EntryView>, DatabaseError> {
    let mut told: BTreeMap<usize, EntryView> = BTreeMap::new();
    let mut about: BTreeMap<&'static str, (&'static Resource, Vec<(usize, TrailEntry)>)> = BTreeMap::new();
    for (place, entry) in entries.into_iter().enumerate() {
        match &entry.subject {
            Subject::Record(resource, _) => about.entry(resource.table).or_insert((resource, Vec::new())).1.push((place, entry)),
            Subject::Event => drop(told.insert(place, plain(visit, registry, &entry.entry, None))),
            Subject::Other { table, .. } => drop(told.insert(place, plain(visit, registry, &entry.entry, Some(table)))),
        }
    }
    for (resource, entries) in about.into_values() {
        let whats: Vec<(usize, String)> = entries.iter().map(|(place, entry)| (*place, what(resource, entry))).collect();
        let entries = entries.into_iter().map(|(_, entry)| entry.entry).collect();
        let views = history::views(connection, visit, registry, resource, uuid::Uuid::nil(), None, entries).await?;
        for ((place, what), view) in whats.into_iter().zip(views) {
            let did = format!("{}: {what}", view.did);
            told.insert(place, EntryView { did, ..view });
        }
    }
    Ok(told.into_values().collect())
}

/// The record by the name that the entry itself has of it.
fn what(resource: &Resource, entry: &TrailEntry) -> String {
    let rows = entry.entry.new.iter().chain(&entry.entry.old);
    let label = rows.filter_map(|row| row.get(resource.label)?.as_str()).find(|label| !label.trim().is_empty());
    let id = match &entry.subject {
        Subject::Record(_, id) | Subject::Other { id, .. } => id.to_string(),
        Subject::Event => String::new(),
    };
    match label.filter(|_| !entry.entry.hides(resource, resource.label)) {
        Some(label) => format!("{} {label}", resource.singular),
        None => format!("{} {id}", resource.singular),
    }
}

/// What has no declared columns: an event, or a row of somebody else's table.
fn plain(visit: &Visit, registry: &Registry, entry: &Entry, table: Option<&str>) -> EntryView {
    let did = match &entry.deed {
        Deed::Created => "created a row".to_owned(),
        Deed::Changed => "changed a row".to_owned(),
        Deed::Deleted => "deleted a row".to_owned(),
        Deed::Other(word) => word.to_lowercase().replace('_', " "),
    };
    EntryView {
        id: entry.id,
        icon: "info",
        tone: "",
        who: history::name(&entry.doer),
        who_url: doer_url(&visit.actor, registry, &entry.doer),
        did: table.map_or_else(|| did.clone(), |table| format!("{did} of {table}")),
        reason: entry.reason.clone().filter(|reason| !reason.trim().is_empty()),
        at: entry
            .at
            .as_time()
            .and_then(|time| time.moment())
            .map(|moment| TimeShown::new(moment, visit.actor.preferences.time_zone, Utc::now())),
        rows: rows(entry),
        put_back: None,
        address: entry.address.clone(),
        request: entry.request.clone(),
        context: entry.context.clone(),
    }
}

fn doer_url(actor: &Actor, registry: &Registry, doer: &Doer) -> Option<String> {
    match doer {
        Doer::User { id, .. } => {
            registry.find("users").filter(|users| actor.sees_labels_of(users)).map(|users| urls::record_url(users, *id))
        }
        Doer::Key { .. } | Doer::System(_) | Doer::Database(_) | Doer::Named(_) | Doer::Unknown => None,
    }
}

fn rows(entry: &Entry) -> Vec<DiffRow> {
    let mut names: Vec<&String> = entry.old.iter().chain(&entry.new).flat_map(Fields::keys).collect();
    names.sort();
    names.dedup();
    let side = |row: &Option<Fields>, name: &String| match row.as_ref().and_then(|row| row.get(name)).filter(|value| !value.is_null()) {
        None => Side::NotSet,
        Some(_) if entry.conceals(name) => Side::Secret,
        Some(value) => Side::Text(value.as_str().map_or_else(|| value.to_string(), str::to_owned)),
    };
    let differs = |name: &&String| entry.old.as_ref().and_then(|row| row.get(*name)) != entry.new.as_ref().and_then(|row| row.get(*name));
    names
        .into_iter()
        .filter(differs)
        .map(|name| DiffRow { label: name.clone(), before: side(&entry.old, name), after: side(&entry.new, name) })
        .collect()
}
