//! How does a rendered page leave the program: compressed, uncached, and with which headers?

use std::cell::RefCell;
use std::io::Write as _;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpRequest, HttpResponse};

use crate::app::Console;
use crate::auth::reach::Safety;
use crate::error::PageError;

/// Which compressed forms a client says it reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    pub zstd: bool,
    pub brotli: bool,
    pub gzip: bool,
}

impl Accepted {
    /// Reads `Accept-Encoding`; what is named with `q=0` is refused, and `*` is not taken for a promise.
    #[must_use]
    pub fn by(headers: &HeaderMap) -> Self {
        let mut accepted = Self::default();
        for value in headers.get_all(header::ACCEPT_ENCODING) {
            for item in value.to_str().unwrap_or_default().split(',') {
                let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
                let weight = parameters.trim().strip_prefix("q=").map_or(1.0, |q| q.parse().unwrap_or(0.0));
                let wanted = weight > 0.0;
                match name.trim() {
                    "zstd" => accepted.zstd = wanted,
                    "br" => accepted.brotli = wanted,
                    "gzip" => accepted.gzip = wanted,
                    _ => {}
                }
            }
        }
        accepted
    }
}

/// Under this many bytes compressing costs more than it saves.
const WORTH_COMPRESSING: usize = 860;

thread_local! {
    // A compression context is 1 MB to set up; each worker keeps its own.
    static COMPRESSOR: RefCell<Option<zstd::bulk::Compressor<'static>>> = const { RefCell::new(None) };
}

/// Renders a page into one buffer and compresses it by hand into one body.
///
/// A template that fails to render becomes an internal error, for the error pages' middleware to show.
pub fn page(request: &HttpRequest, status: StatusCode, template: &impl askama::Template) -> HttpResponse {
    match render(template) {
        Ok(html) => html_response(Accepted::by(request.headers()), status, html),
        Err(error) => HttpResponse::from_error(PageError::internal(error)),
    }
}

/// The template's text. Pages grow by their rows, which the template's own hint cannot know.
pub fn render(template: &impl askama::Template) -> askama::Result<String> {
    fn hint<T: askama::Template>(_: &T) -> usize {
        T::SIZE_HINT
    }
    let mut html = String::with_capacity(hint(template).max(48 * 1024));
    template.render_into(&mut html)?;
    Ok(html)
}

/// The response around HTML that is rendered already.
#[must_use]
pub fn html_response(accepted: Accepted, status: StatusCode, html: String) -> HttpResponse {
    let mut response = HttpResponse::build(status);
    response
        .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::VARY, "Accept-Encoding"));
    match compress(accepted, html.as_bytes()) {
        Some((encoding, bytes)) => {
            response.insert_header((header::CONTENT_ENCODING, HeaderValue::from_static(encoding)));
            response.body(bytes)
        }
        None => response.body(html),
    }
}

/// The best accepted form, or nothing where plain text is as good. A compressor that fails only costs bytes.
fn compress(accepted: Accepted, text: &[u8]) -> Option<(&'static str, Vec<u8>)> {
    if text.len() < WORTH_COMPRESSING {
        return None;
    }
    if accepted.zstd {
        zstd_level_1(text).ok().map(|bytes| ("zstd", bytes))
    } else if accepted.gzip {
        gzip_level_1(text).ok().map(|bytes| ("gzip", bytes))
    } else {
        None
    }
}

fn zstd_level_1(text: &[u8]) -> std::io::Result<Vec<u8>> {
    COMPRESSOR.with_borrow_mut(|kept| match kept {
        Some(compressor) => compressor.compress(text),
        None => kept.insert(zstd::bulk::Compressor::new(1)?).compress(text),
    })
}

fn gzip_level_1(text: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut writer = flate2::write::GzEncoder::new(Vec::with_capacity(text.len() / 5), flate2::Compression::fast());
    writer.write_all(text)?;
    writer.finish()
}

const POLICY: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; \
     font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Middleware: puts the security headers on every response, pages, exports and files alike.
pub async fn security_headers<B: MessageBody + 'static>(request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, Error> {
    let transport = Transport::of(&request);
    let mut response = next.call(request).await?;
    secure(response.headers_mut(), transport);
    Ok(response)
}

/// How the client reached us. A forwarding header that no proxy of ours wrote is nobody's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    Plain,
    Encrypted,
}

impl Transport {
    #[must_use]
    pub fn of(request: &ServiceRequest) -> Self {
        match request.app_data::<Data<Console>>().map(|console| console.entrance.reach.safety(request.headers())) {
            Some(Safety::Encrypted) => Self::Encrypted,
            Some(Safety::Loopback | Safety::Exposed) | None => Self::Plain,
        }
    }
}

/// Writes the security headers. Browsers ignore Strict-Transport-Security over plain http, so it is sent only over https.
pub fn secure(headers: &mut HeaderMap, transport: Transport) {
    let always: [(HeaderName, &'static str); 3] =
        [(header::CONTENT_SECURITY_POLICY, POLICY), (header::X_CONTENT_TYPE_OPTIONS, "nosniff"), (header::REFERRER_POLICY, "same-origin")];
    for (name, value) in always {
        headers.insert(name, HeaderValue::from_static(value));
    }
    match transport {
        Transport::Encrypted => {
            let value = HeaderValue::from_static("max-age=31536000");
            headers.insert(header::STRICT_TRANSPORT_SECURITY, value);
        }
        Transport::Plain => {}
    }
    // Whatever did not choose is not kept by anybody: it may show what only this actor may see.
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[derive(askama::Template)]
    #[template(source = "{% for n in 0..900 %}row {{ n }} {% endfor %}", ext = "html")]
    struct Long;

    async fn sent(accept: &str) -> (Option<String>, Vec<u8>) {
        let request = TestRequest::get().insert_header((header::ACCEPT_ENCODING, accept)).to_http_request();
        let response = page(&request, StatusCode::OK, &Long);
        let encoding =
            response.headers().get(header::CONTENT_ENCODING).map(|value| value.to_str().expect("an encoding is ASCII").to_owned());
        let bytes = actix_web::body::to_bytes(response.into_body()).await.map_err(|_| "no body");
        (encoding, bytes.expect("the body is in memory").to_vec())
    }

    #[actix_web::test]
    async fn a_page_is_the_same_in_every_form() {
        let (encoding, plain) = sent("br").await;
        assert_eq!(encoding, None);
        let (encoding, bytes) = sent("gzip, deflate, br, zstd").await;
        assert_eq!(encoding.as_deref(), Some("zstd"));
        assert_eq!(zstd::decode_all(&bytes[..]).expect("it is zstd"), plain);
        let (encoding, bytes) = sent("zstd;q=0, gzip;q=0.5").await;
        assert_eq!(encoding.as_deref(), Some("gzip"));
        let mut unzipped = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&bytes[..]), &mut unzipped).expect("it is gzip");
        assert_eq!(unzipped, plain);
    }

    #[test]
    fn what_is_refused_is_not_sent() {
        let accepted = |text: &str| {
            let request = TestRequest::get().insert_header((header::ACCEPT_ENCODING, text)).to_http_request();
            Accepted::by(request.headers())
        };
        assert_eq!(accepted("*"), Accepted::default());
        assert_eq!(accepted("gzip;q=0"), Accepted::default());
        assert_eq!(accepted("gzip; q=0.1, BR"), Accepted { zstd: false, brotli: false, gzip: true });
    }
}
