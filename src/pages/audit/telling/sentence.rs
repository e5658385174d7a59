//! What does one entry say, as a sentence?

use uuid::Uuid;

use super::{
    diff::{Reader, spelled},
    words::{listed, name},
};
use crate::{
    audit::{
        change::Change,
        entry::{Deed, Doer},
        trail_entry::{Subject, TrailEntry},
    },
    auth::policy::Action,
    pages::{urls, visit::Visit},
    resource::{Registry, Resource, record::Record},
};

/// A part of a sentence; between parts stands a space, unless the next begins with a mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    Words(String),
    /// What the reader looks for: fields, amounts, names without a page.
    Strong(String),
    Actor {
        text: String,
        href: Option<String>,
    },
    Record {
        text: String,
        href: Option<String>,
    },
}

impl Part {
    pub fn words(text: impl Into<String>) -> Part {
        Part::Words(text.into())
    }

    pub fn strong(text: impl Into<String>) -> Part {
        Part::Strong(text.into())
    }

    /// Whether no space stands before it.
    pub fn clings(&self) -> bool {
        matches!(self, Part::Words(text) if text.starts_with([',', ';', ':', '.']))
    }
}

/// Where sentences are read.
#[derive(Debug, Clone, Copy)]
pub enum Place<'a> {
    /// Among the entries of everything.
    Trail,
    /// On the page of one record, which is "it".
    Own { resource: &'static Resource, id: Uuid, current: Option<&'a Record> },
}

/// Who tells, and to whom.
#[derive(Clone, Copy)]
pub struct Teller<'a> {
    pub reader: Reader<'a>,
    pub visit: &'a Visit,
    pub registry: &'a Registry,
    pub place: Place<'a>,
}

/// A sentence with its picture: a symbol of the sprite, and the class of its tone.
#[derive(Debug)]
pub struct Told {
    pub icon: &'static str,
    pub tone: &'static str,
    pub parts: Vec<Part>,
}

/// More fields than this are counted.
const FIELDS: usize = 4;

impl Teller<'_> {
    pub fn actor(&self, told: &TrailEntry) -> Part {
        let href = match &told.entry.doer {
            Doer::User { id, .. } => self.link("users", *id),
            Doer::Key { .. } | Doer::System(_) | Doer::Database(_) | Doer::Named(_) | Doer::Unknown => None,
        };
        Part::Actor { text: name(&told.entry.doer), href }
    }

    /// The address of a record, for whoever may read it.
    pub fn link(&self, table: &str, id: Uuid) -> Option<String> {
        let resource = self.registry.find(table)?;
        self.visit.actor.sees_labels_of(resource).then(|| urls::record_url(resource, id))
    }

    /// Whether the page the sentence stands on is the record's own.
    pub fn is_own(&self, told: &TrailEntry) -> bool {
        match (self.place, &told.subject) {
            (Place::Own { resource, id, .. }, Subject::Record(table, record)) => resource.table == table.table && id == *record,
            (Place::Own { .. } | Place::Trail, _) => false,
        }
    }

    /// "account", and what the entry calls it.
    pub fn subject(&self, told: &TrailEntry) -> Vec<Part> {
        match &told.subject {
            Subject::Event => Vec::new(),
            Subject::Other { table, id } => vec![Part::words(noun(table)), Part::strong(id.to_string())],
            Subject::Record(resource, id) => {
                let text = told.label().map_or_else(|| id.to_string(), str::to_owned);
                let is_there = told.entry.deed != Deed::Deleted && self.visit.actor.may(Action::Read, resource);
                let href = is_there.then(|| urls::record_url(resource, *id));
                vec![Part::words(resource.singular), Part::Record { text, href }]
            }
        }
    }

    /// What was done to a row.
    pub fn row(&self, told: &TrailEntry) -> Told {
        let changes = told.entry.changes(told.subject.resource());
        let is_own = self.is_own(told);
        let (icon, tone) = look(&told.entry.deed);
        let mut parts = vec![self.actor(told)];
        let simple = |verb: &str| {
            let mut parts = vec![Part::words(verb)];
            if is_own {
                parts.push(Part::words("it"))
            } else {
                parts.extend(self.subject(told))
            }
            parts
        };
        match &told.entry.deed {
            Deed::Created => parts.extend(simple("created")),
            Deed::Deleted => parts.extend(simple("deleted")),
            Deed::Other(word) => {
                parts.push(Part::words(word.to_lowercase().replace('_', " ")));
                if !is_own {
                    parts.push(Part::words(":"));
                    parts.extend(self.subject(told));
                }
            }
            Deed::Changed => match changes.as_slice() {
                [] => {
                    parts.extend(simple("saved"));
                    parts.push(Part::words("without a change"));
                }
                [only] if only.name == "is_active" && only.after.is_some_and(serde_json::Value::is_boolean) => {
                    let is_active = only.after.and_then(serde_json::Value::as_bool) == Some(true);
                    parts.extend(simple("made"));
                    parts.push(Part::strong(if is_active { "active" } else { "inactive" }));
                }
                [only] if only.name == "last_used" && only.before.is_none_or(serde_json::Value::is_null) => {
                    parts.extend(simple("used"));
                    parts.push(Part::words("for the first time"));
                }
                changes => {
                    parts.push(Part::words("changed"));
                    parts.extend(self.fields(told, changes));
                    if !is_own {
                        parts.push(Part::words("of"));
                        parts.extend(self.subject(told));
                    }
                    if let [only] = changes
                        && let Some((before, after)) = self.reader.in_few_words(told, only)
                    {
                        parts.extend([Part::words("from"), Part::strong(before), Part::words("to"), Part::strong(after)]);
                    }
                }
            },
        }
        Told { icon, tone, parts }
    }

    fn fields(&self, told: &TrailEntry, changes: &[Change<'_>]) -> Vec<Part> {
        if changes.len() > FIELDS {
            return vec![Part::strong(format!("{} fields", changes.len()))];
        }
        let names: Vec<String> = changes.iter().map(|change| self.reader.label(told, change.name).to_lowercase()).collect();
        vec![Part::strong(listed(&names))]
    }
}

fn look(deed: &Deed) -> (&'static str, &'static str) {
    match deed {
        Deed::Created => ("plus", "ok"),
        Deed::Changed => ("edit", ""),
        Deed::Deleted => ("trash", "bad"),
        Deed::Other(_) => ("info", ""),
    }
}

/// What one row of a table is called that the console does not list.
pub fn noun(table: &str) -> String {
    match table {
        "transaction_approvals" => "decision".to_owned(),
        "transaction_transfers" => "transfer".to_owned(),
        "transaction_reversals" => "reversal".to_owned(),
        "transaction_questions" => "question".to_owned(),
        "expiry_holds" => "hold from expiry".to_owned(),
        "decision_runs" => "bulk run".to_owned(),
        "decision_run_items" => "line of a bulk run".to_owned(),
        "account_ledger" => "ledger of an account".to_owned(),
        "account_ledger_corrections" => "correction of a ledger".to_owned(),
        "account_limits" => "limit of an account".to_owned(),
        "ledger_checks" => "proof of the ledger".to_owned(),
        "ledger_decisions" => "decision on a drift".to_owned(),
        "console_preferences" => "preferences".to_owned(),
        "one_time_links" => "one-time link".to_owned(),
        "session_state" => "state of a session".to_owned(),
        other => spelled(other).to_lowercase(),
    }
}
