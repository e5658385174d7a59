//! Which tables does the console administer? Declarations only, one file a table.

pub mod accounts;
pub mod api_keys;
pub mod audit_logs;
pub mod notifications;
pub mod ssot_api_aliases;
pub mod ssot_api_contracts;
pub mod ssot_audit_logs;
pub mod ssot_governance_rules;
mod stamps;
pub mod system_settings;
pub mod transactions;
pub mod transfers;
pub mod user_sessions;
pub mod users;

use crate::resource::Resource;

/// In the order of the navigation.
pub static TABLES: &[&Resource] = &[
    &notifications::RESOURCE,
    &accounts::RESOURCE,
    &transactions::RESOURCE,
    &ssot_api_contracts::RESOURCE,
    &ssot_api_aliases::RESOURCE,
    &ssot_governance_rules::RESOURCE,
    &audit_logs::RESOURCE,
    &ssot_audit_logs::RESOURCE,
    &users::RESOURCE,
    &user_sessions::RESOURCE,
    &api_keys::RESOURCE,
    &system_settings::RESOURCE,
];
