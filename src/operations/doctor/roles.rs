//! Is there a role to serve as that may do less than the owner?

use tokio_postgres::{Client, Error};

use super::Finding;

const QUESTION: &str = "roles";

/// Asks and changes nothing: a repair here would hide what was wrong.
pub(super) async fn examine(client: &Client) -> Finding {
    Finding::of(QUESTION, ask(client).await)
}

async fn ask(client: &Client) -> Result<Finding, Error> {
    let row = client
        .query_opt(
            "SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls, rolcanlogin, \
                    pg_catalog.pg_has_role(current_user, oid, 'MEMBER') \
             FROM pg_catalog.pg_roles WHERE rolname = 'nexus_app'",
            &[],
        )
        .await?;
    let Some(row) = row else {
        return Ok(Finding::wrong(QUESTION, "there is no role nexus_app", "nexus-console migrate up"));
    };
    let (powerful, logs_in, owner_is_member): (bool, bool, bool) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    if powerful {
        return Ok(Finding::wrong(
            QUESTION,
            "nexus_app has an attribute it must not have",
            "ALTER ROLE nexus_app NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS",
        ));
    }
    if !logs_in && !owner_is_member {
        return Ok(Finding::wrong(
            QUESTION,
            "nexus_app may not log in and the owner may not step down to it",
            "ALTER ROLE nexus_app LOGIN",
        ));
    }
    Ok(Finding::fine(QUESTION, "nexus_app serves, the owner migrates"))
}
