//! Which checkpoints were there, did the log only grow since each, and which of them announced a key?

use tlog_tiles::{Hash, check_tree};
use uuid::Uuid;

use super::{
    checkpoint::{Checkpoint, CheckpointError},
    key::PublicKey,
    store::{self, Kept, signed},
    tree::{Claim, Tiles},
};
use crate::db::pool::{Connection, DatabaseError};

/// Checkpoints a page.
pub const PAGE: i64 = 20;

const NEWEST: &str = "\
    SELECT c.id, c.size, c.root, c.note, c.created_at FROM public.audit_checkpoints c ORDER BY c.size DESC, c.id DESC LIMIT $1";
const BEFORE: &str = "\
    SELECT c.id, c.size, c.root, c.note, c.created_at FROM public.audit_checkpoints c \
      JOIN public.audit_checkpoints p ON p.id = $2 \
     WHERE (c.size, c.id) < (p.size, p.id) ORDER BY c.size DESC, c.id DESC LIMIT $1";
const ONE: &str = "SELECT c.id, c.size, c.root, c.note, c.created_at FROM public.audit_checkpoints c WHERE c.id = $1";

/// Newest first: those before one of them, or the newest. At most one more than a page.
///
/// # Errors
/// See [`DatabaseError`]; so for all below.
pub async fn checkpoints(connection: &Connection, before: Option<Uuid>) -> Result<Vec<Kept>, DatabaseError> {
    let most = PAGE + 1;
    let rows = match before {
        Some(place) => connection.query(BEFORE, &[&most, &place]).await?,
        None => connection.query(NEWEST, &[&most]).await?,
    };
    rows.iter().map(Kept::of).collect()
}

pub async fn checkpoint(connection: &Connection, id: Uuid) -> Result<Option<Kept>, DatabaseError> {
    connection.query_opt(ONE, &[&id]).await?.as_ref().map(Kept::of).transpose()
}

/// An index of its own finds them: there are as many as there were changes of the key.
const ANNOUNCING: &str = "\
    SELECT c.note FROM public.audit_checkpoints c WHERE strpos(c.note, E'\\nnext-key ') > 0 AND c.size <= $1 ORDER BY c.size, c.id";

/// The notes up to a size that announced a key, oldest first.
pub async fn announcements(connection: &Connection, size: u64) -> Result<Vec<String>, DatabaseError> {
    connection.query(ANNOUNCING, &[&signed(size)]).await?.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Why a checkpoint is not one of this log as it stands.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Inconsistent {
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error("the log has another root at this size: what was sealed before it was changed")]
    Root,
    #[error("the log’s hashes that would prove it are not there")]
    Tiles,
}

/// What each checkpoint is to the newest one: the tree of the newest begins with its tree, and a known key signed it.
pub async fn consistency(
    connection: &Connection,
    newest: &Checkpoint,
    checkpoints: &[Kept],
    known: &[PublicKey],
) -> Result<Vec<Result<u32, Inconsistent>>, DatabaseError> {
    let claims = checkpoints.iter().filter(|kept| kept.size > 0 && kept.size < newest.size);
    let mut places: Vec<_> =
        claims.filter_map(|kept| Claim::Extends { size: newest.size, before: kept.size }.places().ok()).flatten().collect();
    places.sort_unstable();
    places.dedup();
    let tiles = store::tiles(connection, &places).await?;
    Ok(checkpoints.iter().map(|kept| one(newest, kept, known, &tiles)).collect())
}

fn one(newest: &Checkpoint, kept: &Kept, known: &[PublicKey], tiles: &Tiles) -> Result<u32, Inconsistent> {
    let checkpoint = kept.checkpoint()?;
    checkpoint.of(&newest.origin)?;
    checkpoint.fits_into(newest.size)?;
    let key = checkpoint.signed_by_any(known)?;
    if checkpoint.size == newest.size {
        return if checkpoint.root == newest.root { Ok(key) } else { Err(Inconsistent::Root) };
    }
    if checkpoint.size > 0 {
        let proof = Claim::Extends { size: newest.size, before: checkpoint.size }.prove(tiles).map_err(|_| Inconsistent::Tiles)?;
        check_tree(&proof, newest.size, Hash(newest.root), checkpoint.size, Hash(checkpoint.root)).map_err(|_| Inconsistent::Root)?;
    }
    Ok(key)
}
