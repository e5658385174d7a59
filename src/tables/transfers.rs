//! What is on the form of a transfer? It is no table: two linked transactions come of it.

use rust_decimal::Decimal;

use super::accounts;
use crate::resource::{
    Column, Currency, Input, Kind, Resource,
    form::{Draft, FieldError},
};

/// As long as a reason may be: whoever approves it has to read it.
const LONGEST_DESCRIPTION: usize = 2_000;

static FIELDS: &[Column] = &[
    Column::question("source", "From", Kind::Reference(&accounts::RESOURCE), Input::Required)
        .help("The account the money leaves. Find it by its name or its number; it has to be active."),
    Column::question("target", "To", Kind::Reference(&accounts::RESOURCE), Input::Required)
        .help("The account the money comes to, in the same currency."),
    Column::question("amount", "Amount", Kind::Money(Currency::Through { reference: "source", column: "currency" }), Input::Required)
        .help("More than zero, in the currency of both accounts."),
    Column::question("description", "Description", Kind::LongText, Input::Optional).help("What whoever approves it needs to know."),
    Column::question("reference_number", "Reference", Kind::Text(100), Input::Optional)
        .help("The number the outside knows it by, on both legs; left empty, one is made."),
];

/// Its pickers ask as the form of a transaction does.
pub static FORM: Resource = Resource::new("transactions", "transfer", "Transfers", FIELDS).check(check);

fn check(draft: &Draft<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut refuse = |column, message: String| errors.push(FieldError { column, message });
    let (source, target) = (draft.value("source").as_uuid(), draft.value("target").as_uuid());
    if source.is_some() && source == target {
        refuse("target", "This is the account it comes from: a transfer is between two accounts.".to_owned());
    }
    if draft.value("amount").as_decimal().is_some_and(|amount| amount <= Decimal::ZERO) {
        refuse("amount", "Type an amount above zero.".to_owned());
    }
    let length = draft.value("description").as_text().map_or(0, |description| description.chars().count());
    if length > LONGEST_DESCRIPTION {
        refuse("description", format!("Has {length} characters; at most {LONGEST_DESCRIPTION} fit."));
    }
    errors
}
