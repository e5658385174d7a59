//! Which tables must record what happens to them?

use crate::{audit::entry::Log, resource::Registry};

/// Tables of the console's own beside the documented ones. A migration that adds one adds it here; a test compares
/// them with a database.
pub const SIDE_TABLES: [&str; 19] = [
    "access_review_verdicts",
    "access_reviews",
    "account_ledger",
    "account_ledger_corrections",
    "account_limits",
    "console_preferences",
    "decision_run_items",
    "decision_runs",
    "entry_annotations",
    "expiry_holds",
    "ledger_checks",
    "ledger_decisions",
    "one_time_links",
    "review_marks",
    "session_state",
    "transaction_approvals",
    "transaction_questions",
    "transaction_reversals",
    "transaction_transfers",
];

/// The logs, what stands beside their entries, and the log about both: no entry tells of their own rows.
pub const LOGS: [&str; 8] =
    ["audit_checkpoints", "audit_details", "audit_leaves", "audit_logs", "audit_sweep", "audit_tiles", "audit_unsealed", "ssot_audit_logs"];

/// What nobody but functions and triggers of the owner may change.
pub(super) const SEALED: [&str; 16] = [
    "audit_checkpoints",
    "audit_leaves",
    "audit_sweep",
    "audit_tiles",
    "audit_unsealed",
    "audit_logs",
    "ssot_audit_logs",
    "audit_details",
    "transaction_approvals",
    "transaction_transfers",
    "transaction_reversals",
    "transaction_questions",
    "expiry_holds",
    "account_ledger",
    "account_ledger_corrections",
    "ledger_decisions",
];

/// How the rows that changed last are found without reading all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Newest {
    ByTimeOfChange,
    /// Ids of our own sort by the time they were made.
    ById,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Subject {
    pub table: &'static str,
    pub newest: Newest,
}

impl Subject {
    /// Where its changes are recorded.
    pub fn log(self) -> Log {
        if self.table.starts_with("ssot_") { Log::Registry } else { Log::Main }
    }

    /// Columns whose change alone is no entry: staying logged in and using a key are reads.
    pub fn unrecorded(self) -> &'static [&'static str] {
        match self.table {
            "user_sessions" => &["expires_at", "updated_at"],
            "api_keys" => &["last_used", "updated_at"],
            _ => &[],
        }
    }
}

/// Every table the console administers, and every one of its own.
pub(super) fn all(registry: &Registry) -> Vec<Subject> {
    let administered = registry.iter().filter(|resource| !LOGS.contains(&resource.table)).map(|resource| Subject {
        table: resource.table,
        newest: if crate::db::adopt::DOCUMENTED.contains(&resource.table) { Newest::ByTimeOfChange } else { Newest::ById },
    });
    administered.chain(SIDE_TABLES.into_iter().map(|table| Subject { table, newest: Newest::ById })).collect()
}
