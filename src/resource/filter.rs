//! Which rows does a list show? Typed conditions on declared columns.

use chrono_tz::Tz;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::{
    Column, Kind,
    column::Matching,
    moment::{self, Typed},
    money,
};
use crate::db::value::{Number, Timestamp, Value};

/// A condition on one column, and the parameters of the query that said so.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter<'a> {
    pub column: &'a Column,
    pub condition: Condition,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// Any of these values.
    Any(Vec<Value>),
    Contains(String),
    /// One or two letters, of which there is no telling where they stand, at the beginning.
    Begins(String),
    /// Both ends inclusive.
    AtLeast(Decimal),
    AtMost(Decimal),
    From(Timestamp),
    /// Up to and including a moment.
    Until(Timestamp),
    /// Before the first moment of the day after.
    Before(Timestamp),
    /// An address within a network.
    Within(Value),
    Empty,
    Filled,
}

impl PartialEq for Column {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

/// What a suffix of a parameter's name asks for: `amount.min`, `created_at.to`, `description.empty`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Whole,
    Minimum,
    Maximum,
    From,
    To,
    Empty,
    /// The text of a reference not yet found.
    Find,
}

impl Part {
    /// Splits `amount.min` into the column's name and the part.
    pub fn split(parameter: &str) -> (&str, Part) {
        let named = [
            (".min", Part::Minimum),
            (".max", Part::Maximum),
            (".from", Part::From),
            (".to", Part::To),
            (".empty", Part::Empty),
            (".find", Part::Find),
        ];
        named
            .into_iter()
            .find_map(|(suffix, part)| parameter.strip_suffix(suffix).map(|name| (name, part)))
            .unwrap_or((parameter, Part::Whole))
    }
}

/// Reads one parameter's value for a column.
///
/// # Errors
/// What the parameter accepts, as a sentence.
pub fn condition(column: &Column, part: Part, text: &str, zone: Tz) -> Result<Condition, String> {
    match (part, column.kind) {
        (Part::Empty, _) => match text {
            "yes" => Ok(Condition::Empty),
            "no" => Ok(Condition::Filled),
            _ => Err("“yes” or “no”".to_owned()),
        },
        (Part::Minimum, Kind::Money(_)) => amount(text).map(Condition::AtLeast),
        (Part::Maximum, Kind::Money(_)) => amount(text).map(Condition::AtMost),
        (Part::From, Kind::Timestamp) => Ok(Condition::From(match time(text, zone)? {
            Typed::Day { start, .. } => start,
            Typed::Moment(moment) => moment,
        })),
        (Part::To, Kind::Timestamp) => Ok(match time(text, zone)? {
            Typed::Day { end, .. } => Condition::Before(end),
            Typed::Moment(moment) => Condition::Until(moment),
        }),
        (Part::Whole, kind) => whole(column, kind, text),
        _ => Err("no such part of this filter".to_owned()),
    }
}

fn whole(column: &Column, kind: Kind, text: &str) -> Result<Condition, String> {
    match kind {
        Kind::Text(_) if column.matching == Matching::Whole => Ok(Condition::Any(vec![Value::Text(text.to_owned())])),
        Kind::Text(_) | Kind::LongText if is_short(text) => Ok(Condition::Begins(text.to_owned())),
        Kind::Text(_) | Kind::LongText => Ok(Condition::Contains(text.to_owned())),
        Kind::Bool => match text {
            "true" => Ok(Condition::Any(vec![Value::Bool(true)])),
            "false" => Ok(Condition::Any(vec![Value::Bool(false)])),
            _ => Err("“true” or “false”".to_owned()),
        },
        Kind::Uuid | Kind::Reference(_) => {
            let id = Uuid::try_parse(text).map_err(|_| "an id such as 01935e0a-7c41-7b1e-9f02-4d8a6611c3e7".to_owned())?;
            Ok(Condition::Any(vec![Value::Uuid(id)]))
        }
        Kind::Choice(choices) => match choices.iter().find(|choice| choice.value == text) {
            Some(choice) => Ok(Condition::Any(vec![Value::Text(choice.value.to_owned())])),
            None => Err(format!("one of {}", choices.iter().map(|choice| choice.value).collect::<Vec<_>>().join(", "))),
        },
        Kind::Money(_) => amount(text).map(|exact| Condition::Any(vec![Value::Number(Number::Decimal(exact))])),
        Kind::Inet => {
            let network = text.parse().map_err(|_| "an address such as 192.0.2.7 or a network such as 192.0.2.0/24".to_owned())?;
            Ok(Condition::Within(Value::Address(network)))
        }
        Kind::Timestamp => Err("a range: use the parameters ending in .from and .to".to_owned()),
        Kind::Json | Kind::Secret | Kind::SecretWhen(_) => Err("nothing: this column has no filter by value".to_owned()),
    }
}

/// Whether a text is too short for a trigram index to know where it stands.
pub fn is_short(text: &str) -> bool {
    text.chars().count() < 3
}

fn amount(text: &str) -> Result<Decimal, String> {
    money::parse(text, None).map_err(|_| "an amount such as 1234.50".to_owned())
}

fn time(text: &str, zone: Tz) -> Result<Typed, String> {
    moment::parse(text, zone).ok_or_else(|| "a date such as 2026-11-24, or a time such as 2026-11-24T14:30".to_owned())
}
