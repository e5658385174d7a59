//! May the serving role do anything it must not?

use tokio_postgres::Client;

use super::{Finding, Verdict};
use crate::db::roles;

const QUESTION: &str = "rights";
const REMEDY: &str = "nexus-console migrate up (it sets the rights again)";

pub(super) async fn examine(client: &Client) -> Finding {
    match roles::excess(client).await {
        Err(error) if error.is_about_no_role() => {
            Finding { question: QUESTION, verdict: Verdict::Note("there is no nexus_app whose rights could be too many".to_owned()) }
        }
        Ok(findings) if findings.is_empty() => Finding::fine(QUESTION, "nexus_app may do what it needs and no more"),
        Ok(findings) => Finding::wrong(QUESTION, findings.join("; "), REMEDY),
        Err(error) => Finding::wrong(QUESTION, error.to_string(), REMEDY),
    }
}
