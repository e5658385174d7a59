//! How is one connection to PostgreSQL opened, as whom, and over which protection?

mod failure;
mod tls;
mod url;

use std::{future::Future, path::Path, pin::Pin, time::Duration};

use deadpool_postgres::{Manager, ManagerConfig, RecyclingMethod};
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config, config::SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

pub use failure::{ConnectError, Reason};
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
    serving_role: ServingRole,
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
        Ok(Self::new(config, tls))
    }

    /// A database reached over a Unix socket in `directory`, by the operating system's account.
    #[must_use]
    pub fn socket(directory: &Path, user: &str, database: &str) -> Self {
        let mut config = Config::new();
        config.host_path(directory).port(5432).user(user).dbname(database).ssl_mode(SslMode::Disable);
        Self::new(config, tls::unused())
    }

    fn new(mut config: Config, tls: MakeRustlsConnect) -> Self {
        config
            .connect_timeout(CONNECT_TIMEOUT)
            .keepalives(true)
            .keepalives_idle(KEEPALIVE_IDLE)
            .keepalives_interval(KEEPALIVE_INTERVAL)
            .keepalives_retries(KEEPALIVE_RETRIES)
            .tcp_user_timeout(TCP_USER_TIMEOUT);
        if config.get_application_name().is_none() {
            config.application_name("nexus-console");
        }
        Self { config, tls, serving_role: ServingRole::LoggedIn }
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

    async fn open(&self) -> Result<(Client, JoinHandle<()>), tokio_postgres::Error> {
        let (client, connection) = self.config.connect(self.tls.clone()).await?;
        let driver = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a database connection ended");
            }
        });
        match self.serving_role {
            ServingRole::LoggedIn => {}
            ServingRole::SteppedDown => client.batch_execute("SET ROLE nexus_app").await?,
        }
        Ok((client, driver))
    }
}

impl std::fmt::Debug for Target {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Target").field("place", &self.place()).finish_non_exhaustive()
    }
}

impl deadpool_postgres::Connect for Target {
    fn connect(&self, _: &Config) -> Pin<Box<dyn Future<Output = Result<(Client, JoinHandle<()>), tokio_postgres::Error>> + Send + '_>> {
        Box::pin(self.open())
    }
}

/// Opens one connection outside any pool; its driver ends when the client is dropped.
pub async fn connect(target: &Target) -> Result<Client, ConnectError> {
    match tokio::time::timeout(LOG_IN_TIMEOUT, target.open()).await {
        Ok(Ok((client, _driver))) => Ok(client),
        Ok(Err(source)) => Err(ConnectError::new(target, source)),
        Err(_elapsed) => Err(ConnectError::timed_out(target, LOG_IN_TIMEOUT)),
    }
}
