//! What do all workers share?

use std::sync::{Arc, OnceLock};

use super::Mode;
use crate::{
    auth::setup_token::SetupToken, db::connect::Target, keys::Keys, operations::readiness::Readiness,
    settings::Settings,
};

/// Cheap to clone; every worker makes its own console, with its own pool, from it.
#[derive(Clone)]
pub struct Shared {
    pub settings: Arc<Settings>,
    pub mode: Mode,
    pub keys: Arc<Keys>,
    pub readiness: Readiness,
    pub setup_token: SetupToken,
    serving: Arc<OnceLock<Serving>>,
}

/// What pages work with; known once the database is migrated and its roles are settled.
#[derive(Debug)]
pub struct Serving {
    /// Pages make their pools from it; it already knows whether to step down to `nexus_app`.
    pub target: Target,
    /// `Some`: the console serves with more rights than it should have.
    pub role_gap: Option<RoleGap>,
}

/// Why `nexus_app` does not serve, and what to type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleGap {
    pub reason: String,
    pub statement: String,
}

impl Shared {
    #[must_use]
    pub fn new(settings: Settings, keys: Keys, mode: Mode) -> Self {
        let setup_token = SetupToken::kept_in(settings.data_dir());
        Self {
            settings: Arc::new(settings),
            mode,
            keys: Arc::new(keys),
            readiness: Readiness::default(),
            setup_token,
            serving: Arc::new(OnceLock::new()),
        }
    }

    /// `None` until the start is done; while it is, pages answer 503.
    #[must_use]
    pub fn serving(&self) -> Option<&Serving> {
        self.serving.get()
    }

    /// The first call settles it for the life of the process.
    pub fn settle(&self, serving: Serving) -> &Serving {
        self.serving.get_or_init(|| serving)
    }

    /// The band's text: the operator's, else "Demo" in demo mode.
    #[must_use]
    pub fn environment(&self) -> Option<&str> {
        match (&self.settings.environment, self.mode) {
            (Some(text), _) => Some(text),
            (None, Mode::Demo) => Some("Demo"),
            (None, Mode::Plain) => None,
        }
    }
}
