//! Is the sealed log still what it was, and if not: which entry is the first that is wrong, and how?
//!
//! Everything is worked out again from one snapshot of the database, in the order of the log: each entry's leaf, the
//! tiles, the root at every checkpoint that is kept or was brought. Memory does not grow with the log.

mod checkpoints;
mod finding;
mod walk;

pub use finding::{Finding, Findings, What};

use super::{key::PublicKey, sealer::BY_INDEX, store::number};
use crate::{
    audit::entry::Log,
    db::{
        pool::{Database, DatabaseError, Parameter},
        snapshot::Snapshot,
    },
};
use checkpoints::Judge;
use walk::Walk;

const SIZES: &str = "SELECT (SELECT coalesce(max(position) + 1, 0) FROM public.audit_leaves) AS leaves, \
            (SELECT t.index * 256 + octet_length(t.hashes) / 32 FROM public.audit_tiles t WHERE t.level = 0 ORDER BY t.index DESC LIMIT 1) AS hashes, \
            s.walks, s.first_size FROM public.audit_sweep s";
const ENTRIES: &str = "SELECT (SELECT count(*) FROM public.audit_logs) + (SELECT count(*) FROM public.ssot_audit_logs) AS entries, \
            (SELECT count(*) FROM public.audit_unsealed) AS waiting";
const UNSEALED: &str = "SELECT e.log, e.id FROM (SELECT 'audit_logs' AS log, l.id FROM public.audit_logs l \
            UNION ALL SELECT 'ssot_audit_logs', s.id FROM public.ssot_audit_logs s) AS e \
      WHERE NOT EXISTS (SELECT FROM public.audit_leaves l WHERE l.entry_id = e.id AND l.log = e.log) \
        AND NOT EXISTS (SELECT FROM public.audit_unsealed u WHERE u.entry_id = e.id AND u.log = e.log) LIMIT 1";

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Entries in the log.
    pub size: u64,
    /// Of the tree as its leaves make it.
    pub root: [u8; 32],
    /// Checkpoints whose root is the tree's, those that were brought among them.
    pub agreeing: u64,
    /// Queued, and not sealed yet.
    pub waiting: u64,
    /// Neither sealed nor queued; before the first walk has ended, that is how it has to be.
    pub unsealed: u64,
    /// The first is the first in the log.
    pub findings: Findings,
}

impl Verdict {
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }
}

/// Works everything out again. `trusted` are the keys that are believed at the beginning, of a log of this origin;
/// `brought` are notes of checkpoints from outside; `progress` is told how many leaves are done, and of how many.
///
/// # Errors
/// See [`DatabaseError`]. What is wrong with the log is no error, but a finding.
pub async fn verify(
    database: &Database,
    trusted: impl Fn(&str) -> Vec<PublicKey> + Send + Sync,
    brought: &[String],
    mut progress: impl FnMut(u64, u64) + Send,
) -> Result<Verdict, DatabaseError> {
    let mut connection = database.read().await?;
    let snapshot = Snapshot::take(&mut connection).await?;
    let entries = one(&snapshot, ENTRIES, &[]).await?;
    // From here on: counting is faster without.
    snapshot.query(BY_INDEX, &[]).await?;
    let mut findings = Findings::default();

    let sizes = one(&snapshot, SIZES, &[]).await?;
    let leaves = number(sizes.try_get("leaves")?);
    let hashes = number(sizes.try_get::<_, Option<i64>>("hashes")?.unwrap_or_default());
    let first_size = sizes.try_get::<_, Option<i64>>("first_size")?.map(number);
    let size = leaves.max(hashes);
    if size == 0 && first_size.is_some_and(|first| first > 0) {
        findings.add(Finding::about(What::Everything));
    }

    let judge = Judge::new(&trusted, brought, &mut findings);
    let mut walk = Walk::new(&snapshot, size, first_size, judge, findings);
    while walk.stretch().await? {
        progress(walk.position(), size);
    }
    let walked = walk.end().await?;
    let mut findings = walked.findings;

    let waiting = number(entries.try_get("waiting")?);
    let unsealed = number(entries.try_get("entries")?).saturating_sub(walked.present + waiting);
    if unsealed > 0 && sizes.try_get::<_, i64>("walks")? > 0 {
        let entry = match snapshot.query(UNSEALED, &[]).await?.first() {
            Some(row) => Log::named(row.try_get("log")?).zip(row.try_get("id")?),
            None => None,
        };
        findings.add(Finding { entry, ..Finding::about(What::Unsealed { entries: unsealed }) });
    }
    snapshot.end().await?;
    findings.order();
    Ok(Verdict { size, root: walked.root, agreeing: walked.agreeing, waiting, unsealed, findings })
}

async fn one(snapshot: &Snapshot<'_>, text: &str, parameters: &[Parameter<'_>]) -> Result<tokio_postgres::Row, DatabaseError> {
    let mut rows = snapshot.query(text, parameters).await?;
    match rows.pop() {
        Some(row) => Ok(row),
        None => unreachable!("it is asked for one row of counts"),
    }
}
