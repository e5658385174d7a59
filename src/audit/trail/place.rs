//! Where in the trail does an entry stand, and where does a page begin?

use std::cmp::Ordering;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{audit::entry::Log, db::value::Timestamp};

/// Newest first; entries without a time stand behind all others, by their id. Both logs may hold the same id at the
/// same moment, so the log is a part of the place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub at: Option<Timestamp>,
    pub id: Uuid,
    pub log: Log,
}

/// Where somebody is in the trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    First,
    /// Older than this.
    After(Place),
    /// Newer than this.
    Before(Place),
}

/// As a link carries it: like the cursor of every list, bound to its order.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Carried {
    v: u8,
    order: String,
    values: (Option<String>, String, String),
}

const VERSION: u8 = 1;
const ORDER: &str = "trail";

impl Place {
    /// Which of two stands further up.
    pub fn order(&self, other: &Place) -> Ordering {
        let by_log = || rank(self.log).cmp(&rank(other.log));
        match (self.at, other.at) {
            (Some(mine), Some(theirs)) => theirs.cmp(&mine).then_with(|| other.id.cmp(&self.id)).then_with(by_log),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => self.id.cmp(&other.id).then_with(by_log),
        }
    }

    pub fn encode(&self) -> String {
        let at = self.at.map(|at| at.microseconds().to_string());
        let carried = Carried { v: VERSION, order: ORDER.to_owned(), values: (at, self.id.to_string(), self.log.table().to_owned()) };
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&carried).unwrap_or_default())
    }

    /// `None` for anything this console did not make.
    pub fn decode(text: &str) -> Option<Place> {
        let carried: Carried = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        if carried.v != VERSION || carried.order != ORDER {
            return None;
        }
        let (at, id, log) = carried.values;
        let at = match at {
            None => None,
            Some(micros) => Some(Timestamp::from_microseconds(micros.parse().ok()?)?),
        };
        Some(Place { at, id: Uuid::try_parse(&id).ok()?, log: Log::named(&log)? })
    }
}

pub(super) const fn rank(log: Log) -> u8 {
    match log {
        Log::Main => 0,
        Log::Registry => 1,
    }
}
