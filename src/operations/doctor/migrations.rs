//! Is the schema the one this program was built for?

use tokio_postgres::Client;

use super::Finding;
use crate::db::migrate;

const QUESTION: &str = "migrations";
const CHECKS: &str = "validation";

pub(super) async fn examine(client: &mut Client) -> Vec<Finding> {
    let status = match migrate::status(client).await {
        Ok(status) => status,
        Err(error) => return vec![Finding::wrong(QUESTION, error.to_string(), "nexus-console migrate status")],
    };
    let missing: Vec<String> = status
        .iter()
        .filter(|migration| migration.applied_on.is_none())
        .map(|migration| format!("{} {}", migration.version, migration.name))
        .collect();
    if !missing.is_empty() {
        let what = format!("not applied: {}", missing.join(", "));
        return vec![Finding::wrong(QUESTION, what, "nexus-console migrate up")];
    }
    let current = Finding::fine(QUESTION, format!("all {} applied", status.len()));
    let checks = match migrate::validate(client).await {
        Ok(failures) if failures.is_empty() => Finding::fine(CHECKS, "every check passed"),
        Ok(failures) => {
            let reasons: Vec<String> = failures.iter().map(|failure| format!("{}: {}", failure.name, failure.reason)).collect();
            Finding::wrong(CHECKS, reasons.join("; "), "nexus-console migrate validate")
        }
        Err(error) => Finding::wrong(CHECKS, error.to_string(), "nexus-console migrate validate"),
    };
    vec![current, checks]
}
