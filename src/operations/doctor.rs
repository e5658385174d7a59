//! What is wrong with the installation, and what is to be typed?

mod capacity;
mod coverage;
mod extension;
mod indexes;
mod ledger;
mod migrations;
mod proof;
mod rights;
mod roles;
mod triggers;
mod version;

use std::fmt;

use tokio_postgres::Client;

use crate::{
    app::Tables,
    db::connect::{Target, connect},
    keys::Keys,
    settings::{Database, Settings},
};

/// One question and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub question: &'static str,
    pub verdict: Verdict,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Fine(String),
    /// Worth knowing, and no fault.
    Note(String),
    Wrong {
        what: String,
        remedy: String,
    },
}

impl Finding {
    fn fine(question: &'static str, detail: impl Into<String>) -> Self {
        Self { question, verdict: Verdict::Fine(detail.into()) }
    }

    fn wrong(question: &'static str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { question, verdict: Verdict::Wrong { what: what.into(), remedy: remedy.into() } }
    }

    /// A probe that fails is a finding itself, never a reason to skip the others.
    fn of(question: &'static str, outcome: Result<Self, tokio_postgres::Error>) -> Self {
        outcome.unwrap_or_else(|error| {
            let what = error.as_db_error().map_or_else(|| error.to_string(), |refusal| refusal.message().to_owned());
            Self::wrong(question, what, "nexus-console migrate status")
        })
    }
}

#[derive(Debug, Default)]
pub struct Report {
    findings: Vec<Finding>,
    note: Option<String>,
}

impl Report {
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.findings.iter().all(|finding| matches!(finding.verdict, Verdict::Fine(_) | Verdict::Note(_)))
    }

    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The command that opens the embedded database by hand.
    #[must_use]
    pub fn with_note(mut self, repair: Option<String>) -> Self {
        self.note = repair;
        self
    }

    /// What can be said when the database cannot even be started or found.
    #[must_use]
    pub fn unreachable(settings: &Settings, reason: &str) -> Self {
        Self { findings: vec![configuration(settings), away(settings, reason)], note: None }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Finding { question, verdict } in &self.findings {
            match verdict {
                Verdict::Fine(detail) => writeln!(formatter, "ok     {question}: {detail}")?,
                Verdict::Note(detail) => writeln!(formatter, "note   {question}: {detail}")?,
                Verdict::Wrong { what, remedy } => {
                    writeln!(formatter, "WRONG  {question}: {what}")?;
                    writeln!(formatter, "       type: {remedy}")?;
                }
            }
        }
        match &self.note {
            Some(repair) => writeln!(formatter, "       to look inside: {repair}"),
            None => Ok(()),
        }
    }
}

/// Asks every question; one that cannot be asked is an answer too.
pub async fn examine(settings: &Settings, owner: &Target, tables: &Tables) -> Report {
    let mut findings = vec![configuration(settings)];
    match connect(owner).await {
        Ok(mut client) => {
            findings.push(Finding::fine("database", owner.place()));
            findings.extend(questions(&mut client, settings).await);
            findings.push(coverage::ask(owner, tables).await);
            findings.extend(proof::examine(owner, tables).await);
        }
        Err(error) => findings.push(away(settings, &error.to_string())),
    }
    if let Database::External { serving, .. } = &settings.database
        && serving.variable() != owner.variable()
        && let Err(error) = connect(serving).await
    {
        findings.push(Finding::wrong("serving", error.to_string(), CORRECT));
    }
    Report { findings, note: None }
}

async fn questions(client: &mut Client, settings: &Settings) -> Vec<Finding> {
    let mut findings = vec![version::examine(client).await, capacity::examine(client).await];
    findings.extend(migrations::examine(client).await);
    findings.push(roles::examine(client, settings).await);
    findings.push(rights::examine(client).await);
    findings.push(triggers::examine(client).await);
    findings.push(extension::examine(client).await);
    findings.push(indexes::examine(client).await);
    findings.push(ledger::examine(client).await);
    findings
}

fn configuration(settings: &Settings) -> Finding {
    const QUESTION: &str = "configuration";
    match Keys::load(settings) {
        Ok(_) => Finding::fine(QUESTION, format!("read; data in {}", settings.data_dir.display())),
        Err(error) => Finding::wrong(QUESTION, error.to_string(), "export NEXUS_SECRET_KEY=$(openssl rand -hex 32)"),
    }
}

const CORRECT: &str = "export the variable anew, as postgres://user:password@host:5432/database";

fn away(settings: &Settings, reason: &str) -> Finding {
    let remedy = match settings.database {
        Database::External { .. } => CORRECT,
        Database::Embedded => "nexus-console serve, or set DATABASE_URL to a database that answers",
    };
    Finding::wrong("database", reason, remedy)
}
