//! Does what is declared agree with itself and with the database that is there?

mod declaration;
mod live;
mod statements;

use std::fmt;

use super::Registry;
use crate::{
    auth::policy::Policy,
    db::pool::{Connection, DatabaseError},
};

/// One disagreement. Its id is stable: scripts and people look it up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub id: &'static str,
    /// `transactions.amount: declared Money, is text`.
    pub text: String,
    pub severity: Severity,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Pages work; something is there that nobody declared.
    Note,
    /// Pages work, slowly: an index is missing.
    Slow,
    /// A page would fail, or lose rows.
    Wrong,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.id, self.text)
    }
}

impl Finding {
    fn wrong(id: &'static str, text: String) -> Finding {
        Finding { id, text, severity: Severity::Wrong }
    }

    fn slow(id: &'static str, text: String) -> Finding {
        Finding { id, text, severity: Severity::Slow }
    }

    fn note(id: &'static str, text: String) -> Finding {
        Finding { id, text, severity: Severity::Note }
    }
}

/// Holds every declaration against itself and against the catalog: cheap enough for every start.
///
/// # Errors
/// When the catalog cannot be read.
pub async fn catalog(connection: &Connection, registry: &Registry) -> Result<Vec<Finding>, DatabaseError> {
    catalog_of(&connection.client, registry).await
}

/// As [`catalog`], for whoever has a connection of their own.
///
/// # Errors
/// When the catalog cannot be read.
pub async fn catalog_of(client: &tokio_postgres::Client, registry: &Registry) -> Result<Vec<Finding>, DatabaseError> {
    let mut findings: Vec<Finding> = registry.iter().flat_map(|resource| declaration::findings(resource, registry)).collect();
    findings.extend(live::findings(client, registry).await?);
    Ok(findings)
}

/// Has the database prepare every statement that a page can send: each column with each of its operators, each sort
/// in both directions and from every place, for all rows and for own ones. For tests and `doctor`.
///
/// # Errors
/// When the connection is lost; what cannot be prepared is a finding.
pub async fn prepare_all(connection: &Connection, registry: &Registry, policy: Policy) -> Result<Prepared, DatabaseError> {
    let mut prepared = Prepared::default();
    for resource in registry.iter() {
        // A declaration that contradicts itself has no statements.
        let contradictions = declaration::findings(resource, registry);
        if contradictions.is_empty() {
            statements::prepare(connection, registry, resource, policy, &mut prepared).await?;
        }
        prepared.findings.extend(contradictions);
    }
    Ok(prepared)
}

#[derive(Debug, Default)]
#[must_use]
pub struct Prepared {
    /// How many statements the database took.
    pub statements: usize,
    pub findings: Vec<Finding>,
}
