//! May this database be migrated: is what is already there a NEXUS database, and is it ours to change?

use tokio_postgres::Client;

/// The validation of the first migration is the one description of the documented shape; here it is asked only of
/// the tables that exist.
const SHAPE: &str = concat!(
    "SELECT shape.reason FROM (",
    include_str!("../../migrations/validation/C1__nexus_schema.sql"),
    "\n) AS shape WHERE pg_catalog.to_regclass('public.' || shape.relation) IS NOT NULL ORDER BY shape.reason"
);

macro_rules! twelve {
    () => {
        "'users', 'accounts', 'transactions', 'audit_logs', 'system_settings', 'ssot_api_contracts', 'ssot_api_aliases', \
         'ssot_audit_logs', 'ssot_governance_rules', 'api_keys', 'notifications', 'user_sessions'"
    };
}

/// The objects a migration alters that belong to somebody else, and the right to create beside them.
const OWNERSHIP: &str = concat!(
    "
    SELECT 'table ' || c.relname AS what,
           pg_catalog.format('ALTER TABLE public.%I OWNER TO %I;', c.relname, current_user) AS statement
      FROM pg_catalog.pg_class c
     WHERE c.relnamespace = 'public'::pg_catalog.regnamespace AND c.relkind IN ('r', 'p')
       AND c.relname IN (",
    twelve!(),
    ", 'refinery_schema_history')
       AND NOT pg_catalog.pg_has_role(c.relowner, 'USAGE')
    UNION ALL
    SELECT 'function ' || p.proname,
           pg_catalog.format('ALTER FUNCTION public.%I() OWNER TO %I;', p.proname, current_user)
      FROM pg_catalog.pg_proc p
     WHERE p.pronamespace = 'public'::pg_catalog.regnamespace AND p.pronargs = 0
       AND p.proname IN ('update_updated_at_column', 'log_ssot_changes')
       AND NOT pg_catalog.pg_has_role(p.proowner, 'USAGE')
    UNION ALL
    SELECT 'schema public', pg_catalog.format('GRANT CREATE ON SCHEMA public TO %I;', current_user)
     WHERE NOT pg_catalog.has_schema_privilege('public', 'CREATE')
    ORDER BY 1"
);

/// What adoption recorded, in the words of the first migration.
const ADOPTED: &str = "
    SELECT coalesce(pg_catalog.obj_description(pg_catalog.to_regclass('public.refinery_schema_history'), 'pg_class')
                    LIKE 'nexus: adopted%', false) AS adopted";

/// Why this database is left as it is.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error(
        "this database has tables of other shapes under the names of the NEXUS schema, and is left as it is: {}",
        reasons.join("; ")
    )]
    OtherShape { reasons: Vec<String> },
    #[error(
        "the role that migrates does not own {}. As an administrator of the database, type: {}",
        objects.join(", "), statements.join(" ")
    )]
    NotOwner { objects: Vec<String>, statements: Vec<String> },
    #[error("the database cannot be asked what it holds")]
    Database(#[from] tokio_postgres::Error),
}

/// Whether any of the twelve tables is there already.
const PRESENT: &str = concat!(
    "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_class c WHERE c.relnamespace = 'public'::pg_catalog.regnamespace \
      AND c.relkind IN ('r', 'p') AND c.relname IN (",
    twelve!(),
    ")) AS present"
);

/// Reads only. Tables that are absent are no obstacle: the first migration makes them.
///
/// # Errors
/// With everything that differs from the documented shape, named by table and column.
pub async fn check_shape(client: &Client) -> Result<(), Refusal> {
    let rows = client.query(SHAPE, &[]).await?;
    if rows.is_empty() {
        return Ok(());
    }
    Err(Refusal::OtherShape { reasons: rows.iter().map(|row| row.get("reason")).collect() })
}

/// # Errors
/// With every object that is somebody else's and the statement that changes it.
pub async fn check_ownership(client: &Client) -> Result<(), Refusal> {
    let rows = client.query(OWNERSHIP, &[]).await?;
    if rows.is_empty() {
        return Ok(());
    }
    Err(Refusal::NotOwner {
        objects: rows.iter().map(|row| row.get("what")).collect(),
        statements: rows.iter().map(|row| row.get("statement")).collect(),
    })
}

/// Is there anything to adopt?
///
/// # Errors
/// When the database cannot be asked.
pub async fn is_there(client: &Client) -> Result<bool, tokio_postgres::Error> {
    Ok(client.query_one(PRESENT, &[]).await?.get("present"))
}

/// Was this database here before the console?
///
/// # Errors
/// When the database cannot be asked.
pub async fn is_adopted(client: &Client) -> Result<bool, tokio_postgres::Error> {
    Ok(client.query_one(ADOPTED, &[]).await?.get("adopted"))
}
