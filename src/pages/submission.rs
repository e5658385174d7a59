//! What did a form send, byte for byte, and is it a form at all?

use std::{
    future::{Ready, ready},
    time::Duration,
};

use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    dev::{Payload, ServiceRequest},
    http::{
        Method, StatusCode,
        header::{self, HeaderMap, HeaderValue},
    },
    web,
};
use futures_util::StreamExt;
use tokio::time::timeout;

use super::guard::Sent;
use crate::{error::PageError, resource::form::Submission};

/// The largest form; a browser's files and other programs' bodies end here.
const LARGEST: usize = 1024 * 1024;
/// A form is on its way for so long and no longer: whoever sends it a byte at a time only holds a connection.
const WITHIN: Duration = Duration::from_secs(30);
/// More fields than any form has.
const MOST: usize = 500;
/// A selection has a field a row, and says itself when those are too many.
const MOST_SELECTED: usize = 5_000;

impl FromRequest for Submission {
    type Error = PageError;
    type Future = Ready<Result<Submission, PageError>>;

    /// The guard has read the form already, to check its token.
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(request.extensions().get::<Sent>().map(|sent| Submission::clone(sent)).unwrap_or_default()))
    }
}

/// Takes the form off a request.
///
/// # Errors
/// `TooLarge`, a body of another kind or with more fields than any form has, or one that broke off or was too slow.
pub async fn receive(request: &mut ServiceRequest) -> Result<Submission, PageError> {
    if has_no_end(request) {
        return Err(PageError::bad_request("This console speaks plain HTTP: it builds no tunnels and no web sockets"));
    }
    if let Some(refused) = refusal(request.headers()) {
        return Err(refused);
    }
    let body =
        timeout(WITHIN, body(request.take_payload())).await.map_err(|_elapsed| PageError::Refused(StatusCode::REQUEST_TIMEOUT))??;
    let most = if request.path().ends_with("/selected") { MOST_SELECTED } else { MOST };
    decode(&body, most)
}

async fn body(mut payload: Payload) -> Result<web::BytesMut, PageError> {
    let mut body = web::BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| PageError::bad_request("The form broke off on its way"))?;
        if body.len() + chunk.len() > LARGEST {
            return Err(PageError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// What is meant to become another protocol comes without an end, whatever length it says: reading it would never stop.
fn has_no_end(request: &ServiceRequest) -> bool {
    let names_socket = |value: &HeaderValue| value.to_str().is_ok_and(|value| value.trim().eq_ignore_ascii_case("websocket"));
    *request.method() == Method::CONNECT || request.headers().get_all(header::UPGRADE).any(names_socket)
}

/// What the head alone tells: a body too large is not read, another kind of body not guessed at.
fn refusal(headers: &HeaderMap) -> Option<PageError> {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > LARGEST as u64) {
        return Some(PageError::TooLarge);
    }
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    // An empty form has no body and need not say what it is.
    let is_form = kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") || (kind.is_empty() && length.unwrap_or(0) == 0);
    (!is_form).then(|| PageError::bad_request("A form comes as application/x-www-form-urlencoded; this did not"))
}

/// Splits and decodes; what is not UTF-8 is kept as near as it can be shown, and named.
///
/// # Errors
/// `BadRequest` where there are too many fields or an escape is broken.
fn decode(body: &[u8], most: usize) -> Result<Submission, PageError> {
    let mut submission = Submission::default();
    for part in body.split(|byte| *byte == b'&').filter(|part| !part.is_empty()) {
        if submission.pairs.len() == most {
            return Err(PageError::bad_request(format!("A form has at most {most} fields")));
        }
        let (name, value) = match part.iter().position(|byte| *byte == b'=') {
            Some(at) => (&part[..at], &part[at + 1..]),
            None => (part, &[][..]),
        };
        let (name, value) = (unescaped(name)?, unescaped(value)?);
        let name = String::from_utf8_lossy(&name).into_owned();
        match String::from_utf8(value) {
            Ok(value) => submission.pairs.push((name, value)),
            Err(garbled) => {
                submission.pairs.push((name.clone(), String::from_utf8_lossy(garbled.as_bytes()).into_owned()));
                submission.garbled.push(name);
            }
        }
    }
    Ok(submission)
}

fn unescaped(encoded: &[u8]) -> Result<Vec<u8>, PageError> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.iter();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => match (rest.next().and_then(digit), rest.next().and_then(digit)) {
                (Some(high), Some(low)) => high << 4 | low,
                _ => return Err(PageError::bad_request("The form holds a broken escape: a percent sign is written %25")),
            },
            byte => *byte,
        });
    }
    Ok(bytes)
}

fn digit(byte: &u8) -> Option<u8> {
    char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use proptest::{
        collection::vec,
        prelude::*,
        sample::select,
        test_runner::{Config, RngSeed},
    };

    use super::*;

    #[test]
    fn what_a_browser_sends_is_read_byte_for_byte() {
        let form = decode(b"name=a+b%26c%0D%0A&empty=&name=%C3%A9&flag", MOST).expect("a sound form");
        let pairs: Vec<_> = form.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(pairs, [("name", "a b&c\r\n"), ("empty", ""), ("name", "é"), ("flag", "")]);
        assert!(form.garbled.is_empty());
    }

    #[test]
    fn what_is_not_text_is_kept_and_named() {
        let form = decode(b"name=a%ffb&other=x%00y", MOST).expect("a form");
        assert_eq!(form.garbled, ["name"]);
        assert_eq!(form.get("name"), Some("a\u{fffd}b"));
        assert_eq!(form.get("other"), Some("x\0y"));
    }

    #[test]
    fn what_no_browser_sends_is_refused() {
        for body in [&b"a=%zz"[..], b"a=%", b"a=%4"] {
            decode(body, MOST).expect_err("a broken escape");
        }
        decode("a=b&".repeat(501).as_bytes(), MOST).expect_err("too many fields");
    }

    proptest! {
        #![proptest_config(Config { cases: 256, failure_persistence: None, rng_seed: RngSeed::Fixed(20_261_129), ..Config::default() })]

        #[test]
        fn any_form_is_read_as_it_was_written_and_any_bytes_are_read_or_refused(
            pairs in vec((any::<String>(), any::<String>()), 0..6),
            bytes in vec(prop_oneof![any::<u8>(), select(b"%&=+0fF".to_vec())], 0..60),
        ) {
            let written = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
            let read = decode(written.as_bytes(), MOST).expect("our own writing");
            prop_assert_eq!(&read.pairs, &pairs);
            prop_assert!(read.garbled.is_empty());
            if let Ok(form) = decode(&bytes, MOST) {
                prop_assert!(form.garbled.iter().all(|name| form.get(name).is_some()));
            }
        }
    }
}
