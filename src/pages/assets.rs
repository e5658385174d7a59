//! What does `GET /static/{name}` answer with, and at which address does a page find a file of static/?

use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};

use super::response::Accepted;

/// One file of static/, compiled in. Its address contains a hash of its bytes, so it never goes stale.
pub struct Asset {
    /// Path below static/, with slashes: `js/console.js`.
    pub name: &'static str,
    /// The last segment of its address: `console.0123456789ab.js`.
    pub served: &'static str,
    pub url: &'static str,
    content_type: &'static str,
    plain: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The addresses the templates use. They are constants so that a name that is not under static/ fails the build.
pub mod url {
    use super::asset;

    pub const STYLE: &str = asset("app.css");
    pub const ICONS: &str = asset("icons.svg");
    pub const FAVICON: &str = asset("favicon.svg");
    pub const TYPEFACE: &str = asset("vendor/inter/inter-latin-wght-normal.woff2");
    pub const CONSOLE: &str = asset("js/console.js");
    pub const KEYS: &str = asset("js/keys.js");
    pub const SESSION: &str = asset("js/session.js");
    pub const APPROVALS: &str = asset("js/approvals.js");
    pub const PICKER: &str = asset("js/picker.js");
    pub const PROGRESS: &str = asset("js/progress.js");
    pub const SELECTION: &str = asset("js/selection.js");
}

/// The hashed address of a file of static/. Meant for constants, where an unknown name stops the build.
#[must_use]
pub const fn asset(name: &str) -> &'static str {
    let mut index = 0;
    while index < ASSETS.len() {
        if same(ASSETS[index].name.as_bytes(), name.as_bytes()) {
            return ASSETS[index].url;
        }
        index += 1;
    }
    panic!("no such file under static/")
}

/// `==` of slices is not const yet.
const fn same(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    let mut index = 0;
    while index < left.len() {
        if left[index] != right[index] {
            return false;
        }
        index += 1;
    }
    true
}

/// `GET /static/{name}`: the bytes in the best form the client reads, to be kept for a year.
pub async fn serve(request: HttpRequest, name: web::Path<String>) -> HttpResponse {
    let Some(found) = ASSETS.iter().find(|asset| asset.served == name.as_str()) else {
        return HttpResponse::NotFound()
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .content_type("text/plain; charset=utf-8")
            .body("There is no such file.\n");
    };
    let accepted = Accepted::by(request.headers());
    let (bytes, encoding) = match (found.brotli, found.gzip) {
        (Some(bytes), _) if accepted.brotli => (bytes, Some("br")),
        (_, Some(bytes)) if accepted.gzip => (bytes, Some("gzip")),
        (Some(_) | None, Some(_) | None) => (found.plain, None),
    };
    let mut response = HttpResponse::Ok();
    response
        .insert_header((header::CONTENT_TYPE, found.content_type))
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::VARY, "Accept-Encoding"));
    if let Some(encoding) = encoding {
        response.insert_header((header::CONTENT_ENCODING, HeaderValue::from_static(encoding)));
    }
    response.body(bytes)
}

#[cfg(test)]
mod tests {
    use actix_web::test::{TestRequest, call_service, init_service, read_body};
    use actix_web::{App, http::StatusCode};

    use super::*;

    async fn get(path: &str, accept: &str) -> (StatusCode, Option<String>, Vec<u8>) {
        let app = init_service(App::new().route("/static/{name:.*}", web::get().to(serve))).await;
        let request = TestRequest::get().uri(path).insert_header((header::ACCEPT_ENCODING, accept)).to_request();
        let response = call_service(&app, request).await;
        let encoding =
            response.headers().get(header::CONTENT_ENCODING).map(|value| value.to_str().expect("an encoding is ASCII").to_owned());
        (response.status(), encoding, read_body(response).await.to_vec())
    }

    #[actix_web::test]
    async fn every_form_of_a_file_is_the_same_file() {
        let (status, encoding, plain) = get(url::STYLE, "").await;
        assert_eq!((status, encoding), (StatusCode::OK, None));
        let (_, encoding, zipped) = get(url::STYLE, "gzip").await;
        assert_eq!(encoding.as_deref(), Some("gzip"));
        let mut unzipped = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&zipped[..]), &mut unzipped).expect("it is gzip");
        assert_eq!(unzipped, plain);
        let (_, encoding, brotli) = get(url::STYLE, "gzip, br;q=0.9, zstd").await;
        assert_eq!(encoding.as_deref(), Some("br"));
        assert!(brotli.len() < zipped.len());
    }

    #[actix_web::test]
    async fn only_served_names_are_found() {
        for path in ["/static/app.css", "/static/../Cargo.toml", "/static/LICENSE", "/static/"] {
            assert_eq!(get(path, "br").await.0, StatusCode::NOT_FOUND, "{path}");
        }
    }

    #[test]
    fn the_stylesheet_finds_its_fonts() {
        let style = ASSETS.iter().find(|asset| asset.url == url::STYLE).expect("there is a stylesheet");
        let text = std::str::from_utf8(style.plain).expect("it is text");
        assert!(text.contains(&format!("url({})", url::TYPEFACE)));
    }
}
