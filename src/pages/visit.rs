//! Who made this request, and what does every page need to know of it?

use std::{future::Ready, rc::Rc};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload};
use chrono::{DateTime, Utc};

use crate::{
    auth::{actor::Actor, origin::Origin},
    error::PageError,
};

/// A request of somebody logged in. The session middleware puts it into the request's extensions; a handler
/// that takes it as an argument cannot be reached by anybody else.
#[derive(Clone)]
pub struct Visit(Rc<Known>);

pub struct Known {
    pub actor: Actor,
    pub origin: Origin,
    /// When the session ends if nothing more is asked of it.
    pub session_ends: DateTime<Utc>,
    /// For the forms of this one page.
    pub csrf_token: String,
    /// Notifications not read yet, counted to 100.
    pub unread: u32,
}

impl Visit {
    pub fn new(known: Known) -> Visit {
        Visit(Rc::new(known))
    }
}

impl std::ops::Deref for Visit {
    type Target = Known;

    fn deref(&self) -> &Known {
        &self.0
    }
}

impl FromRequest for Visit {
    type Error = PageError;
    type Future = Ready<Result<Visit, PageError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(request.extensions().get::<Visit>().cloned().ok_or(PageError::SignedOut))
    }
}
