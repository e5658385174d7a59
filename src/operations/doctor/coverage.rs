//! Is everything recorded, and could anybody change what is?

use super::Finding;
use crate::{
    app::Tables,
    audit::coverage::{Extent, Report, Walk, examine},
    chain::chain,
    db::{
        connect::Target,
        pool::{Database, DatabaseError, ServingRole},
    },
};

const QUESTION: &str = "coverage";

pub(super) async fn ask(owner: &Target, tables: &Tables) -> Finding {
    match report(owner, tables).await {
        Ok(report) => told(&report),
        Err(error) => Finding::wrong(QUESTION, chain(&error), "nexus-console migrate validate"),
    }
}

async fn report(owner: &Target, tables: &Tables) -> Result<Report, DatabaseError> {
    let connection = Database::new(owner.manager(), 1, ServingRole::LoggedIn).read().await?;
    examine(&connection, &tables.registry, &mut Walk::default(), Extent::Newest).await
}

fn told(report: &Report) -> Finding {
    let gaps: Vec<&str> = report.findings().map(|finding| finding.what.as_str()).collect();
    if let Some(first) = report.findings().next() {
        return Finding::wrong(QUESTION, gaps.join(" "), first.remedy.words());
    }
    let unknown: Vec<&str> = report.unanswered().map(|question| question.id()).collect();
    if !unknown.is_empty() {
        return Finding::wrong(
            QUESTION,
            format!("not everything could be looked at: {}", unknown.join(", ")),
            "nexus-console migrate validate",
        );
    }
    Finding::fine(QUESTION, "the trail has no gap, as far as the rows changed last and the catalog tell")
}
