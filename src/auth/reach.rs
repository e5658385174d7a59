//! How did a request reach the console, and may a password travel that way?

use std::net::IpAddr;

use actix_web::http::header::{self, HeaderMap, HeaderName};

use crate::settings::{PublicUrl, Scheme};

/// What the operator has said about the way to the console. Forwarding headers are believed only where
/// the public address is https, because only then there is a proxy in front that writes them; anybody
/// else could write them too.
#[derive(Debug, Clone, Default)]
pub struct Reach {
    pub public_url: Option<PublicUrl>,
}

/// Whether passwords and session cookies may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Safety {
    Encrypted,
    /// Plain http that never leaves the machine; browsers keep Secure cookies there.
    Loopback,
    /// Everybody on the way could read along.
    Exposed,
}

/// Where a form was sent from, as the browser says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A page of this console.
    OurPage,
    /// The browser says nothing: no browser, or a very old one. The form's token decides.
    Unsaid,
    Foreign,
}

const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

impl Reach {
    fn is_behind_a_proxy(&self) -> bool {
        self.public_url.as_ref().is_some_and(|url| url.scheme == Scheme::Https)
    }

    #[must_use]
    pub fn safety(&self, headers: &HeaderMap) -> Safety {
        let forwarded = text(headers, &FORWARDED_PROTO).and_then(|list| list.rsplit(',').next());
        if self.is_behind_a_proxy() && forwarded.is_some_and(|scheme| scheme.trim().eq_ignore_ascii_case("https")) {
            Safety::Encrypted
        } else if text(headers, &header::HOST).is_some_and(is_loopback) {
            Safety::Loopback
        } else {
            Safety::Exposed
        }
    }

    /// Scheme, host and port that a link to this console begins with.
    #[must_use]
    pub fn origin(&self, headers: &HeaderMap) -> String {
        match &self.public_url {
            Some(url) => url.origin.clone(),
            None => ["http://", text(headers, &header::HOST).unwrap_or("localhost")].concat(),
        }
    }

    /// The client's address. Of the forwarded ones only the last is the proxy's own word.
    #[must_use]
    pub fn address(&self, headers: &HeaderMap, peer: Option<IpAddr>) -> Option<IpAddr> {
        let forwarded = || text(headers, &FORWARDED_FOR)?.rsplit(',').next()?.trim().parse().ok();
        if self.is_behind_a_proxy() { forwarded().or(peer) } else { peer }
    }

    /// Compared by host and port: the scheme is the proxy's business.
    #[must_use]
    pub fn source(&self, headers: &HeaderMap) -> Source {
        if let Some(origin) = text(headers, &header::ORIGIN) {
            return if self.is_ours(headers, origin) { Source::OurPage } else { Source::Foreign };
        }
        match text(headers, &FETCH_SITE) {
            Some("same-origin") => return Source::OurPage,
            Some("none") | None => {}
            Some(_) => return Source::Foreign,
        }
        match text(headers, &header::REFERER) {
            Some(referer) if self.is_ours(headers, referer) => Source::OurPage,
            Some(_) => Source::Foreign,
            None => Source::Unsaid,
        }
    }

    fn is_ours(&self, headers: &HeaderMap, url: &str) -> bool {
        let Some(host) = host_of(url) else { return false };
        let public = self.public_url.as_ref().and_then(|url| host_of(&url.origin));
        let asked = text(headers, &header::HOST);
        [public, asked].into_iter().flatten().any(|ours| ours.eq_ignore_ascii_case(host))
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Host and port of an absolute http address.
fn host_of(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    (matches!(scheme, "http" | "https") && !host.is_empty() && !host.contains('@')).then_some(host)
}

fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _port)) => address,
        None => host.rsplit_once(':').map_or(host, |(name, _port)| name),
    };
    let name = name.to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost") || name.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        map
    }

    fn behind_proxy() -> Reach {
        Reach { public_url: Some(PublicUrl { scheme: Scheme::Https, origin: "https://console.example.com".to_owned() }) }
    }

    #[test]
    fn plain_http_is_safe_on_loopback_alone() {
        let reach = Reach::default();
        for host in ["localhost", "localhost:8080", "127.0.0.1:8080", "127.5.5.5", "[::1]:8080", "nexus.localhost"] {
            assert_eq!(reach.safety(&headers(&[("host", host)])), Safety::Loopback, "{host}");
        }
        for host in ["192.0.2.1:8080", "localhost.example.com", "[2001:db8::1]:80", "example.com", ""] {
            assert_eq!(reach.safety(&headers(&[("host", host)])), Safety::Exposed, "{host}");
        }
    }

    #[test]
    fn forwarding_headers_count_only_behind_the_proxy_that_was_announced() {
        let forwarded =
            headers(&[("host", "console.example.com"), ("x-forwarded-proto", "https"), ("x-forwarded-for", "203.0.113.9, 192.0.2.7")]);
        let peer = "10.0.0.1".parse().ok();
        assert_eq!(behind_proxy().safety(&forwarded), Safety::Encrypted);
        assert_eq!(behind_proxy().address(&forwarded, peer), "192.0.2.7".parse().ok());
        assert_eq!(Reach::default().safety(&forwarded), Safety::Exposed);
        assert_eq!(behind_proxy().origin(&forwarded), "https://console.example.com");
        let misled = headers(&[("host", "localhost:8080"), ("x-forwarded-host", "example.com"), ("x-forwarded-proto", "https")]);
        assert_eq!(Reach::default().origin(&misled), "http://localhost:8080");
        assert_eq!(Reach::default().address(&forwarded, peer), peer);
    }

    #[test]
    fn a_form_of_another_site_is_foreign() {
        let reach = Reach::default();
        let from = |name, value| reach.source(&headers(&[("host", "localhost:8080"), (name, value)]));
        assert_eq!(from("origin", "http://localhost:8080"), Source::OurPage);
        assert_eq!(from("origin", "http://localhost:9090"), Source::Foreign);
        assert_eq!(from("origin", "null"), Source::Foreign);
        assert_eq!(from("sec-fetch-site", "same-origin"), Source::OurPage);
        assert_eq!(from("sec-fetch-site", "same-site"), Source::Foreign);
        assert_eq!(from("referer", "http://localhost:8080/tables/users"), Source::OurPage);
        assert_eq!(from("referer", "http://localhost:8080@example.com/"), Source::Foreign);
        assert_eq!(reach.source(&headers(&[("host", "localhost:8080")])), Source::Unsaid);
        let proxied = headers(&[("host", "10.0.0.1:8080"), ("origin", "https://console.example.com")]);
        assert_eq!(behind_proxy().source(&proxied), Source::OurPage);
    }
}
