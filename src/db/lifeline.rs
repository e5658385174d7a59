//! How long is an answer of the database waited for, and what becomes of a connection that gives none?
//!
//! A server that is there ends every statement within a limit of its own. One that cannot be reached any more says
//! nothing, and TCP may take minutes to notice: so every wait has an end of ours, a little behind the server's.

use std::{
    ops::{Deref, DerefMut},
    pin::{Pin, pin},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::Poll,
    time::Duration,
};

use deadpool_postgres::Object;
use futures_util::{Stream, StreamExt, stream};
use tokio::time::{Instant, Sleep, sleep, timeout_at};
use tokio_postgres::Row;

use super::{
    absence::{Absence, Why},
    pool::DatabaseError,
};

/// What the way there and back, and a busy machine, may take beside the statement itself.
const MARGIN: Duration = Duration::from_secs(3);

#[derive(Debug, thiserror::Error)]
#[error("no answer within {0:?}")]
struct NoAnswer(Duration);

/// What is known about one connection's answers while somebody has it.
#[derive(Debug, Clone)]
pub(crate) struct Lifeline(Arc<State>);

#[derive(Debug)]
struct State {
    is_cut: AtomicBool,
    milliseconds: AtomicU64,
    /// Statements travel together and are answered one behind the other: each answer is a sign of life for the rest.
    heard: Mutex<Instant>,
}

impl Lifeline {
    /// `limit`: how long the server lets a statement take.
    pub fn new(limit: Duration) -> Lifeline {
        let (is_cut, milliseconds) = (AtomicBool::new(false), AtomicU64::new(0));
        let lifeline = Lifeline(Arc::new(State { is_cut, milliseconds, heard: Mutex::new(Instant::now()) }));
        lifeline.allow(limit);
        lifeline
    }

    /// From now on the server lets a statement take so long.
    pub fn allow(&self, limit: Duration) {
        let milliseconds = u64::try_from((limit + MARGIN).as_millis()).unwrap_or(u64::MAX);
        self.0.milliseconds.store(milliseconds, Ordering::Relaxed);
    }

    /// Nobody is to work with this connection again.
    pub fn cut(&self) {
        self.0.is_cut.store(true, Ordering::Relaxed);
    }

    fn patience(&self) -> Duration {
        Duration::from_millis(self.0.milliseconds.load(Ordering::Relaxed))
    }

    fn hear(&self) {
        *self.0.heard.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn heard(&self) -> Instant {
        *self.0.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn given_up(&self, waited: Duration) -> DatabaseError {
        self.cut();
        DatabaseError::Away(Absence::new(Why::Away, NoAnswer(waited)))
    }

    /// # Errors
    /// `Away` where no answer came in time; whether the server did what was asked is unknown then.
    pub async fn answer<T>(&self, work: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, DatabaseError> {
        let patience = self.patience();
        let mut work = pin!(work);
        let mut since = Instant::now();
        loop {
            if let Ok(answer) = timeout_at(since + patience, &mut work).await {
                self.hear();
                return Ok(answer?);
            }
            match self.heard() {
                heard if heard > since => since = heard,
                _ => return Err(self.given_up(patience)),
            }
        }
    }

    /// The same for rows that come one by one: each has the whole time.
    pub fn answers<R>(&self, rows: R) -> impl Stream<Item = Result<Row, DatabaseError>> + use<R>
    where
        R: Stream<Item = Result<Row, tokio_postgres::Error>>,
    {
        let lifeline = self.clone();
        let patience = self.patience();
        let mut rows = Box::pin(rows);
        // Set up only where a row is not there yet: most are.
        let mut waiting: Option<Pin<Box<Sleep>>> = None;
        stream::poll_fn(move |context| match rows.poll_next_unpin(context) {
            Poll::Ready(row) => {
                if waiting.take().is_some() || row.is_none() {
                    lifeline.hear();
                }
                Poll::Ready(row.map(|row| row.map_err(DatabaseError::from)))
            }
            Poll::Pending => {
                let wait = waiting.get_or_insert_with(|| Box::pin(sleep(patience)));
                while wait.as_mut().poll(context).is_ready() {
                    match lifeline.heard() + patience {
                        end if end > wait.deadline() => wait.as_mut().reset(end),
                        _ => return Poll::Ready(Some(Err(lifeline.given_up(patience)))),
                    }
                }
                Poll::Pending
            }
        })
    }
}

/// A connection while it is out of its pool. One whose lifeline is cut does not go back.
pub(crate) struct Held {
    /// Taken only by `drop`.
    object: Option<Object>,
    pub lifeline: Lifeline,
}

impl Held {
    pub fn new(object: Object, lifeline: Lifeline) -> Held {
        Held { object: Some(object), lifeline }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(object) = self.object.take() else { return };
        if !self.lifeline.0.is_cut.load(Ordering::Relaxed) {
            return;
        }
        // Whatever else lies in the pool went the same way: the next to take it would wait as long in vain.
        if let Some(pool) = Object::pool(&object) {
            drop(pool.retain(|_, _| false));
        }
        drop(Object::take(object));
    }
}

impl Deref for Held {
    type Target = Object;

    fn deref(&self) -> &Object {
        match &self.object {
            Some(object) => object,
            None => unreachable!("the connection is there until it is dropped"),
        }
    }
}

impl DerefMut for Held {
    fn deref_mut(&mut self) -> &mut Object {
        match &mut self.object {
            Some(object) => object,
            None => unreachable!("the connection is there until it is dropped"),
        }
    }
}
