//! How does the demonstration get into the database, whole or not at all?

use bytes::Bytes;
use futures_util::SinkExt;
use serde_json::json;
use tokio_postgres::{Client, Transaction};
use uuid::Uuid;

use super::{
    DemoError,
    cell::Cell,
    chance::Identifiers,
    journal::{Entry, Journal, Subject},
    table::Table,
};
use crate::db::event::event_of_job;

/// What stands in the way of rows that were made in the past: stamps, guards, and entries of their own.
pub(super) const TRIGGERS_OFF: &str = "\
    ALTER TABLE public.users DISABLE TRIGGER USER; \
    ALTER TABLE public.accounts DISABLE TRIGGER USER; \
    ALTER TABLE public.transactions DISABLE TRIGGER USER; \
    ALTER TABLE public.system_settings DISABLE TRIGGER USER; \
    ALTER TABLE public.ssot_api_contracts DISABLE TRIGGER USER; \
    ALTER TABLE public.ssot_api_aliases DISABLE TRIGGER USER; \
    ALTER TABLE public.ssot_governance_rules DISABLE TRIGGER USER; \
    ALTER TABLE public.api_keys DISABLE TRIGGER USER; \
    ALTER TABLE public.notifications DISABLE TRIGGER USER; \
    ALTER TABLE public.user_sessions DISABLE TRIGGER USER; \
    ALTER TABLE public.transaction_approvals DISABLE TRIGGER USER; \
    ALTER TABLE public.transaction_transfers DISABLE TRIGGER USER; \
    ALTER TABLE public.transaction_reversals DISABLE TRIGGER USER; \
    ALTER TABLE public.transaction_questions DISABLE TRIGGER USER; \
    ALTER TABLE public.expiry_holds DISABLE TRIGGER USER; \
    ALTER TABLE public.account_limits DISABLE TRIGGER USER; \
    ALTER TABLE public.account_ledger DISABLE TRIGGER USER; \
    ALTER TABLE public.audit_logs DISABLE TRIGGER USER; \
    ALTER TABLE public.ssot_audit_logs DISABLE TRIGGER USER";

pub(super) const TRIGGERS_ON: &str = "\
    ALTER TABLE public.users ENABLE TRIGGER USER; \
    ALTER TABLE public.accounts ENABLE TRIGGER USER; \
    ALTER TABLE public.transactions ENABLE TRIGGER USER; \
    ALTER TABLE public.system_settings ENABLE TRIGGER USER; \
    ALTER TABLE public.ssot_api_contracts ENABLE TRIGGER USER; \
    ALTER TABLE public.ssot_api_aliases ENABLE TRIGGER USER; \
    ALTER TABLE public.ssot_governance_rules ENABLE TRIGGER USER; \
    ALTER TABLE public.api_keys ENABLE TRIGGER USER; \
    ALTER TABLE public.notifications ENABLE TRIGGER USER; \
    ALTER TABLE public.user_sessions ENABLE TRIGGER USER; \
    ALTER TABLE public.transaction_approvals ENABLE TRIGGER USER; \
    ALTER TABLE public.transaction_transfers ENABLE TRIGGER USER; \
    ALTER TABLE public.transaction_reversals ENABLE TRIGGER USER; \
    ALTER TABLE public.transaction_questions ENABLE TRIGGER USER; \
    ALTER TABLE public.expiry_holds ENABLE TRIGGER USER; \
    ALTER TABLE public.account_limits ENABLE TRIGGER USER; \
    ALTER TABLE public.account_ledger ENABLE TRIGGER USER; \
    ALTER TABLE public.audit_logs ENABLE TRIGGER USER; \
    ALTER TABLE public.ssot_audit_logs ENABLE TRIGGER USER";

/// The log holds rows as `to_jsonb` writes them in UTC; secrets in it are replaced as the trigger replaces them.
const PREPARE: &str = "\
    SET LOCAL timezone = 'UTC'; \
    SET LOCAL synchronous_commit = off; \
    CREATE TEMP TABLE nexus_demo_entries ( \
        id uuid, log text, entity_type text, entity_id uuid, action text, before jsonb, after jsonb, context text, user_id uuid, \
        registry_name text, ip_address inet, user_agent text, created_at timestamptz, details_id uuid, actor_kind text, actor_name text, \
        request_id text, session_id uuid, outcome text, reason text, approval_id uuid) ON COMMIT DROP; \
    CREATE FUNCTION pg_temp.nexus_demo_concealed(entry uuid, subject text, content jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$ \
        SELECT CASE \
            WHEN subject = 'users' THEN jsonb_set(content, '{password_hash}', \
                public.nexus_conceal(entry, 'password_hash', content ->> 'password_hash')) \
            WHEN subject = 'api_keys' THEN jsonb_set(content, '{key_hash}', \
                public.nexus_conceal(entry, 'key_hash', content ->> 'key_hash')) \
            WHEN subject = 'user_sessions' THEN jsonb_set(jsonb_set(content, \
                '{session_token}', public.nexus_conceal(entry, 'session_token', content ->> 'session_token')), \
                '{refresh_token}', public.nexus_conceal(entry, 'refresh_token', content ->> 'refresh_token')) \
            WHEN subject = 'system_settings' AND (content ->> 'is_encrypted')::boolean THEN jsonb_set(content, '{setting_value}', \
                public.nexus_conceal(entry, 'setting_value', (content -> 'setting_value')::text)) \
            ELSE content END $$";

/// What was seen with each decision, and by which rule, as the door writes them down: approvals so far count.
const SEEN: &str = "\
    UPDATE public.transaction_approvals d \
       SET statement = s.statement, digest = public.nexus_digest(s.statement), \
           rule_applied = CASE WHEN d.decision = 'approve' \
                               THEN d.rule_applied || ', rule ' || public.nexus_rule_version(public.nexus_approval_tiers()) \
                               ELSE d.rule_applied END \
      FROM (SELECT a.id, public.nexus_approval_statement(a.transaction_id) AS statement FROM public.transaction_approvals a) AS s \
     WHERE s.id = d.id";

const COPY_ENTRIES: &str = "\
    COPY pg_temp.nexus_demo_entries (id, log, entity_type, entity_id, action, before, after, context, user_id, registry_name, ip_address, \
        user_agent, created_at, details_id, actor_kind, actor_name, request_id, session_id, outcome, reason, approval_id) FROM STDIN";

const EVENTS: &str = "\
    INSERT INTO public.audit_logs (id, entity_type, entity_id, action, new_values, context, user_id, ip_address, user_agent, created_at) \
    SELECT e.id, e.entity_type, e.entity_id, e.action, e.after, e.context, e.user_id, e.ip_address, e.user_agent, e.created_at \
      FROM pg_temp.nexus_demo_entries e WHERE e.entity_type = 'event' ORDER BY e.id";

const DETAILS: &str = "\
    INSERT INTO public.audit_details (id, log, entry_id, format, actor_kind, actor_name, request_id, session_id, outcome, reason, approval_id) \
    SELECT e.details_id, e.log, e.id, 1, e.actor_kind, e.actor_name, e.request_id, e.session_id, e.outcome, e.reason, e.approval_id \
      FROM pg_temp.nexus_demo_entries e ORDER BY e.id";

/// Of the demonstration's tables, aliases are the only one from which anything was deleted.
const DELETED: &str = "DELETE FROM public.ssot_api_aliases WHERE id = ANY($1)";

const FINISH: &str = "\
    DROP FUNCTION pg_temp.nexus_demo_concealed(uuid, text, jsonb); \
    ANALYZE public.users, public.accounts, public.transactions, public.system_settings, public.ssot_api_contracts, \
        public.ssot_api_aliases, public.ssot_governance_rules, public.api_keys, public.notifications, public.user_sessions, \
        public.audit_logs, public.ssot_audit_logs, public.audit_details, public.transaction_approvals, public.transaction_transfers, public.transaction_reversals, \
        public.transaction_questions, public.expiry_holds, public.account_ledger, public.account_limits";

/// Writes the journal in one transaction, and one `load` event that says so.
pub async fn load(client: &mut Client, mut journal: Journal, identifiers: &mut Identifiers) -> Result<(), DemoError> {
    let transaction = client.transaction().await?;
    transaction.batch_execute(PREPARE).await?;
    // Takes a lock on users, so that of two fills at once the second sees what the first wrote.
    transaction.batch_execute(TRIGGERS_OFF).await?;
    if !super::is_empty(transaction.client()).await? {
        return Err(DemoError::NotEmpty);
    }

    let entries = entry_lines(&mut journal, identifiers);
    let count = journal.entries.len();
    for table in Table::ALL {
        let lines = journal.lines.remove(&table).unwrap_or_default();
        copy(&transaction, table.copied().statement, lines).await?;
    }
    transaction.batch_execute(SEEN).await?;
    copy(&transaction, COPY_ENTRIES, entries).await?;
    for table in Table::ALL {
        transaction.batch_execute(table.entries()).await?;
    }
    transaction.batch_execute(EVENTS).await?;
    transaction.batch_execute(DETAILS).await?;
    transaction.execute(DELETED, &[&journal.deleted]).await?;
    transaction.batch_execute(TRIGGERS_ON).await?;
    transaction.batch_execute(FINISH).await?;

    event_of_job(&transaction, "demo", "load", &json!({ "what": "demonstration data", "entries": count })).await?;
    transaction.commit().await?;
    Ok(())
}

async fn copy(transaction: &Transaction<'_>, statement: &str, lines: String) -> Result<(), DemoError> {
    let mut sink = std::pin::pin!(transaction.copy_in(statement).await?);
    sink.send(Bytes::from(lines)).await?;
    sink.finish().await?;
    Ok(())
}

/// The lines of `COPY_ENTRIES`, oldest first.
fn entry_lines(journal: &mut Journal, identifiers: &mut Identifiers) -> String {
    journal.entries.sort_by_key(|entry| entry.origin.at);
    let mut lines = String::with_capacity(journal.entries.len() * 512);
    for entry in &journal.entries {
        for (place, cell) in entry_cells(entry, identifiers).iter().enumerate() {
            if place > 0 {
                lines.push('\t');
            }
            cell.copy_into(&mut lines);
        }
        lines.push('\n');
    }
    lines
}

fn entry_cells(entry: &Entry, identifiers: &mut Identifiers) -> [Cell; 21] {
    let origin = &entry.origin;
    let (log, subject, record) = match entry.subject {
        Subject::Row(table, id) => (if table.is_registry() { "ssot_audit_logs" } else { "audit_logs" }, table.name(), id),
        Subject::Event => ("audit_logs", "event", Uuid::nil()),
    };
    [
        Cell::Uuid(identifiers.at(origin.at)),
        Cell::from(log),
        Cell::from(subject),
        Cell::Uuid(record),
        Cell::from(entry.action),
        Cell::from(entry.before.clone()),
        Cell::from(entry.after.clone()),
        Cell::from(origin.context),
        Cell::from(origin.author.id()),
        Cell::from(origin.author.registry_name()),
        Cell::from(origin.address.clone()),
        Cell::from(origin.agent),
        Cell::Moment(origin.at),
        Cell::Uuid(identifiers.at(origin.at)),
        Cell::from(origin.author.kind()),
        Cell::from(origin.author.name()),
        Cell::from(origin.request.clone()),
        Cell::from(origin.session),
        Cell::from(origin.outcome),
        Cell::from(origin.reason.clone()),
        Cell::from(origin.approval),
    ]
}
