//! How does a command other than `serve` come to the owner's database?

use std::sync::Arc;

use tokio_postgres::Client;

use crate::{
    db::{
        backup::Backups,
        connect::{ConnectError, Target, connect},
        embedded::{Embedded, EmbeddedError, Purpose},
    },
    settings::{Database, Settings},
};

#[derive(Debug, thiserror::Error)]
pub enum ReachError {
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error("a task ended early")]
    Task(#[from] tokio::task::JoinError),
}

/// The owner's database, with the embedded server running; close it, or it runs on.
pub(super) struct Reached {
    pub owner: Target,
    embedded: Option<Arc<Embedded>>,
}

impl Reached {
    /// Attaches to the server of a running `serve`, or starts one for the length of the command.
    pub async fn open(settings: &Settings, command: &'static str) -> Result<Self, ReachError> {
        match &settings.database {
            Database::External { owner, .. } => Ok(Self { owner: owner.as_ref().clone(), embedded: None }),
            Database::Embedded => {
                let data_dir = settings.data_dir.clone();
                let embedded = tokio::task::spawn_blocking(move || {
                    let embedded = Embedded::claim(&data_dir, Purpose::Command(command))?;
                    embedded.start()?;
                    Ok::<_, EmbeddedError>(Arc::new(embedded))
                })
                .await??;
                let reached = Self { owner: embedded.owner_config(), embedded: Some(embedded) };
                match reached.bootstrap().await {
                    Ok(()) => Ok(reached),
                    Err(error) => {
                        reached.close().await?;
                        Err(error)
                    }
                }
            }
        }
    }

    async fn bootstrap(&self) -> Result<(), ReachError> {
        match &self.embedded {
            Some(embedded) => Ok(embedded.bootstrap().await?),
            None => Ok(()),
        }
    }

    pub async fn client(&self) -> Result<Client, ReachError> {
        Ok(connect(&self.owner).await?)
    }

    /// Where this database is saved before it is changed for good.
    pub fn backups(&self, settings: &Settings) -> Backups {
        Backups::new(&self.owner, settings.data_dir(), self.embedded.as_deref())
    }

    pub fn repair_command(&self) -> Option<String> {
        self.embedded.as_ref().map(|embedded| embedded.repair_command())
    }

    pub async fn close(self) -> Result<(), ReachError> {
        match self.embedded {
            Some(embedded) => Ok(tokio::task::spawn_blocking(move || embedded.stop()).await??),
            None => Ok(()),
        }
    }
}
