//! What does one entry of a log say?

use serde_json::{Map, Value as Json};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{
    db::{pool::DatabaseError, value::Value},
    resource::{Resource, nested::without_secrets},
};

/// The two logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Log {
    Main,
    Registry,
}

impl Log {
    pub const ALL: [Log; 2] = [Log::Main, Log::Registry];

    pub fn named(name: &str) -> Option<Log> {
        Log::ALL.into_iter().find(|log| log.table() == name)
    }

    pub const fn table(self) -> &'static str {
        match self {
            Log::Main => "audit_logs",
            Log::Registry => "ssot_audit_logs",
        }
    }
}

/// What was done to the row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    Created,
    Changed,
    Deleted,
    /// A word of the platform's own.
    Other(String),
}

impl Deed {
    /// Existing databases spell it in either case.
    fn named(action: String) -> Deed {
        match action.to_ascii_uppercase().as_str() {
            "INSERT" | "CREATE" => Deed::Created,
            "UPDATE" => Deed::Changed,
            "DELETE" => Deed::Deleted,
            _ => Deed::Other(action),
        }
    }
}

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doer {
    User {
        id: Uuid,
        name: String,
    },
    /// A key's name, and whose it is.
    Key {
        name: String,
        owner: Option<String>,
    },
    /// A job of the console.
    System(String),
    /// Somebody who wrote past the console, by their role in the database.
    Database(String),
    /// Whatever an old entry names.
    Named(String),
    Unknown,
}

impl Doer {
    /// Reads the columns acting_id, acting_name, user_id, actor_kind and actor_name of a row.
    pub(crate) fn of(row: &Row) -> Result<Doer, DatabaseError> {
        let user: Option<Uuid> = row.try_get("acting_id")?;
        let full_name: Option<String> = row.try_get("acting_name")?;
        let written: Option<String> = row.try_get("user_id")?;
        let kind: Option<&str> = row.try_get("actor_kind")?;
        let name = row.try_get::<_, Option<String>>("actor_name")?;
        Ok(match (kind, name, user) {
            (Some("key"), Some(name), _) => Doer::Key { name, owner: full_name },
            (Some("system"), Some(job), _) => Doer::System(job),
            // The platform names who acted even where it writes past us.
            (Some("db"), Some(role), None) => Doer::Database(role),
            (_, name, Some(id)) => Doer::User { id, name: full_name.filter(|name| !name.trim().is_empty()).or(name).unwrap_or_default() },
            (_, Some(name), None) => Doer::Named(name),
            (_, None, None) => written.map_or(Doer::Unknown, Doer::Named),
        })
    }
}

/// A row as the log keeps it.
pub type Fields = Map<String, Json>;

#[derive(Debug, Clone)]
pub struct Entry {
    pub log: Log,
    pub id: Uuid,
    pub deed: Deed,
    pub old: Option<Fields>,
    pub new: Option<Fields>,
    pub doer: Doer,
    pub context: Option<String>,
    /// In words: the address it came from.
    pub address: Option<String>,
    pub request: Option<String>,
    pub session: Option<Uuid>,
    /// The decision it came of, of a transaction or of a drift.
    pub approval: Option<Uuid>,
    pub outcome: Option<String>,
    pub reason: Option<String>,
    /// The program it came from, as it names itself.
    pub agent: Option<String>,
    /// What the log itself calls who acted: a user's name as it was then.
    pub acting_as: Option<String>,
    /// NULL in some adopted rows.
    pub at: Value,
    /// Whether the record keeps its value encrypted, or did at a later time.
    pub sealed: bool,
}

impl Entry {
    /// Reads a row of the columns that `history` selects.
    pub(super) fn of(row: &Row) -> Result<Entry, DatabaseError> {
        let doer = Doer::of(row)?;
        Ok(Entry {
            log: if row.try_get::<_, &str>("log")? == Log::Main.table() { Log::Main } else { Log::Registry },
            id: row.try_get("id")?,
            deed: Deed::named(row.try_get("action")?),
            old: fields(row.try_get("old_values")?),
            new: fields(row.try_get("new_values")?),
            doer,
            context: row.try_get("context")?,
            address: row.try_get::<_, Option<Value>>("ip_address")?.filter(|ip| !ip.is_null()).map(|ip| ip.to_string()),
            request: row.try_get("request_id")?,
            session: row.try_get("session_id")?,
            approval: row.try_get("approval_id")?,
            outcome: row.try_get("outcome")?,
            agent: row.try_get("user_agent")?,
            acting_as: row.try_get("actor_name")?,
            reason: row.try_get("reason")?,
            at: row.try_get("created_at")?,
            sealed: row.try_get("sealed")?,
        })
    }

    /// The fields "Put these values back" would put back: those before a change, or those a record began with.
    pub fn values_to_put_back(&self, resource: &Resource) -> Vec<(&str, &Json)> {
        let wanted = |(name, _): &(&str, &Json)| !self.hides(resource, name);
        match (&self.deed, &self.old, &self.new) {
            (Deed::Changed, Some(old), Some(new)) => {
                let changed = |(name, value): &(&str, &Json)| new.get(*name).is_some_and(|after| after != *value);
                old.iter().map(|(name, value)| (name.as_str(), value)).filter(changed).filter(wanted).collect()
            }
            (Deed::Created, _, Some(new)) => new.iter().map(|(name, value)| (name.as_str(), value)).filter(wanted).collect(),
            _ => Vec::new(),
        }
    }
}

/// What is no object (existing logs hold everything) has no fields to compare.
pub(super) fn fields(document: Option<Value>) -> Option<Fields> {
    match document.map(without_secrets) {
        Some(Value::Json(text)) => serde_json::from_str(&text).ok(),
        _ => None,
    }
}
