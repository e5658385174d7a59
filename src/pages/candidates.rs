//! Which records can a reference's field mean by what is typed into it?

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use chrono::Utc;
use serde::Serialize;

use super::{browse::find, query, shown::Viewer, visit::Visit};
use crate::{
    app::Console,
    auth::policy::Action,
    error::PageError,
    resource::{Column, Kind, Resource, column::Input, reference},
};

/// Longer than any name.
const LONGEST: usize = 200;

#[derive(Serialize)]
struct Match {
    id: String,
    label: String,
    detail: Option<String>,
}

/// `GET /tables/{table}/candidates?column=&q=`, for pickers: as JSON, at most ten.
pub async fn candidates(
    request: HttpRequest,
    visit: Visit,
    console: web::Data<Console>,
    table: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let resource = find(&console, &table)?;
    let pairs = query::pairs(&request)?;
    if let Some((name, _)) = pairs.iter().find(|(name, _)| name != "column" && name != "q") {
        return Err(PageError::bad_request(format!("“{name}”: there is no such parameter.")));
    }
    let value = |name: &str| pairs.iter().find(|pair| pair.0 == name).map_or("", |pair| pair.1.as_str());
    let (name, typed) = (value("column"), value("q").trim());
    if typed.chars().count() > LONGEST {
        return Err(PageError::bad_request(format!("“q”: takes at most {LONGEST} characters.")));
    }
    let (column, target) =
        picked(resource, name).ok_or_else(|| PageError::bad_request(format!("“column”: “{name}” is not chosen among records here.")))?;
    let asking = action(&visit, resource, column);
    let here = visit.actor.authorize(asking, resource)?;
    if !Viewer::new(&visit.actor, &here, Utc::now()).may_see(column) {
        return Err(visit_refused(&visit, target));
    }
    let grant = visit.actor.authorize(Action::Read, target)?;
    let found = if typed.is_empty() {
        Vec::new()
    } else {
        let connection = console.database.read().await?;
        reference::candidates(&connection, &grant, typed).await?
    };
    let matches: Vec<Match> = found.into_iter().map(|one| Match { id: one.id.to_string(), label: one.label, detail: one.detail }).collect();
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(matches))
}

/// A reference that some form or filter of the table asks for.
fn picked(resource: &'static Resource, name: &str) -> Option<(&'static Column, &'static Resource)> {
    let column = resource.column(name)?;
    let is_asked_for = column.filterable || column.on_create != Input::Never || column.on_edit != Input::Never;
    match column.kind {
        Kind::Reference(target) if is_asked_for => Some((column, target)),
        _ => None,
    }
}

/// What somebody who picks is about to do: the least of it that the actor may.
fn action(visit: &Visit, resource: &'static Resource, column: &Column) -> Action {
    let creates = column.on_create != Input::Never && visit.actor.may(Action::Create, resource);
    let edits = column.on_edit != Input::Never && visit.actor.may(Action::Edit, resource);
    match (creates, edits) {
        (true, _) => Action::Create,
        (false, true) => Action::Edit,
        (false, false) => Action::Read,
    }
}

fn visit_refused(visit: &Visit, target: &'static Resource) -> PageError {
    match visit.actor.authorize(Action::Read, target) {
        Ok(_) => PageError::Forbidden { what: format!("look among {}", target.several()), allowed_roles: Vec::new() },
        Err(refused) => refused.into(),
    }
}
