//! What is on the audit log of the main tables?

use super::{stamps, users};
use crate::resource::{Column, Group, Kind, Order, Redaction, Resource, Slot, Tab, column::SECRETS_OF_ROWS};

/// Members of the whole rows that entries hold: in those the platform wrote before, as they were.
pub(super) static SECRETS: Redaction = Redaction {
    members: SECRETS_OF_ROWS,
    secret_when: ("setting_value", "is_encrypted"),
    told_by: &["old_values", "new_values"],
    kept_in: "system_settings",
    logs: &["audit_logs", "ssot_audit_logs"],
};

static COLUMNS: &[Column] = &[
    stamps::id(),
    stamps::created_at().listed().slot(Slot::Meta),
    Column::new("entity_type", "Table", Kind::Text(100))
        .required()
        .listed()
        .filterable_in_order()
        .matched_whole()
        .exported()
        .slot(Slot::Title)
        .help("The table's name, or “event” for what is about no record."),
    Column::new("entity_id", "Record", Kind::Uuid).required().listed().filterable().exported(),
    Column::new("action", "Action", Kind::Text(50))
        .required()
        .listed()
        .filterable_in_order()
        .matched_whole()
        .exported()
        .slot(Slot::Key)
        .help("INSERT, UPDATE or DELETE, or an event such as login."),
    Column::new("user_id", "By", Kind::Reference(&users::RESOURCE)).listed().filterable_in_order().exported().slot(Slot::State),
    Column::new("context", "Context", Kind::Text(100)).listed().filterable_in_order().matched_whole().exported(),
    Column::new("ip_address", "Address", Kind::Inet).listed().filterable().exported(),
    Column::new("user_agent", "Program", Kind::LongText).offered().exported(),
    Column::new("old_values", "Before", Kind::Json).offered().exported().redacting(&SECRETS),
    Column::new("new_values", "After", Kind::Json).offered().exported().redacting(&SECRETS),
];

pub static RESOURCE: Resource = Resource::new("audit_logs", "audit entry", "Audit log", COLUMNS)
    .group(Group::Compliance, "logs")
    .purpose("Every change of the main tables, and every event: who, what, when and from where. Nobody can change it.")
    .order(Order::descending("created_at"))
    .tabs(&[
        Tab { name: "Events", query: &[("entity_type", "event")] },
        Tab { name: "Failed logins", query: &[("action", "login_failed")] },
        Tab { name: "Mine", query: &[("user_id", "@me")] },
    ])
    .never_deleted("The audit log is only ever added to.");
