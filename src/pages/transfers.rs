//! How is money sent from one account to another by a form?

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use chrono::Utc;
use uuid::Uuid;

use super::{
    display::{FieldError, Input, TimeShown},
    edit::carried_back,
    fields::{self, Drawn},
    filling::{complete, find, intruding, name_references},
    frame::Frame,
    query,
    record::{back, readable, record_id, trail},
    refusal::{self, Refusal},
    response::page,
    shown::Viewer,
    urls, verbs,
    visit::Visit,
};
use crate::{
    app::Console,
    auth::{grant::Grant, policy::Action},
    db::{
        pool::{Connection, DatabaseError},
        value::Value,
        write::Write,
    },
    error::PageError,
    resource::{
        Resource,
        form::{self, Draft, Submission},
        reference,
    },
    tables::transfers::FORM,
    workflows::{
        attempt::{self, Attempt},
        transfer::{self, Transfer},
    },
};

pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource(urls::NEW_TRANSFER).get(blank).post(create));
}

#[derive(Template)]
#[template(path = "transfers/new.html")]
struct TransferPage<'a> {
    frame: Frame,
    heading: &'static str,
    action: &'static str,
    cancel: String,
    id: Uuid,
    back: Option<&'a str>,
    errors: Vec<FieldError<'a>>,
    fields: Vec<Drawn<'a>>,
    typed: bool,
    until: TimeShown,
    actor: &'a str,
}

/// What the form is drawn with beside its fields.
struct Sheet {
    resource: &'static Resource,
    id: Uuid,
    back: Option<String>,
    /// Problems that belong to no field.
    problems: Vec<(&'static str, String)>,
    /// Whether leaving the page would lose something.
    typed: bool,
}

/// GET /transfers/new
async fn blank(request: HttpRequest, console: web::Data<Console>, visit: Visit) -> Result<HttpResponse, PageError> {
    let (resource, grant) = allowed(&console, &visit)?;
    let pairs = query::pairs(&request)?;
    let mut known: Vec<&str> = FORM.columns.iter().map(|column| column.name).collect();
    known.push("copy");
    let back = back(&pairs, &known)?;
    let mut presets = Submission::default();
    let connection = match pairs.iter().find(|(name, value)| name == "copy" && !value.is_empty()) {
        None => console.database.read().await?,
        Some((_, leg)) => {
            let (connection, _, leg) = readable(&console, &visit, resource, record_id(leg)?).await?;
            if let Some(Transfer { source, target, amount, description, .. }) = transfer::like(&connection, &grant, leg.id).await? {
                let fields = [("source", source.to_string()), ("target", target.to_string()), ("amount", amount.to_string())];
                presets.pairs.extend(fields.map(|(name, value)| (name.to_owned(), value)));
                presets.pairs.extend(description.map(|description| ("description".to_owned(), description)));
            }
            connection
        }
    };
    presets.pairs.extend(pairs.iter().filter(|(name, _)| name != "copy" && name != "return").cloned());
    let mut draft = Draft::blank(&FORM, &presets, visit.actor.preferences.time_zone);
    name_references(&connection, &visit, &mut draft).await?;
    let sheet = Sheet { resource, id: Uuid::now_v7(), back, problems: Vec::new(), typed: false };
    draw(&request, &console, &visit, &connection, &grant, StatusCode::OK, &draft, &sheet).await
}

/// POST /transfers/new
async fn create(
    request: HttpRequest,
    console: web::Data<Console>,
    visit: Visit,
    submission: Submission,
) -> Result<HttpResponse, PageError> {
    let (resource, grant) = allowed(&console, &visit)?;
    let back = carried_back(&submission)?;
    let id = match submission.get("id").filter(|id| !id.is_empty()) {
        Some(id) => {
            record_id(id).map_err(|_| PageError::Unprocessable { what: "The form's id is none. Open the form again.".to_owned() })?
        }
        None => Uuid::now_v7(),
    };
    let connection = console.database.read().await?;
    let mut draft = Draft::submitted(&FORM, None, &submission, visit.actor.preferences.time_zone);
    complete(&connection, &console, &visit, &mut draft, &submission).await?;
    let mut sheet = Sheet { resource, id, back, problems: intruders(resource, &submission), typed: true };
    if let Some(asked) = submission.get("find") {
        find(&connection, &visit, &mut draft, asked).await?;
        sheet.problems.clear();
        return draw(&request, &console, &visit, &connection, &grant, StatusCode::OK, &draft, &sheet).await;
    }
    let (source, target) = currencies(&connection, &visit, &console, &draft).await?;
    if let (Some(source), Some(target)) = (&source, &target)
        && source != target
    {
        let message = transfer::different(Some(source), Some(target));
        draft.refuse([form::FieldError { column: "target", message }]);
    }
    let asked = asked(&draft).filter(|_| draft.is_sound() && sheet.problems.is_empty());
    drop(connection);
    let Some(asked) = asked else {
        let wrong: Vec<_> = draft.errors().map(|(column, _)| column.name).chain(sheet.problems.iter().map(|(label, _)| *label)).collect();
        attempt::record(&console.database, &visit.origin, Attempt::Transfer, id, &wrong).await?;
        let connection = console.database.read().await?;
        return draw(&request, &console, &visit, &connection, &grant, StatusCode::UNPROCESSABLE_ENTITY, &draft, &sheet).await;
    };
    let write = Write::begin(&console.database, &visit.origin).await?;
    let made = match transfer::make(&write, &visit.actor, &grant, id, &asked).await {
        Ok(made) => {
            write.commit().await?;
            made
        }
        Err(error) => {
            drop(write);
            if let Some(wrong) = attempt::fields(&error) {
                attempt::record(&console.database, &visit.origin, Attempt::Transfer, id, &wrong).await?;
            }
            match refusal::of(error, &draft) {
                Refusal::Page(error) => return Err(error),
                Refusal::Stale(_) => return Err(PageError::internal("a new transfer cannot have been changed")),
                Refusal::Fields { errors, problems, taken: _ } => {
                    draft.refuse(errors);
                    sheet.problems.extend(problems);
                    let connection = console.database.read().await?;
                    return draw(&request, &console, &visit, &connection, &grant, StatusCode::UNPROCESSABLE_ENTITY, &draft, &sheet).await;
                }
            }
        }
    };
    verbs::finished(&request, &console, &visit, resource, made, sheet.back.as_deref(), verbs::Next::Record).await
}

/// Transfers are for whoever makes transactions.
fn allowed(console: &Console, visit: &Visit) -> Result<(&'static Resource, Grant), PageError> {
    let resource = console.registry.find("transactions").ok_or_else(|| PageError::not_found("table with this name"))?;
    Ok((resource, visit.actor.authorize(Action::Create, resource)?))
}

/// Columns of a transaction that came along although the form has no such field.
fn intruders(resource: &Resource, submission: &Submission) -> Vec<(&'static str, String)> {
    let is_field = |name: &str| name == "id" || FORM.column(name).is_some();
    let came = |name: &str| submission.pairs.iter().any(|pair| pair.0 == name);
    let columns = resource.columns.iter().filter(|column| !is_field(column.name) && came(column.name));
    columns.map(|column| (column.label, intruding())).collect()
}

/// A sound draft, as the workflow takes it.
fn asked(draft: &Draft<'_>) -> Option<Transfer> {
    let text = |name| match draft.value(name) {
        Value::Text(text) if !text.trim().is_empty() => Some(text.clone()),
        _ => None,
    };
    Some(Transfer {
        source: draft.value("source").as_uuid()?,
        target: draft.value("target").as_uuid()?,
        amount: draft.value("amount").as_decimal()?,
        description: text("description"),
        reference_number: text("reference_number"),
    })
}

/// In which money the two accounts are, of those the actor may read.
async fn currencies(
    connection: &Connection,
    visit: &Visit,
    console: &Console,
    draft: &Draft<'_>,
) -> Result<(Option<String>, Option<String>), DatabaseError> {
    let grant = console.registry.find("accounts").and_then(|accounts| visit.actor.authorize(Action::Read, accounts).ok());
    let Some(grant) = grant else {
        return Ok((None, None));
    };
    let chosen = |name: &str| {
        let field = draft.fields.iter().find(|field| field.column.name == name)?;
        Uuid::try_parse(field.typed.trim()).ok()
    };
    let currency = async |id: Option<Uuid>| match id {
        Some(id) => reference::text_of(connection, &grant, "currency", id).await,
        None => Ok(None),
    };
    Ok((currency(chosen("source")).await?, currency(chosen("target")).await?))
}

#[expect(clippy::too_many_arguments, reason = "what a page is made of")]
async fn draw(
    request: &HttpRequest,
    console: &Console,
    visit: &Visit,
    connection: &Connection,
    grant: &Grant,
    status: StatusCode,
    draft: &Draft<'_>,
    sheet: &Sheet,
) -> Result<HttpResponse, PageError> {
    let back = sheet.back.as_deref();
    let now = Utc::now();
    let (currency, _) = currencies(connection, visit, console, draft).await?;
    let mut drawn = fields::drawn(draft, &Viewer::new(&visit.actor, grant, now));
    for drawn in &mut drawn {
        match &mut drawn.field.input {
            // Whoever may make a transaction may look for its account, and so for these.
            Input::Reference(reference) => reference.column = "account_id",
            Input::Line { unit, .. } if drawn.field.column == "amount" => *unit = currency.as_deref(),
            _ => {}
        }
    }
    let failed = status == StatusCode::UNPROCESSABLE_ENTITY;
    let texts: Vec<_> = draft.errors().filter(|_| failed).map(|(column, text)| (column.name, column.label, text)).collect();
    let mut errors: Vec<_> = texts.iter().map(|(column, label, text)| FieldError { column, label, text }).collect();
    errors.extend(sheet.problems.iter().map(|(label, text)| FieldError { column: "main", label, text }));
    let heading = "New transfer";
    let title = if failed { "Error: New transfer" } else { heading };
    let template = TransferPage {
        frame: Frame::for_page(console, visit, request, title, trail(sheet.resource, back, &[(heading, None)])),
        heading,
        action: urls::NEW_TRANSFER,
        cancel: back.map_or_else(|| urls::list_url(sheet.resource), str::to_owned),
        id: sheet.id,
        back,
        errors,
        fields: drawn,
        typed: sheet.typed,
        until: TimeShown::new(visit.session_ends, visit.actor.preferences.time_zone, now),
        actor: &visit.actor.full_name,
    };
    Ok(page(request, status, &template))
}
