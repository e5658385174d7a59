//! How is the form of a record drawn, new or known?

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use askama::Template;
use chrono::Utc;
use uuid::Uuid;

use super::{
    display::{FieldError, TimeShown},
    fields::{self, Drawn},
    frame::Frame,
    record::{trail, with_back},
    refusal::Holder,
    response::page,
    shown::Viewer,
    stuck::StuckList,
    urls,
    visit::Visit,
};
use crate::{
    app::Console,
    auth::grant::Grant,
    error::PageError,
    resource::{Resource, form::Draft, record::Record},
    workflows::attempt::{self, Attempt},
};

/// What a form is drawn with beside its fields.
pub struct Sheet<'a> {
    pub resource: &'static Resource,
    /// The new record's id, or the record.
    pub subject: Subject<'a>,
    pub back: Option<String>,
    /// Problems that belong to no field.
    pub problems: Vec<(&'static str, String)>,
    pub holder: Option<Holder>,
    /// What would have too few people left to decide it.
    pub stuck: Option<StuckList>,
    pub guard: Guard,
}

#[derive(Clone, Copy)]
pub enum Subject<'a> {
    New(Uuid),
    Known { record: &'a Record, version: &'a str },
}

/// Whether leaving the page would lose something.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Guard {
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
    typed: bool,
    until: TimeShown,
    actor: &'a str,
}

/// The form again with what is wrong, 422. What somebody tried to do with money is kept in the log as well.
///
/// # Errors
/// `Unavailable` where the attempt cannot be written down.
pub async fn refused(
    request: &HttpRequest,
    console: &Console,
    visit: &Visit,
    grant: &Grant,
    draft: &Draft<'_>,
    sheet: &Sheet<'_>,
) -> Result<HttpResponse, PageError> {
    if sheet.resource.table == "transactions" {
        let id = match sheet.subject {
            Subject::New(id) => id,
            Subject::Known { record, .. } => record.id,
        };
        let fields: Vec<&str> =
            draft.errors().map(|(column, _)| column.name).chain(sheet.problems.iter().map(|(label, _)| *label)).collect();
        attempt::record(&console.database, &visit.origin, Attempt::Transaction, id, &fields).await?;
    }
    Ok(draw(request, console, visit, grant, StatusCode::UNPROCESSABLE_ENTITY, draft, sheet))
}

pub fn draw(
    request: &HttpRequest,
    console: &Console,
    visit: &Visit,
    grant: &Grant,
    status: StatusCode,
    draft: &Draft<'_>,
    sheet: &Sheet<'_>,
) -> HttpResponse {
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
        typed: sheet.guard == Guard::Typed,
        until: TimeShown::new(visit.session_ends, viewer.zone, now),
        actor: &visit.actor.full_name,
    };
    page(request, status, &template)
}
