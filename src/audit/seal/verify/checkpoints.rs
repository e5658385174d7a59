//! Do the checkpoints say of the log what its leaves make it, and is each to be believed?

use std::collections::VecDeque;

use uuid::Uuid;

use super::finding::{Finding, Findings, What};
use crate::{
    audit::seal::{
        checkpoint::{Chain, Checkpoint, CheckpointError},
        key::PublicKey,
        store::{Kept, signed},
    },
    db::{pool::DatabaseError, snapshot::Snapshot, value::Timestamp},
};

const PAGE: usize = 500;
const KEPT: &str = "SELECT id, size, root, note, created_at FROM public.audit_checkpoints \
     WHERE (size, id) > ($1, $2) ORDER BY size, id LIMIT 500";

type Trusted<'t> = &'t (dyn Fn(&str) -> Vec<PublicKey> + Send + Sync);

/// The checkpoints in the order of their sizes: those that are kept, and then those that were brought.
pub(super) struct Judge<'t> {
    trusted: Trusted<'t>,
    /// Begins with the origin of the first that is kept.
    chain: Option<(String, Chain)>,
    page: VecDeque<Kept>,
    /// Where the page that comes next begins; `None` behind the last.
    next: Option<(u64, Uuid)>,
    brought: VecDeque<Checkpoint>,
    /// The size of the last that agreed: what comes before it is as it was.
    pub agreed: u64,
    pub agreeing: u64,
    /// When the last was made that agreed.
    pub latest: Option<Timestamp>,
    /// The greatest size that anybody ever vouched for.
    pub greatest: u64,
    is_disbelieved: bool,
    is_other: bool,
}

/// What the checkpoints of one size say against the log.
pub(super) enum Objection {
    /// That there was another tree then.
    Other {
        to: u64,
    },
    /// One that is kept is not to be believed.
    Disbelieved(CheckpointError),
    Brought(CheckpointError),
}

impl<'t> Judge<'t> {
    pub fn new(trusted: Trusted<'t>, brought: &[String], findings: &mut Findings) -> Judge<'t> {
        let mut readable = Vec::with_capacity(brought.len());
        for note in brought {
            match Checkpoint::read(note.as_bytes()) {
                Ok(checkpoint) => readable.push(checkpoint),
                Err(error) => findings.add(Finding::about(What::Given(error))),
            }
        }
        readable.sort_by_key(|checkpoint| checkpoint.size);
        Judge {
            trusted,
            chain: None,
            page: VecDeque::new(),
            next: Some((0, Uuid::nil())),
            brought: readable.into(),
            agreed: 0,
            agreeing: 0,
            latest: None,
            greatest: 0,
            is_disbelieved: false,
            is_other: false,
        }
    }

    /// Everything that is said of the log at this size, whose root is `root` then.
    pub async fn at(&mut self, snapshot: &Snapshot<'_>, size: u64, root: impl Fn() -> [u8; 32]) -> Result<Vec<Objection>, DatabaseError> {
        let mut objections = Vec::new();
        while let Some(kept) = self.kept(snapshot, size).await? {
            self.greatest = self.greatest.max(kept.size);
            match self.believe(&kept) {
                Ok(checkpoint) => {
                    if self.agrees(&checkpoint, &root, &mut objections) {
                        self.latest = kept.at;
                    }
                }
                // The first says enough: every one behind it that is signed by the same hand is the same.
                Err(error) if !self.is_disbelieved => {
                    self.is_disbelieved = true;
                    objections.push(Objection::Disbelieved(error));
                }
                Err(_) => {}
            }
        }
        if self.brought.front().is_some_and(|checkpoint| checkpoint.size <= size) {
            self.begin(snapshot).await?;
        }
        while let Some(checkpoint) = self.brought.pop_front_if(|checkpoint| checkpoint.size <= size) {
            match self.believe_brought(&checkpoint) {
                Ok(()) => {
                    self.agrees(&checkpoint, &root, &mut objections);
                }
                Err(error) => objections.push(Objection::Brought(error)),
            }
        }
        Ok(objections)
    }

    /// What is left where the log has ended: of more entries than there are. Answers the greatest that is believed.
    pub async fn beyond(&mut self, snapshot: &Snapshot<'_>, size: u64) -> Result<(Option<u64>, Vec<Objection>), DatabaseError> {
        let (mut greatest, mut objections) = (None, Vec::new());
        while let Some(kept) = self.kept(snapshot, u64::MAX).await? {
            greatest = greatest.max(Some(kept.size));
        }
        while let Some(checkpoint) = self.brought.pop_front() {
            match self.believe_brought(&checkpoint).and_then(|()| checkpoint.fits_into(size)) {
                Err(CheckpointError::Newer { claimed, .. }) => greatest = greatest.max(Some(claimed)),
                Err(error) => objections.push(Objection::Brought(error)),
                Ok(()) => {}
            }
        }
        Ok((greatest, objections))
    }

    fn agrees(&mut self, checkpoint: &Checkpoint, root: impl Fn() -> [u8; 32], objections: &mut Vec<Objection>) -> bool {
        if checkpoint.root == root() {
            self.agreed = checkpoint.size;
            self.agreeing += 1;
            return true;
        }
        if !self.is_other {
            self.is_other = true;
            objections.push(Objection::Other { to: checkpoint.size });
        }
        false
    }

    fn believe(&mut self, kept: &Kept) -> Result<Checkpoint, CheckpointError> {
        let checkpoint = kept.checkpoint()?;
        let trusted = self.trusted;
        let origin = &checkpoint.origin;
        let begin = || (origin.clone(), Chain::beginning_with(origin, trusted(origin)));
        let (_, chain) = self.chain.get_or_insert_with(begin);
        chain.follow(kept.note.as_bytes())
    }

    /// By any key that is known where the log has come to.
    fn believe_brought(&self, checkpoint: &Checkpoint) -> Result<(), CheckpointError> {
        match &self.chain {
            Some((origin, chain)) => {
                checkpoint.of(origin)?;
                checkpoint.signed_by_any(chain.known())?;
            }
            None => {
                checkpoint.signed_by_any(&(self.trusted)(&checkpoint.origin))?;
            }
        }
        Ok(())
    }

    /// The next that is kept, if it is of no more entries than this.
    async fn kept(&mut self, snapshot: &Snapshot<'_>, most: u64) -> Result<Option<Kept>, DatabaseError> {
        self.fill(snapshot).await?;
        Ok(self.page.pop_front_if(|kept| kept.size <= most))
    }

    /// Which log this is, before the first that is kept has its turn: one that was brought may be of fewer entries.
    async fn begin(&mut self, snapshot: &Snapshot<'_>) -> Result<(), DatabaseError> {
        if self.chain.is_none() {
            self.fill(snapshot).await?;
            if let Some(first) = self.page.front().and_then(|kept| kept.checkpoint().ok()) {
                let chain = Chain::beginning_with(&first.origin, (self.trusted)(&first.origin));
                self.chain = Some((first.origin, chain));
            }
        }
        Ok(())
    }

    async fn fill(&mut self, snapshot: &Snapshot<'_>) -> Result<(), DatabaseError> {
        if self.page.is_empty()
            && let Some((size, id)) = self.next.take()
        {
            let rows = snapshot.query(KEPT, &[&signed(size), &id]).await?;
            self.page = rows.iter().map(Kept::of).collect::<Result<_, _>>()?;
            self.next = self.page.back().filter(|_| rows.len() == PAGE).map(|last| (last.size, last.id));
        }
        Ok(())
    }
}
