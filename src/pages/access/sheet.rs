//! What does one access review look like, and how is each of its users decided on?

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use uuid::Uuid;

use super::{authorized, people};
use crate::{
    app::Console,
    audit::access::{self, Part, Review, Subject, Verdict},
    auth::{grant::Grant, policy::Action, role::Role},
    db::{value::Value, write::Write},
    error::{PageError, WayOn},
    pages::{
        audit::telling,
        display::{FieldError, TimeShown},
        edit::leave,
        frame::{Crumb, FlashKind, Frame},
        query,
        record::record_id,
        refusal,
        response::page,
        urls,
        visit::Visit,
    },
    resource::form::Submission,
    workflows::{WorkflowError, access_review},
};

const PAGE: i64 = 50;

#[derive(Template)]
#[template(path = "audit/access_review.html")]
struct SheetPage<'a> {
    frame: Frame,
    review: Review,
    action: String,
    csv: String,
    started: TimeShown,
    closed: Option<TimeShown>,
    decided: i64,
    rows: Vec<Row>,
    errors: Vec<FieldError<'a>>,
    verdicts: [Verdict; 3],
    is_all: bool,
    all: String,
    open: String,
    next: Option<String>,
    left: String,
    /// Which page this is, for the forms on it.
    here: Vec<(&'static str, String)>,
}

/// One of the population, ready to be drawn.
struct Row {
    id: Uuid,
    user: Uuid,
    name: String,
    username: String,
    href: Option<String>,
    role: String,
    facts: Vec<(&'static str, String)>,
    granted_href: Option<String>,
    decided: Option<(&'static str, &'static str, String)>,
    note: String,
    is_own: bool,
    error: Option<String>,
}

/// Which page of whom.
struct Place {
    part: Option<Part>,
    after: Option<Uuid>,
}

impl Place {
    fn read(pairs: &[(String, String)]) -> Result<Place, PageError> {
        let mut place = Place { part: None, after: None };
        for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
            match (name.as_str(), value.as_str()) {
                ("show", "open") => place.part = Some(Part::Undecided),
                ("show", "all") => place.part = Some(Part::All),
                ("show", _) => return Err(PageError::bad_request("“show” is “open” or “all”")),
                ("after", id) => {
                    let id = Uuid::try_parse(id).map_err(|_| PageError::bad_request("“after” is no place in this review"))?;
                    place.after = Some(id);
                }
                (name, _) => return Err(PageError::bad_request(format!("This page knows no parameter “{name}”"))),
            }
        }
        Ok(place)
    }
}

impl Place {
    /// The same page of the review again.
    fn address(&self, review: Uuid) -> String {
        let mut address = urls::access_review_url(review);
        let part = self.part.map(|part| if part == Part::All { "show=all".to_owned() } else { "show=open".to_owned() });
        let after = self.after.map(|id| format!("after={}", id.as_hyphenated()));
        for (number, parameter) in part.into_iter().chain(after).enumerate() {
            address.push(if number == 0 { '?' } else { '&' });
            address.push_str(&parameter);
        }
        address
    }
}

/// What was typed beside one user, and what is wrong with it.
struct Typed {
    user: Uuid,
    note: String,
    error: String,
}

/// GET /audit/access/{id}
pub async fn show(
    request: HttpRequest,
    console: web::Data<Console>,
    visit: Visit,
    path: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let grant = authorized(&console, &visit)?;
    let id = record_id(&path)?;
    let place = Place::read(&query::pairs(&request)?)?;
    draw(&request, &console, &visit, &grant, id, place, None).await
}

/// POST /audit/access/{id}: a verdict, or the end of the review.
pub async fn decide(
    request: HttpRequest,
    console: web::Data<Console>,
    visit: Visit,
    path: web::Path<String>,
    submission: Submission,
) -> Result<HttpResponse, PageError> {
    let grant = authorized(&console, &visit)?;
    let id = record_id(&path)?;
    let decision = submission.get("decision").unwrap_or_default();
    if decision == "close" {
        return close(&console, &visit, &grant, id, &submission).await;
    }
    let unclear = || PageError::Unprocessable { what: "This form does not say what becomes of whom. Open the review again.".to_owned() };
    let verdict = Verdict::named(decision).ok_or_else(unclear)?;
    let user = submission.get("user").and_then(|user| record_id(user).ok()).ok_or_else(unclear)?;
    let place = Place::read(&submission.pairs.iter().filter(|(name, _)| name == "show" || name == "after").cloned().collect::<Vec<_>>())?;
    let note = submission.get("note").unwrap_or_default();
    let error = if submission.garbled.iter().any(|name| name == "note") {
        "Holds bytes that are not text (UTF-8). Type it again.".to_owned()
    } else {
        let write = Write::begin(&console.database, &visit.origin).await?;
        match access_review::decide(&write, &visit.actor, &grant, id, user, verdict, note).await {
            Ok(()) => {
                write.commit().await?;
                let to = place.address(id);
                let name = submission.get("name").unwrap_or("this user");
                return Ok(leave(&console, &to, FlashKind::Done, &format!("{}: {name}.", verdict.label())));
            }
            Err(WorkflowError::Fields(mut errors)) if !errors.is_empty() => errors.remove(0).message,
            Err(WorkflowError::Conflict(what)) => return Err(conflict(id, what)),
            Err(error) => return Err(refusal::page(error)),
        }
    };
    let typed = Typed { user, note: note.to_owned(), error };
    draw(&request, &console, &visit, &grant, id, place, Some(typed)).await
}

fn conflict(id: Uuid, what: String) -> PageError {
    PageError::Conflict { what, ways: vec![WayOn::new("The review", urls::access_review_url(id))] }
}

async fn close(console: &Console, visit: &Visit, grant: &Grant, id: Uuid, submission: &Submission) -> Result<HttpResponse, PageError> {
    let seen = submission.get("undecided").and_then(|count| count.parse().ok());
    let seen = seen
        .ok_or_else(|| PageError::Unprocessable { what: "This form does not say how many are left. Open the review again.".to_owned() })?;
    let write = Write::begin(&console.database, &visit.origin).await?;
    match access_review::close(&write, &visit.actor, grant, id, seen).await {
        Ok(()) => {
            write.commit().await?;
            Ok(leave(console, &urls::access_review_url(id), FlashKind::Done, "Closed the review. Nothing in it changes any more."))
        }
        Err(WorkflowError::Conflict(what)) => Err(conflict(id, what)),
        Err(error) => Err(refusal::page(error)),
    }
}

async fn draw(
    request: &HttpRequest,
    console: &Console,
    visit: &Visit,
    grant: &Grant,
    id: Uuid,
    place: Place,
    typed: Option<Typed>,
) -> Result<HttpResponse, PageError> {
    let connection = console.database.read().await?;
    let review = access::review(&connection, grant, id).await?.ok_or_else(|| PageError::not_found("access review with this id"))?;
    let part = place.part.unwrap_or(if review.closed.is_some() { Part::All } else { Part::Undecided });
    let mut subjects = access::subjects(&connection, grant, id, part, place.after, PAGE + 1).await?;
    drop(connection);
    let more = subjects.len() > PAGE as usize;
    subjects.truncate(PAGE as usize);
    let (zone, now) = (visit.actor.preferences.time_zone, Utc::now());
    let action = urls::access_review_url(id);
    let show = |part: Part| format!("{action}?show={}", if part == Part::All { "all" } else { "open" });
    let next = subjects.last().filter(|_| more).map(|last| format!("{}&after={}", show(part), last.id.as_hyphenated()));
    let users = super::users(console)?;
    let may_read = visit.actor.may(Action::Read, users);
    let rows: Vec<Row> = subjects
        .into_iter()
        .map(|subject| {
            let typed = typed.as_ref().filter(|typed| typed.user == subject.user);
            let href = may_read.then(|| urls::record_url(users, subject.user));
            row(subject, href, visit.actor.id, typed, zone, now)
        })
        .collect();
    let title = if typed.is_some() { format!("Error: {}", review.title) } else { review.title.clone() };
    let column = typed.as_ref().map(|typed| format!("note-{}", typed.user)).unwrap_or_default();
    let errors = typed.iter().map(|typed| FieldError { column: &column, label: "Reason", text: &typed.error }).collect();
    let status = if typed.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let crumbs = vec![
        Crumb { label: "Compliance".to_owned(), href: None },
        Crumb { label: "Access review".to_owned(), href: Some(urls::ACCESS_REVIEWS.to_owned()) },
        Crumb { label: review.title.clone(), href: None },
    ];
    let template = SheetPage {
        frame: Frame::for_page(console, visit, request, title, crumbs),
        csv: format!("{action}/result.csv"),
        started: TimeShown::new(review.started_at, zone, now),
        closed: review.closed.as_ref().map(|closed| TimeShown::new(closed.at, zone, now)),
        decided: i64::from(review.population) - review.undecided,
        rows,
        errors,
        verdicts: Verdict::ALL,
        is_all: part == Part::All,
        all: show(Part::All),
        open: show(Part::Undecided),
        next,
        left: people(review.undecided),
        here: [("show", place.part.map(|part| if part == Part::All { "all".to_owned() } else { "open".to_owned() }))]
            .into_iter()
            .chain([("after", place.after.map(|id| id.as_hyphenated().to_string()))])
            .filter_map(|(name, value)| Some((name, value?)))
            .collect(),
        action,
        review,
    };
    Ok(page(request, status, &template))
}

fn row(subject: Subject, href: Option<String>, actor: Uuid, typed: Option<&Typed>, zone: Tz, now: DateTime<Utc>) -> Row {
    let when = |at: &Value| if at.is_null() { "never".to_owned() } else { telling::when(at, zone, now) };
    let mut facts = vec![
        ("Active", if subject.is_active == Some(true) { "Yes" } else { "No" }.to_owned()),
        ("Last sign-in", when(&subject.last_login)),
        ("Open sessions", subject.open_sessions.to_string()),
        ("Active keys", subject.active_keys.to_string()),
    ];
    facts.push(match (&subject.granted_by, subject.granted_at.is_null()) {
        (Some(by), false) => ("Role given", format!("by {by}, {}", when(&subject.granted_at))),
        (None, false) => ("Role given", format!("by somebody the log does not name, {}", when(&subject.granted_at))),
        (_, true) => ("Role given", "the log does not say".to_owned()),
    });
    if !subject.made_at.is_null() {
        let by = subject.made_by.as_deref().map(|by| format!(" by {by}")).unwrap_or_default();
        facts.push(("Account made", format!("{}{by}", when(&subject.made_at))));
    }
    let decided = subject.decided.as_ref().map(|decided| {
        let tone = match decided.verdict {
            Verdict::Keep => "ok",
            Verdict::Change => "wait",
            Verdict::Remove => "bad",
        };
        let note = if decided.note.is_empty() { String::new() } else { format!(": {}", decided.note) };
        (decided.verdict.label(), tone, format!("by {}, {}{note}", decided.by, TimeShown::new(decided.at, zone, now)))
    });
    let role = subject
        .role
        .as_deref()
        .map_or_else(|| "No role".to_owned(), |role| Role::named(role).map_or_else(|| role.to_owned(), |role| role.label().to_owned()));
    let granted_href =
        subject.granted_log.as_deref().zip(subject.granted_entry).map(|(log, id)| format!("/tables/{log}/{}", id.as_hyphenated()));
    Row {
        id: subject.id,
        user: subject.user,
        name: subject.full_name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| subject.username.clone()),
        username: subject.username,
        href,
        role,
        facts,
        granted_href,
        note: typed.map(|typed| typed.note.clone()).unwrap_or_default(),
        error: typed.map(|typed| typed.error.clone()),
        is_own: subject.user == actor,
        decided,
    }
}
