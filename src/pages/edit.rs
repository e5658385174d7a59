//! How does a form change a record?

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};

use super::{
    conflict::{self, Merge, lost},
    filling::{filled, find},
    flash,
    frame::FlashKind,
    offers, query,
    record::{back, readable, record_id, resource, with_back},
    refusal::{self, Refusal},
    sheet::{Guard, Sheet, Subject, draw, refused},
    stuck, urls, verbs,
    visit::Visit,
};
use crate::{
    app::Console,
    audit::{
        change::value,
        entry::Log,
        history::{HistoryGrant, entry},
    },
    auth::policy::Action,
    db::write::Write,
    error::{PageError, WayOn},
    resource::{
        column::Input,
        form::{Draft, Submission, as_typed},
        record::Record,
        reference,
    },
    workflows::{self, WorkflowError},
};

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
    let sheet = Sheet { resource, subject, back, problems: Vec::new(), holder: None, stuck: None, guard };
    Ok(draw(&request, &console, &visit, &grant, StatusCode::OK, &draft, &sheet))
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
    let (version, submission) = sent.without_version();
    let answers = conflict::Answers::of(resource, &submission);
    let grant = visit.actor.authorize(Action::Edit, resource)?;
    let back = carried_back(&submission)?;
    let found = readable(&console, &visit, resource, id).await;
    let (connection, record) = match found.and_then(|(connection, _, record)| editable(&visit, &record).map(|()| (connection, record))) {
        Ok(found) => found,
        Err(error) => return lost::page_of(error, &request, &console, &visit, resource, &submission).await,
    };
    let (mut draft, problems) = filled(&connection, &console, &visit, &grant, Some(&record), &submission).await?;
    let subject = Subject::Known { record: &record, version: &version };
    let mut sheet = Sheet { resource, subject, back, problems, holder: None, stuck: None, guard: Guard::Typed };
    if let Some(asked) = submission.get("find") {
        find(&connection, &visit, &mut draft, asked).await?;
        sheet.problems.clear();
        return Ok(draw(&request, &console, &visit, &grant, StatusCode::OK, &draft, &sheet));
    }
    if answers.are_missing() {
        let submission = answers.undone(&submission);
        let (mine, _) = filled(&connection, &console, &visit, &grant, Some(&record), &submission).await?;
        let is_current = record.version() == version;
        let opened = answers.opened().filter(|_| is_current).unwrap_or(&version);
        let back = sheet.back.as_deref();
        let merge = Merge { resource, theirs: &record, mine: &mine, submission: &submission, opened, answers: &answers, back };
        return conflict::page_of(&request, &console, &visit, &connection, merge).await;
    }
    if !draft.is_sound() || !sheet.problems.is_empty() {
        drop(connection);
        return refused(&request, &console, &visit, &grant, &draft, &sheet).await;
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
    let write = Write::begin(&console.database, &visit.origin).await?;
    let saved = match workflows::save(&write, &visit.actor, &grant, &console.keys, id, &version, &changes).await {
        Ok(saved) => {
            write.commit().await?;
            saved
        }
        Err(WorkflowError::Stranded(stranded)) => {
            drop(write);
            let connection = console.database.read().await?;
            sheet.stuck = Some(stuck::list(&connection, &stranded).await?);
            sheet.problems.push(("This form", stranded.to_string()));
            return refused(&request, &console, &visit, &grant, &draft, &sheet).await;
        }
        Err(error) => {
            drop(write);
            match refusal::of(error, &draft) {
                Refusal::Page(error @ PageError::NotFound { .. }) => {
                    // Deleted between two looks: the second tells by whom.
                    let error = readable(&console, &visit, resource, id).await.err().unwrap_or(error);
                    return lost::page_of(error, &request, &console, &visit, resource, &submission).await;
                }
                Refusal::Page(error) => return Err(error),
                Refusal::Stale(theirs) => {
                    if let Err(error) = editable(&visit, &theirs) {
                        return lost::page_of(error, &request, &console, &visit, resource, &submission).await;
                    }
                    let connection = console.database.read().await?;
                    let mine = filled(&connection, &console, &visit, &grant, Some(&theirs), &submission).await;
                    let (mine, _) = mine?;
                    let back = sheet.back.as_deref();
                    let merge = Merge {
                        resource,
                        theirs: &theirs,
                        mine: &mine,
                        submission: &submission,
                        opened: &version,
                        answers: &answers,
                        back,
                    };
                    return conflict::page_of(&request, &console, &visit, &connection, merge).await;
                }
                Refusal::Fields { errors, problems, taken } => {
                    sheet.holder = refusal::holder(&console, &visit, &draft, taken.as_ref()).await?;
                    refusal::refuse(&mut draft, errors, sheet.holder.as_ref(), taken.as_ref());
                    sheet.problems.extend(problems);
                    return refused(&request, &console, &visit, &grant, &draft, &sheet).await;
                }
            }
        }
    };
    verbs::finished(&request, &console, &visit, resource, saved, sheet.back.as_deref(), next(&submission)).await
}

/// Where whoever sent the form wants to go from there.
pub fn next(submission: &Submission) -> verbs::Next {
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

pub fn carried_back(submission: &Submission) -> Result<Option<String>, PageError> {
    back(&submission.pairs.iter().filter(|(name, _)| name == "return").cloned().collect::<Vec<_>>(), &[])
}

/// A 303 with what to say on the next page.
pub fn leave(console: &Console, to: &str, kind: FlashKind, text: &str) -> HttpResponse {
    let mut response = HttpResponse::SeeOther().insert_header(("location", to)).finish();
    flash::set(&mut response, console, kind, text);
    response
}
