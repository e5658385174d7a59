//! Which tables does the demonstration fill, with which statements?

/// The tables of the demonstration that have rows of their own and entries in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    Users,
    Accounts,
    Transactions,
    SystemSettings,
    ApiContracts,
    ApiAliases,
    GovernanceRules,
    ApiKeys,
    Notifications,
    UserSessions,
    TransactionApprovals,
    TransactionTransfers,
    TransactionReversals,
    TransactionQuestions,
    ExpiryHolds,
    AccountLedger,
    AccountLimits,
}

/// The columns once, for the statement and for the order its lines have.
macro_rules! copied {
    ($table:ident: $first:ident $(, $column:ident)*) => {
        Copied {
            columns: &[stringify!($first) $(, stringify!($column))*],
            statement: concat!("COPY public.", stringify!($table), " (", stringify!($first) $(, ", ", stringify!($column))*, ") FROM STDIN"),
        }
    };
}

/// The entries of one table, each with its row as it was: the row as it is now, under what has changed since.
macro_rules! entries {
    ($log:literal, $user:literal, $table:literal) => {
        concat!(
            "INSERT INTO public.",
            $log,
            " (id, entity_type, entity_id, action, old_values, new_values, context, user_id, ip_address, user_agent, created_at) ",
            "SELECT e.id, e.entity_type, e.entity_id, e.action, ",
            "pg_temp.nexus_demo_concealed(e.id, e.entity_type, to_jsonb(r) || e.before), ",
            "pg_temp.nexus_demo_concealed(e.id, e.entity_type, to_jsonb(r) || e.after), ",
            "e.context, ",
            $user,
            ", e.ip_address, e.user_agent, e.created_at ",
            "FROM pg_temp.nexus_demo_entries e JOIN public.",
            $table,
            " r ON r.id = e.entity_id ",
            "WHERE e.entity_type = '",
            $table,
            "' ORDER BY e.id",
        )
    };
}

pub struct Copied {
    pub columns: &'static [&'static str],
    pub statement: &'static str,
}

impl Table {
    /// In an order in which nothing refers to a row that is not there yet.
    pub const ALL: [Table; 17] = [
        Table::Users,
        Table::Accounts,
        Table::Transactions,
        Table::SystemSettings,
        Table::ApiContracts,
        Table::ApiAliases,
        Table::GovernanceRules,
        Table::ApiKeys,
        Table::Notifications,
        Table::UserSessions,
        Table::TransactionApprovals,
        Table::TransactionTransfers,
        Table::TransactionReversals,
        Table::TransactionQuestions,
        Table::ExpiryHolds,
        Table::AccountLedger,
        Table::AccountLimits,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Table::Users => "users",
            Table::Accounts => "accounts",
            Table::Transactions => "transactions",
            Table::SystemSettings => "system_settings",
            Table::ApiContracts => "ssot_api_contracts",
            Table::ApiAliases => "ssot_api_aliases",
            Table::GovernanceRules => "ssot_governance_rules",
            Table::ApiKeys => "api_keys",
            Table::Notifications => "notifications",
            Table::UserSessions => "user_sessions",
            Table::TransactionApprovals => "transaction_approvals",
            Table::TransactionTransfers => "transaction_transfers",
            Table::TransactionReversals => "transaction_reversals",
            Table::TransactionQuestions => "transaction_questions",
            Table::ExpiryHolds => "expiry_holds",
            Table::AccountLedger => "account_ledger",
            Table::AccountLimits => "account_limits",
        }
    }

    pub fn is_registry(self) -> bool {
        matches!(self, Table::ApiContracts | Table::ApiAliases | Table::GovernanceRules)
    }

    pub fn has_stamps(self) -> bool {
        match self {
            Table::Users
            | Table::Accounts
            | Table::Transactions
            | Table::SystemSettings
            | Table::ApiContracts
            | Table::ApiAliases
            | Table::GovernanceRules
            | Table::ApiKeys
            | Table::Notifications
            | Table::UserSessions => true,
            Table::TransactionApprovals
            | Table::TransactionTransfers
            | Table::TransactionReversals
            | Table::TransactionQuestions
            | Table::ExpiryHolds
            | Table::AccountLedger
            | Table::AccountLimits => false,
        }
    }

    #[rustfmt::skip]
    pub fn copied(self) -> Copied {
        match self {
            Table::Users => copied!(users: id, username, email, full_name, password_hash, is_active, is_verified, role, last_login, created_at, updated_at, created_by, updated_by),
            Table::Accounts => copied!(accounts: id, user_id, account_name, account_type, account_number, balance, currency, is_active, created_at, updated_at, created_by, updated_by),
            Table::Transactions => copied!(transactions: id, account_id, transaction_type, amount, description, reference_number, status, transaction_date, processed_at, created_at, updated_at, created_by, updated_by),
            Table::SystemSettings => copied!(system_settings: id, setting_key, setting_value, setting_type, description, is_encrypted, is_active, created_at, updated_at, created_by, updated_by),
            Table::ApiContracts => copied!(ssot_api_contracts: id, canonical_name, version, description, base_url, status, created_at, updated_at, created_by, updated_by),
            Table::ApiAliases => copied!(ssot_api_aliases: id, contract_id, alias_name, context, alias_type, expires_at, description, is_active, created_at, updated_at, created_by, updated_by),
            Table::GovernanceRules => copied!(ssot_governance_rules: id, rule_name, rule_type, rule_config, is_active, created_at, updated_at, created_by, updated_by),
            Table::ApiKeys => copied!(api_keys: id, user_id, key_name, key_hash, permissions, is_active, expires_at, last_used, created_at, updated_at, created_by, updated_by),
            Table::Notifications => copied!(notifications: id, user_id, title, message, notification_type, is_read, is_urgent, expires_at, created_at, updated_at, created_by, updated_by),
            Table::UserSessions => copied!(user_sessions: id, user_id, session_token, refresh_token, ip_address, user_agent, is_active, expires_at, created_at, updated_at),
            Table::TransactionApprovals => copied!(transaction_approvals: id, transaction_id, decider, decision, reason, balance_seen, decided_at, rule_applied),
            Table::TransactionTransfers => copied!(transaction_transfers: id, source_id, target_id, created_at),
            Table::TransactionReversals => copied!(transaction_reversals: id, original_id, reversal_id, created_at),
            Table::TransactionQuestions => copied!(transaction_questions: id, transaction_id, asked_by, question, asked_at),
            Table::ExpiryHolds => copied!(expiry_holds: id, transaction_id, held_since),
            Table::AccountLimits => copied!(account_limits: id, account_id, lowest_balance, created_at, updated_at),
            Table::AccountLedger => copied!(account_ledger: id, account_id, opening_balance),
        }
    }

    pub fn entries(self) -> &'static str {
        match self {
            Table::Users => entries!("audit_logs", "e.user_id", "users"),
            Table::Accounts => entries!("audit_logs", "e.user_id", "accounts"),
            Table::Transactions => entries!("audit_logs", "e.user_id", "transactions"),
            Table::SystemSettings => entries!("audit_logs", "e.user_id", "system_settings"),
            Table::ApiContracts => entries!("ssot_audit_logs", "e.registry_name", "ssot_api_contracts"),
            Table::ApiAliases => entries!("ssot_audit_logs", "e.registry_name", "ssot_api_aliases"),
            Table::GovernanceRules => entries!("ssot_audit_logs", "e.registry_name", "ssot_governance_rules"),
            Table::ApiKeys => entries!("audit_logs", "e.user_id", "api_keys"),
            Table::Notifications => entries!("audit_logs", "e.user_id", "notifications"),
            Table::UserSessions => entries!("audit_logs", "e.user_id", "user_sessions"),
            Table::TransactionApprovals => entries!("audit_logs", "e.user_id", "transaction_approvals"),
            Table::TransactionTransfers => entries!("audit_logs", "e.user_id", "transaction_transfers"),
            Table::TransactionReversals => entries!("audit_logs", "e.user_id", "transaction_reversals"),
            Table::TransactionQuestions => entries!("audit_logs", "e.user_id", "transaction_questions"),
            Table::ExpiryHolds => entries!("audit_logs", "e.user_id", "expiry_holds"),
            Table::AccountLimits => entries!("audit_logs", "e.user_id", "account_limits"),
            Table::AccountLedger => entries!("audit_logs", "e.user_id", "account_ledger"),
        }
    }
}
