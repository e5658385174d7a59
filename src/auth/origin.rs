//! Who does something, and from where: what every audit entry carries.

use std::net::IpAddr;

use uuid::Uuid;

/// The party an audit entry names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Party {
    User(Uuid),
    Key(Uuid),
    /// The console itself: `login`, `setup`, `cli`, a job's name.
    System(&'static str),
}

impl std::fmt::Display for Party {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Party::User(id) => write!(formatter, "user:{id}"),
            Party::Key(id) => write!(formatter, "key:{id}"),
            Party::System(job) => write!(formatter, "system:{job}"),
        }
    }
}

/// The channel a change comes through, as the log's `context` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    Console,
    Job,
}

impl Channel {
    pub fn name(self) -> &'static str {
        match self {
            Channel::Console => "console",
            Channel::Job => "job",
        }
    }
}

#[derive(Debug, Clone)]
pub struct Origin {
    pub party: Party,
    pub channel: Channel,
    pub ip: Option<IpAddr>,
    pub agent: Option<String>,
    pub request: Option<String>,
    pub session: Option<Uuid>,
}

impl Origin {
    /// A change that no request asked for.
    pub fn job(name: &'static str) -> Origin {
        Origin { party: Party::System(name), channel: Channel::Job, ip: None, agent: None, request: None, session: None }
    }

    /// The same request, acting as somebody else: a login acts as `system:login`.
    #[must_use]
    pub fn acting_as(&self, party: Party) -> Origin {
        Origin { party, ..self.clone() }
    }
}
