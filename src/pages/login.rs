//! How does somebody sign in and out?

use std::time::Duration;

use actix_session::Session;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use askama::Template;

use super::cookie::{self, DEVICE, Lifetime, VISITOR};
use super::doors::{Door, exposed};
use super::frame::{FlashKind, Frame};
use super::guard::{Anonymous, Sent};
use super::local_path::{after_login, local};
use super::resume::{self, ACTION, Waiting};
use super::visit::Visit;
use super::{flash, response};
use crate::app::Console;
use crate::auth::csrf::Binding;
use crate::auth::entrance::Audience;
use crate::auth::login::{Attempt, Device, LoggedIn, LoginError, Replaced, log_in, log_out};
use crate::auth::sealed::Purpose;
use crate::auth::session_store;
use crate::error::PageError;

/// A browser keeps being known this long after its last login.
const DEVICE_DAYS: i64 = 180;

/// The demonstration's users, and what each is for.
const DEMONSTRATION: &[(&str, &str)] = &[
    ("admin", "every table, users and settings"),
    ("manager", "accounts and transactions"),
    ("manager2", "a second manager"),
    ("auditor", "reads and exports everything"),
    ("user", "three accounts of their own"),
    ("viewer", "reads the ledger and the registry"),
];

#[derive(Template)]
#[template(path = "login/login.html")]
struct LoginPage<'a> {
    frame: &'a Frame,
    username: &'a str,
    next: &'a str,
    error: Option<&'a str>,
    waiting: Option<&'a Waiting>,
    /// Where the waiting form goes, as the hidden input's name.
    action_name: &'static str,
    exposed: Option<&'static str>,
    demonstration: &'static [(&'static str, &'static str)],
}

/// What the form shows beside the empty fields.
#[derive(Default)]
struct Shown<'a> {
    username: &'a str,
    next: &'a str,
    error: Option<&'a str>,
    waiting: Option<&'a Waiting>,
}

fn draw(request: &HttpRequest, console: &Console, status: StatusCode, shown: &Shown<'_>) -> HttpResponse {
    let door = match Door::open(request, console) {
        Ok(door) => door,
        Err(error) => return HttpResponse::from_error(error),
    };
    let title = if status.is_success() { "Sign in" } else { "Error: Sign in" };
    let frame = door.frame(request, console, title);
    let page = LoginPage {
        frame: &frame,
        username: shown.username,
        next: shown.next,
        error: shown.error,
        waiting: shown.waiting,
        action_name: ACTION,
        exposed: exposed(request, console),
        demonstration: match console.entrance.audience {
            Audience::Demonstration => DEMONSTRATION,
            Audience::Public => &[],
        },
    };
    door.answer(response::page(request, status, &page))
}

/// The value of `next` in the query, as it stands there.
fn next_of(request: &HttpRequest) -> Option<String> {
    form_urlencoded::parse(request.query_string().as_bytes()).find(|(name, _)| name == "next").map(|(_, value)| value.into_owned())
}

fn see_other(path: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, path)).finish()
}

/// To the login page and back here afterwards.
pub(super) fn redirect(request: &HttpRequest) -> HttpResponse {
    let here = request.uri().path_and_query().map_or("/", |path| path.as_str());
    match local(here) {
        Some("/") | None => see_other("/login"),
        Some(path) => {
            see_other(&form_urlencoded::Serializer::for_suffix("/login?".to_owned(), "/login?".len()).append_pair("next", path).finish())
        }
    }
}

/// The login form that stands where a form without a session was sent to, and carries what was typed.
pub(super) fn instead(request: &HttpRequest, console: &Console) -> HttpResponse {
    let sent = request.extensions().get::<Sent>().cloned().unwrap_or_default();
    if request.path() == "/logout" {
        return see_other("/login");
    }
    let waiting = Waiting::of_request(request, &sent);
    let error = match waiting {
        Some(_) => "Your session has ended, so nothing was saved. Sign in again: what you typed is kept.",
        None => "Your session has ended, so nothing was done. Sign in again.",
    };
    let page_before = super::guard::referring_page(request);
    let next = after_login(page_before.as_deref());
    draw(request, console, StatusCode::UNPROCESSABLE_ENTITY, &Shown { username: "", next, error: Some(error), waiting: waiting.as_ref() })
}

/// GET /login
///
/// # Errors
/// None of its own.
pub async fn show(request: HttpRequest, console: web::Data<Console>, visit: Option<Visit>) -> Result<HttpResponse, PageError> {
    let next = next_of(&request);
    let next = after_login(next.as_deref());
    if visit.is_some() {
        return Ok(see_other(next));
    }
    Ok(draw(&request, &console, StatusCode::OK, &Shown { next, ..Shown::default() }))
}

/// POST /login
///
/// # Errors
/// When the database is away, or too many are signing in.
pub async fn submit(
    request: HttpRequest,
    console: web::Data<Console>,
    session: Session,
    sent: Sent,
    visit: Option<Visit>,
    from: Anonymous,
) -> Result<HttpResponse, PageError> {
    let username = sent.get("username").unwrap_or_default();
    let next = after_login(sent.get("next"));
    let waiting = Waiting::of_login(&sent);
    let shown = |error| Shown { username, next, error: Some(error), waiting: waiting.as_ref() };
    if exposed(&request, &console).is_some() {
        let error = "Nothing was checked: a password must not travel over plain http.";
        return Ok(draw(&request, &console, StatusCode::FORBIDDEN, &shown(error)));
    }
    let attempt = Attempt {
        name: username,
        password: sent.get("password").unwrap_or_default(),
        device: device(&request, &console),
        replaces: visit.as_ref().map(|visit| Replaced { user: visit.actor.id, session: visit.actor.session }),
        origin: &from.0,
    };
    let entrance = &console.entrance;
    let answer = match log_in(&console.database, &entrance.hasher, &entrance.throttle, attempt).await {
        Ok(logged_in) => welcome(&request, &console, &session, &logged_in, next, waiting.as_ref())?,
        Err(LoginError::Wrong { rest: None }) => {
            draw(&request, &console, StatusCode::UNPROCESSABLE_ENTITY, &shown("User name or password is not right."))
        }
        Err(LoginError::Wrong { rest: Some(rest) }) => {
            let error = ["User name or password is not right. This account now rests here for ", &minutes(rest), "."].concat();
            draw(&request, &console, StatusCode::UNPROCESSABLE_ENTITY, &shown(&error))
        }
        Err(LoginError::Throttled(refused)) => {
            let error = ["There were too many failed tries. Try again in ", &minutes(refused.retry_after), "."].concat();
            let mut answer = draw(&request, &console, StatusCode::TOO_MANY_REQUESTS, &shown(&error));
            let seconds = refused.retry_after.as_secs().saturating_add(1);
            answer.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from(seconds));
            answer
        }
        Err(LoginError::Password(error)) => return Err(error.into()),
        Err(LoginError::Random(error)) => return Err(PageError::internal(error)),
        Err(LoginError::Database(error)) => return Err(error.into()),
    };
    Ok(answer)
}

fn device(request: &HttpRequest, console: &Console) -> Option<Device> {
    let sealed = cookie::value(request, DEVICE)?;
    Device::from_text(&console.entrance.sealer.unseal(Purpose::Device, &sealed)?)
}

fn welcome(
    request: &HttpRequest,
    console: &Console,
    session: &Session,
    logged_in: &LoggedIn,
    next: &str,
    waiting: Option<&Waiting>,
) -> Result<HttpResponse, PageError> {
    session_store::hand_over(session, &logged_in.key).map_err(|error| PageError::internal(error.to_string()))?;
    let mut answer = match waiting {
        None => see_other(next),
        Some(waiting) => {
            let door = Door::open(request, console)?;
            let mut frame = door.frame(request, console, "Signed in, not saved yet");
            // The form that follows belongs to the new session already.
            frame.csrf_token = console.entrance.csrf.token(&Binding::Session(logged_in.session)).map_err(PageError::internal)?;
            resume::page(request, &frame, waiting, next)
        }
    };
    let device = console.entrance.sealer.seal(Purpose::Device, &logged_in.device.to_text());
    cookie::set(&mut answer, DEVICE, device, Lifetime::Days(DEVICE_DAYS));
    // Nobody is anonymous here any more; a new value is made after the logout.
    cookie::remove(&mut answer, VISITOR);
    Ok(answer)
}

/// POST /logout
///
/// # Errors
/// When the database is away: then the session has not ended, and the page says so.
pub async fn leave(console: web::Data<Console>, visit: Visit) -> Result<HttpResponse, PageError> {
    log_out(&console.database, visit.actor.id, visit.actor.session, &visit.origin).await?;
    let mut answer = see_other("/login");
    cookie::remove(&mut answer, session_store::COOKIE);
    flash::set(&mut answer, &console, FlashKind::Done, "You are signed out.");
    Ok(answer)
}

/// "20 seconds", "30 minutes".
fn minutes(duration: Duration) -> String {
    match duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0)) {
        0 | 1 => "a second".to_owned(),
        seconds @ 2..=90 => format!("{seconds} seconds"),
        seconds => format!("{} minutes", seconds.div_ceil(60)),
    }
}
