//! What is on accounts?

use super::{stamps, users};
use crate::resource::{Choice, Column, Currency, Format, Group, Input, Kind, Order, Owner, Resource, Slot};

static TYPES: &[Choice] = &[
    Choice::plain("checking", "Checking"),
    Choice::plain("savings", "Savings"),
    Choice::plain("investment", "Investment"),
    Choice::plain("credit", "Credit"),
    Choice::plain("loan", "Loan"),
];

static COLUMNS: &[Column] = &[
    stamps::id(),
    Column::new("account_name", "Name", Kind::Text(255))
        .required()
        .listed()
        .filterable()
        .sortable()
        .searchable()
        .global()
        .exported()
        .written(Input::Required)
        .slot(Slot::Title)
        .help("What people call it, such as “Kestrel Freight Ltd, Settlement”."),
    Column::new("account_number", "Number", Kind::Text(50))
        .required()
        .listed()
        .filterable()
        .sortable()
        .searchable()
        .global()
        .exported()
        .written(Input::Required)
        .slot(Slot::Key)
        .help("No two accounts have the same."),
    Column::new("user_id", "Owner", Kind::Reference(&users::RESOURCE))
        .required()
        .listed()
        .filterable_in_order()
        .exported()
        .written(Input::Required)
        .slot(Slot::Meta)
        .help("The user it belongs to, who sees it and may draw on it."),
    Column::new("user_id.is_active", "Owner active", Kind::Bool).filterable(),
    Column::new("account_type", "Type", Kind::Choice(TYPES))
        .required()
        .listed()
        .filterable()
        .sortable()
        .exported()
        .written(Input::Required)
        .initial("checking"),
    Column::new("balance", "Balance", Kind::Money(Currency::Column("currency")))
        .listed()
        .filterable()
        .sortable()
        .exported()
        .slot(Slot::Money)
        .help("Moves only when a transaction is completed."),
    Column::new("currency", "Currency", Kind::Text(3))
        .offered()
        .filterable()
        .sortable()
        .exported()
        .written(Input::Required)
        .initial("USD")
        .format(Format::CurrencyCode)
        .fixed_once_referred("The account has transactions: their amounts are in this currency, so it cannot change any more.")
        .help("Three capital letters, such as USD, EUR or JPY. It cannot change once the account has transactions."),
    Column::new("is_active", "Active", Kind::Bool)
        .listed()
        .filterable()
        .sortable()
        .exported()
        .written(Input::Required)
        .initial("true")
        .slot(Slot::State)
        .help("An inactive account takes no new transactions."),
    stamps::created_at(),
    stamps::updated_at(),
    stamps::created_by(),
    stamps::updated_by(),
];

pub static RESOURCE: Resource = Resource::new("accounts", "account", "Accounts", COLUMNS)
    .group(Group::Ledger, "account")
    .purpose("Where customers' money stands. A balance moves only when a transaction is completed.")
    .label("account_name")
    .detail("account_number")
    .order(Order::ascending("account_name"))
    .owner(Owner::Column("user_id"))
    .tabs(&[stamps::ACTIVE, stamps::INACTIVE]);
