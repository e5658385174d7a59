//! How does somebody choose a password by a one-time link?

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, http::header, web};
use askama::Template;

use super::{
    cookie,
    display::{Field, FieldError, LineKind},
    doors::{Door, exposed, garbled_error, line},
    flash,
    frame::{FlashKind, Frame},
    guard::{Anonymous, Sent},
    response,
};
use crate::{
    app::Console,
    auth::{
        new_password,
        one_time_link::{self, Link, Owner},
        origin::Party,
        own_account, session_store,
        throttle::AccountKey,
    },
    db::write::Write,
    error::PageError,
};

/// Whoever holds a link has not signed in: what it does is the link's doing.
const BY_LINK: Party = Party::System("password_link");

#[derive(Template)]
#[template(path = "password/password.html")]
struct PasswordPage<'a> {
    frame: &'a Frame,
    action: &'a str,
    owner: &'a Owner,
    errors: Vec<FieldError<'a>>,
    fields: &'a [Field<'a>],
    exposed: Option<&'static str>,
}

fn draw(
    request: &HttpRequest,
    console: &Console,
    status: StatusCode,
    owner: &Owner,
    error: Option<String>,
    again: Option<String>,
) -> Result<HttpResponse, PageError> {
    let fields = [
        line(
            "password",
            "New password",
            LineKind::Password("new-password"),
            "",
            Some("At least 12 characters. A sentence is good."),
            error,
        ),
        line("password_again", "New password again", LineKind::Password("new-password"), "", None, again),
    ];
    let door = Door::open(request, console)?;
    let title = if status.is_success() { "Choose a password" } else { "Error: Choose a password" };
    let frame = door.frame(request, console, title);
    let page = PasswordPage {
        frame: &frame,
        action: request.path(),
        owner,
        errors: FieldError::all(&fields),
        fields: &fields,
        exposed: exposed(request, console),
    };
    Ok(door.answer(response::page(request, status, &page)))
}

fn gone() -> PageError {
    PageError::Gone { what: "A link to choose a password works once and for 48 hours.".to_owned() }
}

async fn owner(console: &Console, token: &str) -> Result<Owner, PageError> {
    let connection = console.database.read().await?;
    match one_time_link::find(&connection, token).await? {
        Link::Usable(owner) => Ok(owner),
        Link::Gone => Err(gone()),
        Link::Unknown => Err(PageError::not_found("link like this one")),
    }
}

/// GET /password/{token}
///
/// # Errors
/// 410 when the link is used up, 404 when nobody made it.
pub async fn show(request: HttpRequest, console: web::Data<Console>, token: web::Path<String>) -> Result<HttpResponse, PageError> {
    let owner = owner(&console, &token).await?;
    draw(&request, &console, StatusCode::OK, &owner, None, None)
}

/// POST /password/{token}
///
/// # Errors
/// As [`show`]; also 410 when somebody else used it while this was under way.
pub async fn submit(
    request: HttpRequest,
    console: web::Data<Console>,
    token: web::Path<String>,
    sent: Sent,
    from: Anonymous,
) -> Result<HttpResponse, PageError> {
    let owner = owner(&console, &token).await?;
    if exposed(&request, &console).is_some() {
        return draw(&request, &console, StatusCode::FORBIDDEN, &owner, None, None);
    }
    let (password, repeated) = (sent.get("password").unwrap_or_default(), sent.get("password_again").unwrap_or_default());
    let error = garbled_error(&sent, "password")
        .or_else(|| new_password::check(password, &owner.username, &owner.email).err().map(|reason| reason.to_string()));
    let again = (error.is_none() && password != repeated).then(|| new_password::Unacceptable::Mismatch.to_string());
    if error.is_some() || again.is_some() {
        return draw(&request, &console, StatusCode::UNPROCESSABLE_ENTITY, &owner, error, again);
    }
    let hash = console.entrance.hasher.hash(password).await?;
    let write = Write::begin(&console.database, &from.0.acting_as(BY_LINK)).await?;
    if !one_time_link::redeem(&write, &token).await? || !own_account::set_password_by_link(&write, owner.id, &hash).await? {
        return Err(gone());
    }
    write.commit().await?;
    console.entrance.throttle.forgive(AccountKey::of_user(owner.id));
    let mut answer = HttpResponse::SeeOther().insert_header((header::LOCATION, "/login")).finish();
    // Every session of theirs has ended; if this browser had one, or somebody else's, it signs in anew.
    cookie::remove(&mut answer, session_store::COOKIE);
    flash::set(&mut answer, &console, FlashKind::Done, "Your password is set. Sign in with it.");
    Ok(answer)
}
