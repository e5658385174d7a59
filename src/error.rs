//! What can go wrong for a request, and which status does each failure answer with?

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use thiserror::Error;

use crate::auth::policy::Refused;
use crate::db::absence::Why;

type Source = Box<dyn std::error::Error + Send + Sync + 'static>;

/// The one type every layer's error is converted to, once, by the handlers of `pages`.
///
/// The words in it are shown to whoever asked, so they never carry a detail of the database;
/// the source of `Internal` and `Unavailable` is logged and not shown.
#[derive(Debug, Error)]
pub enum PageError {
    /// The query or the address is not exactly right; `what` names the part.
    #[error("bad request: {what}")]
    BadRequest { what: String },
    #[error("not found: {what}")]
    NotFound {
        /// "transaction with this id"
        what: String,
        /// Who deleted it, for those who may know; or nothing.
        detail: Option<String>,
        ways: Vec<WayOn>,
    },
    /// The permission table says no.
    #[error(transparent)]
    NotPermitted(#[from] Refused),
    /// Something else does: whose it is, or who made it.
    #[error("forbidden: {what}")]
    Forbidden {
        /// "delete accounts"
        what: String,
        /// The labels of the roles that may.
        allowed_roles: Vec<&'static str>,
    },
    /// The query is right, and asks for more than what it asks for can hold.
    #[error("too much for one file: {what}")]
    DoesNotFit { what: String, ways: Vec<WayOn> },
    /// Decided or changed by somebody else, where there is no page of its own for it.
    #[error("conflict: {what}")]
    Conflict { what: String, ways: Vec<WayOn> },
    /// Expired or used up: links that work once.
    #[error("gone: {what}")]
    Gone { what: String },
    #[error("the request is too large")]
    TooLarge,
    /// A form that cannot even be drawn again with its errors; `what` is a sentence.
    #[error("unprocessable: {what}")]
    Unprocessable { what: String },
    #[error("too many requests")]
    TooMany { retry_after: Duration },
    /// It passes, and the same may succeed then.
    #[error("unavailable: {cause}")]
    Unavailable { retry_after: Duration, cause: Cause, kept: Option<Kept>, source: Option<Source> },
    /// The form's token is missing or of another session.
    #[error("the form's token is stale")]
    StaleToken { kept: Option<Kept>, back: String },
    #[error("this address does not answer to this method")]
    MethodNotAllowed,
    /// Nobody is logged in: a GET goes to the login page, a POST gets a login form that keeps what was typed.
    #[error("nobody is logged in")]
    SignedOut,
    /// Whatever else the framework refuses.
    #[error("refused with {0}")]
    Refused(StatusCode),
    #[error("internal error")]
    Internal { source: Source },
}

/// What has to pass before a request can be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Cause {
    #[error("the database is away: {0}")]
    Database(Why),
    #[error("the database took too long")]
    Slow,
    #[error("somebody else holds what this needs")]
    Held,
    /// Others take what there is of it.
    #[error("too many of these at once")]
    Crowd,
    /// The answer to a COMMIT was lost.
    #[error("whether it was saved is not known")]
    Unsure,
}

/// A link on an error page: what to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WayOn {
    pub label: String,
    pub href: String,
}

impl WayOn {
    #[must_use]
    pub fn new(label: impl Into<String>, href: impl Into<String>) -> Self {
        Self { label: label.into(), href: href.into() }
    }
}

/// What somebody typed, to be sent again from the error page. Never secrets, never a token in the bytes it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// An absolute path of our own.
    pub action: String,
    pub fields: Vec<(String, String)>,
    /// The button's word.
    pub word: &'static str,
    /// The form's token, where the page around it knows none for this session.
    pub token: Option<String>,
}

impl PageError {
    #[must_use]
    pub fn bad_request(what: impl Into<String>) -> Self {
        Self::BadRequest { what: what.into() }
    }

    #[must_use]
    pub fn not_found(what: impl Into<String>) -> Self {
        Self::NotFound { what: what.into(), detail: None, ways: Vec::new() }
    }

    #[must_use]
    pub fn internal(source: impl Into<Source>) -> Self {
        Self::Internal { source: source.into() }
    }

    #[must_use]
    pub fn unavailable(source: impl Into<Source>) -> Self {
        Self::Unavailable {
            retry_after: Duration::from_secs(5),
            cause: Cause::Database(Why::Away),
            kept: None,
            source: Some(source.into()),
        }
    }

    /// What `Retry-After` says, for the two that pass by themselves.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooMany { retry_after } | Self::Unavailable { retry_after, .. } => Some(*retry_after),
            Self::BadRequest { .. }
            | Self::DoesNotFit { .. }
            | Self::NotFound { .. }
            | Self::NotPermitted(_)
            | Self::Forbidden { .. }
            | Self::Conflict { .. }
            | Self::Gone { .. }
            | Self::TooLarge
            | Self::Unprocessable { .. }
            | Self::StaleToken { .. }
            | Self::MethodNotAllowed
            | Self::SignedOut
            | Self::Refused(_)
            | Self::Internal { .. } => None,
        }
    }

    /// The failure behind a status of the framework's own: an unknown route, a body over the limit.
    #[must_use]
    pub fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::BAD_REQUEST => Self::bad_request("The request could not be read"),
            StatusCode::NOT_FOUND => Self::not_found("page at this address"),
            StatusCode::METHOD_NOT_ALLOWED => Self::MethodNotAllowed,
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge,
            StatusCode::SERVICE_UNAVAILABLE => {
                Self::Unavailable { retry_after: Duration::from_secs(5), cause: Cause::Database(Why::Away), kept: None, source: None }
            }
            other if other.is_server_error() => Self::internal(format!("the framework answered {other}")),
            other => Self::Refused(other),
        }
    }
}

/// The bare response: the middleware of `pages::error` draws the page around it, because it knows the frame.
impl ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        match self {
            // 413 is about what is sent, and 422 about forms: this is a query that cannot be answered.
            Self::BadRequest { .. } | Self::DoesNotFit { .. } => StatusCode::BAD_REQUEST,
            Self::NotFound { .. } => StatusCode::NOT_FOUND,
            Self::NotPermitted(_) | Self::Forbidden { .. } | Self::StaleToken { .. } => StatusCode::FORBIDDEN,
            Self::Conflict { .. } => StatusCode::CONFLICT,
            Self::Gone { .. } => StatusCode::GONE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unprocessable { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::SignedOut => StatusCode::UNAUTHORIZED,
            Self::Refused(status) => *status,
            Self::Internal { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status_code()).content_type("text/plain; charset=utf-8").body(self.to_string())
    }
}
