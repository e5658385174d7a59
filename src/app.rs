//! What does every request handler have at hand?

use std::{ops::Deref, sync::Arc};

use crate::{
    auth::{entrance::Entrance, policy::Policy},
    db::pool::Database,
    resource::Registry,
};

/// One worker's console: its own connections, and what all workers share.
#[derive(Clone)]
pub struct Console {
    pub database: Database,
    shared: Arc<Shared>,
}

/// What all workers share for the life of the program.
pub struct Shared {
    pub registry: Registry,
    pub policy: Policy,
    pub entrance: Entrance,
    /// The text of the band on every page.
    pub environment: Option<String>,
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
