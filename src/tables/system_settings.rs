//! What is on settings?

use serde_json::Value as Document;

use super::stamps;
use crate::{
    db::value::Value,
    resource::{
        Column, Group, Input, Kind, Order, Resource, Slot, Tab,
        form::{Draft, FieldError},
    },
};

static COLUMNS: &[Column] = &[
    stamps::id(),
    Column::new("setting_key", "Setting", Kind::Text(255))
        .required()
        .listed()
        .filterable()
        .sortable()
        .searchable()
        .exported()
        .on_create(Input::Required)
        .slot(Slot::Title)
        .help("The name by which programs ask for it, such as session_timeout; it cannot change later."),
    Column::new("setting_value", "Value", Kind::SecretWhen("is_encrypted"))
        .required()
        .listed()
        .exported()
        .on_create(Input::Required)
        .on_edit(Input::Optional)
        .slot(Slot::Meta)
        .help("As JSON: a text in double quotes, numbers, true and false without. Left empty, an encrypted value stays."),
    Column::new("setting_type", "Type", Kind::Text(50))
        .required()
        .listed()
        .filterable()
        .matched_whole()
        .exported()
        .on_create(Input::Required)
        .initial("string")
        .slot(Slot::Key)
        .help("string, integer, number, boolean, object or array hold the value to it; any other takes any JSON."),
    Column::new("description", "Description", Kind::LongText).listed().filterable().searchable().exported().written(Input::Optional),
    Column::new("is_encrypted", "Encrypted", Kind::Bool)
        .listed()
        .filterable()
        .exported()
        .written(Input::Required)
        .initial("false")
        .help("An encrypted value is kept encrypted and never shown again."),
    Column::new("is_active", "Active", Kind::Bool)
        .listed()
        .filterable()
        .exported()
        .written(Input::Required)
        .initial("true")
        .slot(Slot::State),
    stamps::created_at(),
    stamps::updated_at(),
    stamps::created_by(),
    stamps::updated_by(),
];

pub static RESOURCE: Resource = Resource::new("system_settings", "setting", "Settings", COLUMNS)
    .group(Group::System, "settings")
    .purpose("How the platform and this console behave.")
    .label("setting_key")
    .order(Order::ascending("setting_key"))
    .tabs(&[stamps::ACTIVE, Tab { name: "Encrypted", query: &[("is_encrypted", "true")] }])
    .check(check);

/// Settings that programs rely on, and the whole numbers each accepts.
const RANGES: &[(&str, i64, i64, &str)] = &[
    ("max_login_attempts", 3, 20, "Type a whole number from 3 to 20."),
    ("session_timeout", 300, 86_400, "Type whole seconds from 300 (5 minutes) to 86400 (a day)."),
    ("approval_expiry_days", 1, 3_650, "Type whole days from 1 to 3650, without quotes."),
    ("audit_retention_days", 2_555, 36_500, "Type whole days from 2555 to 36500: the log is kept for 7 years at least."),
];
/// What the door reads with every decision; its own page, Approval rules, is easier to fill in.
const RULE: &str = "approval_tiers";
const AUDITING: &str = "enable_audit_logging";
const KEPT_ON: &str = "Auditing cannot be switched off: this console records every change.";

fn check(draft: &Draft<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut refuse = |column, message: &str| errors.push(FieldError { column, message: message.to_owned() });
    let key = draft.value("setting_key").as_text().unwrap_or_default();
    let kind = draft.value("setting_type").as_text().unwrap_or_default();
    let range = RANGES.iter().find(|range| range.0 == key);
    if let (true, Value::Json(text)) = (draft.changes_column("setting_value"), draft.value("setting_value"))
        && let Ok(document) = serde_json::from_str::<Document>(text)
    {
        if let Some(message) = misfit(kind, &document) {
            refuse("setting_value", message);
        } else if let Some((_, least, most, message)) = range
            && !document.as_i64().is_some_and(|number| (*least..=*most).contains(&number))
        {
            refuse("setting_value", message);
        } else if key == AUDITING && document != Document::Bool(true) {
            refuse("setting_value", KEPT_ON);
        }
    }
    if draft.current.is_none() && key == RULE && kind != "json" {
        refuse("setting_type", "Type json: the rule is a document.");
    } else if draft.current.is_none() && key == "approval_expiry_days" && kind != "integer" {
        refuse("setting_type", "Type integer: it is a number of days.");
    }
    let is_off = |name: &str| draft.changes_column(name) && draft.value(name) == &Value::Bool(false);
    if key == AUDITING && is_off("is_active") {
        refuse("is_active", KEPT_ON);
    }
    if (key == AUDITING || key == RULE || range.is_some()) && draft.value("is_encrypted") == &Value::Bool(true) {
        refuse("is_encrypted", "Programs read this setting as it stands, so it cannot be encrypted.");
    }
    let was_encrypted = draft.current.is_some_and(|record| record.value("is_encrypted") == &Value::Bool(true));
    let typed_nothing = draft.fields.iter().any(|field| field.column.name == "setting_value" && field.typed.trim().is_empty());
    if was_encrypted && is_off("is_encrypted") && !draft.changes_column("setting_value") {
        refuse("setting_value", "Type the value: the encrypted one cannot be shown.");
    } else if draft.current.is_some() && !was_encrypted && typed_nothing {
        refuse("setting_value", "Type something here: it cannot be empty.");
    }
    errors
}

/// Why a value is not of the type its setting says.
fn misfit(kind: &str, document: &Document) -> Option<&'static str> {
    match kind {
        "string" if !document.is_string() => Some("Type a text in double quotes, such as \"NEXUS Platform\"."),
        "integer" if !document.is_i64() && !document.is_u64() => Some("Type a whole number, without quotes."),
        "number" | "float" | "decimal" if !document.is_number() => Some("Type a number, without quotes."),
        "boolean" if !document.is_boolean() => Some("Type true or false, without quotes."),
        "object" if !document.is_object() => Some("Type a JSON object: members in curly brackets."),
        "array" if !document.is_array() => Some("Type a JSON list: items in square brackets."),
        _ => None,
    }
}
