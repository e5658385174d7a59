//! Is there a role of our own to serve as, and has it exactly the rights it should have?

use tokio_postgres::{Client, error::SqlState};

/// The role the console serves as. It belongs to the cluster, so no rollback drops it.
pub const APP_ROLE: &str = "nexus_app";

const RIGHTS: &str = include_str!("rights.sql");

/// What stands in the way of the role, or NULL where it is there, or can be made, and is harmless.
const OBSTACLE: &str = "
    SELECT CASE
             WHEN session_user = 'nexus_app' THEN 'the console is migrating as nexus_app itself, not as the owner'
             WHEN r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls
               THEN 'nexus_app has rights over the whole cluster'
             WHEN EXISTS (SELECT 1 FROM pg_catalog.pg_auth_members m WHERE m.member = r.oid)
               THEN 'nexus_app is a member of other roles, and may what they may'
             WHEN EXISTS (SELECT 1 FROM pg_catalog.pg_class c WHERE c.relowner = r.oid)
               OR EXISTS (SELECT 1 FROM pg_catalog.pg_database d WHERE d.datdba = r.oid)
               THEN 'nexus_app owns tables or a database'
           END AS obstacle,
           r.oid IS NOT NULL AS present
      FROM (VALUES ('nexus_app')) AS wanted (name)
      LEFT JOIN pg_catalog.pg_roles r ON r.rolname = wanted.name";

const CREATE: &str = "CREATE ROLE nexus_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS NOINHERIT";

/// A connection of the owner steps down to the role, which takes membership; on PostgreSQL 16 and later, membership
/// with the SET option.
const STEP_DOWN: &str = "
    DO $$
    DECLARE
        needed text := CASE WHEN pg_catalog.current_setting('server_version_num')::int >= 160000
                            THEN 'SET' ELSE 'MEMBER' END;
    BEGIN
        IF NOT pg_catalog.pg_has_role(current_user, 'nexus_app', needed) THEN
            EXECUTE pg_catalog.format('GRANT nexus_app TO %I', current_user);
        END IF;
    END
    $$";

const ABILITIES: &str = "
    SELECT app.rolcanlogin AS logs_in,
           coalesce(pg_catalog.pg_has_role(serving.oid, app.oid,
               CASE WHEN pg_catalog.current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END),
               false) AS can_be_become
      FROM pg_catalog.pg_roles app
      LEFT JOIN pg_catalog.pg_roles serving ON serving.rolname = $1::text
     WHERE app.rolname = 'nexus_app'";
const MAY_CREATE: &str = "
    SELECT rolsuper OR rolcreaterole AS may_create FROM pg_catalog.pg_roles WHERE rolname = current_user";

/// What the role may do although it should not: what others granted it, or what only the database's owner can take
/// from everybody.
const EXCESS: &str = "
    SELECT 'nexus_app may create temporary tables; as the database''s owner: '
           || pg_catalog.format('REVOKE TEMP ON DATABASE %I FROM PUBLIC', pg_catalog.current_database()) AS finding
     WHERE pg_catalog.has_database_privilege('nexus_app', pg_catalog.current_database(), 'TEMP')
    UNION ALL
    SELECT 'nexus_app may create tables in public; as the schema''s owner: REVOKE CREATE ON SCHEMA public FROM PUBLIC'
     WHERE pg_catalog.has_schema_privilege('nexus_app', 'public', 'CREATE')
    UNION ALL
    SELECT 'nexus_app may write on ' || c.relname || '; as its owner: '
           || pg_catalog.format('REVOKE ALL ON public.%I FROM PUBLIC', c.relname)
      FROM pg_catalog.pg_class c
     WHERE c.relnamespace = 'public'::pg_catalog.regnamespace
       AND c.relname IN ('audit_logs', 'ssot_audit_logs', 'audit_details', 'transaction_approvals', 'transaction_transfers',
                         'transaction_reversals', 'transaction_questions', 'expiry_holds', 'account_ledger',
                         'account_ledger_corrections', 'ledger_decisions', 'audit_unsealed', 'audit_leaves', 'audit_tiles',
                         'audit_checkpoints', 'audit_sweep')
       AND pg_catalog.has_table_privilege('nexus_app', c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER')
    UNION ALL
    SELECT 'nexus_app may delete or empty ' || c.relname || '; as its owner: '
           || pg_catalog.format('REVOKE ALL ON public.%I FROM PUBLIC', c.relname)
      FROM pg_catalog.pg_class c
     WHERE c.relnamespace = 'public'::pg_catalog.regnamespace AND c.relname IN ('users', 'transactions', 'accounts')
       AND (pg_catalog.has_table_privilege('nexus_app', c.oid, 'TRUNCATE')
            OR c.relname <> 'accounts' AND pg_catalog.has_table_privilege('nexus_app', c.oid, 'DELETE'))
    UNION ALL
    SELECT 'nexus_app may write ' || c.relname || '.' || a.attname || '; as its owner: '
           || pg_catalog.format('REVOKE ALL ON public.%I FROM PUBLIC', c.relname)
      FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
     WHERE c.relnamespace = 'public'::pg_catalog.regnamespace
       AND (c.relname, a.attname) IN (('transactions', 'status'), ('transactions', 'processed_at'),
                                      ('accounts', 'balance'))
       AND pg_catalog.has_column_privilege('nexus_app', c.oid, a.attnum, 'INSERT, UPDATE')";

#[derive(Debug, thiserror::Error)]
pub enum RolesError {
    #[error("the rights of nexus_app cannot be set")]
    Database(#[from] tokio_postgres::Error),
}

impl RolesError {
    /// Whether it is only that the role is not there.
    #[must_use]
    pub fn is_about_no_role(&self) -> bool {
        let RolesError::Database(error) = self;
        error.code() == Some(&SqlState::UNDEFINED_OBJECT)
    }
}

/// Whether the console can serve as a role that may only what it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum AppRole {
    Own,
    /// The console serves as what it connects as, and says so.
    Missing {
        reason: String,
        /// What an administrator of the cluster types to change that.
        statement: String,
    },
}

/// Makes the role where it is absent and sets its rights. Needs the owner's connection and a migrated database; safe
/// to run from several instances at once.
///
/// # Errors
/// Where the owner cannot grant on its own tables, or the connection is lost.
pub async fn ensure(owner: &Client) -> Result<AppRole, RolesError> {
    let found = owner.query_one(OBSTACLE, &[]).await?;
    if let Some(reason) = found.get::<_, Option<String>>("obstacle") {
        return Ok(AppRole::Missing { reason, statement: remedy(owner).await? });
    }
    if !found.get::<_, bool>("present")
        && let Err(error) = owner.batch_execute(CREATE).await
    {
        match error.code() {
            // Another instance, or another database of this cluster, was quicker.
            Some(&SqlState::DUPLICATE_OBJECT | &SqlState::UNIQUE_VIOLATION) => {}
            Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
                let reason = "the owner may not create roles".to_owned();
                return Ok(AppRole::Missing { reason, statement: remedy(owner).await? });
            }
            _ => return Err(error.into()),
        }
    }
    let mut steps_down = true;
    if let Err(error) = owner.batch_execute(STEP_DOWN).await {
        match error.code() {
            // Another instance was quicker.
            Some(&SqlState::UNIQUE_VIOLATION) => {}
            // No matter to a console whose pages log in as the role itself.
            Some(&SqlState::INSUFFICIENT_PRIVILEGE) => steps_down = false,
            _ => return Err(error.into()),
        }
    }
    match owner.batch_execute(RIGHTS).await {
        Err(error) if !steps_down && error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
            let reason = "the owner may neither step down to nexus_app nor give it rights".to_owned();
            return Ok(AppRole::Missing { reason, statement: remedy(owner).await? });
        }
        outcome => outcome?,
    }
    for finding in excess(owner).await? {
        tracing::warn!("{finding}");
    }
    Ok(AppRole::Own)
}

/// Where the role stands, for whoever asks and changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// There is none, and the next start makes it.
    ToBeMade,
    /// It is not there, or not as it should be, and the owner may not mend that.
    Gap { reason: String, statement: String },
    There {
        logs_in: bool,
        /// Whether the connections that pages use can become it.
        can_be_become: bool,
    },
}

/// `serving` is whom the pages' connections log in as.
///
/// # Errors
/// When the database cannot be asked.
pub async fn standing(owner: &Client, serving: &str) -> Result<Standing, RolesError> {
    let row = owner.query_one(OBSTACLE, &[]).await?;
    if let Some(reason) = row.get::<_, Option<String>>("obstacle") {
        return Ok(Standing::Gap { reason, statement: remedy(owner).await? });
    }
    if row.get("present") {
        let row = owner.query_one(ABILITIES, &[&serving]).await?;
        return Ok(Standing::There { logs_in: row.get("logs_in"), can_be_become: row.get("can_be_become") });
    }
    if owner.query_one(MAY_CREATE, &[]).await?.get("may_create") {
        return Ok(Standing::ToBeMade);
    }
    Ok(Standing::Gap { reason: "the owner may not create roles".to_owned(), statement: remedy(owner).await? })
}

/// Rights the role has and should not have, each with what to type. Asks only; the role must exist.
///
/// # Errors
/// When the database cannot be asked.
pub async fn excess(client: &Client) -> Result<Vec<String>, RolesError> {
    let rows = client.query(EXCESS, &[]).await?;
    Ok(rows.iter().map(|row| row.get("finding")).collect())
}

async fn remedy(owner: &Client) -> Result<String, RolesError> {
    let row = owner.query_one("SELECT pg_catalog.quote_ident(current_user) AS name", &[]).await?;
    let name: String = row.get("name");
    Ok([
        "CREATE ROLE nexus_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS; -- unless it exists\n\
         ALTER ROLE nexus_app NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;\n\
         GRANT nexus_app TO ",
        &name,
        ";",
    ]
    .concat())
}
