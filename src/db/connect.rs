//! How is one connection to PostgreSQL opened, as whom, and over which protection?

mod failure;
mod tls;
mod url;

use std::{ffi::OsString, future::Future, os::unix::ffi::OsStringExt as _, path::Path, pin::Pin, time::Duration};

use deadpool_postgres::{Manager, ManagerConfig, RecyclingMethod};
use tokio::task::JoinHandle;
use tokio_postgres::{
    Client, Config,
    config::{Host, SslMode},
};
use tokio_postgres_rustls::MakeRustlsConnect;

pub use failure::{ConnectError, Reason};
use tls::Protection;
pub use url::UrlError;

use super::pool::ServingRole;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Log-in included: a server that accepts and then says nothing must not hold a start for ever.
const LOG_IN_TIMEOUT: Duration = Duration::from_secs(10);
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEPALIVE_RETRIES: u32 = 3;
/// A peer that vanished is noticed within this, even in the middle of a query.
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(20);

/// A database, whom to log in as, and how the connection is protected.
#[derive(Clone)]
pub struct Target {
    config: Config,
    tls: MakeRustlsConnect,
    protection: Protection,
    serving_role: ServingRole,
    /// Where its URL was read, for whoever has to correct it.
    variable: Option<&'static str>,
}

impl Target {
    /// Parses `postgres://…`; `sslmode` and `sslrootcert` are ours, everything else is tokio-postgres'.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let url = url::split(text)?;
        let mut config = url.config;
        if tls::is_socket_only(&config) {
            config.ssl_mode(SslMode::Disable);
        } else {
            config.ssl_mode(url.protection.ssl_mode());
        }
        let tls = tls::connector(&url.protection)?;
        Ok(Self::new(config, tls, url.protection))
    }

    /// A database reached over a Unix socket in `directory`, by the operating system's account.
    #[must_use]
    pub fn socket(directory: &Path, user: &str, database: &str) -> Self {
        let mut config = Config::new();
        config.host_path(directory).port(5432).user(user).dbname(database).ssl_mode(SslMode::Disable);
        Self::new(config, tls::unused(), Protection::Disable)
    }

    fn new(mut config: Config, tls: MakeRustlsConnect, protection: Protection) -> Self {
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        config
            .keepalives(true)
            .keepalives_idle(KEEPALIVE_IDLE)
            .keepalives_interval(KEEPALIVE_INTERVAL)
            .keepalives_retries(KEEPALIVE_RETRIES)
            .tcp_user_timeout(TCP_USER_TIMEOUT);
        if config.get_application_name().is_none() {
            config.application_name("nexus-console");
        }
        Self { config, tls, protection, serving_role: ServingRole::LoggedIn, variable: None }
    }

    /// The variable that whoever cannot be reached is looked up in.
    #[must_use]
    pub fn read_from(mut self, variable: &'static str) -> Self {
        self.variable = Some(variable);
        self
    }

    #[must_use]
    pub fn variable(&self) -> Option<&'static str> {
        self.variable
    }

    #[must_use]
    pub fn with_serving_role(mut self, serving_role: ServingRole) -> Self {
        self.serving_role = serving_role;
        self
    }

    #[must_use]
    pub fn serving_role(&self) -> ServingRole {
        self.serving_role
    }

    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.config.get_user()
    }

    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Which database where, for people: never the password.
    #[must_use]
    pub fn place(&self) -> String {
        failure::place(&self.config)
    }

    /// What a deadpool pool makes its connections with; they have the same role and protection.
    #[must_use]
    pub fn manager(&self) -> Manager {
        let config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        Manager::from_connect(self.config.clone(), self.clone(), config)
    }

    /// What programs that bring libpq read from their environment to come to the same database. The password is in it,
    /// and nowhere else: an argument would be for everybody to see.
    #[must_use]
    pub fn libpq_environment(&self) -> Vec<(&'static str, OsString)> {
        let config = &self.config;
        let listed = |all: Vec<String>| OsString::from(all.join(","));
        let hosts = config.get_hosts().iter().map(|host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(directory) => directory.display().to_string(),
        });
        let text = |text: Option<&str>| text.map(OsString::from);
        let several = |all: Vec<String>| (!all.is_empty()).then(|| listed(all));
        let password = config.get_password().map(|password| OsString::from_vec(password.to_vec()));
        let variables = [
            ("PGHOST", several(hosts.collect())),
            ("PGHOSTADDR", several(config.get_hostaddrs().iter().map(ToString::to_string).collect())),
            ("PGPORT", several(config.get_ports().iter().map(ToString::to_string).collect())),
            ("PGUSER", text(config.get_user())),
            ("PGPASSWORD", password),
            ("PGDATABASE", text(config.get_dbname())),
            ("PGOPTIONS", text(config.get_options())),
            ("PGAPPNAME", text(config.get_application_name())),
            ("PGCONNECT_TIMEOUT", config.get_connect_timeout().map(|timeout| timeout.as_secs().max(1).to_string().into())),
            ("PGSSLMODE", Some(self.protection.name().into())),
            ("PGSSLROOTCERT", self.protection.root_certificate().map(OsString::from)),
        ];
        variables.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }

    async fn open(&self) -> Result<Opened, Failed> {
        let (client, connection) = self.config.connect(self.tls.clone()).await.map_err(Failed::Connecting)?;
        let version = connection.parameter("server_version").map(str::to_owned);
        let driver = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a database connection ended");
            }
        });
        match self.serving_role {
            ServingRole::LoggedIn => {}
            ServingRole::SteppedDown => client.batch_execute("SET ROLE nexus_app").await.map_err(Failed::SteppingDown)?,
        }
        Ok(Opened { client, driver, version })
    }
}

struct Opened {
    client: Client,
    driver: JoinHandle<()>,
    /// As the server says it: `15.18 (Debian 15.18-0+deb12u1)`.
    version: Option<String>,
}

/// At which step a connection failed.
enum Failed {
    Connecting(tokio_postgres::Error),
    SteppingDown(tokio_postgres::Error),
}

impl std::fmt::Debug for Target {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Target").field("place", &self.place()).finish_non_exhaustive()
    }
}

impl deadpool_postgres::Connect for Target {
    fn connect(&self, _: &Config) -> Pin<Box<dyn Future<Output = Result<(Client, JoinHandle<()>), tokio_postgres::Error>> + Send + '_>> {
        Box::pin(async move {
            match self.open().await {
                Ok(opened) => Ok((opened.client, opened.driver)),
                Err(Failed::Connecting(error) | Failed::SteppingDown(error)) => Err(error),
            }
        })
    }
}

/// Opens one connection outside any pool; its driver ends when the client is dropped.
///
/// # Errors
/// One line that names the variable, the place and what is to be corrected.
pub async fn connect(target: &Target) -> Result<Client, ConnectError> {
    match tokio::time::timeout(LOG_IN_TIMEOUT, target.open()).await {
        Ok(Ok(opened)) => match opened.version.filter(|version| failure::is_too_old(version)) {
            Some(version) => Err(ConnectError::too_old(target, version)),
            None => Ok(opened.client),
        },
        Ok(Err(failed)) => Err(ConnectError::new(target, failed)),
        Err(_elapsed) => Err(ConnectError::timed_out(target, LOG_IN_TIMEOUT)),
    }
}
