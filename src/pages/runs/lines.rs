//! How does one item of a run read, and what do all of them come to?

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use uuid::Uuid;

use crate::{
    db::value::Value,
    pages::{
        display::{MoneyShown, Tone},
        shown,
    },
    workflows::run::{
        Run, State,
        results::{Ending, Item},
    },
};

use super::words::Words;

pub struct Line<'a> {
    pub id: Uuid,
    pub href: String,
    pub name: String,
    pub kind: &'a str,
    pub account: &'a str,
    pub description: &'a str,
    pub money: Option<MoneyShown<'a>>,
    /// A word for it, and what the word means.
    pub state: &'static str,
    pub tone: Tone,
    pub icon: &'static str,
    pub why: &'a str,
}

/// `is_alike`: it looks like another one.
pub fn line<'a>(words: &Words, run: &Run, item: &'a Item, is_alike: bool, back: &str) -> Line<'a> {
    let (state, tone, icon) = match (item.ending, run.state) {
        (Some(ending), _) => word(words, ending),
        (None, State::Previewed) if item.obstacle.is_some() => ("Stays out", Tone::Off, "cancelled"),
        (None, State::Previewed) if is_alike => (words.possible, Tone::Waiting, "warn"),
        (None, State::Previewed) => (words.possible, Tone::Done, "check"),
        (None, State::Running | State::Finished) => ("Waiting", Tone::Waiting, "pending"),
    };
    let name = item.name.as_deref().map(str::trim).filter(|text| !text.is_empty());
    Line {
        id: item.record,
        href: format!("/tables/{}/{}?return={back}", run.subject, item.record.as_hyphenated()),
        name: name.map_or_else(|| item.record.to_string(), str::to_owned),
        kind: item.kind.as_deref().unwrap_or("unknown"),
        account: item.account.as_deref().unwrap_or_default(),
        description: item.description.as_deref().unwrap_or_default(),
        money: match &item.amount {
            Value::Number(number) => Some(shown::money(number, item.currency.as_deref())),
            _ => None,
        },
        state,
        tone,
        icon,
        why: item.message.as_deref().or(item.obstacle.as_deref()).unwrap_or(if is_alike { ALIKE } else { "" }),
    }
}

/// Said where one could be decided that may have been made twice.
const ALIKE: &str = "Another of this amount on this account was made within 24 hours.";

/// The same of all of them, counted.
pub fn alike(count: usize) -> Vec<(i64, &'static str)> {
    let several = "look like another one: the same amount on the same account within 24 hours";
    let words = if count == 1 { "looks like another one: the same amount on the same account within 24 hours" } else { several };
    if count == 0 { Vec::new() } else { vec![(i64::try_from(count).unwrap_or(i64::MAX), words)] }
}

fn word(words: &Words, ending: Ending) -> (&'static str, Tone, &'static str) {
    match ending {
        Ending::Posted => ("Posted", Tone::Done, "completed"),
        Ending::Approved => ("Approved", Tone::Waiting, "approve"),
        Ending::Rejected => ("Rejected", Tone::Off, "cancelled"),
        Ending::Done => (words.done, Tone::Done, "completed"),
        Ending::Refused => ("Refused", Tone::Failed, "failed"),
        Ending::Skipped => ("Stayed out", Tone::Off, "cancelled"),
    }
}

/// How many ended in one way.
pub struct Outcome {
    pub word: &'static str,
    pub count: usize,
}

pub fn outcomes(words: &Words, items: &[Item]) -> Vec<Outcome> {
    let counted = Ending::ALL
        .into_iter()
        .map(|ending| Outcome { word: word(words, ending).0, count: items.iter().filter(|item| item.ending == Some(ending)).count() });
    counted.filter(|outcome| outcome.count > 0).collect()
}

/// What one currency comes to: of a preview what would be decided, of a run what was.
pub struct Total {
    pub currency: String,
    pub count: usize,
    pub amount: Decimal,
}

impl Total {
    pub fn money(&self) -> MoneyShown<'_> {
        MoneyShown::new(self.amount, Some(&self.currency))
    }
}

/// By currency; an amount is counted by its size, whichever way the money goes.
pub fn totals(run: &Run, items: &[Item]) -> Vec<Total> {
    if run.verb.decision().is_none() {
        return Vec::new();
    }
    let counts = |item: &&Item| match run.state {
        State::Previewed => item.obstacle.is_none(),
        State::Running | State::Finished => matches!(item.ending, Some(Ending::Posted | Ending::Approved | Ending::Rejected)),
    };
    let mut totals: BTreeMap<&str, (usize, Decimal)> = BTreeMap::new();
    for item in items.iter().filter(counts) {
        let total = totals.entry(item.currency.as_deref().unwrap_or("no currency")).or_default();
        total.0 += 1;
        total.1 = total.1.saturating_add(item.amount.as_decimal().unwrap_or_default().abs());
    }
    totals.into_iter().map(|(currency, (count, amount))| Total { currency: currency.to_owned(), count, amount }).collect()
}
