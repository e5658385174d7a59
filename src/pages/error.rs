//! Which page does a failure become, and what does it tell its reader to do next?

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage, HttpResponse, ResponseError};
use askama::Template;

use words::view_of;

use super::arrival::loggable;
use super::failure::deed;
use super::frame::{Crumb, Frame};
use super::kept;
use super::response::{Accepted, Transport, html_response, render, secure};
use super::urls;
use super::visit::Visit;
use crate::app::Console;
use crate::audit::refusals::Attempt;
use crate::chain::chain;
use crate::error::{Kept, PageError, WayOn};

#[cfg(test)]
mod tests;
mod words;

/// The id of a request, put into its extensions by the app and shown on every error page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(pub String);

/// The words of an error page.
#[derive(Debug)]
pub struct ErrorView {
    pub title: String,
    pub heading: String,
    pub happened: String,
    pub detail: String,
    pub ways: Vec<WayOn>,
    pub kept: Option<Kept>,
    pub request_id: String,
}

/// Inside the shell, for whoever is logged in.
#[derive(Template)]
#[template(path = "error.html")]
struct ShellPage<'a> {
    frame: &'a Frame,
    view: &'a ErrorView,
}

#[derive(Template)]
#[template(path = "error_lone.html")]
struct LonePage<'a> {
    frame: &'a Frame,
    view: &'a ErrorView,
}

/// What must be remembered of a request, because it is gone when its answer turns out to be an error.
struct Asked {
    accepted: Accepted,
    transport: Transport,
    method: Method,
    path: String,
    id: RequestId,
}

impl Asked {
    fn of(request: &ServiceRequest) -> Self {
        Self {
            accepted: Accepted::by(request.headers()),
            transport: Transport::of(request),
            method: request.method().clone(),
            path: loggable(request.path()).to_owned(),
            id: request_id(request.request()),
        }
    }
}

/// Middleware, outermost but for `security_headers`: every answer that failed becomes a page.
///
/// It finds who is logged in and the [`RequestId`] in the request's extensions; pages that
/// handlers rendered themselves (a form with 422) pass untouched.
pub async fn error_pages<B: MessageBody + 'static>(request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<BoxBody>, Error> {
    let asked = Asked::of(&request);
    let response = match next.call(request).await {
        Ok(response) => response,
        Err(error) => {
            // A middleware below refused; there is no request left to hang a response on.
            let mut response = draw(&asked, &of_error(&error), None, None, &asked.id);
            secure(response.headers_mut(), asked.transport);
            return Err(InternalError::from_response("refused before any page", response).into());
        }
    };
    if !needs_page(&response) || urls::is_for_programs(&asked.path) {
        return Ok(response.map_into_boxed_body());
    }
    let id = request_id(response.request());
    if let Some(error) = response.response().error() {
        tell_refusal(response.request(), &asked, &of_error(error)).await;
    }
    let frame = Frame::for_failure(response.request());
    let status = response.status();
    let mut drawn = match response.response().error() {
        Some(error) => draw(&asked, &of_error(error), frame.as_ref(), kept::of_answered(response.request()), &id),
        None => draw(&asked, &PageError::of_status(status), frame.as_ref(), None, &id),
    };
    // What the inner layers said about the connection and the cookies still holds.
    for (name, value) in response.headers() {
        if name == header::SET_COOKIE || name == header::ALLOW {
            drawn.headers_mut().append(name.clone(), value.clone());
        }
    }
    Ok(response.into_response(drawn))
}

pub(super) fn request_id(request: &actix_web::HttpRequest) -> RequestId {
    request.extensions().get::<RequestId>().cloned().unwrap_or_else(|| RequestId(uuid::Uuid::now_v7().simple().to_string()))
}

/// Failures that are HTML already were drawn by their handler.
fn needs_page<B>(response: &ServiceResponse<B>) -> bool {
    let status = response.status();
    let is_html = response.headers().get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"text/html"));
    (status.is_client_error() || status.is_server_error()) && !is_html
}

/// Writes down who was refused what: here, because every refusal of a page or a verb comes by. Nothing happened that
/// would have to be undone where that fails, so the refusal stands.
async fn tell_refusal(request: &actix_web::HttpRequest, asked: &Asked, error: &PageError) {
    let (permission, what) = if let PageError::NotPermitted(refused) = error {
        (Some((refused.action.name(), refused.table)), deed(refused))
    } else if let PageError::Forbidden { what, .. } = error {
        (None, what.clone())
    } else {
        return;
    };
    let visit = request.extensions().get::<Visit>().cloned();
    let (Some(visit), Some(console)) = (visit, request.app_data::<Data<Console>>()) else {
        return;
    };
    let attempt = Attempt { method: asked.method.to_string(), path: asked.path.clone(), permission, what };
    if let Err(error) = console.refusals.meet(&console.database, visit.actor.session, attempt, &visit.origin).await {
        tracing::error!(request_id = asked.id.0, cause = chain(&error), "a refusal is not in the log");
    }
}

/// Our own error as it is, or the framework's by its status.
enum Failure<'a> {
    Ours(&'a PageError),
    Frameworks(PageError),
}

impl std::ops::Deref for Failure<'_> {
    type Target = PageError;

    fn deref(&self) -> &PageError {
        match self {
            Self::Ours(error) => error,
            Self::Frameworks(error) => error,
        }
    }
}

fn of_error(error: &Error) -> Failure<'_> {
    match error.as_error::<PageError>() {
        Some(ours) => Failure::Ours(ours),
        None => {
            let status = error.as_response_error().status_code();
            Failure::Frameworks(if status.is_server_error() {
                PageError::internal(error.to_string())
            } else {
                PageError::of_status(status)
            })
        }
    }
}

/// Draws the page and logs, once, what nobody is shown.
///
/// `sent`: what the request's form said, for failures that pass; its handler may have kept it already.
fn draw(asked: &Asked, error: &PageError, frame: Option<&Frame>, sent: Option<Kept>, id: &RequestId) -> HttpResponse {
    log(asked, error, id);
    let mut view = view_of(error, id);
    if matches!(error, PageError::Unavailable { .. }) {
        view.kept = view.kept.or(sent);
    }
    let html = match frame {
        Some(frame) if frame.actor.is_some() => {
            let mut frame = frame.clone();
            frame.title.clone_from(&view.title);
            if frame.breadcrumbs.is_empty() {
                frame.breadcrumbs = vec![
                    Crumb { label: "Dashboard".to_owned(), href: Some("/".to_owned()) },
                    Crumb { label: view.heading.clone(), href: None },
                ];
            }
            render(&ShellPage { frame: &frame, view: &view })
        }
        Some(frame) => render(&LonePage { frame, view: &view }),
        None => render(&LonePage { frame: &Frame::default(), view: &view }),
    };
    let mut response = match html {
        Ok(html) => html_response(asked.accepted, error.status_code(), html),
        Err(error) => {
            tracing::error!(request_id = id.0, %error, "the error page itself failed");
            HttpResponse::InternalServerError().content_type("text/plain; charset=utf-8").body("Something failed here.\n")
        }
    };
    if let Some(after) = error.retry_after() {
        let seconds = HeaderValue::from(after.as_secs().max(1));
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    response
}

fn log(asked: &Asked, error: &PageError, id: &RequestId) {
    match error {
        PageError::Internal { source } => {
            tracing::error!(request_id = id.0, method = %asked.method, path = asked.path, cause = chain(source.as_ref()), "request failed");
        }
        PageError::Unavailable { cause, source: Some(source), .. } => {
            tracing::warn!(request_id = id.0, method = %asked.method, path = asked.path, cause = chain(source.as_ref()), "{cause}");
        }
        PageError::Unavailable { source: None, .. }
        | PageError::BadRequest { .. }
        | PageError::DoesNotFit { .. }
        | PageError::NotFound { .. }
        | PageError::NotPermitted(_)
        | PageError::Forbidden { .. }
        | PageError::Conflict { .. }
        | PageError::Gone { .. }
        | PageError::TooLarge
        | PageError::Unprocessable { .. }
        | PageError::TooMany { .. }
        | PageError::StaleToken { .. }
        | PageError::MethodNotAllowed
        | PageError::SignedOut
        | PageError::Refused(_) => {}
    }
}
