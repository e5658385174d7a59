//! How does a request get a connection, and what can go wrong with it?

use std::time::Duration;

use deadpool_postgres::{Hook, HookError, Manager, Pool, PoolError, Runtime, TimeoutType, Timeouts};
use futures_util::{Stream, TryStreamExt, future::join_all};
use tokio::time::timeout;
use tokio_postgres::{
    Client, Row, Statement,
    error::SqlState,
    types::{BorrowToSql, ToSql},
};

use super::{
    absence::{Absence, Why},
    lifeline::{Held, Lifeline},
    value::Value,
    violation::Violation,
};

/// A statement costs about 80 kB in each backend that has prepared it.
const STATEMENTS_A_CONNECTION: usize = 64;
/// What a connection's plans keep to; all of it at once, because each would be a statement of its own.
const STEER: &str = "SELECT set_config('plan_cache_mode', $1, false), set_config('enable_seqscan', $2, false), \
     set_config('enable_sort', $3, false), set_config('enable_incremental_sort', $3, false), set_config('enable_hashjoin', $3, false)";
/// One plan for every value: making it anew costs several times what a page's rows do.
const AS_EVER: [&str; 3] = ["force_generic_plan", "on", "on"];
/// Reading a whole table looks cheapest to the planner just where its guess of how much matches is worst.
const BY_INDEXES: [&str; 3] = ["force_custom_plan", "off", "on"];
/// Putting everything in order looks cheapest where it expects that next to nothing is left to be put in order.
const IN_ORDER: [&str; 3] = ["force_generic_plan", "on", "off"];
/// How long a list may take before its page asks for a filter.
const READ_TIMEOUT: &str = "5s";
const READ_WITHIN: Duration = Duration::from_secs(5);
/// A connection that is open and not set up yet has no limits of its own.
const SET_UP_WITHIN: Duration = Duration::from_secs(5);

#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// Unreachable, restarting, read-only, full or out of connections: a matter of time.
    #[error("the database is away")]
    Away(#[source] Absence),
    /// The answer to a COMMIT was lost: what was written stands as a whole or not at all, and nobody knows which.
    #[error("whether it was saved is not known")]
    Unsure(#[source] Absence),
    #[error("the statement ran out of time")]
    TooSlow,
    /// Somebody else holds what this needs; the same again may succeed.
    #[error("the rows are in use")]
    Busy,
    #[error("the data breaks a rule of the schema")]
    Violation(Violation),
    /// A trigger or function of our own said no.
    #[error("refused by the database: {0}")]
    Refused(Objection),
    #[error("the database answered with an error")]
    Other(#[source] tokio_postgres::Error),
}

/// What a guard or a function of our own refuses with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code} {message}")]
pub struct Objection {
    /// An SQLSTATE of class NX.
    pub code: String,
    pub message: String,
    /// The rule it is about: `nexus_funds`.
    pub constraint: String,
    pub column: Option<String>,
    /// A document in JSON, or a sentence, as the code says.
    pub detail: Option<String>,
}

impl From<tokio_postgres::Error> for DatabaseError {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(answer) = error.as_db_error() else {
            let lost = error.is_closed() || std::error::Error::source(&error).is_some_and(|source| source.is::<std::io::Error>());
            return if lost { DatabaseError::Away(Absence::new(Why::Away, error)) } else { DatabaseError::Other(error) };
        };
        if let Some(violation) = Violation::of(answer) {
            return DatabaseError::Violation(violation);
        }
        let code = answer.code().code();
        if code.starts_with("NX") {
            return DatabaseError::Refused(Objection {
                code: code.to_owned(),
                message: answer.message().to_owned(),
                constraint: answer.constraint().unwrap_or_default().to_owned(),
                column: answer.column().map(str::to_owned),
                detail: answer.detail().map(str::to_owned),
            });
        }
        if let Some(why) = Why::of(answer.code()) {
            return DatabaseError::Away(Absence::new(why, error));
        }
        match *answer.code() {
            SqlState::QUERY_CANCELED => DatabaseError::TooSlow,
            SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED | SqlState::LOCK_NOT_AVAILABLE => DatabaseError::Busy,
            _ => DatabaseError::Other(error),
        }
    }
}

impl From<PoolError> for DatabaseError {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => match DatabaseError::from(error) {
                // Nobody gets this far with a wrong statement: whatever failed, we have no connection.
                DatabaseError::Other(error) => DatabaseError::Away(Absence::new(Why::Away, error)),
                known => known,
            },
            // Every connection of our own is taken by requests that are still at work.
            PoolError::Timeout(TimeoutType::Wait) => DatabaseError::Away(Absence::new(Why::Crowded, error)),
            other => DatabaseError::Away(Absence::new(Why::Away, other)),
        }
    }
}

/// The connections of one worker.
#[derive(Clone)]
pub struct Database {
    pool: Pool,
}

/// The role the console serves as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServingRole {
    /// The connection logs in as the role that serves.
    LoggedIn,
    /// The connection logs in as the owner and steps down: a guard against mistakes, not against an attacker.
    SteppedDown,
}

impl Database {
    /// A pool of `size` connections; nothing is connected before the first request.
    pub fn new(manager: Manager, size: usize, role: ServingRole) -> Database {
        let step_down = match role {
            ServingRole::LoggedIn => "",
            ServingRole::SteppedDown => "SET ROLE nexus_app;",
        };
        let pool = Pool::builder(manager)
            .max_size(size)
            .runtime(Runtime::Tokio1)
            .timeouts(Timeouts {
                wait: Some(Duration::from_secs(5)),
                create: Some(Duration::from_secs(5)),
                recycle: Some(Duration::from_secs(5)),
            })
            .post_create(Hook::async_fn(move |client, _| {
                Box::pin(async move {
                    match timeout(SET_UP_WITHIN, set_up(client, step_down)).await {
                        Ok(outcome) => outcome.map_err(HookError::Backend),
                        Err(_elapsed) => Err(HookError::message("no answer while the connection was set up")),
                    }
                })
            }))
            .build();
        match pool {
            Ok(pool) => Database { pool },
            Err(error) => unreachable!("a pool with a runtime and timeouts always builds: {error}"),
        }
    }

    /// Closes what nobody works with: connections from before an absence lead nowhere, and need not say so.
    pub fn forget_idle(&self) {
        drop(self.pool.retain(|_, _| false));
    }

    /// # Errors
    /// `Away` when no connection can be had within five seconds.
    pub async fn read(&self) -> Result<Connection, DatabaseError> {
        Ok(Connection { client: Held::new(self.pool.get().await?, Lifeline::new(READ_WITHIN)) })
    }
}

async fn set_up(client: &Client, step_down: &str) -> Result<(), tokio_postgres::Error> {
    // Reading is the default: a write outside `Write` fails in the database itself.
    for statement in [
        "SET search_path = public, pg_catalog",
        "SET default_transaction_read_only = on",
        "SET TIME ZONE 'UTC'",
        // Compiling a plan takes longer than any page may.
        "SET jit = off",
        "SET plan_cache_mode = force_generic_plan",
    ] {
        client.batch_execute(statement).await?;
    }
    client.execute("SELECT set_config('statement_timeout', $1, false)", &[&READ_TIMEOUT]).await?;
    client.batch_execute(step_down).await
}

/// A connection out of the pool, in whatever transaction its owner began.
pub struct Connection {
    pub(crate) client: Held,
}

/// One of several statements can run out of time without the others.
pub type Answered = Result<Vec<Row>, DatabaseError>;
pub type Parameter<'a> = &'a (dyn ToSql + Sync);

impl Connection {
    /// Waits for an answer no longer than for one of a server that is there.
    ///
    /// # Errors
    /// See [`DatabaseError`]; `Away` where no answer comes.
    pub(crate) async fn answer<T>(&self, work: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, DatabaseError> {
        self.client.lifeline.answer(work).await
    }

    /// # Errors
    /// As PostgreSQL refuses the text.
    pub async fn prepare(&self, text: &str) -> Result<Statement, DatabaseError> {
        if self.client.statement_cache.size() >= STATEMENTS_A_CONNECTION {
            self.client.statement_cache.clear();
        }
        self.answer(self.client.prepare_cached(text)).await
    }

    /// # Errors
    /// See [`DatabaseError`]; so for the three below.
    pub async fn query(&self, text: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, DatabaseError> {
        let statement = self.prepare(text).await?;
        self.answer(self.client.query(&statement, parameters)).await
    }

    pub async fn query_opt(&self, text: &str, parameters: &[Parameter<'_>]) -> Result<Option<Row>, DatabaseError> {
        let statement = self.prepare(text).await?;
        self.answer(self.client.query_opt(&statement, parameters)).await
    }

    pub async fn query_one(&self, text: &str, parameters: &[Parameter<'_>]) -> Result<Row, DatabaseError> {
        let statement = self.prepare(text).await?;
        self.answer(self.client.query_one(&statement, parameters)).await
    }

    pub(crate) async fn rows<P: BorrowToSql>(&self, text: &str, parameters: &[P]) -> Result<Vec<Row>, DatabaseError>
    where
        for<'a> &'a P: BorrowToSql,
    {
        self.stream(text, parameters).await?.try_collect().await
    }

    /// The rows as they come; memory does not grow with their number.
    pub(crate) async fn stream<P: BorrowToSql>(
        &self,
        text: &str,
        parameters: &[P],
    ) -> Result<impl Stream<Item = Result<Row, DatabaseError>> + use<P>, DatabaseError>
    where
        for<'a> &'a P: BorrowToSql,
    {
        let statement = self.prepare(text).await?;
        let rows = self.answer(self.client.query_raw(&statement, parameters.iter())).await?;
        Ok(self.client.lifeline.answers(rows))
    }

    /// The rows of a page, by a plan made as `planning` says.
    pub(crate) async fn planned(&self, planning: Planning, text: &str, parameters: &[Value]) -> Result<Vec<Row>, DatabaseError> {
        match planning {
            Planning::Once => self.rows(text, parameters).await,
            Planning::InOrder => {
                // What is prepared on the way would travel after the settings have ended again.
                self.prepare(text).await?;
                self.steered(IN_ORDER, self.rows(text, parameters)).await
            }
            Planning::EachTime => self.steered(BY_INDEXES, self.typed(text, parameters)).await,
        }
    }

    /// The same with another limit than a list's.
    pub(crate) async fn planned_within(
        &self,
        limit: Limit,
        planning: Planning,
        text: &str,
        parameters: &[Value],
    ) -> Result<Vec<Row>, DatabaseError> {
        // As above: the limit holds for what is asked, not for getting ready to ask it.
        self.prepare(STEER).await?;
        if planning != Planning::EachTime {
            self.prepare(text).await?;
        }
        self.within(limit, self.planned(planning, text, parameters)).await
    }

    /// Planned for these parameters, and never again.
    pub(crate) async fn typed(&self, text: &str, parameters: &[Value]) -> Result<Vec<Row>, DatabaseError> {
        let typed: Vec<_> = parameters.iter().map(|value| (value as Parameter<'_>, value.sql_type())).collect();
        self.answer(self.client.query_typed(text, &typed)).await
    }

    /// The rows of several statements that are planned each time, each within the same limit, all in one round trip.
    pub(crate) async fn all_planned(&self, limit: Limit, statements: &[(&str, &[Value])]) -> Result<Vec<Answered>, DatabaseError> {
        self.prepare(STEER).await?;
        let reads = statements.iter().map(|(text, parameters)| self.typed(text, parameters));
        self.within(limit, self.steered(BY_INDEXES, async { Ok(join_all(reads).await) })).await
    }

    /// Runs `work` with its own way of planning. All of it travels in one round trip.
    async fn steered<T>(&self, way: [&str; 3], work: impl Future<Output = Result<T, DatabaseError>>) -> Result<T, DatabaseError> {
        let steer = self.prepare(STEER).await?;
        let (way, as_ever) = (way.each_ref().map(|word| word as Parameter<'_>), AS_EVER.each_ref().map(|word| word as Parameter<'_>));
        let (before, answer, after) = futures_util::future::join3(
            self.answer(self.client.query(&steer, &way)),
            work,
            self.answer(self.client.query(&steer, &as_ever)),
        )
        .await;
        let answer = answer?;
        before?;
        after?;
        Ok(answer)
    }

    /// Runs `work` with another limit than a list's; both settings travel with it in one round trip.
    async fn within<T>(&self, limit: Limit, work: impl Future<Output = Result<T, DatabaseError>>) -> Result<T, DatabaseError> {
        let set = "SELECT set_config('statement_timeout', $1, false)";
        let statement = self.prepare(set).await?;
        let (before, answer, after) = futures_util::future::join3(
            self.answer(self.client.query(&statement, &[&limit.text() as Parameter<'_>])),
            work,
            self.answer(self.client.query(&statement, &[&READ_TIMEOUT as Parameter<'_>])),
        )
        .await;
        before?;
        after?;
        answer
    }
}

/// When PostgreSQL makes a statement's plan. One that is made once serves every value alike, and saves what planning
/// costs; where the best plan depends on the values, a plan for any of them is a bad one for some.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Planning {
    #[default]
    Once,
    /// Once, and by reading in the list's order, however few rows are expected to match.
    InOrder,
    EachTime,
}

/// How long a statement may take.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Limit {
    Count,
    /// What may be few enough to be gathered.
    Gather,
    /// One table of a search over all of them.
    Search,
}

impl Limit {
    fn text(self) -> &'static str {
        match self {
            Limit::Count | Limit::Gather | Limit::Search => "1s",
        }
    }
}
