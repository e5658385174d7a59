//! Is there a role to serve as that may do less than the owner?

use tokio_postgres::{Client, Error};

use super::Finding;
use crate::db::roles::{self, AppRole};

const QUESTION: &str = "roles";

pub(super) async fn examine(client: &Client) -> Finding {
    match roles::ensure(client).await {
        Ok(AppRole::Own) => Finding::of(QUESTION, ask(client).await),
        Ok(AppRole::Missing { reason, statement }) => Finding::wrong(QUESTION, reason, statement),
        Err(error) => Finding::wrong(QUESTION, error.to_string(), "nexus-console migrate up"),
    }
}

async fn ask(client: &Client) -> Result<Finding, Error> {
    let row = client
        .query_opt(
            "SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls \
             FROM pg_catalog.pg_roles WHERE rolname = 'nexus_app'",
            &[],
        )
        .await?;
    match row.map(|row| row.try_get::<_, bool>(0)).transpose()? {
        Some(false) => Ok(Finding::fine(QUESTION, "nexus_app serves, the owner migrates")),
        Some(true) => Ok(Finding::wrong(
            QUESTION,
            "nexus_app has an attribute it must not have",
            "ALTER ROLE nexus_app NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS",
        )),
        None => Ok(Finding::wrong(QUESTION, "there is no role nexus_app", "CREATE ROLE nexus_app LOGIN")),
    }
}
