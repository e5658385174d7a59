//! In which shape does a value reach a template, whatever table it comes from?

use std::fmt;

use uuid::Uuid;

mod count;
mod field;
mod filter;
mod money;
mod time;

#[cfg(test)]
mod specimen;

pub use count::{Counted, Grouped};
pub use field::{Candidate, ChoiceOption, Field, FieldError, Input, LineKind, Presence, ReferenceInput, Toggle};
pub use filter::{Chip, Control, DiffRow, FilterField, Further, Pager, Side, SizeLink, SortArrow, Tab};
pub use money::{Amount, MoneyShown};
pub use time::{Age, TimeShown, parse_zone};

/// One value as a page shows it. Borrowed where it can be: a list has a thousand of them.
#[derive(Clone, Debug)]
pub enum Shown<'a> {
    NotSet,
    /// The value is a secret; only this much is said about it.
    Hidden(Secrecy),
    /// The grid does not let this actor see it.
    Restricted,
    Text(&'a str),
    LongText(&'a str),
    Boolean(bool),
    Number(i64),
    Identifier(Uuid),
    Money(MoneyShown<'a>),
    Time(TimeShown),
    /// A moment no calendar of ours holds, as the database has it.
    FarTime(String),
    Address(String),
    /// Pretty-printed.
    Json(String),
    Choice {
        label: &'static str,
        tone: Tone,
        icon: &'static str,
    },
    Reference {
        label: &'a str,
        detail: Option<&'a str>,
        href: Option<RecordLink<'a>>,
    },
}

/// What may be said about a value nobody sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrecy {
    /// The column is secret, and whether it holds something is not known either.
    Kept,
    Set,
    Unset,
}

impl fmt::Display for Secrecy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Kept => "Kept secret",
            Self::Set => "Set, not shown",
            Self::Unset => "Not set",
        })
    }
}

/// What a state means, beside its word and its icon's shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// A kind, not a state: no colour.
    Plain,
    Done,
    Waiting,
    Failed,
    Off,
}

impl Tone {
    /// The class beside `status` or `badge`.
    #[must_use]
    pub const fn class(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Done => "ok",
            Self::Waiting => "wait",
            Self::Failed => "bad",
            Self::Off => "off",
        }
    }
}

/// Where a cell goes when a row becomes a card on a phone. A cell without a slot waits on the record page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    Title,
    Key,
    Meta,
    Money,
    State,
}

impl Slot {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Key => "key",
            Self::Meta => "meta",
            Self::Money => "money",
            Self::State => "state",
        }
    }
}

/// How long a column stays when the window gets narrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rank {
    Always,
    /// Goes below 1200 px.
    Wide,
}

/// Whether a cell names its row, and then links to the record.
#[derive(Clone, Debug)]
pub enum Heads<'a> {
    Row(RecordLink<'a>),
    Nothing,
}

/// One cell of a list row.
#[derive(Clone, Debug)]
pub struct Cell<'a> {
    pub column: &'static str,
    pub label: &'static str,
    pub slot: Option<Slot>,
    pub rank: Rank,
    pub heads: Heads<'a>,
    pub shown: Shown<'a>,
}

impl Cell<'_> {
    /// Which columns align right, clip, and go when the window gets narrow.
    #[must_use]
    pub fn class(&self) -> &'static str {
        let clips = matches!(self.shown, Shown::Text(_) | Shown::LongText(_) | Shown::Json(_) | Shown::Reference { .. });
        match (&self.shown, self.rank) {
            (Shown::Money(_), Rank::Always) => "money",
            (Shown::Money(_), Rank::Wide) => "money low",
            (Shown::Number(_), Rank::Always) => "num",
            (Shown::Number(_), Rank::Wide) => "num low",
            (_, Rank::Always) if clips => "clip",
            (_, Rank::Wide) if clips => "clip low",
            (_, Rank::Always) => "",
            (_, Rank::Wide) => "low",
        }
    }

    /// A card has no heads: "Yes" alone would answer no question.
    #[must_use]
    pub fn asks_for_its_label(&self) -> Option<&'static str> {
        matches!((self.slot, &self.shown), (Some(_), Shown::Boolean(_))).then_some(self.label)
    }

    /// What a clipped cell says in full under the pointer.
    #[must_use]
    pub fn whole(&self) -> Option<&str> {
        match &self.shown {
            Shown::Text(text) | Shown::LongText(text) => Some(text),
            Shown::Json(text) => Some(text),
            Shown::NotSet
            | Shown::Hidden(_)
            | Shown::Restricted
            | Shown::Boolean(_)
            | Shown::Number(_)
            | Shown::Identifier(_)
            | Shown::Money(_)
            | Shown::Time(_)
            | Shown::FarTime(_)
            | Shown::Address(_)
            | Shown::Choice { .. }
            | Shown::Reference { .. } => None,
        }
    }
}

/// The address of a record, written straight into the page.
#[derive(Clone, Copy, Debug)]
pub struct RecordLink<'a> {
    pub table: &'static str,
    pub id: Uuid,
    /// Where the record's breadcrumb leads back to: see [`return_to`].
    pub back: Option<&'a str>,
}

impl fmt::Display for RecordLink<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "/tables/{}/{}", self.table, self.id.as_hyphenated())?;
        match self.back {
            Some(back) => write!(formatter, "?return={back}"),
            None => Ok(()),
        }
    }
}

/// A local path with its query, encoded once for a page's many links to carry as `return=`.
#[must_use]
pub fn return_to(path_and_query: &str) -> String {
    form_urlencoded::byte_serialize(path_and_query.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_link_carries_the_way_back() {
        let back = return_to("/tables/accounts?sort=-balance&q=a b");
        let link = RecordLink { table: "accounts", id: Uuid::nil(), back: Some(&back) };
        assert_eq!(
            link.to_string(),
            "/tables/accounts/00000000-0000-0000-0000-000000000000?return=%2Ftables%2Faccounts%3Fsort%3D-balance%26q%3Da+b"
        );
    }
}
