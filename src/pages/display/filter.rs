//! What stands around a list: its tabs, chips, filters, heads and pager; and between two versions: a diff.

use super::{Candidate, ChoiceOption, Counted};
use crate::pages::conflict::passage::Passage;

/// A scope of the list, as a link.
#[derive(Clone, Debug)]
pub struct Tab {
    pub label: &'static str,
    pub href: String,
    pub count: Option<Counted>,
    pub current: bool,
}

/// An active filter: "Amount **from 100**", and the list without it.
#[derive(Clone, Debug)]
pub struct Chip {
    pub label: String,
    pub words: String,
    pub without: String,
}

/// One filter of the panel. `name` of a control is the query's parameter.
#[derive(Clone, Debug)]
pub struct FilterField<'a> {
    pub label: &'a str,
    pub control: Control<'a>,
    /// Said on the page when the query was wrong.
    pub error: Option<String>,
}

#[derive(Clone, Debug)]
pub enum Control<'a> {
    /// Several may be chosen.
    Choices {
        name: &'a str,
        options: Vec<ChoiceOption<'a>>,
    },
    /// One of few, with "Any" first.
    One {
        name: &'a str,
        options: Vec<ChoiceOption<'a>>,
    },
    Words {
        name: &'a str,
        value: String,
    },
    /// `.min` and `.max`, typed as text.
    Amounts {
        least: (&'a str, String),
        most: (&'a str, String),
    },
    /// `.from` and `.to`, typed as text: a date, or a date and a time.
    Moments {
        from: (&'a str, String),
        to: (&'a str, String),
        zone: &'a str,
    },
    /// A uuid, with its label where it is chosen already, and the words to find another one by.
    Reference {
        name: &'a str,
        value: String,
        label: Option<String>,
        find: &'a str,
        typed: String,
        candidates: Option<Vec<Candidate>>,
    },
}

/// The arrow in the head of the sorted column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortArrow {
    Ascending,
    Descending,
    /// Sortable, but not sorted by now.
    Resting,
}

impl SortArrow {
    /// The value of `aria-sort`; only the sorted column has one.
    #[must_use]
    pub const fn aria(self) -> Option<&'static str> {
        match self {
            Self::Ascending => Some("ascending"),
            Self::Descending => Some("descending"),
            Self::Resting => None,
        }
    }

    #[must_use]
    pub const fn icon(self) -> Option<&'static str> {
        match self {
            Self::Ascending => Some("asc"),
            Self::Descending => Some("desc"),
            Self::Resting => None,
        }
    }
}

/// Below a list: how many, how many a page, and the way to its neighbours. Keyset pages have no numbers.
#[derive(Clone, Debug)]
pub struct Pager {
    pub rows: usize,
    pub count: Counted,
    pub sizes: Vec<SizeLink>,
    pub previous: Option<String>,
    pub next: Option<String>,
    /// Where it goes on, if the page ended before it was full.
    pub further: Option<Further>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Further {
    Previous,
    Next,
}

impl Pager {
    #[must_use]
    pub fn goes_on(&self, side: Further) -> bool {
        self.further == Some(side)
    }
}

#[derive(Clone, Debug)]
pub struct SizeLink {
    pub size: u32,
    /// Nothing for the size that is chosen.
    pub href: Option<String>,
}

/// One changed field of an entry in the log.
#[derive(Clone, Debug)]
pub struct DiffRow {
    pub label: String,
    /// The entries that changed the same field of this record.
    pub href: Option<String>,
    pub before: Side,
    pub after: Side,
}

#[derive(Clone, Debug)]
pub enum Side {
    NotSet,
    Text(String),
    /// A long text, with what differs marked.
    Passage(Passage),
    /// The value was a secret: that it changed is all there is to say.
    Secret,
}
