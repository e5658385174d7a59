//! How does the console run a PostgreSQL of its own?

mod account;
mod binaries;
mod bootstrap;
mod cluster;
mod error;
mod lock;
mod process;
mod supervise;

use std::{
    path::Path,
    sync::{Mutex, PoisonError},
};

use cluster::Cluster;
pub(super) use cluster::last_lines;
pub use error::EmbeddedError;
pub use lock::Purpose;
use lock::{DataLock, Taken};

use super::connect::Target;

pub const DATABASE: &str = "nexus";
pub const OWNER: &str = "nexus_owner";
pub const SERVING: &str = "nexus_app";
pub const SUPERUSER: &str = "postgres";

/// A private cluster under the data directory: reached by Unix socket, by this account and root only.
#[derive(Debug)]
pub struct Embedded {
    cluster: Cluster,
    /// Held for our lifetime and dropped by the kernel on any death, so a held lock means a live holder.
    hold: Hold,
    /// Starting, restarting and stopping take turns; once stopped, nothing starts it again.
    life: Mutex<Life>,
}

#[derive(Debug)]
enum Hold {
    Ours(#[expect(dead_code, reason = "held, never read: dropping it frees the data")] DataLock),
    /// A running `serve` holds it; starting and stopping are its business.
    Theirs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    Running,
    Stopped,
}

/// How the server came to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    Created,
    Started,
    /// An earlier run was killed and its server lived on.
    Adopted,
    /// Another console runs it.
    Attached,
}

impl Embedded {
    /// Finds the binaries and takes the data; starts nothing yet.
    ///
    /// For [`Purpose::Serve`] data that another console serves is an error; any other purpose attaches to it.
    pub fn claim(data_dir: &Path, purpose: Purpose) -> Result<Self, EmbeddedError> {
        let cluster = Cluster::locate(data_dir)?;
        let hold = match lock::take(data_dir, purpose)? {
            Taken::Ours(lock) => Hold::Ours(lock),
            Taken::ServedBy(_) if purpose != Purpose::Serve => Hold::Theirs,
            Taken::ServedBy(holder) => {
                return Err(EmbeddedError::AlreadyServed { data: data_dir.to_owned(), holder });
            }
        };
        Ok(Self { cluster, hold, life: Mutex::new(Life::Running) })
    }

    /// Blocks until the server answers: creates the cluster, adopts an orphan, or cleans up after one.
    pub fn start(&self) -> Result<Start, EmbeddedError> {
        let life = self.life();
        match (&self.hold, *life) {
            (_, Life::Stopped) => Err(EmbeddedError::Stopping),
            (Hold::Theirs, Life::Running) => {
                self.cluster.wait_until_ready(process::ANOTHER_STARTS)?;
                Ok(Start::Attached)
            }
            (Hold::Ours(_), Life::Running) => self.cluster.start(),
        }
    }

    /// Makes the owner's role and the database, once.
    pub async fn bootstrap(&self) -> Result<(), EmbeddedError> {
        match self.hold {
            Hold::Ours(_) => bootstrap::ensure(&self.superuser("postgres")).await,
            Hold::Theirs => Ok(()),
        }
    }

    /// Blocks until the server has ended; leaves another console's server alone.
    pub fn stop(&self) -> Result<(), EmbeddedError> {
        let mut life = self.life();
        match (&self.hold, *life) {
            (Hold::Theirs, _) | (Hold::Ours(_), Life::Stopped) => Ok(()),
            (Hold::Ours(_), Life::Running) => {
                *life = Life::Stopped;
                self.cluster.stop()
            }
        }
    }

    #[must_use]
    pub fn owner_config(&self) -> Target {
        Target::socket(&self.cluster.sockets, OWNER, DATABASE)
    }

    #[must_use]
    pub fn serving_config(&self) -> Target {
        Target::socket(&self.cluster.sockets, SERVING, DATABASE)
    }

    #[must_use]
    pub fn superuser_config(&self) -> Target {
        self.superuser(DATABASE)
    }

    /// Where the server's programs are, its `pg_dump` among them.
    #[must_use]
    pub fn programs(&self) -> &Path {
        self.cluster.programs()
    }

    /// What a person types to look inside or repair.
    #[must_use]
    pub fn repair_command(&self) -> String {
        format!("{} -h {} -U {SUPERUSER} {DATABASE}", self.cluster.psql().display(), self.cluster.sockets.display())
    }

    fn superuser(&self, database: &str) -> Target {
        Target::socket(&self.cluster.sockets, SUPERUSER, database)
    }

    fn life(&self) -> std::sync::MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
