//! May the serving role do anything it must not?

use tokio_postgres::{Client, Error};

use super::Finding;

const QUESTION: &str = "rights";

/// Table or column, and the right that would break a promise of the console.
const FORBIDDEN: &str = "
    SELECT right_held FROM (
        SELECT c.relname || ': ' || p.privilege AS right_held
          FROM pg_catalog.pg_class c
          JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
         CROSS JOIN (VALUES ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE')) p(privilege)
         WHERE c.relkind IN ('r', 'p')
           AND ((c.relname IN ('audit_logs', 'ssot_audit_logs', 'audit_details') AND p.privilege <> 'INSERT')
             OR c.relname IN ('transaction_approvals', 'transaction_transfers',
                              'account_ledger', 'account_ledger_corrections')
             OR (c.relname IN ('users', 'transactions') AND p.privilege = 'DELETE')
             OR p.privilege = 'TRUNCATE')
           AND pg_catalog.has_table_privilege('nexus_app', c.oid, p.privilege)
        UNION ALL
        SELECT c.relname || '.' || a.attname || ': UPDATE'
          FROM pg_catalog.pg_class c
          JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
          JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
         WHERE ((c.relname = 'transactions' AND a.attname IN ('status', 'processed_at'))
             OR (c.relname = 'accounts' AND a.attname = 'balance'))
           AND pg_catalog.has_column_privilege('nexus_app', c.oid, a.attnum, 'UPDATE')
        UNION ALL
        SELECT 'schema public: CREATE'
         WHERE pg_catalog.has_schema_privilege('nexus_app', 'public', 'CREATE')
        UNION ALL
        SELECT 'database: TEMPORARY'
         WHERE pg_catalog.has_database_privilege('nexus_app', pg_catalog.current_database(), 'TEMPORARY')
    ) held ORDER BY right_held";

pub(super) async fn examine(client: &Client) -> Finding {
    Finding::of(QUESTION, ask(client).await)
}

async fn ask(client: &Client) -> Result<Finding, Error> {
    let rows = client.query(FORBIDDEN, &[]).await?;
    let held: Result<Vec<String>, Error> = rows.iter().map(|row| row.try_get(0)).collect();
    let held = held?;
    if held.is_empty() {
        Ok(Finding::fine(QUESTION, "nexus_app may do what it needs and no more"))
    } else {
        let what = format!("nexus_app may do too much: {}", held.join(", "));
        Ok(Finding::wrong(QUESTION, what, "nexus-console migrate up (it sets the rights again)"))
    }
}
