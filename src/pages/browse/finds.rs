//! Which record does a filter mean that names it by words, and what are the records of a filter called?

use uuid::Uuid;

use super::{panel::may_filter, sentence::Names};
use crate::{
    auth::{actor::Actor, policy::Action},
    db::{
        pool::{Connection, DatabaseError},
        value::Value,
    },
    pages::{shown::Viewer, urls::list_of},
    resource::{
        Column, Kind,
        filter::Condition,
        reference::{self, Candidate},
        request::{BadQuery, ListRequest, Query},
    },
};

/// What came of looking for the words.
pub enum Found {
    /// Nothing was to be found; the list as it is asked for.
    Asked,
    /// Each named exactly one record: the same list by its ids.
    Settled(Query),
    /// Some of them need an answer; the list stands without them meanwhile.
    Open(Vec<Question>),
}

/// Words that name several records, or none.
pub struct Question {
    pub label: &'static str,
    pub typed: String,
    pub choices: Vec<Choice>,
}

pub struct Choice {
    pub label: String,
    pub detail: Option<String>,
    pub href: String,
}

/// Refuses filters that would tell the actor of records that are not for them.
///
/// # Errors
/// The parameter, in the words of one that does not exist.
pub fn check(request: &ListRequest, viewer: &Viewer<'_>) -> Result<(), BadQuery> {
    let refused = |column: &Column, parameter: String| BadQuery {
        parameter,
        problem: format!("your role cannot filter {} by “{}”.", request.resource.several(), column.label),
    };
    for filter in &request.filters {
        let is_me = filter.condition == Condition::Any(vec![Value::Uuid(viewer.actor.id)]);
        if !(may_filter(filter.column, viewer) || is_me && viewer.may_see(filter.column)) {
            return Err(refused(filter.column, super::sentence::parameter(filter)));
        }
    }
    match request.finds.iter().find(|(column, _)| !may_filter(column, viewer)) {
        Some((column, _)) => Err(refused(column, format!("{}.find", column.name))),
        None => Ok(()),
    }
}

/// Looks for the words of every `.find`.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn settle(connection: &Connection, actor: &Actor, request: &mut ListRequest) -> Result<Found, DatabaseError> {
    if request.finds.is_empty() {
        return Ok(Found::Asked);
    }
    let finds = std::mem::take(&mut request.finds);
    let mut query = finds.iter().fold(request.query.clone(), |query, (column, _)| query.without(&[&parameter(column)]));
    let mut open = Vec::new();
    for (column, typed) in finds {
        let Kind::Reference(target) = column.kind else { continue };
        let Ok(grant) = actor.authorize(Action::Read, target) else { continue };
        let found = match Uuid::try_parse(typed.trim()) {
            Ok(id) => vec![Candidate { id, label: String::new(), detail: None, exact: true }],
            Err(_) => reference::candidates(connection, &grant, &typed).await?,
        };
        let exact: Vec<_> = found.iter().filter(|candidate| candidate.exact).collect();
        match (found.as_slice(), exact.as_slice()) {
            ([only], _) => query = query.with(column.name, &only.id.to_string()),
            (_, [only]) => query = query.with(column.name, &only.id.to_string()),
            _ => open.push((column, typed, found)),
        }
    }
    if open.is_empty() {
        return Ok(Found::Settled(query));
    }
    // Without the words the list would answer the same question again on every page.
    request.query = query.clone();
    let question = |(column, typed, found): (&'static Column, String, Vec<Candidate>)| Question {
        label: column.label,
        typed,
        choices: found
            .into_iter()
            .map(|one| Choice {
                href: list_of(request.resource, &query.with(column.name, &one.id.to_string())),
                label: one.label,
                detail: one.detail,
            })
            .collect(),
    };
    Ok(Found::Open(open.into_iter().map(question).collect()))
}

fn parameter(column: &Column) -> String {
    format!("{}.find", column.name)
}

/// The names of the records that a request filters by, for its chips.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn names(connection: &Connection, actor: &Actor, request: &ListRequest) -> Result<Names, DatabaseError> {
    let mut names = Vec::new();
    for filter in &request.filters {
        let (Kind::Reference(target), Condition::Any(values)) = (filter.column.kind, &filter.condition) else { continue };
        for id in values.iter().filter_map(Value::as_uuid) {
            if let Ok(grant) = actor.authorize(Action::Read, target) {
                names.extend(reference::lookup(connection, &grant, id).await?.map(|found| (id, found.label)));
            } else if id == actor.id {
                names.push((id, actor.full_name.clone()));
            }
        }
    }
    Ok(names)
}
