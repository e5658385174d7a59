//! What is on users?

use super::stamps;
use crate::{
    auth::role::Role,
    db::value::Value,
    resource::{
        Choice, Column, Format, Group, Input, Kind, Order, Resource, Slot, Tab, Tone,
        form::{Draft, FieldError},
    },
};

pub(super) static ROLES: &[Choice] = &[
    Choice::of("admin", Role::Admin.label(), Tone::Plain, "lock"),
    Choice::of("manager", Role::Manager.label(), Tone::Plain, "approve"),
    Choice::of("auditor", Role::Auditor.label(), Tone::Plain, "trail"),
    Choice::of("user", Role::User.label(), Tone::Plain, "user"),
    Choice::of("viewer", Role::Viewer.label(), Tone::Plain, "eye"),
];

static COLUMNS: &[Column] = &[
    stamps::id(),
    Column::new("username", "User name", Kind::Text(50))
        .required()
        .listed()
        .filterable()
        .sortable()
        .searchable()
        .global()
        .exported()
        .written(Input::Required)
        .format(Format::Username)
        .slot(Slot::Key)
        .help("What they log in with: 3 to 50 letters, digits, dots, hyphens and underscores."),
    Column::new("full_name", "Full name", Kind::Text(255))
        .required()
        .listed()
        .filterable()
        .sortable()
        .searchable()
        .global()
        .exported()
        .written(Input::Required)
        .slot(Slot::Title)
        .help("As colleagues know them; it stands beside everything they do."),
    Column::new("email", "Email", Kind::Text(255))
        .required()
        .listed()
        .filterable()
        .sortable()
        .searchable()
        .global()
        .exported()
        .written(Input::Required)
        .format(Format::Email)
        .slot(Slot::Meta)
        .help("They can log in with it, too."),
    Column::new("password_hash", "Password", Kind::Secret).required(),
    Column::new("role", "Role", Kind::Choice(ROLES))
        .listed()
        .filterable()
        .sortable()
        .exported()
        .written(Input::Required)
        .initial("user")
        .slot(Slot::State)
        .help("Decides what they may do, from their next click on."),
    Column::new("is_active", "Active", Kind::Bool)
        .listed()
        .filterable()
        .sortable()
        .exported()
        .on_edit(Input::Required)
        .help("Nobody inactive can log in. To deactivate somebody use Deactivate on the record: it says first what ends."),
    Column::new("is_verified", "Email verified", Kind::Bool).offered().filterable().exported().written(Input::Required).initial("false"),
    Column::new("last_login", "Last login", Kind::Timestamp).listed().filterable().sortable().exported(),
    stamps::created_at(),
    stamps::updated_at(),
    stamps::created_by(),
    stamps::updated_by(),
];

pub static RESOURCE: Resource = Resource::new("users", "user", "Users", COLUMNS)
    .group(Group::System, "users")
    .purpose("Everybody who can log in, and what their role lets them do.")
    .label("full_name")
    .detail("username")
    .order(Order::ascending("username"))
    .tabs(&[stamps::ACTIVE, stamps::INACTIVE, Tab { name: "Administrators", query: &[("role", "admin")] }])
    .never_deleted("Users are never deleted, so that what they did keeps its name. Deactivate the user instead.")
    .check(check);

fn check(draft: &Draft<'_>) -> Vec<FieldError> {
    let was_active = draft.current.is_some_and(|record| record.value("is_active") != &Value::Bool(false));
    let ends = was_active && draft.changes_column("is_active") && draft.value("is_active") == &Value::Bool(false);
    ends.then(|| FieldError {
        column: "is_active",
        message: "Use Deactivate on the user's record: it says first which sessions and keys end.".to_owned(),
    })
    .into_iter()
    .collect()
}
