//! Is there a role to serve as that may do less than the owner?

use tokio_postgres::Client;

use super::{Finding, Verdict};
use crate::{
    db::{
        embedded::SERVING,
        roles::{self, RolesError, Standing},
    },
    settings::{Database, Settings},
};

const QUESTION: &str = "roles";

/// Asks and changes nothing: a repair here would hide what was wrong.
pub(super) async fn examine(client: &Client, settings: &Settings) -> Finding {
    let serving = match &settings.database {
        Database::External { serving, .. } => serving.user().unwrap_or_default(),
        Database::Embedded => SERVING,
    };
    match ask(client, serving).await {
        Ok(finding) => finding,
        Err(error) => Finding::wrong(QUESTION, error.to_string(), "nexus-console migrate status"),
    }
}

async fn ask(client: &Client, serving: &str) -> Result<Finding, RolesError> {
    let logs_in_as_it = serving == SERVING;
    Ok(match roles::standing(client, serving).await? {
        Standing::ToBeMade => Finding::wrong(QUESTION, "there is no role nexus_app", "nexus-console migrate up"),
        Standing::Gap { reason, statement } => {
            Finding::wrong(QUESTION, format!("the console serves as {serving}, with more rights than it should have: {reason}"), statement)
        }
        Standing::There { logs_in: true, .. } if logs_in_as_it => Finding::fine(QUESTION, "nexus_app serves, the owner migrates"),
        Standing::There { logs_in: false, .. } if logs_in_as_it => {
            Finding::wrong(QUESTION, "nexus_app may not log in", "ALTER ROLE nexus_app LOGIN PASSWORD '…';")
        }
        Standing::There { can_be_become: true, .. } => Finding {
            question: QUESTION,
            verdict: Verdict::Note(format!(
                "{serving} logs in and steps down to nexus_app, which guards against mistakes alone; for more, type \
                 ALTER ROLE nexus_app LOGIN PASSWORD '…'; and give DATABASE_URL that user, DATABASE_MIGRATION_URL this one"
            )),
        },
        Standing::There { can_be_become: false, .. } => Finding::wrong(
            QUESTION,
            format!("the console serves as {serving}, which may not become nexus_app"),
            ["GRANT nexus_app TO \"", &serving.replace('"', "\"\""), "\"; (as a superuser)"].concat(),
        ),
    })
}
