//! How is a database kept as it is, before something is done to it that cannot be undone?

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::Stdio,
};

use chrono::Utc;
use tokio::process::Command;
use tokio_postgres::Client;

use super::{
    connect::Target,
    embedded::{Embedded, last_lines},
};
use crate::keys::private_directory;

const SERVER_MAJOR: &str = "SELECT pg_catalog.current_setting('server_version_num')::int / 10000 AS major";

/// Where backups go and how the database is reached for them.
#[derive(Debug, Clone)]
pub struct Backups {
    target: Target,
    directory: PathBuf,
    /// Looked into before PATH.
    programs: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error(
        "a backup comes first, and pg_dump is not in PATH; install it ({}), or say --no-backup if there is a backup already",
        client_package(*.server)
    )]
    NoProgram { server: i32 },
    #[error(
        "a backup comes first, and pg_dump {found} is older than the server's PostgreSQL {server}; install a newer one ({}), or say --no-backup if there is a backup already",
        client_package(*.server)
    )]
    TooOld { found: i32, server: i32 },
    #[error(
        "a backup comes first, and pg_dump failed: {complaint}; nothing was changed; mend that, or say --no-backup if there is a backup already"
    )]
    Failed { complaint: String },
    #[error("a backup comes first, and {path} cannot be written: {source}; nothing was changed; set NEXUS_DATA_DIR to a directory with room, or say --no-backup if there is a backup already", path = path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("the server does not say which version it is")]
    Database(#[from] tokio_postgres::Error),
}

fn client_package(major: i32) -> String {
    format!("apt-get install postgresql-client-{major}, or your system's package of that version")
}

impl Backups {
    /// Of the database that `target` is, into a folder of the console's data directory; an embedded server brings its
    /// own programs.
    #[must_use]
    pub fn new(target: &Target, data_dir: &Path, embedded: Option<&Embedded>) -> Backups {
        Backups {
            target: target.clone(),
            directory: data_dir.join("backups"),
            programs: embedded.map(|embedded| embedded.programs().to_owned()),
        }
    }

    /// Dumps the whole database; answers the file, which is whole or not there, and for nobody else to read.
    ///
    /// # Errors
    /// In one line, with what to install or to say; no file is left.
    pub async fn take(&self, client: &Client) -> Result<PathBuf, BackupError> {
        let server: i32 = client.query_one(SERVER_MAJOR, &[]).await?.try_get("major")?;
        let program = self.program(server).await?;
        private_directory(&self.directory).map_err(|source| BackupError::File { path: self.directory.clone(), source })?;
        let path = self.directory.join(self.name());
        let unwritable = |source| BackupError::File { path: path.clone(), source };
        let partial = Partial::create(path.with_extension("partial")).map_err(unwritable)?;
        let output = partial.file.try_clone().map_err(unwritable)?;
        let mut dump = self.command(&program);
        dump.args(["--format=custom", "--no-password"]).envs(self.target.libpq_environment());
        dump.stdout(output).stderr(Stdio::piped());
        let failed = |error: io::Error| BackupError::Failed { complaint: error.to_string() };
        // Not `output`, which would catch the dump as well, in memory.
        let ended = dump.spawn().map_err(failed)?.wait_with_output().await.map_err(failed)?;
        if !ended.status.success() {
            let complaint = match last_lines(&ended.stderr) {
                silent if silent.is_empty() => ended.status.to_string(),
                said => said,
            };
            return Err(BackupError::Failed { complaint });
        }
        partial.keep_as(&path).map_err(unwritable)?;
        Ok(path)
    }

    /// The first of the programs there are that is new enough for the server.
    async fn program(&self, server: i32) -> Result<PathBuf, BackupError> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let directories = self.programs.iter().cloned().chain(std::env::split_paths(&path));
        let mut newest = None;
        for program in directories.map(|directory| directory.join("pg_dump")).filter(|program| program.is_file()) {
            match self.major(&program).await {
                Some(major) if major >= server => return Ok(program),
                found => newest = newest.max(found),
            }
        }
        Err(newest.map_or(BackupError::NoProgram { server }, |found| BackupError::TooOld { found, server }))
    }

    async fn major(&self, program: &Path) -> Option<i32> {
        let output = self.command(program).arg("--version").output().await.ok()?;
        let said = String::from_utf8(output.stdout).ok()?;
        let number = said.split_once("(PostgreSQL)")?.1.trim_start();
        number.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok()
    }

    /// Nothing of the console's environment reaches it, where its secrets are: only what finding programs takes.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        let kept = ["PATH", "HOME"].into_iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
        command.env_clear().envs(kept).env("LC_ALL", "C").stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// By time and database, so that a folder of them is in order.
    fn name(&self) -> OsString {
        let database: String = self.target.config().get_dbname().unwrap_or("database").chars().map(plain).collect();
        format!("{}-{database}.dump", Utc::now().format("%Y%m%dT%H%M%S%.3fZ")).into()
    }
}

fn plain(letter: char) -> char {
    if letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_') { letter } else { '_' }
}

/// A file that is gone again unless it is kept.
struct Partial {
    file: File,
    path: Option<PathBuf>,
}

impl Partial {
    fn create(path: PathBuf) -> io::Result<Partial> {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        Ok(Partial { file, path: Some(path) })
    }

    fn keep_as(mut self, name: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        if let Some(path) = &self.path {
            fs::rename(path, name)?;
        }
        self.path = None;
        match name.parent() {
            Some(directory) => File::open(directory)?.sync_all(),
            None => Ok(()),
        }
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if let Some(path) = &self.path
            && let Err(error) = fs::remove_file(path)
        {
            tracing::warn!("{}: half a backup is left behind: {error}", path.display());
        }
    }
}
