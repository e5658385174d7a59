//! What does the database hold of the Merkle log?

use tokio_postgres::Row;
use uuid::Uuid;

use super::{
    checkpoint::{Checkpoint, CheckpointError},
    key::Signer,
    tree::{Claim, Edge, Misfit, Place, Tiles},
};
use crate::{
    audit::entry::Log,
    db::{
        pool::{Connection, DatabaseError},
        value::{Timestamp, Value},
    },
};

const SIZE: &str = "SELECT coalesce(max(position) + 1, 0) FROM public.audit_leaves";
const LAST: &str = "SELECT id, size, root, note, created_at FROM public.audit_checkpoints ORDER BY size DESC, id DESC LIMIT 1";
pub(super) const TILES: &str = "SELECT t.level, t.index, t.hashes FROM unnest($1::smallint[], $2::bigint[]) AS wanted (level, index) \
     JOIN public.audit_tiles t ON t.level = wanted.level AND t.index = wanted.index";
const POSITION: &str = "SELECT position FROM public.audit_leaves WHERE entry_id = $1 AND log = $2";
const STANDING: &str = "SELECT (SELECT count(*) FROM (SELECT FROM public.audit_unsealed LIMIT 100001) AS listed), \
            s.walks, s.ended_at, s.first_size FROM public.audit_sweep s";

/// A checkpoint as the database keeps it.
#[derive(Debug, Clone)]
pub struct Kept {
    pub id: Uuid,
    pub size: u64,
    pub root: [u8; 32],
    pub note: String,
    pub at: Option<Timestamp>,
}

impl Kept {
    pub(super) fn of(row: &Row) -> Result<Kept, DatabaseError> {
        let root: &[u8] = row.try_get("root")?;
        Ok(Kept {
            id: row.try_get("id")?,
            size: number(row.try_get("size")?),
            root: root.try_into().unwrap_or_default(),
            note: row.try_get("note")?,
            at: row.try_get::<_, Option<Value>>("created_at")?.and_then(|at| at.as_time()),
        })
    }

    /// The note, if it says what stands beside it.
    ///
    /// # Errors
    /// See [`CheckpointError`].
    pub fn checkpoint(&self) -> Result<Checkpoint, CheckpointError> {
        let checkpoint = Checkpoint::read(self.note.as_bytes())?;
        if (checkpoint.size, checkpoint.root) == (self.size, self.root) {
            Ok(checkpoint)
        } else {
            Err(CheckpointError::Malformed("the database keeps another size or root beside it"))
        }
    }
}

/// Why the log cannot be gone on with as it stands: somebody was at it.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    #[error("there was a sealed log here, and nothing of it is left")]
    Gone,
    #[error("the log counts {leaves} leaves, and its last checkpoint {checkpoint}")]
    Length { leaves: u64, checkpoint: u64 },
    #[error(transparent)]
    Tile(#[from] Misfit),
    #[error("its tiles have another root than its last checkpoint")]
    Root,
    #[error("its last checkpoint is not to be believed: {0}")]
    Checkpoint(#[from] CheckpointError),
}

/// The end of the log, where it goes on.
#[derive(Debug)]
pub struct Head {
    pub edge: Edge,
    pub last: Option<Checkpoint>,
}

/// The end of the log; what does not fit its last checkpoint is not gone on with.
///
/// # Errors
/// See [`DatabaseError`].
pub(super) async fn head(connection: &Connection) -> Result<Result<Head, Broken>, DatabaseError> {
    let leaves = number(connection.query_one(SIZE, &[]).await?.try_get(0)?);
    let kept = last(connection).await?;
    let size = kept.as_ref().map_or(0, |kept| kept.size);
    if size == 0 && standing(connection).await?.first_size.is_some_and(|size| size > 0) {
        return Ok(Err(Broken::Gone));
    }
    if size != leaves {
        return Ok(Err(Broken::Length { leaves, checkpoint: size }));
    }
    let tiles = tiles(connection, &Edge::places(size)).await?;
    Ok(fitting(size, kept.as_ref(), tiles))
}

impl Head {
    /// The last checkpoint. A signature of ours that is wrong is nothing to go on from; a key that is not ours may have
    /// been, and whoever verifies is told.
    ///
    /// # Errors
    /// The signature under it is wrong.
    pub(super) fn trusted(&self, signer: &Signer) -> Result<Option<&Checkpoint>, Broken> {
        let Some(last) = &self.last else {
            return Ok(None);
        };
        match last.signed_by_any(&signer.public(&last.origin)) {
            Err(error @ CheckpointError::WrongSignature { .. }) => Err(error.into()),
            Ok(_) | Err(_) => Ok(Some(last)),
        }
    }
}

fn fitting(size: u64, kept: Option<&Kept>, tiles: Tiles) -> Result<Head, Broken> {
    let edge = Edge::of(size, tiles)?;
    let last = kept.map(Kept::checkpoint).transpose()?;
    match &last {
        Some(last) if last.root != edge.root().0 => Err(Broken::Root),
        Some(_) | None => Ok(Head { edge, last }),
    }
}

/// The newest checkpoint there is.
///
/// # Errors
/// See [`DatabaseError`]; so for all below.
pub async fn last(connection: &Connection) -> Result<Option<Kept>, DatabaseError> {
    connection.query_opt(LAST, &[]).await?.as_ref().map(Kept::of).transpose()
}

/// Those of the tiles that there are.
pub async fn tiles(connection: &Connection, places: &[Place]) -> Result<Tiles, DatabaseError> {
    if places.is_empty() {
        return Ok(Tiles::default());
    }
    let (levels, indexes) = coordinates(places);
    tiles_of(&connection.query(TILES, &[&levels, &indexes]).await?)
}

/// As [`TILES`] asks for them.
pub(super) fn coordinates(places: &[Place]) -> (Vec<i16>, Vec<i64>) {
    places.iter().map(|place| (i16::from(place.level), signed(place.index))).unzip()
}

/// As [`TILES`] answers.
pub(super) fn tiles_of(rows: &[Row]) -> Result<Tiles, DatabaseError> {
    let mut tiles = Tiles::default();
    for row in rows {
        let level = u8::try_from(row.try_get::<_, i16>("level")?).unwrap_or(u8::MAX);
        tiles.0.insert(Place { level, index: number(row.try_get("index")?) }, row.try_get("hashes")?);
    }
    Ok(tiles)
}

/// Which leaf an entry is, if it is sealed.
pub async fn position(connection: &Connection, log: Log, entry: Uuid) -> Result<Option<u64>, DatabaseError> {
    let row = connection.query_opt(POSITION, &[&entry, &log.table()]).await?;
    row.map(|row| Ok(number(row.try_get(0)?))).transpose()
}

/// The proof of a claim about the log, or `None` where the log does not reach so far.
pub async fn proof(connection: &Connection, claim: Claim) -> Result<Option<Vec<[u8; 32]>>, DatabaseError> {
    let Ok(places) = claim.places() else {
        return Ok(None);
    };
    let tiles = tiles(connection, &places).await?;
    Ok(claim.prove(&tiles).ok().map(|hashes| hashes.into_iter().map(|hash| hash.0).collect()))
}

/// What is not sealed yet, and how far the sweep is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Counted to 100,001.
    pub waiting: u64,
    /// How often both logs were walked through for what nobody queued.
    pub walks: u64,
    pub walked_at: Option<Timestamp>,
    /// The log's length when the first walk ended.
    pub first_size: Option<u64>,
}

pub async fn standing(connection: &Connection) -> Result<Standing, DatabaseError> {
    let row = connection.query_one(STANDING, &[]).await?;
    Ok(Standing {
        waiting: number(row.try_get(0)?),
        walks: number(row.try_get("walks")?),
        walked_at: row.try_get::<_, Option<Value>>("ended_at")?.and_then(|at| at.as_time()),
        first_size: row.try_get::<_, Option<i64>>("first_size")?.map(number),
    })
}

/// A count of the database's, which are never negative.
pub(super) fn number(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

/// The same the other way: more leaves than an `i64` counts there are not.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
