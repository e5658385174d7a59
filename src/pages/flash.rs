//! What did the last request do, to be said once on the next page?

use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use chrono::Utc;

use super::cookie::{self, FLASH, Lifetime};
use super::frame::{Flash, FlashKind};
use crate::app::Console;
use crate::auth::sealed::{Purpose, Sealer};

/// A message older than this belongs to a page nobody is waiting for any more.
const SECONDS: i64 = 5 * 60;
/// A cookie holds 4096 bytes, in base64, with its seal.
const LONGEST: usize = 1500;

/// The message a request brought along, and the mark that a page has shown it.
struct Brought(Flash);
struct Shown;

/// Leaves a message for the page this answer leads to.
pub fn set<B>(response: &mut HttpResponse<B>, console: &Console, kind: FlashKind, text: &str) {
    let mut text = text.to_owned();
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
        text.push('…');
    }
    let content = [&Utc::now().timestamp().to_string(), kind.class(), &text].join(" ");
    cookie::set(response, FLASH, console.entrance.sealer.seal(Purpose::Flash, &content), Lifetime::Browser);
}

/// Reads the cookie of a request, before its handler runs.
pub(super) fn receive(request: &HttpRequest, sealer: &Sealer) {
    let Some(sealed) = cookie::value(request, FLASH) else { return };
    if let Some(flash) = sealer.unseal(Purpose::Flash, &sealed).and_then(|content| parse(&content)) {
        request.extensions_mut().insert(Brought(flash));
    }
}

/// The message, for the page being drawn; the browser is told to forget it.
#[must_use]
pub fn shown(request: &HttpRequest) -> Option<Flash> {
    let flash = request.extensions().get::<Brought>().map(|brought| brought.0.clone())?;
    request.extensions_mut().insert(Shown);
    Some(flash)
}

/// Whether a page has shown the message, so that the cookie can go.
pub(super) fn was_shown(request: &HttpRequest) -> bool {
    request.extensions().contains::<Shown>()
}

fn parse(content: &str) -> Option<Flash> {
    let (set_at, rest) = content.split_once(' ')?;
    let (kind, text) = rest.split_once(' ')?;
    let age = Utc::now().timestamp().checked_sub(set_at.parse().ok()?)?;
    let kind = [FlashKind::Done, FlashKind::Warning, FlashKind::Failed].into_iter().find(|known| known.class() == kind)?;
    (0..=SECONDS).contains(&age).then(|| Flash { kind, text: text.to_owned() })
}
