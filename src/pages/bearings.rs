//! What stands beside an account's or a transaction's own columns: what is available, what it is tied to?

use super::{
    display::{MoneyShown, RecordLink, Shown},
    offers::Offer,
    record::{Fact, with_back},
    shown::money,
    urls,
    visit::Visit,
};
use crate::{
    app::Console,
    auth::{grant::Grant, policy::Action},
    db::{
        pool::{Connection, DatabaseError},
        value::{Number, Value},
    },
    error::WayOn,
    resource::{
        record::Record,
        store::{self, StoreError},
    },
    workflows::{
        available,
        limit::{self, Floor},
        ties::{self, Accounts, Reversal, Reversed, Ties},
    },
};

/// Read beside a record; nothing for most tables.
pub enum Bearings {
    None,
    Account { available: Number, floor: Floor, currency: Option<String> },
    Transaction { ties: Ties, other_leg: Option<Linked>, reverses: Option<Linked>, reversed_by: Option<Linked> },
}

/// Another transaction, as far as this actor may see it.
pub enum Linked {
    Seen(Box<Record>),
    Restricted,
}

/// # Errors
/// See [`DatabaseError`].
pub async fn of(connection: &Connection, grant: &Grant, record: &Record) -> Result<Bearings, DatabaseError> {
    match record.resource.table {
        "accounts" => {
            let ids = [record.id];
            let (available, floor) = tokio::try_join!(available::of(connection, grant, &ids), limit::of(connection, record))?;
            let Some((_, Value::Number(available))) = available.into_iter().next() else {
                return Ok(Bearings::None);
            };
            let currency = record.value("currency").as_text().map(str::to_owned);
            Ok(Bearings::Account { available, floor, currency })
        }
        "transactions" => {
            let ties = ties::of(connection, record).await?;
            let linked = async |id| match id {
                Some(id) => linked(connection, grant, id).await.map(Some),
                None => Ok(None),
            };
            Ok(Bearings::Transaction {
                other_leg: linked(ties.other_leg).await?,
                reverses: linked(ties.reverses).await?,
                reversed_by: linked(ties.reversed_by.map(|reversed| reversed.by)).await?,
                ties,
            })
        }
        _ => Ok(Bearings::None),
    }
}

async fn linked(connection: &Connection, grant: &Grant, id: uuid::Uuid) -> Result<Linked, DatabaseError> {
    match store::record(connection, grant, id).await {
        Ok(record) => Ok(Linked::Seen(Box::new(record))),
        Err(StoreError::Database(error)) => Err(error),
        Err(_) => Ok(Linked::Restricted),
    }
}

impl Bearings {
    /// Puts each fact behind the column it belongs to.
    pub fn add_to<'a>(&'a self, facts: &mut Vec<Fact<'a>>, back: &'a str) {
        let mut add = |after: &str, column, label, shown| {
            let at = facts.iter().position(|fact| fact.column == after).map_or(facts.len(), |at| at + 1);
            facts.insert(at, Fact { column, label, shown });
        };
        match self {
            Bearings::None => {}
            Bearings::Account { available, floor, currency } => {
                let currency = currency.as_deref();
                let lowest = match floor {
                    Floor::Zero => Shown::Money(MoneyShown::new(rust_decimal::Decimal::ZERO, currency)),
                    Floor::At(lowest) => Shown::Money(money(lowest, currency)),
                    Floor::Bottomless => Shown::Text("No floor"),
                };
                add("balance", "available", "Available", Shown::Money(money(available, currency)));
                add("available", "lowest_balance", "May not go below", lowest);
            }
            Bearings::Transaction { ties, other_leg, reverses, reversed_by } => {
                if let Some(other) = other_leg {
                    add("transaction_type", "other_leg", "Other leg", other.shown(back));
                }
                if let Some(original) = reverses {
                    add("status", "reverses", "Takes back", original.shown(back));
                }
                if let (Some(reversal), Some(Reversed { state, .. })) = (reversed_by, ties.reversed_by) {
                    let label = match state {
                        Reversal::Pending => "To be reversed by",
                        Reversal::Done => "Reversed by",
                        Reversal::Dropped => "Reversal dropped",
                    };
                    add("status", "reversed_by", label, reversal.shown(back));
                }
            }
        }
    }

    /// What else can be done from here, and what is withheld for reasons that stand in other records.
    pub fn amend(&self, offers: &mut Vec<Offer>, console: &Console, visit: &Visit, record: &Record, back: Option<&str>) {
        match self {
            Bearings::None => {}
            Bearings::Account { .. } => {
                let may = console.registry.find("transactions").is_some_and(|resource| visit.actor.may(Action::Create, resource));
                if may {
                    let label = "New transfer".to_owned();
                    let is_active = record.value("is_active").as_bool() != Some(false);
                    let offer = if is_active {
                        let href = with_back(urls::transfer_from(record.id), back);
                        Offer::Link { label, href, icon: "tx", look: "", action: Action::Create }
                    } else {
                        Offer::Withheld { label, why: "The account is not active.", way: None, action: Action::Create }
                    };
                    offers.push(offer);
                }
            }
            Bearings::Transaction { .. } => {
                let Some((why, way)) = self.no_reversal(record) else {
                    return;
                };
                for offer in offers {
                    if let Offer::Link { label, action: Action::Reverse, .. } = offer {
                        *offer = Offer::Withheld { label: std::mem::take(label), why, way: way.clone(), action: Action::Reverse };
                    }
                }
            }
        }
    }

    /// Why a completed transaction cannot be taken back, and where that can be seen.
    pub fn no_reversal(&self, record: &Record) -> Option<(&'static str, Option<WayOn>)> {
        let Bearings::Transaction { ties, .. } = self else {
            return None;
        };
        let shown = |by| Some(WayOn::new("The reversal", urls::record_url(record.resource, by)));
        match (ties.reversed_by, ties.accounts) {
            (Some(Reversed { by, state: Reversal::Done }), _) => Some(("It is reversed already.", shown(by))),
            (Some(Reversed { by, state: Reversal::Pending }), _) => Some(("It is about to be reversed.", shown(by))),
            (Some(Reversed { state: Reversal::Dropped, .. }) | None, Accounts::Inactive) => {
                Some(("The account is not active, so nothing can be moved back.", None))
            }
            (Some(Reversed { state: Reversal::Dropped, .. }) | None, Accounts::Active) => {
                let moved = record.value("amount").as_decimal().is_some_and(|amount| !amount.is_zero());
                (!moved).then_some(("It moved nothing that could be moved back.", None))
            }
        }
    }

    /// What a reversal will make.
    pub fn reversal(&self, record: &Record) -> String {
        let cell = record.cell("amount");
        let amount = record.value("amount").as_decimal().unwrap_or_default();
        let currency = cell.and_then(|cell| cell.companion.as_text());
        let moved = MoneyShown::new(amount.abs(), currency);
        let here = account(record);
        let ends = "It is pending until somebody else approves it; this one stays as it is, and each shows the other.";
        match (self, record.value("transaction_type").as_text()) {
            (Bearings::Transaction { other_leg: Some(other), .. }, _) => {
                let there = match other {
                    Linked::Seen(other) => account(other),
                    Linked::Restricted => "the other account".to_owned(),
                };
                let (from, to) = if amount.is_sign_negative() { (there, here) } else { (here, there) };
                format!("Makes a transfer of {moved} from {from} back to {to}, in two legs. {ends}")
            }
            (_, Some("deposit" | "interest")) => format!("Makes a withdrawal of {moved} from {here}. {ends}"),
            (_, _) => format!("Makes a deposit of {moved} to {here}. {ends}"),
        }
    }
}

/// The name of a transaction's account.
fn account(record: &Record) -> String {
    record.cell("account_id").and_then(|cell| cell.companion.as_text()).map_or_else(|| "its account".to_owned(), |name| format!("“{name}”"))
}

impl Linked {
    fn shown<'a>(&'a self, back: &'a str) -> Shown<'a> {
        let Linked::Seen(record) = self else {
            return Shown::Restricted;
        };
        let href = Some(RecordLink { table: record.resource.table, id: record.id, back: Some(back) });
        let detail = record.cell("account_id").and_then(|cell| cell.companion.as_text());
        match record.value(record.resource.label).as_text().filter(|label| !label.trim().is_empty()) {
            Some(label) => Shown::Reference { label, detail, href },
            None => Shown::Reference { label: "Without reference", detail, href },
        }
    }
}
