//! In which order does the console start, serve and stop?

pub mod announce;
pub(crate) mod demo_password;
mod gate;
mod http;
mod life;
mod shared;
mod start;

use std::{io, net::SocketAddr, path::PathBuf, sync::Arc};

use tokio::signal::unix::{Signal, SignalKind, signal};

pub use shared::{RoleGap, Serving, Shared};
use start::Started;

use crate::{
    app::Tables,
    audit::seal::key::{self, Signer},
    auth::password::PasswordError,
    db::{
        connect::ConnectError,
        embedded::{Embedded, EmbeddedError, Purpose},
        migrate::MigrateError,
        pool::DatabaseError,
        roles::RolesError,
    },
    demo::DemoError,
    keys::{KeyError, Keys, private_directory},
    resource::proof,
    settings::{Database, Settings},
};

/// What the console serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Plain,
    /// Invented data and users whose password everybody at this machine may read.
    Demo,
}

#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("--demo fills the console's own database and nothing else: unset DATABASE_URL")]
    DemoElsewhere,
    #[error("--demo listens on this machine only: NEXUS_BIND is {0}; accepted is a loopback address such as 127.0.0.1:8080")]
    DemoExposed(SocketAddr),
    #[error("{data} holds data that is not the demo's; set NEXUS_DATA_DIR to another directory, or leave out --demo", data = data.display())]
    NotADemo { data: PathBuf },
    #[error("the demo's password is not kept any more; type: nexus-console user password --username admin")]
    DemoPasswordLost,
    #[error("{address} is in use by another program; set NEXUS_BIND to another port")]
    AddressInUse { address: SocketAddr },
    #[error("cannot listen on {address}: {source}")]
    Bind { address: SocketAddr, source: io::Error },
    #[error("{path}: {source}", path = path.display())]
    DataDirectory { path: PathBuf, source: io::Error },
    #[error("the embedded database was not claimed before the start")]
    NothingClaimed,
    #[error("the console stopped serving: {0}")]
    Serving(#[source] io::Error),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    AuditKey(#[from] key::KeyError),
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    #[error(transparent)]
    Roles(#[from] RolesError),
    #[error(transparent)]
    Demo(#[from] DemoError),
    /// One line each; pages would fail, or lose rows.
    #[error("the database is not what this program was built for; nexus-console doctor says more:{}", lines(.0))]
    Disproved(Vec<proof::Finding>),
    #[error("the proof of the declarations could not be made: {0}")]
    Unproved(#[source] DatabaseError),
    #[error("the demo's password could not be hashed: {0}")]
    Password(#[from] PasswordError),
    #[error("the database refused the start: {0}")]
    Database(#[from] tokio_postgres::Error),
    #[error("a task of the start ended early")]
    Task(#[from] tokio::task::JoinError),
}

fn lines(findings: &[proof::Finding]) -> String {
    findings.iter().map(|finding| format!("\n{finding}")).collect()
}

/// Serves until it is told to stop; the database is the first thing taken and the last thing left.
pub async fn serve(settings: Settings, mode: Mode, tables: Tables) -> Result<(), ServeError> {
    refuse_exposed_demo(&settings, mode)?;
    let embedded = claim(&settings)?;
    let keys = Keys::load(&settings)?;
    let (listener, address) = http::bind(settings.bind)?;
    announce::listening(address);

    let signer = Signer::load(&settings)?;
    let shared = Shared::new(settings, keys, signer, mode);
    let mut stop = StopSignals::register().map_err(ServeError::Serving)?;
    let known = tables.clone();
    let server = http::run(listener, shared.clone(), tables).map_err(ServeError::Serving)?;
    let handle = server.handle();
    let mut serving = actix_web::rt::spawn(server);

    let outcome = tokio::select! {
        () = stop.received() => Ok(()),
        result = start_and_stay(&shared, embedded.as_ref(), address, &known) => result,
        ended = &mut serving => match ended {
            Ok(result) => result.map_err(ServeError::Serving),
            Err(error) => Err(error.into()),
        },
    };

    if outcome.is_ok() {
        tracing::info!("stopping: requests in flight are finished first, unless a second signal cuts them off");
    }
    tokio::select! {
        () = handle.stop(true) => {}
        // Not by `stop(false)`, which would wait its turn behind the first: the end of the process cuts them off.
        () = stop.received() => tracing::warn!("told to stop again: requests in flight are cut off"),
    }
    life::stopped(&shared).await;
    if let Some(embedded) = embedded {
        tokio::task::spawn_blocking(move || embedded.stop()).await??;
    }
    outcome
}

/// Never returns but with an error: once started, only a signal ends the service.
async fn start_and_stay(shared: &Shared, embedded: Option<&Arc<Embedded>>, address: SocketAddr, tables: &Tables) -> Result<(), ServeError> {
    let Started { demo_password, setup_token, watchers } = start::run(shared, embedded, tables).await?;
    announce::ready(shared, address);
    if let Some(password) = &demo_password {
        announce::demo(password);
    }
    if let Some(token) = &setup_token {
        announce::setup(shared, address, token);
    }
    let _until_stopped = watchers;
    std::future::pending().await
}

fn refuse_exposed_demo(settings: &Settings, mode: Mode) -> Result<(), ServeError> {
    match (mode, &settings.database) {
        (Mode::Plain, _) => Ok(()),
        (Mode::Demo, Database::External { .. }) => Err(ServeError::DemoElsewhere),
        (Mode::Demo, Database::Embedded) if !settings.bind.ip().is_loopback() => Err(ServeError::DemoExposed(settings.bind)),
        (Mode::Demo, Database::Embedded) => Ok(()),
    }
}

/// Before the listener: whoever starts a console twice is told that, and not that a port is taken.
fn claim(settings: &Settings) -> Result<Option<Arc<Embedded>>, ServeError> {
    match settings.database {
        Database::Embedded => Ok(Some(Arc::new(Embedded::claim(settings.data_dir(), Purpose::Serve)?))),
        Database::External { .. } => {
            private_directory(settings.data_dir())
                .map_err(|source| ServeError::DataDirectory { path: settings.data_dir.clone(), source })?;
            Ok(None)
        }
    }
}

struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    fn register() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn received(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
