//! How is a record created and changed by a form?

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use chrono::Utc;
use uuid::Uuid;

use super::{
    conflict,
    display::{FieldError, TimeShown},
    fields::{self, Drawn},
    filling::{filled, find, name_references, owned, take_ownership},
    flash,
    frame::{FlashKind, Frame},
    offers, query,
    record::{back, readable, record_id, resource, trail, with_back},
    refusal::{self, Holder, Refusal},
    response::page,
    resume,
    shown::Viewer,
    stuck::{self, StuckList},
    urls, verbs,
    visit::Visit,
};
use crate::{
    app::Console,
    audit::{
        change::value,
        entry::Log,
        history::{HistoryGrant, entry},
    },
    auth::{grant::Grant, policy::Action},
    db::write::Write,
    error::{Kept, PageError, WayOn},
    resource::{
        Resource,
        column::Input,
        form::{Draft, Submission, as_typed},
        record::Record,
        reference,
    },
    workflows::{self, WorkflowError},
};

/// What a form is drawn with beside its fields.
struct Sheet<'a> {
    resource: &'static Resource,
    /// The new record's id, or the record.
    subject: Subject<'a>,
    back: Option<String>,
    /// Problems that belong to no field.
    problems: Vec<(&'static str, String)>,
    holder: Option<Holder>,
    /// What would have too few people left to decide it.
    stuck: Option<StuckList>,
    guard: Guard,
    /// What the form was opened on, field by field: the base of a merge.
    bases: Vec<(String, String)>,
}

#[derive(Clone, Copy)]
enum Subject<'a> {
    New(Uuid),
    Known { record: &'a Record, version: &'a str },
}

/// Whether leaving the page would lose something.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Guard {
    Untouched,
    Typed,
}

#[derive(Template)]
#[template(path = "resource/form.html")]
struct FormPage<'a> {
    frame: Frame,
    heading: String,
    action: String,
    cancel: String,
    id: Option<Uuid>,
    version: Option<&'a str>,
    back: Option<&'a str>,
    errors: Vec<FieldError<'a>>,
    stuck: Option<&'a StuckList>,
    fields: Vec<Drawn<'a>>,
    bases: &'a [(String, String)],
    typed: bool,
    until: TimeShown,
    actor: &'a str,
}

/// GET /tables/{table}/new
pub async fn blank(
    request: HttpRequest,
    console: web::Data<Console>,
    visit: Visit,
    path: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let resource = resource(&console, &path)?;
    let grant = visit.actor.authorize(Action::Create, resource)?;
    let pairs = query::pairs(&request)?;
    let mut known = vec!["copy"];
    known.extend(resource.columns.iter().filter(|column| column.on_create != Input::Never).map(|column| column.name));
    let back = back(&pairs, &known)?;
    let zone = visit.actor.preferences.time_zone;
    let mut presets = Submission::default();
    let copied = pairs.iter().find(|(name, value)| name == "copy" && !value.is_empty());
    let connection = match copied {
        None => console.database.read().await?,
        Some((_, id)) => {
            let (connection, _, record) = readable(&console, &visit, resource, record_id(id)?).await?;
            let copied = record.fields().filter(|(column, _)| column.on_create != Input::Never);
            presets.pairs.extend(copied.map(|(column, cell)| (column.name.to_owned(), as_typed(&cell.value, column.kind, zone))));
            connection
        }
    };
    presets.pairs.extend(pairs.iter().filter(|(name, _)| name != "copy" && name != "return").cloned());
    let mut draft = Draft::blank(resource, &presets, zone);
    take_ownership(&mut draft, &grant);
    name_references(&connection, &visit, &mut draft).await?;
    let sheet = Sheet {
        resource,
        subject: Subject::New(Uuid::now_v7()),
        back,
        problems: Vec::new(),
        holder: None,
        stuck: None,
        guard: Guard::Untouched,
        bases: Vec::new(),
    };
    draw(&request, &console, &visit, &grant, StatusCode::OK, &draft, &sheet).await
}

/// POST /tables/{table}
pub async fn create(
    request: HttpRequest,
    console: web::Data<Console>,
    visit: Visit,
    path: web::Path<String>,
    submission: Submission,
) -> Result<HttpResponse, PageError> {
    let resource = resource(&console, &path)?;
    let grant = visit.actor.authorize(Action::Create, resource)?;
    let keep = |error: PageError| keeping(error, &request, &submission);
    let back = carried_back(&submission)?;
    let id = match submission.get("id").filter(|id| !id.is_empty()) {
        Some(id) => {
            record_id(id).map_err(|_| PageError::Unprocessable { what: "The form's id is none. Open the form again.".to_owned() })?
        }
        None => Uuid::now_v7(),
    };
    let connection = console.database.read().await.map_err(|error| keep(error.into()))?;
    let (mut draft, problems) =
        filled(&connection, &console, &visit, &grant, None, &submission).await.map_err(|error| keep(error.into()))?;
    let mut sheet =
        Sheet { resource, subject: Subject::New(id), back, problems, holder: None, stuck: None, guard: Guard::Typed, bases: Vec::new() };
    if let Some(asked) = submission.get("find") {
        find(&connection, &visit, &mut draft, asked).await?;
        sheet.problems.clear();
        return draw(&request, &console, &visit, &grant, StatusCode::OK, &draft, &sheet).await;
    }
    drop(connection);
    let is_sound = draft.is_sound() && sheet.problems.is_empty();
    // What was sound when the form came first may have become wrong since: an account was deactivated.
    let may_have_been_sound = sheet.problems.is_empty() && draft.is_legible();
    if !may_have_been_sound {
        return draw(&request, &console, &visit, &grant, StatusCode::UNPROCESSABLE_ENTITY, &draft, &sheet).await;
    }
    let mut changes = draft.changes();
    changes.extend(owned(&grant));
    let write = Write::begin(&console.database, &visit.origin).await.map_err(|error| keep(error.into()))?;
    let created = if is_sound {
        workflows::create(&write, &visit.actor, &grant, &console.keys, id, &changes).await.map(Some)
    } else {
        workflows::made_before(&write, &visit.actor, &grant, id, &changes).await
    };
    let created = match created {
        Ok(Some(created)) => {
            write.commit().await.map_err(|error| keep(error.into()))?;
            created
        }
        Err(WorkflowError::Stranded(stranded)) => {
            drop(write);
            let connection = console.database.read().await.map_err(|error| keep(error.into()))?;
            sheet.stuck = Some(stuck::list(&connection, &stranded).await?);
            sheet.problems.push(("This form", stranded.to_string()));
            return draw(&request, &console, &visit, &grant, StatusCode::UNPROCESSABLE_ENTITY, &draft, &sheet).await;
        }
        Ok(None) => {
            drop(write);
            return draw(&request, &console, &visit, &grant, StatusCode::UNPROCESSABLE_ENTITY, &draft, &sheet).await;
        }
        Err(error) => {
            drop(write);
            match refusal::of(error, &draft) {
                Refusal::Page(error) => return Err(keep(error)),
                Refusal::Stale(_) => return Err(PageError::internal("a new record cannot have been changed")),
                Refusal::Fields { errors, problems, taken } => {
                    sheet.holder = refusal::holder(&console, &visit, &draft, taken.as_ref()).await?;
                    refusal::refuse(&mut draft, errors, sheet.holder.as_ref(), taken.as_ref());
                    sheet.problems.extend(problems);
                    return draw(&request, &console, &visit, &grant, StatusCode::UNPROCESSABLE_ENTITY, &draft, &sheet).await;
                }
            }
        }
    };
    verbs::finished(&request, &console, &visit, resource, created, sheet.back.as_deref(), next(&submission)).await
}

/// GET /tables/{table}/{id}/edit
pub async fn open(
    request: HttpRequest,
    console: web::Data<Console>,
    visit: Visit,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, PageError> {
    let resource = resource(&console, &path.0)?;
    let id = record_id(&path.1)?;
    let pairs = query::pairs(&request)?;
    let back = back(&pairs, &["from"])?;
    let grant = visit.actor.authorize(Action::Edit, resource)?;
    let (connection, read, record) = readable(&console, &visit, resource, id).await?;
    editable(&visit, &record)?;
    let zone = visit.actor.preferences.time_zone;
    let (mut draft, guard) = match pairs.iter().find(|(name, value)| name == "from" && !value.is_empty()) {
        None => (Draft::of(&record, zone), Guard::Untouched),
        Some((_, from)) => {
            let log = HistoryGrant::ask(&visit.actor, &console.registry).ok_or_else(|| PageError::not_found("log of this console"))??;
            let (name, entry_id) = from.split_once(':').ok_or_else(|| PageError::bad_request("“from” names no entry of a log"))?;
            let named = Log::named(name).ok_or_else(|| PageError::bad_request("“from” names no log"))?;
            let entry_id = record_id(entry_id)?;
            let entry = entry(&connection, log, &read, id, named, entry_id).await?;
            let entry = entry.ok_or_else(|| PageError::not_found(format!("entry about this {}", resource.singular)))?;
            let mut before = Submission::default();
            for (name, json) in entry.values_to_put_back(resource) {
                if let Some(column) = resource.column(name).filter(|column| column.on_edit != Input::Never)
                    && let Some(value) = value(json, column.kind)
                {
                    before.pairs.push((name.to_owned(), as_typed(&value, column.kind, zone)));
                }
            }
            let mut draft = Draft::submitted(resource, Some(&record), &before, zone);
            reference::resolve(&connection, &visit.actor, &mut draft).await?;
            (draft, Guard::Typed)
        }
    };
    reference::fix(&connection, &console.registry, &mut draft).await?;
    let version = record.version();
    let subject = Subject::Known { record: &record, version: &version };
    let sheet =
        Sheet { resource, subject, back, problems: Vec::new(), holder: None, stuck: None, guard, bases: fields::bases(&record, zone) };
    draw(&request, &console, &visit, &grant, StatusCode::OK, &draft, &sheet).await
}

/// POST /tables/{table}/{id}
pub async fn save(
    request: HttpRequest,
    console: web::Data<Console>,
    visit: Visit,
    path: web::Path<(String, String)>,
    submission: Submission,
) -> Result<HttpResponse, PageError> {
    let resource = resource(&console, &path.0)?;
    let id = record_id(&path.1)?;
    let sent = submission;
    let keep = |error: PageError| keeping(error, &request, &sent);
    let (version, fields) = sent.without_version();
    let (submission, unmerged) = conflict::decided(fields);
    let grant = visit.actor.authorize(Action::Edit, resource)?;
    let back = carried_back(&submission)?;
    let (connection, _, record) = readable(&console, &visit, resource, id).await.map_err(keep)?;
    editable(&visit, &record)?;
    let (mut draft, problems) =
        filled(&connection, &console, &visit, &grant, Some(&record), &submission).await.map_err(|error| keep(error.into()))?;
    let subject = Subject::Known { record: &record, version: &version };
    let bases = conflict::bases(&submission);
    let mut sheet = Sheet { resource, subject, back, problems, holder: None, stuck: None, guard: Guard::Typed, bases };
    if let Some(asked) = submission.get("find") {
        find(&connection, &visit, &mut draft, asked).await?;
        sheet.problems.clear();
        return draw(&request, &console, &visit, &grant, StatusCode::OK, &draft, &sheet).await;
    }
    if !unmerged.is_empty() {
        let merge =
            conflict::Merge { resource, theirs: &record, mine: &draft, submission: &submission, back: sheet.back.as_deref(), unmerged };
        return conflict::page_of(&request, &console, &visit, &connection, merge).await;
    }
    if !draft.is_sound() || !sheet.problems.is_empty() {
        drop(connection);
        return draw(&request, &console, &visit, &grant, StatusCode::UNPROCESSABLE_ENTITY, &draft, &sheet).await;
    }
    let changes = draft.changes();
    if changes.is_empty() {
        return Ok(leave(
            &console,
            &with_back(urls::record_url(resource, id), sheet.back.as_deref()),
            FlashKind::Warning,
            "Nothing was changed.",
        ));
    }
    drop(connection);
    let write = Write::begin(&console.database, &visit.origin).await.map_err(|error| keep(error.into()))?;
    let saved = match workflows::save(&write, &visit.actor, &grant, &console.keys, id, &version, &changes).await {
        Ok(saved) => {
            write.commit().await.map_err(|error| keep(error.into()))?;
            saved
        }
        Err(WorkflowError::Stranded(stranded)) => {
            drop(write);
            let connection = console.database.read().await.map_err(|error| keep(error.into()))?;
            sheet.stuck = Some(stuck::list(&connection, &stranded).await?);
            sheet.problems.push(("This form", stranded.to_string()));
            return draw(&request, &console, &visit, &grant, StatusCode::UNPROCESSABLE_ENTITY, &draft, &sheet).await;
        }
        Err(error) => {
            drop(write);
            match refusal::of(error, &draft) {
                Refusal::Page(error) => return Err(keep(error)),
                Refusal::Stale(theirs) => {
                    editable(&visit, &theirs)?;
                    let connection = console.database.read().await.map_err(|error| keep(error.into()))?;
                    let (mine, _) = filled(&connection, &console, &visit, &grant, Some(&theirs), &submission).await?;
                    let back = sheet.back.as_deref();
                    let merge =
                        conflict::Merge { resource, theirs: &theirs, mine: &mine, submission: &submission, back, unmerged: Vec::new() };
                    return conflict::page_of(&request, &console, &visit, &connection, merge).await;
                }
                Refusal::Fields { errors, problems, taken } => {
                    sheet.holder = refusal::holder(&console, &visit, &draft, taken.as_ref()).await?;
                    refusal::refuse(&mut draft, errors, sheet.holder.as_ref(), taken.as_ref());
                    sheet.problems.extend(problems);
                    return draw(&request, &console, &visit, &grant, StatusCode::UNPROCESSABLE_ENTITY, &draft, &sheet).await;
                }
            }
        }
    };
    verbs::finished(&request, &console, &visit, resource, saved, sheet.back.as_deref(), next(&submission)).await
}

fn next(submission: &Submission) -> verbs::Next {
    if submission.get("then") == Some("another") { verbs::Next::Another } else { verbs::Next::Record }
}

/// Refuses what this record's state does not allow.
fn editable(visit: &Visit, record: &Record) -> Result<(), PageError> {
    match offers::obstacle(Action::Edit, record, &visit.actor) {
        None => Ok(()),
        Some(why) => {
            let ways = vec![WayOn::new(format!("The {}", record.resource.singular), urls::record_url(record.resource, record.id))];
            Err(PageError::Conflict { what: why.to_owned(), ways })
        }
    }
}

async fn draw(
    request: &HttpRequest,
    console: &Console,
    visit: &Visit,
    grant: &Grant,
    status: StatusCode,
    draft: &Draft<'_>,
    sheet: &Sheet<'_>,
) -> Result<HttpResponse, PageError> {
    let resource = sheet.resource;
    let back = sheet.back.as_deref();
    let now = Utc::now();
    let viewer = Viewer::new(&visit.actor, grant, now);
    let mut drawn = fields::drawn(draft, &viewer);
    if let Some(holder) = &sheet.holder
        && let Some(drawn) = drawn.iter_mut().find(|drawn| drawn.field.column == holder.column)
    {
        drawn.holder = holder.link.clone().map(|href| (holder.label.clone(), href));
    }
    let failed = status == StatusCode::UNPROCESSABLE_ENTITY;
    let wrong = draft.errors().filter(|_| failed);
    let texts: Vec<_> = wrong.map(|(column, text)| (column.name, column.label, text)).collect();
    let mut errors: Vec<_> = texts.iter().map(|(column, label, text)| FieldError { column, label, text }).collect();
    errors.extend(sheet.problems.iter().map(|(label, text)| FieldError { column: "main", label, text }));
    let (heading, action, here, steps, id, version) = match sheet.subject {
        Subject::New(id) => {
            let heading = format!("New {}", resource.singular);
            (heading.clone(), urls::list_url(resource), urls::list_url(resource), vec![(heading, None)], Some(id), None)
        }
        Subject::Known { record, version } => {
            let here = urls::record_url(resource, record.id);
            let label = record.label();
            let steps = vec![(label.clone(), Some(with_back(here.clone(), back))), ("Edit".to_owned(), None)];
            (format!("Edit {label}"), here.clone(), here, steps, None, Some(version))
        }
    };
    let steps: Vec<_> = steps.iter().map(|(label, href)| (label.as_str(), href.clone())).collect();
    let title = if failed { format!("Error: {heading}") } else { heading.clone() };
    let cancel = match sheet.subject {
        Subject::New(_) => back.map_or(here, str::to_owned),
        Subject::Known { .. } => with_back(here, back),
    };
    let template = FormPage {
        frame: Frame::for_page(console, visit, request, title, trail(resource, back, &steps)),
        heading,
        action,
        cancel,
        id,
        version,
        back,
        errors,
        stuck: sheet.stuck.as_ref(),
        fields: drawn,
        bases: &sheet.bases,
        typed: sheet.guard == Guard::Typed,
        until: TimeShown::new(visit.session_ends, viewer.zone, now),
        actor: &visit.actor.full_name,
    };
    Ok(page(request, status, &template))
}

pub fn carried_back(submission: &Submission) -> Result<Option<String>, PageError> {
    back(&submission.pairs.iter().filter(|(name, _)| name == "return").cloned().collect::<Vec<_>>(), &[])
}

/// A 303 with what to say on the next page.
pub fn leave(console: &Console, to: &str, kind: FlashKind, text: &str) -> HttpResponse {
    let mut response = HttpResponse::SeeOther().insert_header(("location", to)).finish();
    flash::set(&mut response, console, kind, text);
    response
}

/// While the database is away the page keeps what was typed.
pub fn keeping(error: PageError, request: &HttpRequest, submission: &Submission) -> PageError {
    match error {
        PageError::Unavailable { retry_after, kept: None, source } => {
            let kept = resume::action(request).map(|action| Kept {
                action,
                fields: resume::without_secrets(submission),
                word: "Send it again",
                token: None,
            });
            PageError::Unavailable { retry_after, kept, source }
        }
        other => other,
    }
}
