//! Can searches use their indexes?

use tokio_postgres::{Client, Error};

use super::Finding;

const QUESTION: &str = "pg_trgm";

pub(super) async fn examine(client: &Client) -> Finding {
    Finding::of(QUESTION, ask(client).await)
}

async fn ask(client: &Client) -> Result<Finding, Error> {
    let rows = client.query("SELECT 1 FROM pg_catalog.pg_extension WHERE extname = 'pg_trgm'", &[]).await?;
    if rows.is_empty() {
        Ok(Finding::wrong(QUESTION, "missing, so searches read whole tables", "CREATE EXTENSION pg_trgm (as a superuser)"))
    } else {
        Ok(Finding::fine(QUESTION, "searches use their indexes"))
    }
}
