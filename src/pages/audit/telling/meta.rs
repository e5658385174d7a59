//! What else does an entry hold, and how is each of it searched for?

use std::net::IpAddr;

use super::sentence::{Place, Teller};
use crate::{
    audit::{
        decided::On,
        entry::{Deed, Doer},
        trail_entry::{Subject, TrailEntry},
    },
    auth::policy::Action,
    pages::urls,
};

/// A value below an entry.
#[derive(Debug)]
pub struct Meta {
    pub label: &'static str,
    pub text: String,
    link: Link,
}

#[derive(Debug)]
enum Link {
    Nowhere,
    Page(String),
    /// A qualifier of the trail's search, `ip:10.20.4.31`.
    Term(String),
}

/// The fields of an entry that can be searched for from it.
const FIELDS: usize = 8;

impl Meta {
    /// Where the value leads; `search` is what the trail is searched for already, and the value is added to it.
    pub fn href(&self, search: &str) -> Option<String> {
        match &self.link {
            Link::Nowhere => None,
            Link::Page(href) => Some(href.clone()),
            Link::Term(term) if search.split_whitespace().any(|one| one == term) => Some(urls::trail_url(search)),
            Link::Term(term) => Some(urls::trail_url([search, term].join(" ").trim())),
        }
    }
}

impl Teller<'_> {
    /// The values of one entry; those who may not search the trail get them as text.
    pub fn meta(&self, told: &TrailEntry) -> Vec<Meta> {
        let entry = &told.entry;
        let searches = self.registry.find("audit_logs").is_some_and(|log| self.visit.actor.may(Action::Read, log));
        let term = |qualifier: &str, value: &str| match quoted(value).filter(|_| searches) {
            Some(value) => Link::Term([qualifier, ":", &value].concat()),
            None => Link::Nowhere,
        };
        let page = |href: Option<String>| href.map_or(Link::Nowhere, Link::Page);
        let mut meta = vec![Meta { label: "entry", text: entry.id.to_string(), link: page(self.link(entry.log.table(), entry.id)) }];
        let mut add = |label, text: String, link| meta.push(Meta { label, text, link });
        if let Some((text, value)) = actor(told) {
            let link = term("actor", &value);
            add("by", text, link);
        }
        if let Place::Trail = self.place {
            let table = told.subject.table();
            add("table", table.to_owned(), term("table", table));
            if let Some(id) = told.subject.id() {
                add("record", id.to_string(), term("record", &id.to_string()));
            }
            let action = match &entry.deed {
                Deed::Created => "INSERT",
                Deed::Changed => "UPDATE",
                Deed::Deleted => "DELETE",
                Deed::Other(word) => word,
            };
            add("action", action.to_owned(), term("action", action));
            if matches!((&told.subject, &entry.deed), (Subject::Record(..) | Subject::Other { .. }, Deed::Changed)) {
                for change in entry.changes(told.subject.resource()).iter().take(FIELDS) {
                    add("field", change.name.to_owned(), term("field", change.name));
                }
            }
        }
        if let Some(address) = &entry.address {
            let link = if address.parse::<IpAddr>().is_ok() { term("ip", address) } else { Link::Nowhere };
            add("from", address.clone(), link);
        }
        if let Some(request) = &entry.request {
            add("request", request.clone(), term("request", request));
        }
        if let Some(session) = entry.session {
            add("session", session.to_string(), page(self.link("user_sessions", session)));
        }
        if let Some(approval) = entry.approval {
            let href = self.reader.known.decision(told).and_then(|decision| match decision.on {
                On::Transaction(id) => self.link("transactions", id),
                On::Drift(account) => self.link("accounts", account).map(|_| urls::drift_url(account)),
            });
            add("decision", approval.to_string(), page(href));
        }
        if let Some(context) = &entry.context {
            add("by way of", context.clone(), term("context", context));
        }
        if let Some(outcome) = &entry.outcome {
            add("outcome", outcome.clone(), term("outcome", outcome));
        }
        if let Some(agent) = entry.agent.as_ref().filter(|_| matches!(self.place, Place::Trail)) {
            add("program", agent.clone(), Link::Nowhere);
        }
        meta
    }
}

/// Who acted as the trail is searched for them: a user's name in the log, a job, a role of the database.
fn actor(told: &TrailEntry) -> Option<(String, String)> {
    let entry = &told.entry;
    let both = |text: String| (text.clone(), text);
    match &entry.doer {
        Doer::User { .. } => entry.acting_as.clone().map(both),
        Doer::Key { .. } | Doer::Unknown => None,
        Doer::System(job) => Some(both(format!("system:{job}"))),
        Doer::Database(role) => Some(both(format!("db:{role}"))),
        Doer::Named(name) => Some(both(name.clone())),
    }
}

/// A value as the search reads it back. What holds a quote itself cannot be written.
fn quoted(value: &str) -> Option<String> {
    if value.is_empty() || value.contains('"') || value.contains(char::is_control) {
        return None;
    }
    let is_plain = value.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.' | ':' | '/' | '@'));
    Some(if is_plain && !value.starts_with('-') { value.to_owned() } else { format!("\"{value}\"") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_added_to_what_is_searched_for_once() {
        let meta = Meta { label: "from", text: "10.0.0.1".to_owned(), link: Link::Term("ip:10.0.0.1".to_owned()) };
        assert_eq!(meta.href("").as_deref(), Some("/audit?q=ip%3A10.0.0.1"));
        assert_eq!(meta.href("table:users").as_deref(), Some("/audit?q=table%3Ausers+ip%3A10.0.0.1"));
        assert_eq!(meta.href("ip:10.0.0.1").as_deref(), Some("/audit?q=ip%3A10.0.0.1"));
    }

    #[test]
    fn words_are_kept_together() {
        assert_eq!(quoted("system:login").as_deref(), Some("system:login"));
        assert_eq!(quoted("a, b").as_deref(), Some("\"a, b\""));
        assert_eq!(quoted("-x").as_deref(), Some("\"-x\""));
        assert_eq!(quoted("a\"b"), None);
    }
}
