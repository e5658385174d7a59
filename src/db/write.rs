//! How is anything changed? Only in a transaction that has said who acts.

use std::{ops::Deref, time::Duration};

use tokio_postgres::error::SqlState;

use super::{
    absence::{Absence, Why},
    event::Outcome,
    pool::{Connection, Database, DatabaseError, Parameter},
};
use crate::auth::origin::Origin;

const BEGIN: &str = "BEGIN READ WRITE; SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = '15s'; SET LOCAL idle_in_transaction_session_timeout = '30s'";
/// PostgreSQL answers the COMMIT of a transaction that has failed as if all had gone well. The statement before it does not.
const COMMIT: &str = "SELECT; COMMIT";
/// As `BEGIN` says it to the server.
const STATEMENT_WITHIN: Duration = Duration::from_secs(15);
const SET_ORIGIN: &str = "SELECT set_config('nexus.actor', $1, true), set_config('nexus.context', $2, true), \
     set_config('nexus.ip', $3, true), set_config('nexus.agent', $4, true), \
     set_config('nexus.request', $5, true), set_config('nexus.session', $6, true), set_config('nexus.outcome', 'ok', true)";

/// A transaction whose actor the audit triggers know. Dropped without [`Write::commit`], nothing of it stays.
pub struct Write {
    /// Taken only on the way out, by `commit` or by `drop`.
    connection: Option<Connection>,
    party: crate::auth::origin::Party,
}

impl Write {
    /// # Errors
    /// `Away` when there is no connection to be had.
    pub async fn begin(database: &Database, origin: &Origin) -> Result<Write, DatabaseError> {
        let connection = database.read().await?;
        connection.client.lifeline.allow(STATEMENT_WITHIN);
        let write = Write { connection: Some(connection), party: origin.party.clone() };
        let agent: String = origin.agent.as_deref().unwrap_or_default().chars().filter(|letter| *letter != '\0').take(500).collect();
        let settings = [
            origin.party.to_string(),
            origin.channel.name().to_owned(),
            origin.ip.map(|ip| ip.to_string()).unwrap_or_default(),
            agent,
            origin.request.clone().unwrap_or_default(),
            origin.session.map(|id| id.to_string()).unwrap_or_default(),
        ];
        let statement = write.prepare(SET_ORIGIN).await?;
        let parameters = settings.each_ref().map(|text| text as Parameter<'_>);
        // Both travel together; the second runs inside what the first began.
        let begin = write.answer(write.client.batch_execute(BEGIN));
        let (begun, set) = tokio::join!(begin, write.answer(write.client.query(&statement, &parameters)));
        begun.map_err(refused_begin)?;
        set?;
        Ok(write)
    }

    /// Why this is done, in the actor's own words: stands beside the entries written from here on.
    ///
    /// # Errors
    /// See [`DatabaseError`].
    pub async fn reason(&self, reason: &str) -> Result<(), DatabaseError> {
        self.query_one("SELECT set_config('nexus.reason', $1, true)", &[&reason]).await?;
        Ok(())
    }

    /// How what is written down from here on ended; without it, well: an entry stands only if what it is about does.
    ///
    /// # Errors
    /// See [`DatabaseError`].
    pub async fn outcome(&self, outcome: Outcome) -> Result<(), DatabaseError> {
        self.query_one("SELECT set_config('nexus.outcome', $1, true)", &[&outcome.name()]).await?;
        Ok(())
    }

    /// Lets each statement from here on take so long.
    ///
    /// # Errors
    /// See [`DatabaseError`].
    pub async fn allow(&self, limit: Duration) -> Result<(), DatabaseError> {
        self.client.lifeline.allow(limit);
        self.query_one("SELECT set_config('statement_timeout', $1, true)", &[&limit.as_millis().to_string()]).await?;
        Ok(())
    }

    pub fn party(&self) -> &crate::auth::origin::Party {
        &self.party
    }

    /// # Errors
    /// See [`DatabaseError`]; answers the number of rows changed.
    pub async fn execute(&self, text: &str, parameters: &[Parameter<'_>]) -> Result<u64, DatabaseError> {
        let statement = self.prepare(text).await?;
        self.answer(self.client.execute(&statement, parameters)).await
    }

    /// Of a savepoint; nothing else needs a statement without parameters.
    ///
    /// # Errors
    /// See [`DatabaseError`].
    pub async fn savepoint(&self, statement: &'static str) -> Result<(), DatabaseError> {
        self.answer(self.client.batch_execute(statement)).await
    }

    /// # Errors
    /// `Unsure` when the connection is lost before the answer came; after any other nothing of it stands.
    pub async fn commit(mut self) -> Result<(), DatabaseError> {
        let Some(connection) = self.connection.take() else {
            return Ok(());
        };
        // What was lost before COMMIT was said is lost for certain.
        if connection.client.is_closed() {
            return Err(DatabaseError::Away(Absence::new(Why::Away, "the connection ended before COMMIT")));
        }
        match connection.answer(connection.client.batch_execute(COMMIT)).await {
            Err(DatabaseError::Away(absence)) if absence.why == Why::Away => {
                connection.client.lifeline.cut();
                Err(DatabaseError::Unsure(absence))
            }
            answer => answer,
        }
    }
}

/// A standby refuses the word "write" itself, as something it does not support.
fn refused_begin(error: DatabaseError) -> DatabaseError {
    match error {
        DatabaseError::Other(error) if error.code() == Some(&SqlState::FEATURE_NOT_SUPPORTED) => {
            DatabaseError::Away(Absence::new(Why::ReadOnly, error))
        }
        other => other,
    }
}

impl Deref for Write {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        match &self.connection {
            Some(connection) => connection,
            None => unreachable!("the connection is there until commit or drop takes it"),
        }
    }
}

impl Drop for Write {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else {
            return;
        };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => {
                runtime.spawn(async move {
                    if connection.answer(connection.client.batch_execute("ROLLBACK")).await.is_err() {
                        // A connection in an unknown state must not serve the next request.
                        connection.client.lifeline.cut();
                    }
                });
            }
            Err(_) => connection.client.lifeline.cut(),
        }
    }
}
