//! How does a form make a record?

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use uuid::Uuid;

use super::{
    edit::{carried_back, next},
    filling::{filled, find, name_references, owned, take_ownership},
    query,
    record::{back, readable, record_id, resource},
    refusal::{self, Refusal},
    sheet::{Guard, Sheet, Subject, draw, refused},
    stuck, verbs,
    visit::Visit,
};
use crate::{
    app::Console,
    auth::policy::Action,
    db::write::Write,
    error::PageError,
    resource::{
        column::Input,
        form::{Draft, Submission, as_typed},
    },
    workflows::{self, WorkflowError},
};

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
    };
    Ok(draw(&request, &console, &visit, &grant, StatusCode::OK, &draft, &sheet))
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
    let back = carried_back(&submission)?;
    let id = match submission.get("id").filter(|id| !id.is_empty()) {
        Some(id) => {
            record_id(id).map_err(|_| PageError::Unprocessable { what: "The form's id is none. Open the form again.".to_owned() })?
        }
        None => Uuid::now_v7(),
    };
    let connection = console.database.read().await?;
    let (mut draft, problems) = filled(&connection, &console, &visit, &grant, None, &submission).await?;
    let mut sheet = Sheet { resource, subject: Subject::New(id), back, problems, holder: None, stuck: None, guard: Guard::Typed };
    if let Some(asked) = submission.get("find") {
        find(&connection, &visit, &mut draft, asked).await?;
        sheet.problems.clear();
        return Ok(draw(&request, &console, &visit, &grant, StatusCode::OK, &draft, &sheet));
    }
    drop(connection);
    let is_sound = draft.is_sound() && sheet.problems.is_empty();
    // What was sound when the form came first may have become wrong since: an account was deactivated.
    let may_have_been_sound = sheet.problems.is_empty() && draft.is_legible();
    if !may_have_been_sound {
        return refused(&request, &console, &visit, &grant, &draft, &sheet).await;
    }
    let mut changes = draft.changes();
    changes.extend(owned(&grant));
    let write = Write::begin(&console.database, &visit.origin).await?;
    let created = if is_sound {
        workflows::create(&write, &visit.actor, &grant, &console.keys, id, &changes).await.map(Some)
    } else {
        workflows::made_before(&write, &visit.actor, &grant, id, &changes).await
    };
    let created = match created {
        Ok(Some(created)) => {
            write.commit().await?;
            created
        }
        Err(WorkflowError::Stranded(stranded)) => {
            drop(write);
            let connection = console.database.read().await?;
            sheet.stuck = Some(stuck::list(&connection, &stranded).await?);
            sheet.problems.push(("This form", stranded.to_string()));
            return refused(&request, &console, &visit, &grant, &draft, &sheet).await;
        }
        Ok(None) => {
            drop(write);
            return refused(&request, &console, &visit, &grant, &draft, &sheet).await;
        }
        Err(error) => {
            drop(write);
            match refusal::of(error, &draft) {
                Refusal::Page(error) => return Err(error),
                Refusal::Stale(_) => return Err(PageError::internal("a new record cannot have been changed")),
                Refusal::Fields { errors, problems, taken } => {
                    sheet.holder = refusal::holder(&console, &visit, &draft, taken.as_ref()).await?;
                    refusal::refuse(&mut draft, errors, sheet.holder.as_ref(), taken.as_ref());
                    sheet.problems.extend(problems);
                    return refused(&request, &console, &visit, &grant, &draft, &sheet).await;
                }
            }
        }
    };
    verbs::finished(&request, &console, &visit, resource, created, sheet.back.as_deref(), next(&submission)).await
}
