//! What is one number by which a printed page of the trail can be compared with the log?

use std::collections::HashMap;

use sha2::{Digest, Sha256};
use tlog_tiles::Hash;
use uuid::Uuid;

use super::canonical::{Record, select};
use crate::{
    audit::{entry::Log, review::annotation::EntryKey},
    auth::grant::Grant,
    db::pool::{Connection, DatabaseError},
};

/// Some entries, as a reader has them before them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// SHA-256 of the leaf hashes, 32 bytes each, in the order of the entries; see [`super::canonical`].
    pub digest: [u8; 32],
    /// How many of them are in the log that checkpoints are of.
    pub sealed: u64,
}

const SEALED: &str = "SELECT count(*) FROM unnest($1::uuid[], $2::text[]) AS e (id, log) \
    JOIN public.audit_leaves f ON f.entry_id = e.id AND f.log = e.log";

/// Works it out from the rows as they are now. The grant permits to verify the log.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn shown(connection: &Connection, _: &Grant, entries: &[EntryKey]) -> Result<Shown, DatabaseError> {
    let leaves = async |log: Log| {
        let ids: Vec<Uuid> = entries.iter().filter(|(of, _)| *of == log).map(|(_, id)| *id).collect();
        let rows = if ids.is_empty() { Vec::new() } else { connection.query(select(log), &[&ids]).await? };
        rows.iter()
            .map(|row| Record::of(log, row).map(|record| ((log, record.id), record.leaf())))
            .collect::<Result<Vec<_>, DatabaseError>>()
    };
    let (ids, logs): (Vec<Uuid>, Vec<&str>) = entries.iter().map(|(log, id)| (*id, log.table())).unzip();
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 2] = [&ids, &logs];
    let (main, registry, sealed) = tokio::try_join!(leaves(Log::Main), leaves(Log::Registry), connection.query_one(SEALED, &parameters))?;
    let leaves: HashMap<EntryKey, Hash> = main.into_iter().chain(registry).collect();
    let mut digest = Sha256::new();
    for leaf in entries.iter().filter_map(|entry| leaves.get(entry)) {
        digest.update(leaf.0);
    }
    Ok(Shown { digest: digest.finalize().into(), sealed: super::store::number(sealed.try_get(0)?) })
}
