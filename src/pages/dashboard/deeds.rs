//! Who did what last, in a sentence each?

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::{
    audit::{
        entry::{Deed, Doer},
        latest::{Latest, latest},
    },
    auth::{actor::Actor, grant::Grant, policy::Action},
    db::pool::{Connection, DatabaseError},
    pages::{display::TimeShown, history, urls},
    resource::Registry,
};

const MOST: usize = 8;

/// "Ines Okafor | changed account | Payroll"
pub struct Sentence {
    pub who: String,
    pub who_url: Option<String>,
    pub did: String,
    pub what: Option<String>,
    pub what_url: Option<String>,
    pub at: Option<TimeShown>,
}

/// The newest deeds as the actor may follow them; `log` permits reading the audit log.
///
/// # Errors
/// `TooSlow` past the limit of a read.
pub async fn read(
    connection: &Connection,
    log: &Grant,
    registry: &Registry,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Vec<Sentence>, DatabaseError> {
    let zone = actor.preferences.time_zone;
    let deeds = latest(connection, log, registry, MOST).await?;
    Ok(deeds.iter().map(|deed| sentence(deed, registry, actor, zone, now)).collect())
}

/// One deed.
pub fn sentence(deed: &Latest, registry: &Registry, actor: &Actor, zone: Tz, now: DateTime<Utc>) -> Sentence {
    let users = registry.find("users").filter(|users| actor.may(Action::Read, users));
    let (did, what) = told(deed);
    Sentence {
        who: who(deed),
        who_url: match (&deed.entry.doer, users) {
            (Doer::User { id, .. }, Some(users)) => Some(urls::record_url(users, *id)),
            _ => None,
        },
        did,
        what_url: match deed.record {
            Some((resource, id)) if deed.entry.deed != Deed::Deleted && actor.may(Action::Read, resource) => {
                Some(urls::record_url(resource, id))
            }
            _ => None,
        },
        what,
        at: deed.entry.at.as_time().and_then(|time| time.moment()).map(|moment| TimeShown::new(moment, zone, now)),
    }
}

/// Whoever fails to sign in is nobody yet: the address is all there is.
fn who(deed: &Latest) -> String {
    match (&deed.entry.deed, &deed.entry.address) {
        (Deed::Other(event), Some(address)) if event == "login_failed" => format!("Somebody at {address}"),
        _ => history::name(&deed.entry.doer),
    }
}

/// What was done, and the name of what it was done to.
fn told(deed: &Latest) -> (String, Option<String>) {
    let named = |detail: &str| deed.detail(detail).map(str::to_owned);
    let verb = match &deed.entry.deed {
        Deed::Created => "created",
        Deed::Changed => "changed",
        Deed::Deleted => "deleted",
        Deed::Other(event) => {
            return match event.as_str() {
                "login_failed" => match named("username") {
                    Some(name) => ("failed to sign in as".to_owned(), Some(name)),
                    None => ("failed to sign in".to_owned(), None),
                },
                "lockout" => ("made sign-ins wait for".to_owned(), named("username")),
                "permission_refused" => ("was refused".to_owned(), named("path")),
                "export" => ("exported".to_owned(), named("table")),
                "key_issued" => ("issued the API key".to_owned(), named("key_name")),
                "password_changed" => ("changed their password".to_owned(), None),
                "password_set" => ("set a password by a one-time link".to_owned(), None),
                "setup" => ("became the first administrator".to_owned(), None),
                "migration" => ("ran the migration".to_owned(), named("name")),
                "load" => ("filled in".to_owned(), named("what")),
                other => (other.to_lowercase().replace('_', " "), None),
            };
        }
    };
    match deed.record {
        Some((resource, id)) => {
            (format!("{verb} the {}", resource.singular), Some(deed.label().map_or_else(|| id.to_string(), str::to_owned)))
        }
        None => (verb.to_owned(), None),
    }
}
