//! What do the pages before login have in common?

use std::net::IpAddr;

use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};

use super::{
    account, cookie,
    cookie::{Lifetime, VISITOR},
    display::{Field, Input, LineKind, Presence},
    error::RequestId,
    flash,
    frame::{Environment, Frame},
    login, password, setup,
};
use crate::{
    app::Console,
    auth::{csrf::Binding, password::PasswordError, reach::Safety, sealed::Purpose, throttle::Network},
    error::PageError,
    resource::form::is_email,
};

/// Signing in and out, the first run, one-time links, one's own account.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/login").get(login::show).post(login::submit))
        .service(web::resource("/logout").post(login::leave))
        .service(web::resource("/setup").get(setup::show).post(setup::submit))
        .service(web::resource("/password/{token}").get(password::show).post(password::submit))
        .configure(account::routes);
}

/// A page for somebody not logged in: its forms are bound to a random value in a cookie.
pub(super) struct Door {
    token: String,
    fresh: Option<String>,
}

impl Door {
    pub(super) fn open(request: &HttpRequest, console: &Console) -> Result<Door, PageError> {
        let entrance = &console.entrance;
        let known = cookie::value(request, VISITOR).and_then(|sealed| entrance.sealer.unseal(Purpose::Anonymous, &sealed));
        let (binding, fresh) = match known {
            Some(random) => (Binding::Anonymous(random), None),
            None => {
                let random = Binding::random().map_err(PageError::internal)?;
                let sealed = entrance.sealer.seal(Purpose::Anonymous, &random);
                (Binding::Anonymous(random), Some(sealed))
            }
        };
        Ok(Door { token: entrance.csrf.token(&binding).map_err(PageError::internal)?, fresh })
    }

    pub(super) fn frame(&self, request: &HttpRequest, console: &Console, title: &str) -> Frame {
        Frame {
            title: title.to_owned(),
            environment: console.environment.as_deref().map(Environment::named),
            csrf_token: self.token.clone(),
            flash: flash::shown(request),
            request_id: request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default(),
            path: request.path().to_owned(),
            ..Frame::default()
        }
    }

    /// Gives the browser its cookie along with the page.
    pub(super) fn answer(self, mut response: HttpResponse) -> HttpResponse {
        if let Some(sealed) = self.fresh {
            cookie::set(&mut response, VISITOR, sealed, Lifetime::Browser);
        }
        response
    }
}

/// Why no password may be typed here, if so.
pub(super) fn exposed(request: &HttpRequest, console: &Console) -> Option<&'static str> {
    match console.entrance.reach.safety(request.headers()) {
        Safety::Encrypted | Safety::Loopback => None,
        Safety::Exposed => Some(
            "This page came over plain http, so everybody on the way could read a password typed here. Open the console by https, \
             or on its own machine at http://localhost. Whoever runs it: put TLS in front and set NEXUS_PUBLIC_URL to the https address.",
        ),
    }
}

pub(super) fn network(ip: Option<IpAddr>) -> Network {
    ip.map_or_else(Network::unknown, Network::of)
}

/// A one-line field as the forms of this family draw it.
pub(super) fn line<'a>(
    column: &'a str,
    label: &'a str,
    kind: LineKind,
    value: &'a str,
    help: Option<&'a str>,
    error: Option<String>,
) -> Field<'a> {
    Field { column, label, help, error, presence: Presence::Required, input: Input::Line { kind, value, max_length: None, unit: None } }
}

impl From<PasswordError> for PageError {
    fn from(error: PasswordError) -> PageError {
        match error {
            PasswordError::Busy => PageError::TooMany { retry_after: std::time::Duration::from_secs(1) },
            PasswordError::Hash(_) | PasswordError::Thread(_) => PageError::internal(error),
        }
    }
}

/// What is wrong with a text for a column of `longest` characters, as a sentence.
pub(super) fn text_error(label: &str, value: &str, longest: usize) -> Option<String> {
    if value.trim().is_empty() {
        Some(["Enter the ", label].concat())
    } else if value.contains('\0') {
        Some("The character NUL cannot be stored: remove it".to_owned())
    } else if value.chars().any(char::is_control) {
        Some("Holds a line break or another control character: remove it".to_owned())
    } else if value.chars().count() > longest {
        Some(format!("At most {longest} characters: this has {}", value.chars().count()))
    } else {
        None
    }
}

/// As [`text_error`], for an address that mail can be sent to.
pub(super) fn email_error(value: &str) -> Option<String> {
    text_error("email address", value, 255)
        .or_else(|| (!is_email(value)).then(|| "Enter an email address, like name@example.com".to_owned()))
}

/// Every field the browser sent must be text; a name here answers what to say at it.
pub(super) fn garbled_error(sent: &crate::resource::form::Submission, name: &str) -> Option<String> {
    sent.garbled.iter().any(|garbled| garbled == name).then(|| "This is not text in UTF-8: type it again".to_owned())
}
