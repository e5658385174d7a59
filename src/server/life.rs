//! What does the log say of the console's own starts and stops?

use std::{fs, io, path::PathBuf, time::Duration};

use serde_json::json;
use tokio_postgres::Client;
use uuid::Uuid;

use super::Shared;
use crate::{
    auth::origin::Origin,
    db::{
        event::{Outcome, event, event_of_job, event_of_job_ending},
        pool::{Database, DatabaseError, ServingRole},
        write::Write,
    },
    keys::write_private,
};

const JOB: &str = "server";
/// A database that does not answer does not keep the console from stopping.
const SAID_WITHIN: Duration = Duration::from_secs(3);

/// Kept in the data directory from a start to its stop: who finds one there follows a console that was killed.
fn mark(shared: &Shared) -> PathBuf {
    shared.settings.data_dir.join("running")
}

/// Writes down that the console starts, and that the one before was killed if nobody saw it stop. Where that cannot be
/// written down, the console does not start.
///
/// # Errors
/// As PostgreSQL refuses it.
pub(super) async fn started(shared: &Shared, owner: &mut Client) -> Result<(), tokio_postgres::Error> {
    let path = mark(shared);
    let before = fs::read_to_string(&path).ok().and_then(|text| Uuid::try_parse(text.trim()).ok());
    let transaction = owner.transaction().await?;
    if let Some(before) = before {
        event_of_job_ending(&transaction, JOB, Outcome::Failed, "server_killed", &json!({ "run": before.to_string() })).await?;
    }
    let details = json!({ "version": env!("CARGO_PKG_VERSION"), "run": shared.run.to_string() });
    event_of_job(&transaction, JOB, "server_started", &details).await?;
    transaction.commit().await?;
    if let Err(error) = write_private(&path, shared.run.to_string().as_bytes()) {
        tracing::warn!("{}: {error}; a kill of this console will not be seen at the next start", path.display());
    }
    Ok(())
}

/// Writes down what was only counted until now, and that the console stops. It stops all the same where that fails:
/// the next start then says that nobody saw it stop.
pub(super) async fn stopped(shared: &Shared) {
    if shared.serving().is_none() {
        return;
    }
    match tokio::time::timeout(SAID_WITHIN, say_stop(shared)).await {
        Ok(Ok(())) => forget(shared),
        Ok(Err(error)) => tracing::warn!("the log does not know that the console stops: {error}"),
        Err(_elapsed) => tracing::warn!("the log does not know that the console stops: the database does not answer"),
    }
}

async fn say_stop(shared: &Shared) -> Result<(), DatabaseError> {
    let database = Database::new(shared.manager(), 1, ServingRole::LoggedIn);
    if let Err(error) = shared.refusals.settle(&database, Duration::ZERO).await {
        tracing::warn!("how often somebody was refused is not written down: {error}");
    }
    let write = Write::begin(&database, &Origin::job(JOB)).await?;
    event(&write, "server_stopped", &json!({ "version": env!("CARGO_PKG_VERSION"), "run": shared.run.to_string() })).await?;
    write.commit().await
}

fn forget(shared: &Shared) {
    let path = mark(shared);
    match fs::remove_file(&path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => tracing::warn!("{}: {error}; the next start will say that this console was killed", path.display()),
    }
}
