//! How far has the walk through all rows come, and what did it meet that is still to be mended?

use std::collections::BTreeMap;

use uuid::Uuid;

/// How much is looked at in one turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// What changed last, and what was found before.
    Newest,
    /// The next stretch of everything else as well.
    AndOnward,
}

/// So many findings of one table are looked at again until they are mended; what lies behind them has to wait.
const KEPT: usize = 50;

/// One walk through each table from the newest id to the oldest, and then from the newest again. It is kept by each
/// instance for itself, and begins anew with it: with the newest, which is where a gap matters most.
#[derive(Debug, Clone, Default)]
pub struct Walk {
    places: BTreeMap<&'static str, Place>,
}

#[derive(Debug, Clone)]
struct Place {
    behind: Uuid,
    open: Vec<Uuid>,
    rounds: u32,
}

impl Default for Place {
    fn default() -> Self {
        Place { behind: Uuid::max(), open: Vec::new(), rounds: 0 }
    }
}

impl Walk {
    /// Ids below this one come next; below the smallest there is none.
    pub(super) fn behind(&self, table: &str, extent: Extent) -> Uuid {
        match extent {
            Extent::Newest => Uuid::nil(),
            Extent::AndOnward => self.places.get(table).map_or(Uuid::max(), |place| place.behind),
        }
    }

    /// What was found before, as the statements take it.
    pub(super) fn open(&self, table: &str) -> String {
        let open = self.places.get(table).map_or(&[][..], |place| &place.open);
        open.iter().map(Uuid::to_string).collect::<Vec<_>>().join(" ")
    }

    /// `last` is the smallest id of the stretch; without one the walk is through.
    pub(super) fn went(&mut self, table: &'static str, extent: Extent, last: Option<Uuid>, open: impl IntoIterator<Item = Uuid>) {
        let place = self.places.entry(table).or_default();
        place.open = open.into_iter().take(KEPT).collect();
        match (extent, last) {
            (Extent::Newest, _) => {}
            (Extent::AndOnward, Some(last)) => place.behind = last,
            (Extent::AndOnward, None) => {
                place.behind = Uuid::max();
                place.rounds = place.rounds.saturating_add(1);
            }
        }
    }

    /// How many tables have been walked through since this instance began, of how many.
    pub fn progress(&self) -> (usize, usize) {
        (self.places.values().filter(|place| place.rounds > 0).count(), self.places.len())
    }
}
