//! What can be wrong with the sealed log, and in which words?

use std::fmt;

use uuid::Uuid;

use crate::{
    audit::{entry::Log, seal::checkpoint::CheckpointError},
    db::value::Timestamp,
};

/// So many are kept; how many more there are is counted.
const MOST: usize = 100;

/// Something that does not fit, as near to its place as can be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which leaf, counted from 0.
    pub position: Option<u64>,
    pub entry: Option<(Log, Uuid)>,
    /// When the entry says that it was made.
    pub at: Option<Timestamp>,
    pub what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The entry, or what stands beside it, says something else than what was sealed.
    Edited,
    Gone,
    /// It was queued, and nothing was there any more when it was to be sealed.
    GoneBefore,
    /// Which entry was sealed here is not known any more, and neither is the entry.
    Forgotten,
    /// What stands here was sealed elsewhere.
    Moved {
        from: u64,
    },
    /// It came long after the time it gives itself.
    Backdated {
        sealed_after: Timestamp,
    },
    /// No trigger saw it come; a walk found it later.
    PastTriggers,
    /// So many more like it stand in the logs, neither sealed nor waiting.
    Unsealed {
        entries: u64,
    },
    /// Sealed by a program that knows more than this one.
    Version(i16),
    /// A tile of the tree is not what its leaves make it.
    Tile {
        level: u8,
        index: u64,
    },
    /// The tree was something else when a checkpoint was made: what was sealed between the two sizes was replaced.
    Rehashed {
        from: u64,
        to: u64,
    },
    /// There was more when a checkpoint was made.
    Shorter {
        checkpoint: u64,
    },
    /// There are leaves that no checkpoint is of.
    Beyond {
        checkpoint: u64,
    },
    /// There was a log, and nothing of it is left.
    Everything,
    /// The next checkpoint that this database keeps is not to be believed.
    Kept(CheckpointError),
    /// A checkpoint that somebody brought.
    Given(CheckpointError),
}

impl Finding {
    pub(super) fn about(what: What) -> Finding {
        Finding { position: None, entry: None, at: None, what }
    }
}

impl fmt::Display for Finding {
    /// One line: which entry, and what is wrong with it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.position, self.entry) {
            (Some(position), Some((log, id))) => write!(formatter, "entry {position} ({} {id}", log.table())?,
            (Some(position), None) => write!(formatter, "entry {position} (unknown")?,
            (None, Some((log, id))) => write!(formatter, "an entry ({} {id}", log.table())?,
            (None, None) => return fmt::Display::fmt(&self.what, formatter),
        }
        if let Some(at) = self.at {
            write!(formatter, " of {at}")?;
        }
        write!(formatter, "): {}", self.what)
    }
}

impl fmt::Display for What {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            What::Edited => formatter.write_str("changed after it was sealed"),
            What::Gone => formatter.write_str("deleted after it was sealed"),
            What::GoneBefore => formatter.write_str("deleted before it could be sealed"),
            What::Forgotten => formatter.write_str("deleted, and with it which entry it was"),
            What::Moved { from } => write!(formatter, "out of order: this was sealed as entry {from}"),
            What::Backdated { sealed_after } => write!(formatter, "backdated: it came after the checkpoint of {sealed_after}"),
            What::PastTriggers => formatter.write_str("put in past the triggers, and found later"),
            What::Unsealed { entries: 1 } => formatter.write_str("put in past the triggers, and not sealed"),
            What::Unsealed { entries } => write!(formatter, "put in past the triggers, and not sealed, like {} others", entries - 1),
            What::Version(version) => write!(formatter, "sealed in version {version}, which this program does not know"),
            What::Tile { level, index } => write!(formatter, "tile {index} of level {level} is not what its leaves make it"),
            What::Rehashed { from, to } => write!(
                formatter,
                "replaced after it was sealed: the checkpoint of {to} entries has another root; the first {from} are as they were"
            ),
            What::Shorter { checkpoint } => {
                write!(formatter, "deleted, with all that follows: a checkpoint counts {checkpoint} entries")
            }
            What::Beyond { checkpoint } => write!(formatter, "in the log, and no checkpoint says so: the last counts {checkpoint} entries"),
            What::Everything => formatter.write_str("everything that was sealed is gone"),
            What::Kept(error) => write!(formatter, "nobody vouches for it: in this database, {error}"),
            What::Given(error) => fmt::Display::fmt(error, formatter),
        }
    }
}

/// What was found in the order of the log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Findings {
    pub kept: Vec<Finding>,
    /// Beyond those that are kept.
    pub further: u64,
}

impl Findings {
    pub(super) fn add(&mut self, finding: Finding) {
        if self.kept.len() < MOST { self.kept.push(finding) } else { self.further += 1 }
    }

    /// As they stand in the log; what has no place there comes last.
    pub(super) fn order(&mut self) {
        self.kept.sort_by_key(|finding| finding.position.unwrap_or(u64::MAX));
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }
}
