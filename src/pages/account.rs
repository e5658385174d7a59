//! What can everybody see and change about themselves?

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use chrono::{DateTime, SecondsFormat, Utc};
use uuid::Uuid;

use super::display::{Field, FieldError, LineKind, TimeShown};
use super::doors::{email_error, exposed, garbled_error, line, text_error};
use super::frame::{Crumb, FlashKind, Frame};
use super::guard::Sent;
use super::visit::Visit;
use super::{flash, response};
use crate::app::Console;
use crate::auth::actor::{Preferences, Shortcuts};
use crate::auth::new_password;
use crate::auth::own_account::{self, ChangeError, OwnSession};
use crate::auth::revocation::{self, Why};
use crate::auth::throttle::{AccountKey, Origin};
use crate::db::pool::DatabaseError;
use crate::db::write::Write;
use crate::error::PageError;
use crate::resource::form::Submission;

mod device;
mod preferences;

use preferences::Chosen;

pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/account").get(show))
        .service(web::resource("/account/session").get(stay))
        .service(web::resource("/account/profile").post(save_profile))
        .service(web::resource("/account/preferences").post(save_preferences))
        .service(web::resource("/account/password").post(change_password))
        .service(web::resource("/account/sessions/revoke-others").post(revoke_others))
        .service(web::resource("/account/sessions/{id}/revoke").post(revoke));
}

#[derive(Template)]
#[template(path = "account/account.html")]
struct AccountPage<'a> {
    frame: &'a Frame,
    errors: Vec<FieldError<'a>>,
    username: &'a str,
    role: &'a str,
    profile: &'a [Field<'a>],
    preferences: &'a [Field<'a>],
    password: &'a [Field<'a>],
    exposed: Option<&'static str>,
    sessions: &'a [SessionRow],
}

struct SessionRow {
    id: Uuid,
    device: String,
    agent: String,
    ip: String,
    began: Option<TimeShown>,
    last_used: Option<TimeShown>,
    ends: TimeShown,
    is_this: bool,
}

/// What somebody typed into one of the forms, and what is wrong with it.
#[derive(Default)]
struct Typed {
    full_name: Option<String>,
    email: Option<String>,
    full_name_error: Option<String>,
    email_error: Option<String>,
    chosen: Option<Chosen>,
    zone_error: Option<String>,
    current_error: Option<String>,
    new_error: Option<String>,
    again_error: Option<String>,
}

async fn draw(
    request: &HttpRequest,
    console: &Console,
    visit: &Visit,
    status: StatusCode,
    typed: Typed,
) -> Result<HttpResponse, PageError> {
    let actor = &visit.actor;
    let connection = console.database.read().await?;
    let own = own_account::sessions(&connection, actor.id).await?;
    drop(connection);
    let now = Utc::now();
    let zone = actor.preferences.time_zone;
    let sessions: Vec<SessionRow> = own.into_iter().map(|own| row(own, visit, now)).collect();
    let profile = [
        line("full_name", "Full name", LineKind::Text, typed.full_name.as_deref().unwrap_or(&actor.full_name), None, typed.full_name_error),
        line(
            "email",
            "Email",
            LineKind::Email,
            typed.email.as_deref().unwrap_or(&actor.email),
            Some("You can sign in with it."),
            typed.email_error,
        ),
    ];
    let chosen = typed.chosen.unwrap_or_else(|| Chosen { zone: zone.name().to_owned(), preferences: actor.preferences });
    let preferences = preferences::fields(&chosen, typed.zone_error);
    let password = [
        line("current_password", "Current password", LineKind::Password("current-password"), "", None, typed.current_error),
        line(
            "new_password",
            "New password",
            LineKind::Password("new-password"),
            "",
            Some("At least 12 characters. A sentence is good."),
            typed.new_error,
        ),
        line("new_password_again", "New password again", LineKind::Password("new-password"), "", None, typed.again_error),
    ];
    let mut errors = FieldError::all(&profile);
    errors.extend(FieldError::all(&preferences));
    errors.extend(FieldError::all(&password));
    let title = if status.is_success() { "Your account" } else { "Error: Your account" };
    let crumbs =
        vec![Crumb { label: "Dashboard".to_owned(), href: Some("/".to_owned()) }, Crumb { label: "Your account".to_owned(), href: None }];
    let frame = Frame::for_page(console, visit, request, title, crumbs);
    let page = AccountPage {
        frame: &frame,
        errors,
        username: &actor.username,
        role: actor.role.map_or("No role: you may do nothing yet. Ask an administrator.", |role| role.label()),
        profile: &profile,
        preferences: &preferences,
        password: &password,
        exposed: exposed(request, console),
        sessions: &sessions,
    };
    Ok(response::page(request, status, &page))
}

fn row(own: OwnSession, visit: &Visit, now: DateTime<Utc>) -> SessionRow {
    let shown = |moment| TimeShown::new(moment, visit.actor.preferences.time_zone, now);
    let agent = own.agent.unwrap_or_default();
    SessionRow {
        id: own.id,
        device: device::name(&agent),
        agent,
        ip: own.ip.unwrap_or_default(),
        began: own.began.map(shown),
        last_used: own.last_used.map(shown),
        ends: shown(own.ends),
        is_this: own.id == visit.actor.session,
    }
}

/// GET /account
///
/// # Errors
/// When the database is away.
pub async fn show(request: HttpRequest, console: web::Data<Console>, visit: Visit) -> Result<HttpResponse, PageError> {
    draw(&request, &console, &visit, StatusCode::OK, Typed::default()).await
}

/// GET /account/session: asking is what keeps the session; the answer says until when.
pub async fn stay(visit: Visit) -> HttpResponse {
    let ends = visit.session_ends.to_rfc3339_opts(SecondsFormat::Secs, true);
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(serde_json::json!({ "ends": ends }))
}

fn back_with(console: &Console, kind: FlashKind, text: &str) -> HttpResponse {
    let mut answer = HttpResponse::SeeOther().insert_header((header::LOCATION, "/account")).finish();
    flash::set(&mut answer, console, kind, text);
    answer
}

/// A form that is sent to be drawn again, with what was typed: nothing of it is saved.
fn only_draws(sent: &Submission) -> bool {
    sent.get("find").is_some()
}

/// POST /account/profile
///
/// # Errors
/// When the database is away.
pub async fn save_profile(request: HttpRequest, console: web::Data<Console>, visit: Visit, sent: Sent) -> Result<HttpResponse, PageError> {
    let (full_name, email) = (sent.get("full_name").unwrap_or_default(), sent.get("email").unwrap_or_default());
    let mut typed = Typed { full_name: Some(full_name.to_owned()), email: Some(email.to_owned()), ..Typed::default() };
    if only_draws(&sent) {
        return draw(&request, &console, &visit, StatusCode::OK, typed).await;
    }
    typed.full_name_error = garbled_error(&sent, "full_name").or_else(|| text_error("full name", full_name, 255));
    // What the platform let in stays good for as long as nobody touches it.
    let unchanged = email.trim() == visit.actor.email;
    typed.email_error = garbled_error(&sent, "email").or_else(|| if unchanged { None } else { email_error(email.trim()) });
    if typed.full_name_error.is_some() || typed.email_error.is_some() {
        return draw(&request, &console, &visit, StatusCode::UNPROCESSABLE_ENTITY, typed).await;
    }
    // One address, one person: another spelling of somebody's would catch their logins.
    let kept_as = if unchanged { email.trim().to_owned() } else { email.trim().to_lowercase() };
    if full_name == visit.actor.full_name && unchanged {
        return Ok(back_with(&console, FlashKind::Done, "Nothing was changed."));
    }
    let write = Write::begin(&console.database, &visit.origin).await?;
    match own_account::save_profile(&write, visit.actor.id, full_name, &kept_as).await {
        Ok(true) => write.commit().await?,
        Ok(false) => return Err(PageError::SignedOut),
        Err(DatabaseError::Violation(violation)) if violation.concerns("email") => {
            drop(write);
            typed.email_error = Some("Another user has this address".to_owned());
            return draw(&request, &console, &visit, StatusCode::UNPROCESSABLE_ENTITY, typed).await;
        }
        Err(error) => return Err(error.into()),
    }
    Ok(back_with(&console, FlashKind::Done, "Your profile is saved."))
}

/// POST /account/preferences
///
/// # Errors
/// When the database is away.
pub async fn save_preferences(
    request: HttpRequest,
    console: web::Data<Console>,
    visit: Visit,
    sent: Sent,
) -> Result<HttpResponse, PageError> {
    let current = visit.actor.preferences;
    let zone = sent.get("time_zone").unwrap_or(current.time_zone.name()).to_owned();
    let parsed = zone.parse().ok();
    let (theme, density) = (preferences::theme(&sent, current.theme), preferences::density(&sent, current.density));
    let shortcuts = if sent.get("single_key_shortcuts") == Some("true") { Shortcuts::On } else { Shortcuts::Off };
    let preferences = Preferences {
        time_zone: parsed.unwrap_or(current.time_zone),
        theme: theme.unwrap_or(current.theme),
        density: density.unwrap_or(current.density),
        shortcuts,
    };
    let is_known = parsed.is_some() && theme.is_some() && density.is_some();
    let zone_error = (parsed.is_none()).then(|| "Choose one of the listed time zones".to_owned());
    if only_draws(&sent) || !is_known {
        let status = if only_draws(&sent) { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
        let typed = Typed { chosen: Some(Chosen { zone, preferences }), zone_error, ..Typed::default() };
        return draw(&request, &console, &visit, status, typed).await;
    }
    let write = Write::begin(&console.database, &visit.origin).await?;
    own_account::save_preferences(&write, visit.actor.id, preferences).await?;
    write.commit().await?;
    Ok(back_with(&console, FlashKind::Done, "Your preferences are saved."))
}

/// POST /account/password
///
/// # Errors
/// When the database is away, or the current password was tried too often.
pub async fn change_password(
    request: HttpRequest,
    console: web::Data<Console>,
    visit: Visit,
    sent: Sent,
) -> Result<HttpResponse, PageError> {
    let actor = &visit.actor;
    if exposed(&request, &console).is_some() {
        return draw(&request, &console, &visit, StatusCode::FORBIDDEN, Typed::default()).await;
    }
    let typed = |name: &str| sent.get(name).unwrap_or_default();
    let new = typed("new_password");
    let new_error = garbled_error(&sent, "new_password")
        .or_else(|| new_password::check(new, &actor.username, &actor.email).err().map(|reason| reason.to_string()));
    let again_error = (new_error.is_none() && new != typed("new_password_again")).then(|| new_password::Unacceptable::Mismatch.to_string());
    // Somebody at an unlocked screen must not find the password out by trying: each session is counted by itself.
    let (account, origin) = (AccountKey::of_user(actor.id), Origin::KnownDevice(actor.session));
    let throttle = &console.entrance.throttle;
    let _consequence = throttle
        .begin(account, origin, TRIES, std::time::Instant::now())
        .map_err(|refused| PageError::TooMany { retry_after: refused.retry_after })?;
    let proved = match own_account::prove_current(&console.database, &console.entrance.hasher, actor.id, typed("current_password")).await {
        Ok(proved) => {
            throttle.succeeded(account, origin);
            Ok(proved)
        }
        Err(ChangeError::WrongCurrent) => Err("This is not your current password".to_owned()),
        Err(ChangeError::Changed) => return Err(PageError::SignedOut),
        Err(ChangeError::Password(error)) => {
            throttle.abandoned(account, origin);
            return Err(error.into());
        }
        Err(ChangeError::Database(error)) => {
            throttle.abandoned(account, origin);
            return Err(error.into());
        }
    };
    let proved = match (proved, &new_error, &again_error) {
        (Ok(proved), None, None) => proved,
        (proved, _, _) => {
            let typed = Typed { current_error: proved.err(), new_error, again_error, ..Typed::default() };
            return draw(&request, &console, &visit, StatusCode::UNPROCESSABLE_ENTITY, typed).await;
        }
    };
    let hash = console.entrance.hasher.hash(new).await?;
    let write = Write::begin(&console.database, &visit.origin).await?;
    let ended = match own_account::change_password(&write, &proved, &hash, actor.session).await {
        Ok(ended) => ended,
        Err(ChangeError::Database(error)) => return Err(error.into()),
        Err(ChangeError::Password(error)) => return Err(error.into()),
        Err(ChangeError::Changed | ChangeError::WrongCurrent) => {
            let what = "Your password was changed elsewhere at the same moment. Nothing was changed here.".to_owned();
            return Err(PageError::Conflict { what, ways: Vec::new() });
        }
    };
    write.commit().await?;
    let text = match ended {
        0 => "Your password is changed.".to_owned(),
        1 => "Your password is changed, and your other session has ended.".to_owned(),
        ended => format!("Your password is changed, and your {ended} other sessions have ended."),
    };
    Ok(back_with(&console, FlashKind::Done, &text))
}

/// Wrong current passwords in one session before it has to wait.
const TRIES: u32 = 5;

/// POST /account/sessions/{id}/revoke
///
/// # Errors
/// 404 for a session that is not one's own.
pub async fn revoke(console: web::Data<Console>, visit: Visit, id: web::Path<String>) -> Result<HttpResponse, PageError> {
    let id: Uuid = id.parse().map_err(|_| PageError::bad_request("The session's id is not a uuid"))?;
    let connection = console.database.read().await?;
    let is_own = connection.query_opt("SELECT FROM user_sessions WHERE id = $1 AND user_id = $2", &[&id, &visit.actor.id]).await?.is_some();
    drop(connection);
    if !is_own {
        return Err(PageError::not_found("session of yours with this id"));
    }
    let write = Write::begin(&console.database, &visit.origin).await?;
    let ended = revocation::one(&write, visit.actor.id, id, Why::Own).await?;
    write.commit().await?;
    let text = if ended == 0 { "That session had ended already." } else { "The session has ended." };
    Ok(back_with(&console, FlashKind::Done, text))
}

/// POST /account/sessions/revoke-others
///
/// # Errors
/// When the database is away.
pub async fn revoke_others(console: web::Data<Console>, visit: Visit) -> Result<HttpResponse, PageError> {
    let write = Write::begin(&console.database, &visit.origin).await?;
    let ended = revocation::all_but(&write, visit.actor.id, Some(visit.actor.session), Why::Own).await?;
    write.commit().await?;
    let text = match ended {
        0 => "There was no other session.".to_owned(),
        1 => "Your other session has ended.".to_owned(),
        ended => format!("Your {ended} other sessions have ended."),
    };
    Ok(back_with(&console, FlashKind::Done, &text))
}
