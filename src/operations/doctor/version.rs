//! Is the server's version one the console is made for?

use tokio_postgres::{Client, Error};

use super::Finding;

const QUESTION: &str = "version";
const OLDEST: i32 = 150_000;

pub(super) async fn examine(client: &Client) -> Finding {
    Finding::of(QUESTION, ask(client).await)
}

async fn ask(client: &Client) -> Result<Finding, Error> {
    let row = client.query_one("SELECT current_setting('server_version_num')::int, current_setting('server_version')", &[]).await?;
    let (number, text): (i32, String) = (row.try_get(0)?, row.try_get(1)?);
    if number >= OLDEST {
        Ok(Finding::fine(QUESTION, ["PostgreSQL ", &text].concat()))
    } else {
        let what = format!("PostgreSQL {text} is older than 15");
        Ok(Finding::wrong(QUESTION, what, "pg_upgrade to PostgreSQL 15 or newer"))
    }
}
