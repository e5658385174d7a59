//! How does a form that cannot be taken now survive on the page that says so?

use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpRequest};

use super::guard::{self, Sent, TOKEN, is_before_login};
use super::resume;
use crate::app::Console;
use crate::auth::reach::Source;
use crate::error::Kept;

const WORD: &str = "Send it again";

/// What this request's form said, for a page that knows the session and gives it a token of its own.
pub(super) fn of(request: &ServiceRequest) -> Option<Kept> {
    let sent = request.extensions().get::<Sent>().cloned()?;
    kept(request.request(), &sent)
}

/// As [`of`], once the request has been answered. Forms before the login have secrets only, and no session.
pub(super) fn of_answered(request: &HttpRequest) -> Option<Kept> {
    if is_before_login(request.path()) {
        return None;
    }
    let sent = request.extensions().get::<Sent>().cloned()?;
    kept(request, &sent)
}

/// As [`of`], for a page that can look no session up: the form's own token comes along, masked anew. Only of
/// our own page: another site's form is not to be offered for a click of somebody logged in here.
pub(super) fn with_its_token(request: &ServiceRequest, sent: &Sent) -> Option<Kept> {
    let console = request.app_data::<Data<Console>>()?;
    if console.entrance.reach.source(request.headers()) != Source::OurPage || is_before_login(request.path()) {
        return None;
    }
    let token = sent.get(TOKEN).and_then(|token| console.entrance.csrf.masked_anew(token));
    Some(Kept { token, ..kept(request.request(), sent)? })
}

/// For whoever answers before the guard has seen the request: reads the form that it sends.
pub async fn while_away(request: &mut ServiceRequest) -> Option<Kept> {
    if *request.method() != Method::POST {
        return None;
    }
    let sent = guard::read(request).await.ok()?;
    with_its_token(request, &sent)
}

fn kept(request: &HttpRequest, sent: &Sent) -> Option<Kept> {
    let action = resume::action(request)?;
    let fields = resume::without_secrets(sent);
    (!fields.is_empty()).then_some(Kept { action, fields, word: WORD, token: None })
}
