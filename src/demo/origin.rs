//! Who made a change of the demonstration data, when, and from where?

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Whom the log names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Author {
    User {
        id: Uuid,
        name: String,
    },
    Job(&'static str),
    /// Somebody who writes past the console: the platform itself, or an administrator with psql.
    Role(&'static str),
}

impl Author {
    pub fn kind(&self) -> &'static str {
        match self {
            Author::User { .. } => "user",
            Author::Job(_) => "system",
            Author::Role(_) => "db",
        }
    }

    pub fn name(&self) -> &str {
        match self {
            Author::User { name, .. } => name,
            Author::Job(name) | Author::Role(name) => name,
        }
    }

    pub fn id(&self) -> Option<Uuid> {
        match self {
            Author::User { id, .. } => Some(*id),
            Author::Job(_) | Author::Role(_) => None,
        }
    }

    /// What `ssot_audit_logs.user_id` holds, where names that are no users' are kept too.
    pub fn registry_name(&self) -> String {
        match self {
            Author::User { id, .. } => id.to_string(),
            Author::Job(_) | Author::Role(_) => [self.kind(), ":", self.name()].concat(),
        }
    }
}

/// What every entry of one request has in common.
#[derive(Debug, Clone)]
pub struct Origin {
    pub at: DateTime<Utc>,
    pub author: Author,
    pub context: Option<&'static str>,
    pub address: Option<String>,
    pub agent: Option<&'static str>,
    pub request: Option<String>,
    pub session: Option<Uuid>,
    pub outcome: Option<&'static str>,
    pub reason: Option<String>,
    pub approval: Option<Uuid>,
}

impl Origin {
    /// Written past the console: the log learns the role and nothing else.
    pub fn role(role: &'static str, at: DateTime<Utc>) -> Self {
        Self {
            at,
            author: Author::Role(role),
            context: None,
            address: None,
            agent: None,
            request: None,
            session: None,
            outcome: None,
            reason: None,
            approval: None,
        }
    }

    pub fn job(job: &'static str, at: DateTime<Utc>) -> Self {
        Self { author: Author::Job(job), context: Some("job"), ..Self::role(job, at) }
    }
}
