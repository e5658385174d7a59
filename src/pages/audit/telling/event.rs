//! What does an event say that is about no row: a login, an export, a refusal?

use serde_json::Value as Json;

use super::{
    diff::spelled,
    known::{id_in, transaction_of},
    sentence::{Part, Teller, Told},
    words::{counted, listed},
};
use crate::{
    audit::{change::Secrecy, history::label_of, review::Kind, trail_entry::TrailEntry},
    pages::{display::Grouped, urls},
};

/// One member of an event beside its name.
#[derive(Debug)]
pub struct Detail {
    pub label: String,
    pub text: String,
}

/// No event of the console's has more; the platform's own may.
const DETAILS: usize = 24;
/// Of a long text the beginning.
const BRIEF: usize = 300;

impl Teller<'_> {
    pub fn event(&self, told: &TrailEntry, word: &str) -> Told {
        let (icon, tone) = look(word);
        let mut parts = vec![self.actor(told)];
        let text = |name: &str| told.told(name).map(str::to_owned);
        let strong = |name: &str| text(name).map(Part::Strong);
        let ended = || match told.number("sessions_ended") {
            Some(count) if count > 0 => vec![Part::words(format!("; {} ended", counted(count as usize, "session")))],
            Some(_) | None => Vec::new(),
        };
        match word {
            "login" => parts.push(Part::words("signed in")),
            "logout" => parts.push(Part::words("signed out")),
            "login_failed" | "lockout" => return self.failures(&[told]),
            "password_changed" => {
                parts.push(Part::words("changed their password"));
                parts.extend(ended());
            }
            "password_set" => {
                parts.push(Part::words("set a password by a one-time link"));
                parts.extend(ended());
            }
            "setup" => parts.push(Part::words("became the first administrator")),
            "permission_refused" => {
                parts.push(Part::words("was refused:"));
                let asked = match (text("action"), text("table")) {
                    (Some(action), Some(table)) => format!("{action} {}", self.several(&table)),
                    (_, _) => [text("method"), text("path")].into_iter().flatten().collect::<Vec<_>>().join(" "),
                };
                parts.push(Part::strong(if asked.is_empty() { "something".to_owned() } else { asked }));
            }
            "decision_refused" => {
                parts.push(Part::words("was refused:"));
                parts.push(Part::strong(text("attempt").unwrap_or_else(|| "decide".to_owned())));
                match (transaction_of(told), id_in(told, "account")) {
                    (Some(id), _) => parts.extend(self.transaction(id)),
                    (None, Some(account)) => parts.extend(self.account(account)),
                    (None, None) => {}
                }
                if let Some(why) = text("refused").and_then(|why| refusal(&why)) {
                    parts.push(Part::words(format!(", {why}")));
                }
            }
            "transaction_refused" | "transfer_refused" | "reversal_refused" => {
                let what = match word {
                    "transaction_refused" => "write a transaction",
                    "transfer_refused" => "make a transfer",
                    _ => "take back",
                };
                parts.extend([Part::words("was refused:"), Part::strong(what)]);
                if word == "reversal_refused"
                    && let Some(id) = transaction_of(told)
                {
                    parts.extend(self.transaction(id));
                }
                if let Some(fields) = self.refused_fields(told) {
                    parts.push(Part::words(format!(", because of {fields}")));
                }
            }
            "export" => {
                parts.push(Part::words("exported"));
                let what = text("table").map_or_else(|| "a list".to_owned(), |table| self.several(&table));
                let rows = told.number("rows").map(|rows| format!("{} ", Grouped(rows))).unwrap_or_default();
                parts.push(Part::strong(format!("{rows}{what}")));
                parts.extend(text("format").map(|format| Part::words(format!("as {}", format.to_uppercase()))));
            }
            "key_issued" | "key_rotated" | "key_revoked" | "key_used" => {
                parts.push(Part::words(match word {
                    "key_issued" => "issued the API key",
                    "key_rotated" => "rotated the API key",
                    "key_revoked" => "revoked the API key",
                    _ => "used the API key",
                }));
                let id = id_in(told, "key_id");
                let name = text("key_name").or_else(|| self.reader.known.labels.get(&id?).cloned()).or_else(|| Some(id?.to_string()));
                let href = id.and_then(|id| self.link("api_keys", id));
                parts.extend(name.map(|text| Part::Record { text, href }));
            }
            "migration" => {
                let down = text("direction").as_deref() == Some("down");
                parts.push(Part::words(if down { "took back the migration" } else { "ran the migration" }));
                let name = [told.number("version").map(|version| version.to_string()), text("name")];
                parts.push(Part::strong(name.into_iter().flatten().collect::<Vec<_>>().join(" ")));
            }
            "load" => {
                parts.push(Part::words("filled in"));
                parts.extend(strong("what"));
            }
            "server_started" => parts.push(Part::words("started")),
            "server_stopped" => parts.push(Part::words("stopped")),
            "expiry_released" => {
                let released = told.list("transactions").map_or(0, <[Json]>::len);
                parts.push(Part::words(format!("let time run for {} held from expiry", counted(released, "transaction"))));
            }
            "annotated" => {
                parts.push(Part::words("wrote"));
                parts.extend(text("kind").map(|kind| Part::Strong(Kind::named(&kind).map_or(kind, |kind| kind.label().to_owned()))));
                let entries = told.number("entries").unwrap_or_default();
                let entries = if entries == 1 { "1 entry".to_owned() } else { format!("{} entries", Grouped(entries)) };
                parts.push(Part::words(format!("beside {entries} found by")));
                parts.extend(strong("search"));
            }
            "log_read" => parts.push(Part::words("read the log")),
            other => {
                parts.push(Part::words(other.to_lowercase().replace('_', " ")));
                let name = ["username", "key_name", "name", "table", "what", "path"].into_iter().find_map(strong);
                parts.extend(name);
            }
        }
        Told { icon, tone, parts }
    }

    /// Failed logins of one name from one address, and the rest that ended them.
    pub fn failures(&self, told: &[&TrailEntry]) -> Told {
        let failed = told.iter().filter(|one| one.event() == Some("login_failed")).count();
        let name = told.iter().find_map(|one| one.told("username"));
        let seconds = told.iter().filter(|one| one.event() == Some("lockout")).find_map(|one| one.number("seconds"));
        let mut parts = match failed {
            0 => vec![Part::words("Sign-ins were made to wait")],
            1 => vec![Part::words("A failed login")],
            many => vec![Part::words(format!("{} failed logins", Grouped(many as u64)))],
        };
        parts.push(Part::words("for"));
        parts.push(name.map_or_else(|| Part::words("a name nobody has"), Part::strong));
        if let Some(address) = told.iter().find_map(|one| one.entry.address.as_deref()) {
            parts.extend([Part::words("from"), Part::words(address)]);
        }
        if let Some(seconds) = seconds {
            let rest = lasting(seconds);
            parts.push(Part::words(if failed == 0 { format!("for {rest}") } else { format!("; locked for {rest}") }));
        }
        Told { icon: if seconds.is_some() { "lock" } else { "key" }, tone: "bad", parts }
    }

    /// The members of an event beside each other.
    pub fn details(&self, told: &TrailEntry) -> Vec<Detail> {
        let changes = told.entry.changes(told.subject.resource());
        let mut details = Vec::new();
        for change in changes.iter().take(DETAILS) {
            let Some(json) = change.after.or(change.before) else { continue };
            let text = match change.secrecy {
                Secrecy::Hidden => "not shown".to_owned(),
                Secrecy::Open => self.reader.plain(json),
            };
            let text = if text.chars().count() > BRIEF { text.chars().take(BRIEF).chain(['…']).collect() } else { text };
            details.push(Detail { label: spelled(change.name), text });
        }
        details
    }

    fn several(&self, table: &str) -> String {
        self.registry.find(table).map_or_else(|| table.to_owned(), |resource| resource.several())
    }

    fn account(&self, id: uuid::Uuid) -> Vec<Part> {
        let text = self.reader.known.labels.get(&id).cloned().unwrap_or_else(|| id.to_string());
        let href = self.link("accounts", id).map(|_| urls::drift_url(id));
        vec![Part::words("account"), Part::Record { text, href }]
    }

    fn refused_fields(&self, told: &TrailEntry) -> Option<String> {
        let transactions = self.registry.find("transactions");
        let label = |name: &str| transactions.map_or(name, |resource| label_of(resource, name)).to_lowercase();
        let names: Vec<String> = told.list("refused")?.iter().filter_map(Json::as_str).map(label).collect();
        (!names.is_empty()).then(|| listed(&names))
    }
}

impl TrailEntry {
    fn number(&self, name: &str) -> Option<i64> {
        self.entry.new.as_ref()?.get(name)?.as_i64()
    }

    fn list(&self, name: &str) -> Option<&[Json]> {
        self.entry.new.as_ref()?.get(name)?.as_array().map(Vec::as_slice)
    }
}

fn look(word: &str) -> (&'static str, &'static str) {
    match word {
        "login" => ("user", ""),
        "logout" => ("exit", ""),
        "export" => ("download", ""),
        "log_read" | "annotated" => ("eye", ""),
        "migration" | "load" => ("save", ""),
        "server_started" | "server_stopped" => ("health", ""),
        "expiry_released" => ("clock", ""),
        other if other.ends_with("_refused") => ("lock", "bad"),
        other if other.starts_with("key_") || other.starts_with("password_") => ("key", ""),
        _ => ("info", ""),
    }
}

/// Why the door refused, as its word in the log says.
fn refusal(word: &str) -> Option<&'static str> {
    Some(match word {
        "missing" => "which is not there",
        "not_yours" => "which was not theirs to decide",
        "decided_by_you" => "which they had decided already",
        "decided" => "which had been decided already",
        "expired" => "which had expired",
        "changed" => "which had changed since they looked",
        "withheld" => "which its state did not allow",
        "too_little_money" => "for which there was too little money",
        "words" => "without the words it takes",
        "forged" => "without having looked at it",
        _ => return None,
    })
}

fn lasting(seconds: i64) -> String {
    let (count, unit) = if seconds >= 3_600 && seconds % 3_600 == 0 {
        (seconds / 3_600, "hour")
    } else if seconds >= 60 {
        (seconds / 60, "minute")
    } else {
        (seconds, "second")
    };
    counted(usize::try_from(count).unwrap_or_default(), unit)
}
