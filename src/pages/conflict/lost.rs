//! There is nothing to save into any more: how does what was typed stay with whoever typed it?

use actix_web::{HttpRequest, HttpResponse, ResponseError as _};
use askama::Template;
use uuid::Uuid;

use crate::{
    app::Console,
    auth::policy::Action,
    db::pool::{Connection, DatabaseError},
    error::{PageError, WayOn},
    pages::{error::request_id, frame::Frame, record::trail, response::page, resume, urls, visit::Visit},
    resource::{Column, Kind, Resource, column::Input, form::Submission, reference::lookup},
};

#[derive(Template)]
#[template(path = "resource/lost.html")]
struct LostPage<'a> {
    frame: Frame,
    resource: &'static Resource,
    heading: String,
    why: &'a str,
    typed: Vec<Typed>,
    ways: Vec<WayOn>,
    request_id: String,
}

struct Typed {
    label: &'static str,
    words: String,
}

/// A page of the same status with what was typed, where the record was deleted or decided while its form was open; every
/// other failure is passed on.
///
/// # Errors
/// The failure itself, where it is another one.
pub async fn page_of(
    error: PageError,
    request: &HttpRequest,
    console: &Console,
    visit: &Visit,
    resource: &'static Resource,
    submission: &Submission,
) -> Result<HttpResponse, PageError> {
    let status = error.status_code();
    let (heading, why, mut ways) = match error {
        PageError::NotFound { detail: Some(why), ways, .. } => {
            (format!("This {} was deleted while you were editing", resource.singular), why, ways)
        }
        PageError::Conflict { what, ways } => ("Somebody was faster".to_owned(), what, ways),
        error => return Err(error),
    };
    let connection = console.database.read().await?;
    let typed = typed(&connection, visit, resource, submission).await?;
    drop(connection);
    if ways.is_empty() {
        ways.push(WayOn::new(format!("All {}", resource.several()), urls::list_url(resource)));
    }
    if visit.actor.may(Action::Create, resource) {
        ways.push(WayOn::new(format!("New {}", resource.singular), urls::new_url(resource)));
    }
    let crumbs = trail(resource, None, &[(&heading, None)]);
    let frame = Frame::for_page(console, visit, request, format!("Error: {heading}"), crumbs);
    Ok(page(request, status, &LostPage { frame, resource, heading, why: &why, typed, ways, request_id: request_id(request).0 }))
}

/// The fields of the form that came, in the table's order; what was to be kept secret is left out.
async fn typed(
    connection: &Connection,
    visit: &Visit,
    resource: &'static Resource,
    submission: &Submission,
) -> Result<Vec<Typed>, DatabaseError> {
    let shown = Submission { pairs: resume::without_secrets(submission), garbled: Vec::new() };
    let mut all = Vec::new();
    for column in resource.columns.iter().filter(|column| column.on_edit != Input::Never) {
        if let Some(text) = shown.get(column.name).filter(|text| !text.is_empty()) {
            all.push(Typed { label: column.label, words: words(connection, visit, column, text).await? });
        }
    }
    Ok(all)
}

async fn words(connection: &Connection, visit: &Visit, column: &'static Column, text: &str) -> Result<String, DatabaseError> {
    let found = match (column.kind, Uuid::try_parse(text)) {
        (Kind::Reference(target), Ok(id)) => match visit.actor.authorize(Action::Read, target) {
            Ok(grant) => lookup(connection, &grant, id).await?.map(|found| found.label),
            Err(_) => None,
        },
        (Kind::Choice(choices), _) => choices.iter().find(|choice| choice.value == text).map(|choice| choice.label.to_owned()),
        (Kind::Bool, _) => Some(if text == "true" { "Yes" } else { "No" }.to_owned()),
        _ => None,
    };
    Ok(found.unwrap_or_else(|| text.to_owned()))
}
