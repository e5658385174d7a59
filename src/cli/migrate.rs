//! What do `migrate status`, `up`, `down` and `validate` do?

use clap::Subcommand;
use tokio_postgres::Client;

use super::reach::{ReachError, Reached};
use crate::{
    db::{
        migrate::{self, MigrateError},
        roles::{self, AppRole, RolesError},
    },
    settings::Settings,
};

#[derive(Debug, Subcommand)]
pub(super) enum Migrate {
    /// List every migration, and when it was applied
    Status,
    /// Apply what is missing
    Up,
    /// Undo migrations, newest first
    Down {
        /// The version to go back to; 0 undoes everything
        #[arg(long, value_name = "VERSION")]
        to: u32,
    },
    /// Run every applied migration's checks again
    Validate,
}

#[derive(Debug, thiserror::Error)]
pub enum MigrateFailure {
    #[error(transparent)]
    Reach(#[from] ReachError),
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    #[error(transparent)]
    Roles(#[from] RolesError),
    #[error("{0} checks failed")]
    Invalid(usize),
}

pub(super) async fn run(command: Migrate, settings: &Settings) -> Result<(), MigrateFailure> {
    let reached = Reached::open(settings, "migrate").await?;
    let outcome = match reached.client().await {
        Ok(mut owner) => execute(command, &mut owner).await,
        Err(error) => Err(error.into()),
    };
    reached.close().await?;
    outcome
}

/// Makes the role that serves, or says what keeps it from being made.
pub(super) async fn ensure_role(owner: &Client) -> Result<(), RolesError> {
    if let AppRole::Missing { reason, statement } = roles::ensure(owner).await? {
        println!("the role nexus_app is not as it should be: {reason}; type as a superuser: {statement}");
    }
    Ok(())
}

async fn execute(command: Migrate, owner: &mut Client) -> Result<(), MigrateFailure> {
    match command {
        Migrate::Status => {
            for migration in migrate::status(owner).await? {
                let when = migration.applied_on.as_deref().unwrap_or("not applied");
                println!("{:>4}  {:<32}  {when}", migration.version, migration.name);
            }
        }
        Migrate::Up => {
            let applied = migrate::up(owner).await?;
            for migration in &applied {
                println!("applied {} {}", migration.version, migration.name);
            }
            println!("{} applied; the schema is current", applied.len());
            ensure_role(owner).await?;
        }
        Migrate::Down { to } => {
            let undone = migrate::down(owner, to).await?;
            for migration in &undone {
                println!("undone {} {}", migration.version, migration.name);
            }
            let left = migrate::status(owner).await?;
            let at = left.iter().filter(|migration| migration.applied_on.is_some()).map(|migration| migration.version).max();
            println!("{} undone; the schema is at version {}", undone.len(), at.unwrap_or(0));
        }
        Migrate::Validate => {
            let failures = migrate::validate(owner).await?;
            for failure in &failures {
                println!("{} {}: {}", failure.version, failure.name, failure.reason);
            }
            if !failures.is_empty() {
                return Err(MigrateFailure::Invalid(failures.len()));
            }
            println!("every check passed");
        }
    }
    Ok(())
}
