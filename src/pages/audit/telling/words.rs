//! How is one value of a log, a person in it and a time written in words?

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use uuid::Uuid;

use crate::{
    audit::entry::Doer,
    db::value::Value,
    pages::{display::TimeShown, shown::money},
    resource::{Column, Kind, indent::indented},
};

/// Who did it, in words.
pub fn name(doer: &Doer) -> String {
    match doer {
        Doer::User { name, id } if name.is_empty() => id.to_string(),
        Doer::User { name, .. } => name.clone(),
        Doer::Key { name, owner: Some(owner) } => format!("The API key “{name}” of {owner}"),
        Doer::Key { name, owner: None } => format!("The API key “{name}”"),
        Doer::System(job) => format!("The console ({job})"),
        Doer::Database(role) => format!("db:{role}"),
        Doer::Named(name) => name.clone(),
        Doer::Unknown => "Somebody the log does not name".to_owned(),
    }
}

/// When it was, with its zone, and UTC beside it.
pub fn when(at: &Value, zone: Tz, now: DateTime<Utc>) -> String {
    match at.as_time().map(|time| (time.moment(), time)) {
        Some((Some(moment), _)) => {
            let shown = TimeShown::new(moment, zone, now);
            if zone == Tz::UTC { shown.to_string() } else { format!("{shown} ({})", shown.utc()) }
        }
        Some((None, time)) => time.to_string(),
        None => "a day the log does not name".to_owned(),
    }
}

/// One value in words.
pub fn words(
    column: &Column,
    value: &Value,
    zone: Tz,
    now: DateTime<Utc>,
    currency: Option<&str>,
    labels: &HashMap<Uuid, String>,
) -> String {
    match (column.kind, value) {
        (Kind::Choice(choices), Value::Text(text)) => {
            choices.iter().find(|choice| choice.value == text).map_or_else(|| text.clone(), |choice| choice.label.to_owned())
        }
        (_, Value::Bool(true)) => "Yes".to_owned(),
        (_, Value::Bool(false)) => "No".to_owned(),
        (Kind::Reference(_), Value::Uuid(id)) => labels.get(id).cloned().unwrap_or_else(|| id.to_string()),
        (_, Value::Number(number)) => money(number, currency).to_string(),
        (_, time @ Value::Time(_)) => when(time, zone, now),
        (_, Value::Json(text)) => indented(text),
        (_, other) => other.to_string(),
    }
}

/// "1 field", "3 fields".
pub fn counted(count: usize, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{} {one}s", crate::pages::display::Grouped(count as u64)) }
}

/// "a", "a and b", "a, b and c".
pub fn listed(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [firsts @ .., last] => format!("{} and {last}", firsts.join(", ")),
    }
}
