//! How does somebody at the machine get a database that is large enough to measure on?

use std::time::Instant;

use clap::{Args, value_parser};
use tokio_postgres::Client;

use super::{
    migrate::ensure_role,
    reach::{ReachError, Reached},
};
use crate::{
    auth::password::{self, PasswordError},
    db::{
        backup::Backups,
        migrate::{self, MigrateError},
        roles::RolesError,
    },
    demo::{self, DemoError, Volume},
    keys::{KeyError, private_directory},
    server::{announce, demo_password},
    settings::{Secret, Settings},
};

const MOST_TRANSACTIONS: u32 = 100_000_000;
const MOST_ENTRIES: u32 = 1_000_000_000;

#[derive(Debug, Args)]
pub(super) struct Demo {
    /// How many, from 1 to 100000000; users and accounts follow from it
    #[arg(long, value_name = "NUMBER", value_parser = value_parser!(u32).range(1..=i64::from(MOST_TRANSACTIONS)))]
    transactions: u32,
    /// How many entries the two audit logs get together; default is two for each transaction
    #[arg(long, value_name = "NUMBER", value_parser = value_parser!(u32).range(0..=i64::from(MOST_ENTRIES)))]
    audit: Option<u32>,
}

#[derive(Debug, thiserror::Error)]
pub enum DemoFailure {
    #[error(transparent)]
    Reach(#[from] ReachError),
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    #[error(transparent)]
    Roles(#[from] RolesError),
    #[error(transparent)]
    Fill(#[from] DemoError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Hash(#[from] PasswordError),
}

pub(super) async fn run(command: Demo, settings: &Settings) -> Result<(), DemoFailure> {
    let volume =
        Volume { transactions: command.transactions.into(), audit: command.audit.map_or(i64::from(command.transactions) * 2, Into::into) };
    let reached = Reached::open(settings, "demo").await?;
    let backups = reached.backups(settings);
    let outcome = match reached.client().await {
        Ok(mut owner) => execute(volume, settings, &mut owner, &backups).await,
        Err(error) => Err(error.into()),
    };
    reached.close().await?;
    announce::demo(&outcome?);
    Ok(())
}

async fn execute(volume: Volume, settings: &Settings, owner: &mut Client, backups: &Backups) -> Result<Secret, DemoFailure> {
    // Before it migrates: whoever names the wrong database must not find it adopted.
    if !demo::is_empty(owner).await? {
        return Err(DemoError::NotEmpty.into());
    }
    migrate::up_saving(owner, Some(backups)).await?;
    ensure_role(owner).await?;
    let data_dir = settings.data_dir();
    // A cluster of our own is in there already, and its server may be another account.
    if !data_dir.exists() {
        private_directory(data_dir).map_err(|source| KeyError::File { path: data_dir.to_owned(), source })?;
    }
    let password = demo_password::choose(data_dir, settings.demo_password.as_ref())?;
    let hash = password::hash(password.reveal())?;
    let since = Instant::now();
    let progress = |step: &str| println!("{:>6} s  {step}", since.elapsed().as_secs());
    demo::fill_to_measure(owner, chrono::Utc::now().date_naive(), &hash, volume, progress).await?;
    println!("{:>6} s  filled: {} transactions, {} audit entries", since.elapsed().as_secs(), volume.transactions, volume.audit);
    Ok(password)
}
