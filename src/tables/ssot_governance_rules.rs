//! What is on governance rules?

use super::stamps;
use crate::resource::{
    Column, Format, Group, Input, Kind, Order, Resource, Slot,
    form::{Draft, FieldError},
};

static COLUMNS: &[Column] = &[
    stamps::id(),
    Column::new("rule_name", "Rule", Kind::Text(255))
        .required()
        .listed()
        .filterable()
        .sortable()
        .searchable()
        .exported()
        .on_create(Input::Required)
        .format(Format::Free)
        .slot(Slot::Title)
        .help("The name by which the platform asks for it, such as alias_uniqueness; it cannot change later."),
    Column::new("rule_type", "Type", Kind::Text(50))
        .required()
        .listed()
        .filterable()
        .matched_whole()
        .sortable()
        .exported()
        .written(Input::Required)
        .initial("validation")
        .slot(Slot::Key)
        .help("Such as validation, retention or workflow."),
    Column::new("rule_config", "Configuration", Kind::Json)
        .required()
        .listed()
        .exported()
        .written(Input::Required)
        .initial("{}")
        .slot(Slot::Meta)
        .help("A JSON object, such as {\"max_duration_days\": 365}."),
    Column::new("is_active", "Active", Kind::Bool)
        .listed()
        .filterable()
        .exported()
        .written(Input::Required)
        .initial("true")
        .slot(Slot::State)
        .help("An inactive rule binds nobody."),
    stamps::created_at(),
    stamps::updated_at(),
    stamps::created_by_name(),
    stamps::updated_by_name(),
];

pub static RESOURCE: Resource = Resource::new("ssot_governance_rules", "governance rule", "Governance rules", COLUMNS)
    .group(Group::Registry, "rule")
    .purpose("What the registry and the platform hold everybody to.")
    .label("rule_name")
    .detail("rule_type")
    .order(Order::ascending("rule_name"))
    .tabs(&[stamps::ACTIVE, stamps::INACTIVE])
    .check(check);

fn check(draft: &Draft<'_>) -> Vec<FieldError> {
    let crate::db::value::Value::Json(text) = draft.value("rule_config") else {
        return Vec::new();
    };
    let is_object = serde_json::from_str::<serde_json::Value>(text).is_ok_and(|config| config.is_object());
    if is_object || !draft.changes_column("rule_config") {
        return Vec::new();
    }
    vec![FieldError { column: "rule_config", message: "Type a JSON object: members in curly brackets.".to_owned() }]
}
