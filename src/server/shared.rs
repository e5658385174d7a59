//! What do all workers share?

use std::{future::Future, pin::Pin, sync::Arc};

use deadpool_postgres::{Connect, Manager, ManagerConfig, RecyclingMethod};
use tokio::{sync::SetOnce, task::JoinHandle};
use tokio_postgres::{Client, Config};
use uuid::Uuid;

use super::Mode;
use crate::{
    audit::{coverage::Watch, readers::Readers, refusals::Refusals, seal::key::Signer},
    auth::setup_token::SetupToken,
    db::connect::Target,
    keys::Keys,
    operations::{indexes::Builds, notices::Notices, readiness::Readiness},
    settings::Settings,
};

/// Cheap to clone; every worker makes its own console, with its own pool, from it.
#[derive(Clone)]
pub struct Shared {
    pub settings: Arc<Settings>,
    pub mode: Mode,
    pub keys: Arc<Keys>,
    /// Signs the audit log's checkpoints.
    pub signer: Signer,
    pub readiness: Readiness,
    pub setup_token: SetupToken,
    pub notices: Notices,
    pub builds: Builds,
    pub readers: Readers,
    pub refusals: Refusals,
    pub coverage: Watch,
    /// This run of the program, as the log names it.
    pub run: Uuid,
    serving: Arc<SetOnce<Serving>>,
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
    pub fn new(settings: Settings, keys: Keys, signer: Signer, mode: Mode) -> Self {
        let setup_token = SetupToken::kept_in(settings.data_dir());
        Self {
            settings: Arc::new(settings),
            mode,
            keys: Arc::new(keys),
            signer,
            readiness: Readiness::default(),
            setup_token,
            notices: Notices::default(),
            builds: Builds::default(),
            readers: Readers::default(),
            refusals: Refusals::default(),
            coverage: Watch::default(),
            run: Uuid::now_v7(),
            serving: Arc::new(SetOnce::new()),
        }
    }

    /// `None` until the start is done; while it is, pages answer 503.
    #[must_use]
    pub fn serving(&self) -> Option<&Serving> {
        self.serving.get()
    }

    /// Settled once, at the end of the start, for the life of the process.
    pub(super) fn settle(&self, serving: Serving) {
        if self.serving.set(serving).is_err() {
            tracing::debug!("the database to serve from was settled before");
        }
    }

    /// Workers make their pools before the database is there; a connection waits until it is settled.
    #[must_use]
    pub fn manager(&self) -> Manager {
        let config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        Manager::from_connect(Config::new(), OnceSettled(Arc::clone(&self.serving)), config)
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

struct OnceSettled(Arc<SetOnce<Serving>>);

impl Connect for OnceSettled {
    fn connect(
        &self,
        config: &Config,
    ) -> Pin<Box<dyn Future<Output = Result<(Client, JoinHandle<()>), tokio_postgres::Error>> + Send + '_>> {
        let config = config.clone();
        Box::pin(async move { self.0.wait().await.target.connect(&config).await })
    }
}
