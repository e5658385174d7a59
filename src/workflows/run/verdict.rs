//! What would the door say to this one, after the ones before it?

use std::collections::HashMap;

use rust_decimal::Decimal;
use uuid::Uuid;

use super::freeze::Leg;
use crate::{
    db::pool::{DatabaseError, Objection},
    resource::money,
    workflows::approval::{Decision, Refusal, Shortage},
};

/// The first thing that stands in the way, in the order and the words of the door; `None`: it can be decided.
/// `balances` are those that the postings before this one leave.
pub(super) fn verdict(decision: Decision, person: Uuid, legs: &[Leg], balances: &mut HashMap<Uuid, Decimal>) -> Option<String> {
    let found = obstacle(decision, person, legs, balances);
    if found.is_none() && decision == Decision::Approve && is_posted(legs) {
        let after: Vec<_> = moved(legs, balances).collect();
        balances.extend(after);
    }
    found.map(|refusal| refusal.to_string())
}

fn obstacle(decision: Decision, person: Uuid, legs: &[Leg], balances: &HashMap<Uuid, Decimal>) -> Option<Refusal> {
    let [first, ..] = legs else { return Some(Refusal::Missing) };
    let any = |of: fn(&Leg) -> bool| legs.iter().any(of);
    if first.digest.is_none() || any(|leg| leg.account.is_none()) {
        return Some(Refusal::Missing);
    }
    if legs.iter().any(|leg| leg.maker == Some(person)) {
        return Some(said("NX007", "nexus_maker"));
    }
    if legs.iter().any(|leg| leg.editor == Some(person)) {
        return Some(said("NX007", "nexus_editor"));
    }
    if first.repeated {
        return Some(Refusal::DecidedByYou);
    }
    if any(|leg| leg.expired) {
        return Some(Refusal::Expired);
    }
    if any(|leg| leg.status.as_deref() != Some("pending")) {
        return Some(Refusal::Decided);
    }
    match decision {
        Decision::Reject => None,
        Decision::Approve => unsound(first, legs, balances),
    }
}

fn unsound(first: &Leg, legs: &[Leg], balances: &HashMap<Uuid, Decimal>) -> Option<Refusal> {
    let any = |of: fn(&Leg) -> bool| legs.iter().any(of);
    if first.asked {
        return Some(said("NX021", "nexus_question"));
    }
    if !first.rule_is_sound {
        return Some(said("NX022", "nexus_rule"));
    }
    if any(|leg| leg.maker.is_none()) {
        return Some(said("NX014", "nexus_maker_unknown"));
    }
    let total: Option<Decimal> = legs.iter().map(|leg| leg.amount).sum();
    let is_transfer = match legs {
        [only] => !only.is_transfer,
        _ => legs.iter().all(|leg| leg.is_transfer && leg.reference == first.reference) && total == Some(Decimal::ZERO),
    };
    if !is_transfer {
        return Some(said("NX019", "nexus_transfer"));
    }
    if legs.iter().any(|leg| leg.currency != first.currency) {
        return Some(said("NX019", "nexus_currency"));
    }
    if any(|leg| leg.amount.is_none_or(|amount| amount.is_zero() || (amount < Decimal::ZERO && !leg.is_transfer))) {
        return Some(said("NX019", "nexus_amount"));
    }
    if any(|leg| leg.inactive) {
        return Some(said("NX016", "nexus_account_active"));
    }
    if any(|leg| leg.frozen || leg.balance.is_none()) {
        return Some(said("NX016", "nexus_account_frozen"));
    }
    let after: HashMap<Uuid, Decimal> = moved(legs, balances).collect();
    for leg in legs {
        let (Some(effect), Some(after)) = (leg.effect, leg.account.and_then(|account| after.get(&account))) else {
            return Some(said("NX019", "nexus_amount"));
        };
        if let Some(lowest) = leg.lowest
            && effect < Decimal::ZERO
            && *after < lowest
        {
            return Some(Refusal::TooLittleMoney(Shortage {
                short: (lowest - after).to_string(),
                balance: (after - effect).to_string(),
                lowest: lowest.to_string(),
                currency: leg.currency.clone(),
            }));
        }
        if after.abs() > money::LARGEST {
            return Some(said("NX019", "nexus_balance"));
        }
    }
    None
}

/// What each account would hold afterwards.
fn moved(legs: &[Leg], balances: &HashMap<Uuid, Decimal>) -> impl Iterator<Item = (Uuid, Decimal)> {
    legs.iter().filter_map(|leg| {
        let account = leg.account?;
        let before = balances.get(&account).copied().or(leg.balance)?;
        Some((account, before.checked_add(leg.effect?)?))
    })
}

/// Whether one approval more is enough.
fn is_posted(legs: &[Leg]) -> bool {
    let needed = legs.iter().filter_map(|leg| leg.needed).max().unwrap_or(1);
    legs.first().is_some_and(|leg| leg.so_far + 1 >= i64::from(needed))
}

/// The door's own words for one of its rules.
fn said(code: &str, constraint: &str) -> Refusal {
    let objection =
        Objection { code: code.to_owned(), message: String::new(), constraint: constraint.to_owned(), column: None, detail: None };
    DatabaseError::Refused(objection).into()
}
