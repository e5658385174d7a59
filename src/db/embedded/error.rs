//! Why can the embedded database not run, and what helps?

use std::{io, path::PathBuf, time::Duration};

use super::lock::Holder;
use crate::db::connect::ConnectError;

#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    #[error("no PostgreSQL 15 to 18 on this machine; install it with: {command} (or set DATABASE_URL)")]
    NoServer { command: &'static str },
    #[error("{data} was made by PostgreSQL {needed}, which is not installed; install it with: {command}", data = data.display())]
    OtherMajor { data: PathBuf, needed: u32, command: String },
    #[error("{path}: too long for a Unix socket (at most {longest} bytes); set NEXUS_DATA_DIR to a shorter path", path = path.display())]
    PathTooLong { path: PathBuf, longest: usize },
    #[error("running as root needs an account for PostgreSQL, and there is neither postgres nor nobody")]
    NoAccount,
    #[error("{path}: belongs to another account; set NEXUS_DATA_DIR to a directory of your own", path = path.display())]
    NotOurs { path: PathBuf },
    #[error("{path}: the account {account}, as which PostgreSQL runs, cannot enter it; set NEXUS_DATA_DIR to a path it can reach, such as /var/lib/nexus-console", path = path.display())]
    OutOfReach { path: PathBuf, account: String },
    #[error("{data} is already served by another console ({holder}); stop it first, or set NEXUS_DATA_DIR", data = data.display())]
    AlreadyServed { data: PathBuf, holder: Holder },
    #[error("{data} is in use by another command ({holder}), which did not end within {waited:?}", data = data.display())]
    InUse { data: PathBuf, holder: Holder, waited: Duration },
    #[error("{path}: {source}", path = path.display())]
    Files { path: PathBuf, source: io::Error },
    #[error("{program} could not be run: {source}", program = program.display())]
    Program { program: PathBuf, source: io::Error },
    #[error("the database could not be created: {0}")]
    Initialise(String),
    #[error("PostgreSQL did not start: {0}")]
    Start(String),
    #[error("PostgreSQL did not stop: {0}")]
    Stop(String),
    #[error("PostgreSQL did not answer within {0:?}")]
    NotReady(Duration),
    #[error("processes of a dead PostgreSQL still work in {data} after {waited:?}", data = data.display())]
    Holders { data: PathBuf, waited: Duration },
    #[error("the console is stopping")]
    Stopping,
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error("the database could not be prepared: {0}")]
    Prepare(#[from] tokio_postgres::Error),
}

impl EmbeddedError {
    pub(super) fn files(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Files { path, source }
    }
}
