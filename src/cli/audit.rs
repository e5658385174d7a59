//! How does somebody at the machine verify the sealed log, or take a checkpoint of it along?

pub mod check;

use std::{fs, io, path::PathBuf, time::Duration};

use clap::Subcommand;

use super::reach::{ReachError, Reached};
use crate::{
    audit::seal::{
        checkpoint::notes,
        key::{KeyError, Signer},
        sealer::{self, BATCH, SealError, Turn},
        store, sweep,
        verify::{Verdict, verify},
    },
    auth::origin::Origin,
    db::{
        pool::{Database, DatabaseError, ServingRole},
        write::Write,
    },
    settings::Settings,
};

/// While another sealer is at work.
const PAUSE: Duration = Duration::from_millis(100);

#[derive(Debug, Subcommand)]
pub(super) enum Audit {
    /// Work the whole sealed log out again, and say which entry is the first that is wrong
    Verify {
        /// Compare it with checkpoints that were kept elsewhere, too
        #[arg(long, value_name = "FILE")]
        checkpoint: Vec<PathBuf>,
    },
    /// Seal what is there, and print the signed checkpoint alone
    Checkpoint,
    /// Check entries that were handed out, with their proofs and a public key; opens no database
    Check(check::Check),
}

#[derive(Debug, thiserror::Error)]
pub enum AuditFailure {
    #[error(transparent)]
    Reach(#[from] ReachError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Seal(#[from] SealError),
    #[error("{path}: {source}", path = path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("there is nothing to seal: the database has no entries")]
    Nothing,
    #[error("the log's last checkpoint is signed by a key that is not here: set NEXUS_AUDIT_KEY as it is for the console that serves")]
    OtherKey,
    #[error("the database cannot be asked: {0}")]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    Check(#[from] check::CheckFailure),
    /// Said already, finding by finding.
    #[error("{0} findings")]
    Findings(u64),
}

pub(super) async fn run(command: Audit, settings: &Settings) -> Result<(), AuditFailure> {
    match command {
        Audit::Check(command) => Ok(check::run(&command)?),
        Audit::Verify { checkpoint } => {
            let brought = read(&checkpoint)?;
            with_database(settings, async |database, signer| say(database, signer, &brought).await).await
        }
        Audit::Checkpoint => with_database(settings, checkpoint).await,
    }
}

async fn with_database(
    settings: &Settings,
    work: impl AsyncFnOnce(&Database, &Signer) -> Result<(), AuditFailure>,
) -> Result<(), AuditFailure> {
    let signer = Signer::load(settings)?;
    let reached = Reached::open(settings, "audit").await?;
    let database = Database::new(reached.owner.manager(), 2, ServingRole::LoggedIn);
    let outcome = work(&database, &signer).await;
    drop(database);
    reached.close().await?;
    outcome
}

fn read(files: &[PathBuf]) -> Result<Vec<String>, AuditFailure> {
    let mut brought = Vec::new();
    for path in files {
        let bytes = fs::read(path).map_err(|source| AuditFailure::File { path: path.clone(), source })?;
        // What is no text is no checkpoint either, and is said to be none.
        brought.extend(notes(&String::from_utf8_lossy(&bytes)).into_iter().map(str::to_owned));
    }
    Ok(brought)
}

async fn say(database: &Database, signer: &Signer, brought: &[String]) -> Result<(), AuditFailure> {
    let verdict = verify(database, |origin| signer.public(origin), brought, |_, _| {}).await?;
    let Verdict { size, root, agreeing, waiting, unsealed, findings } = verdict;
    println!("{size} entries sealed, root {}", hex::encode(root));
    println!("{agreeing} checkpoints agree; {waiting} entries wait to be sealed, {unsealed} were queued by no trigger and not met yet");
    for finding in &findings.kept {
        println!("{finding}");
    }
    if findings.further > 0 {
        println!("and {} more", findings.further);
    }
    match findings.kept.len() as u64 + findings.further {
        0 => {
            println!("everything is as it was sealed");
            Ok(())
        }
        count => Err(AuditFailure::Findings(count)),
    }
}

/// Until nothing waits and both logs were walked through once more.
async fn checkpoint(database: &Database, signer: &Signer) -> Result<(), AuditFailure> {
    let last = store::last(&database.read().await?).await?.and_then(|kept| kept.checkpoint().ok());
    // Another machine has another key: its checkpoint would be one that nobody announced.
    if last.is_some_and(|last| last.signed_by_any(&signer.public(&last.origin)).is_err()) {
        return Err(AuditFailure::OtherKey);
    }
    let write = Write::begin(database, &Origin::job("cli")).await?;
    sweep::again(&write).await?;
    write.commit().await?;
    let connection = database.read().await?;
    let walks = store::standing(&connection).await?.walks;
    loop {
        match sealer::turn(database, signer).await? {
            Turn::Idle => break,
            Turn::Busy => tokio::time::sleep(PAUSE).await,
            // Less than a batch was all there was; what others write meanwhile is not waited for.
            Turn::Sealed(entries) if entries < BATCH && store::standing(&connection).await?.walks > walks => break,
            Turn::Sealed(_) => {}
        }
    }
    let last = store::last(&connection).await?.ok_or(AuditFailure::Nothing)?;
    print!("{}", last.note);
    Ok(())
}
