//! What should an administrator be told about this installation before anything else?

use std::sync::{Arc, OnceLock};

/// Something amiss that the console found at its start and serves in spite of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Stable, for whoever looks it up: `R004` of the proof, or `roles`.
    pub id: &'static str,
    pub what: String,
    pub remedy: String,
}

/// Known once the start is done, the same for as long as the console runs.
#[derive(Debug, Clone, Default)]
pub struct Notices(Arc<OnceLock<Vec<Notice>>>);

impl Notices {
    pub fn iter(&self) -> impl Iterator<Item = &Notice> {
        self.0.get().into_iter().flatten()
    }

    /// Settled once, at the end of the start.
    pub fn settle(&self, notices: Vec<Notice>) {
        if self.0.set(notices).is_err() {
            tracing::debug!("what an administrator is told was settled before");
        }
    }
}
