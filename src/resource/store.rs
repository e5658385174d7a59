//! How are records read and changed? Each function takes the grant that allows it.

use uuid::Uuid;

use super::{
    Column, Registry, Removal, Resource,
    record::{self, Record},
    registry::Referrer,
    request::ListRequest,
    statement::Statement,
};
use crate::{
    auth::grant::Grant,
    db::{
        pool::{Connection, DatabaseError, Limit},
        value::Value,
        write::Write,
    },
};

/// Counting stops here; what is more is "1,000+".
pub const COUNTED: u64 = 1_000;
/// Below this the planner's estimate is not worth having.
const ESTIMATED: f32 = 10_000.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    Exactly(u64),
    MoreThan(u64),
    /// The planner's estimate of a whole table.
    About(u64),
    /// Counting took too long.
    Unknown,
}

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("no such record, or not for this actor")]
    Missing,
    /// Somebody changed it since the form was opened; as it is now.
    #[error("changed by somebody else")]
    Changed(Box<Record>),
    #[error("a record of this table is never deleted: {0}")]
    NeverDeleted(&'static str),
    #[error("other records refer to it")]
    Referred(Vec<(Referrer, Count)>),
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        StoreError::Database(error.into())
    }
}

fn bounded(count: u64) -> Count {
    if count > COUNTED { Count::MoreThan(COUNTED) } else { Count::Exactly(count) }
}

/// How many rows a list has, without its page. Words within texts are not counted: all of
/// them would be gathered for it.
///
/// # Errors
/// See [`DatabaseError`]; running out of time is an answer, not an error.
pub async fn count(connection: &Connection, grant: &Grant, request: &ListRequest) -> Result<Count, DatabaseError> {
    if request.search.is_some() || request.asks_for_words() {
        return Ok(Count::Unknown);
    }
    if request.filters.is_empty() && grant.covers_all_rows() {
        let row = connection
            .query_one(
                "SELECT coalesce(max(c.reltuples), 0)::float4 FROM pg_catalog.pg_class c WHERE c.oid = to_regclass($1)",
                &[&request.resource.table],
            )
            .await?;
        let estimate: f32 = row.try_get(0)?;
        if estimate >= ESTIMATED {
            // Never negative and far below 2^53.
            return Ok(Count::About(estimate as u64));
        }
    }
    Ok(counted(connection, grant, request, COUNTED).await?.map_or(Count::Unknown, bounded))
}

/// Counted no further than `most` and one; nothing where that takes too long.
async fn counted(connection: &Connection, grant: &Grant, request: &ListRequest, most: u64) -> Result<Option<u64>, DatabaseError> {
    let statement = Statement::count(grant, request, most as usize);
    match connection.planned_within(Limit::Count, statement.planning(), statement.text(), statement.parameters()).await {
        Ok(rows) => Ok(rows.first().map(|row| row.try_get::<_, i64>(0)).transpose()?.and_then(|count| u64::try_from(count).ok())),
        Err(DatabaseError::TooSlow) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads a whole record, every declared column that is not a secret.
///
/// # Errors
/// `Missing` also where the grant's rows do not hold it.
pub async fn record(connection: &Connection, grant: &Grant, id: Uuid) -> Result<Record, StoreError> {
    let resource = grant.resource();
    let columns: Vec<&'static Column> = resource.columns.iter().filter(|column| !column.is_secret() && column.is_stored()).collect();
    let statement = Statement::record(grant, &columns, id);
    let rows = connection.rows(statement.text(), statement.parameters()).await?;
    let row = rows.first().ok_or(StoreError::Missing)?;
    let cells = record::cells(row, 2, &columns)?;
    Ok(Record { resource, id, columns, cells })
}

/// Reads a record that nobody else can change before this transaction ends.
///
/// # Errors
/// As [`record()`]; `Busy` when somebody holds it for longer than five seconds.
pub async fn locked(write: &Write, grant: &Grant, id: Uuid) -> Result<Record, StoreError> {
    let statement = Statement::lock(grant, id);
    if write.rows(statement.text(), statement.parameters()).await?.is_empty() {
        return Err(StoreError::Missing);
    }
    record(write, grant, id).await
}

/// # Errors
/// A `Violation` where the schema objects, `Refused` where a trigger does.
pub async fn insert(write: &Write, grant: &Grant, id: Uuid, changes: &[(&'static Column, Value)]) -> Result<(), DatabaseError> {
    run(write, &Statement::insert(grant.resource(), id, changes)).await.map(drop)
}

/// Changes a record that still is what its form was opened on.
///
/// # Errors
/// `Changed` with the record as it is now.
pub async fn update(write: &Write, grant: &Grant, id: Uuid, version: &str, changes: &[(&'static Column, Value)]) -> Result<(), StoreError> {
    let current = locked(write, grant, id).await?;
    if current.version() != version {
        return Err(StoreError::Changed(Box::new(current)));
    }
    if !changes.is_empty() {
        run(write, &Statement::update(grant.resource(), id, changes)).await?;
    }
    Ok(())
}

/// Deletes a record that nothing refers to. The lock comes first, so that a cascade of an adopted
/// database never fires: whoever wants to refer to the record waits for it.
///
/// # Errors
/// `NeverDeleted`, `Referred` with what stands in the way.
pub async fn delete(write: &Write, registry: &Registry, grant: &Grant, id: Uuid) -> Result<Record, StoreError> {
    if let Removal::Never(instead) = grant.resource().removal {
        return Err(StoreError::NeverDeleted(instead));
    }
    let current = locked(write, grant, id).await?;
    let referring = referring(write, registry, grant.resource(), id).await?;
    if !referring.is_empty() {
        return Err(StoreError::Referred(referring));
    }
    run(write, &Statement::delete(grant.resource(), id)).await?;
    Ok(current)
}

/// The declared references that point at a record, with how many rows of each do.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn referring(
    connection: &Connection,
    registry: &Registry,
    resource: &'static Resource,
    id: Uuid,
) -> Result<Vec<(Referrer, Count)>, DatabaseError> {
    let mut found = Vec::new();
    for referrer in registry.referrers(resource.table) {
        let statement = Statement::referring(referrer.resource, referrer.column, id, COUNTED as usize);
        let rows = connection.rows(statement.text(), statement.parameters()).await?;
        let count = rows.first().map_or(Ok(0), |row| row.try_get::<_, i64>(0))?;
        if count > 0 {
            found.push((referrer, bounded(count.unsigned_abs())));
        }
    }
    Ok(found)
}

async fn run(write: &Write, statement: &Statement) -> Result<u64, DatabaseError> {
    let prepared = write.prepare(statement.text()).await?;
    write.answer(write.client.execute_raw(&prepared, statement.parameters())).await
}
