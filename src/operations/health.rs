//! What do load balancers and scripts get to know about the console?

use actix_web::{
    HttpResponse,
    http::header::{CACHE_CONTROL, RETRY_AFTER},
    web::{Data, ServiceConfig, resource},
};

use super::readiness::{Changes, Readiness, State};

pub const LIVE: &str = "/health/live";
pub const READY: &str = "/health/ready";

/// Both answer before there is a database and while it is away; `Readiness` is app data.
pub fn configure(service: &mut ServiceConfig) {
    service.service(resource(LIVE).get(live)).service(resource(READY).get(ready));
}

async fn live() -> HttpResponse {
    text(HttpResponse::Ok(), "live\n")
}

async fn ready(readiness: Data<Readiness>) -> HttpResponse {
    match readiness.state() {
        State::Ready => match readiness.changes() {
            Changes::Taken => text(HttpResponse::Ok(), "ready\n"),
            Changes::Refused => text(HttpResponse::Ok(), "ready to be read: the database takes no changes\n"),
        },
        State::Starting { what } => {
            let mut response = HttpResponse::ServiceUnavailable();
            response.insert_header((RETRY_AFTER, "2"));
            text(response, format!("not ready: {what}\n"))
        }
        State::Away { since, why } => {
            let mut response = HttpResponse::ServiceUnavailable();
            response.insert_header((RETRY_AFTER, "2"));
            text(response, format!("not ready: the database is away since {} s: {why}\n", since.elapsed().as_secs()))
        }
    }
}

fn text(mut response: actix_web::HttpResponseBuilder, body: impl Into<String>) -> HttpResponse {
    response.insert_header((CACHE_CONTROL, "no-store")).content_type("text/plain; charset=utf-8").body(body.into())
}
