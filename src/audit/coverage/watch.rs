//! What was last found out about the trail, by whom all can ask?

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{TimeDelta, Utc};

use super::{Extent, Report, Walk, examine};
use crate::{
    db::pool::{Connection, DatabaseError},
    resource::Registry,
};

/// A job looks twice as often; what is older than this is no answer any more.
const FRESH_FOR: TimeDelta = TimeDelta::seconds(90);

/// Shared by the job that looks and the pages that show.
#[derive(Debug, Clone, Default)]
pub struct Watch(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    report: Option<Report>,
    walk: Walk,
}

impl Watch {
    /// Looks now, and keeps what was found for everybody.
    ///
    /// # Errors
    /// See [`examine`].
    pub async fn look(&self, connection: &Connection, registry: &Registry, extent: Extent) -> Result<Report, DatabaseError> {
        let mut walk = self.seen().walk.clone();
        let report = examine(connection, registry, &mut walk, extent).await?;
        let mut seen = self.seen();
        let before = seen.report.as_ref().map_or(0, |before| before.findings().count());
        let now = report.findings().count();
        if now > before
            && let Some(first) = report.findings().next()
        {
            tracing::warn!("the trail has {now} gaps: {} To mend it: {}", first.what, first.remedy.words());
        }
        seen.report = Some(report.clone());
        seen.walk = walk;
        Ok(report)
    }

    /// What was found last; nothing before the first look.
    pub fn latest(&self) -> Option<Report> {
        self.seen().report.clone()
    }

    /// How many tables the walk has been through, of how many.
    pub fn progress(&self) -> (usize, usize) {
        self.seen().walk.progress()
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Report {
    /// Whether it still says how things are.
    pub fn is_fresh(&self) -> bool {
        Utc::now() - self.at < FRESH_FOR
    }
}
