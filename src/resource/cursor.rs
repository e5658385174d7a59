//! Where in a list does a page begin?

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Kind, Order, Resource, money, order::Direction};
use crate::db::value::{Number, Timestamp, Value};

/// The last row of the page before, by its sort key and its id.
#[derive(Debug, Clone, PartialEq)]
pub struct Cursor {
    /// NULL stands behind every value, in both directions.
    pub key: Value,
    pub id: Uuid,
}

/// The cursor as a link carries it, bound to the order it was made for.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Carried {
    v: u8,
    order: String,
    /// The sort key, `null` for NULL, and the id; the id alone where the list is sorted by it.
    values: Vec<Option<String>>,
}

const VERSION: u8 = 1;

impl Cursor {
    /// Behind the last row of a list, whatever that is.
    pub fn behind_all(order: Order) -> Cursor {
        match (order.column, order.direction) {
            ("id", Direction::Ascending) => Cursor { key: Value::Uuid(Uuid::max()), id: Uuid::max() },
            ("id", Direction::Descending) => Cursor { key: Value::Uuid(Uuid::nil()), id: Uuid::nil() },
            (_, _) => Cursor { key: Value::Null, id: Uuid::max() },
        }
    }

    /// Between the rows that have a value and those without.
    pub fn before_those_without() -> Cursor {
        Cursor { key: Value::Null, id: Uuid::nil() }
    }

    pub fn encode(&self, order: Order) -> String {
        let id = Some(self.id.to_string());
        let values = match (order.column, &self.key) {
            ("id", _) => vec![id],
            (_, Value::Null) => vec![None, id],
            (_, Value::Time(time)) => vec![Some(time.microseconds().to_string()), id],
            (_, key) => vec![Some(key.to_string()), id],
        };
        let carried = Carried { v: VERSION, order: order.parameter(), values };
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&carried).unwrap_or_default())
    }

    /// `None` for anything this console did not make for this very order.
    pub fn decode(text: &str, resource: &Resource, order: Order) -> Option<Cursor> {
        let carried: Carried = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        if carried.v != VERSION || carried.order != order.parameter() {
            return None;
        }
        let mut values = carried.values.into_iter();
        let cursor = if order.column == "id" {
            let id = Uuid::try_parse(&values.next()??).ok()?;
            Cursor { key: Value::Uuid(id), id }
        } else {
            let key = match values.next()? {
                None => Value::Null,
                Some(text) => key(&text, resource.column(order.column)?.kind)?,
            };
            Cursor { key, id: Uuid::try_parse(&values.next()??).ok()? }
        };
        values.next().is_none().then_some(cursor)
    }
}

fn key(text: &str, kind: Kind) -> Option<Value> {
    if text.contains('\0') {
        return None;
    }
    Some(match kind {
        Kind::Text(_) | Kind::LongText | Kind::Choice(_) => Value::Text(text.to_owned()),
        Kind::Bool => Value::Bool(text.parse().ok()?),
        Kind::Uuid | Kind::Reference(_) => Value::Uuid(Uuid::try_parse(text).ok()?),
        Kind::Money(_) if text == "NaN" => Value::Number(Number::NotANumber),
        Kind::Money(_) => Value::Number(Number::Decimal(money::plain(text)?)),
        Kind::Timestamp => Value::Time(Timestamp::from_microseconds(text.parse().ok()?)?),
        Kind::Inet => Value::Address(text.parse().ok()?),
        Kind::Json | Kind::Secret | Kind::SecretWhen(_) => return None,
    })
}
