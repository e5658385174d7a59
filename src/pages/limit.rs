//! How does an administrator say how low an account may go?

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;

use super::{
    display::{Field, FieldError, Input, LineKind, Presence},
    edit::carried_back,
    frame::Frame,
    offers, query,
    record::{back, readable, record_id, trail, with_back},
    refusal,
    response::page,
    urls, verbs,
    visit::Visit,
};
use crate::{
    app::Console,
    auth::policy::Action,
    db::{pool::Connection, write::Write},
    error::{PageError, WayOn},
    resource::{Resource, form::Submission, money, record::Record},
    workflows::{
        WorkflowError,
        limit::{self, Floor},
    },
};

/// Before the records' own routes, where it would be taken for a verb.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/tables/accounts/{id}/limit").get(open).post(save));
}

#[derive(Template)]
#[template(path = "transfers/limit.html")]
struct LimitPage<'a> {
    frame: Frame,
    heading: String,
    action: String,
    record_url: String,
    version: String,
    back: Option<&'a str>,
    why_not: Option<&'static str>,
    errors: Vec<FieldError<'a>>,
    field: Field<'a>,
}

/// What was typed and what is wrong with it.
struct Typed<'a> {
    lowest: Option<&'a str>,
    /// What the form was opened on; of a new form what stands now.
    version: Option<&'a str>,
    error: Option<String>,
}

/// GET /tables/accounts/{id}/limit
async fn open(request: HttpRequest, console: web::Data<Console>, visit: Visit, path: web::Path<String>) -> Result<HttpResponse, PageError> {
    let resource = accounts(&console)?;
    let id = record_id(&path)?;
    let _ = visit.actor.authorize(Action::SetLimit, resource)?;
    let back = back(&query::pairs(&request)?, &[])?;
    let (connection, _, record) = readable(&console, &visit, resource, id).await?;
    let blank = Typed { lowest: None, version: None, error: None };
    draw(&request, &console, &visit, &connection, &record, back.as_deref(), blank).await
}

/// POST /tables/accounts/{id}/limit: an empty field takes the limit away.
async fn save(
    request: HttpRequest,
    console: web::Data<Console>,
    visit: Visit,
    path: web::Path<String>,
    submission: Submission,
) -> Result<HttpResponse, PageError> {
    let resource = accounts(&console)?;
    let id = record_id(&path)?;
    let grant = visit.actor.authorize(Action::SetLimit, resource)?;
    let back = carried_back(&submission)?;
    let (connection, _, record) = readable(&console, &visit, resource, id).await?;
    let lowest = submission.get("lowest_balance").unwrap_or_default();
    let version = submission.get("version").unwrap_or_default();
    let garbled = submission.garbled.iter().any(|name| name == "lowest_balance");
    let read = match lowest.trim() {
        _ if garbled => Err("Holds bytes that are not text (UTF-8). Type it again.".to_owned()),
        "" => Ok(None),
        typed => money::parse(typed, record.value("currency").as_text()).map(Some),
    };
    let amount = match read {
        Ok(amount) => amount,
        Err(error) => {
            let typed = Typed { lowest: Some(lowest), version: Some(version), error: Some(error) };
            return draw(&request, &console, &visit, &connection, &record, back.as_deref(), typed).await;
        }
    };
    drop(connection);
    let write = Write::begin(&console.database, &visit.origin).await?;
    match limit::set(&write, &grant, id, version, amount).await {
        Ok(done) => {
            write.commit().await?;
            verbs::finished(&request, &console, &visit, resource, done, back.as_deref(), verbs::Next::Record).await
        }
        Err(WorkflowError::Fields(errors)) => {
            drop(write);
            let words = errors.into_iter().map(|error| error.message).collect::<Vec<_>>().join(" ");
            let connection = console.database.read().await?;
            let typed = Typed { lowest: Some(lowest), version: Some(version), error: Some(words) };
            draw(&request, &console, &visit, &connection, &record, back.as_deref(), typed).await
        }
        Err(WorkflowError::Conflict(what)) => {
            let ways = vec![WayOn::new("The account", with_back(urls::record_url(resource, id), back.as_deref()))];
            Err(PageError::Conflict { what, ways })
        }
        Err(error) => Err(refusal::page(error)),
    }
}

fn accounts(console: &Console) -> Result<&'static Resource, PageError> {
    console.registry.find("accounts").ok_or_else(|| PageError::not_found("table with this name"))
}

async fn draw(
    request: &HttpRequest,
    console: &Console,
    visit: &Visit,
    connection: &Connection,
    record: &Record,
    back: Option<&str>,
    typed: Typed<'_>,
) -> Result<HttpResponse, PageError> {
    let resource = record.resource;
    let floor = limit::of(connection, record).await?;
    let stands = match &floor {
        Floor::At(lowest) => lowest.to_string(),
        Floor::Zero | Floor::Bottomless => String::new(),
    };
    let name = record.label();
    let heading = format!("How low {name} may go");
    let record_url = with_back(urls::record_url(resource, record.id), back);
    let crumbs = trail(resource, back, &[(&name, Some(record_url.clone())), ("Limit", None)]);
    let status = if typed.error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let title = if typed.error.is_some() { format!("Error: {heading}") } else { heading.clone() };
    let label = "May not go below";
    let errors = typed.error.iter().map(|text| FieldError { column: "lowest_balance", label, text }).collect();
    let template = LimitPage {
        frame: Frame::for_page(console, visit, request, title, crumbs),
        heading,
        action: urls::limit_url(resource, record.id),
        record_url,
        version: typed.version.map_or_else(|| floor.version(), str::to_owned),
        back,
        why_not: offers::obstacle(Action::SetLimit, record, &visit.actor),
        errors,
        field: Field {
            column: "lowest_balance",
            label,
            help: Some(
                "A debit that would leave less than this is not approved. Below zero with a minus, such as -5000.00; empty: no floor.",
            ),
            error: typed.error.clone(),
            presence: Presence::Optional,
            input: Input::Line {
                kind: LineKind::Money,
                value: typed.lowest.unwrap_or(&stands),
                max_length: None,
                unit: record.value("currency").as_text(),
            },
        },
    };
    Ok(page(request, status, &template))
}
