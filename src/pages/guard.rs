//! Who makes this request, and was it made on one of our pages? Asked before any handler runs.

use std::rc::Rc;

use actix_session::SessionExt;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, HttpResponse};

use super::approvals::{self, QueueCounts};
use super::cookie::{self, FLASH, VISITOR};
use super::error::RequestId;
use super::local_path;
use super::visit::{Known, Visit};
use super::{flash, kept, login, submission, urls};
use crate::app::Console;
use crate::auth::csrf::Binding;
use crate::auth::origin::{Channel, Origin, Party};
use crate::auth::reach::Source;
use crate::auth::sealed::Purpose;
use crate::auth::session::LoadedSession;
use crate::auth::session_store::{self, SessionUnavailable};
use crate::db::pool::DatabaseError;
use crate::error::{Cause, PageError};
use crate::resource::form::Submission;

/// What carries a form's token.
pub const TOKEN: &str = "csrf_token";

/// The form this request sent, decoded; strictly, so that a garbled field is known as such.
#[derive(Clone, Default)]
pub struct Sent(Rc<Submission>);

impl std::ops::Deref for Sent {
    type Target = Submission;

    fn deref(&self) -> &Submission {
        &self.0
    }
}

impl FromRequest for Sent {
    type Error = PageError;
    type Future = std::future::Ready<Result<Sent, PageError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(Ok(request.extensions().get::<Sent>().cloned().unwrap_or_default()))
    }
}

/// The origin of a request in which nobody is logged in, for what the console does by itself.
#[derive(Clone)]
pub struct Anonymous(pub Origin);

impl FromRequest for Anonymous {
    type Error = PageError;
    type Future = std::future::Ready<Result<Anonymous, PageError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let known = request.extensions().get::<Anonymous>().cloned();
        std::future::ready(known.ok_or_else(|| PageError::internal("the guard has not seen this request")))
    }
}

/// Middleware, inside the session's: makes the [`Visit`], and lets no change through that a page of ours
/// did not ask for.
///
/// # Errors
/// Never of its own: a refusal is an answer, which the error pages draw.
pub async fn guard<B: MessageBody + 'static>(mut request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(console) = request.app_data::<Data<Console>>().cloned() else {
        return Ok(request.error_response(PageError::internal("no console in the app's data")).map_into_boxed_body());
    };
    let response = match admit(&mut request, &console).await {
        // Not `into_response`, which drops the error that the answer carries.
        Some(answer) => ServiceResponse::new(request.into_parts().0, answer),
        None => next.call(request).await?.map_into_boxed_body(),
    };
    Ok(finish(response))
}

/// `Some`: the answer, instead of the handler's.
async fn admit(request: &mut ServiceRequest, console: &Console) -> Option<HttpResponse> {
    if urls::is_for_programs(request.path()) {
        return None;
    }
    flash::receive(request.request(), &console.entrance.sealer);
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if !is_read {
        match read(request).await {
            Ok(sent) => {
                request.extensions_mut().insert(sent);
            }
            Err(error) => return Some(HttpResponse::from_error(error)),
        }
    }
    let origin = origin(request, console);
    request.extensions_mut().insert(Anonymous(origin.clone()));
    let session = match session_store::current(&request.get_session()) {
        Ok(session) => session,
        Err(error) => return Some(HttpResponse::from_error(unavailable(request, error))),
    };
    if let Some(session) = &session {
        match known(console, session, origin) {
            Ok(known) => {
                request.extensions_mut().insert(Visit::new(known));
            }
            Err(error) => return Some(HttpResponse::from_error(error)),
        }
    }
    if is_read {
        if let Err(error) = tell_reading(request, console).await {
            return Some(HttpResponse::from_error(PageError::from(error)));
        }
        count_queue(request, console).await;
    }
    if is_read { None } else { refuse(request, console, session.as_ref()) }
}

/// Whoever reads the log stands in it themselves before they see any of it.
async fn tell_reading(request: &ServiceRequest, console: &Console) -> Result<(), DatabaseError> {
    let Some(visit) = request.extensions().get::<Visit>().cloned() else {
        return Ok(());
    };
    console.readers.meet(&console.database, &console.registry, &visit.actor, &visit.origin, request.path()).await
}

/// The navigation says how many items wait. A page is not refused because nobody could count them.
async fn count_queue(request: &ServiceRequest, console: &Console) {
    let visit = request.extensions().get::<Visit>().cloned();
    let counts = request.app_data::<Data<QueueCounts>>().cloned();
    if let (Some(visit), Some(counts)) = (visit, counts)
        && let Err(error) = approvals::refresh(console, &visit.actor, &counts).await
    {
        tracing::debug!(error = &error as &dyn std::error::Error, "the queue was not counted");
    }
}

fn known(console: &Console, session: &LoadedSession, origin: Origin) -> Result<Known, PageError> {
    Ok(Known {
        actor: session.actor(console.policy),
        origin: Origin { party: Party::User(session.user_id), session: Some(session.id), ..origin },
        session_ends: session.ends_at,
        csrf_token: console.entrance.csrf.token(&session.binding()).map_err(PageError::internal)?,
        unread: session.unread,
    })
}

fn origin(request: &ServiceRequest, console: &Console) -> Origin {
    let peer = request.peer_addr().map(|address| address.ip());
    let agent = request.headers().get(header::USER_AGENT).map(|agent| String::from_utf8_lossy(agent.as_bytes()).into_owned());
    let id = request.extensions().get::<RequestId>().cloned();
    let id = id.unwrap_or_else(|| {
        let made = RequestId(uuid::Uuid::now_v7().simple().to_string());
        request.extensions_mut().insert(made.clone());
        made
    });
    Origin {
        party: Party::System("login"),
        channel: Channel::Console,
        ip: console.entrance.reach.address(request.headers(), peer),
        agent,
        request: Some(id.0),
        session: None,
    }
}

/// The forms that are filled in before anybody is logged in.
pub(super) fn is_before_login(path: &str) -> bool {
    matches!(path, "/login" | "/setup") || path.starts_with("/password/")
}

fn refuse(request: &ServiceRequest, console: &Console, session: Option<&LoadedSession>) -> Option<HttpResponse> {
    let before_login = is_before_login(request.path());
    if console.entrance.reach.source(request.headers()) == Source::Foreign {
        return Some(HttpResponse::from_error(stale(request)));
    }
    let token = request.extensions().get::<Sent>().and_then(|sent| sent.get(TOKEN).map(str::to_owned)).unwrap_or_default();
    let visitor =
        || cookie::value(request.request(), VISITOR).and_then(|sealed| console.entrance.sealer.unseal(Purpose::Anonymous, &sealed));
    let csrf = &console.entrance.csrf;
    let of_session = session.is_some_and(|session| csrf.accepts(&session.binding(), &token));
    let of_visitor = || before_login && visitor().is_some_and(|random| csrf.accepts(&Binding::Anonymous(random), &token));
    if of_session || of_visitor() {
        return None;
    }
    match session {
        // Nothing is decided by the old token any more: the login asks for one of its own.
        None if !before_login => Some(login::instead(request.request(), console)),
        Some(_) | None => Some(HttpResponse::from_error(stale(request))),
    }
}

fn stale(request: &ServiceRequest) -> PageError {
    // Offering another site's form for one more click would undo the refusal; and before login a form to
    // send again would need a cookie that this browser did not keep.
    let is_ours =
        request.app_data::<Data<Console>>().is_some_and(|console| console.entrance.reach.source(request.headers()) == Source::OurPage);
    let kept = if is_ours && !is_before_login(request.path()) { kept::of(request) } else { None };
    let back = match (is_before_login(request.path()), referring_page(request.request())) {
        (false, Some(page)) => page,
        (false, None) => "/".to_owned(),
        (true, _) => request.path().to_owned(),
    };
    PageError::StaleToken { kept, back }
}

fn unavailable(request: &ServiceRequest, error: SessionUnavailable) -> PageError {
    match error {
        SessionUnavailable::Away { why, .. } => {
            let kept = request.extensions().get::<Sent>().cloned().and_then(|sent| kept::with_its_token(request, &sent));
            PageError::Unavailable {
                retry_after: std::time::Duration::from_secs(5),
                cause: Cause::Database(why),
                kept,
                source: Some(error.into()),
            }
        }
        SessionUnavailable::Failed => PageError::internal(error),
    }
}

/// The path of our own page that sent this request.
pub(super) fn referring_page(request: &HttpRequest) -> Option<String> {
    let referer = request.headers().get(header::REFERER)?.to_str().ok()?;
    let (_, rest) = referer.split_once("://")?;
    let path = rest.find('/').map_or("/", |start| &rest[start..]);
    local_path::local(path).map(str::to_owned)
}

fn finish(response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let signed_out = response.response().error().is_some_and(|error| matches!(error.as_error(), Some(PageError::SignedOut)));
    if signed_out {
        let to_login = login::redirect(response.request());
        return response.into_response(to_login);
    }
    let mut response = response;
    if flash::was_shown(response.request()) {
        cookie::remove(response.response_mut(), FLASH);
    }
    response
}

/// The form a request carries.
///
/// # Errors
/// See [`submission::receive`].
pub(super) async fn read(request: &mut ServiceRequest) -> Result<Sent, PageError> {
    Ok(Sent(Rc::new(submission::receive(request).await?)))
}
