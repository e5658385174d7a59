//! What is on API keys?

use chrono::Utc;

use super::{stamps, users};
use crate::{
    db::value::Value,
    resource::{
        Column, Group, Input, Kind, Order, Owner, Resource, Slot, Tab,
        form::{Draft, FieldError},
    },
};

static COLUMNS: &[Column] = &[
    stamps::id(),
    Column::new("key_name", "Name", Kind::Text(255))
        .required()
        .listed()
        .filterable()
        .sortable()
        .searchable()
        .global()
        .exported()
        .written(Input::Required)
        .slot(Slot::Title)
        .help("What uses it, such as “nightly reconciliation”."),
    Column::new("user_id", "User", Kind::Reference(&users::RESOURCE))
        .required()
        .listed()
        .filterable()
        .exported()
        .on_create(Input::Optional)
        .slot(Slot::Meta)
        .help("Whom the key acts for; left empty, yourself."),
    Column::new("key_hash", "Key", Kind::Secret).required(),
    Column::new("permissions", "Permissions", Kind::Json)
        .required()
        .offered()
        .exported()
        .written(Input::Required)
        .initial("[\"transactions:read\"]")
        .help("A JSON list of “table:action”, such as [\"accounts:read\", \"transactions:create\"]; never more than the user's role may."),
    Column::new("is_active", "Active", Kind::Bool).listed().filterable().exported().slot(Slot::State),
    Column::new("expires_at", "Expires", Kind::Timestamp)
        .listed()
        .filterable()
        .sortable()
        .exported()
        .written(Input::Optional)
        .help("Left empty, it lasts until it is revoked. Keys should be rotated every 90 days."),
    Column::new("last_used", "Last used", Kind::Timestamp).listed().filterable().sortable().exported(),
    stamps::created_at().listed(),
    stamps::updated_at(),
    stamps::created_by(),
    stamps::updated_by(),
];

pub static RESOURCE: Resource = Resource::new("api_keys", "API key", "API keys", COLUMNS)
    .group(Group::System, "key")
    .purpose("What programs prove themselves with. A key is shown once, when it is issued.")
    .label("key_name")
    .order(Order::descending("created_at"))
    .owner(Owner::Column("user_id"))
    .tabs(&[
        stamps::ACTIVE,
        Tab { name: "Revoked", query: &[("is_active", "false")] },
        Tab { name: "Never used", query: &[("last_used.empty", "yes")] },
    ])
    .never_deleted("Keys are never deleted, so that what was done with them keeps its name. Revoke the key instead.")
    .check(check);

fn check(draft: &Draft<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if let (true, Value::Json(text)) = (draft.changes_column("permissions"), draft.value("permissions"))
        && serde_json::from_str::<Vec<String>>(text).is_err()
    {
        let message = "Type a JSON list of texts, such as [\"accounts:read\"].".to_owned();
        errors.push(FieldError { column: "permissions", message });
    }
    if draft.changes_column("expires_at") && draft.value("expires_at").as_time().is_some_and(|expires| expires <= Utc::now().into()) {
        errors.push(FieldError { column: "expires_at", message: "Type a time that is still to come.".to_owned() });
    }
    errors
}
