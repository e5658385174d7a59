//! Which role and database does a new cluster need before anything is migrated?

use super::{DATABASE, EmbeddedError, OWNER};
use crate::db::connect::{Target, connect};

/// Idempotent: a kill between two steps is made good by the next start.
pub(super) async fn ensure(superuser: &Target) -> Result<(), EmbeddedError> {
    let client = connect(superuser).await?;
    let roles = client.query("SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = $1", &[&OWNER]).await?;
    if roles.is_empty() {
        // It makes nexus_app, and is otherwise an owner like the one of anybody's own database.
        client.batch_execute("CREATE ROLE nexus_owner LOGIN NOSUPERUSER NOCREATEDB CREATEROLE").await?;
    }
    let databases = client.query("SELECT 1 FROM pg_catalog.pg_database WHERE datname = $1", &[&DATABASE]).await?;
    if databases.is_empty() {
        client.batch_execute("CREATE DATABASE nexus OWNER nexus_owner").await?;
    }
    Ok(())
}
