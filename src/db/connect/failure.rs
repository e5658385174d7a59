//! Why could the database not be reached, in one line a person can act on?

use std::{error::Error as _, io, time::Duration};

use tokio_postgres::{Config, config::Host, error::SqlState};

use super::Target;

/// One line with the place and the reason, never the password.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {reason}")]
pub struct ConnectError {
    place: String,
    pub reason: Reason,
    #[source]
    source: Option<tokio_postgres::Error>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    #[error("nothing listens there (is PostgreSQL running?)")]
    Refused,
    #[error("the host's name is not known")]
    NoSuchHost,
    #[error("no answer within {0:?}")]
    TimedOut(Duration),
    #[error("the server is still starting, or stopping")]
    NotReady,
    #[error("the server has no connection left for the console")]
    TooManyConnections,
    #[error("the user name or the password is wrong")]
    WrongPassword,
    #[error("the server asks for a password and the URL has none")]
    PasswordMissing,
    #[error("the server does not let this user in from here (pg_hba.conf)")]
    NotAllowed,
    #[error("there is no such database")]
    NoSuchDatabase,
    #[error("this user may not become nexus_app (type as the owner: GRANT nexus_app TO the user)")]
    RoleRefused,
    #[error("the server offers no TLS; sslmode=disable connects without it")]
    NoTls,
    #[error("the server's certificate is not accepted: {0}")]
    Certificate(String),
    #[error("{0}")]
    Other(String),
}

impl Reason {
    /// Whether waiting can help: a wrong password stays wrong.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Refused | Self::NoSuchHost | Self::TimedOut(_) | Self::NotReady | Self::TooManyConnections | Self::Other(_) => true,
            Self::WrongPassword
            | Self::PasswordMissing
            | Self::NotAllowed
            | Self::NoSuchDatabase
            | Self::RoleRefused
            | Self::NoTls
            | Self::Certificate(_) => false,
        }
    }
}

impl ConnectError {
    pub(super) fn new(target: &Target, source: tokio_postgres::Error) -> Self {
        Self { place: target.place(), reason: reason(&source), source: Some(source) }
    }

    pub(super) fn timed_out(target: &Target, after: Duration) -> Self {
        Self { place: target.place(), reason: Reason::TimedOut(after), source: None }
    }
}

pub(super) fn place(config: &Config) -> String {
    let database = config.get_dbname().or(config.get_user()).unwrap_or("(no name)");
    let hosts: Vec<String> = config
        .get_hosts()
        .iter()
        .enumerate()
        .map(|(position, host)| {
            let ports = config.get_ports();
            let port = ports.get(position).or(ports.first()).copied().unwrap_or(5432);
            match host {
                Host::Tcp(name) => format!("{name}:{port}"),
                Host::Unix(directory) => directory.display().to_string(),
            }
        })
        .collect();
    format!("database {database} at {}", hosts.join(", "))
}

fn reason(error: &tokio_postgres::Error) -> Reason {
    if let Some(refusal) = error.as_db_error() {
        let code = refusal.code();
        return if *code == SqlState::INVALID_PASSWORD {
            Reason::WrongPassword
        } else if *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION {
            Reason::NotAllowed
        } else if *code == SqlState::INVALID_CATALOG_NAME {
            Reason::NoSuchDatabase
        } else if *code == SqlState::INSUFFICIENT_PRIVILEGE || *code == SqlState::INVALID_PARAMETER_VALUE {
            Reason::RoleRefused
        } else if *code == SqlState::TOO_MANY_CONNECTIONS {
            Reason::TooManyConnections
        } else if *code == SqlState::CANNOT_CONNECT_NOW || *code == SqlState::ADMIN_SHUTDOWN {
            Reason::NotReady
        } else {
            Reason::Other(refusal.message().to_owned())
        };
    }
    let mut cause = error.source();
    while let Some(current) = cause {
        if let Some(failure) = current.downcast_ref::<rustls::Error>() {
            return Reason::Certificate(failure.to_string());
        }
        if let Some(failure) = current.downcast_ref::<io::Error>() {
            if let Some(inner) = failure.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
                return Reason::Certificate(inner.to_string());
            }
            match failure.kind() {
                io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => {
                    return Reason::Refused;
                }
                io::ErrorKind::TimedOut => return Reason::TimedOut(super::CONNECT_TIMEOUT),
                _ if failure.to_string().contains("failed to lookup address") => {
                    return Reason::NoSuchHost;
                }
                _ => {}
            }
        }
        cause = current.source();
    }
    let text = innermost(error);
    if text.contains("server does not support TLS") {
        Reason::NoTls
    } else if text.contains("password missing") {
        Reason::PasswordMissing
    } else {
        Reason::Other(text)
    }
}

fn innermost(error: &tokio_postgres::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(current) = cause {
        text = current.to_string();
        cause = current.source();
    }
    text
}
