//! Can searches use their indexes?

use tokio_postgres::Client;

use super::Finding;
use crate::operations::trigrams::Trigrams;

const QUESTION: &str = "pg_trgm";

pub(super) async fn examine(client: &Client) -> Finding {
    let asked = Trigrams::of(client).await.map(|trigrams| match trigrams.remedy() {
        None => Finding::fine(QUESTION, "searches use their indexes"),
        Some(remedy) => Finding::wrong(QUESTION, "missing, so searches read whole tables", remedy),
    });
    Finding::of(QUESTION, asked)
}
