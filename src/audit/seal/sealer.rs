//! How do entries get into the Merkle log, by one sealer at a time, with nothing lost and nothing twice?
//!
//! A batch is one transaction. The entries of one that does not end stay in the queue, and the next begins where the last
//! that ended stopped: there is nothing to repair. Whoever commits late is sealed later; nobody waits for the sealer.

use std::{collections::HashMap, pin::pin};

use futures_util::{Stream, TryStreamExt};
use tlog_tiles::Hash;
use tokio_postgres::Row;
use uuid::Uuid;

use super::{
    canonical::{Record, leaf_of_nothing, select},
    checkpoint::{Checkpoint, NotSigned},
    key::Signer,
    store::{self, Broken, Head, signed},
    sweep::{self, Stretch},
    tree::{Place, Tiles},
};
use crate::{
    audit::entry::Log,
    auth::origin::Origin,
    db::{
        pool::{Database, DatabaseError},
        write::Write,
    },
};

/// So many of the queue go into one batch.
pub const BATCH: usize = 2_000;

const ALONE: &str = "SELECT pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('nexus: seal', 0))";
/// Everything here is found by an index; without statistics, as of a queue that was empty a moment ago, plans go astray.
pub(super) const BY_INDEX: &str = "SELECT pg_catalog.set_config('enable_seqscan', 'off', true), pg_catalog.set_config('enable_hashjoin', 'off', true), \
     pg_catalog.set_config('enable_mergejoin', 'off', true), pg_catalog.set_config('enable_material', 'off', true)";
/// What was sealed before, under an id that is used again, has its leaf already.
const WAITING: &str = "SELECT u.log, u.entry_id, \
            EXISTS (SELECT FROM public.audit_leaves l WHERE l.entry_id = u.entry_id AND l.log = u.log OFFSET 0) AS has_leaf \
       FROM public.audit_unsealed u ORDER BY u.entry_id, u.log LIMIT 2000";
const IS_ANYTHING_WAITING: &str = "SELECT EXISTS (SELECT FROM public.audit_unsealed)";
const SEAL: &str = "SELECT public.nexus_seal($1, $2, $3, $4, $5, $6, $7, $8, $9)";
const UNQUEUE: &str = "SELECT public.nexus_unqueue($1, $2)";

#[derive(Debug, thiserror::Error)]
pub enum SealError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// Sealing on would put a good signature under somebody's changes.
    #[error("the sealed log was altered, and nothing more is sealed; nexus-console audit verify says where: {0}")]
    Broken(#[from] Broken),
    #[error(transparent)]
    NotSigned(#[from] NotSigned),
}

/// How a turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Nothing was left to do.
    Idle,
    /// Another sealer is at it.
    Busy,
    /// So many entries were sealed, and there may be more.
    Sealed(usize),
}

/// Seals a batch of what waits, and of what nobody queued if a walk is under way.
///
/// # Errors
/// See [`SealError`]; nothing of the batch is sealed then.
pub async fn turn(database: &Database, signer: &Signer) -> Result<Turn, SealError> {
    {
        let connection = database.read().await?;
        let is_waiting: bool = connection.query_one(IS_ANYTHING_WAITING, &[]).await?.try_get(0).map_err(DatabaseError::from)?;
        if !is_waiting && !sweep::is_due(&connection).await? {
            return Ok(Turn::Idle);
        }
    }
    let Some(mut batch) = Batch::begin(database).await? else {
        return Ok(Turn::Busy);
    };
    batch.take_waiting().await?;
    batch.take_missed().await?;
    let sealed = batch.len();
    batch.seal(signer).await?;
    batch.commit().await?;
    Ok(Turn::Sealed(sealed))
}

struct Leaf {
    log: Log,
    entry: Uuid,
    hash: Hash,
    source: Source,
}

/// How an entry was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Queue,
    Sweep,
}

/// A transaction of the only sealer. Dropped before [`Batch::commit`], nothing of it stands.
pub struct Batch {
    write: Write,
    head: Head,
    leaves: Vec<Leaf>,
    /// In the queue, and sealed before.
    again: Vec<(Log, Uuid)>,
    stretch: Option<Stretch>,
}

impl Batch {
    /// `None` while another sealer is at it.
    ///
    /// # Errors
    /// See [`SealError`]; so for all below.
    pub async fn begin(database: &Database) -> Result<Option<Batch>, SealError> {
        let write = Write::begin(database, &Origin::job("seal")).await?;
        let is_alone: bool = write.query_one(ALONE, &[]).await?.try_get(0).map_err(DatabaseError::from)?;
        if !is_alone {
            return Ok(None);
        }
        write.query_one(BY_INDEX, &[]).await?;
        let head = store::head(&write).await??;
        Ok(Some(Batch { write, head, leaves: Vec::new(), again: Vec::new(), stretch: None }))
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.leaves.is_empty()
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.leaves.len()
    }

    /// What the triggers queued, in the queue's order.
    pub async fn take_waiting(&mut self) -> Result<(), SealError> {
        let mut wanted = Vec::with_capacity(BATCH);
        for row in self.write.query(WAITING, &[]).await? {
            let (log, entry, has_leaf) = queued(&row)?;
            if has_leaf { self.again.push((log, entry)) } else { wanted.push((log, entry)) }
        }
        self.hash(wanted, Source::Queue).await
    }

    /// The next of what stands in the logs and was queued by nobody, if a walk is under way and the batch has room.
    pub async fn take_missed(&mut self) -> Result<(), SealError> {
        if self.leaves.len() >= BATCH || !sweep::is_due(&self.write).await? {
            return Ok(());
        }
        let mut stretch = sweep::look(&self.write).await?;
        let missed = std::mem::take(&mut stretch.missed);
        self.stretch = Some(stretch);
        self.hash(missed, Source::Sweep).await
    }

    async fn hash(&mut self, wanted: Vec<(Log, Uuid)>, source: Source) -> Result<(), SealError> {
        let mut hashes = HashMap::with_capacity(wanted.len());
        for log in Log::ALL {
            let entries: Vec<Uuid> = wanted.iter().filter(|(of, _)| *of == log).map(|(_, entry)| *entry).collect();
            if !entries.is_empty() {
                let rows = self.write.stream(select(log), &[&entries]).await?;
                leaves(log, rows, |record| {
                    hashes.insert((log.table(), record.id), record.leaf());
                })
                .await?;
            }
        }
        self.leaves.extend(wanted.into_iter().map(|(log, entry)| Leaf {
            log,
            entry,
            hash: hashes.remove(&(log.table(), entry)).unwrap_or_else(|| leaf_of_nothing(log, entry)),
            source,
        }));
        Ok(())
    }

    /// Writes leaves, tiles and the checkpoint; without a leaf there is nothing to say.
    pub async fn seal(&mut self, signer: &Signer) -> Result<(), SealError> {
        if !self.again.is_empty() {
            let (logs, entries): (Vec<&str>, Vec<Uuid>) = self.again.drain(..).map(|(log, entry)| (log.table(), entry)).unzip();
            self.write.query_one(UNQUEUE, &[&logs, &entries]).await?;
        }
        if !self.leaves.is_empty() {
            let checkpoint = self.grow(signer).await?;
            self.head.last = Some(checkpoint);
        }
        // Last: the first walk is over when what it found is in the log.
        if let Some(stretch) = self.stretch.take() {
            sweep::go_on(&self.write, &stretch).await?;
        }
        Ok(())
    }

    async fn grow(&mut self, signer: &Signer) -> Result<Checkpoint, SealError> {
        let leaves = std::mem::take(&mut self.leaves);
        let first = signed(self.head.edge.size());
        let mut tiles = Tiles::default();
        for leaf in &leaves {
            self.head.edge.append(leaf.hash, &mut tiles);
        }
        for (place, hashes) in self.head.edge.tiles() {
            tiles.0.insert(place, hashes.to_vec());
        }
        let root = self.head.edge.root().0;
        let checkpoint = Checkpoint::next(signer, self.head.trusted(signer)?, self.head.edge.size(), root)?;
        let logs: Vec<&str> = leaves.iter().map(|leaf| leaf.log.table()).collect();
        let entries: Vec<Uuid> = leaves.iter().map(|leaf| leaf.entry).collect();
        let swept: Vec<bool> = leaves.iter().map(|leaf| leaf.source == Source::Sweep).collect();
        let places: Vec<Place> = tiles.0.keys().copied().collect();
        let (levels, indexes) = store::coordinates(&places);
        let hashes: Vec<Vec<u8>> = tiles.0.into_values().collect();
        let (root, note) = (root.as_slice(), checkpoint.note());
        self.write.query_one(SEAL, &[&first, &logs, &entries, &swept, &levels, &indexes, &hashes, &root, &note]).await?;
        Ok(checkpoint)
    }

    pub async fn commit(self) -> Result<(), SealError> {
        Ok(self.write.commit().await?)
    }
}

/// A row of [`WAITING`].
fn queued(row: &Row) -> Result<(Log, Uuid, bool), DatabaseError> {
    // The table lets no other name in.
    let log = Log::named(row.try_get("log")?).unwrap_or(Log::Main);
    Ok((log, row.try_get("entry_id")?, row.try_get("has_leaf")?))
}

/// Tells `each` of every entry that the rows of [`select`] hold, one at a time: some are large.
///
/// # Errors
/// See [`DatabaseError`].
pub(super) async fn leaves(
    log: Log,
    rows: impl Stream<Item = Result<Row, DatabaseError>>,
    mut each: impl FnMut(&Record),
) -> Result<(), DatabaseError> {
    let mut rows = pin!(rows);
    while let Some(row) = rows.try_next().await? {
        each(&Record::of(log, &row)?);
    }
    Ok(())
}
