//! How are the pending transactions shown that stand in the way of a change?

use rust_decimal::Decimal;

use super::display::MoneyShown;
use crate::{
    db::pool::{Connection, DatabaseError},
    error::WayOn,
    workflows::stranded::{self, Stranded},
};

/// The first of them, and how many more there are.
pub struct StuckList {
    pub words: String,
    pub items: Vec<StuckItem>,
    pub more: u64,
}

pub struct StuckItem {
    pub href: String,
    pub label: String,
    pub amount: String,
    pub detail: String,
}

/// # Errors
/// When the database is away.
pub async fn list(connection: &Connection, stranded: &Stranded) -> Result<StuckList, DatabaseError> {
    let items: Vec<_> = stranded::read(connection, stranded)
        .await?
        .into_iter()
        .map(|stuck| {
            let maker = stuck.maker.map(|name| format!(", made by {name}")).unwrap_or_default();
            StuckItem {
                href: format!("/approvals/{}", stuck.id.as_hyphenated()),
                label: title(stuck.description, stuck.reference),
                amount: money(&stuck.amount, stuck.currency.as_deref()),
                detail: format!("{}{maker}", stuck.account),
            }
        })
        .collect();
    let more = stranded.count.saturating_sub(items.len() as u64);
    Ok(StuckList { words: stranded.to_string(), items, more })
}

/// What a transaction is called where there is no room for all of it.
pub(super) fn title(description: Option<String>, reference: Option<String>) -> String {
    let said = |text: &String| !text.trim().is_empty();
    description.filter(said).or_else(|| reference.filter(said)).unwrap_or_else(|| "Without a description".to_owned())
}

/// An amount as the database wrote it, as the pages write it.
pub(super) fn money(amount: &str, currency: Option<&str>) -> String {
    match amount.parse::<Decimal>() {
        Ok(amount) => MoneyShown::new(amount, currency).to_string(),
        Err(_) => MoneyShown::odd(amount, currency).to_string(),
    }
}

impl StuckList {
    /// For a page that has only links to offer.
    pub fn ways(self) -> Vec<WayOn> {
        self.items.into_iter().map(|item| WayOn::new(format!("{}, {}", item.label, item.amount), item.href)).collect()
    }
}
