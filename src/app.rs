//! What does every request handler have at hand?

use std::{ops::Deref, sync::Arc};

use crate::{
    audit::{
        coverage::Watch,
        readers::Readers,
        refusals::Refusals,
        seal::examination::{Examinations, Witnesses},
    },
    auth::{
        entrance::Entrance,
        policy::{LINES, Policy},
    },
    db::pool::Database,
    keys::Keys,
    operations::{indexes::Builds, notices::Notices},
    post::Post,
    resource::Registry,
    tables::TABLES,
};

/// One worker's console: its own connections, and what all workers share.
#[derive(Clone)]
pub struct Console {
    pub database: Database,
    shared: Arc<Shared>,
}

/// Which tables a console administers, and who may do what with them.
#[derive(Debug, Clone)]
pub struct Tables {
    pub registry: Registry,
    pub policy: Policy,
}

impl Tables {
    /// The twelve of the NEXUS platform.
    pub fn of_the_platform() -> Tables {
        Tables { registry: Registry::new(TABLES.iter().copied()), policy: Policy(LINES) }
    }
}

/// What all workers share for the life of the program.
pub struct Shared {
    pub registry: Registry,
    pub policy: Policy,
    pub entrance: Entrance,
    pub keys: Arc<Keys>,
    /// The text of the band on every page.
    pub environment: Option<String>,
    /// Without it one-time links are shown to whoever makes them.
    pub post: Option<Post>,
    /// What the dashboard tells an administrator.
    pub notices: Notices,
    /// What stands in the way of the indexes that are still to be built.
    pub builds: Builds,
    /// What the sealed log is compared with.
    pub witnesses: Witnesses,
    /// Whether that is being done.
    pub examinations: Examinations,
    /// Whose reading of the log is written down.
    pub readers: Readers,
    /// What was refused to whom.
    pub refusals: Refusals,
    /// What was last found out about the trail.
    pub coverage: Watch,
}

impl Console {
    pub fn new(database: Database, shared: Arc<Shared>) -> Console {
        Console { database, shared }
    }
}

impl Deref for Console {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.shared
    }
}
