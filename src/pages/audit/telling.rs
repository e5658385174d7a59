//! How are entries of the logs told: a sentence each, those of one request folded, and what changed beside it?

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use uuid::Uuid;

mod decision;
mod diff;
mod document;
mod event;
mod fold;
mod known;
mod meta;
mod sentence;
#[cfg(test)]
mod tests;
mod words;

use std::collections::HashSet;

pub use event::Detail;
pub use meta::Meta;
pub use sentence::{Part, Place};
pub use words::{name, when, words};

use crate::{
    audit::{
        decided::On,
        entry::Log,
        trail_entry::{Subject, TrailEntry},
    },
    auth::policy::Action,
    db::pool::{Connection, DatabaseError},
    pages::{
        annotate::NoteView,
        display::{DiffRow, Grouped, TimeShown},
        offers, urls,
        visit::Visit,
    },
    resource::{Registry, Resource, column::Input, record::Record},
};
use diff::Reader;
use fold::{Bond, Fold, folds};
use known::Known;
use sentence::{Teller, Told};
use words::counted;

/// One entry, or several told as one, ready to be drawn.
#[derive(Debug)]
pub struct EntryView {
    pub id: Uuid,
    pub log: Log,
    pub icon: &'static str,
    pub tone: &'static str,
    pub said: Vec<Part>,
    pub reason: Option<String>,
    /// The heading of its day, where it is the first of it.
    pub day: Option<String>,
    pub at: Option<TimeShown>,
    /// When the first of several was, where that is another minute.
    pub since: Option<TimeShown>,
    /// What is behind it: "3 fields on 2 records".
    pub summary: String,
    pub is_open: bool,
    pub rows: Vec<DiffRow>,
    pub details: Vec<Detail>,
    pub meta: Vec<Meta>,
    pub put_back: Option<String>,
    /// What was said of it, and what may be done with it, where the page shows that.
    pub notes: Vec<NoteView>,
    pub ways: Vec<(&'static str, String)>,
    /// The other entries of the same request; none of them has any of its own.
    pub folded: Vec<EntryView>,
}

/// Entries of both logs, newest first, as the trail shows them.
///
/// # Errors
/// See [`DatabaseError`]; so for the next.
pub async fn views(
    connection: &Connection,
    visit: &Visit,
    registry: &Registry,
    entries: Vec<TrailEntry>,
) -> Result<Vec<EntryView>, DatabaseError> {
    views_at(connection, visit, registry, Place::Trail, entries).await
}

/// The same, where they are read.
pub async fn views_at(
    connection: &Connection,
    visit: &Visit,
    registry: &Registry,
    place: Place<'_>,
    entries: Vec<TrailEntry>,
) -> Result<Vec<EntryView>, DatabaseError> {
    let known = Known::of(connection, &visit.actor, registry, place, &entries).await?;
    let now = Utc::now();
    let reader = Reader { known: &known, zone: visit.actor.preferences.time_zone, now };
    let teller = Teller { reader, visit, registry, place };
    let mut views: Vec<EntryView> = folds(&entries, &known).iter().map(|fold| teller.fold(&entries, fold)).collect();
    let mut last = None;
    for (index, view) in views.iter_mut().enumerate() {
        let day = day(view.at.as_ref(), reader.zone, now);
        view.day = (last.as_ref() != Some(&day)).then(|| day.clone());
        last = Some(day);
        view.is_open = match place {
            Place::Trail => index == 0,
            Place::Own { .. } => true,
        };
    }
    Ok(views)
}

/// The same, each by itself and in the order given: for where something is said of each.
pub async fn one_by_one(
    connection: &Connection,
    visit: &Visit,
    registry: &Registry,
    entries: &[TrailEntry],
) -> Result<Vec<EntryView>, DatabaseError> {
    let known = Known::of(connection, &visit.actor, registry, Place::Trail, entries).await?;
    let reader = Reader { known: &known, zone: visit.actor.preferences.time_zone, now: Utc::now() };
    let teller = Teller { reader, visit, registry, place: Place::Trail };
    Ok(entries.iter().map(|told| teller.view(told, teller.sentence(told, &[]))).collect())
}

impl Teller<'_> {
    fn fold(&self, entries: &[TrailEntry], fold: &Fold) -> EntryView {
        let lead = &entries[fold.lead];
        let others: Vec<&TrailEntry> = fold.members.iter().filter(|index| **index != fold.lead).map(|index| &entries[*index]).collect();
        let all: Vec<&TrailEntry> = fold.members.iter().map(|index| &entries[*index]).collect();
        let mut told = match fold.bond {
            Bond::Failures => self.failures(&all),
            Bond::Request | Bond::Job => self.sentence(lead, &others),
        };
        let alike = self.alike(lead, &others);
        if fold.bond != Bond::Failures && alike > 0 {
            told.parts.push(Part::words(format!(", and {alike} more")));
        }
        let mut view = self.view(lead, told);
        view.summary = self.summary(&all, fold.bond);
        view.folded = others.iter().map(|other| self.view(other, self.sentence(other, &[]))).collect();
        // A fold stands where its newest entry does.
        view.at = self.time(all[0]);
        let first = all.last().and_then(|first| self.time(first));
        view.since = first.filter(|first| view.at.as_ref().is_some_and(|at| at.utc().to_string() != first.utc().to_string()));
        view
    }

    fn sentence(&self, told: &TrailEntry, others: &[&TrailEntry]) -> Told {
        if let Some(word) = told.event() {
            return self.event(told, word);
        }
        let is_of_the_decision = match &told.subject {
            Subject::Record(resource, _) => resource.table == "transactions",
            Subject::Other { table, .. } => matches!(table.as_str(), "transaction_approvals" | "ledger_decisions"),
            Subject::Event => false,
        };
        match self.reader.known.decision(told).filter(|_| is_of_the_decision) {
            Some(decided) => self.decision(told, others, &decided),
            None => self.row(told),
        }
    }

    /// How many others of the fold were dealt with just as the first was: the two legs of a transfer have one name.
    fn alike(&self, lead: &TrailEntry, others: &[&TrailEntry]) -> usize {
        if matches!(lead.subject, Subject::Event) || self.is_own(lead) {
            return 0;
        }
        let name = |told: &TrailEntry| match self.reader.known.decision(told) {
            Some(decided) => match decided.on {
                On::Transaction(id) => self.reader.known.transaction(id).map_or_else(|| id.to_string(), Record::label),
                On::Drift(account) => account.to_string(),
            },
            None => told.label().map_or_else(|| told.subject.id().unwrap_or_default().to_string(), str::to_owned),
        };
        let same = |other: &&&TrailEntry| other.subject.table() == lead.subject.table() && other.entry.deed == lead.entry.deed;
        let names: HashSet<String> = others.iter().filter(same).map(|other| name(other)).collect();
        names.iter().filter(|other| **other != name(lead)).count()
    }

    fn view(&self, told: &TrailEntry, Told { icon, tone, parts }: Told) -> EntryView {
        let entry = &told.entry;
        let is_row = told.event().is_none();
        let rows = if is_row { self.reader.rows(told, |name| self.field_link(told, name)) } else { Vec::new() };
        EntryView {
            id: entry.id,
            log: entry.log,
            icon,
            tone,
            said: parts,
            reason: entry.reason.clone().filter(|reason| !reason.trim().is_empty()),
            day: None,
            at: self.time(told),
            since: None,
            summary: self.summary(&[told], Bond::Request),
            is_open: false,
            rows,
            details: if is_row { Vec::new() } else { self.details(told) },
            meta: self.meta(told),
            put_back: self.put_back(told),
            notes: Vec::new(),
            ways: Vec::new(),
            folded: Vec::new(),
        }
    }

    fn time(&self, told: &TrailEntry) -> Option<TimeShown> {
        let moment = told.entry.at.as_time().and_then(|time| time.moment())?;
        Some(TimeShown::new(moment, self.reader.zone, self.reader.now))
    }

    /// "3 fields on 2 records"
    fn summary(&self, all: &[&TrailEntry], bond: Bond) -> String {
        let is_record = |told: &&&TrailEntry| matches!(told.subject, Subject::Record(..));
        let records: HashSet<(&str, Option<Uuid>)> =
            all.iter().filter(is_record).map(|told| (told.subject.table(), told.subject.id())).collect();
        let fields: usize = all.iter().filter(is_record).map(|told| told.entry.changes(told.subject.resource()).len()).sum();
        match (bond, all.len(), records.len(), fields) {
            (Bond::Failures, many, _, _) if many > 1 => format!("{} entries", Grouped(many as u64)),
            (_, _, 0, _) | (_, 1, _, 0) => "Details".to_owned(),
            (_, _, 1, fields) => counted(fields, "field"),
            (_, _, records, fields) => format!("{} on {}", counted(fields, "field"), counted(records, "record")),
        }
    }

    /// On a record's own page a field leads to what else changed it.
    fn field_link(&self, told: &TrailEntry, name: &str) -> Option<String> {
        let Place::Own { resource, id, .. } = self.place else {
            return None;
        };
        (self.is_own(told) && is_asked_for(resource, name)).then(|| urls::field_history_url(resource, id, name))
    }

    /// The edit form with what the entry replaced, for whoever may edit the record as it stands.
    fn put_back(&self, told: &TrailEntry) -> Option<String> {
        let Place::Own { resource, id, current } = self.place else {
            return None;
        };
        let is_field = |name: &str| resource.column(name).is_some_and(|column| column.on_edit != Input::Never);
        let holds_an_old_value = told.entry.values_to_put_back(resource).iter().any(|(name, _)| is_field(name));
        let may_edit = self.visit.actor.may(Action::Edit, resource)
            && current.is_some_and(|record| offers::obstacle(Action::Edit, record, &self.visit.actor).is_none());
        (self.is_own(told) && may_edit && holds_an_old_value)
            .then(|| format!("{}?from={}:{}", urls::edit_url(resource, id), told.entry.log.table(), told.entry.id.as_hyphenated()))
    }
}

/// Whether a history can be narrowed to this field: it is the table's own, and the log keeps it.
pub fn is_asked_for(resource: &Resource, name: &str) -> bool {
    resource.column(name).is_some_and(|column| column.is_own() && column.is_stored() && column.name != "id")
}

/// "Today, Tuesday 24 November"
fn day(at: Option<&TimeShown>, zone: Tz, now: DateTime<Utc>) -> String {
    let Some(at) = at else {
        return "At a time the log does not name".to_owned();
    };
    let (day, today) = (at.instant().with_timezone(&zone).date_naive(), now.with_timezone(&zone).date_naive());
    let date = day.format(if chrono::Datelike::year(&day) == chrono::Datelike::year(&today) { "%A %-d %B" } else { "%A %-d %B %Y" });
    match (today - day).num_days() {
        0 => format!("Today, {date}"),
        1 => format!("Yesterday, {date}"),
        _ => date.to_string(),
    }
}
