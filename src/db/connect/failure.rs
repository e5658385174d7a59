//! Why could the database not be reached, in one line a person can act on?

use std::{error::Error as _, io, time::Duration};

use rustls::CertificateError;
use tokio_postgres::{
    Config,
    config::Host,
    error::{DbError, SqlState},
};

use super::{Failed, Target};

/// How the driver's errors begin that are about what was read or written.
const COMMUNICATING: &str = "error communicating with the server";
/// What it says of bytes that stop before they are a message.
const CUT_SHORT: &str = "bytes remaining on stream";
/// The oldest server that the console is made for.
const OLDEST: u32 = 15;

/// One line with the variable, the place, the reason and what to do; never the password.
#[derive(Debug, thiserror::Error)]
#[error("{}{place}: {reason}", variable.map(|name| [name, ": "].concat()).unwrap_or_default())]
pub struct ConnectError {
    variable: Option<&'static str>,
    place: String,
    pub reason: Reason,
    #[source]
    source: Option<tokio_postgres::Error>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    #[error("nothing listens there; start PostgreSQL, or correct host and port")]
    Refused,
    #[error("there is no socket of PostgreSQL in this directory; start PostgreSQL, or correct the host")]
    NoSocket,
    #[error("the host's name is not known; correct the host")]
    NoSuchHost,
    #[error("no answer within {0:?}; correct host and port, or let the firewall through")]
    TimedOut(Duration),
    #[error("whatever listens there hung up before it answered as PostgreSQL does; correct host and port, or see its log")]
    HungUp,
    #[error("what listens there does not speak as PostgreSQL does; correct host and port")]
    NotPostgres,
    #[error("the server is still starting, or stopping; try again in a moment")]
    NotReady,
    #[error("the server has no connection left for the console; raise max_connections, or the limit of this user")]
    TooManyConnections,
    #[error("PostgreSQL {0} is older than {OLDEST}, the oldest that will do; upgrade the server")]
    TooOld(String),
    #[error("the password is wrong, or there is no such user; correct user and password")]
    WrongPassword,
    #[error("the server asks for a password and the URL has none; write it as user:password@")]
    PasswordMissing,
    #[error("there is no such user, or it may not log in; correct the user, or type as an administrator: CREATE ROLE … LOGIN PASSWORD '…'")]
    NoSuchUser,
    #[error("the server does not let this user in from here; correct the user, try sslmode=require, or add a line to its pg_hba.conf")]
    NotAllowed,
    #[error("there is no such database; correct its name, or type as an administrator: CREATE DATABASE …")]
    NoSuchDatabase,
    #[error("this user may not connect to this database; type as its owner: GRANT CONNECT ON DATABASE … TO …")]
    DatabaseRefused,
    #[error("this user may not become nexus_app (type as the owner: GRANT nexus_app TO the user)")]
    RoleRefused,
    #[error("the server offers no TLS; switch it on there, or say sslmode=disable where the way to it is safe")]
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
            Self::Refused
            | Self::NoSocket
            | Self::NoSuchHost
            | Self::TimedOut(_)
            | Self::HungUp
            | Self::NotReady
            | Self::TooManyConnections
            | Self::Other(_) => true,
            Self::NotPostgres
            | Self::TooOld(_)
            | Self::WrongPassword
            | Self::PasswordMissing
            | Self::NoSuchUser
            | Self::NotAllowed
            | Self::NoSuchDatabase
            | Self::DatabaseRefused
            | Self::RoleRefused
            | Self::NoTls
            | Self::Certificate(_) => false,
        }
    }
}

impl ConnectError {
    pub(super) fn new(target: &Target, failed: Failed) -> Self {
        let (reason, source) = match failed {
            Failed::Connecting(source) => (reason(&source, target), source),
            Failed::SteppingDown(source) if source.as_db_error().is_some() => (Reason::RoleRefused, source),
            Failed::SteppingDown(source) => (Reason::HungUp, source),
        };
        Self { source: Some(source), ..Self::without_source(target, reason) }
    }

    pub(super) fn timed_out(target: &Target, after: Duration) -> Self {
        Self::without_source(target, Reason::TimedOut(after))
    }

    pub(super) fn too_old(target: &Target, version: String) -> Self {
        Self::without_source(target, Reason::TooOld(version))
    }

    fn without_source(target: &Target, reason: Reason) -> Self {
        Self { variable: target.variable(), place: target.place(), reason, source: None }
    }
}

/// From `15.18 (Debian …)`; a version that cannot be read is left to what comes after.
pub(super) fn is_too_old(version: &str) -> bool {
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().is_ok_and(|major: u32| major < OLDEST)
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

fn reason(error: &tokio_postgres::Error, target: &Target) -> Reason {
    if let Some(refusal) = error.as_db_error() {
        return refused(refusal);
    }
    let mut cause = error.source();
    while let Some(current) = cause {
        if let Some(failure) = current.downcast_ref::<rustls::Error>() {
            return untrusted(failure);
        }
        if let Some(failure) = current.downcast_ref::<io::Error>() {
            if let Some(inner) = failure.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
                return untrusted(inner);
            }
            match failure.kind() {
                io::ErrorKind::ConnectionRefused => return Reason::Refused,
                io::ErrorKind::NotFound => return Reason::NoSocket,
                io::ErrorKind::TimedOut => {
                    return Reason::TimedOut(target.config().get_connect_timeout().copied().unwrap_or(super::LOG_IN_TIMEOUT));
                }
                // What the driver makes of bytes that are no message of PostgreSQL's.
                io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput if error.to_string().starts_with(COMMUNICATING) => {
                    return Reason::NotPostgres;
                }
                io::ErrorKind::Other if failure.to_string() == CUT_SHORT => return Reason::NotPostgres,
                io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => return Reason::HungUp,
                io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
                    return Reason::Other(format!("{failure}; correct the host, or mend the way to it"));
                }
                _ if failure.to_string().contains("failed to lookup address") => {
                    return Reason::NoSuchHost;
                }
                _ => {}
            }
        }
        cause = current.source();
    }
    if error.is_closed() {
        return Reason::HungUp;
    }
    // The driver keeps the kinds of its errors to itself.
    let (outermost, text) = (error.to_string(), innermost(error));
    if text.contains("server does not support TLS") {
        Reason::NoTls
    } else if text.contains("password missing") {
        Reason::PasswordMissing
    } else if ["unexpected message from server", "error parsing response from server"].iter().any(|start| outermost.starts_with(start)) {
        Reason::NotPostgres
    } else {
        Reason::Other(text)
    }
}

/// By what the server calls the refusal and where in it that was; its words may be in any language.
fn refused(refusal: &DbError) -> Reason {
    match *refusal.code() {
        SqlState::INVALID_PASSWORD => Reason::WrongPassword,
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION if refusal.routine() == Some("InitializeSessionUserId") => Reason::NoSuchUser,
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION => Reason::NotAllowed,
        SqlState::INVALID_CATALOG_NAME => Reason::NoSuchDatabase,
        SqlState::INSUFFICIENT_PRIVILEGE => Reason::DatabaseRefused,
        SqlState::TOO_MANY_CONNECTIONS => Reason::TooManyConnections,
        SqlState::CANNOT_CONNECT_NOW | SqlState::ADMIN_SHUTDOWN | SqlState::CRASH_SHUTDOWN => Reason::NotReady,
        _ => Reason::Other(refusal.message().to_owned()),
    }
}

/// What is wrong with a certificate, and what the URL can say to it.
fn untrusted(failure: &rustls::Error) -> Reason {
    let advice = match failure {
        rustls::Error::InvalidCertificate(CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }) => {
            "it is for another name; write the host as the certificate has it, or say sslmode=verify-ca to leave the name unchecked"
        }
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
            "an unknown authority signed it; name that authority's certificate with sslrootcert="
        }
        rustls::Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            "it has expired; renew it on the server"
        }
        rustls::Error::InvalidCertificate(CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. }) => {
            "it is not valid yet; set the clock"
        }
        _ => return Reason::Certificate(failure.to_string()),
    };
    Reason::Certificate(advice.to_owned())
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

#[cfg(test)]
mod tests {
    use super::is_too_old;

    #[test]
    fn only_a_version_that_can_be_read_is_too_old() {
        for (version, expected) in
            [("9.6.24", true), ("14.2", true), ("15.18 (Debian 15.18-0)", false), ("18beta1", false), ("CockroachDB", false)]
        {
            assert_eq!(is_too_old(version), expected, "{version}");
        }
    }
}
