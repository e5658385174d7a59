//! Is every change still recorded?

use tokio_postgres::{Client, Error};

use super::Finding;

const QUESTION: &str = "triggers";

/// Tables whose audit trigger is absent, and triggers somebody switched off.
const GAPS: &str = "
    SELECT gap, remedy FROM (
        SELECT 'audit_' || t.name || ' is missing' AS gap, 'nexus-console migrate validate' AS remedy
          FROM (VALUES ('users'), ('accounts'), ('transactions'), ('system_settings'), ('ssot_api_contracts'),
                       ('ssot_api_aliases'), ('ssot_governance_rules'), ('api_keys'), ('notifications'),
                       ('user_sessions')) t(name)
         WHERE NOT EXISTS (
               SELECT 1 FROM pg_catalog.pg_trigger g
                 JOIN pg_catalog.pg_class c ON c.oid = g.tgrelid
                 JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname = 'public' AND c.relname = t.name AND g.tgname = 'audit_' || t.name)
        UNION ALL
        SELECT g.tgname || ' on ' || c.relname || ' is disabled',
               pg_catalog.format('ALTER TABLE public.%I ENABLE TRIGGER %I', c.relname, g.tgname)
          FROM pg_catalog.pg_trigger g
          JOIN pg_catalog.pg_class c ON c.oid = g.tgrelid
          JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = 'public' AND NOT g.tgisinternal AND g.tgenabled IN ('D', 'R')
    ) gaps ORDER BY gap";

pub(super) async fn examine(client: &Client) -> Finding {
    Finding::of(QUESTION, ask(client).await)
}

async fn ask(client: &Client) -> Result<Finding, Error> {
    let rows = client.query(GAPS, &[]).await?;
    let Some(first) = rows.first() else {
        return Ok(Finding::fine(QUESTION, "all are there and enabled"));
    };
    let gaps: Result<Vec<String>, Error> = rows.iter().map(|row| row.try_get(0)).collect();
    Ok(Finding::wrong(QUESTION, gaps?.join(", "), first.try_get::<_, String>(1)?))
}
