//! Which number does a request get, which method does it count as, and what is written down about it?

use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage};

use super::error::RequestId;

/// Middleware, outermost: numbers the request and writes one line about it once it is answered.
///
/// # Errors
/// Those of the layers below.
pub async fn arrival<B: MessageBody + 'static>(mut request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<BoxBody>, Error> {
    let since = Instant::now();
    let id = RequestId(uuid::Uuid::now_v7().simple().to_string());
    request.extensions_mut().insert(id.clone());
    let (method, path) = (request.method().clone(), loggable(request.path()).to_owned());
    if method == Method::HEAD && !is_export(request.path()) {
        // The same answer; the connection, which saw the method first, sends its head alone.
        request.head_mut().method = Method::GET;
    }
    let answer = next.call(request).await;
    let status = match &answer {
        Ok(response) => response.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    let milliseconds = since.elapsed().as_millis();
    let status = status.as_u16();
    if is_routine(&path) {
        tracing::debug!(target: REQUESTS, %method, path, status, milliseconds, request_id = id.0, "answered");
    } else {
        tracing::info!(target: REQUESTS, %method, path, status, milliseconds, request_id = id.0, "answered");
    }
    answer.map(ServiceResponse::map_into_boxed_body)
}

/// What a log's filter calls these lines.
pub const REQUESTS: &str = "nexus_console::requests";

/// A path as a log may hold it: the token of a one-time link is a key.
pub(super) fn loggable(path: &str) -> &str {
    if path.starts_with("/password/") { "/password/…" } else { path }
}

/// To ask for an export's head alone would write down an export that nobody got.
fn is_export(path: &str) -> bool {
    let is_file = |endings: &[&str]| endings.iter().any(|ending| path.ends_with(ending));
    path.starts_with("/tables/") && path.rsplit('/').next().is_some_and(|name| name.starts_with("export."))
        || path.starts_with("/audit/") && is_file(&[".csv", ".jsonl", ".zip"])
}

/// Probes and files would drown what people do.
fn is_routine(path: &str) -> bool {
    path.starts_with("/health/") || path.starts_with("/static/")
}
