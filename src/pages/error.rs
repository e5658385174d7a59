//! Which page does a failure become, and what does it tell its reader to do next?

use std::rc::Rc;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse, ResponseError};
use askama::Template;

use words::view_of;

use super::frame::{Crumb, Frame};
use super::response::{Accepted, Transport, html_response, render, secure};
use crate::error::{Kept, PageError, WayOn};

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
}

impl Asked {
    fn of(request: &ServiceRequest) -> Self {
        Self {
            accepted: Accepted::by(request.headers()),
            transport: Transport::of(request),
            method: request.method().clone(),
            path: request.path().to_owned(),
        }
    }

    /// Probes and files are read by programs.
    fn by_a_program(&self) -> bool {
        ["/health/", "/static/", "/metrics", "/api/"]
            .iter()
            .any(|start| self.path.starts_with(start))
    }
}

/// Middleware, outermost but for `security_headers`: every answer that failed becomes a page.
///
/// It finds the frame as `Rc<Frame>` and the id as [`RequestId`] in the request's extensions; pages that
/// handlers rendered themselves (a form with 422) pass untouched.
pub async fn error_pages<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let asked = Asked::of(&request);
    let response = match next.call(request).await {
        Ok(response) => response,
        Err(error) => {
            // A middleware below refused; there is no request left to hang a response on.
            let id = RequestId(uuid::Uuid::now_v7().simple().to_string());
            let mut response = draw(&asked, &of_error(&error), None, &id);
            secure(response.headers_mut(), asked.transport);
            return Err(InternalError::from_response("refused before any page", response).into());
        }
    };
    if !needs_page(&response) || asked.by_a_program() {
        return Ok(response.map_into_boxed_body());
    }
    let id = request_id(response.request());
    let frame = response.request().extensions().get::<Rc<Frame>>().cloned();
    let status = response.status();
    let mut drawn = match response.response().error() {
        Some(error) => draw(&asked, &of_error(error), frame.as_deref(), &id),
        None => draw(&asked, &PageError::of_status(status), frame.as_deref(), &id),
    };
    // What the inner layers said about the connection and the cookies still holds.
    for (name, value) in response.headers() {
        if name == header::SET_COOKIE || name == header::ALLOW {
            drawn.headers_mut().append(name.clone(), value.clone());
        }
    }
    Ok(response.into_response(drawn))
}

fn request_id(request: &actix_web::HttpRequest) -> RequestId {
    request
        .extensions()
        .get::<RequestId>()
        .cloned()
        .unwrap_or_else(|| RequestId(uuid::Uuid::now_v7().simple().to_string()))
}

/// Failures that are HTML already were drawn by their handler.
fn needs_page<B>(response: &ServiceResponse<B>) -> bool {
    let status = response.status();
    let is_html = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"text/html"));
    (status.is_client_error() || status.is_server_error()) && !is_html
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
fn draw(asked: &Asked, error: &PageError, frame: Option<&Frame>, id: &RequestId) -> HttpResponse {
    log(asked, error, id);
    let view = view_of(error, id);
    let html = match frame {
        Some(frame) if frame.actor.is_some() => {
            let mut frame = frame.clone();
            frame.title.clone_from(&view.title);
            if frame.breadcrumbs.is_empty() {
                frame.breadcrumbs = vec![
                    Crumb {
                        label: "Dashboard".to_owned(),
                        href: Some("/".to_owned()),
                    },
                    Crumb {
                        label: view.heading.clone(),
                        href: None,
                    },
                ];
            }
            render(&ShellPage {
                frame: &frame,
                view: &view,
            })
        }
        Some(frame) => render(&LonePage { frame, view: &view }),
        None => render(&LonePage {
            frame: &Frame::default(),
            view: &view,
        }),
    };
    let mut response = match html {
        Ok(html) => html_response(asked.accepted, error.status_code(), html),
        Err(error) => {
            tracing::error!(request_id = id.0, %error, "the error page itself failed");
            HttpResponse::InternalServerError()
                .content_type("text/plain; charset=utf-8")
                .body("Something failed here.\n")
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
        PageError::Unavailable {
            source: Some(source),
            ..
        } => {
            tracing::warn!(request_id = id.0, method = %asked.method, path = asked.path, cause = chain(source.as_ref()), "database away");
        }
        PageError::Unavailable { source: None, .. }
        | PageError::BadRequest { .. }
        | PageError::NotFound { .. }
        | PageError::Forbidden { .. }
        | PageError::Conflict { .. }
        | PageError::Gone { .. }
        | PageError::TooLarge
        | PageError::Unprocessable { .. }
        | PageError::TooMany { .. }
        | PageError::StaleToken { .. }
        | PageError::MethodNotAllowed
        | PageError::Refused(_) => {}
    }
}

/// An error with everything it says it comes from.
fn chain(error: &(dyn std::error::Error + Send + Sync + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use actix_web::http::StatusCode;
    use actix_web::middleware::from_fn;
    use actix_web::test::{TestRequest, call_service, init_service, read_body, try_call_service};
    use actix_web::{App, HttpRequest, web};

    use super::*;
    use crate::pages::frame::Signed;
    use crate::pages::response::security_headers;

    /// Every failure, with its status and a word its page must have.
    fn failures() -> Vec<(PageError, u16, &'static str)> {
        let kept = Kept {
            action: "/tables/users".to_owned(),
            fields: vec![("a".to_owned(), "\"<".to_owned())],
            word: "Try again",
        };
        let wait = Duration::from_secs(7);
        let text = str::to_owned;
        vec![
            (
                PageError::bad_request("limit is 1 to 200"),
                400,
                "limit is 1 to 200",
            ),
            (
                PageError::not_found("account with this id"),
                404,
                "There is no account with this id",
            ),
            (
                PageError::Forbidden {
                    what: text("delete accounts"),
                    allowed_roles: vec!["Administrator", "Manager"],
                },
                403,
                "Administrator and Manager",
            ),
            (
                PageError::Conflict {
                    what: text("Decided already"),
                    ways: Vec::new(),
                },
                409,
                "Decided already",
            ),
            (
                PageError::Gone {
                    what: text("The link is used up"),
                },
                410,
                "The link is used up",
            ),
            (PageError::TooLarge, 413, "More was sent"),
            (
                PageError::Unprocessable {
                    what: text("No such choice"),
                },
                422,
                "No such choice",
            ),
            (
                PageError::TooMany { retry_after: wait },
                429,
                "Wait 7 seconds",
            ),
            (
                PageError::Unavailable {
                    retry_after: wait,
                    kept: Some(kept),
                    source: None,
                },
                503,
                "value=\"&#34;&#60;\"",
            ),
            (
                PageError::StaleToken {
                    kept: None,
                    back: text("/tables/users/new"),
                },
                403,
                "/tables/users/new",
            ),
            (PageError::MethodNotAllowed, 405, "cannot be done here"),
            (PageError::Refused(StatusCode::IM_A_TEAPOT), 418, "teapot"),
            (
                PageError::internal("password=hunter2"),
                500,
                "Something failed here",
            ),
        ]
    }

    async fn fail(
        index: web::Path<usize>,
        request: HttpRequest,
    ) -> Result<HttpResponse, PageError> {
        let signed = Signed::new("Ines Okafor", "Manager");
        let frame = Frame {
            actor: Some(signed),
            csrf_token: "masked".to_owned(),
            ..Frame::default()
        };
        request.extensions_mut().insert(Rc::new(frame));
        request
            .extensions_mut()
            .insert(RequestId("request-7".to_owned()));
        Err(failures().swap_remove(index.into_inner()).0)
    }

    async fn drawn() -> HttpResponse {
        HttpResponse::UnprocessableEntity()
            .content_type("text/html; charset=utf-8")
            .body("my own page")
    }

    async fn refuse(
        _: ServiceRequest,
        _: Next<BoxBody>,
    ) -> Result<ServiceResponse<BoxBody>, Error> {
        Err(PageError::Unavailable {
            retry_after: Duration::from_secs(3),
            kept: None,
            source: None,
        }
        .into())
    }

    macro_rules! app {
        () => {
            init_service(
                App::new()
                    .wrap(from_fn(error_pages))
                    .wrap(from_fn(security_headers))
                    .service(web::resource("/fail/{index}").route(web::get().to(fail)))
                    .route("/drawn", web::get().to(drawn))
                    .route("/static/{name}", web::get().to(HttpResponse::NotFound)),
            )
            .await
        };
    }

    #[actix_web::test]
    async fn every_failure_is_a_page_with_a_way_on() {
        let app = app!();
        for (index, (error, status, word)) in failures().into_iter().enumerate() {
            let request = TestRequest::get()
                .uri(&format!("/fail/{index}"))
                .to_request();
            let response = call_service(&app, request).await;
            assert_eq!(response.status().as_u16(), status, "{error}");
            let retry = response.headers().contains_key(header::RETRY_AFTER);
            assert_eq!(retry, error.retry_after().is_some(), "{error}");
            assert_eq!(
                response
                    .headers()
                    .get(header::CACHE_CONTROL)
                    .map(HeaderValue::as_bytes),
                Some(&b"no-store"[..])
            );
            assert!(
                response
                    .headers()
                    .contains_key(header::CONTENT_SECURITY_POLICY)
            );
            let html =
                String::from_utf8(read_body(response).await.to_vec()).expect("pages are UTF-8");
            assert!(
                html.contains("<title>Error: ") && html.contains("request-7"),
                "{error}"
            );
            assert!(html.contains(word), "{error}: {word} is not in {html}");
            assert!(
                html.contains("Go to the dashboard") && html.contains("Ines Okafor"),
                "{error}"
            );
            assert!(!html.contains("hunter2"), "a source is for the log");
        }
    }

    #[actix_web::test]
    async fn the_frameworks_own_refusals_are_pages_too() {
        let app = app!();
        for (request, status) in [
            (TestRequest::get().uri("/nowhere"), 404),
            (TestRequest::post().uri("/fail/1"), 405),
            (TestRequest::get().uri("/fail/word"), 404),
        ] {
            let response = call_service(&app, request.to_request()).await;
            assert_eq!(response.status().as_u16(), status);
            let html =
                String::from_utf8(read_body(response).await.to_vec()).expect("pages are UTF-8");
            assert!(
                html.contains("<title>Error: ") && html.contains("class=\"lone\""),
                "{html}"
            );
        }
    }

    #[actix_web::test]
    async fn pages_drawn_already_and_programs_are_left_alone() {
        let app = app!();
        let response = call_service(&app, TestRequest::get().uri("/drawn").to_request()).await;
        assert_eq!(read_body(response).await, "my own page");
        let response =
            call_service(&app, TestRequest::get().uri("/static/none").to_request()).await;
        assert_eq!(
            (response.status().as_u16(), read_body(response).await.len()),
            (404, 0)
        );
    }

    #[actix_web::test]
    async fn a_refusal_before_any_handler_is_a_page_as_well() {
        let app = init_service(
            App::new()
                .wrap(from_fn(refuse))
                .wrap(from_fn(error_pages))
                .wrap(from_fn(security_headers)),
        )
        .await;
        let error = try_call_service(&app, TestRequest::get().uri("/").to_request())
            .await
            .err();
        let response = error.expect("the middleware refused").error_response();
        assert_eq!(response.status().as_u16(), 503);
        assert!(
            response
                .headers()
                .contains_key(header::CONTENT_SECURITY_POLICY)
        );
        assert!(response.headers().contains_key(header::RETRY_AFTER));
    }
}
