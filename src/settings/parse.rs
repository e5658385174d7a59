//! What does each variable accept, and what is said about a wrong value?

use std::{
    ffi::OsString,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use actix_web::http::Uri;

use super::{Database, Options, Precaution, PublicUrl, Scheme, Secret, Settings};
use crate::{db::connect::Target, post::Post};

const DEFAULT_BIND: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
const LONGEST_ENVIRONMENT: usize = 40;
const LONGEST_PASSWORD: usize = 1024;

/// One line: the variable, what was read (never a secret), what is accepted.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{variable}: read {read}; accepted is {accepted}")]
pub struct SettingError {
    pub variable: &'static str,
    pub read: String,
    pub accepted: &'static str,
}

struct Variable {
    name: &'static str,
    accepted: &'static str,
}

impl Variable {
    fn wrong(&self, read: impl Into<String>) -> SettingError {
        SettingError { variable: self.name, read: read.into(), accepted: self.accepted }
    }

    /// Empty is a mistake, not an absence: an empty DATABASE_URL must not quietly mean another database.
    fn text(&self, value: Option<OsString>) -> Result<Option<String>, SettingError> {
        let Some(value) = value else { return Ok(None) };
        match value.into_string() {
            Ok(text) if text.trim().is_empty() => Err(self.wrong("an empty value")),
            Ok(text) if text.contains(char::is_control) => Err(self.wrong("a value with control characters")),
            Ok(text) => Ok(Some(text)),
            Err(_) => Err(self.wrong("bytes that are not UTF-8")),
        }
    }
}

pub(super) fn settings(options: Options) -> Result<Settings, SettingError> {
    let database = database(options.database_url, options.database_migration_url)?;
    let secret_key = secret_key(options.secret_key, &database)?;
    let smtp_url = smtp_url(options.smtp_url)?;
    Ok(Settings {
        database,
        bind: bind(options.bind)?,
        data_dir: data_dir(options.data_dir)?,
        secret_key,
        audit_key: audit_key(options.audit_key)?,
        audit_mail: audit_mail(options.audit_mail, smtp_url.as_ref())?,
        public_url: public_url(options.public_url)?,
        environment: environment(options.environment)?,
        smtp_url,
        log_dir: log_dir(options.log_dir)?,
        demo_password: demo_password(options.demo_password)?,
        precaution: Precaution::default(),
    })
}

fn database(serving: Option<OsString>, owner: Option<OsString>) -> Result<Database, SettingError> {
    let serving = target("DATABASE_URL", serving)?;
    let owner = target("DATABASE_MIGRATION_URL", owner)?;
    match (serving, owner) {
        (None, None) => Ok(Database::Embedded),
        (Some(serving), None) => Ok(Database::External { owner: Box::new(serving.clone()), serving: Box::new(serving) }),
        (Some(serving), Some(owner)) => Ok(Database::External { serving: Box::new(serving), owner: Box::new(owner) }),
        (None, Some(_)) => Err(SettingError {
            variable: "DATABASE_URL",
            read: "nothing, although DATABASE_MIGRATION_URL is set".into(),
            accepted: "both, or DATABASE_URL alone, or neither for the console's own database",
        }),
    }
}

fn target(name: &'static str, value: Option<OsString>) -> Result<Option<Target>, SettingError> {
    let variable = Variable { name, accepted: "postgres://user:password@host:5432/database?sslmode=verify-full" };
    let Some(text) = variable.text(value)? else {
        return Ok(None);
    };
    let target = Target::parse(&text).map(|target| Some(target.read_from(name)));
    target.map_err(|error| SettingError { variable: name, read: error.read, accepted: error.accepted })
}

fn bind(value: Option<OsString>) -> Result<SocketAddr, SettingError> {
    let variable = Variable { name: "NEXUS_BIND", accepted: "an IP address and a port, such as 127.0.0.1:8080 or [::1]:8080" };
    let Some(text) = variable.text(value)? else {
        return Ok(DEFAULT_BIND);
    };
    if let Some(port) = text.strip_prefix("localhost:") {
        return port.parse().map(|port| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)).map_err(|_| variable.wrong(quoted(&text)));
    }
    text.parse().map_err(|_| variable.wrong(quoted(&text)))
}

fn data_dir(value: Option<OsString>) -> Result<PathBuf, SettingError> {
    let variable =
        Variable { name: "NEXUS_DATA_DIR", accepted: "a directory whose path has none of the characters \" ' ` $ \\ and no line break" };
    let path = match variable.text(value)? {
        Some(text) => PathBuf::from(text),
        None => default_data_dir(&variable)?,
    };
    // The path goes through PostgreSQL's own configuration and, inside pg_ctl, through a shell.
    let shown = path.to_string_lossy().into_owned();
    if shown.contains(['"', '\'', '`', '$', '\\']) {
        return Err(variable.wrong(quoted(&shown)));
    }
    absolute(&variable, &path)
}

fn default_data_dir(variable: &Variable) -> Result<PathBuf, SettingError> {
    if rustix::process::geteuid().is_root() {
        return Ok(PathBuf::from("/var/lib/nexus-console"));
    }
    let under =
        |name: &str, tail: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute()).map(|path| path.join(tail));
    under("XDG_DATA_HOME", "nexus-console")
        .or_else(|| under("HOME", ".local/share/nexus-console"))
        .ok_or_else(|| variable.wrong("nothing, and neither XDG_DATA_HOME nor HOME says where data belongs"))
}

fn absolute(variable: &Variable, path: &Path) -> Result<PathBuf, SettingError> {
    std::path::absolute(path).map_err(|_| variable.wrong(quoted(&path.to_string_lossy())))
}

fn secret_key(value: Option<OsString>, database: &Database) -> Result<Option<Secret>, SettingError> {
    let variable = Variable {
        name: "NEXUS_SECRET_KEY",
        accepted: "one or more keys of 64 hex digits, comma separated, newest first (make one: openssl rand -hex 32)",
    };
    match (variable.text(value)?, database) {
        (Some(text), _) => hex_keys(&variable, text).map(Some),
        (None, Database::Embedded) => Ok(None),
        (None, Database::External { .. }) => Err(variable.wrong("nothing, although DATABASE_URL is set")),
    }
}

fn audit_key(value: Option<OsString>) -> Result<Option<Secret>, SettingError> {
    let variable = Variable {
        name: "NEXUS_AUDIT_KEY",
        accepted: "one or more keys of 64 hex digits, comma separated, newest first (make one: openssl rand -hex 32)",
    };
    variable.text(value)?.map(|text| hex_keys(&variable, text)).transpose()
}

fn audit_mail(value: Option<OsString>, server: Option<&Secret>) -> Result<Option<String>, SettingError> {
    let variable = Variable { name: "NEXUS_AUDIT_MAIL", accepted: "one address, such as audit@example.com, with NEXUS_SMTP_URL set" };
    let Some(text) = variable.text(value)? else {
        return Ok(None);
    };
    if text.parse::<lettre::Address>().is_err() {
        return Err(variable.wrong(quoted(&text)));
    }
    match server {
        Some(_) => Ok(Some(text)),
        None => Err(variable.wrong("an address, although NEXUS_SMTP_URL is not set")),
    }
}

fn hex_keys(variable: &Variable, text: String) -> Result<Secret, SettingError> {
    for (position, key) in text.split(',').enumerate() {
        check_hex_key(key).map_err(|what| variable.wrong(format!("as key {} {what}", position + 1)))?;
    }
    Ok(Secret::new(text))
}

/// Says what is wrong with a key without a single digit of it.
fn check_hex_key(text: &str) -> Result<(), String> {
    let text = text.trim();
    if text.len() != 64 {
        return Err(format!("{} characters", text.chars().count()));
    }
    if !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err("something that is not hex".into());
    }
    if text.bytes().all(|byte| Some(byte) == text.bytes().next()) {
        return Err("one digit repeated, which anyone can guess".into());
    }
    Ok(())
}

fn public_url(value: Option<OsString>) -> Result<Option<PublicUrl>, SettingError> {
    let variable = Variable {
        name: "NEXUS_PUBLIC_URL",
        accepted: "http:// or https:// with a host, perhaps a port, and no path, such as https://console.example.com",
    };
    let Some(text) = variable.text(value)? else {
        return Ok(None);
    };
    let uri: Uri = text.parse().map_err(|_| variable.wrong("something that is not a URL"))?;
    let scheme = match uri.scheme_str() {
        Some("http") => Scheme::Http,
        Some("https") => Scheme::Https,
        Some(_) | None => return Err(variable.wrong("another scheme, or none")),
    };
    let Some(authority) = uri.authority() else {
        return Err(variable.wrong("no host"));
    };
    if authority.as_str().contains('@') {
        return Err(variable.wrong("a user name or password inside"));
    }
    if authority.host().is_empty() || (authority.port().is_some() && authority.port_u16().is_none()) {
        return Err(variable.wrong(quoted(&text)));
    }
    if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
        return Err(variable.wrong(quoted(&text)));
    }
    Ok(Some(PublicUrl { scheme, origin: origin(scheme, authority.host(), authority.port_u16()) }))
}

/// Browsers leave a scheme's own port out of the Origin header, and spell hosts in lower case.
fn origin(scheme: Scheme, host: &str, port: Option<u16>) -> String {
    let host = host.to_ascii_lowercase();
    match (scheme, port) {
        (Scheme::Http, None | Some(80)) => format!("http://{host}"),
        (Scheme::Https, None | Some(443)) => format!("https://{host}"),
        (Scheme::Http, Some(port)) => format!("http://{host}:{port}"),
        (Scheme::Https, Some(port)) => format!("https://{host}:{port}"),
    }
}

fn environment(value: Option<OsString>) -> Result<Option<String>, SettingError> {
    let variable = Variable { name: "NEXUS_ENVIRONMENT", accepted: "a text of at most 40 characters" };
    let Some(text) = variable.text(value)? else {
        return Ok(None);
    };
    let length = text.chars().count();
    if length > LONGEST_ENVIRONMENT {
        return Err(variable.wrong(format!("{length} characters")));
    }
    Ok(Some(text.trim().to_owned()))
}

fn smtp_url(value: Option<OsString>) -> Result<Option<Secret>, SettingError> {
    let variable = Variable { name: "NEXUS_SMTP_URL", accepted: "smtps://user:password@host:465, or smtp:// for a relay" };
    let Some(text) = variable.text(value)? else {
        return Ok(None);
    };
    let uri: Uri = text.parse().map_err(|_| variable.wrong("something that is not a URL"))?;
    match (uri.scheme_str(), uri.host()) {
        (Some("smtp" | "smtps"), Some(host)) if !host.is_empty() => match Post::by(&text) {
            Ok(_) => Ok(Some(Secret::new(text))),
            Err(_) => Err(variable.wrong("a URL that leads to no mail server")),
        },
        (Some("smtp" | "smtps"), _) => Err(variable.wrong("no host")),
        (Some(_) | None, _) => Err(variable.wrong("another scheme, or none")),
    }
}

fn log_dir(value: Option<OsString>) -> Result<Option<PathBuf>, SettingError> {
    let variable = Variable { name: "NEXUS_LOG_DIR", accepted: "a directory the console may write to" };
    let Some(text) = variable.text(value)? else {
        return Ok(None);
    };
    let path = absolute(&variable, Path::new(&text))?;
    if std::fs::create_dir_all(&path).is_err() {
        return Err(variable.wrong(quoted(&text)));
    }
    Ok(Some(path))
}

fn demo_password(value: Option<OsString>) -> Result<Option<Secret>, SettingError> {
    let variable = Variable { name: "NEXUS_DEMO_PASSWORD", accepted: "a password of 8 to 1024 bytes" };
    let Some(text) = variable.text(value)? else {
        return Ok(None);
    };
    if !(8..=LONGEST_PASSWORD).contains(&text.len()) {
        return Err(variable.wrong(format!("{} bytes", text.len())));
    }
    Ok(Some(Secret::new(text)))
}

fn quoted(text: &str) -> String {
    format!("{text:?}")
}

#[cfg(test)]
mod tests;
