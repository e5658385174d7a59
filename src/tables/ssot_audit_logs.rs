//! What is on the audit log of the registry's tables?

use super::{audit_logs, stamps};
use crate::resource::{Column, Group, Kind, Order, Resource, Slot};

static COLUMNS: &[Column] = &[
    stamps::id(),
    stamps::created_at().listed().slot(Slot::Meta),
    Column::new("entity_type", "Table", Kind::Text(100))
        .required()
        .listed()
        .filterable_in_order()
        .matched_whole()
        .exported()
        .slot(Slot::Title),
    Column::new("entity_id", "Record", Kind::Uuid).required().listed().filterable().exported(),
    Column::new("action", "Action", Kind::Text(50))
        .required()
        .listed()
        .filterable_in_order()
        .matched_whole()
        .exported()
        .slot(Slot::Key)
        .help("INSERT, UPDATE or DELETE."),
    Column::new("user_id", "By", Kind::Text(255))
        .listed()
        .filterable_in_order()
        .matched_whole()
        .exported()
        .slot(Slot::State)
        .help("A user's id, “system:” and a job, or “db:” and a database role; old entries hold a name."),
    Column::new("context", "Context", Kind::Text(100)).listed().filterable_in_order().matched_whole().exported(),
    Column::new("ip_address", "Address", Kind::Inet).listed().filterable().exported(),
    Column::new("user_agent", "Program", Kind::LongText).offered().exported(),
    Column::new("old_values", "Before", Kind::Json).offered().exported().redacting(&audit_logs::SECRETS),
    Column::new("new_values", "After", Kind::Json).offered().exported().redacting(&audit_logs::SECRETS),
];

pub static RESOURCE: Resource = Resource::new("ssot_audit_logs", "registry audit entry", "Registry audit log", COLUMNS)
    .group(Group::Compliance, "logs")
    .purpose("Every change of contracts, aliases and rules. Nobody can change it.")
    .order(Order::descending("created_at"))
    .never_deleted("The audit log is only ever added to.");
