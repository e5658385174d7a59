//! How are very many rows read as they stood at one moment, a few at a time?

use std::time::Duration;

use deadpool_postgres::Transaction;
use futures_util::{Stream, TryStreamExt};
use tokio_postgres::{IsolationLevel, Portal, Row, types::BorrowToSql};

use super::{
    lifeline::Lifeline,
    pool::{Connection, DatabaseError, Parameter},
    value::Value,
};

/// However long it takes; but whoever stops fetching loses the snapshot, which keeps old rows alive for everybody. A
/// query and no command, because the first query is what fixes the moment.
const LIMITS: &str = "SELECT set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '60s', true)";

/// The server has no limit here; but one that says nothing for so long is not there any more.
const ANSWERS_WITHIN: Duration = Duration::from_secs(120);

/// A transaction that only reads, and sees nothing of what others write meanwhile. Dropped, it is rolled back.
pub struct Snapshot<'c> {
    transaction: Transaction<'c>,
    lifeline: Lifeline,
}

impl Snapshot<'_> {
    /// # Errors
    /// See [`DatabaseError`]; so for all below.
    pub async fn take(connection: &mut Connection) -> Result<Snapshot<'_>, DatabaseError> {
        let lifeline = connection.client.lifeline.clone();
        let builder = connection.client.build_transaction();
        let transaction = lifeline.answer(builder.isolation_level(IsolationLevel::RepeatableRead).read_only(true).start()).await?;
        lifeline.answer(transaction.batch_execute(LIMITS)).await?;
        lifeline.allow(ANSWERS_WITHIN);
        Ok(Snapshot { transaction, lifeline })
    }

    /// A statement's rows, all of them.
    pub async fn query(&self, text: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, DatabaseError> {
        let statement = self.lifeline.answer(self.transaction.prepare_cached(text)).await?;
        self.lifeline.answer(self.transaction.query(&statement, parameters)).await
    }

    /// The rows as they come; memory does not grow with their number.
    pub async fn stream<P: BorrowToSql>(
        &self,
        text: &str,
        parameters: &[P],
    ) -> Result<impl Stream<Item = Result<Row, DatabaseError>> + use<P>, DatabaseError>
    where
        for<'a> &'a P: BorrowToSql,
    {
        let statement = self.lifeline.answer(self.transaction.prepare_cached(text)).await?;
        let rows = self.lifeline.answer(self.transaction.query_raw(&statement, parameters.iter())).await?;
        Ok(self.lifeline.answers(rows))
    }

    /// A statement's rows, none of them read yet.
    pub async fn open<P: BorrowToSql>(&self, text: &str, parameters: &[P]) -> Result<Portal, DatabaseError>
    where
        for<'a> &'a P: BorrowToSql,
    {
        let statement = self.lifeline.answer(self.transaction.prepare(text)).await?;
        self.lifeline.answer(self.transaction.bind_raw(&statement, parameters.iter())).await
    }

    /// The next rows, at most `most`: fewer mean that there are no more.
    pub async fn fetch(&self, portal: &Portal, most: i32) -> Result<impl Stream<Item = Result<Row, DatabaseError>> + use<>, DatabaseError> {
        let rows = self.lifeline.answer(self.transaction.query_portal_raw(portal, most)).await?;
        Ok(self.lifeline.answers(rows))
    }

    /// Statements from here on are planned for the values they have, and read indexes wherever there are any.
    pub(crate) async fn plan_each_time(&self) -> Result<(), DatabaseError> {
        let steer = "SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL enable_seqscan = off";
        self.lifeline.answer(self.transaction.batch_execute(steer)).await
    }

    /// All rows of a statement that is not prepared for another time.
    pub(crate) async fn typed(&self, text: &str, parameters: &[Value]) -> Result<Vec<Row>, DatabaseError> {
        let typed: Vec<_> = parameters.iter().map(|value| (value as Parameter<'_>, value.sql_type())).collect();
        self.lifeline.answer(self.transaction.query_typed(text, &typed)).await
    }

    /// What a statement answers within five seconds, or `None`: either way the snapshot goes on as it was.
    pub async fn attempt<P: BorrowToSql>(&self, text: &str, parameters: &[P]) -> Result<Option<Vec<Row>>, DatabaseError>
    where
        for<'a> &'a P: BorrowToSql,
    {
        self.lifeline.answer(self.transaction.batch_execute("SAVEPOINT attempt; SET LOCAL statement_timeout = '5s'")).await?;
        let answer = async {
            let statement = self.transaction.prepare(text).await?;
            self.transaction.query_raw(&statement, parameters.iter()).await?.try_collect().await
        };
        let answer = match self.lifeline.answer(answer).await {
            Ok(rows) => Some(rows),
            Err(DatabaseError::TooSlow) => None,
            Err(error) => return Err(error),
        };
        self.lifeline.answer(self.transaction.batch_execute("ROLLBACK TO SAVEPOINT attempt")).await?;
        Ok(answer)
    }

    /// Ends it properly: everything was read.
    pub async fn end(self) -> Result<(), DatabaseError> {
        self.lifeline.answer(self.transaction.commit()).await
    }
}
