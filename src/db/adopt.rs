//! May this database be migrated: is what is already there a NEXUS database, and is it ours to change?

use tokio_postgres::Client;

/// The documented tables.
pub const DOCUMENTED: [&str; 12] = [
    "users",
    "accounts",
    "transactions",
    "audit_logs",
    "system_settings",
    "ssot_api_contracts",
    "ssot_api_aliases",
    "ssot_audit_logs",
    "ssot_governance_rules",
    "api_keys",
    "notifications",
    "user_sessions",
];

/// The documented functions, both triggers'.
const FUNCTIONS: [&str; 2] = ["update_updated_at_column", "log_ssot_changes"];

/// refinery's own table.
const HISTORY: &str = "refinery_schema_history";

/// The validation of the first migration is the one description of the documented shape; here it is asked only of
/// the tables that exist.
const SHAPE: &str = concat!(
    "SELECT shape.reason FROM (",
    include_str!("../../migrations/validation/C1__nexus_schema.sql"),
    "\n) AS shape WHERE pg_catalog.to_regclass('public.' || shape.relation) IS NOT NULL ORDER BY shape.reason"
);

/// The objects a migration alters that belong to somebody else, and the right to create beside them.
const OWNERSHIP: &str = "
    SELECT 'table ' || c.relname AS what,
           pg_catalog.format('ALTER TABLE public.%I OWNER TO %I;', c.relname, current_user) AS statement
      FROM pg_catalog.pg_class c
     WHERE c.relnamespace = 'public'::pg_catalog.regnamespace AND c.relkind IN ('r', 'p')
       AND (c.relname = ANY ($1) OR c.relname = $3)
       AND NOT pg_catalog.pg_has_role(c.relowner, 'USAGE')
    UNION ALL
    SELECT 'function ' || p.proname,
           pg_catalog.format('ALTER FUNCTION public.%I() OWNER TO %I;', p.proname, current_user)
      FROM pg_catalog.pg_proc p
     WHERE p.pronamespace = 'public'::pg_catalog.regnamespace AND p.pronargs = 0
       AND p.proname = ANY ($2) AND NOT pg_catalog.pg_has_role(p.proowner, 'USAGE')
    UNION ALL
    SELECT 'schema public', pg_catalog.format('GRANT CREATE ON SCHEMA public TO %I;', current_user)
     WHERE NOT pg_catalog.has_schema_privilege('public', 'CREATE')
    ORDER BY 1";

/// What would stop a later migration, once the first ones had made their tables: a function that cannot be replaced,
/// and names that are taken. Of our own database, migrated partly, this is not asked.
const OBSTACLES: &str = "
    SELECT pg_catalog.format('function %s() should return trigger, %s', p.proname,
                             CASE WHEN p.prokind = 'f' THEN 'returns ' || pg_catalog.format_type(p.prorettype, NULL)
                                  WHEN p.prokind = 'p' THEN 'is a procedure'
                                  ELSE 'is an aggregate' END) AS reason
      FROM pg_catalog.pg_proc p
     WHERE p.pronamespace = 'public'::pg_catalog.regnamespace AND p.pronargs = 0 AND p.proname = ANY ($1)
       AND (p.prokind <> 'f' OR p.prorettype <> 'pg_catalog.trigger'::pg_catalog.regtype)
    UNION ALL
    SELECT pg_catalog.format('%s is there already, and the console needs the name: rename it', c.relname)
      FROM pg_catalog.pg_class c
     WHERE c.relnamespace = 'public'::pg_catalog.regnamespace AND c.relname = ANY ($2)
    UNION ALL
    SELECT pg_catalog.format('function %s is there already, and the console needs the name: rename it',
                             p.oid::pg_catalog.regprocedure)
      FROM pg_catalog.pg_proc p
     WHERE p.pronamespace = 'public'::pg_catalog.regnamespace AND p.proname = ANY ($3)
    ORDER BY 1";

/// Whether any of the documented tables is there already.
const PRESENT: &str = "
    SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_class c
                    WHERE c.relnamespace = 'public'::pg_catalog.regnamespace AND c.relkind IN ('r', 'p')
                      AND c.relname = ANY ($1)) AS present";

/// What adoption recorded, in the words of the first migration.
const ADOPTED: &str = "
    SELECT coalesce(pg_catalog.obj_description(pg_catalog.to_regclass('public.refinery_schema_history'), 'pg_class')
                    LIKE 'nexus: adopted%', false) AS adopted";

/// Why this database is left as it is.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error(
        "this database is not the NEXUS schema as it is documented, and is left as it is: {}",
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

/// What the migrations are going to make, by name.
#[derive(Debug, Default)]
pub struct Names<'a> {
    pub relations: Vec<&'a str>,
    pub functions: Vec<&'a str>,
}

/// Reads only. Tables that are absent are no obstacle: the first migration makes them.
///
/// # Errors
/// With everything that differs from the documented shape, named by table and column, and every name that is taken.
pub async fn check_shape(client: &Client, names: &Names<'_>) -> Result<(), Refusal> {
    let mut rows = client.query(SHAPE, &[]).await?;
    rows.extend(client.query(OBSTACLES, &[&FUNCTIONS.as_slice(), &names.relations, &names.functions]).await?);
    if rows.is_empty() {
        return Ok(());
    }
    Err(Refusal::OtherShape { reasons: rows.iter().map(|row| row.get("reason")).collect() })
}

/// # Errors
/// With every object that is somebody else's and the statement that changes it.
pub async fn check_ownership(client: &Client) -> Result<(), Refusal> {
    let rows = client.query(OWNERSHIP, &[&DOCUMENTED.as_slice(), &FUNCTIONS.as_slice(), &HISTORY]).await?;
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
    Ok(client.query_one(PRESENT, &[&DOCUMENTED.as_slice()]).await?.get("present"))
}

/// Was this database here before the console?
///
/// # Errors
/// When the database cannot be asked.
pub async fn is_adopted(client: &Client) -> Result<bool, tokio_postgres::Error> {
    Ok(client.query_one(ADOPTED, &[]).await?.get("adopted"))
}
