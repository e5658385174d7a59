//! What does somebody ask of the trail? Qualifiers and words, which print as a text that reads as the same again.

use std::fmt;

use uuid::Uuid;

use crate::{
    audit::review::State,
    db::value::{Address, Timestamp},
    resource::moment::Typed,
};

/// Everything that was asked, in the order it was typed. Nothing asked is everything there is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Query {
    pub terms: Vec<Term>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    pub sense: Sense,
    pub condition: Condition,
}

/// A minus before a term turns it round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sense {
    Wanted,
    Unwanted,
}

/// Several values mean any of them.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    Actor(Vec<Who>),
    Action(Vec<String>),
    Table(Vec<String>),
    Record(Vec<Uuid>),
    Field(Vec<String>),
    From(When),
    To(When),
    Address(Vec<Address>),
    Context(Vec<String>),
    Request(Vec<String>),
    Outcome(Vec<Outcome>),
    Review(Vec<State>),
    /// Within the values of an entry, in any case.
    Words(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// Whoever asks.
    Me,
    /// By user name, or by id where the user is gone; in old entries of the registry whatever was written.
    User(String),
    /// A job of the console.
    System(String),
    /// A role of the database that wrote past the console.
    Database(String),
}

/// A date or a moment, and how it was typed.
#[derive(Debug, Clone, PartialEq)]
pub struct When {
    pub typed: String,
    pub moment: Typed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Done,
    Refused,
    Failed,
}

impl Outcome {
    pub const ALL: [Outcome; 3] = [Outcome::Done, Outcome::Refused, Outcome::Failed];

    /// As the entry's details have it.
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::Done => "ok",
            Outcome::Refused => "refused",
            Outcome::Failed => "failed",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Qualifier {
    Actor,
    Action,
    Table,
    Record,
    Field,
    From,
    To,
    Address,
    Context,
    Request,
    Outcome,
    Review,
}

impl Qualifier {
    pub const ALL: [Qualifier; 12] = [
        Qualifier::Actor,
        Qualifier::Action,
        Qualifier::Table,
        Qualifier::Record,
        Qualifier::Field,
        Qualifier::From,
        Qualifier::To,
        Qualifier::Address,
        Qualifier::Context,
        Qualifier::Request,
        Qualifier::Outcome,
        Qualifier::Review,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Qualifier::Actor => "actor",
            Qualifier::Action => "action",
            Qualifier::Table => "table",
            Qualifier::Record => "record",
            Qualifier::Field => "field",
            Qualifier::From => "from",
            Qualifier::To => "to",
            Qualifier::Address => "ip",
            Qualifier::Context => "context",
            Qualifier::Request => "request",
            Qualifier::Outcome => "outcome",
            Qualifier::Review => "review",
        }
    }

    /// Capitals are how phones begin a text.
    pub fn named(name: &str) -> Option<Qualifier> {
        Qualifier::ALL.into_iter().find(|qualifier| qualifier.name().eq_ignore_ascii_case(name))
    }

    /// What it takes, with an example, for the help beside the box.
    pub const fn help(self) -> (&'static str, &'static str) {
        match self {
            Qualifier::Actor => {
                ("who did it: a user name, me, a job of the console, a role of the database", "actor:me,system:expiry,db:nexus")
            }
            Qualifier::Action => ("what was done: insert, update, delete, or an event", "action:update,login_failed"),
            Qualifier::Table => ("the table it is about; event for what is about no record", "table:accounts,users"),
            Qualifier::Record => ("the id of a record", "record:01935e0a-7c41-7b1e-9f02-4d8a6611c3e7"),
            Qualifier::Field => ("a field that was changed", "field:role"),
            Qualifier::From => ("the first day or moment, inclusive", "from:2026-11-01"),
            Qualifier::To => ("the last day or moment, inclusive", "to:2026-11-24T14:30"),
            Qualifier::Address => ("the address it came from, or its network", "ip:192.0.2.0/24"),
            Qualifier::Context => ("the way it came: console, api or job", "context:console"),
            Qualifier::Request => ("the id of a request", "request:5h0tqz"),
            Qualifier::Outcome => ("how it ended: ok, refused or failed", "outcome:refused,failed"),
            Qualifier::Review => ("how far it was looked at: open, reviewed, question or finding", "review:open"),
        }
    }
}

impl Condition {
    pub const fn qualifier(&self) -> Option<Qualifier> {
        Some(match self {
            Condition::Actor(_) => Qualifier::Actor,
            Condition::Action(_) => Qualifier::Action,
            Condition::Table(_) => Qualifier::Table,
            Condition::Record(_) => Qualifier::Record,
            Condition::Field(_) => Qualifier::Field,
            Condition::From(_) => Qualifier::From,
            Condition::To(_) => Qualifier::To,
            Condition::Address(_) => Qualifier::Address,
            Condition::Context(_) => Qualifier::Context,
            Condition::Request(_) => Qualifier::Request,
            Condition::Outcome(_) => Qualifier::Outcome,
            Condition::Review(_) => Qualifier::Review,
            Condition::Words(_) => return None,
        })
    }

    /// Each value as it is printed.
    pub fn values(&self) -> Vec<String> {
        let quoted = |texts: &[String]| texts.iter().map(|text| value(text)).collect();
        match self {
            Condition::Actor(actors) => actors.iter().map(Who::printed).collect(),
            Condition::Action(texts)
            | Condition::Table(texts)
            | Condition::Field(texts)
            | Condition::Context(texts)
            | Condition::Request(texts) => quoted(texts),
            Condition::Record(ids) => ids.iter().map(|id| id.as_hyphenated().to_string()).collect(),
            Condition::From(when) | Condition::To(when) => vec![value(&when.typed)],
            Condition::Address(addresses) => addresses.iter().map(ToString::to_string).collect(),
            Condition::Outcome(outcomes) => outcomes.iter().map(|outcome| outcome.name().to_owned()).collect(),
            Condition::Review(states) => states.iter().map(|state| state.name().to_owned()).collect(),
            Condition::Words(text) => vec![word(text)],
        }
    }
}

const ME: &str = "me";
pub(super) const SYSTEM: &str = "system:";
pub(super) const DATABASE: &str = "db:";
/// Alone, it asks for everything.
pub(super) const EVERYTHING: &str = "*";

impl Who {
    /// What stands bare may be more than a user's name; what stands in quotes is one.
    pub(super) fn read(text: &str, bare: usize) -> Who {
        let prefixed = |prefix: &str| (bare >= prefix.len()).then(|| text.strip_prefix(prefix)).flatten().map(str::to_owned);
        if bare == text.len() && text == ME {
            return Who::Me;
        }
        match (prefixed(SYSTEM), prefixed(DATABASE)) {
            (Some(job), _) => Who::System(job),
            (None, Some(role)) => Who::Database(role),
            (None, None) => Who::User(text.to_owned()),
        }
    }

    pub fn printed(&self) -> String {
        match self {
            Who::Me => ME.to_owned(),
            Who::System(job) => [SYSTEM, &value(job)].concat(),
            Who::Database(role) => [DATABASE, &value(role)].concat(),
            Who::User(name) if name == ME || name.starts_with(SYSTEM) || name.starts_with(DATABASE) => quoted(name),
            Who::User(name) => value(name),
        }
    }
}

fn quoted(text: &str) -> String {
    ["\"", &text.replace('\\', "\\\\").replace('"', "\\\""), "\""].concat()
}

fn value(text: &str) -> String {
    let needs_quotes = text.is_empty() || text.chars().any(|letter| letter.is_whitespace() || matches!(letter, '"' | ','));
    if needs_quotes { quoted(text) } else { text.to_owned() }
}

fn word(text: &str) -> String {
    let is_bare = !text.is_empty()
        && text != EVERYTHING
        && !text.starts_with('-')
        && !text.chars().any(|letter| letter.is_whitespace() || matches!(letter, '"' | ':'));
    if is_bare { text.to_owned() } else { quoted(text) }
}

impl fmt::Display for Term {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.sense == Sense::Unwanted {
            formatter.write_str("-")?;
        }
        if let Some(qualifier) = self.condition.qualifier() {
            write!(formatter, "{}:", qualifier.name())?;
        }
        formatter.write_str(&self.condition.values().join(","))
    }
}

impl fmt::Display for Query {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.terms.is_empty() {
            return formatter.write_str(EVERYTHING);
        }
        for (index, term) in self.terms.iter().enumerate() {
            if index > 0 {
                formatter.write_str(" ")?;
            }
            term.fmt(formatter)?;
        }
        Ok(())
    }
}

impl Query {
    /// The same without one of its terms.
    #[must_use]
    pub fn without(&self, place: usize) -> Query {
        Query { terms: self.terms.iter().enumerate().filter(|(index, _)| *index != place).map(|(_, term)| term.clone()).collect() }
    }

    /// The same with every wanted term of this qualifier replaced by one.
    #[must_use]
    pub fn with(&self, condition: Condition) -> Query {
        let is_other = |term: &&Term| term.sense == Sense::Unwanted || term.condition.qualifier() != condition.qualifier();
        let mut terms: Vec<Term> = self.terms.iter().filter(is_other).cloned().collect();
        terms.push(Term { sense: Sense::Wanted, condition });
        Query { terms }
    }

    pub fn period(&self) -> Period {
        let mut period = Period::default();
        for term in &self.terms {
            match &term.condition {
                Condition::From(when) => {
                    period.from = Some(match when.moment {
                        Typed::Day { start, .. } => start,
                        Typed::Moment(moment) => moment,
                    });
                }
                Condition::To(when) => {
                    period.to = Some(match when.moment {
                        Typed::Day { end, .. } => End::Before(end),
                        Typed::Moment(moment) => End::Through(moment),
                    });
                }
                Condition::Actor(_)
                | Condition::Action(_)
                | Condition::Table(_)
                | Condition::Record(_)
                | Condition::Field(_)
                | Condition::Address(_)
                | Condition::Context(_)
                | Condition::Request(_)
                | Condition::Outcome(_)
                | Condition::Review(_)
                | Condition::Words(_) => {}
            }
        }
        period
    }
}

/// The time a query is about. An entry without a time is in no period, and in the whole of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Period {
    pub from: Option<Timestamp>,
    pub to: Option<End>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Through(Timestamp),
    Before(Timestamp),
}

impl Period {
    pub fn is_all_of_time(self) -> bool {
        self == Period::default()
    }

    pub fn can_hold_something(self) -> bool {
        match (self.from, self.to) {
            (Some(from), Some(End::Through(to))) => from <= to,
            (Some(from), Some(End::Before(to))) => from < to,
            (None, _) | (_, None) => true,
        }
    }
}
