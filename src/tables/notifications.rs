//! What is on notifications?

use chrono::Utc;

use super::{stamps, users};
use crate::resource::{
    Choice, Column, Group, Input, Kind, Order, Owner, Resource, Slot, Tab, Tone,
    form::{Draft, FieldError},
};

static TYPES: &[Choice] = &[
    Choice::of("info", "Information", Tone::Plain, "info"),
    Choice::of("success", "Success", Tone::Good, "completed"),
    Choice::of("warning", "Warning", Tone::Waiting, "warn"),
    Choice::of("error", "Error", Tone::Bad, "failed"),
];

static AUDIENCES: &[Choice] = &[
    Choice::of("one", "One user", Tone::Plain, "user"),
    Choice::of("role", "Everybody with a role", Tone::Plain, "users"),
    Choice::of("all", "Everybody", Tone::Plain, "users"),
];

static COLUMNS: &[Column] = &[
    stamps::id(),
    Column::question("to", "To", Kind::Choice(AUDIENCES), Input::Required)
        .initial("one")
        .help("Everybody means every active user; each gets a notification of their own."),
    Column::new("user_id", "User", Kind::Reference(&users::RESOURCE))
        .required()
        .listed()
        .filterable_in_order()
        .exported()
        .on_create(Input::Optional)
        .slot(Slot::Meta)
        .help("Only where it goes to one user."),
    Column::question("role", "Role", Kind::Choice(users::ROLES), Input::Optional).help("Only where it goes to a role."),
    Column::new("title", "Title", Kind::Text(255))
        .required()
        .listed()
        .filterable()
        .sortable()
        .searchable()
        .exported()
        .on_create(Input::Required)
        .slot(Slot::Title),
    Column::new("message", "Message", Kind::LongText).required().listed().filterable().searchable().exported().on_create(Input::Required),
    Column::new("notification_type", "Type", Kind::Choice(TYPES))
        .required()
        .listed()
        .filterable()
        .exported()
        .on_create(Input::Required)
        .initial("info")
        .slot(Slot::Key),
    Column::new("is_urgent", "Urgent", Kind::Bool).listed().filterable().exported().on_create(Input::Required).initial("false"),
    Column::new("is_read", "Read", Kind::Bool).listed().filterable().exported().slot(Slot::State),
    Column::new("expires_at", "Expires", Kind::Timestamp)
        .offered()
        .filterable()
        .sortable()
        .exported()
        .on_create(Input::Optional)
        .help("After this nobody needs to read it any more."),
    stamps::created_at().listed(),
    stamps::updated_at(),
    stamps::created_by(),
    stamps::updated_by(),
];

pub static RESOURCE: Resource = Resource::new("notifications", "notification", "Notifications", COLUMNS)
    .group(Group::Work, "bell")
    .purpose("What the platform and its administrators want somebody to know.")
    .label("title")
    .order(Order::descending("created_at"))
    .owner(Owner::Column("user_id"))
    .tabs(&[
        Tab { name: "Mine", query: &[("user_id", "@me")] },
        Tab { name: "Unread", query: &[("is_read", "false")] },
        Tab { name: "Urgent", query: &[("is_urgent", "true")] },
    ])
    .check(check);

fn check(draft: &Draft<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut refuse = |column, message: &str| errors.push(FieldError { column, message: message.to_owned() });
    match draft.value("to").as_text() {
        Some("one") if draft.value("user_id").is_null() => refuse("user_id", "Choose the user it goes to."),
        Some("role") if draft.value("role").is_null() => refuse("role", "Choose the role it goes to."),
        _ => {}
    }
    if draft.value("expires_at").as_time().is_some_and(|expires| expires <= Utc::now().into()) {
        refuse("expires_at", "Type a time that is still to come.");
    }
    errors
}
