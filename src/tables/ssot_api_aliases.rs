//! What is on API aliases?

use chrono::{TimeDelta, Utc};

use super::{ssot_api_contracts, stamps};
use crate::{
    db::value::Timestamp,
    resource::{
        Choice, Column, Format, Group, Input, Kind, Order, Resource, Slot, Tab, Tone,
        form::{Draft, FieldError},
    },
};

const LONGEST_DAYS: i64 = 365;

static TYPES: &[Choice] =
    &[Choice::of("permanent", "Permanent", Tone::Plain, "lock"), Choice::of("temporary", "Temporary", Tone::Waiting, "clock")];

static COLUMNS: &[Column] = &[
    stamps::id(),
    Column::new("alias_name", "Alias", Kind::Text(255))
        .required()
        .listed()
        .filterable()
        .sortable()
        .searchable()
        .global()
        .exported()
        .written(Input::Required)
        .format(Format::Slug)
        .slot(Slot::Title)
        .help("Lower-case letters, digits and hyphens; once in each context."),
    Column::new("context", "Context", Kind::Text(100))
        .required()
        .listed()
        .filterable()
        .matched_whole()
        .sortable()
        .exported()
        .written(Input::Required)
        .format(Format::Slug)
        .initial("frontend")
        .slot(Slot::Key)
        .help("Who uses the alias: frontend, backend or system."),
    Column::new("contract_id", "Contract", Kind::Reference(&ssot_api_contracts::RESOURCE))
        .required()
        .listed()
        .filterable()
        .exported()
        .on_create(Input::Required)
        .slot(Slot::Meta)
        .help("The API it stands for. It never changes once it is set: make another alias instead."),
    Column::new("contract_id.status", "Contract's status", Kind::Choice(ssot_api_contracts::STATUSES)).offered().filterable(),
    Column::new("alias_type", "Type", Kind::Choice(TYPES)).listed().filterable().exported().written(Input::Required).initial("permanent"),
    Column::new("expires_at", "Expires", Kind::Timestamp)
        .listed()
        .filterable()
        .sortable()
        .exported()
        .written(Input::Optional)
        .help("Only for a temporary alias: usually 90 days from now, 365 at most."),
    Column::new("is_active", "Active", Kind::Bool)
        .listed()
        .filterable()
        .exported()
        .written(Input::Required)
        .initial("true")
        .slot(Slot::State),
    Column::new("description", "Description", Kind::LongText)
        .offered()
        .filterable()
        .searchable()
        .global()
        .exported()
        .written(Input::Optional),
    stamps::created_at(),
    stamps::updated_at(),
    stamps::created_by_name(),
    stamps::updated_by_name(),
];

pub static RESOURCE: Resource = Resource::new("ssot_api_aliases", "API alias", "API aliases", COLUMNS)
    .group(Group::Registry, "alias")
    .purpose("Other names of the APIs, each valid in one context.")
    .label("alias_name")
    .detail("context")
    .order(Order::ascending("alias_name"))
    .tabs(&[stamps::ACTIVE, Tab { name: "Temporary", query: &[("alias_type", "temporary")] }, stamps::INACTIVE])
    .check(check);

fn check(draft: &Draft<'_>) -> Vec<FieldError> {
    // What expired long ago may still get a better description.
    if draft.current.is_some() && !draft.changes_column("alias_type") && !draft.changes_column("expires_at") {
        return Vec::new();
    }
    let now = Utc::now();
    let latest = Timestamp::from(now + TimeDelta::days(LONGEST_DAYS));
    let message = match (draft.value("alias_type").as_text(), draft.value("expires_at").as_time()) {
        (Some("temporary"), None) => "A temporary alias needs a time at which it expires, usually 90 days from now.",
        (Some("temporary"), Some(expires)) if expires <= now.into() => "Type a time that is still to come.",
        (Some("temporary"), Some(expires)) if expires > latest => "A temporary alias lasts 365 days at most.",
        (Some("temporary"), Some(_)) | (_, None) => return Vec::new(),
        (_, Some(_)) => "A permanent alias does not expire: leave this empty, or choose temporary.",
    };
    let unreadable = draft.fields.iter().any(|field| field.column.name == "expires_at" && field.error.is_some());
    if unreadable { Vec::new() } else { vec![FieldError { column: "expires_at", message: message.to_owned() }] }
}
