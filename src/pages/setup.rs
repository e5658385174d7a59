//! How does a console that nobody administers yet get its first administrator?

use std::time::Instant;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, http::header, web};
use askama::Template;

use super::{
    display::{Field, FieldError, LineKind},
    doors::{Door, email_error, exposed, garbled_error, line, network, text_error},
    flash,
    frame::{FlashKind, Frame},
    guard::{Anonymous, Sent},
    response,
};
use crate::{
    app::Console,
    auth::{
        first_administrator::{self, First, SETUP},
        new_password,
        throttle::{AccountKey, Origin},
    },
    db::{pool::DatabaseError, write::Write},
    error::PageError,
    resource::form::Submission,
};

/// Tries at the token from one network before it has to wait.
const TRIES: u32 = 10;

#[derive(Template)]
#[template(path = "setup/setup.html")]
struct SetupPage<'a> {
    frame: &'a Frame,
    errors: Vec<FieldError<'a>>,
    fields: &'a [Field<'a>],
    exposed: Option<&'static str>,
    kept_in: String,
}

#[derive(Default)]
struct Errors {
    token: Option<String>,
    username: Option<String>,
    full_name: Option<String>,
    email: Option<String>,
    password: Option<String>,
    again: Option<String>,
}

impl Errors {
    fn are_none(&self) -> bool {
        [&self.token, &self.username, &self.full_name, &self.email, &self.password, &self.again].iter().all(|error| error.is_none())
    }
}

fn draw(
    request: &HttpRequest,
    console: &Console,
    status: StatusCode,
    sent: &Submission,
    errors: Errors,
) -> Result<HttpResponse, PageError> {
    let typed = |name: &str| sent.get(name).unwrap_or_default();
    let fields = [
        line(
            "token",
            "Setup token",
            LineKind::Identifier,
            typed("token"),
            Some("Printed on the terminal where the console was started."),
            errors.token,
        ),
        line("username", "User name", LineKind::Text, typed("username"), Some("At most 50 characters."), errors.username),
        line("full_name", "Full name", LineKind::Text, typed("full_name"), None, errors.full_name),
        line("email", "Email", LineKind::Email, typed("email"), None, errors.email),
        line(
            "password",
            "Password",
            LineKind::Password("new-password"),
            "",
            Some("At least 12 characters. A sentence is good."),
            errors.password,
        ),
        line("password_again", "Password again", LineKind::Password("new-password"), "", None, errors.again),
    ];
    let door = Door::open(request, console)?;
    let title = if status.is_success() { "First administrator" } else { "Error: First administrator" };
    let frame = door.frame(request, console, title);
    let kept_in = console.entrance.setup.path().display().to_string();
    let page = SetupPage { frame: &frame, errors: FieldError::all(&fields), fields: &fields, exposed: exposed(request, console), kept_in };
    Ok(door.answer(response::page(request, status, &page)))
}

fn done() -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, "/login")).finish()
}

/// GET /setup: only while nobody administers the console.
///
/// # Errors
/// When the database is away.
pub async fn show(request: HttpRequest, console: web::Data<Console>) -> Result<HttpResponse, PageError> {
    let connection = console.database.read().await?;
    if first_administrator::exists(&connection).await? {
        return Ok(done());
    }
    drop(connection);
    draw(&request, &console, StatusCode::OK, &Submission::default(), Errors::default())
}

/// POST /setup
///
/// # Errors
/// When the database is away, or the token was tried too often.
pub async fn submit(request: HttpRequest, console: web::Data<Console>, sent: Sent, from: Anonymous) -> Result<HttpResponse, PageError> {
    let connection = console.database.read().await?;
    if first_administrator::exists(&connection).await? {
        return Ok(done());
    }
    drop(connection);
    if exposed(&request, &console).is_some() {
        return draw(&request, &console, StatusCode::FORBIDDEN, &sent, Errors::default());
    }
    let entrance = &console.entrance;
    let (account, origin) = (AccountKey::of_unknown("\0setup"), Origin::Stranger(network(from.0.ip)));
    entrance
        .throttle
        .begin(account, origin, TRIES, Instant::now())
        .map_err(|refused| PageError::TooMany { retry_after: refused.retry_after })
        .map(|_consequence| ())?;
    let token_fits = entrance.setup.verify(sent.get("token").unwrap_or_default());
    if token_fits {
        entrance.throttle.succeeded(account, origin);
    }
    let mut errors = check(&sent);
    if !token_fits {
        errors.token = Some("This is not the setup token".to_owned());
    }
    if !errors.are_none() {
        return draw(&request, &console, StatusCode::UNPROCESSABLE_ENTITY, &sent, errors);
    }
    let typed = |name: &str| sent.get(name).unwrap_or_default().trim();
    let password_hash = entrance.hasher.hash(sent.get("password").unwrap_or_default()).await?;
    let first = First { username: typed("username"), email: typed("email"), full_name: typed("full_name"), password_hash: &password_hash };
    let write = Write::begin(&console.database, &from.0.acting_as(SETUP)).await?;
    match first_administrator::create(&write, &first).await {
        Ok(None) => return Ok(done()),
        Ok(Some(_id)) => write.commit().await?,
        Err(DatabaseError::Violation(violation)) => {
            let taken = |column| violation.concerns(column).then(|| "This is taken already: choose another one".to_owned());
            let errors = Errors { username: taken("username"), email: taken("email"), full_name: taken("full_name"), ..Errors::default() };
            if errors.are_none() {
                return Err(DatabaseError::Violation(violation).into());
            }
            return draw(&request, &console, StatusCode::UNPROCESSABLE_ENTITY, &sent, errors);
        }
        Err(error) => return Err(error.into()),
    }
    if let Err(error) = entrance.setup.consume() {
        // It opens nothing any more: there is an administrator.
        tracing::warn!(%error, "the used setup token could not be removed");
    }
    let mut answer = done();
    flash::set(&mut answer, &console, FlashKind::Done, "The first administrator is created. Sign in.");
    Ok(answer)
}

fn check(sent: &Submission) -> Errors {
    let typed = |name: &str| sent.get(name).unwrap_or_default();
    let text = |name: &str, label: &str, longest| garbled_error(sent, name).or_else(|| text_error(label, typed(name), longest));
    let password = new_password::check(typed("password"), typed("username"), typed("email"));
    Errors {
        token: None,
        username: text("username", "user name", 50),
        full_name: text("full_name", "full name", 255),
        email: garbled_error(sent, "email").or_else(|| email_error(typed("email").trim())),
        password: garbled_error(sent, "password").or_else(|| password.err().map(|reason| reason.to_string())),
        again: (password.is_ok() && typed("password") != typed("password_again")).then(|| new_password::Unacceptable::Mismatch.to_string()),
    }
}
