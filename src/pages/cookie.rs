//! Which cookies does the console set beside the session's, and how?

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::{HttpRequest, HttpResponse};

/// Stands for a browser in which nobody is logged in: what the forms before login are bound to.
pub const VISITOR: &str = "__Host-nexus-visitor";
/// Says that this browser has logged in to an account before.
pub const DEVICE: &str = "__Host-nexus-device";
/// What the next page says once.
pub const FLASH: &str = "__Host-nexus-flash";

/// How long a browser keeps a cookie.
#[derive(Debug, Clone, Copy)]
pub enum Lifetime {
    /// Until it is closed.
    Browser,
    Minutes(i64),
    Days(i64),
}

/// Every cookie of ours: over https or on this machine only, for this host only, out of scripts' reach.
fn cookie(name: &'static str, value: String) -> Cookie<'static> {
    Cookie::build(name, value).path("/").secure(true).http_only(true).same_site(SameSite::Lax).finish()
}

/// Adds a cookie to an answer. The values we set are base64url and dots, so this cannot fail; if it ever
/// did, the answer would go out without the cookie.
pub fn set<B>(response: &mut HttpResponse<B>, name: &'static str, value: String, lifetime: Lifetime) {
    let mut cookie = cookie(name, value);
    match lifetime {
        Lifetime::Browser => {}
        Lifetime::Minutes(minutes) => cookie.set_max_age(Duration::minutes(minutes)),
        Lifetime::Days(days) => cookie.set_max_age(Duration::days(days)),
    }
    add(response, &cookie);
}

pub fn remove<B>(response: &mut HttpResponse<B>, name: &'static str) {
    let mut cookie = cookie(name, String::new());
    cookie.make_removal();
    add(response, &cookie);
}

fn add<B>(response: &mut HttpResponse<B>, cookie: &Cookie<'_>) {
    if let Err(error) = response.add_cookie(cookie) {
        tracing::error!(cookie = cookie.name(), %error, "a cookie could not be set");
    }
}

#[must_use]
pub fn value(request: &HttpRequest, name: &str) -> Option<String> {
    request.cookie(name).map(|cookie| cookie.value().to_owned())
}
