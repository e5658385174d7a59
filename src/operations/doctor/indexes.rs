//! Are all indexes there that lists use?

use tokio_postgres::Client;

use super::{Finding, Verdict};
use crate::{
    db::pool::DatabaseError,
    operations::indexes::{self, State},
};

const QUESTION: &str = "indexes";

pub(super) async fn examine(client: &Client) -> Finding {
    match ask(client).await {
        Ok(finding) => finding,
        Err(error) => Finding::wrong(QUESTION, error.to_string(), "nexus-console migrate status"),
    }
}

async fn ask(client: &Client) -> Result<Finding, DatabaseError> {
    let missing = indexes::missing(client).await?;
    let wanted = indexes::wanted(client).await?;
    let taken: Vec<&str> = missing.iter().filter(|index| index.state == State::Taken).map(|index| index.name.as_str()).collect();
    if let Some(first) = taken.first() {
        let what = format!("the names of indexes are taken by something else: {}", taken.join(", "));
        return Ok(Finding::wrong(QUESTION, what, ["rename it, as its owner: ALTER TABLE public.", first, " RENAME TO …"].concat()));
    }
    if missing.is_empty() {
        return Ok(Finding::fine(QUESTION, format!("all {wanted} are there")));
    }
    let count = missing.len();
    let note =
        format!("{count} of {wanted} are missing: a console that serves builds them in the background, and lists are slower meanwhile");
    Ok(Finding { question: QUESTION, verdict: Verdict::Note(note) })
}
