//! May the serving role do anything it must not?

use tokio_postgres::Client;

use super::Finding;
use crate::db::roles;

const QUESTION: &str = "rights";
const REMEDY: &str = "nexus-console migrate up (it sets the rights again)";

pub(super) async fn examine(client: &Client) -> Finding {
    match roles::excess(client).await {
        Ok(findings) if findings.is_empty() => Finding::fine(QUESTION, "nexus_app may do what it needs and no more"),
        Ok(findings) => Finding::wrong(QUESTION, findings.join("; "), REMEDY),
        Err(error) => Finding::wrong(QUESTION, error.to_string(), REMEDY),
    }
}
