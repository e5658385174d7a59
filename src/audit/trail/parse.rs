//! How is the text of the box read, strictly, and what is said where it cannot be?

use std::ops::Range;

use chrono_tz::Tz;
use uuid::Uuid;

use super::query::{Condition, EVERYTHING, Outcome, Qualifier, Query, Sense, Term, When, Who};
use crate::{audit::review::State, resource::moment};

const LONGEST: usize = 2_000;
const MOST_TERMS: usize = 30;
const MOST_VALUES: usize = 10;

/// What cannot be read, and which characters of the text it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct Wrong {
    pub place: Range<usize>,
    pub problem: Problem,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("This quote is never closed.")]
    UnclosedQuote,
    #[error("There is no qualifier “{0}”. To look for it as words, put it in quotes.")]
    UnknownQualifier(String),
    #[error("A minus stands directly before what it excludes.")]
    LoneMinus,
    #[error("“{}:” needs a value behind it.", .0.name())]
    NoValue(Qualifier),
    #[error("There is nothing between these quotes to look for.")]
    NoWords,
    #[error("“{}:” cannot be excluded; use the other end of the period.", .0.name())]
    NotExcludable(Qualifier),
    #[error("“{}:” takes one value.", .0.name())]
    OneValue(Qualifier),
    #[error("“{name}:” is there twice. For any of several values, write {name}:one,other.", name = .0.name())]
    Twice(Qualifier),
    #[error("This is no id. An id is like 01935e0a-7c41-7b1e-9f02-4d8a6611c3e7.")]
    NotAnId,
    #[error("This is no day or time. Write it like 2026-11-24 or 2026-11-24T14:30.")]
    NotATime,
    #[error("This is no address. Write it like 192.0.2.7, or a network like 192.0.2.0/24.")]
    NotAnAddress,
    #[error("An outcome is ok, refused or failed.")]
    NotAnOutcome,
    #[error("A review is open, reviewed, question or finding.")]
    NotAState,
    #[error("The period ends before it begins.")]
    ImpossiblePeriod,
    #[error("Words are looked for entry by entry. Say where to look: add a period such as from:2026-11-01, or another qualifier.")]
    WordsAlone,
    #[error("The search is longer than {LONGEST} characters.")]
    TooLong,
    #[error("The search has more than {MOST_TERMS} parts.")]
    TooManyTerms,
    #[error("“{}:” takes at most {MOST_VALUES} values.", .0.name())]
    TooManyValues(Qualifier),
}

impl Query {
    /// `zone`: whose days the dates are.
    ///
    /// # Errors
    /// The first place that cannot be read.
    pub fn parse(text: &str, zone: Tz) -> Result<Query, Wrong> {
        let length = text.chars().count();
        if length > LONGEST {
            return Err(wrong(LONGEST..length, Problem::TooLong));
        }
        let mut terms: Vec<(Term, Range<usize>)> = Vec::new();
        for token in tokens(text)? {
            if token.is_everything() {
                continue;
            }
            let place = token.place();
            let term = token.term(zone)?;
            let is_again = |(other, _): &(Term, Range<usize>)| term.repeats(other);
            if let Some(qualifier) = term.condition.qualifier().filter(|_| terms.iter().any(is_again)) {
                return Err(wrong(place, Problem::Twice(qualifier)));
            }
            if terms.len() == MOST_TERMS {
                return Err(wrong(place, Problem::TooManyTerms));
            }
            terms.push((term, place));
        }
        whole(terms)
    }
}

/// What only all terms together can be wrong about.
fn whole(terms: Vec<(Term, Range<usize>)>) -> Result<Query, Wrong> {
    let is_end = |condition: &Condition| matches!(condition, Condition::From(_) | Condition::To(_));
    let last_end = terms.iter().rfind(|(term, _)| is_end(&term.condition)).map(|(_, place)| place.clone());
    let first_words = terms.iter().find(|(term, _)| term.condition.qualifier().is_none()).map(|(_, place)| place.clone());
    let is_bounded = terms.iter().any(|(term, _)| term.sense == Sense::Wanted && term.condition.qualifier().is_some());
    let query = Query { terms: terms.into_iter().map(|(term, _)| term).collect() };
    match (last_end, first_words) {
        (Some(place), _) if !query.period().can_hold_something() => Err(wrong(place, Problem::ImpossiblePeriod)),
        (_, Some(place)) if !is_bounded => Err(wrong(place, Problem::WordsAlone)),
        (_, _) => Ok(query),
    }
}

impl Term {
    /// Whether both together could only match what one of them says, or nothing.
    fn repeats(&self, other: &Term) -> bool {
        let may_repeat = matches!(self.condition, Condition::Field(_) | Condition::Review(_) | Condition::Words(_));
        !may_repeat
            && (self.sense, other.sense) == (Sense::Wanted, Sense::Wanted)
            && self.condition.qualifier() == other.condition.qualifier()
    }
}

fn wrong(place: Range<usize>, problem: Problem) -> Wrong {
    Wrong { place, problem }
}

/// One character as it counts: a quoted one separates nothing. A pair of quotes leaves a mark even if it is empty.
#[derive(Debug, Clone, Copy)]
struct Letter {
    at: usize,
    letter: Option<char>,
    quoted: Quoted,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quoted {
    Yes,
    No,
}

impl Letter {
    fn is(self, letter: char) -> bool {
        self.quoted == Quoted::No && self.letter == Some(letter)
    }
}

/// What stands between spaces.
#[derive(Debug)]
struct Token {
    letters: Vec<Letter>,
    end: usize,
}

fn tokens(text: &str) -> Result<Vec<Token>, Wrong> {
    let mut tokens = Vec::new();
    let mut letters: Vec<Letter> = Vec::new();
    let mut characters = text.chars().enumerate().peekable();
    while let Some((at, letter)) = characters.next() {
        match letter {
            '"' => {
                letters.push(Letter { at, letter: None, quoted: Quoted::Yes });
                loop {
                    let (at, letter) = match characters.next() {
                        None => return Err(wrong(at..text.chars().count(), Problem::UnclosedQuote)),
                        Some((_, '"')) => break,
                        Some((_, '\\')) if matches!(characters.peek(), Some((_, '"' | '\\'))) => match characters.next() {
                            Some(escaped) => escaped,
                            None => break,
                        },
                        Some(plain) => plain,
                    };
                    letters.push(Letter { at, letter: Some(letter), quoted: Quoted::Yes });
                }
            }
            space if space.is_whitespace() => {
                if !letters.is_empty() {
                    tokens.push(Token { letters: std::mem::take(&mut letters), end: at });
                }
            }
            letter => letters.push(Letter { at, letter: Some(letter), quoted: Quoted::No }),
        }
    }
    if !letters.is_empty() {
        tokens.push(Token { letters, end: text.chars().count() });
    }
    Ok(tokens)
}

impl Token {
    fn place(&self) -> Range<usize> {
        self.letters.first().map_or(self.end, |letter| letter.at)..self.end
    }

    fn is_everything(&self) -> bool {
        let bare: String = self.letters.iter().filter(|letter| letter.quoted == Quoted::No).filter_map(|letter| letter.letter).collect();
        bare == EVERYTHING && self.letters.len() == 1
    }

    fn term(&self, zone: Tz) -> Result<Term, Wrong> {
        let (sense, letters) = match self.letters.as_slice() {
            [minus] if minus.is('-') => return Err(wrong(self.place(), Problem::LoneMinus)),
            [minus, rest @ ..] if minus.is('-') => (Sense::Unwanted, rest),
            letters => (Sense::Wanted, letters),
        };
        let colon = letters.iter().position(|letter| letter.is(':'));
        let named = colon.map(|colon| letters.split_at(colon)).filter(|(name, _)| name.iter().all(|letter| letter.quoted == Quoted::No));
        let Some((name, rest)) = named else {
            let text = text(letters);
            if text.is_empty() {
                return Err(wrong(self.place(), Problem::NoWords));
            }
            return Ok(Term { sense, condition: Condition::Words(text) });
        };
        let spelled = text(name);
        let start = self.place().start;
        let place = name.first().map_or(start, |letter| letter.at)..rest.first().map_or(self.end, |colon| colon.at + 1);
        let qualifier = Qualifier::named(&spelled).ok_or_else(|| wrong(place, Problem::UnknownQualifier(spelled)))?;
        if sense == Sense::Unwanted && matches!(qualifier, Qualifier::From | Qualifier::To) {
            return Err(wrong(self.place(), Problem::NotExcludable(qualifier)));
        }
        let values = self.values(qualifier, rest.get(1..).unwrap_or_default())?;
        Ok(Term { sense, condition: condition(qualifier, values, zone)? })
    }

    fn values(&self, qualifier: Qualifier, letters: &[Letter]) -> Result<Vec<Typed>, Wrong> {
        let mut values = Vec::new();
        for part in letters.split(|letter| letter.is(',')) {
            let Some(first) = part.first() else {
                return Err(wrong(self.place(), Problem::NoValue(qualifier)));
            };
            let bare = part.iter().take_while(|letter| letter.quoted == Quoted::No).filter_map(|letter| letter.letter);
            let last = part.last().map_or(first.at, |letter| letter.at);
            let closing = usize::from(part.last().is_some_and(|letter| letter.quoted == Quoted::Yes));
            let end = (last + 1 + closing).min(self.end);
            values.push(Typed { bare: bare.map(char::len_utf8).sum(), text: text(part), place: first.at..end });
        }
        if values.len() > MOST_VALUES {
            return Err(wrong(self.place(), Problem::TooManyValues(qualifier)));
        }
        Ok(values)
    }
}

fn text(letters: &[Letter]) -> String {
    letters.iter().filter_map(|letter| letter.letter).collect()
}

/// One value, and how many of its bytes stand before any quote.
#[derive(Debug)]
struct Typed {
    text: String,
    bare: usize,
    place: Range<usize>,
}

fn condition(qualifier: Qualifier, values: Vec<Typed>, zone: Tz) -> Result<Condition, Wrong> {
    let texts = |values: Vec<Typed>| values.into_iter().map(|value| value.text).collect();
    Ok(match qualifier {
        Qualifier::Actor => Condition::Actor(
            values
                .into_iter()
                .map(|value| match Who::read(&value.text, value.bare) {
                    Who::System(name) | Who::Database(name) if name.is_empty() => Err(wrong(value.place, Problem::NoValue(qualifier))),
                    who => Ok(who),
                })
                .collect::<Result<_, _>>()?,
        ),
        Qualifier::Action => Condition::Action(texts(values)),
        Qualifier::Table => Condition::Table(texts(values)),
        Qualifier::Field => Condition::Field(texts(values)),
        Qualifier::Context => Condition::Context(texts(values)),
        Qualifier::Request => Condition::Request(texts(values)),
        Qualifier::Record => Condition::Record(each(values, Problem::NotAnId, |text| Uuid::try_parse(text).ok())?),
        Qualifier::Address => Condition::Address(each(values, Problem::NotAnAddress, |text| text.parse().ok())?),
        Qualifier::Outcome => {
            Condition::Outcome(each(values, Problem::NotAnOutcome, |text| Outcome::ALL.into_iter().find(|outcome| outcome.name() == text))?)
        }
        Qualifier::Review => Condition::Review(each(values, Problem::NotAState, State::named)?),
        Qualifier::From => Condition::From(when(qualifier, values, zone)?),
        Qualifier::To => Condition::To(when(qualifier, values, zone)?),
    })
}

fn each<T>(values: Vec<Typed>, problem: Problem, read: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, Wrong> {
    values.into_iter().map(|value| read(&value.text).ok_or_else(|| wrong(value.place, problem.clone()))).collect()
}

fn when(qualifier: Qualifier, values: Vec<Typed>, zone: Tz) -> Result<When, Wrong> {
    let mut values = values.into_iter();
    match (values.next(), values.next()) {
        (Some(value), None) => match moment::parse(&value.text, zone) {
            Some(moment) => Ok(When { typed: value.text, moment }),
            None => Err(wrong(value.place, Problem::NotATime)),
        },
        (_, Some(second)) => Err(wrong(second.place, Problem::OneValue(qualifier))),
        (None, None) => Err(wrong(0..0, Problem::NoValue(qualifier))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> (String, String) {
        let wrong = Query::parse(text, Tz::UTC).expect_err(text);
        (text.chars().skip(wrong.place.start).take(wrong.place.len()).collect(), wrong.problem.to_string())
    }

    #[test]
    fn what_cannot_be_read_is_said_with_its_place() {
        for (text, place, words) in [
            ("table:users colour:red", "colour:", "no qualifier “colour”"),
            ("from:2026-11-01 :x", ":", "no qualifier “”"),
            ("actor:\"Ann", "\"Ann", "never closed"),
            ("é \"x", "\"x", "never closed"),
            ("record:42", "42", "no id"),
            ("table:a record:01935e0a-7c41-7b1e-9f02-4d8a6611c3e7,x", "x", "no id"),
            ("from:2026-02-30", "2026-02-30", "no day"),
            ("to:\"yesterday evening\"", "\"yesterday evening\"", "no day"),
            ("ip:192.0.2.300", "192.0.2.300", "no address"),
            ("outcome:good", "good", "ok, refused or failed"),
            ("review:open,done", "done", "open, reviewed, question or finding"),
            ("from:2026-11-02 to:2026-11-01", "to:2026-11-01", "ends before"),
            ("-from:2026-11-02", "-from:2026-11-02", "cannot be excluded"),
            ("from:2026-11-01,2026-11-02", "2026-11-02", "takes one value"),
            ("table:a table:b", "table:b", "table:one,other"),
            ("table:", "table:", "needs a value"),
            ("table:a,,b", "table:a,,b", "needs a value"),
            ("actor:system:", "system:", "needs a value"),
            ("salary", "salary", "Say where to look"),
            ("-table:a salary", "salary", "Say where to look"),
            ("table:a \"\"", "\"\"", "nothing between"),
            ("table:a -", "-", "directly before"),
            ("table:a,b,c,d,e,f,g,h,i,j,k", "table:a,b,c,d,e,f,g,h,i,j,k", "at most 10"),
        ] {
            let (at, said) = refused(text);
            assert_eq!(at, place, "{text}: {said}");
            assert!(said.contains(words), "{text}: {said}");
        }
    }

    #[test]
    fn quotes_keep_words_together_and_names_literal() {
        let read = |text: &str| Query::parse(text, Tz::UTC).expect(text);
        let query = read("actor:me,\"me\",db:\"odd role\" -table:\"a,b\" field:x field:y \"two words\" -status");
        assert_eq!(
            query.terms[0].condition,
            Condition::Actor(vec![Who::Me, Who::User("me".to_owned()), Who::Database("odd role".to_owned())])
        );
        assert_eq!((query.terms[1].sense, &query.terms[1].condition), (Sense::Unwanted, &Condition::Table(vec!["a,b".to_owned()])));
        assert_eq!(query.terms[4].condition, Condition::Words("two words".to_owned()));
        assert_eq!(query.terms[5].sense, Sense::Unwanted);
        assert_eq!(query.to_string(), "actor:me,\"me\",db:\"odd role\" -table:\"a,b\" field:x field:y \"two words\" -status");
        assert_eq!(read("*").to_string(), "*");
        assert_eq!(read("").terms, []);
        assert_eq!(read("Table:users").to_string(), "table:users");
        assert_eq!(read("table:\"\"").terms[0].condition, Condition::Table(vec![String::new()]));
    }
}
