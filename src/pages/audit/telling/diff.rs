//! What changed, field by field, before and after, in words?

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::Value as Json;

use super::{
    document::{MOST, places},
    known::Known,
    words::words,
};
use crate::{
    audit::{
        change::{Change, Secrecy, value},
        entry::Fields,
        history::label_of,
        trail_entry::{Subject, TrailEntry},
    },
    pages::{
        conflict::passage::{Passage, passages},
        display::{DiffRow, Side},
    },
    resource::{Kind, indent::indented},
};

/// Longer texts are shown by what changed in them.
const SHORT: usize = 160;
/// Existing rows hold texts of hundreds of kilobytes; a page of entries could not.
const LONG: usize = 4_000;

/// How logged values are written for one reader.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    pub known: &'a Known,
    pub zone: Tz,
    pub now: DateTime<Utc>,
}

impl Reader<'_> {
    /// The changes of an entry; `href` leads to the others of the same field.
    pub fn rows(&self, told: &TrailEntry, href: impl Fn(&str) -> Option<String>) -> Vec<DiffRow> {
        let changes = told.entry.changes(told.subject.resource());
        changes.iter().flat_map(|change| self.row(told, change, href(change.name))).collect()
    }

    fn row(&self, told: &TrailEntry, change: &Change<'_>, href: Option<String>) -> Vec<DiffRow> {
        let label = self.label(told, change.name);
        if change.secrecy == Secrecy::Open
            && let (Some(before), Some(after)) = (change.before, change.after)
        {
            if is_structure(before) && is_structure(after) {
                return structure(&label, href, before, after);
            }
            let texts = [self.words(told, change.name, before, &told.entry.old), self.words(told, change.name, after, &told.entry.new)];
            if texts.iter().any(|text| text.chars().count() > SHORT) {
                let cut = |passage: Passage| Side::Passage(Passage { marked: cut(passage.marked), ..passage });
                let mut told = passages(&[&texts[0], &texts[1]]).into_iter().map(cut);
                let (before, after) = (told.next().unwrap_or(Side::NotSet), told.next().unwrap_or(Side::NotSet));
                return vec![DiffRow { label, href, before, after }];
            }
        }
        let side = |json: Option<&Json>, row: &Option<Fields>| match (json, change.secrecy) {
            (None, _) => Side::NotSet,
            (Some(_), Secrecy::Hidden) => Side::Secret,
            (Some(json), Secrecy::Open) => Side::Text(cut(self.words(told, change.name, json, row))),
        };
        let (before, after) = (side(change.before, &told.entry.old), side(change.after, &told.entry.new));
        vec![DiffRow { label, href, before, after }]
    }

    pub fn label(&self, told: &TrailEntry, name: &str) -> String {
        match told.subject {
            Subject::Record(resource, _) => label_of(resource, name).to_owned(),
            Subject::Event | Subject::Other { .. } => spelled(name),
        }
    }

    /// One logged value in words.
    pub fn words(&self, told: &TrailEntry, name: &str, json: &Json, row: &Option<Fields>) -> String {
        let column = told.subject.resource().column(name);
        match column.and_then(|column| Some((column, value(json, column.kind)?))) {
            Some((column, value)) => {
                let currency = self.known.currency(column.kind, row.as_ref());
                words(column, &value, self.zone, self.now, currency.as_deref(), &self.known.labels)
            }
            None => self.plain(json),
        }
    }

    /// A value of which only the document itself is known.
    pub fn plain(&self, json: &Json) -> String {
        match json {
            Json::String(text) => {
                uuid::Uuid::try_parse(text).ok().and_then(|id| Some(self.known.labels.get(&id)?.clone())).unwrap_or_else(|| text.clone())
            }
            Json::Bool(true) => "Yes".to_owned(),
            Json::Bool(false) => "No".to_owned(),
            Json::Null => "nothing".to_owned(),
            Json::Array(_) | Json::Object(_) => indented(&json.to_string()),
            Json::Number(_) => json.to_string(),
        }
    }

    /// The two sides of the only field that changed, where both are a few words.
    pub fn in_few_words(&self, told: &TrailEntry, change: &Change<'_>) -> Option<(String, String)> {
        let (before, after) = (change.before?, change.after?);
        let is_document = is_structure(before) || is_structure(after);
        if change.secrecy == Secrecy::Hidden || is_document {
            return None;
        }
        let sides = [(before, &told.entry.old), (after, &told.entry.new)].map(|(json, row)| match self.column_kind(told, change.name) {
            Some(Kind::SecretWhen(_) | Kind::Json) => self.plain(json),
            Some(_) | None => self.words(told, change.name, json, row),
        });
        let [before, after] = sides;
        let is_brief = |text: &String| text.chars().count() <= 40 && !text.contains('\n') && !text.trim().is_empty();
        (is_brief(&before) && is_brief(&after)).then_some((before, after))
    }

    fn column_kind(&self, told: &TrailEntry, name: &str) -> Option<Kind> {
        told.subject.resource().column(name).map(|column| column.kind)
    }
}

/// Of a text that nobody reads on this page the beginning; the record itself has all of it.
fn cut(text: String) -> String {
    match text.char_indices().nth(LONG) {
        Some((end, _)) => [&text[..end], "…"].concat(),
        None => text,
    }
}

fn is_structure(json: &Json) -> bool {
    matches!(json, Json::Array(_) | Json::Object(_))
}

fn structure(label: &str, href: Option<String>, before: &Json, after: &Json) -> Vec<DiffRow> {
    let side = |json: Option<&Json>| json.map_or(Side::NotSet, |json| Side::Text(cut(indented(&json.to_string()))));
    let found = places(before, after);
    let more = found.len() > MOST;
    let named = |path: &str| match path {
        "" => label.to_owned(),
        path if path.starts_with('[') => format!("{label}{path}"),
        path => format!("{label} › {path}"),
    };
    let mut rows: Vec<_> = found
        .iter()
        .take(MOST)
        .map(|place| DiffRow { label: named(&place.path), href: href.clone(), before: side(place.before), after: side(place.after) })
        .collect();
    if more {
        rows.push(DiffRow { label: format!("{label}: and more"), href, before: Side::NotSet, after: Side::NotSet });
    }
    rows
}

/// A name of the database as people read it: "rule_applied" is "Rule applied".
pub fn spelled(name: &str) -> String {
    let spaced = name.replace('_', " ");
    let mut letters = spaced.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
