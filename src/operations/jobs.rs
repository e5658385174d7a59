//! What does the console do by itself while it serves, how often, and what if it fails?

use std::{any::Any, panic::AssertUnwindSafe, pin::Pin, time::Duration};

use futures_util::FutureExt;
use tokio::task::JoinSet;

use crate::{
    audit::{coverage::Watch, refusals::Refusals, seal::key::Signer},
    auth::policy::Policy,
    chain::chain,
    db::{
        connect::Target,
        pool::{Database, DatabaseError},
    },
    operations::indexes::Builds,
    resource::Registry,
};

pub mod checkpoints;
pub mod coverage;
pub mod decisions;
pub mod expiry;
pub mod indexes;
pub mod ledger;
pub mod refusals;
pub mod seal;

/// Their own pool, so that no page waits for a job.
pub const CONNECTIONS: usize = 2;
/// After a failure a job waits at least so long: the database may be away.
const PAUSE: Duration = Duration::from_secs(2);

/// Everything that runs by itself. A new job is a line here and a module with a `JOB`.
const ALL: [Job; 8] = [checkpoints::JOB, coverage::JOB, decisions::JOB, expiry::JOB, indexes::JOB, ledger::JOB, refusals::JOB, seal::JOB];

/// Work that no request asks for, done a turn at a time.
///
/// Every instance of the console runs every job, so a turn does its work in transactions that exclude each other, by
/// row locks (`FOR UPDATE SKIP LOCKED`) or by `pg_try_advisory_xact_lock`, and leaves what another instance has. It
/// may be cut off at any point, by the end of the process or of the database, and must be able to begin again: what
/// is done is in the database, and nowhere else. An error or a panic ends the turn, never the process; it is logged
/// when it first happens and not again until it changes.
#[derive(Clone, Copy)]
pub struct Job {
    /// As the log names whoever acts: `system:expiry`.
    pub name: &'static str,
    /// How long after the start it begins: what can wait does not stand in the way of the first pages.
    pub first: Duration,
    /// How long it rests when there is nothing left to do.
    pub every: Duration,
    pub run: fn(Jobs) -> Run,
}

pub type Run = Pin<Box<dyn Future<Output = Result<Turn, DatabaseError>> + Send>>;

/// How a turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Nothing is left for now.
    Done,
    /// There is more: the next turn follows at once.
    More,
}

/// What jobs work with.
#[derive(Clone)]
pub struct Jobs {
    pub database: Database,
    pub registry: Registry,
    pub policy: Policy,
    /// For the one job that nobody but the owner of the tables can do.
    pub owner: Target,
    pub builds: Builds,
    /// Signs the checkpoints.
    pub signer: Signer,
    /// Where checkpoints go that the database's owner cannot take back.
    pub outside: checkpoints::Outside,
    /// What the pages have counted and the log does not know yet.
    pub refusals: Refusals,
    /// Where the pages find what was last found out about the trail.
    pub coverage: Watch,
}

/// Starts all jobs as tasks; they end with the set.
pub fn start(tasks: &mut JoinSet<()>, jobs: &Jobs) {
    for job in ALL {
        tasks.spawn(keep(job, jobs.clone()));
    }
}

async fn keep(job: Job, jobs: Jobs) {
    let mut failing: Option<String> = None;
    tokio::time::sleep(job.first).await;
    loop {
        let turn = AssertUnwindSafe((job.run)(jobs.clone())).catch_unwind().await;
        let problem = match turn {
            Ok(Ok(turn)) => {
                if failing.take().is_some() {
                    tracing::info!("the job {} works again", job.name);
                }
                match turn {
                    Turn::Done => tokio::time::sleep(job.every).await,
                    Turn::More => tokio::task::yield_now().await,
                }
                continue;
            }
            Ok(Err(error)) => chain(&error),
            Err(panic) => said(panic.as_ref()),
        };
        if failing.as_ref() != Some(&problem) {
            tracing::warn!("the job {} failed and tries again: {problem}", job.name);
            failing = Some(problem);
        }
        tokio::time::sleep(job.every.max(PAUSE)).await;
    }
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    ["it panicked: ", text.unwrap_or("nothing more is known")].concat()
}
