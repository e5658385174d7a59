//! What becomes of the rows that somebody ticked in a list?

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use actix_web::{HttpResponse, http::header, web};
use chrono::Utc;
use uuid::Uuid;

use super::{
    browse::{check, find},
    query, runs,
    shown::Viewer,
    urls,
    visit::Visit,
};
use crate::{
    app::Console,
    auth::{grant::Grant, policy::Action},
    db::{pool::DatabaseError, write::Write},
    error::PageError,
    resource::{
        Resource,
        form::Submission,
        page,
        request::{ListRequest, Position},
    },
    workflows::run::{
        MOST,
        freeze::{TOO_MANY, freeze},
        verb::Verb,
    },
};

/// How long a list is looked through for all that match.
const LONGEST: Duration = Duration::from_secs(5);

/// POST /tables/{table}/selected: freezes the selection and leads to its preview; nothing is done yet.
///
/// # Errors
/// 422 for a selection that cannot be looked at, 403 for whoever may not do this to one row, either.
pub async fn select(
    console: web::Data<Console>,
    visit: Visit,
    path: web::Path<String>,
    submission: Submission,
) -> Result<HttpResponse, PageError> {
    let resource = find(&console, &path)?;
    let (verb, grant) = chosen_verb(&visit, resource, submission.get("decision"))?;
    if submission.garbled.iter().any(|name| name == "reason") {
        return Err(unprocessable("The reason holds bytes that are not text (UTF-8). Type it again."));
    }
    let chosen = match submission.get("all").filter(|query| !query.is_empty()) {
        Some(query) => all(&console, &visit, resource, query).await?,
        None => ticked(resource, &submission)?,
    };
    let write = Write::begin(&console.database, &visit.origin).await?;
    let reason = submission.get("reason").unwrap_or_default();
    let run = freeze(&write, &visit.actor, &grant, &chosen, verb, reason).await.map_err(runs::page_error)?;
    write.commit().await?;
    Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, urls::run_url(run))).finish())
}

/// What the pressed button is for, with the permission for it.
fn chosen_verb(visit: &Visit, resource: &'static Resource, name: Option<&str>) -> Result<(Verb, Grant), PageError> {
    let verbs = Verb::of(resource);
    let Some(first) = verbs.first() else {
        return Err(PageError::not_found(format!("action on several {}", resource.several())));
    };
    match name.and_then(Verb::named).filter(|verb| verbs.contains(verb)) {
        Some(verb) => Ok((verb, visit.actor.authorize(verb.action(), resource)?)),
        None => {
            let _grant = visit.actor.authorize(first.action(), resource)?;
            Err(unprocessable("Choose what to do with what is selected."))
        }
    }
}

fn unprocessable(what: &str) -> PageError {
    PageError::Unprocessable { what: what.to_owned() }
}

/// The rows whose boxes were ticked, and those of the whole page if that box was; the same one twice is one.
fn ticked(resource: &Resource, submission: &Submission) -> Result<Vec<Uuid>, PageError> {
    let rows = submission.pairs.iter().filter(|(name, _)| name == "selected").map(|(_, id)| id.as_str());
    let pages = submission.pairs.iter().filter(|(name, _)| name == "page").flat_map(|(_, ids)| ids.split(','));
    let mut chosen = Vec::new();
    let mut met = HashSet::new();
    for id in rows.chain(pages) {
        let id = Uuid::try_parse(id)
            .map_err(|_| unprocessable(&format!("What is selected is no {}. Open the list again.", resource.singular)))?;
        if met.insert(id) {
            chosen.push(id);
        }
    }
    Ok(chosen)
}

/// Every row of the list that a query says, in its order.
async fn all(console: &Console, visit: &Visit, resource: &'static Resource, query: &str) -> Result<Vec<Uuid>, PageError> {
    let wrong = |problem: String| PageError::Unprocessable { what: format!("The list's filters cannot be read: {problem}") };
    let grant = visit.actor.authorize(Action::Read, resource)?;
    let viewer = Viewer::new(&visit.actor, &grant, Utc::now());
    let pairs = query::decode(query.trim_start_matches('?')).map_err(|bad| wrong(bad.to_string()))?;
    let parsed = ListRequest::parse(resource, &pairs, visit.actor.preferences.time_zone);
    let mut asked = parsed.and_then(|asked| check(&asked, &viewer).map(|()| asked)).map_err(|bad| wrong(bad.to_string()))?;
    if !asked.finds.is_empty() {
        return Err(unprocessable("Choose the record to filter by on the list first."));
    }
    asked.position = Position::First;
    asked.columns = Vec::new();
    // Far below what the type holds.
    asked.limit = MOST as u16;
    let connection = console.database.read().await?;
    let started = Instant::now();
    let mut found = Vec::new();
    loop {
        let page = page::read(&connection, &grant, &asked).await?;
        found.extend(page.rows.iter().map(|row| row.id));
        match (page.reached, page.next) {
            (None, None) if found.len() <= MOST => return Ok(found),
            (Some(_), _) if started.elapsed() > LONGEST => return Err(DatabaseError::TooSlow.into()),
            (Some(reached), _) if found.len() <= MOST => asked.position = Position::After(reached.place),
            (_, _) => return Err(unprocessable(TOO_MANY)),
        }
    }
}
