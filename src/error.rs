//! What can go wrong for a request, and which status does each failure answer with?

/// The web helper's type replaces this at the merge.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    #[error("nobody is logged in")]
    SignedOut,
}

impl actix_web::ResponseError for PageError {}
