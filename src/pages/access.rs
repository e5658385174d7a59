//! How do auditors review who has which access, one verdict a user?

mod result;
mod sheet;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use chrono::Utc;
use uuid::Uuid;

use super::{
    display::{ChoiceOption, FieldError, Grouped, TimeShown},
    edit::leave,
    frame::{Crumb, FlashKind, Frame},
    query,
    record::record_id,
    refusal,
    response::page,
    urls,
    visit::Visit,
};
use crate::{
    app::Console,
    audit::access::{self, Review, Scope},
    auth::{grant::Grant, policy::Action},
    db::write::Write,
    error::PageError,
    resource::{Resource, form::Submission},
    workflows::{WorkflowError, access_review},
};

/// Reviews that the list shows.
const SHOWN: i64 = 50;

pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource(urls::ACCESS_REVIEWS).get(show).post(start))
        .service(web::resource("/audit/access/{id}").get(sheet::show).post(sheet::decide))
        .service(web::resource("/audit/access/{id}/result.csv").get(result::csv));
}

fn users(console: &Console) -> Result<&'static Resource, PageError> {
    console.registry.find("users").ok_or_else(|| PageError::not_found("access review in this console"))
}

fn authorized(console: &Console, visit: &Visit) -> Result<Grant, PageError> {
    Ok(visit.actor.authorize(Action::ReviewAccess, users(console)?)?)
}

/// A review in the list.
struct Line {
    review: Review,
    href: String,
    started: TimeShown,
    closed: Option<TimeShown>,
    decided: i64,
}

#[derive(Template)]
#[template(path = "audit/access.html")]
struct AccessPage<'a> {
    frame: Frame,
    lines: Vec<Line>,
    id: Uuid,
    title: &'a str,
    scopes: Vec<ChoiceOption<'a>>,
    errors: Vec<FieldError<'a>>,
    title_error: Option<&'a str>,
    scope_error: Option<&'a str>,
}

/// What was typed into the form that begins a review.
struct Typed<'a> {
    id: Uuid,
    title: &'a str,
    scope: &'a str,
    error: Option<(&'static str, String)>,
}

/// GET /audit/access
async fn show(request: HttpRequest, console: web::Data<Console>, visit: Visit) -> Result<HttpResponse, PageError> {
    let grant = authorized(&console, &visit)?;
    if let Some((name, _)) = query::pairs(&request)?.first() {
        return Err(PageError::bad_request(format!("This page knows no parameter “{name}”")));
    }
    let blank = Typed { id: Uuid::now_v7(), title: "", scope: Scope::Privileged.name(), error: None };
    draw(&request, &console, &visit, &grant, blank).await
}

/// POST /audit/access: freezes the population and opens the review.
async fn start(request: HttpRequest, console: web::Data<Console>, visit: Visit, submission: Submission) -> Result<HttpResponse, PageError> {
    let grant = authorized(&console, &visit)?;
    let (title, scope) = (submission.get("title").unwrap_or_default(), submission.get("scope").unwrap_or_default());
    let id = submission.get("id").map(record_id).transpose().ok().flatten();
    let id = id.ok_or_else(|| PageError::Unprocessable { what: "The form’s id is none. Open the form again.".to_owned() })?;
    let error = if submission.garbled.iter().any(|name| name == "title") {
        ("title", "Holds bytes that are not text (UTF-8). Type it again.".to_owned())
    } else if let Some(chosen) = Scope::named(scope) {
        let write = Write::begin(&console.database, &visit.origin).await?;
        match access_review::start(&write, &visit.actor, &grant, id, chosen, title).await {
            Ok(()) => {
                write.commit().await?;
                let said = format!("Began “{}”. Whom it is about is fixed from now on.", title.trim());
                return Ok(leave(&console, &urls::access_review_url(id), FlashKind::Done, &said));
            }
            Err(WorkflowError::Fields(mut errors)) if !errors.is_empty() => ("title", errors.remove(0).message),
            Err(error) => return Err(refusal::page(error)),
        }
    } else {
        ("scope", "Choose whom it is about.".to_owned())
    };
    draw(&request, &console, &visit, &grant, Typed { id, title, scope, error: Some(error) }).await
}

async fn draw(request: &HttpRequest, console: &Console, visit: &Visit, grant: &Grant, typed: Typed<'_>) -> Result<HttpResponse, PageError> {
    let connection = console.database.read().await?;
    let reviews = access::reviews(&connection, grant, SHOWN).await?;
    drop(connection);
    let (zone, now) = (visit.actor.preferences.time_zone, Utc::now());
    let line = |review: Review| Line {
        href: urls::access_review_url(review.id),
        started: TimeShown::new(review.started_at, zone, now),
        closed: review.closed.as_ref().map(|closed| TimeShown::new(closed.at, zone, now)),
        decided: i64::from(review.population) - review.undecided,
        review,
    };
    let heading = "Access review";
    let title = if typed.error.is_some() { format!("Error: {heading}") } else { heading.to_owned() };
    let crumbs = vec![Crumb { label: "Compliance".to_owned(), href: None }, Crumb { label: heading.to_owned(), href: None }];
    let error_at = |column: &str| typed.error.as_ref().filter(|error| error.0 == column).map(|error| error.1.as_str());
    let label = |column: &str| if column == "title" { "Name" } else { "Whom it is about" };
    let status = if typed.error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let template = AccessPage {
        frame: Frame::for_page(console, visit, request, title, crumbs),
        lines: reviews.into_iter().map(line).collect(),
        id: typed.id,
        title: typed.title,
        scopes: Scope::ALL
            .into_iter()
            .map(|scope| ChoiceOption { value: scope.name(), label: scope.label(), chosen: scope.name() == typed.scope })
            .collect(),
        errors: typed.error.iter().map(|(column, text)| FieldError { column, label: label(column), text }).collect(),
        title_error: error_at("title"),
        scope_error: error_at("scope"),
    };
    Ok(page(request, status, &template))
}

/// "1 user", "12 users".
fn people(count: i64) -> String {
    if count == 1 { "1 user".to_owned() } else { format!("{} users", Grouped(count)) }
}
