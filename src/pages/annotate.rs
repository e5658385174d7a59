//! How does an auditor write beside an entry of the log, or beside many at once?

mod found;

use std::collections::HashSet;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use chrono::Utc;
use uuid::Uuid;

use super::{
    display::{ChoiceOption, FieldError, Grouped, TimeShown},
    edit::{carried_back, leave},
    frame::{FlashKind, Frame},
    query,
    record::{back, readable, record_id, trail, with_back},
    refusal,
    response::page,
    reviews, urls,
    visit::Visit,
};
use crate::{
    app::Console,
    audit::{
        entry::Log,
        review::{Annotation, Kind, Place, annotation::EntryKey, annotations, open},
        trail::query::Query,
    },
    auth::{grant::Grant, policy::Action, role::Role},
    db::{
        pool::{Connection, DatabaseError},
        write::Write,
    },
    error::PageError,
    resource::{Resource, form::Submission, record::Record},
    workflows::{WorkflowError, review},
};

/// Before the records' own routes, where it would be taken for a verb.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/tables/{table}/{id}/annotate").get(ask).post(annotate))
        .service(web::resource(urls::ANNOTATE_FOUND).get(found::ask))
        .service(web::resource(urls::REVIEW_SELECTED).post(selected));
}

/// What was said, ready to be drawn.
#[derive(Debug)]
pub struct NoteView {
    pub label: &'static str,
    pub tone: &'static str,
    pub icon: &'static str,
    pub body: String,
    pub by: String,
    pub at: TimeShown,
}

impl NoteView {
    pub fn of(annotation: &Annotation, visit: &Visit) -> NoteView {
        let (tone, icon) = match annotation.kind {
            Kind::Question => ("wait", "info"),
            Kind::Reviewed => ("ok", "check"),
            Kind::Finding => ("bad", "flag"),
        };
        NoteView {
            label: annotation.kind.label(),
            tone,
            icon,
            body: annotation.body.clone(),
            by: annotation.by_name.clone(),
            at: TimeShown::new(annotation.at, visit.actor.preferences.time_zone, Utc::now()),
        }
    }
}

/// What was said of a record that is an entry of a log, for whoever may say something too.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn notes(
    visit: &Visit,
    connection: &Connection,
    resource: &'static Resource,
    id: Uuid,
) -> Result<Option<Vec<NoteView>>, DatabaseError> {
    let (Some(log), Ok(grant)) = (Log::named(resource.table), visit.actor.authorize(Action::Annotate, resource)) else {
        return Ok(None);
    };
    Ok(Some(said(visit, connection, &grant, (log, id)).await?))
}

async fn said(visit: &Visit, connection: &Connection, grant: &Grant, key: EntryKey) -> Result<Vec<NoteView>, DatabaseError> {
    let found = annotations(connection, grant, &[key]).await?;
    Ok(found.get(&key).into_iter().flatten().map(|annotation| NoteView::of(annotation, visit)).collect())
}

#[derive(Template)]
#[template(path = "audit/annotate.html")]
struct AnnotatePage<'a> {
    frame: Frame,
    heading: String,
    action: String,
    record_url: String,
    back: Option<&'a str>,
    why_not: Option<&'static str>,
    notes: Vec<NoteView>,
    kinds: Vec<ChoiceOption<'a>>,
    body: &'a str,
    errors: Vec<FieldError<'a>>,
    kind_error: Option<&'a str>,
    body_error: Option<&'a str>,
    /// The entry, as a mark names it.
    entry: String,
}

/// What was typed, and what is wrong with it.
#[derive(Default)]
struct Typed<'a> {
    kind: &'a str,
    body: &'a str,
    error: Option<(&'static str, String)>,
}

/// The log a table is, with the permission to write beside it.
fn log_of(console: &Console, visit: &Visit, table: &str) -> Result<(Log, &'static Resource, Grant), PageError> {
    let resource = super::record::resource(console, table)?;
    let unknown = || PageError::not_found(format!("action of this name for {}", resource.several()));
    let log = Log::named(resource.table).ok_or_else(unknown)?;
    let grant = visit.actor.authorize(Action::Annotate, resource)?;
    Ok((log, resource, grant))
}

/// To write beside entries of either log.
fn authorized(console: &Console, visit: &Visit) -> Result<Grant, PageError> {
    let _ = log_of(console, visit, Log::Registry.table())?;
    Ok(log_of(console, visit, Log::Main.table())?.2)
}

/// GET /tables/{table}/{id}/annotate
async fn ask(
    request: HttpRequest,
    console: web::Data<Console>,
    visit: Visit,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, PageError> {
    let (log, resource, grant) = log_of(&console, &visit, &path.0)?;
    let id = record_id(&path.1)?;
    let back = back(&query::pairs(&request)?, &[])?;
    let (connection, _, record) = readable(&console, &visit, resource, id).await?;
    draw(&request, &console, &visit, &connection, &grant, (log, &record), back.as_deref(), Typed::default()).await
}

/// POST /tables/{table}/{id}/annotate
async fn annotate(
    request: HttpRequest,
    console: web::Data<Console>,
    visit: Visit,
    path: web::Path<(String, String)>,
    submission: Submission,
) -> Result<HttpResponse, PageError> {
    let (log, resource, grant) = log_of(&console, &visit, &path.0)?;
    let id = record_id(&path.1)?;
    let back = carried_back(&submission)?;
    let (connection, _, record) = readable(&console, &visit, resource, id).await?;
    let (kind, body) = (submission.get("kind").unwrap_or_default(), submission.get("body").unwrap_or_default());
    drop(connection);
    let error = match what(&submission) {
        Err(error) => error,
        Ok(chosen) => {
            let write = Write::begin(&console.database, &visit.origin).await?;
            match review::annotate(&write, &visit.actor, &grant, &[(log, id)], chosen, body).await {
                Ok(_) => {
                    write.commit().await?;
                    let to = with_back(urls::record_url(resource, id), back.as_deref());
                    return Ok(leave(&console, &to, FlashKind::Done, &format!("{}: written beside the entry.", chosen.label())));
                }
                Err(WorkflowError::Fields(mut errors)) if !errors.is_empty() => {
                    let error = errors.remove(0);
                    ("body", error.message)
                }
                Err(error) => return Err(refusal::page(error)),
            }
        }
    };
    // An administrator's own entry is no matter of typing.
    if is_own(&visit, &record) {
        return Err(PageError::Forbidden { what: OWN.to_owned(), allowed_roles: Vec::new() });
    }
    let connection = console.database.read().await?;
    let typed = Typed { kind, body, error: Some(error) };
    draw(&request, &console, &visit, &connection, &grant, (log, &record), back.as_deref(), typed).await
}

const OWN: &str = "This entry is about what you did yourself: an auditor or another administrator looks at it.";

/// Whether it is an administrator's own.
fn is_own(visit: &Visit, record: &Record) -> bool {
    let maker = record.value("user_id");
    let own = visit.actor.id;
    visit.actor.role == Some(Role::Admin)
        && (maker.as_uuid() == Some(own) || maker.as_text().is_some_and(|text| Uuid::try_parse(text) == Ok(own)))
}

/// The kind that was chosen, if the form is text.
fn what(submission: &Submission) -> Result<Kind, (&'static str, String)> {
    if submission.garbled.iter().any(|name| name == "body") {
        return Err(("body", "Holds bytes that are not text (UTF-8). Type it again.".to_owned()));
    }
    submission.get("kind").and_then(Kind::named).ok_or_else(|| ("kind", "Choose what it is: reviewed, a question or a finding.".to_owned()))
}

#[expect(clippy::too_many_arguments, reason = "a page drawn in two places from what both have at hand")]
async fn draw(
    request: &HttpRequest,
    console: &Console,
    visit: &Visit,
    connection: &Connection,
    grant: &Grant,
    (log, record): (Log, &Record),
    back: Option<&str>,
    typed: Typed<'_>,
) -> Result<HttpResponse, PageError> {
    let resource = record.resource;
    let heading = format!("Annotate: {} of {}", record.value("action"), record.value("entity_type"));
    let title = if typed.error.is_some() { format!("Error: {heading}") } else { heading.clone() };
    let record_url = with_back(urls::record_url(resource, record.id), back);
    let name = record.label();
    let crumbs = trail(resource, back, &[(&name, Some(record_url.clone())), ("Annotate", None)]);
    let error_at = |column: &str| typed.error.as_ref().filter(|error| error.0 == column).map(|error| error.1.as_str());
    let label = |column: &str| if column == "kind" { "What it is" } else { "What you say" };
    let status = if typed.error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let template = AnnotatePage {
        frame: Frame::for_page(console, visit, request, title, crumbs),
        heading,
        action: urls::annotate_url(resource.table, record.id),
        record_url,
        back,
        why_not: is_own(visit, record).then_some(OWN),
        notes: said(visit, connection, grant, (log, record.id)).await?,
        kinds: kinds(typed.kind),
        body: typed.body,
        errors: typed.error.iter().map(|(column, text)| FieldError { column, label: label(column), text }).collect(),
        kind_error: error_at("kind"),
        body_error: error_at("body"),
        entry: named((log, record.id)),
    };
    Ok(page(request, status, &template))
}

/// The kinds as radios.
pub fn kinds(chosen: &str) -> Vec<ChoiceOption<'static>> {
    Kind::ALL.into_iter().map(|kind| ChoiceOption { value: kind.name(), label: kind.label(), chosen: kind.name() == chosen }).collect()
}

/// An entry as forms name it: `audit_logs:01935e0a-…`.
pub fn named((log, id): EntryKey) -> String {
    format!("{}:{}", log.table(), id.as_hyphenated())
}

pub fn parse(text: &str) -> Option<EntryKey> {
    let (log, id) = text.split_once(':')?;
    Some((Log::named(log)?, Uuid::try_parse(id).ok().filter(|_| id.len() == 36)?))
}

/// POST /audit/selected: the same beside each entry that was ticked, that a search had found, or that is open.
async fn selected(
    request: HttpRequest,
    console: web::Data<Console>,
    visit: Visit,
    submission: Submission,
) -> Result<HttpResponse, PageError> {
    let grant = authorized(&console, &visit)?;
    let to = carried_back(&submission)?.unwrap_or_else(|| urls::REVIEWS.to_owned());
    let search = search(&visit, &submission)?;
    let body = submission.get("body").unwrap_or_default();
    let error = match what(&submission) {
        Err(error) => error,
        Ok(kind) => {
            let chosen = chosen(&console, &grant, &submission).await?;
            let write = Write::begin(&console.database, &visit.origin).await?;
            match review::annotate(&write, &visit.actor, &grant, &chosen, kind, body).await {
                Ok(written) => {
                    if let Some(search) = search {
                        let left_out = found::apart(&submission, found::LEFT_OUT)?;
                        review::tell(&write, &grant, search, kind, written, left_out.len()).await.map_err(refusal::page)?;
                    }
                    write.commit().await?;
                    let entries = entries_counted(usize::try_from(written).unwrap_or(usize::MAX));
                    return Ok(leave(&console, &to, FlashKind::Done, &format!("{}: written beside {entries}.", kind.label())));
                }
                Err(WorkflowError::Fields(mut errors)) if !errors.is_empty() => ("body", errors.remove(0).message),
                Err(error) => return Err(refusal::page(error)),
            }
        }
    };
    let kind = submission.get("kind").unwrap_or_default();
    if let Some(search) = search.filter(|_| submission.get("all").is_none()) {
        return found::again(&request, &console, &visit, &submission, search, &Typed { kind, body, error: Some(error) }).await;
    }
    let Some(place) = reviews::place_of(&to) else {
        return Err(PageError::Unprocessable { what: error.1 });
    };
    let selected = submission.pairs.iter().filter(|(name, _)| name == "selected").map(|(_, key)| key.as_str()).collect();
    let typed = reviews::Typed { selected, kind: Some(kind), body, error: Some(error) };
    reviews::draw(&request, &console, &visit, &grant, place, &typed).await
}

/// "1 entry", "1,000 entries".
fn entries_counted(count: usize) -> String {
    if count == 1 { "1 entry".to_owned() } else { format!("{} entries", Grouped(count as u64)) }
}

/// What the entries were found by, where they were not ticked one by one. It goes into the log: no other text does.
fn search<'s>(visit: &Visit, submission: &'s Submission) -> Result<Option<&'s str>, PageError> {
    let search = submission.get("all").filter(|all| !all.is_empty()).or_else(|| submission.get("search")).filter(|text| !text.is_empty());
    let is_one = |text: &str| !text.contains('\0') && Query::parse(text, visit.actor.preferences.time_zone).is_ok();
    match search {
        Some(text) if !is_one(text) => Err(PageError::Unprocessable { what: NO_SEARCH.to_owned() }),
        search => Ok(search),
    }
}

const NO_SEARCH: &str = "This form does not say what its entries were found by. Open the search in the trail again.";

/// What the form is about: everything that is open where it says so, else what it names.
async fn chosen(console: &Console, grant: &Grant, submission: &Submission) -> Result<Vec<EntryKey>, PageError> {
    match submission.get("all").filter(|all| !all.is_empty()) {
        Some("review:open") => all_open(console, grant).await,
        // Nobody has looked at what it finds.
        Some(_) => {
            Err(PageError::Unprocessable { what: "Open this search in the trail, and annotate what it finds from there.".to_owned() })
        }
        None => ticked(submission),
    }
}

/// The entries that were ticked, and those that a search had found; the same one twice is one.
fn ticked(submission: &Submission) -> Result<Vec<EntryKey>, PageError> {
    let one_by_one = submission.pairs.iter().filter(|(name, _)| name == "selected").map(|(_, key)| parse(key).ok_or_else(no_entry));
    let mut met = HashSet::new();
    let mut chosen = Vec::new();
    for key in one_by_one.chain(found::apart(submission, found::FOUND)?.into_iter().map(Ok)) {
        let key = key?;
        if met.insert(key) {
            chosen.push(key);
        }
    }
    Ok(chosen)
}

fn no_entry() -> PageError {
    PageError::Unprocessable { what: "What is selected is no entry. Open the list again.".to_owned() }
}

/// The oldest, as many as are annotated at once.
async fn all_open(console: &Console, grant: &Grant) -> Result<Vec<EntryKey>, PageError> {
    let connection = console.database.read().await?;
    let queue = open(&connection, grant, &console.registry, Place::BEGINNING, review::MOST).await?;
    Ok(queue.waiting.iter().map(|waiting| (waiting.entry.log, waiting.entry.id)).collect())
}
