//! What can be done to all the rows of a selection at once?

use crate::{auth::policy::Action, resource::Resource, workflows::approval::Decision};

/// What a run does to each of its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    Approve,
    Reject,
    Revoke,
    Deactivate,
    MarkRead,
}

/// Which tables have one, and which. A pair that is not here is none for the database, either.
const OFFERED: [(&str, &[Verb]); 6] = [
    ("transactions", &[Verb::Approve, Verb::Reject]),
    ("users", &[Verb::Deactivate]),
    ("api_keys", &[Verb::Revoke]),
    ("user_sessions", &[Verb::Revoke]),
    ("notifications", &[Verb::MarkRead]),
    ("ssot_api_aliases", &[Verb::Deactivate]),
];

impl Verb {
    const ALL: [Verb; 5] = [Verb::Approve, Verb::Reject, Verb::Revoke, Verb::Deactivate, Verb::MarkRead];

    /// What the rows of a table can have done to them together.
    pub fn of(resource: &Resource) -> &'static [Verb] {
        OFFERED.into_iter().find(|(table, _)| *table == resource.table).map_or(&[], |(_, verbs)| verbs)
    }

    /// As forms and the database spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Verb::Approve => Decision::Approve.name(),
            Verb::Reject => Decision::Reject.name(),
            Verb::Revoke => "revoke",
            Verb::Deactivate => "deactivate",
            Verb::MarkRead => "read",
        }
    }

    pub fn named(name: &str) -> Option<Verb> {
        Verb::ALL.into_iter().find(|verb| verb.name() == name)
    }

    /// What has to be permitted: the same as for one row.
    pub const fn action(self) -> Action {
        match self {
            Verb::Approve | Verb::Reject => Action::Decide,
            Verb::Revoke => Action::Revoke,
            Verb::Deactivate => Action::Deactivate,
            Verb::MarkRead => Action::MarkRead,
        }
    }

    /// What goes through the door of transactions.
    pub const fn decision(self) -> Option<Decision> {
        match self {
            Verb::Approve => Some(Decision::Approve),
            Verb::Reject => Some(Decision::Reject),
            Verb::Revoke | Verb::Deactivate | Verb::MarkRead => None,
        }
    }
}
