//! By what is a printed page of the trail compared with the log?

use chrono::{DateTime, Utc};

use crate::{
    audit::{
        entry::Log,
        review::annotation::EntryKey,
        seal::{shown::shown, store},
        trail::place::Place,
    },
    auth::policy::Action,
    db::pool::{Connection, DatabaseError},
    pages::{
        display::{Age, TimeShown},
        visit::Visit,
    },
    resource::Registry,
};

/// The digest of the entries on the page, and the newest checkpoint.
pub struct Paper {
    pub entries: u64,
    pub digest: String,
    /// How many of the entries no checkpoint is of yet.
    pub unsealed: u64,
    /// None where nothing is sealed, or the last checkpoint cannot be read.
    pub newest: Option<Newest>,
}

pub struct Newest {
    pub size: u64,
    pub root: String,
    pub origin: String,
    pub at: Option<TimeShown>,
    pub age: Option<Age>,
}

/// For whoever may verify the log.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn paper(
    connection: &Connection,
    visit: &Visit,
    registry: &Registry,
    places: &[Place],
    now: DateTime<Utc>,
) -> Result<Option<Paper>, DatabaseError> {
    let Some(Ok(grant)) = registry.find(Log::Main.table()).map(|log| visit.actor.authorize(Action::Verify, log)) else {
        return Ok(None);
    };
    let entries: Vec<EntryKey> = places.iter().map(|place| (place.log, place.id)).collect();
    let shown = shown(connection, &grant, &entries).await?;
    // After the entries were found in the log, so that the checkpoint is of them, too.
    let kept = store::last(connection).await?;
    let at = kept.as_ref().and_then(|kept| kept.at?.moment());
    let newest = kept.and_then(|kept| kept.checkpoint().ok()).map(|checkpoint| Newest {
        size: checkpoint.size,
        root: checkpoint.root_text(),
        origin: checkpoint.origin.clone(),
        at: at.map(|at| TimeShown::new(at, visit.actor.preferences.time_zone, now)),
        age: at.map(|at| Age::between(at, now)),
    });
    let entries = entries.len() as u64;
    Ok(Some(Paper { entries, digest: hex::encode(shown.digest), unsealed: entries.saturating_sub(shown.sealed), newest }))
}
