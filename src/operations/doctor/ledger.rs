//! Is every balance still what its entries say, as far as that was looked at?

use chrono::{DateTime, Utc};
use tokio_postgres::{Client, Error};

use super::Finding;

const QUESTION: &str = "ledger";

/// The proof itself is the console's: here only what it left behind.
const STATE: &str = "
    SELECT (SELECT count(*) FROM public.account_ledger WHERE frozen_since IS NOT NULL),
           (SELECT max(finished_at) FROM public.ledger_checks)";

pub(super) async fn examine(client: &Client) -> Finding {
    Finding::of(QUESTION, ask(client).await)
}

async fn ask(client: &Client) -> Result<Finding, Error> {
    let row = client.query_one(STATE, &[]).await?;
    let (frozen, checked): (i64, Option<DateTime<Utc>>) = (row.try_get(0)?, row.try_get(1)?);
    if frozen > 0 {
        let what = format!("accounts frozen because their balance is not what their entries say: {frozen}");
        return Ok(Finding::wrong(QUESTION, what, "nothing here: two people resolve each on the console's page /operations/ledger"));
    }
    Ok(Finding::fine(
        QUESTION,
        match checked {
            Some(at) => format!("no account is frozen; last checked {}", at.format("%Y-%m-%d %H:%M UTC")),
            None => "no account is frozen; not checked yet".to_owned(),
        },
    ))
}
