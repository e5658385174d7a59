//! What can the trail be read from: a connection, or a snapshot that sees nothing of what happens meanwhile?

use tokio_postgres::Row;

use super::statement::Statement;
use crate::db::{
    pool::{Connection, DatabaseError, Planning},
    snapshot::Snapshot,
};

pub trait Reader {
    /// # Errors
    /// See [`DatabaseError`]; `TooSlow` past the limit of a read.
    fn rows(&self, statement: &Statement) -> impl Future<Output = Result<Vec<Row>, DatabaseError>>;
}

impl Reader for Connection {
    /// Planned each time: which plan is best depends on the period, and a bad one would read a whole log.
    async fn rows(&self, statement: &Statement) -> Result<Vec<Row>, DatabaseError> {
        self.planned(Planning::EachTime, statement.text(), statement.parameters()).await
    }
}

impl Reader for Snapshot<'_> {
    async fn rows(&self, statement: &Statement) -> Result<Vec<Row>, DatabaseError> {
        self.typed(statement.text(), statement.parameters()).await
    }
}
