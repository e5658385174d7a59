//! Does every failure become a page with a way on, and with nothing of what is for the log?

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service, read_body, try_call_service};
use actix_web::{App, HttpRequest, web};

use super::*;
use crate::auth::policy::{Action, Refused};
use crate::auth::role::Role;
use crate::db::absence::Why;
use crate::error::Cause;
use crate::pages::response::security_headers;

/// Every failure, with its status and a word its page must have.
fn failures() -> Vec<(PageError, u16, &'static str)> {
    let kept =
        Kept { action: "/tables/users".to_owned(), fields: vec![("a".to_owned(), "\"<".to_owned())], word: "Try again", token: None };
    let wait = Duration::from_secs(7);
    let text = str::to_owned;
    vec![
        (PageError::bad_request("limit is 1 to 200"), 400, "limit is 1 to 200"),
        (PageError::not_found("account with this id"), 404, "There is no account with this id"),
        (
            PageError::Forbidden { what: text("delete accounts"), allowed_roles: vec!["Administrator", "Manager"] },
            403,
            "Administrator and Manager",
        ),
        (
            PageError::NotPermitted(Refused { table: "accounts", action: Action::Delete, allowed: vec![Role::Admin, Role::Manager] }),
            403,
            "delete from accounts. These roles may: Administrator and Manager.",
        ),
        (PageError::DoesNotFit { what: text("A sheet holds less"), ways: Vec::new() }, 400, "A sheet holds less"),
        (PageError::Conflict { what: text("Decided already"), ways: Vec::new() }, 409, "Decided already"),
        (PageError::Gone { what: text("The link is used up") }, 410, "The link is used up"),
        (PageError::TooLarge, 413, "More was sent"),
        (PageError::Unprocessable { what: text("No such choice") }, 422, "No such choice"),
        (PageError::TooMany { retry_after: wait }, 429, "Wait 7 seconds"),
        (
            PageError::Unavailable { retry_after: wait, cause: Cause::Database(Why::Away), kept: Some(kept), source: None },
            503,
            "value=\"&#34;&#60;\"",
        ),
        (PageError::StaleToken { kept: None, back: text("/tables/users/new") }, 403, "/tables/users/new"),
        (PageError::MethodNotAllowed, 405, "cannot be done here"),
        (PageError::Refused(StatusCode::IM_A_TEAPOT), 418, "teapot"),
        (PageError::internal("password=hunter2"), 500, "Something failed here"),
    ]
}

async fn fail(index: web::Path<usize>, request: HttpRequest) -> Result<HttpResponse, PageError> {
    request.extensions_mut().insert(RequestId("request-7".to_owned()));
    Err(failures().swap_remove(index.into_inner()).0)
}

async fn drawn() -> HttpResponse {
    HttpResponse::UnprocessableEntity().content_type("text/html; charset=utf-8").body("my own page")
}

async fn refuse(_: ServiceRequest, _: Next<BoxBody>) -> Result<ServiceResponse<BoxBody>, Error> {
    Err(PageError::Unavailable { retry_after: Duration::from_secs(3), cause: Cause::Crowd, kept: None, source: None }.into())
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
        let request = TestRequest::get().uri(&format!("/fail/{index}")).to_request();
        let response = call_service(&app, request).await;
        assert_eq!(response.status().as_u16(), status, "{error}");
        let retry = response.headers().contains_key(header::RETRY_AFTER);
        assert_eq!(retry, error.retry_after().is_some(), "{error}");
        assert_eq!(response.headers().get(header::CACHE_CONTROL).map(HeaderValue::as_bytes), Some(&b"no-store"[..]));
        assert!(response.headers().contains_key(header::CONTENT_SECURITY_POLICY));
        let html = String::from_utf8(read_body(response).await.to_vec()).expect("pages are UTF-8");
        assert!(html.contains("<title>Error: ") && html.contains("request-7"), "{error}");
        assert!(html.contains(word), "{error}: {word} is not in {html}");
        assert!(html.contains("Go to the dashboard"), "{error}");
        assert!(!html.contains("hunter2"), "a source is for the log");
    }
}

#[actix_web::test]
async fn the_frameworks_own_refusals_are_pages_too() {
    let app = app!();
    for (request, status) in
        [(TestRequest::get().uri("/nowhere"), 404), (TestRequest::post().uri("/fail/1"), 405), (TestRequest::get().uri("/fail/word"), 404)]
    {
        let response = call_service(&app, request.to_request()).await;
        assert_eq!(response.status().as_u16(), status);
        let html = String::from_utf8(read_body(response).await.to_vec()).expect("pages are UTF-8");
        assert!(html.contains("<title>Error: ") && html.contains("class=\"lone\""), "{html}");
    }
}

#[actix_web::test]
async fn pages_drawn_already_and_programs_are_left_alone() {
    let app = app!();
    let response = call_service(&app, TestRequest::get().uri("/drawn").to_request()).await;
    assert_eq!(read_body(response).await, "my own page");
    let response = call_service(&app, TestRequest::get().uri("/static/none").to_request()).await;
    assert_eq!((response.status().as_u16(), read_body(response).await.len()), (404, 0));
}

#[actix_web::test]
async fn a_refusal_before_any_handler_is_a_page_as_well() {
    let app = init_service(App::new().wrap(from_fn(refuse)).wrap(from_fn(error_pages)).wrap(from_fn(security_headers))).await;
    let error = try_call_service(&app, TestRequest::get().uri("/").to_request()).await.err();
    let response = error.expect("the middleware refused").error_response();
    assert_eq!(response.status().as_u16(), 503);
    assert!(response.headers().contains_key(header::CONTENT_SECURITY_POLICY));
    assert!(response.headers().contains_key(header::RETRY_AFTER));
}
