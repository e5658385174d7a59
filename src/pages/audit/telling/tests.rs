//! Does every kind of entry have its sentence, and do those that belong together stand together?

use serde_json::json;

use super::*;
use crate::{
    app::Tables,
    audit::entry::{Deed, Doer, Entry, Log},
    auth::{
        actor::{Actor, Preferences},
        origin::Origin,
        policy::{LINES, Policy},
        role::Role,
    },
    db::value::Value,
    pages::visit,
};

/// A minute a number, the first of them the newest.
fn at(minute: i64) -> Value {
    let day: DateTime<Utc> = "2026-11-24T13:00:00Z".parse().expect("a time");
    Value::Time((day - chrono::TimeDelta::minutes(minute)).into())
}

fn entry(deed: Deed, old: Option<serde_json::Value>, new: Option<serde_json::Value>) -> Entry {
    let fields = |document: Option<serde_json::Value>| document.and_then(|document| document.as_object().cloned());
    Entry {
        log: Log::Main,
        id: Uuid::new_v4(),
        deed,
        old: fields(old),
        new: fields(new),
        doer: Doer::User { id: Uuid::nil(), name: "Dario Benedetti".to_owned() },
        context: None,
        address: Some("203.0.113.77".to_owned()),
        request: None,
        session: None,
        approval: None,
        outcome: None,
        reason: None,
        agent: None,
        acting_as: Some("manager2".to_owned()),
        at: at(0),
        sealed: false,
    }
}

fn event(word: &str, details: serde_json::Value) -> TrailEntry {
    TrailEntry { entry: entry(Deed::Other(word.to_owned()), None, Some(details)), subject: Subject::Event }
}

fn change(table: &str, id: u128, old: serde_json::Value, new: serde_json::Value) -> TrailEntry {
    let registry = Tables::of_the_platform().registry;
    TrailEntry { entry: entry(Deed::Changed, Some(old), Some(new)), subject: Subject::named(&registry, table, Uuid::from_u128(id)) }
}

impl TrailEntry {
    fn of_request(mut self, request: &str) -> TrailEntry {
        self.entry.request = Some(request.to_owned());
        self
    }

    fn by_job(mut self, job: &str) -> TrailEntry {
        self.entry.doer = Doer::System(job.to_owned());
        self.entry.address = None;
        self
    }

    fn ago(mut self, minutes: i64) -> TrailEntry {
        self.entry.at = at(minutes);
        self
    }
}

/// What an auditor reads: the sentence, what is behind it, and how many entries are folded into it.
fn told(entries: Vec<TrailEntry>) -> Vec<(String, String, usize)> {
    let text = || "auditor".to_owned();
    let actor = Actor::new(Uuid::nil(), text(), text(), text(), Some(Role::Auditor), Uuid::nil(), Preferences::default(), Policy(LINES));
    let known = visit::Known { actor, origin: Origin::job("test"), session_ends: Utc::now(), csrf_token: String::new(), unread: 0 };
    let (visit, registry, refers) = (Visit::new(known), Tables::of_the_platform().registry, Known::default());
    let reader = Reader { known: &refers, zone: Tz::UTC, now: Utc::now() };
    let teller = Teller { reader, visit: &visit, registry: &registry, place: Place::Trail };
    let views: Vec<EntryView> = folds(&entries, &refers).iter().map(|fold| teller.fold(&entries, fold)).collect();
    let drawn: usize = views.iter().map(|view| 1 + view.folded.len()).sum();
    assert_eq!(drawn, entries.len(), "every entry is there once");
    views.iter().map(|view| (sentence(&view.said), view.summary.clone(), view.folded.len())).collect()
}

fn sentence(parts: &[Part]) -> String {
    let mut sentence = String::new();
    for part in parts {
        if !sentence.is_empty() && !part.clings() {
            sentence.push(' ');
        }
        match part {
            Part::Words(text) | Part::Strong(text) | Part::Actor { text, .. } | Part::Record { text, .. } => sentence.push_str(text),
        }
    }
    sentence
}

fn alone(entry: TrailEntry) -> String {
    told(vec![entry]).remove(0).0
}

const TRANSACTION: &str = "00000000-0000-0000-0000-000000000007";

#[test]
fn a_decision_tells_what_its_rows_are_part_of() {
    let approval = json!({ "transaction_id": TRANSACTION, "decision": "approve", "rule_applied": "approval 2 of 2, rule r7" });
    let subject = Subject::Other { table: "transaction_approvals".to_owned(), id: Uuid::from_u128(1) };
    let approval = TrailEntry { entry: entry(Deed::Created, None, Some(approval)), subject };
    let posted = change(
        "transactions",
        7,
        json!({ "status": "pending", "processed_at": null, "amount": "84216.40" }),
        json!({ "status": "completed", "processed_at": "2026-11-24T13:52:03+00:00", "amount": "84216.40" }),
    );
    let moved = change("accounts", 8, json!({ "balance": 2, "currency": "EUR" }), json!({ "balance": 1, "currency": "EUR" }));
    let other = change("accounts", 9, json!({ "account_name": "A" }), json!({ "account_name": "B" }));
    let told = told(vec![moved.of_request("r"), other.of_request("s"), posted.of_request("r"), approval.of_request("r")]);
    let approved = format!("Dario Benedetti approved transaction {TRANSACTION}, 2 of 2; it was posted");
    assert_eq!(told[0], (approved, "3 fields on 2 records".to_owned(), 2));
    assert_eq!(told[1].0, "Dario Benedetti changed name of account B from A to B");
    assert_eq!(told.len(), 2);
}

#[test]
fn failed_logins_of_one_name_are_one_burst() {
    let failed = |name: &str| event("login_failed", json!({ "username": name, "why": "wrong_password" })).by_job("login");
    let address = |mut told: TrailEntry, address: &str| {
        told.entry.address = Some(address.to_owned());
        told
    };
    let (here, there) = ("203.0.113.77", "198.51.100.1");
    let mut entries: Vec<TrailEntry> = (0..6).map(|minute| address(failed("k.asante").ago(minute), here).of_request("r")).collect();
    entries.insert(0, address(event("lockout", json!({ "username": "k.asante", "seconds": 1_800 })), here).of_request("r"));
    entries.insert(4, address(failed("other").ago(3), there));
    entries.push(address(failed("k.asante").ago(600), here));
    let told = told(entries);
    assert_eq!(told[0], ("6 failed logins for k.asante from 203.0.113.77; locked for 30 minutes".to_owned(), "7 entries".to_owned(), 6));
    assert_eq!(told[1].0, "A failed login for other from 198.51.100.1");
    assert_eq!(told[2].0, "A failed login for k.asante from 203.0.113.77", "another burst");
}

#[test]
fn what_a_job_does_at_once_is_told_at_once() {
    let ended = |id: u128| {
        let row = |active: bool| json!({ "alias_name": format!("alias-{id}"), "is_active": active });
        change("ssot_api_aliases", id, row(true), row(false)).by_job("expiry")
    };
    let told = told(vec![ended(3), ended(2), ended(1), ended(4).ago(60), event("server_started", json!({})).by_job("server")]);
    assert_eq!(
        told[0],
        ("The console (expiry) made API alias alias-1 inactive, and 2 more".to_owned(), "3 fields on 3 records".to_owned(), 2)
    );
    assert_eq!(told[1].0, "The console (expiry) made API alias alias-4 inactive");
    assert_eq!(told[2].0, "The console (server) started");
}

#[test]
fn of_one_request_the_event_tells_most_and_sessions_least() {
    let role = change("users", 1, json!({ "full_name": "K", "role": "user" }), json!({ "full_name": "K", "role": "manager" }));
    let ended = change("user_sessions", 2, json!({ "is_active": true }), json!({ "is_active": false }));
    let login = event("login", json!({ "username": "admin" }));
    let told = told(vec![
        ended.clone().of_request("a"),
        role.of_request("a"),
        login.of_request("b"),
        change("users", 3, json!({ "last_login": null }), json!({ "last_login": "2026-11-24T13:00:00Z" })).of_request("b"),
    ]);
    assert_eq!(told[0].0, "Dario Benedetti changed role of user K from User to Manager");
    assert_eq!(told[0].1, "2 fields on 2 records");
    assert_eq!(told[1], ("Dario Benedetti signed in".to_owned(), "1 field".to_owned(), 1));
}

#[test]
fn every_event_has_a_sentence() {
    let refused = json!({ "transaction": TRANSACTION, "attempt": "approve", "refused": "not_yours" });
    let transaction = format!("transaction {TRANSACTION}");
    for (event, said) in [
        (event("logout", json!({})), "signed out".to_owned()),
        (event("password_changed", json!({ "sessions_ended": 2 })), "changed their password; 2 sessions ended".to_owned()),
        (event("password_set", json!({ "sessions_ended": 0 })), "set a password by a one-time link".to_owned()),
        (event("setup", json!({})), "became the first administrator".to_owned()),
        (event("permission_refused", json!({ "path": "/tables/api_keys" })), "was refused: /tables/api_keys".to_owned()),
        (event("permission_refused", json!({ "action": "read", "table": "api_keys" })), "was refused: read API keys".to_owned()),
        (event("permission_refused", json!({})), "was refused: something".to_owned()),
        (event("decision_refused", refused), format!("was refused: approve {transaction}, which was not theirs to decide")),
        (
            event("transaction_refused", json!({ "transaction": TRANSACTION, "refused": ["amount", "account_id"] })),
            "was refused: write a transaction, because of amount and account".to_owned(),
        ),
        (event("transfer_refused", json!({ "transfer": TRANSACTION, "refused": [] })), "was refused: make a transfer".to_owned()),
        (event("reversal_refused", json!({ "transaction": TRANSACTION })), format!("was refused: take back {transaction}")),
        (
            event("export", json!({ "table": "transactions", "format": "csv", "rows": 1_284 })),
            "exported 1,284 transactions as CSV".to_owned(),
        ),
        (event("export", json!({})), "exported a list".to_owned()),
        (event("key_issued", json!({ "key_name": "nightly" })), "issued the API key nightly".to_owned()),
        (event("migration", json!({ "version": 5, "name": "approvals", "direction": "up" })), "ran the migration 5 approvals".to_owned()),
        (
            event("migration", json!({ "version": 5, "name": "approvals", "direction": "down" })),
            "took back the migration 5 approvals".to_owned(),
        ),
        (event("load", json!({ "what": "demonstration data" })), "filled in demonstration data".to_owned()),
        (event("expiry_released", json!({ "transactions": [1, 2] })), "let time run for 2 transactions held from expiry".to_owned()),
        (event("log_read", json!({})), "read the log".to_owned()),
        (event("something_new", json!({ "name": "x" })), "something new x".to_owned()),
        (event("Signed_Up", json!("odd")), "signed up".to_owned()),
    ] {
        assert_eq!(alone(event), format!("Dario Benedetti {said}"));
    }
}

#[test]
fn no_secret_is_among_the_details() {
    let told = event("signed_up", json!({ "password_hash": "canary", "note": { "deep": 1 } }));
    let deleted = TrailEntry {
        entry: entry(Deed::Deleted, Some(json!({ "token_hash": "canary" })), None),
        subject: Subject::Other { table: "one_time_links".to_owned(), id: Uuid::nil() },
    };
    let refers = Known::default();
    let reader = Reader { known: &refers, zone: Tz::UTC, now: Utc::now() };
    assert!(!format!("{:?}", reader.rows(&told, |_| None)).contains("canary"));
    assert!(!format!("{:?}", reader.rows(&deleted, |_| None)).contains("canary"));
    assert_eq!(alone(deleted), format!("Dario Benedetti deleted one-time link {}", Uuid::nil()));
}
