//! Is everything recorded that happens, and could anybody change what is?

mod actors;
mod functions;
mod outside;
mod privileges;
mod replication;
mod rows;
mod subjects;
mod triggers;
mod walk;
mod watch;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    chain::chain,
    db::pool::{Connection, DatabaseError},
    resource::Registry,
};
pub use functions::{PARSED, fingerprint};
pub use outside::{NEWEST, Outside, Role};
pub use subjects::{LOGS, SIDE_TABLES};
pub use walk::{Extent, Walk};
pub use watch::Watch;

/// What is asked about the trail, each by one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    Triggers,
    Replication,
    Functions,
    Rows,
    Actors,
    Privileges,
}

impl Question {
    /// Stable, for whoever looks a finding up.
    pub const fn id(self) -> &'static str {
        match self {
            Question::Triggers => "trigger",
            Question::Replication => "replication",
            Question::Functions => "function",
            Question::Rows => "row",
            Question::Actors => "actor",
            Question::Privileges => "privilege",
        }
    }

    pub const fn title(self) -> &'static str {
        match self {
            Question::Triggers => "Every table records its changes",
            Question::Replication => "Nobody works with the triggers switched off",
            Question::Functions => "What records is what this program brought",
            Question::Rows => "The last change of every row is in the log",
            Question::Actors => "Every entry says who",
            Question::Privileges => "Nobody could change what is recorded",
        }
    }

    /// What a good answer rests on.
    pub const fn looked_at(self) -> &'static str {
        match self {
            Question::Triggers => "The triggers of every table and of both logs: there, enabled, whole, and ours.",
            Question::Replication => "session_replication_role of the server, of this database and of every role.",
            Question::Functions => "The text of every function of the console against the migrations of this program.",
            Question::Rows => {
                "The rows changed last and, little by little, all others, each against its last entry. What came before the console has none and needs none."
            }
            Question::Actors => "The newest entries and, little by little, all others since the console came.",
            Question::Privileges => "What roles that log in may do to the logs and to what only the door of transactions writes.",
        }
    }
}

/// Something that leaves a gap in the trail, or could.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub question: Question,
    pub table: String,
    /// A sentence that names the table.
    pub what: String,
    pub remedy: Remedy,
    /// Where it is about one row or entry of that table.
    pub record: Option<Uuid>,
}

/// What mends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// Statements to type as the owner, or a command.
    Type(String),
    /// Nothing that can be typed makes it good.
    Do(&'static str),
}

impl Remedy {
    pub fn words(&self) -> &str {
        match self {
            Remedy::Type(text) => text,
            Remedy::Do(text) => text,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Covered,
    Gaps(Vec<Finding>),
    /// Nobody knows: in words, why.
    Unanswered(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub question: Question,
    pub verdict: Verdict,
}

/// What was found at one moment.
#[derive(Debug, Clone)]
pub struct Report {
    pub at: DateTime<Utc>,
    pub answers: Vec<Answer>,
    /// What others write past the console: recorded, and so no gap.
    pub outside: Outside,
}

impl Report {
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.answers.iter().flat_map(|answer| match &answer.verdict {
            Verdict::Gaps(findings) => findings.as_slice(),
            Verdict::Covered | Verdict::Unanswered(_) => &[],
        })
    }

    pub fn unanswered(&self) -> impl Iterator<Item = Question> {
        self.answers.iter().filter(|answer| matches!(answer.verdict, Verdict::Unanswered(_))).map(|answer| answer.question)
    }
}

/// Asks every question. One that cannot be answered is an answer too, and keeps none of the others from theirs.
///
/// # Errors
/// Only where there is no database to ask.
pub async fn examine(connection: &Connection, registry: &Registry, walk: &mut Walk, extent: Extent) -> Result<Report, DatabaseError> {
    let subjects = subjects::all(registry);
    let mut answers = Vec::new();
    for (question, found) in [
        (Question::Triggers, triggers::examine(connection, &subjects).await),
        (Question::Replication, replication::examine(connection).await),
        (Question::Functions, functions::examine(connection).await),
        (Question::Rows, rows::examine(connection, &subjects, walk, extent).await),
        (Question::Actors, actors::examine(connection, walk, extent).await),
        (Question::Privileges, privileges::examine(connection).await),
    ] {
        let verdict = match found {
            Ok(findings) if findings.is_empty() => Verdict::Covered,
            Ok(findings) => Verdict::Gaps(findings),
            Err(error @ DatabaseError::Away(_)) => return Err(error),
            Err(DatabaseError::TooSlow) => Verdict::Unanswered("The database did not answer in time.".to_owned()),
            Err(error) => {
                tracing::warn!("coverage of the trail: {}: {}", question.id(), chain(&error));
                Verdict::Unanswered("The database refused to answer; the console's log says why.".to_owned())
            }
        };
        answers.push(Answer { question, verdict });
    }
    Ok(Report { at: Utc::now(), answers, outside: outside::examine(connection).await? })
}
