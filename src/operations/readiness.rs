//! Can pages be answered at this moment, and if not, what is missing?

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::watch;
use tokio_postgres::Client;

use crate::{
    chain::chain,
    db::{
        absence::Why,
        connect::{Reason, Target, connect},
    },
};

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
        why: Why,
    },
}

/// Whether the database takes changes; reading goes on where it does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changes {
    Taken,
    /// It follows another database, or is about to take over from it.
    Refused,
}

/// Shared by every worker and by the tasks that watch the database.
#[derive(Debug, Clone)]
pub struct Readiness {
    state: Arc<watch::Sender<State>>,
    changes: Arc<watch::Sender<Changes>>,
}

impl Default for Readiness {
    fn default() -> Self {
        let state = watch::Sender::new(State::Starting { what: "starting" });
        Self { state: Arc::new(state), changes: Arc::new(watch::Sender::new(Changes::Taken)) }
    }
}

impl Readiness {
    #[must_use]
    pub fn state(&self) -> State {
        *self.state.borrow()
    }

    #[must_use]
    pub fn changes(&self) -> Changes {
        *self.changes.borrow()
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
    pub fn away(&self, why: Why) {
        self.state.send_if_modified(|state| match state {
            State::Ready => {
                *state = State::Away { since: Instant::now(), why };
                true
            }
            State::Away { since, why: before } if *before != why => {
                *state = State::Away { since: *since, why };
                true
            }
            State::Starting { .. } | State::Away { .. } => false,
        });
    }

    fn back(&self, changes: Changes) {
        if self.changes.send_replace(changes) != changes {
            match changes {
                Changes::Taken => tracing::info!("the database takes changes again"),
                Changes::Refused => tracing::warn!("the database takes no changes: it is a standby; pages can be read, forms answer 503"),
            }
        }
        self.state.send_if_modified(|state| match state {
            State::Away { since, .. } => {
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
                Ok(Ok(changes)) => self.back(changes),
                Ok(Err(silence)) => {
                    connection = None;
                    self.say(silence.why, &silence.reason);
                }
                Err(_elapsed) => {
                    connection = None;
                    self.say(Why::Away, "the database does not answer");
                }
            }
        }
    }

    /// Once for each absence: the log is read by people.
    fn say(&self, why: Why, reason: &str) {
        if self.is_ready() {
            tracing::warn!("{reason}; pages answer 503 until it is back");
        }
        self.away(why);
    }
}

/// Why a probe failed, and how that is told.
struct Silence {
    why: Why,
    reason: String,
}

async fn answers(target: &Target, connection: &mut Option<Client>) -> Result<Changes, Silence> {
    let client = match connection {
        Some(client) if !client.is_closed() => client,
        Some(_) | None => connection.insert(connect(target).await.map_err(|error| Silence {
            why: if error.reason == Reason::TooManyConnections { Why::Crowded } else { Why::Away },
            reason: error.to_string(),
        })?),
    };
    let follows = async { client.query_one("SELECT pg_is_in_recovery()", &[]).await?.try_get(0) };
    match follows.await {
        Ok(true) => Ok(Changes::Refused),
        Ok(false) => Ok(Changes::Taken),
        Err(error) => Err(Silence { why: Why::Away, reason: chain(&error) }),
    }
}
