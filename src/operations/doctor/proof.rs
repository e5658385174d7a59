//! Does the database have what the pages ask of it, down to every statement they can send?

use super::{Finding, Verdict};
use crate::{
    app::Tables,
    chain::chain,
    db::{
        connect::Target,
        pool::{Database, DatabaseError, ServingRole},
    },
    resource::proof::{self, Severity},
};

const QUESTION: &str = "declarations";
const REMEDY: &str = "nexus-console migrate validate";

pub(super) async fn examine(owner: &Target, tables: &Tables) -> Vec<Finding> {
    ask(owner, tables).await.unwrap_or_else(|error| vec![Finding::wrong(QUESTION, chain(&error), REMEDY)])
}

async fn ask(owner: &Target, tables: &Tables) -> Result<Vec<Finding>, DatabaseError> {
    let connection = Database::new(owner.manager(), 1, ServingRole::LoggedIn).read().await?;
    let mut disagreements = proof::catalog(&connection, &tables.registry).await?;
    let prepared = proof::prepare_all(&connection, &tables.registry, tables.policy).await?;
    // A declaration that contradicts itself is found by both.
    for finding in prepared.findings {
        if !disagreements.contains(&finding) {
            disagreements.push(finding);
        }
    }
    disagreements.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let mut findings: Vec<Finding> = disagreements.iter().map(finding).collect();
    if disagreements.iter().all(|finding| finding.severity != Severity::Wrong) {
        findings.insert(0, Finding::fine(QUESTION, format!("the database takes all {} statements of the pages", prepared.statements)));
    }
    Ok(findings)
}

fn finding(disagreement: &proof::Finding) -> Finding {
    let text = disagreement.to_string();
    let verdict = match disagreement.severity {
        Severity::Wrong => Verdict::Wrong { what: text, remedy: REMEDY.to_owned() },
        Severity::Slow => Verdict::Note(format!("{text}: pages work, slowly")),
        Severity::Note => Verdict::Note(text),
    };
    Finding { question: QUESTION, verdict }
}
