//! Can pages be answered at this moment, and if not, what is missing?

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::watch;
use tokio_postgres::Client;

use crate::db::connect::{Target, connect};

const PROBE_EVERY: Duration = Duration::from_secs(1);
const PROBE_SOON: Duration = Duration::from_millis(100);
const PROBE_ANSWERS: Duration = Duration::from_secs(3);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Never been ready yet.
    Starting {
        what: &'static str,
    },
    Ready,
    /// Was ready; the database cannot be reached since then.
    Away {
        since: Instant,
    },
}

/// Shared by every worker and by the tasks that watch the database.
#[derive(Debug, Clone)]
pub struct Readiness {
    state: Arc<watch::Sender<State>>,
}

impl Default for Readiness {
    fn default() -> Self {
        Self { state: Arc::new(watch::Sender::new(State::Starting { what: "starting" })) }
    }
}

impl Readiness {
    #[must_use]
    pub fn state(&self) -> State {
        *self.state.borrow()
    }

    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.state() == State::Ready
    }

    pub fn starting(&self, what: &'static str) {
        self.state.send_replace(State::Starting { what });
    }

    pub fn ready(&self) {
        self.state.send_replace(State::Ready);
    }

    /// Said by whoever notices first; a start that is not done yet stays a start.
    pub fn away(&self) {
        self.state.send_if_modified(|state| match state {
            State::Ready => {
                *state = State::Away { since: Instant::now() };
                true
            }
            State::Starting { .. } | State::Away { .. } => false,
        });
    }

    fn back(&self) {
        self.state.send_if_modified(|state| match state {
            State::Away { since } => {
                tracing::info!("the database is back after {:?}", since.elapsed());
                *state = State::Ready;
                true
            }
            State::Starting { .. } | State::Ready => false,
        });
    }

    /// Watches the database for as long as the console runs; begins once the start is done.
    pub async fn probe(self, target: Target) {
        let mut connection = None;
        let mut changes = self.state.subscribe();
        loop {
            match self.state() {
                State::Starting { .. } => {
                    if changes.changed().await.is_err() {
                        return;
                    }
                    continue;
                }
                State::Ready => tokio::time::sleep(PROBE_EVERY).await,
                State::Away { .. } => tokio::time::sleep(PROBE_SOON).await,
            }
            match tokio::time::timeout(PROBE_ANSWERS, answers(&target, &mut connection)).await {
                Ok(Ok(())) => self.back(),
                Ok(Err(reason)) => {
                    connection = None;
                    self.say(&reason);
                }
                Err(_elapsed) => {
                    connection = None;
                    self.say("the database does not answer");
                }
            }
        }
    }

    /// Once for each absence: the log is read by people.
    fn say(&self, reason: &str) {
        if self.is_ready() {
            tracing::warn!("{reason}; pages answer 503 until it is back");
        }
        self.away();
    }
}

async fn answers(target: &Target, connection: &mut Option<Client>) -> Result<(), String> {
    let client = match connection {
        Some(client) if !client.is_closed() => client,
        Some(_) | None => connection.insert(connect(target).await.map_err(|error| error.to_string())?),
    };
    client.batch_execute("SELECT 1").await.map_err(|error| error.to_string())
}
