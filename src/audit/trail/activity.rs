//! How many entries of a slice does each day have, counted no further than a picture needs?

use futures_util::future::try_join_all;

use super::{
    TrailGrant,
    driver::{Driver, Way},
    query::Sense,
    reader::Reader,
    slice::{Depth, Filter, Test},
    statement::{Run, Statement},
};
use crate::{
    audit::entry::Log,
    db::{
        pool::DatabaseError,
        value::{Timestamp, Value},
    },
};

/// Entries of one day and one run that are looked at.
const LOOKED_AT: usize = 1_000;

/// One day's entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    pub count: u64,
    /// Whether there may be more than were counted.
    pub more: bool,
}

/// One tally a day; a day goes from its first moment to before the next one's. The slice's own period does not
/// matter: the days around it are shown beside it. `None` where entries would have to be read to be counted.
///
/// # Errors
/// See [`DatabaseError`]; running out of time is an answer, not an error.
pub async fn a_day(
    reader: &impl Reader,
    _: TrailGrant,
    driver: &Driver,
    days: &[(Timestamp, Timestamp)],
) -> Result<Option<Vec<Tally>>, DatabaseError> {
    let slice = &driver.slice;
    let filters = driver.filters();
    let depth = filters.iter().map(|filter| filter.test.depth()).max().unwrap_or(Depth::Row);
    let of_runs = |runs: &[(Log, Run)], filters: &[&Filter]| -> Vec<Statement> {
        runs.iter().map(|(log, run)| Statement::a_day(*log, run, filters, days, LOOKED_AT)).collect()
    };
    let (counted, left_out): (Vec<Statement>, Vec<Statement>) = match (&driver.way, filters.as_slice()) {
        (_, _) if depth == Depth::Documents => return Ok(None),
        (Way::Runs(_), _) if depth == Depth::Details => return Ok(None),
        // One thing left out of everything is counted apart, from an index that holds just that.
        (Way::Runs(runs), [Filter { sense: Sense::Unwanted, test: Test::Column(column, values) }]) if driver.answered.is_none() => {
            let unwanted = |log| values.iter().map(move |value| (log, Run::Of(column, Value::Text(value.clone()))));
            (of_runs(runs, &[]), of_runs(&Log::ALL.into_iter().flat_map(unwanted).collect::<Vec<_>>(), &[]))
        }
        (Way::Runs(runs), _) => (of_runs(runs, &filters), Vec::new()),
        (Way::Gathered(finding), _) => {
            let finding = &slice.filters[*finding];
            (Log::ALL.map(|log| Statement::a_day_gathered(log, finding, &filters, days)).to_vec(), Vec::new())
        }
    };
    let all = counted.iter().chain(&left_out);
    let answers = match try_join_all(all.map(|statement| reader.rows(statement))).await {
        Err(DatabaseError::TooSlow) => return Ok(None),
        answers => answers?,
    };
    let mut tallies = vec![Tally::default(); days.len()];
    for (index, rows) in answers.iter().enumerate() {
        for row in rows {
            let place = usize::try_from(row.try_get::<_, i64>(0)?).unwrap_or_default();
            let Some(tally) = place.checked_sub(1).and_then(|place| tallies.get_mut(place)) else {
                continue;
            };
            let count = u64::try_from(row.try_get::<_, i64>(1)?).unwrap_or_default();
            if index < counted.len() {
                tally.count += count;
                tally.more |= row.try_get::<_, i64>(2)? >= LOOKED_AT as i64;
            } else {
                tally.count = tally.count.saturating_sub(count);
            }
        }
    }
    Ok(Some(tallies))
}
