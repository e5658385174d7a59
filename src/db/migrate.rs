//! How does a database get from the schema it has to the schema this program needs, and back?

mod made;
mod step;

use std::path::{Path, PathBuf};

use refinery::Target;
use tokio_postgres::Client;

pub use self::made::Made;
use self::step::{Effect, Step};
use super::{
    adopt::{self, Refusal},
    backup::{BackupError, Backups},
    event::event_of_job,
};

/// Several instances may start at once; refinery itself takes no lock.
const LOCK: &str = "SELECT pg_catalog.pg_advisory_lock(pg_catalog.hashtextextended('nexus: migrations', 0))";
const UNLOCK: &str = "SELECT pg_catalog.pg_advisory_unlock(pg_catalog.hashtextextended('nexus: migrations', 0))";
/// Migrations may take longer than a page; and nobody's own schema is to be searched before public. The outcome is that
/// of their entries, which stand only if the migration does.
const PREPARE: &str = "SET search_path = public, pg_temp; SET statement_timeout = 0; SET lock_timeout = 0; \
     SET idle_in_transaction_session_timeout = 0; SET default_transaction_read_only = off; \
     SET client_min_messages = warning; SET nexus.outcome = 'ok'";

const HISTORY_EXISTS: &str = "SELECT pg_catalog.to_regclass('public.refinery_schema_history') IS NOT NULL AS present";
const HISTORY: &str = "SELECT version, name, applied_on FROM public.refinery_schema_history ORDER BY version";
const DROP_EMPTY_HISTORY: &str = "
    DO $$ BEGIN
        IF NOT EXISTS (SELECT 1 FROM public.refinery_schema_history) THEN
            DROP TABLE public.refinery_schema_history;
        END IF;
    END $$";

const ASK_AFTERWARDS: &str = "SELECT pg_catalog.set_config('nexus.validation', $1, false)";
const ACT_AS_MIGRATION: &str = "SELECT pg_catalog.set_config('nexus.actor', 'system:migrate', true), \
     pg_catalog.set_config('nexus.context', 'job', true)";
const LOG_EXISTS: &str = "SELECT pg_catalog.to_regclass('public.audit_logs') IS NOT NULL AS present";
const ROLLBACK_EVENT: &str = "
    INSERT INTO public.audit_logs (entity_type, entity_id, action, new_values, context)
    VALUES ('event', '00000000-0000-0000-0000-000000000000', 'migration',
            pg_catalog.jsonb_build_object('version', $1::int4, 'name', $2::text, 'direction', 'down'), 'job')";

/// The migrations that put the console's functions in the place of a platform's own. What they replaced is not kept,
/// so an adopted database does not go back past them.
const ADOPTION: u32 = 2;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    pub version: u32,
    pub name: String,
    /// RFC 3339, as the history has it; `None` while it is still to come.
    pub applied_on: Option<String>,
}

/// Something a migration promised that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub version: u32,
    pub name: String,
    pub reason: String,
}

/// What was done to bring a database up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upgrade {
    /// Oldest first.
    pub applied: Vec<Migration>,
    /// The database as it was before, where that was needed and asked for.
    pub backup: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Backup(#[from] BackupError),
    #[error(
        "the database has migration {version} ({name}), which this program does not know: it is older than the database. Start a newer one"
    )]
    Newer { version: u32, name: String },
    #[error("migration {version} ({name}) is not the one that was applied to this database")]
    Diverged { version: u32, name: String },
    #[error("migration {version} ({name}) was rolled back: {reason}")]
    Invalid { version: u32, name: String, reason: String },
    #[error("migration {version} ({name}) failed and was rolled back: {reason}")]
    Failed {
        version: u32,
        name: String,
        reason: String,
        #[source]
        source: refinery::Error,
    },
    #[error("rolling back migration {version} ({name}) failed, and it stands: {reason}")]
    RollbackFailed {
        version: u32,
        name: String,
        reason: String,
        #[source]
        source: tokio_postgres::Error,
    },
    #[error("this database was there before the console: it does not go back past migration {ADOPTION}")]
    Adopted,
    #[error("the migrations of this program are not in order")]
    Program(#[source] refinery::Error),
    #[error("the database cannot be asked or told about its migrations")]
    Database(#[from] tokio_postgres::Error),
}

/// Every migration of this program and of the database, oldest first.
///
/// # Errors
/// When the history cannot be read.
pub async fn status(client: &mut Client) -> Result<Vec<Migration>, MigrateError> {
    let mut migrations = history(client).await?;
    for step in step::steps() {
        if !migrations.iter().any(|applied| applied.version == step.version) {
            migrations.push(Migration { version: step.version, name: step.name, applied_on: None });
        }
    }
    migrations.sort_by_key(|migration| migration.version);
    Ok(migrations)
}

/// Every function that this program's migrations make, as it should be.
#[must_use]
pub fn functions() -> Vec<Made> {
    made::functions(&step::steps())
}

/// Brings the database to this program's schema; answers what it applied, oldest first. Needs the owner, and takes no
/// backup.
///
/// # Errors
/// Whatever it says, the database is at the last migration that succeeded; refused, it is untouched.
pub async fn up(client: &mut Client) -> Result<Vec<Migration>, MigrateError> {
    Ok(up_saving(client, None).await?.applied)
}

/// As [`up`]; but with `backups`, the adoption of an existing database, and whatever changes what is there, waits for one.
///
/// # Errors
/// As [`up`]; without the backup the database is untouched.
pub async fn up_saving(client: &mut Client, backups: Option<&Backups>) -> Result<Upgrade, MigrateError> {
    client.batch_execute(PREPARE).await?;
    client.execute(LOCK, &[]).await?;
    let outcome = up_alone(client, backups).await;
    unlock(client, outcome).await
}

/// Takes back, newest first, every migration above `to`; answers what it took back. Needs the owner.
///
/// # Errors
/// The database is at the last migration whose rollback failed.
pub async fn down(client: &mut Client, to: u32) -> Result<Vec<Migration>, MigrateError> {
    client.batch_execute(PREPARE).await?;
    client.execute(LOCK, &[]).await?;
    let outcome = down_alone(client, to).await;
    unlock(client, outcome).await
}

/// Asks every applied migration again whether what it promised holds. Nothing found is an empty list.
///
/// # Errors
/// When the database cannot be asked.
pub async fn validate(client: &mut Client) -> Result<Vec<Failure>, MigrateError> {
    let applied = history(client).await?;
    let transaction = client.build_transaction().read_only(true).start().await?;
    let mut failures = Vec::new();
    for step in step::steps().into_iter().filter(|step| applied.iter().any(|known| known.version == step.version)) {
        for row in transaction.query(step.validation, &[]).await? {
            failures.push(Failure { version: step.version, name: step.name.clone(), reason: row.get("reason") });
        }
    }
    transaction.commit().await?;
    Ok(failures)
}

async fn up_alone(client: &mut Client, backups: Option<&Backups>) -> Result<Upgrade, MigrateError> {
    let steps = step::steps();
    let applied = history(client).await?;
    refuse_newer(&steps, &applied)?;
    let pending: Vec<&Step> = steps.iter().filter(|step| !applied.iter().any(|known| known.version == step.version)).collect();
    let had_history = history_exists(client).await?;
    if !pending.is_empty() {
        adopt::check_ownership(client).await?;
    }
    if applied.is_empty() {
        // refinery's first act is to create its own table; a database that is not ours to take stays without it.
        adopt::check_shape(client, &step::names(&steps)).await?;
    }
    let adopts = if applied.is_empty() { adopt::is_there(client).await? } else { adopt::is_adopted(client).await? };
    let backup = match backups.filter(|_| changes_what_is_there(&pending, adopts)) {
        Some(backups) => {
            tracing::info!("a backup comes first");
            Some(backups.take(client).await?)
        }
        None => None,
    };
    let outcome = apply(client, &steps, &pending).await;
    if let (Ok(_), Some(backup)) = (&outcome, &backup) {
        record_backup(client, backup).await?;
    }
    if outcome.is_err() && !had_history && history_exists(client).await.unwrap_or(false) {
        client.batch_execute(DROP_EMPTY_HISTORY).await?;
    }
    Ok(Upgrade { applied: outcome?, backup })
}

/// After the migrations: before them there may be no log to write it into.
async fn record_backup(client: &mut Client, backup: &Path) -> Result<(), tokio_postgres::Error> {
    let name = backup.file_name().map(|name| name.to_string_lossy().into_owned());
    let transaction = client.transaction().await?;
    event_of_job(&transaction, "migrate", "backup_made", &serde_json::json!({ "file": name, "why": "before a migration" })).await?;
    transaction.commit().await
}

/// An adoption puts functions of ours in the place of the platform's; whatever else does so says it of itself.
fn changes_what_is_there(pending: &[&Step], adopts: bool) -> bool {
    pending.iter().any(|step| step.effect == Effect::Changes || adopts && step.version <= ADOPTION)
}

async fn apply(client: &mut Client, steps: &[Step], pending: &[&Step]) -> Result<Vec<Migration>, MigrateError> {
    let mut done = Vec::new();
    // Run even with nothing pending: refinery then compares what was applied with what this program has.
    let targets = pending.iter().map(|step| Some(*step)).chain(pending.is_empty().then_some(None));
    for target in targets {
        let runner = step::runner(steps).map_err(MigrateError::Program)?;
        let runner = match target {
            Some(step) => {
                tracing::info!(version = step.version, name = step.name, "migrating");
                client.execute(ASK_AFTERWARDS, &[&step.validation]).await?;
                runner.set_target(Target::Version(i32::try_from(step.version).unwrap_or(i32::MAX)))
            }
            None => runner,
        };
        let report = runner.run_async(client).await.map_err(|error| explain(error, target))?;
        done.extend(report.applied_migrations().iter().filter_map(|migration| u32::try_from(migration.version()).ok()));
    }
    Ok(history(client).await?.into_iter().filter(|known| done.contains(&known.version)).collect())
}

async fn down_alone(client: &mut Client, to: u32) -> Result<Vec<Migration>, MigrateError> {
    let steps = step::steps();
    let applied = history(client).await?;
    refuse_newer(&steps, &applied)?;
    if to < ADOPTION && applied.iter().any(|known| known.version > to) && adopt::is_adopted(client).await? {
        return Err(MigrateError::Adopted);
    }
    let mut done = Vec::new();
    for known in applied.into_iter().rev().filter(|known| known.version > to) {
        let Some(step) = steps.iter().find(|step| step.version == known.version) else {
            return Err(MigrateError::Newer { version: known.version, name: known.name });
        };
        tracing::info!(version = step.version, name = step.name, "rolling back");
        take_back(client, step).await.map_err(|source| MigrateError::RollbackFailed {
            version: step.version,
            name: step.name.clone(),
            reason: words(&source),
            source,
        })?;
        done.push(known);
    }
    Ok(done)
}

async fn take_back(client: &mut Client, step: &Step) -> Result<(), tokio_postgres::Error> {
    let version = i32::try_from(step.version).unwrap_or(i32::MAX);
    let transaction = client.transaction().await?;
    transaction.execute(ACT_AS_MIGRATION, &[]).await?;
    transaction.batch_execute("LOCK TABLE public.refinery_schema_history IN EXCLUSIVE MODE").await?;
    transaction.batch_execute(step.rollback).await?;
    // RETURNING and query_one: one row and no other, or the transaction is given up.
    transaction.query_one("DELETE FROM public.refinery_schema_history WHERE version = $1 RETURNING version", &[&version]).await?;
    if transaction.query_one(LOG_EXISTS, &[]).await?.get("present") {
        transaction.execute(ROLLBACK_EVENT, &[&version, &step.name]).await?;
    }
    transaction.commit().await
}

/// The lock is given back whatever happened; where the connection is gone, so is the lock.
async fn unlock<T>(client: &Client, outcome: Result<T, MigrateError>) -> Result<T, MigrateError> {
    let unlocked = client.execute(UNLOCK, &[]).await;
    let value = outcome?;
    unlocked?;
    Ok(value)
}

async fn history_exists(client: &Client) -> Result<bool, tokio_postgres::Error> {
    Ok(client.query_one(HISTORY_EXISTS, &[]).await?.get("present"))
}

async fn history(client: &Client) -> Result<Vec<Migration>, MigrateError> {
    if !history_exists(client).await? {
        return Ok(Vec::new());
    }
    let rows = client.query(HISTORY, &[]).await?;
    let mut applied = Vec::with_capacity(rows.len());
    for row in rows {
        applied.push(Migration {
            version: u32::try_from(row.try_get::<_, i32>("version")?).unwrap_or_default(),
            name: row.try_get::<_, Option<String>>("name")?.unwrap_or_default(),
            applied_on: row.try_get("applied_on")?,
        });
    }
    Ok(applied)
}

fn refuse_newer(steps: &[Step], applied: &[Migration]) -> Result<(), MigrateError> {
    match applied.iter().find(|known| !steps.iter().any(|step| step.version == known.version)) {
        Some(newer) => Err(MigrateError::Newer { version: newer.version, name: newer.name.clone() }),
        None => Ok(()),
    }
}

fn explain(error: refinery::Error, target: Option<&Step>) -> MigrateError {
    use refinery::error::Kind;

    let named = |migration: &refinery::Migration| (u32::try_from(migration.version()).unwrap_or_default(), migration.name().to_owned());
    match error.kind() {
        Kind::DivergentVersion(applied, _) => {
            let (version, name) = named(applied);
            MigrateError::Diverged { version, name }
        }
        Kind::MissingVersion(missing) => {
            let (version, name) = named(missing);
            MigrateError::Newer { version, name }
        }
        Kind::Connection(_, source) => {
            let database = source.downcast_ref::<tokio_postgres::Error>();
            let reason = database.map_or_else(|| source.to_string(), words);
            let (version, name) = target.map(|step| (step.version, step.name.clone())).unwrap_or_default();
            if database.and_then(tokio_postgres::Error::code).is_some_and(|code| code.code() == "NX090") {
                return MigrateError::Invalid { version, name, reason };
            }
            MigrateError::Failed { version, name, reason, source: error }
        }
        Kind::InvalidName
        | Kind::InvalidVersion
        | Kind::RepeatedVersion(_)
        | Kind::InvalidMigrationPath(..)
        | Kind::ConfigError(_)
        | Kind::InvalidMigrationFile(..) => MigrateError::Program(error),
    }
}

/// What the server said, where it said something: the driver's own words are only "db error".
fn words(error: &tokio_postgres::Error) -> String {
    error.as_db_error().map_or_else(|| error.to_string(), |answer| answer.message().to_owned())
}

#[cfg(test)]
mod tests {
    use super::{ADOPTION, Effect, Step, changes_what_is_there, step};

    #[test]
    fn what_only_adds_needs_no_backup_and_an_adoption_and_a_change_do() {
        let steps = step::steps();
        let all: Vec<&Step> = steps.iter().collect();
        let after_adoption: Vec<&Step> = steps.iter().filter(|step| step.version > ADOPTION).collect();
        assert!(!changes_what_is_there(&all, false), "a database of our own is made from nothing");
        assert!(changes_what_is_there(&all, true));
        assert!(changes_what_is_there(&all[1..], true), "cut short in the middle, it is the same adoption");
        assert!(!changes_what_is_there(&after_adoption, true));
        assert!(!changes_what_is_there(&[], true));
        let mut changing = step::steps().pop().expect("there are migrations");
        changing.effect = Effect::Changes;
        assert!(changes_what_is_there(&[&changing], false));
    }
}
