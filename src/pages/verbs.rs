//! What does a verb do to a record, before it is done and when it is?

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use uuid::Uuid;

use super::{
    bearings,
    consequences::counted,
    display::FieldError,
    edit::{carried_back, leave},
    frame::{FlashKind, Frame},
    offers::{label, named, obstacle, url_of},
    password_link::{self, Mailed},
    query,
    record::{back, readable, record_id, resource, trail, with_back},
    refusal,
    response::page,
    stuck::{self, StuckList},
    urls,
    visit::Visit,
};
use crate::{
    app::Console,
    auth::policy::Action,
    db::{pool::Connection, write::Write},
    error::{PageError, WayOn},
    resource::{Resource, form::Submission, record::Record},
    workflows::{
        self, Done, ShownOnce, WorkflowError,
        attempt::{self, Attempt},
        reversal, session, user,
    },
};

#[derive(Template)]
#[template(path = "resource/verb.html")]
struct VerbPage<'a> {
    frame: Frame,
    resource: &'static Resource,
    heading: String,
    action: String,
    record_url: String,
    back: Option<&'a str>,
    words: String,
    /// What it takes along, counted.
    consequences: Vec<(i64, &'static str)>,
    why_not: Option<&'static str>,
    way_on: Option<WayOn>,
    /// The id of the record that it makes.
    makes: Option<Uuid>,
    asks_reason: bool,
    reason: &'a str,
    asks_reach: bool,
    errors: Vec<FieldError<'a>>,
    stuck: Option<StuckList>,
    button: String,
    look: &'static str,
}

#[derive(Template)]
#[template(path = "resource/once.html")]
struct OncePage {
    frame: Frame,
    heading: &'static str,
    message: String,
    /// Why it is shown here although it should have been mailed.
    unsent: Option<String>,
    secret: String,
    what: &'static str,
    record_url: String,
    list_url: String,
    resource: &'static Resource,
}

/// The verb of an address, if records of this table have it.
fn verb(visit: &Visit, resource: &'static Resource, name: &str) -> Result<(Action, crate::auth::grant::Grant), PageError> {
    let unknown = || PageError::not_found(format!("action of this name for {}", resource.several()));
    let action = named(name).ok_or_else(unknown)?;
    match visit.actor.authorize(action, resource) {
        Ok(grant) => Ok((action, grant)),
        Err(refused) if refused.allowed.is_empty() => Err(unknown()),
        Err(refused) => Err(refused.into()),
    }
}

/// GET /tables/{table}/{id}/{verb}: what it will do, before it is done.
pub async fn ask(
    request: HttpRequest,
    console: web::Data<Console>,
    visit: Visit,
    path: web::Path<(String, String, String)>,
) -> Result<HttpResponse, PageError> {
    let resource = resource(&console, &path.0)?;
    let id = record_id(&path.1)?;
    let (action, _) = verb(&visit, resource, &path.2)?;
    let back = back(&query::pairs(&request)?, &[])?;
    let (connection, _, record) = readable(&console, &visit, resource, id).await?;
    let makes = Uuid::now_v7();
    let asked = Asked { action, record: &record, back: back.as_deref(), reason: "", makes, error: None, stuck: None };
    draw(&request, &console, &visit, &connection, asked, StatusCode::OK).await
}

/// POST /tables/{table}/{id}/{verb}
pub async fn act(
    request: HttpRequest,
    console: web::Data<Console>,
    visit: Visit,
    path: web::Path<(String, String, String)>,
    submission: Submission,
) -> Result<HttpResponse, PageError> {
    let resource = resource(&console, &path.0)?;
    let id = record_id(&path.1)?;
    let (action, grant) = verb(&visit, resource, &path.2)?;
    let back = carried_back(&submission)?;
    // Whoever may not see it hears that it is not there.
    let (connection, _, record) = readable(&console, &visit, resource, id).await?;
    let reason = submission.get("reason").unwrap_or_default();
    let makes = match submission.get("id").filter(|id| !id.is_empty() && action == Action::Reverse) {
        Some(id) => {
            record_id(id).map_err(|_| PageError::Unprocessable { what: "The form's id is none. Open the form again.".to_owned() })?
        }
        None => Uuid::now_v7(),
    };
    let asked = Asked { action, record: &record, back: back.as_deref(), reason, makes, error: None, stuck: None };
    let reach = match submission.get("reach").filter(|_| asks_reach(action, resource)) {
        None | Some("") | Some("one") => session::Reach::One,
        Some("all") => session::Reach::AllOfUser,
        Some(_) => {
            let asked = Asked { error: Some(("reach", "Choose one of both.".to_owned())), ..asked };
            return draw(&request, &console, &visit, &connection, asked, StatusCode::UNPROCESSABLE_ENTITY).await;
        }
    };
    let garbled = submission.garbled.iter().any(|name| name == "reason");
    if asks_reason(action) && (reason.trim().is_empty() || garbled) {
        let words = if garbled {
            "Holds bytes that are not text (UTF-8). Type it again."
        } else {
            "Say why: whoever looks at this later will ask."
        };
        drop(connection);
        if action == Action::Reverse {
            attempt::record(&console.database, &visit.origin, Attempt::Reversal, id, &["reason"]).await?;
        }
        let connection = console.database.read().await?;
        let asked = Asked { error: Some(("reason", words.to_owned())), ..asked };
        return draw(&request, &console, &visit, &connection, asked, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    drop(connection);
    let write = Write::begin(&console.database, &visit.origin).await?;
    let outcome = match (action, reach) {
        (Action::Reverse, _) => reversal::reverse(&write, &visit.actor, &grant, makes, id, reason).await,
        (_, session::Reach::AllOfUser) => session::revoke(&write, &grant, id, reach).await,
        (_, session::Reach::One) => workflows::act(&write, &visit.actor, &grant, id, Some(reason)).await,
    };
    let outcome = match outcome {
        Ok(done) => Ok((done, write)),
        Err(error) => {
            drop(write);
            if let (Action::Reverse, Some(wrong)) = (action, attempt::fields(&error)) {
                attempt::record(&console.database, &visit.origin, Attempt::Reversal, id, &wrong).await?;
            }
            Err(error)
        }
    };
    match outcome {
        Ok((done, write)) => {
            write.commit().await?;
            finished(&request, &console, &visit, resource, done, back.as_deref(), Next::Record).await
        }
        Err(WorkflowError::Fields(errors)) => {
            let words = errors.into_iter().map(|error| error.message).collect::<Vec<_>>().join(" ");
            let connection = console.database.read().await?;
            let asked = Asked { error: Some(("reason", words)), ..asked };
            draw(&request, &console, &visit, &connection, asked, StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Err(WorkflowError::Invalid(what)) => {
            let connection = console.database.read().await?;
            let asked = Asked { error: Some(("main", what)), ..asked };
            draw(&request, &console, &visit, &connection, asked, StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Err(WorkflowError::Stranded(stranded)) => {
            let connection = console.database.read().await?;
            let stuck = Some(stuck::list(&connection, &stranded).await?);
            let asked = Asked { error: Some(("main", stranded.to_string())), stuck, ..asked };
            draw(&request, &console, &visit, &connection, asked, StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Err(WorkflowError::Conflict(what)) => {
            let mut ways =
                vec![WayOn::new(format!("The {}", resource.singular), with_back(urls::record_url(resource, id), back.as_deref()))];
            if action == Action::Reverse {
                let (connection, read, record) = readable(&console, &visit, resource, id).await?;
                let bearings = bearings::of(&connection, &read, &record).await?;
                ways.extend(bearings.no_reversal(&record).and_then(|(_, way)| way));
            }
            Err(PageError::Conflict { what, ways })
        }
        Err(error) => Err(refusal::page(error)),
    }
}

struct Asked<'a> {
    action: Action,
    record: &'a Record,
    back: Option<&'a str>,
    reason: &'a str,
    makes: Uuid,
    error: Option<(&'static str, String)>,
    /// What would have too few people left to decide it.
    stuck: Option<StuckList>,
}

fn asks_reason(action: Action) -> bool {
    matches!(action, Action::Withdraw | Action::Reverse)
}

fn is_leg(record: &Record) -> bool {
    record.value("transaction_type").as_text() == Some("transfer")
}

fn asks_reach(action: Action, resource: &Resource) -> bool {
    action == Action::Revoke && resource.table == "user_sessions"
}

async fn draw(
    request: &HttpRequest,
    console: &Console,
    visit: &Visit,
    connection: &Connection,
    asked: Asked<'_>,
    status: StatusCode,
) -> Result<HttpResponse, PageError> {
    let Asked { action, record, back, reason, makes, error, stuck } = asked;
    let resource = record.resource;
    let mut words = words(action, record, visit);
    let mut why_not = obstacle(action, record, &visit.actor);
    let mut way_on = None;
    if action == Action::Reverse {
        let read = visit.actor.authorize(Action::Read, resource)?;
        let bearings = bearings::of(connection, &read, record).await?;
        words = bearings.reversal(record);
        if let (None, Some((why, way))) = (why_not, bearings.no_reversal(record)) {
            (why_not, way_on) = (Some(why), way);
        }
    }
    let name = record.label();
    let button = label(action, resource);
    let heading = format!("{button}: {name}");
    let record_url = with_back(urls::record_url(resource, record.id), back);
    let crumbs = trail(resource, back, &[(&name, Some(record_url.clone())), (&button, None)]);
    let title = if error.is_some() { format!("Error: {heading}") } else { heading.clone() };
    let consequences = match (action, resource.table) {
        (Action::Deactivate, "users") => counted(user::consequences(connection, &[record.id]).await?),
        _ => Vec::new(),
    };
    let errors = error.iter().map(|(column, text)| FieldError { column, label: &button, text }).collect();
    let template = VerbPage {
        frame: Frame::for_page(console, visit, request, title, crumbs),
        resource,
        heading,
        action: urls::verb_url(resource, record.id, url_of(action)),
        record_url,
        back,
        words,
        consequences,
        why_not,
        way_on,
        makes: (action == Action::Reverse).then_some(makes),
        asks_reason: asks_reason(action),
        reason,
        asks_reach: asks_reach(action, resource),
        errors,
        stuck,
        look: match action {
            Action::Withdraw | Action::Reverse | Action::Deactivate | Action::Revoke => "stop",
            _ => "main",
        },
        button: button.clone(),
    };
    Ok(page(request, status, &template))
}

/// What it will do.
fn words(action: Action, record: &Record, visit: &Visit) -> String {
    let label = record.label();
    match action {
        Action::Withdraw if is_leg(record) => {
            "Both legs of the transfer are cancelled with your reason, and no money moves. That is final: make a new transfer instead."
                .to_owned()
        }
        Action::Withdraw => {
            "It is cancelled with your reason, and no money moves. That is final: it cannot become pending again.".to_owned()
        }
        Action::Deactivate if record.resource.table == "ssot_api_aliases" => {
            format!("“{label}” stands for nothing any more: who asks for it is told that it is not active. Nothing is deleted.")
        }
        Action::Deactivate if record.id == visit.actor.id => {
            "This is you: you are signed out with the next request, and only another administrator can let you in again.".to_owned()
        }
        Action::Deactivate => format!("{label} can no longer sign in, from their next request on. Nothing of theirs is deleted."),
        Action::SendPasswordLink => {
            format!(
                "Makes a link with which {label} chooses a password, once. It is mailed to them or, where that does not work, shown to you now and never again; links made before stop working."
            )
        }
        Action::Rotate => "Makes a new key with the same name and permissions, shown once. The old one stops working at once.".to_owned(),
        Action::Revoke if record.resource.table == "user_sessions" => {
            "It ends with its next request. Whoever it belongs to can sign in again.".to_owned()
        }
        Action::Revoke => "It stops working at once, for good.".to_owned(),
        Action::MarkRead => "It no longer counts as unread.".to_owned(),
        Action::Decide
        | Action::Reverse
        | Action::SetLimit
        | Action::Prove
        | Action::Resolve
        | Action::Verify
        | Action::Read
        | Action::Create
        | Action::Edit
        | Action::Delete
        | Action::Export
        | Action::History
        | Action::Annotate
        | Action::ReviewAccess
        | Action::MakeEvidence => String::new(),
    }
}

/// Where a change leads when it is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    Record,
    /// Another blank form.
    Another,
}

/// 303 with what to say; or, once, the page that shows what nobody is shown again.
pub async fn finished(
    request: &HttpRequest,
    console: &Console,
    visit: &Visit,
    resource: &'static Resource,
    done: Done,
    back: Option<&str>,
    next: Next,
) -> Result<HttpResponse, PageError> {
    let record_url = with_back(urls::record_url(resource, done.id), back);
    let to = match next {
        Next::Record => record_url.clone(),
        Next::Another => with_back(urls::new_url(resource), back),
    };
    let Some(secret) = done.shown_once else {
        return Ok(leave(console, &to, FlashKind::Done, &done.message));
    };
    let mut unsent = None;
    let (heading, what, secret) = match secret {
        ShownOnce::ApiKey(key) => ("The new API key", "Key", key),
        ShownOnce::PasswordLink(path) => {
            let link = [&console.entrance.reach.origin(request.headers()), path.as_str()].concat();
            match password_link::mail(console, done.id, &link).await {
                Mailed::To(address) => {
                    let said = format!("{} The link was mailed to {address}.", done.message);
                    return Ok(leave(console, &to, FlashKind::Done, &said));
                }
                Mailed::Not => {}
                Mailed::Failed(why) => unsent = Some(why),
            }
            ("The password link", "Link", link)
        }
    };
    let list_url = back.map_or_else(|| urls::list_url(resource), str::to_owned);
    let crumbs = trail(resource, back, &[(heading, None)]);
    let template = OncePage {
        frame: Frame::for_page(console, visit, request, heading, crumbs),
        heading,
        message: done.message,
        unsent,
        secret,
        what,
        record_url,
        list_url,
        resource,
    };
    Ok(page(request, StatusCode::OK, &template))
}
