//! What does a database URL say, part by part?

use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;

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

pub(super) fn split(text: &str) -> Result<Url, UrlError> {
    if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
        return Err(wrong("a value that does not begin with postgres://", SHAPE));
    }
    let (base, query) = text.split_once('?').unwrap_or((text, ""));
    let mut mode = None;
    let mut root_certificate = None;
    let mut rest = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        match name {
            "sslmode" => mode = Some(decode(value)?),
            "sslrootcert" => root_certificate = Some(PathBuf::from(decode(value)?)),
            _ => rest.push(pair),
        }
    }
    let protection = protection(mode.as_deref(), root_certificate)?;
    let plain = if rest.is_empty() { base.to_owned() } else { [base, "?", &rest.join("&")].concat() };
    let config: Config = plain.parse().map_err(|error: tokio_postgres::Error| {
        // tokio-postgres names the part it stumbled over and never repeats its value.
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        wrong(format!("a URL with {}", cause.unwrap_or_else(|| "a mistake".into())), SHAPE)
    })?;
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        return Err(wrong("a URL without a host", SHAPE));
    }
    if config.get_user().is_none_or(str::is_empty) {
        return Err(wrong("a URL without a user", SHAPE));
    }
    if config.get_dbname().is_none_or(str::is_empty) {
        return Err(wrong("a URL without a database", SHAPE));
    }
    Ok(Url { config, protection })
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
        ];
        for (url, part) in cases {
            let line = refused(url);
            assert!(line.contains(part), "{url}: {line}");
            assert!(!line.contains("hunter2") && !line.contains('\n'), "{line}");
        }
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
