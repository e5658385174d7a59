//! What is on API contracts?

use super::stamps;
use crate::resource::{
    Choice, Column, Format, Group, Input, Kind, Order, Resource, Slot, Tab, Tone,
    form::{Draft, FieldError},
};

pub(super) static STATUSES: &[Choice] = &[
    Choice::of("active", "Active", Tone::Good, "completed"),
    Choice::of("deprecated", "Deprecated", Tone::Waiting, "warn"),
    Choice::of("archived", "Archived", Tone::Off, "cancelled"),
];

static COLUMNS: &[Column] = &[
    stamps::id(),
    Column::new("canonical_name", "Canonical name", Kind::Text(255))
        .required()
        .listed()
        .filterable()
        .sortable()
        .searchable()
        .global()
        .exported()
        .on_create(Input::Required)
        .format(Format::Slug)
        .slot(Slot::Title)
        .help("The one name of this API: lower-case letters, digits and hyphens. It never changes once it is set."),
    Column::new("version", "Version", Kind::Text(50))
        .required()
        .listed()
        .filterable()
        .sortable()
        .exported()
        .written(Input::Required)
        .slot(Slot::Key)
        .help("Such as v1.0.0."),
    Column::new("status", "Status", Kind::Choice(STATUSES))
        .listed()
        .filterable()
        .sortable()
        .exported()
        .on_edit(Input::Required)
        .slot(Slot::State)
        .help("Goes from active to deprecated to archived, one step at a time and never back."),
    Column::new("base_url", "Base URL", Kind::Text(500))
        .required()
        .listed()
        .filterable()
        .searchable()
        .global()
        .exported()
        .written(Input::Required)
        .format(Format::WebAddress)
        .slot(Slot::Meta)
        .help("Where the API answers, such as https://api.example.com/users."),
    Column::new("description", "Description", Kind::LongText)
        .listed()
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

pub static RESOURCE: Resource = Resource::new("ssot_api_contracts", "API contract", "API contracts", COLUMNS)
    .group(Group::Registry, "contract")
    .purpose("The APIs of the platform, each under its one canonical name.")
    .label("canonical_name")
    .detail("version")
    .order(Order::ascending("canonical_name"))
    .tabs(&[
        Tab { name: "Active", query: &[("status", "active")] },
        Tab { name: "Deprecated", query: &[("status", "deprecated")] },
        Tab { name: "Archived", query: &[("status", "archived")] },
    ])
    .check(check);

fn check(draft: &Draft<'_>) -> Vec<FieldError> {
    let before = draft.current.and_then(|record| record.value("status").as_text());
    let after = draft.value("status").as_text();
    let message = match (before, after) {
        _ if !draft.changes_column("status") || before == after => return Vec::new(),
        // A contract without a status counts as active, as the column's default has it.
        (None | Some("active"), Some("active" | "deprecated")) | (Some("deprecated"), Some("archived")) => return Vec::new(),
        (None | Some("active"), _) => "An active contract is deprecated first, and archived later.",
        (Some("deprecated"), _) => "A deprecated contract can only be archived: it does not become active again.",
        (Some(_), _) => "An archived contract stays archived.",
    };
    vec![FieldError { column: "status", message: message.to_owned() }]
}
