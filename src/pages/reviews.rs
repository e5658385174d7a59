//! What is an auditor's daily job: what has nobody looked at, and how is it ended?

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use chrono::Utc;
use uuid::Uuid;

use super::{
    annotate::{self, NoteView},
    audit::telling::{EntryView, one_by_one},
    display::{ChoiceOption, Counted, FieldError, TimeShown},
    edit::leave,
    frame::{Crumb, FlashKind, Frame, NavigationLink},
    query, refusal,
    response::page,
    urls,
    visit::Visit,
};
use crate::{
    app::Console,
    audit::{
        entry::Log,
        review::{Annotation, Kind, Mark, Place, annotations, latest_annotations, marks, open, open_count, queue::COUNTED},
        trail_entry::TrailEntry,
    },
    auth::{grant::Grant, policy::Action},
    db::{
        pool::{Connection, DatabaseError},
        write::Write,
    },
    error::{PageError, WayOn},
    resource::{Resource, form::Submission},
    workflows::{WorkflowError, review},
};

const PAGE: usize = 50;
const SHOWN: i64 = 10;

pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource(urls::REVIEWS).get(show).post(mark));
}

/// An entry that waits, ready to be drawn.
struct Open {
    /// As the form names it.
    key: String,
    href: String,
    is_ticked: bool,
    told: EntryView,
    notes: Vec<NoteView>,
}

/// What was found or asked last, with the entry it is about.
struct Noted {
    href: String,
    note: NoteView,
}

struct MarkView {
    to: TimeShown,
    at: TimeShown,
    by: String,
    note: String,
}

#[derive(Template)]
#[template(path = "audit/reviews.html")]
struct ReviewsPage<'a> {
    frame: Frame,
    body: &'a str,
    errors: Vec<FieldError<'a>>,
    kind_error: Option<&'a str>,
    body_error: Option<&'a str>,
    count: Counted,
    entries: Vec<Open>,
    /// The last entry of the page, up to which it can be reviewed, and when it was written.
    last: Option<(String, TimeShown)>,
    next: Option<String>,
    newest: Option<String>,
    here: String,
    kinds: Vec<ChoiceOption<'a>>,
    findings: Vec<Noted>,
    questions: Vec<Noted>,
    marks: Vec<MarkView>,
}

fn log(console: &Console) -> Result<&'static Resource, PageError> {
    console.registry.find(Log::Main.table()).ok_or_else(|| PageError::not_found("log of this console"))
}

/// What of this is in an actor's navigation.
pub fn links(console: &Console, visit: &Visit, path: &str) -> Vec<NavigationLink> {
    let may = |table: &str, action: Action| console.registry.find(table).is_some_and(|resource| visit.actor.may(action, resource));
    let link = |label: &'static str, href: &str, icon: &'static str| NavigationLink {
        label,
        href: href.to_owned(),
        icon,
        current: path == href || path.strip_prefix(href).is_some_and(|rest| rest.starts_with('/')),
        count: None,
    };
    let mut links = Vec::new();
    if may(Log::Main.table(), Action::Annotate) {
        links.push(link("Daily review", urls::REVIEWS, "eye"));
    }
    if may("users", Action::ReviewAccess) {
        links.push(link("Access review", urls::ACCESS_REVIEWS, "users"));
    }
    if may(Log::Main.table(), Action::MakeEvidence) {
        links.push(link("Evidence", urls::EVIDENCE, "evidence"));
    }
    links
}

/// How many entries nobody has reviewed, for whoever reviews them.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn waiting(console: &Console, visit: &Visit, connection: &Connection) -> Result<Option<Counted>, DatabaseError> {
    let Some(Ok(grant)) = console.registry.find(Log::Main.table()).map(|log| visit.actor.authorize(Action::Annotate, log)) else {
        return Ok(None);
    };
    Ok(Some(counted(open_count(connection, &grant).await?)))
}

fn counted(count: Option<i64>) -> Counted {
    match count.map(u64::try_from) {
        Some(Ok(count)) if count > COUNTED.unsigned_abs() => Counted::AtLeast(COUNTED.unsigned_abs()),
        Some(Ok(count)) => Counted::Exactly(count),
        Some(Err(_)) | None => Counted::Unknown,
    }
}

/// GET /audit/reviews
async fn show(request: HttpRequest, console: web::Data<Console>, visit: Visit) -> Result<HttpResponse, PageError> {
    let grant = visit.actor.authorize(Action::Annotate, log(&console)?)?;
    let mut after = Place::BEGINNING;
    for (name, value) in query::pairs(&request)? {
        match name.as_str() {
            "after" if value.is_empty() => {}
            "after" => after = Place::parse(&value).ok_or_else(|| PageError::bad_request("“after” is no place in the queue"))?,
            name => return Err(PageError::bad_request(format!("This page knows no parameter “{name}”"))),
        }
    }
    draw(&request, &console, &visit, &grant, after, &Typed::default()).await
}

/// What was typed into the form beside the ticked entries, and what is wrong with it.
#[derive(Default)]
pub struct Typed<'a> {
    pub selected: Vec<&'a str>,
    pub kind: Option<&'a str>,
    pub body: &'a str,
    pub error: Option<(&'static str, String)>,
}

/// The page of the queue that a form came from, once more; `None` where it came from elsewhere.
pub fn place_of(here: &str) -> Option<Place> {
    match here.strip_prefix(urls::REVIEWS)? {
        "" => Some(Place::BEGINNING),
        rest => Place::parse(rest.strip_prefix("?after=")?),
    }
}

/// The queue behind a place.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn draw(
    request: &HttpRequest,
    console: &Console,
    visit: &Visit,
    grant: &Grant,
    after: Place,
    typed: &Typed<'_>,
) -> Result<HttpResponse, PageError> {
    let connection = console.database.read().await?;
    let queue = open(&connection, grant, &console.registry, after, PAGE).await?;
    let count = counted(open_count(&connection, grant).await?);
    let (findings, questions) = (
        latest_annotations(&connection, grant, Kind::Finding, SHOWN).await?,
        latest_annotations(&connection, grant, Kind::Question, SHOWN).await?,
    );
    let marks = marks(&connection, grant, SHOWN).await?;
    let mut entries = drawn(console, visit, &connection, grant, queue.waiting.clone()).await?;
    for entry in &mut entries {
        entry.is_ticked = typed.selected.contains(&entry.key.as_str());
    }
    drop(connection);
    let (zone, now) = (visit.actor.preferences.time_zone, Utc::now());
    let time = |at| TimeShown::new(at, zone, now);
    let last = queue.waiting.last().map(|waiting| &waiting.entry);
    // What claims to be of the future, in an adopted log, is no place to review to.
    let written = |waiting: &TrailEntry| {
        let at = waiting.entry.at.as_time().and_then(|time| time.moment()).filter(|at| *at <= now)?;
        Some((annotate::named((waiting.entry.log, waiting.entry.id)), time(at)))
    };
    let here = |place: Place| {
        if place == Place::BEGINNING { urls::REVIEWS.to_owned() } else { format!("{}?after={}", urls::REVIEWS, place.parameter()) }
    };
    let noted = |annotation: &Annotation| Noted {
        href: format!("/tables/{}/{}", annotation.log.table(), annotation.entry.as_hyphenated()),
        note: NoteView::of(annotation, visit),
    };
    let mark_view =
        |mark: &Mark| MarkView { to: time(mark.reviewed_to), at: time(mark.at), by: mark.by_name.clone(), note: mark.note.clone() };
    let crumbs = vec![Crumb { label: "Compliance".to_owned(), href: None }, Crumb { label: "Daily review".to_owned(), href: None }];
    let title = if typed.error.is_some() { "Error: Daily review" } else { "Daily review" };
    let label = |column: &str| if column == "kind" { "What they are" } else { "What you say" };
    let error_at = |column: &str| typed.error.as_ref().filter(|error| error.0 == column).map(|error| error.1.as_str());
    let template = ReviewsPage {
        frame: Frame::for_page(console, visit, request, title, crumbs),
        body: typed.body,
        errors: typed.error.iter().map(|(column, text)| FieldError { column, label: label(column), text }).collect(),
        kind_error: error_at("kind"),
        body_error: error_at("body"),
        count,
        last: queue.waiting.iter().rev().find_map(written),
        next: last.filter(|_| queue.more).map(|entry| here(Place::of(entry))),
        newest: (after != Place::BEGINNING).then(|| urls::REVIEWS.to_owned()),
        here: here(after),
        entries,
        kinds: annotate::kinds(typed.kind.unwrap_or(Kind::Reviewed.name())),
        findings: findings.iter().map(noted).collect(),
        questions: questions.iter().map(noted).collect(),
        marks: marks.iter().map(mark_view).collect(),
    };
    let status = if typed.error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(page(request, status, &template))
}

async fn drawn(
    console: &Console,
    visit: &Visit,
    connection: &Connection,
    grant: &Grant,
    waiting: Vec<TrailEntry>,
) -> Result<Vec<Open>, DatabaseError> {
    let keys: Vec<_> = waiting.iter().map(|waiting| (waiting.entry.log, waiting.entry.id)).collect();
    let mut said = annotations(connection, grant, &keys).await?;
    let told = one_by_one(connection, visit, &console.registry, &waiting).await?;
    let open = |(told, key): (EntryView, (Log, Uuid))| Open {
        key: annotate::named(key),
        href: format!("/tables/{}/{}", key.0.table(), key.1.as_hyphenated()),
        is_ticked: false,
        told,
        notes: said.remove(&key).iter().flatten().map(|annotation| NoteView::of(annotation, visit)).collect(),
    };
    Ok(told.into_iter().zip(keys).map(open).collect())
}

/// POST /audit/reviews: everything up to an entry is reviewed.
async fn mark(console: web::Data<Console>, visit: Visit, submission: Submission) -> Result<HttpResponse, PageError> {
    let grant = visit.actor.authorize(Action::Annotate, log(&console)?)?;
    if submission.garbled.iter().any(|name| name == "note") {
        return Err(PageError::Unprocessable { what: "The note holds bytes that are not text (UTF-8). Type it again.".to_owned() });
    }
    let entry = submission.get("entry").and_then(annotate::parse);
    let entry = entry
        .ok_or_else(|| PageError::Unprocessable { what: "This form does not say up to which entry. Open the page again.".to_owned() })?;
    let write = Write::begin(&console.database, &visit.origin).await?;
    match review::mark(&write, &visit.actor, &grant, entry, submission.get("note").unwrap_or_default()).await {
        Ok(()) => {
            write.commit().await?;
            Ok(leave(&console, urls::REVIEWS, FlashKind::Done, "Reviewed to here. What was written since then is listed below."))
        }
        Err(WorkflowError::Conflict(what)) => {
            Err(PageError::Conflict { what, ways: vec![WayOn::new("What is not reviewed", urls::REVIEWS)] })
        }
        Err(error) => Err(refusal::page(error)),
    }
}
