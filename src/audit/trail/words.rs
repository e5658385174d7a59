//! Does an entry, as it is shown, hold these words?

use serde_json::Value as Json;

use crate::audit::{entry::Entry, trail_entry::UNDECLARED};

/// What `ILIKE` looks for: within a document's text, and within a plain one.
pub(super) struct Pattern {
    pub json: String,
    pub plain: String,
}

pub(super) fn pattern(words: &str) -> Pattern {
    let written = Json::String(words.to_owned()).to_string();
    let bare = written.get(1..written.len().saturating_sub(1)).unwrap_or_default();
    Pattern { json: containing(bare), plain: containing(words) }
}

fn containing(text: &str) -> String {
    let mut pattern = String::from("%");
    for letter in text.chars() {
        if matches!(letter, '\\' | '%' | '_') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

impl Entry {
    /// Whether one of its values, or the reason beside it, holds these words, in any case.
    pub fn tells_of(&self, words: &str) -> bool {
        let words = words.to_lowercase();
        let fields = self.old.iter().chain(&self.new).flatten();
        let in_reason = self.reason.as_ref().is_some_and(|reason| reason.to_lowercase().contains(&words));
        in_reason || fields.filter(|(name, _)| !self.hides(&UNDECLARED, name)).any(|(_, value)| holds(value, &words))
    }
}

fn holds(value: &Json, words: &str) -> bool {
    match value {
        Json::Null => false,
        Json::Bool(truth) => truth.to_string() == words,
        Json::Number(number) => number.to_string().contains(words),
        Json::String(text) => text.to_lowercase().contains(words),
        Json::Array(items) => items.iter().any(|item| holds(item, words)),
        Json::Object(members) => members.values().any(|member| holds(member, words)),
    }
}
