//! What is on transactions?

use rust_decimal::Decimal;

use super::{accounts, stamps, users};
use crate::resource::{
    Choice, Column, Currency, Format, Group, Input, Kind, Order, Owner, Resource, Slot, Tab, Tone,
    form::{Draft, FieldError},
};

static TYPES: &[Choice] = &[
    Choice::of("deposit", "Deposit", Tone::Plain, "in"),
    Choice::of("withdrawal", "Withdrawal", Tone::Plain, "out"),
    Choice::of("transfer", "Transfer", Tone::Plain, "tx"),
    Choice::of("payment", "Payment", Tone::Plain, "out"),
    Choice::of("fee", "Fee", Tone::Plain, "fee"),
    Choice::of("interest", "Interest", Tone::Plain, "interest"),
];

static STATUSES: &[Choice] = &[
    Choice::of("pending", "Pending", Tone::Waiting, "pending"),
    Choice::of("completed", "Completed", Tone::Good, "completed"),
    Choice::of("failed", "Failed", Tone::Bad, "failed"),
    Choice::of("cancelled", "Cancelled", Tone::Off, "cancelled"),
];

static COLUMNS: &[Column] = &[
    stamps::id(),
    Column::new("transaction_date", "Date", Kind::Timestamp)
        .listed()
        .filterable()
        .sortable()
        .exported()
        .written(Input::Optional)
        .slot(Slot::Meta)
        .help("When it happened; left empty, now."),
    Column::new("reference_number", "Reference", Kind::Text(100))
        .listed()
        .filterable()
        .sortable()
        .searchable()
        .global()
        .exported()
        .written(Input::Optional)
        .slot(Slot::Key)
        .help("The number the outside knows it by, such as PAY-2026-118842."),
    Column::new("account_id", "Account", Kind::Reference(&accounts::RESOURCE))
        .required()
        .listed()
        .filterable_in_order()
        .exported()
        .written(Input::Required)
        .slot(Slot::Title)
        .help("Find it by its name or its number; it has to be active."),
    Column::new("account_id.user_id", "Customer", Kind::Reference(&users::RESOURCE)).offered().filterable(),
    Column::new("transaction_type", "Type", Kind::Choice(TYPES))
        .required()
        .listed()
        .filterable_in_order()
        .also_in_order_of("reference_number")
        .sortable()
        .exported()
        .written(Input::Required)
        .withholding(&["transfer"])
        .help("Deposits and interest add to the balance; withdrawals, payments and fees take from it."),
    Column::new("description", "Description", Kind::LongText)
        .listed()
        .filterable()
        .searchable()
        .global()
        .exported()
        .written(Input::Optional)
        .help("What whoever approves it needs to know."),
    Column::new("amount", "Amount", Kind::Money(Currency::Through { reference: "account_id", column: "currency" }))
        .required()
        .listed()
        .filterable()
        .sortable()
        .exported()
        .written(Input::Required)
        .slot(Slot::Money)
        .help("More than zero, in the account's currency; the type says which way it goes."),
    Column::new("account_id.currency", "Currency", Kind::Text(3)).format(Format::CurrencyCode).filterable().exported(),
    Column::new("status", "Status", Kind::Choice(STATUSES)).listed().filterable_in_order().sortable().exported().slot(Slot::State),
    Column::new("processed_at", "Processed", Kind::Timestamp).offered().filterable().sortable().exported(),
    stamps::created_at(),
    stamps::updated_at(),
    stamps::created_by().filterable_in_order(),
    stamps::updated_by().filterable_in_order(),
];

pub static RESOURCE: Resource = Resource::new("transactions", "transaction", "Transactions", COLUMNS)
    .group(Group::Ledger, "tx")
    .purpose("Money that moved, or waits for somebody to let it move. A new one is pending.")
    .label("reference_number")
    .order(Order::descending("transaction_date"))
    .owner(Owner::Through { reference: "account_id", table: "accounts", column: "user_id" })
    .tabs(&[
        Tab { name: "Pending", query: &[("status", "pending")] },
        Tab { name: "Mine", query: &[("created_by", "@me")] },
        Tab { name: "Completed", query: &[("status", "completed")] },
        Tab { name: "Failed", query: &[("status", "failed")] },
    ])
    .never_deleted("Transactions are never deleted: withdraw one while it is pending, reverse it once it is completed.")
    .check(check);

fn check(draft: &Draft<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut refuse = |column, message: &str| errors.push(FieldError { column, message: message.to_owned() });
    let is_leg = draft.current.is_some_and(|record| record.value("transaction_type").as_text() == Some("transfer"));
    if is_leg {
        for column in ["amount", "account_id", "transaction_type"] {
            if draft.changes_column(column) {
                refuse(column, "This is one leg of a transfer: alone it cannot change. Withdraw it and make a new one.");
            }
        }
    } else if draft.changes_column("amount") && draft.value("amount").as_decimal().is_some_and(|amount| amount <= Decimal::ZERO) {
        refuse("amount", "Type an amount above zero: the type says which way the money goes.");
    }
    errors
}
