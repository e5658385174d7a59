//! What did somebody decide on a transaction or a drift, and what came of it?

use super::sentence::{Part, Teller, Told};
use crate::{
    audit::{
        decided::{Decided, On},
        entry::{Deed, Fields},
        trail_entry::{Subject, TrailEntry},
    },
    db::value::Value,
    pages::{shown::money, urls},
    resource::record::Record,
};

impl Teller<'_> {
    /// The sentence of entries that came of one decision; `others` are those of the same request.
    pub fn decision(&self, told: &TrailEntry, others: &[&TrailEntry], decided: &Decided) -> Told {
        let mut parts = vec![self.actor(told)];
        let (icon, tone) = match decided.word.as_str() {
            "approve" | "accept" => ("check", "ok"),
            "restore" => ("reverse", "ok"),
            "reject" => ("x", "bad"),
            "expire" => ("clock", ""),
            _ => ("cancelled", ""),
        };
        parts.push(Part::words(match decided.word.as_str() {
            "approve" => "approved",
            "reject" => "rejected",
            "withdraw" => "withdrew",
            "expire" => "let expire",
            "restore" => "was for restoring the balance of",
            "accept" => "was for accepting the balance of",
            other => other,
        }));
        if self.is_own(told) {
            parts.push(Part::words("it"));
        } else {
            parts.extend(self.decided_on(decided.on));
        }
        if let Some(place) = &decided.place {
            parts.push(Part::words(format!(", {place}")));
        }
        let became = |name: &str, value: &str| std::iter::once(&told).chain(others).any(|other| became(other, name, value));
        match (decided.on, decided.word.as_str()) {
            (On::Transaction(_), "approve") if decided.is_enough() || became("status", "completed") => {
                parts.push(Part::words("; it was posted"))
            }
            (On::Drift(_), "restore") if others.iter().any(|other| changes(other, "balance")) => {
                parts.push(Part::words("; it was restored"));
            }
            (On::Transaction(_) | On::Drift(_), _) => {}
        }
        Told { icon, tone, parts }
    }

    /// "transaction PAY-2026-118839, 84,216.40 EUR"
    fn decided_on(&self, on: On) -> Vec<Part> {
        match on {
            On::Transaction(id) => {
                let mut parts = vec![Part::words("transaction")];
                let record = self.reader.known.transaction(id);
                let text = record.map_or_else(|| id.to_string(), Record::label);
                parts.push(Part::Record { text, href: self.link("transactions", id) });
                let cell = record.and_then(|record| record.cell("amount"));
                if let Some((Value::Number(amount), currency)) = cell.map(|cell| (&cell.value, cell.companion.as_text())) {
                    parts.extend([Part::words(","), Part::strong(money(amount, currency).to_string())]);
                }
                parts
            }
            On::Drift(account) => {
                let text = self.reader.known.labels.get(&account).cloned().unwrap_or_else(|| account.to_string());
                let href = self.link("accounts", account).map(|_| urls::drift_url(account));
                vec![Part::words("account"), Part::Record { text, href }]
            }
        }
    }

    /// A transaction that an event or a side table names.
    pub fn transaction(&self, id: uuid::Uuid) -> Vec<Part> {
        self.decided_on(On::Transaction(id))
    }
}

fn became(told: &TrailEntry, name: &str, value: &str) -> bool {
    matches!(told.subject, Subject::Record(..))
        && told.entry.deed == Deed::Changed
        && told.entry.new.as_ref().and_then(|row| row.get(name)?.as_str()) == Some(value)
        && changes(told, name)
}

fn changes(told: &TrailEntry, name: &str) -> bool {
    let side = |row: &Option<Fields>| row.as_ref().and_then(|row| row.get(name).cloned());
    side(&told.entry.old) != side(&told.entry.new)
}
