//! Is every entry what its leaf says, and every tile what its leaves make it?

use std::collections::{BTreeMap, HashMap};

use tlog_tiles::Hash;
use uuid::Uuid;

use super::{
    checkpoints::{Judge, Objection},
    finding::{Finding, Findings, What},
};
use crate::{
    audit::{
        entry::Log,
        seal::{
            canonical::{self, leaf_of_nothing, select},
            sealer::leaves,
            store::{TILES, coordinates, number, signed, tiles_of},
            tree::{Edge, HASH, Place, Tiles},
        },
    },
    db::{pool::DatabaseError, snapshot::Snapshot, value::Timestamp},
};

/// Eight tiles of leaves.
const STRETCH: u64 = 2_048;
/// Leaves of a tile.
const WIDTH: u64 = 256;
/// Between the time an entry gives itself and the checkpoint before its leaf lies a transaction, and not a long one.
const LATE: i64 = 3_600_000_000;
/// Where an entry was sealed that stands elsewhere is looked for so often; each time all leaves are read.
const MOST_SEARCHES: u32 = 8;

const LEAVES: &str = "SELECT position, log, entry_id, version, found FROM public.audit_leaves WHERE position >= $1 AND position < $2";
const NAMED: &str = "SELECT log, entry_id FROM public.audit_leaves WHERE position = $1";
const SEALED_AT: &str = "SELECT t.index * 256 + (position($1 IN t.hashes) - 1) / 32 AS position FROM public.audit_tiles t \
     WHERE t.level = 0 AND position($1 IN t.hashes) % 32 = 1 ORDER BY t.index LIMIT 1";

pub(super) struct Walk<'s, 'c, 't> {
    snapshot: &'s Snapshot<'c>,
    size: u64,
    first_size: Option<u64>,
    judge: Judge<'t>,
    edge: Edge,
    present: u64,
    searches: u32,
    /// The last tile of leaves that was missed.
    missed: Option<u64>,
    findings: Findings,
}

/// What the walk saw.
pub(super) struct Walked {
    pub root: [u8; 32],
    pub agreeing: u64,
    /// Sealed entries that are there.
    pub present: u64,
    pub findings: Findings,
}

/// Which entry the database says a leaf is of.
struct Leaf {
    log: Log,
    entry: Uuid,
    version: i16,
    is_found: bool,
}

/// An entry as it is now.
struct Seen {
    leaf: Hash,
    at: Option<Timestamp>,
}

impl<'s, 'c, 't> Walk<'s, 'c, 't> {
    pub fn new(snapshot: &'s Snapshot<'c>, size: u64, first_size: Option<u64>, judge: Judge<'t>, findings: Findings) -> Self {
        Walk { snapshot, size, first_size, judge, edge: Edge::default(), present: 0, searches: 0, missed: None, findings }
    }

    pub fn position(&self) -> u64 {
        self.edge.size()
    }

    /// Looks at the next stretch; false behind the last.
    pub async fn stretch(&mut self) -> Result<bool, DatabaseError> {
        let from = self.edge.size();
        if from >= self.size {
            return Ok(false);
        }
        let to = (from + STRETCH).min(self.size);
        let named = self.leaves(from, to).await?;
        let seen = self.entries(&named).await?;
        let places: Vec<Place> = (from / WIDTH..to.div_ceil(WIDTH)).map(|index| Place { level: 0, index }).collect();
        let sealed = self.tiles(&places).await?;
        let mut full = Tiles::default();
        for position in from..to {
            self.hear().await?;
            let sealed = sealed_at(&sealed, position);
            let leaf = named.get(&position);
            let seen = leaf.and_then(|leaf| seen.get(&(leaf.log.table(), leaf.entry)));
            self.look(position, leaf, sealed, seen).await?;
            // Without a tile the leaves themselves say how it goes on.
            let hash = sealed.or(seen.map(|seen| seen.leaf)).unwrap_or_default();
            self.edge.append(hash, &mut full);
        }
        full.0.retain(|place, _| place.level > 0);
        self.compare(&full).await?;
        Ok(true)
    }

    pub async fn end(mut self) -> Result<Walked, DatabaseError> {
        self.hear().await?;
        let edge: BTreeMap<Place, Vec<u8>> =
            self.edge.tiles().filter(|(place, _)| place.level > 0).map(|(place, hashes)| (place, hashes.to_vec())).collect();
        self.compare(&Tiles(edge)).await?;
        let (beyond, objections) = self.judge.beyond(self.snapshot, self.size).await?;
        self.object(objections).await?;
        if let Some(checkpoint) = beyond {
            self.findings.add(Finding { position: Some(self.size), ..Finding::about(What::Shorter { checkpoint }) });
        } else if self.judge.greatest < self.size {
            let position = self.judge.greatest;
            let entry = self.named(position).await?;
            let what = What::Beyond { checkpoint: position };
            self.findings.add(Finding { position: Some(position), entry, ..Finding::about(what) });
        }
        Ok(Walked { root: self.edge.root().0, agreeing: self.judge.agreeing, present: self.present, findings: self.findings })
    }

    /// What the checkpoints of the size the walk is at have to say.
    async fn hear(&mut self) -> Result<(), DatabaseError> {
        let edge = &self.edge;
        let objections = self.judge.at(self.snapshot, edge.size(), || edge.root().0).await?;
        self.object(objections).await
    }

    async fn object(&mut self, objections: Vec<Objection>) -> Result<(), DatabaseError> {
        for objection in objections {
            let from = self.judge.agreed;
            let what = match objection {
                Objection::Brought(error) => {
                    self.findings.add(Finding::about(What::Given(error)));
                    continue;
                }
                Objection::Other { to } => What::Rehashed { from, to },
                Objection::Disbelieved(error) => What::Kept(error),
            };
            // The first entry that nobody vouches for any more.
            let entry = self.named(from).await?;
            self.findings.add(Finding { position: Some(from), entry, ..Finding::about(what) });
        }
        Ok(())
    }

    async fn look(&mut self, position: u64, leaf: Option<&Leaf>, sealed: Option<Hash>, seen: Option<&Seen>) -> Result<(), DatabaseError> {
        let index = position / WIDTH;
        if sealed.is_none() && self.missed != Some(index) {
            self.missed = Some(index);
            self.findings.add(Finding { position: Some(position), ..Finding::about(What::Tile { level: 0, index }) });
        }
        let Some(leaf) = leaf else {
            self.findings.add(Finding { position: Some(position), ..Finding::about(What::Forgotten) });
            return Ok(());
        };
        let finding = |at, what| Finding { position: Some(position), entry: Some((leaf.log, leaf.entry)), at, what };
        if leaf.version != canonical::VERSION {
            self.findings.add(finding(None, What::Version(leaf.version)));
            return Ok(());
        }
        let Some(seen) = seen else {
            let was_gone = sealed == Some(leaf_of_nothing(leaf.log, leaf.entry));
            self.findings.add(finding(None, if was_gone { What::GoneBefore } else { What::Gone }));
            return Ok(());
        };
        self.present += 1;
        if sealed.is_some_and(|sealed| sealed != seen.leaf) {
            let what = match self.search(seen.leaf).await? {
                Some(from) => What::Moved { from },
                None => What::Edited,
            };
            self.findings.add(finding(seen.at, what));
            return Ok(());
        }
        if let Some(what) = self.lateness(position, leaf, seen) {
            self.findings.add(finding(seen.at, what));
        }
        Ok(())
    }

    /// What was there before the sealer has the time it has.
    fn lateness(&self, position: u64, leaf: &Leaf, seen: &Seen) -> Option<What> {
        let is_of_first_walk = leaf.is_found && self.first_size.is_none_or(|first| position < first);
        if is_of_first_walk {
            return None;
        }
        let is_late = |latest: &Timestamp| seen.at.is_some_and(|at| at.microseconds() < latest.microseconds().saturating_sub(LATE));
        match self.judge.latest.filter(is_late) {
            Some(sealed_after) => Some(What::Backdated { sealed_after }),
            None => leaf.is_found.then_some(What::PastTriggers),
        }
    }

    async fn search(&mut self, leaf: Hash) -> Result<Option<u64>, DatabaseError> {
        if self.searches >= MOST_SEARCHES {
            return Ok(None);
        }
        self.searches += 1;
        match self.snapshot.query(SEALED_AT, &[&leaf.0.as_slice()]).await?.first() {
            Some(row) => Ok(Some(number(row.try_get("position")?))),
            None => Ok(None),
        }
    }

    async fn compare(&mut self, made: &Tiles) -> Result<(), DatabaseError> {
        let places: Vec<Place> = made.0.keys().copied().collect();
        if places.is_empty() {
            return Ok(());
        }
        let kept = self.tiles(&places).await?;
        for (place, hashes) in &made.0 {
            if kept.0.get(place) != Some(hashes) {
                self.findings.add(Finding::about(What::Tile { level: place.level, index: place.index }));
            }
        }
        Ok(())
    }

    async fn tiles(&self, places: &[Place]) -> Result<Tiles, DatabaseError> {
        let (levels, indexes) = coordinates(places);
        tiles_of(&self.snapshot.query(TILES, &[&levels, &indexes]).await?)
    }

    async fn leaves(&self, from: u64, to: u64) -> Result<BTreeMap<u64, Leaf>, DatabaseError> {
        let mut named = BTreeMap::new();
        for row in self.snapshot.query(LEAVES, &[&signed(from), &signed(to)]).await? {
            let leaf = Leaf {
                log: Log::named(row.try_get("log")?).unwrap_or(Log::Main),
                entry: row.try_get("entry_id")?,
                version: row.try_get("version")?,
                is_found: row.try_get("found")?,
            };
            named.insert(number(row.try_get("position")?), leaf);
        }
        Ok(named)
    }

    async fn named(&self, position: u64) -> Result<Option<(Log, Uuid)>, DatabaseError> {
        match self.snapshot.query(NAMED, &[&signed(position)]).await?.first() {
            Some(row) => Ok(Log::named(row.try_get("log")?).zip(row.try_get("entry_id")?)),
            None => Ok(None),
        }
    }

    async fn entries(&self, named: &BTreeMap<u64, Leaf>) -> Result<HashMap<(&'static str, Uuid), Seen>, DatabaseError> {
        let mut seen = HashMap::with_capacity(named.len());
        for log in Log::ALL {
            let wanted: Vec<Uuid> = named.values().filter(|leaf| leaf.log == log).map(|leaf| leaf.entry).collect();
            if !wanted.is_empty() {
                let rows = self.snapshot.stream(select(log), &[&wanted]).await?;
                leaves(log, rows, |record| {
                    seen.insert((log.table(), record.id), Seen { leaf: record.leaf(), at: record.created_at });
                })
                .await?;
            }
        }
        Ok(seen)
    }
}

fn sealed_at(tiles: &Tiles, position: u64) -> Option<Hash> {
    let tile = tiles.0.get(&Place { level: 0, index: position / WIDTH })?;
    let at = usize::try_from(position % WIDTH).ok()? * HASH;
    Some(Hash(tile.get(at..at + HASH)?.try_into().ok()?))
}
