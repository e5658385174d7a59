//! Why can nobody work with the database at this moment?

use std::{error::Error, fmt};

use serde::{Deserialize, Serialize};
use tokio_postgres::error::SqlState;

/// As far as it makes a difference to whoever waits; the rest is for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Why {
    /// Unreachable, silent, starting or stopping.
    Away,
    /// Every connection is taken: the server's, the role's or our own.
    Crowded,
    /// No room on its disk.
    Full,
    /// It can be read and takes no changes: a standby.
    ReadOnly,
}

impl Why {
    /// `None` where the answer is about the statement and not about the server.
    pub(super) fn of(code: &SqlState) -> Option<Why> {
        match *code {
            SqlState::DISK_FULL => Some(Why::Full),
            SqlState::TOO_MANY_CONNECTIONS => Some(Why::Crowded),
            SqlState::READ_ONLY_SQL_TRANSACTION => Some(Why::ReadOnly),
            // Connection exceptions, out of resources, shutdown and crash of the server, errors of its files.
            _ => ["08", "53", "57P", "58"].iter().any(|class| code.code().starts_with(class)).then_some(Why::Away),
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Why::Away => "it does not answer",
            Why::Crowded => "it has no connection left for the console",
            Why::Full => "its disk is full",
            Why::ReadOnly => "it takes no changes",
        })
    }
}

/// The database is away, in one way or another; that passes, and what failed may succeed then.
#[derive(Debug, thiserror::Error)]
#[error("{why}")]
pub struct Absence {
    pub why: Why,
    source: Box<dyn Error + Send + Sync>,
}

impl Absence {
    pub fn new(why: Why, source: impl Into<Box<dyn Error + Send + Sync>>) -> Absence {
        Absence { why, source: source.into() }
    }
}
