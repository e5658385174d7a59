//! Does the database take changes, and as many connections as the console may open?

use tokio_postgres::{Client, Error};

use super::Finding;

const QUESTION: &str = "capacity";
/// Four for each of at most four workers, two for the jobs, one for the probe.
const MOST: i64 = 19;

const ASK: &str = "SELECT pg_catalog.pg_is_in_recovery(), \
     current_setting('max_connections')::bigint - current_setting('superuser_reserved_connections')::bigint, \
     (SELECT rolconnlimit::bigint FROM pg_catalog.pg_roles WHERE rolname = 'nexus_app' AND rolconnlimit >= 0)";

pub(super) async fn examine(client: &Client) -> Finding {
    Finding::of(QUESTION, ask(client).await)
}

async fn ask(client: &Client) -> Result<Finding, Error> {
    let row = client.query_one(ASK, &[]).await?;
    let (follows, of_server, of_role): (bool, i64, Option<i64>) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    if follows {
        let what = "the database is a standby: it can be read, and takes no changes";
        return Ok(Finding::wrong(QUESTION, what, "SELECT pg_promote(), or set DATABASE_URL to the primary"));
    }
    if let Some(limit) = of_role.filter(|limit| *limit < MOST) {
        let what = format!("nexus_app may have {limit} connections, and the console opens up to {MOST}");
        return Ok(Finding::wrong(QUESTION, what, format!("ALTER ROLE nexus_app CONNECTION LIMIT {MOST}, or -1 for none")));
    }
    if of_server < MOST {
        let what = format!("the server has {of_server} connections, and the console opens up to {MOST}");
        return Ok(Finding::wrong(QUESTION, what, "ALTER SYSTEM SET max_connections = 100, then restart the server"));
    }
    Ok(Finding::fine(QUESTION, format!("takes changes; {of_server} connections")))
}
