//! Which fields did an entry change, and which of their values may be shown?

use rust_decimal::Decimal;
use serde_json::Value as Json;
use uuid::Uuid;

use super::entry::{Entry, Fields};
use crate::{
    db::value::{Number, Timestamp, Value},
    resource::{Kind, Resource, column::SECRETS_OF_ROWS},
};

/// One field, before and after; JSON null and absence are the same nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Change<'e> {
    pub name: &'e str,
    pub before: Option<&'e Json>,
    pub after: Option<&'e Json>,
    pub secrecy: Secrecy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrecy {
    Open,
    /// That it changed is all there is to say.
    Hidden,
}

/// Stamps say of every change that there was one.
const STAMPS: [&str; 2] = ["updated_at", "updated_by"];

impl Entry {
    /// Whether a field of this entry is never shown.
    pub fn hides(&self, resource: &Resource, name: &str) -> bool {
        let by_row =
            |flag: &str| self.sealed || [&self.old, &self.new].into_iter().flatten().any(|row| row.get(flag) == Some(&Json::Bool(true)));
        match resource.column(name).map(|column| column.kind) {
            Some(Kind::Secret) => true,
            Some(Kind::SecretWhen(flag)) => by_row(flag),
            Some(_) => SECRETS_OF_ROWS.contains(&name),
            None => SECRETS_OF_ROWS.contains(&name) || (name == "setting_value" && by_row("is_encrypted")),
        }
    }

    /// The fields that differ, in the order of the table's declaration. A record's first entry shows what
    /// it was given, its last what it had.
    pub fn changes(&self, resource: &Resource) -> Vec<Change<'_>> {
        let (old, new) = (self.old.as_ref(), self.new.as_ref());
        let one_sided = self.old.is_none() || self.new.is_none();
        let place = |name: &str| resource.columns.iter().position(|column| column.name == name).unwrap_or(usize::MAX);
        let mut names: Vec<&str> = old.into_iter().chain(new).flat_map(Fields::keys).map(String::as_str).collect();
        names.sort_by_key(|name| (place(name), *name));
        names.dedup();
        names
            .into_iter()
            .filter(|name| !(STAMPS.contains(name) || (one_sided && *name == "id")))
            .filter_map(|name| {
                let before = old.and_then(|row| row.get(name)).filter(|value| !value.is_null());
                let after = new.and_then(|row| row.get(name)).filter(|value| !value.is_null());
                let secrecy = if self.hides(resource, name) { Secrecy::Hidden } else { Secrecy::Open };
                (before != after).then_some(Change { name, before, after, secrecy })
            })
            .collect()
    }
}

/// A logged value as its column holds it. `None` where the log has another shape than the table.
pub fn value(json: &Json, kind: Kind) -> Option<Value> {
    Some(match (kind, json) {
        (_, Json::Null) => Value::Null,
        (Kind::Text(_) | Kind::LongText | Kind::Choice(_), Json::String(text)) => Value::Text(text.clone()),
        (Kind::Bool, Json::Bool(truth)) => Value::Bool(*truth),
        (Kind::Uuid | Kind::Reference(_), Json::String(text)) => Value::Uuid(Uuid::try_parse(text).ok()?),
        (Kind::Money(_), Json::Number(number)) => {
            Value::Number(number.to_string().parse::<Decimal>().map_or(Number::TooLarge, Number::Decimal))
        }
        (Kind::Money(_), Json::String(text)) if text == "NaN" => Value::Number(Number::NotANumber),
        (Kind::Timestamp, Json::String(text)) => Value::Time(match text.as_str() {
            "infinity" => Timestamp::INFINITY,
            "-infinity" => Timestamp::NEGATIVE_INFINITY,
            text => chrono::DateTime::parse_from_rfc3339(text).ok()?.to_utc().into(),
        }),
        (Kind::Inet, Json::String(text)) => Value::Address(text.parse().ok()?),
        (Kind::Json | Kind::SecretWhen(_), document) => Value::Json(document.to_string()),
        (
            Kind::Text(_)
            | Kind::LongText
            | Kind::Choice(_)
            | Kind::Bool
            | Kind::Uuid
            | Kind::Reference(_)
            | Kind::Money(_)
            | Kind::Timestamp
            | Kind::Inet
            | Kind::Secret,
            _,
        ) => return None,
    })
}
