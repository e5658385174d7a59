//! Which entries are asked for, once the names in a query are known?

use uuid::Uuid;

use super::query::{Condition, Outcome, Period, Query, Sense, Who};
use crate::{
    audit::review::State,
    db::{
        pool::{Connection, DatabaseError},
        value::Address,
    },
};

/// A part of the trail.
#[derive(Debug, Clone, Default)]
pub struct Slice {
    pub filters: Vec<Filter>,
    pub period: Period,
    /// User names that nobody has.
    pub strangers: Vec<String>,
}

#[derive(Debug, Clone)]
pub struct Filter {
    pub sense: Sense,
    pub test: Test,
}

#[derive(Debug, Clone)]
pub enum Test {
    Actor(Actors),
    /// Any of these values of a column that both logs have.
    Column(&'static str, Vec<String>),
    Record(Vec<Uuid>),
    Field(Vec<String>),
    Address(Vec<Address>),
    Request(Vec<String>),
    Outcome(Vec<Outcome>),
    Review(Vec<State>),
    Words(String),
}

#[derive(Debug, Clone, Default)]
pub struct Actors {
    pub users: Vec<Uuid>,
    /// As the registry's log writes them down: an id, a job, a role, in old entries a name.
    pub texts: Vec<String>,
    pub jobs: Vec<String>,
    pub roles: Vec<String>,
}

/// What has to be read to tell whether an entry is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    Row,
    /// What stands beside it: its row of `audit_details`, what was said of it.
    Details,
    /// What it tells of before and after.
    Documents,
}

impl Test {
    pub fn depth(&self) -> Depth {
        match self {
            Test::Actor(actors) if actors.jobs.is_empty() && actors.roles.is_empty() => Depth::Row,
            Test::Column(..) | Test::Record(_) | Test::Address(_) => Depth::Row,
            Test::Actor(_) | Test::Request(_) | Test::Outcome(_) | Test::Review(_) => Depth::Details,
            Test::Field(_) | Test::Words(_) => Depth::Documents,
        }
    }
}

const NAMED: &str = "SELECT u.id, u.username::text FROM users u WHERE u.username = ANY ($1)";

impl Slice {
    /// Looks the names of users up; `me` is who asks.
    ///
    /// # Errors
    /// See [`DatabaseError`].
    pub async fn of(connection: &Connection, query: &Query, me: Uuid) -> Result<Slice, DatabaseError> {
        let mut slice = Slice { period: query.period(), ..Slice::default() };
        let mut named = Vec::new();
        let asked = query.terms.iter().filter_map(|term| if let Condition::Actor(actors) = &term.condition { Some(actors) } else { None });
        let names: Vec<&str> =
            asked.flatten().filter_map(|who| if let Who::User(name) = who { Some(name.as_str()) } else { None }).collect();
        if !names.is_empty() {
            for row in connection.query(NAMED, &[&names]).await? {
                named.push((row.try_get::<_, Uuid>(0)?, row.try_get::<_, String>(1)?));
            }
        }
        for term in &query.terms {
            let test = match &term.condition {
                Condition::Actor(actors) => Test::Actor(slice.actors(actors, &named, me)),
                Condition::Action(words) => Test::Column("action", in_either_case(words)),
                Condition::Table(tables) => Test::Column("entity_type", tables.clone()),
                Condition::Context(contexts) => Test::Column("context", contexts.clone()),
                Condition::Record(ids) => Test::Record(ids.clone()),
                Condition::Field(fields) => Test::Field(fields.clone()),
                Condition::Address(addresses) => Test::Address(addresses.clone()),
                Condition::Request(ids) => Test::Request(ids.clone()),
                Condition::Outcome(outcomes) => Test::Outcome(outcomes.clone()),
                Condition::Review(states) => Test::Review(states.clone()),
                Condition::Words(words) => Test::Words(words.clone()),
                Condition::From(_) | Condition::To(_) => continue,
            };
            slice.filters.push(Filter { sense: term.sense, test });
        }
        Ok(slice)
    }

    fn actors(&mut self, asked: &[Who], named: &[(Uuid, String)], me: Uuid) -> Actors {
        let mut actors = Actors::default();
        for who in asked {
            match who {
                Who::Me => actors.user(me),
                Who::System(job) => {
                    actors.texts.push(["system:", job].concat());
                    actors.jobs.push(job.clone());
                }
                Who::Database(role) => {
                    actors.texts.push(["db:", role].concat());
                    actors.roles.push(role.clone());
                }
                Who::User(name) => {
                    let ids = named.iter().filter(|(_, known)| known == name).map(|(id, _)| *id);
                    let ids: Vec<Uuid> = ids.chain(Uuid::try_parse(name).ok()).collect();
                    if ids.is_empty() {
                        self.strangers.push(name.clone());
                    }
                    ids.into_iter().for_each(|id| actors.user(id));
                    actors.texts.push(name.clone());
                }
            }
        }
        actors.texts.sort();
        actors.texts.dedup();
        actors.users.sort();
        actors.users.dedup();
        actors
    }

    /// What is still asked of an entry that one of the filters has found.
    pub fn but(&self, found_by: Option<usize>) -> Vec<&Filter> {
        self.filters.iter().enumerate().filter(|(place, _)| Some(*place) != found_by).map(|(_, filter)| filter).collect()
    }

    pub fn words(&self) -> impl Iterator<Item = (Sense, &str)> {
        self.filters
            .iter()
            .filter_map(|filter| if let Test::Words(words) = &filter.test { Some((filter.sense, words.as_str())) } else { None })
    }
}

impl Actors {
    fn user(&mut self, id: Uuid) {
        self.users.push(id);
        self.texts.push(id.as_hyphenated().to_string());
    }
}

/// Existing databases spell actions in capitals or without.
fn in_either_case(words: &[String]) -> Vec<String> {
    let mut spelled: Vec<String> = words.iter().flat_map(|word| [word.clone(), word.to_uppercase(), word.to_lowercase()]).collect();
    spelled.sort();
    spelled.dedup();
    spelled
}
