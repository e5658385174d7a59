//! How is the console configured: which variables are there, and what do they hold?

mod options;
mod parse;
pub mod secret;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

pub use options::Options;
pub use parse::SettingError;
pub use secret::Secret;

use crate::db::connect::Target;

/// Everything the environment and the flags said, parsed once, at the start.
#[derive(Debug, Clone)]
pub struct Settings {
    pub database: Database,
    pub bind: SocketAddr,
    /// Absolute; holds the embedded cluster, the keys and the one-time secrets.
    pub data_dir: PathBuf,
    /// Comma-separated hex keys, already checked; absent only with the embedded database.
    pub secret_key: Option<Secret>,
    /// Comma-separated seeds of the audit log's signing keys, in hex, newest first, already checked.
    pub audit_key: Option<Secret>,
    /// Who gets checkpoints by mail; only where there is a mail server.
    pub audit_mail: Option<String>,
    pub public_url: Option<PublicUrl>,
    /// Text of the band on every page; `None` draws no band.
    pub environment: Option<String>,
    pub smtp_url: Option<Secret>,
    pub log_dir: Option<PathBuf>,
    pub demo_password: Option<Secret>,
    pub precaution: Precaution,
}

/// What comes before an adoption, and before a migration that changes what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precaution {
    #[default]
    Backup,
    /// Whoever typed `--no-backup` has one.
    None,
}

/// Which database the console works on.
#[derive(Debug, Clone)]
pub enum Database {
    /// A private cluster under the data directory.
    Embedded,
    /// A server of the operator's own.
    External {
        /// Whom the pages log in as.
        serving: Box<Target>,
        /// Whom the migrations log in as: the owner of the tables.
        owner: Box<Target>,
    },
}

/// The address people type, when it differs from the one the console listens on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    pub scheme: Scheme,
    /// `https://console.example.com`, as a browser's Origin header spells it.
    pub origin: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    Http,
    Https,
}

impl Settings {
    /// Parses what was typed; the error is one line and never repeats a secret.
    pub fn parse(options: Options) -> Result<Self, SettingError> {
        parse::settings(options)
    }

    #[must_use]
    pub fn keys_dir(&self) -> PathBuf {
        self.data_dir.join("keys")
    }

    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    #[must_use]
    pub fn is_embedded(&self) -> bool {
        matches!(self.database, Database::Embedded)
    }
}
