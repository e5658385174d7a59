//! What does a database URL say, part by part?

use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use tokio_postgres::{Config, config::Host};

use super::tls::Protection;

/// What was read (never a secret) and what is accepted; the settings add the variable's name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("read {read}; accepted is {accepted}")]
pub struct UrlError {
    pub read: String,
    pub accepted: &'static str,
}

pub(super) struct Url {
    pub config: Config,
    pub protection: Protection,
}

const SHAPE: &str = "postgres://user:password@host:5432/database?sslmode=verify-full";
const MODES: &str = "sslmode= disable, prefer, require (encrypted, unchecked), verify-ca or verify-full";
const ESCAPED: &str = "a URL in which / ? @ % and spaces of a user, password or name are written %2F %3F %40 %25 %20";

pub(super) fn split(text: &str) -> Result<Url, UrlError> {
    let Some(rest) = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://")) else {
        return Err(wrong("a value that does not begin with postgres://", SHAPE));
    };
    refuse_unescaped(rest)?;
    let (base, query) = text.split_once('?').unwrap_or((text, ""));
    let mut mode = None;
    let mut root_certificate = None;
    let mut others = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').ok_or_else(|| wrong("a parameter without a value", SHAPE))?;
        match name {
            "sslmode" => mode = Some(decode(value)?),
            "sslrootcert" => root_certificate = Some(PathBuf::from(decode(value)?)),
            _ => others.push(pair),
        }
    }
    let protection = protection(mode.as_deref(), root_certificate)?;
    let plain = if others.is_empty() { base.to_owned() } else { [base, "?", &others.join("&")].concat() };
    let config: Config = plain.parse().map_err(|error: tokio_postgres::Error| {
        // tokio-postgres names the part it stumbled over and never repeats its value.
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        wrong(format!("a URL with {}", cause.unwrap_or_else(|| "a mistake".into())), SHAPE)
    })?;
    let has_host = config.get_hosts().iter().any(|host| !matches!(host, Host::Tcp(name) if name.is_empty()));
    if !has_host && config.get_hostaddrs().is_empty() {
        return Err(wrong("a URL without a host", SHAPE));
    }
    if config.get_ports().contains(&0) {
        return Err(wrong("a URL with port 0, where nothing can listen", SHAPE));
    }
    if config.get_user().is_none_or(str::is_empty) {
        return Err(wrong("a URL without a user", SHAPE));
    }
    if config.get_dbname().is_none_or(str::is_empty) {
        return Err(wrong("a URL without a database", SHAPE));
    }
    Ok(Url { config, protection })
}

/// A password pasted in as it is would be cut at the first of these, and its rest taken for a host and shown.
fn refuse_unescaped(rest: &str) -> Result<(), UrlError> {
    if rest.contains(char::is_whitespace) {
        return Err(wrong("a URL with a space in it", ESCAPED));
    }
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let beyond = rest.split('?').next().unwrap_or_default().strip_prefix(authority).unwrap_or_default();
    let is_cut = !authority.contains('@') && rest.contains('@');
    if is_cut || authority.matches('@').count() > 1 || beyond.contains('@') {
        return Err(wrong("a URL whose user or password has a / ? or @ as it is", ESCAPED));
    }
    let broken = rest.split('%').skip(1).any(|after| !after.as_bytes().get(..2).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit)));
    if broken {
        return Err(wrong("a URL with a % that two hex digits do not follow", ESCAPED));
    }
    Ok(())
}

fn protection(mode: Option<&str>, root_certificate: Option<PathBuf>) -> Result<Protection, UrlError> {
    match (mode, root_certificate) {
        (Some("disable"), _) => Ok(Protection::Disable),
        // A root certificate asks for a check: the weaker words would ignore it.
        (Some("prefer") | None, None) => Ok(Protection::Prefer),
        (Some("require"), None) => Ok(Protection::Require),
        (Some("prefer") | None, Some(_)) => Err(wrong("sslrootcert without sslmode=verify-ca or verify-full", MODES)),
        (Some("verify-ca" | "require"), root_certificate) => Ok(Protection::VerifyChain { root_certificate }),
        (Some("verify-full"), root_certificate) => Ok(Protection::VerifyFull { root_certificate }),
        (Some(other), _) => Err(wrong(format!("sslmode={other:?}"), MODES)),
    }
}

fn decode(value: &str) -> Result<String, UrlError> {
    percent_decode_str(value).decode_utf8().map(std::borrow::Cow::into_owned).map_err(|_| wrong("a parameter that is not UTF-8", SHAPE))
}

pub(super) fn wrong(read: impl Into<String>, accepted: &'static str) -> UrlError {
    UrlError { read: read.into(), accepted }
}

#[cfg(test)]
mod tests {
    use super::{Protection, split};

    fn refused(text: &str) -> String {
        match split(text) {
            Ok(_) => panic!("must be refused"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn each_wrong_part_is_named_and_the_password_is_not() {
        let cases = [
            ("mysql://me:hunter2@host/db", "postgres://"),
            ("postgres://me:hunter2@host:port/db", "port"),
            ("postgres://me:hunter2@host:99999/db", "port"),
            ("postgres://me:hunter2@/db", "host"),
            ("postgres://host/db", "user"),
            ("postgres://me:hunter2@host", "database"),
            ("postgres://me:hunter2@host/db?sslmode=yes", "sslmode"),
            ("postgres://me:hunter2@host/db?sslrootcert=/ca.pem", "sslrootcert"),
            ("postgres://me:hunter2@host/db?colour=blue", "colour"),
            ("postgres://me:hunter2@host/db?colour", "parameter"),
            ("postgres://me:hunter2@host:0/db", "port"),
            ("postgres://me:hunter2@:5432/db", "host"),
            ("postgres://:hunter2@host/db", "user"),
            (" postgres://me:hunter2@host/db", "postgres://"),
            ("postgres://me:hunter2@host/db ", "space"),
            ("postgres://me:hunter 2hunter2@host/db", "space"),
            ("postgres://me:a@hunter2@host/db", "password"),
            ("postgres://me:a/hunter2@host/db", "password"),
            ("postgres://me:a?hunter2@host/db", "password"),
            ("postgres://me:a?hunter2=1@host/db", "password"),
            ("postgres://me:hunter2%zz@host/db", "%"),
            ("postgres://me:hunter2%@host/db", "%"),
            ("postgres://me:hunter2@host/db?application_name=%F", "%"),
            ("postgres://%FF:hunter2@host/db", "utf-8"),
        ];
        for (url, part) in cases {
            let line = refused(url);
            assert!(line.contains(part), "{url}: {line}");
            assert!(!line.contains("hunter2") && !line.contains('\n'), "{line}");
        }
    }

    #[test]
    fn what_is_escaped_is_taken_as_it_was_meant() {
        let url = split("postgres://me%40home:a%3A%2F%3F%23%40%25%20b@[::1]:5433,other/my%20db?application_name=it%40work");
        let config = url.unwrap_or_else(|error| panic!("{error}")).config;
        assert_eq!((config.get_user(), config.get_password()), (Some("me@home"), Some(b"a:/?#@% b".as_slice())));
        let url = split("postgres://me:a:b#c@host/db").unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(url.config.get_password(), Some(b"a:b#c".as_slice()), "as libpq takes it");
        assert_eq!((config.get_dbname(), config.get_ports()), (Some("my db"), [5433, 5432].as_slice()));
    }

    #[test]
    fn the_words_of_libpq_mean_what_they_mean_there() {
        let protection = |mode: &str| {
            let url = ["postgres://me@host/db", mode].concat();
            match split(&url) {
                Ok(url) => url.protection,
                Err(error) => panic!("{url}: {error}"),
            }
        };
        assert!(matches!(protection(""), Protection::Prefer));
        assert!(matches!(protection("?sslmode=disable"), Protection::Disable));
        assert!(matches!(protection("?sslmode=require"), Protection::Require));
        assert!(matches!(protection("?sslmode=verify-ca"), Protection::VerifyChain { .. }));
        assert!(matches!(protection("?sslmode=verify-full&connect_timeout=3"), Protection::VerifyFull { .. }));
    }
}
