//! Who did what last, in a sentence each?

use crate::{
    audit::latest::latest,
    auth::grant::Grant,
    db::pool::{Connection, DatabaseError},
    pages::{
        audit::telling::{self, EntryView},
        visit::Visit,
    },
    resource::Registry,
};

const MOST: usize = 8;

/// The newest deeds as the reader may follow them; `log` permits reading the audit log.
///
/// # Errors
/// `TooSlow` past the limit of a read.
pub async fn read(connection: &Connection, log: &Grant, registry: &Registry, visit: &Visit) -> Result<Vec<EntryView>, DatabaseError> {
    let newest = latest(connection, log, registry, MOST).await?;
    telling::views(connection, visit, registry, newest).await
}
