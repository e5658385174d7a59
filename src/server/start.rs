//! What must be done between listening and being ready?

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::task::JoinSet;
use tokio_postgres::Client;
use zeroize::Zeroizing;

use super::{
    Mode, ServeError, Shared, announce, demo_password, life,
    shared::{RoleGap, Serving},
};
use crate::{
    app::Tables,
    auth::password,
    db::{
        adopt,
        backup::Backups,
        connect::{ConnectError, Reason, Target, connect},
        embedded::{Embedded, SERVING, Start},
        migrate::{self, Upgrade},
        pool::{Database as PoolOfJobs, ServingRole},
        roles::{self, AppRole},
    },
    demo,
    operations::{
        jobs::{self, Jobs, checkpoints::Outside},
        notices::Notice,
    },
    resource::{
        Registry,
        proof::{self, Severity},
    },
    settings::{Database, Precaution, Secret},
};

/// How long an absent database is waited for before the start gives up.
const GIVE_UP_AFTER: Duration = Duration::from_secs(60);
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What the terminal is told once pages answer.
pub(super) struct Started {
    pub demo_password: Option<Secret>,
    pub setup_token: Option<Zeroizing<String>>,
    /// They end when this is dropped: nobody is to hear that the database leaves while the console stops.
    pub watchers: JoinSet<()>,
}

pub(super) async fn run(shared: &Shared, embedded: Option<&Arc<Embedded>>, tables: &Tables) -> Result<Started, ServeError> {
    let (owner_target, serving_target) = targets(shared, embedded).await?;
    let mut owner = reach(shared, &owner_target).await?;

    shared.readiness.starting("the database is being migrated, and saved before if it is adopted");
    let backups = match shared.settings.precaution {
        Precaution::Backup => Some(Backups::new(&owner_target, shared.settings.data_dir(), embedded.map(AsRef::as_ref))),
        Precaution::None => None,
    };
    let Upgrade { applied, backup } = migrate::up_saving(&mut owner, backups.as_ref()).await?;
    if let Some(backup) = &backup {
        announce::saved(backup);
    }
    if !applied.is_empty() {
        tracing::info!("{} migrations are applied", applied.len());
    }
    let serving = settle(shared, roles::ensure(&owner).await?, serving_target).await?;
    let mut notices = prove(&owner, &tables.registry).await?;

    let demo_password = match shared.mode {
        Mode::Plain => None,
        Mode::Demo => Some(fill(shared, &mut owner).await?),
    };
    let setup_token = setup_token(shared, &owner).await?;
    life::started(shared, &mut owner).await?;

    if let Some(gap) = &serving.role_gap {
        tracing::warn!("pages do not run as {SERVING}: {}; type as the owner: {}", gap.reason, gap.statement);
        let what = format!("The console serves with more rights than it should: {}.", gap.reason);
        notices.insert(0, Notice { id: "roles", what, remedy: gap.statement.clone() });
    }
    let mut watchers = JoinSet::new();
    watchers.spawn(shared.readiness.clone().probe(serving.target.clone()));
    shared.notices.settle(notices);
    shared.settle(serving);
    if let Some(embedded) = embedded {
        watchers.spawn(Arc::clone(embedded).supervise(shared.readiness.clone()));
    }
    shared.readiness.ready();
    let database = PoolOfJobs::new(shared.manager(), jobs::CONNECTIONS, ServingRole::LoggedIn);
    let jobs = Jobs {
        database,
        registry: tables.registry.clone(),
        policy: tables.policy,
        owner: owner_target,
        builds: shared.builds.clone(),
        signer: shared.signer.clone(),
        outside: Outside::of(&shared.settings),
        refusals: shared.refusals.clone(),
        coverage: shared.coverage.clone(),
    };
    jobs::start(&mut watchers, &jobs);
    Ok(Started { demo_password, setup_token, watchers })
}

/// Whom to migrate as and whom to serve as; starts the embedded server if it is ours to start.
async fn targets(shared: &Shared, embedded: Option<&Arc<Embedded>>) -> Result<(Target, Target), ServeError> {
    match (&shared.settings.database, embedded) {
        (Database::External { serving, owner }, _) => Ok((owner.as_ref().clone(), serving.as_ref().clone())),
        (Database::Embedded, Some(embedded)) => {
            shared.readiness.starting("PostgreSQL is starting");
            let server = Arc::clone(embedded);
            match tokio::task::spawn_blocking(move || server.start()).await?? {
                Start::Created => tracing::info!("a new database is created"),
                Start::Started => tracing::info!("PostgreSQL is started"),
                Start::Adopted => tracing::info!("the PostgreSQL of an earlier run is taken over"),
                Start::Attached => {}
            }
            embedded.bootstrap().await?;
            Ok((embedded.owner_config(), embedded.serving_config()))
        }
        (Database::Embedded, None) => Err(ServeError::NothingClaimed),
    }
}

/// Waits for a database that may still come, and says so; what waiting cannot mend ends the start at once.
async fn reach(shared: &Shared, target: &Target) -> Result<Client, ConnectError> {
    shared.readiness.starting("the database cannot be reached yet");
    let since = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        match connect(target).await {
            Ok(client) => return Ok(client),
            Err(error) if error.reason.may_pass() && since.elapsed() + pause < GIVE_UP_AFTER => {
                tracing::warn!("{error}; trying again in {pause:?}");
            }
            Err(error) => return Err(error),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// As `nexus_app` by log-in, else by stepping down to it, else as what the URL says, with the gap said aloud.
async fn settle(shared: &Shared, role: AppRole, target: Target) -> Result<Serving, ServeError> {
    let logs_in_as_it = target.user() == Some(SERVING);
    match role {
        AppRole::Own if logs_in_as_it => {
            reach(shared, &target).await?;
            Ok(Serving { target, role_gap: None })
        }
        AppRole::Own => {
            let stepped_down = target.clone().with_serving_role(ServingRole::SteppedDown);
            match reach(shared, &stepped_down).await {
                Ok(_) => Ok(Serving { target: stepped_down, role_gap: None }),
                Err(error) if error.reason == Reason::RoleRefused => {
                    let user = target.user().unwrap_or_default().replace('"', "\"\"");
                    let gap = RoleGap {
                        reason: "the user of DATABASE_URL may not become it".into(),
                        statement: format!("GRANT {SERVING} TO \"{user}\""),
                    };
                    Ok(Serving { target, role_gap: Some(gap) })
                }
                Err(error) => Err(error.into()),
            }
        }
        AppRole::Missing { reason, statement } => {
            reach(shared, &target).await?;
            Ok(Serving { target, role_gap: Some(RoleGap { reason, statement }) })
        }
    }
}

/// Only an empty database is filled; a filled demo just starts; anybody's real data is refused.
async fn fill(shared: &Shared, owner: &mut Client) -> Result<Secret, ServeError> {
    let data_dir = shared.settings.data_dir();
    let given = shared.settings.demo_password.as_ref();
    if demo::is_demo(owner).await? {
        let kept = demo_password::kept(data_dir)?;
        if let (Some(kept), Some(given)) = (&kept, given)
            && kept.reveal() != given.reveal()
        {
            tracing::warn!("NEXUS_DEMO_PASSWORD is not the password this demo was filled with, which stays");
        }
        return kept.or_else(|| given.cloned()).ok_or(ServeError::DemoPasswordLost);
    }
    if !demo::is_empty(owner).await? {
        return Err(ServeError::NotADemo { data: data_dir.to_owned() });
    }
    shared.readiness.starting("the demo data is being filled in");
    tracing::info!("filling in the demo data");
    let password = demo_password::choose(data_dir, given)?;
    let hash = password::hash(password.reveal())?;
    demo::fill(owner, chrono::Utc::now().date_naive(), &hash).await?;
    Ok(password)
}

/// A database of our own that a page would fail on stops the start. One that was adopted is somebody else's
/// as well: it is served as far as it goes, and whoever administers it is told.
async fn prove(owner: &Client, registry: &Registry) -> Result<Vec<Notice>, ServeError> {
    let findings = proof::catalog_of(owner, registry).await.map_err(ServeError::Unproved)?;
    let (wrong, lesser): (Vec<_>, Vec<_>) = findings.into_iter().partition(|finding| finding.severity == Severity::Wrong);
    if !wrong.is_empty() && !adopt::is_adopted(owner).await? {
        return Err(ServeError::Disproved(wrong));
    }
    for finding in &wrong {
        tracing::warn!("{finding}");
    }
    if !lesser.is_empty() {
        tracing::info!("{} smaller differences between database and program; nexus-console doctor lists them", lesser.len());
    }
    let remedy = "nexus-console doctor";
    Ok(wrong.into_iter().map(|finding| Notice { id: finding.id, what: finding.text, remedy: remedy.to_owned() }).collect())
}

async fn setup_token(shared: &Shared, owner: &Client) -> Result<Option<Zeroizing<String>>, ServeError> {
    let administrators = owner.query("SELECT 1 FROM public.users WHERE role = 'admin' AND is_active LIMIT 1", &[]).await?;
    if administrators.is_empty() {
        return Ok(Some(shared.setup_token.ensure()?));
    }
    // A token that outlived its use, after a restore for example, must open nothing.
    if let Err(error) = shared.setup_token.consume() {
        tracing::warn!("{}: {error}", shared.setup_token.path().display());
    }
    Ok(None)
}
