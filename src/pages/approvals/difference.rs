//! What is not as it was when somebody looked at it, field by field?

use uuid::Uuid;

use crate::{
    auth::{actor::Actor, policy::Action},
    db::pool::{Connection, DatabaseError},
    pages::display::MoneyShown,
    resource::{Registry, money::plain, reference::lookup},
    workflows::approval::{item::Item, statement},
};

pub struct Changed {
    pub label: String,
    pub then: String,
    pub now: String,
}

/// The difference between what was shown and what is there, where what was shown is what was signed.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn changed(
    connection: &Connection,
    registry: &Registry,
    actor: &Actor,
    shown: &str,
    item: &Item,
) -> Result<Vec<Changed>, DatabaseError> {
    let mut rows = Vec::new();
    for difference in statement::differences(shown, &item.seen.statement) {
        let currency = item.legs.get(difference.leg).and_then(|leg| leg.account.currency.as_deref());
        let (mut then, mut now) = (difference.then.unwrap_or_default(), difference.now.unwrap_or_default());
        let label = match difference.name.as_str() {
            "rule" => "Rule of approval",
            "leg" => "Transaction",
            "account" => "Account",
            "active" => "Account active",
            "type" => "Type",
            "amount" => "Amount",
            "currency" => "Currency",
            "description" => "Description",
            "reference" => "Reference",
            "editor" => "Last edited by",
            other => other,
        };
        match difference.name.as_str() {
            "amount" => (then, now) = (amount(&then, currency), amount(&now, currency)),
            "active" => (then, now) = (yes_or_no(&then), yes_or_no(&now)),
            "account" => {
                (then, now) = (
                    named(connection, registry, actor, "accounts", then).await?,
                    named(connection, registry, actor, "accounts", now).await?,
                );
            }
            "editor" => {
                (then, now) =
                    (named(connection, registry, actor, "users", then).await?, named(connection, registry, actor, "users", now).await?);
            }
            _ => {}
        }
        let label = if item.legs.len() > 1 && difference.name != "rule" {
            format!("{label} of the {}", if difference.leg == 0 { "source" } else { "target" })
        } else {
            label.to_owned()
        };
        rows.push(Changed { label, then: or_not_set(then), now: or_not_set(now) });
    }
    Ok(rows)
}

fn or_not_set(text: String) -> String {
    if text.is_empty() { "not set".to_owned() } else { text }
}

fn amount(text: &str, currency: Option<&str>) -> String {
    plain(text).map_or_else(|| text.to_owned(), |amount| MoneyShown::new(amount, currency).to_string())
}

fn yes_or_no(text: &str) -> String {
    if text == "true" { "yes".to_owned() } else { "no".to_owned() }
}

/// A record's name, as far as this actor may read it.
async fn named(connection: &Connection, registry: &Registry, actor: &Actor, table: &str, id: String) -> Result<String, DatabaseError> {
    let (Some(resource), Ok(key)) = (registry.find(table), Uuid::try_parse(&id)) else { return Ok(id) };
    let Ok(grant) = actor.authorize(Action::Read, resource) else { return Ok(id) };
    Ok(lookup(connection, &grant, key).await?.map_or(id, |found| found.label))
}
