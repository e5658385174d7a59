//! How many entries does a slice have, counted no further than it matters?

use futures_util::future::try_join_all;

use super::{
    TrailGrant,
    driver::{Driver, Way},
    reader::Reader,
    slice::Depth,
    statement::Statement,
};
use crate::{
    audit::entry::Log,
    db::pool::DatabaseError,
    resource::store::{COUNTED, Count},
};

/// Entries of one run that are looked at to count those that are asked for.
const LOOKED_AT: usize = 2_000;

/// What would have to be read entry by entry is not counted.
///
/// # Errors
/// See [`DatabaseError`]; running out of time is an answer, not an error.
pub async fn count(reader: &impl Reader, _: TrailGrant, driver: &Driver) -> Result<Count, DatabaseError> {
    let slice = &driver.slice;
    let filters = driver.filters();
    let depth = filters.iter().map(|filter| filter.test.depth()).max().unwrap_or(Depth::Row);
    let (statements, is_bounded): (Vec<Statement>, _) = match &driver.way {
        _ if depth == Depth::Documents => return Ok(Count::Unknown),
        Way::Runs(runs) if driver.is_straight() => {
            (runs.iter().map(|(log, run)| Statement::count(*log, run, slice.period, COUNTED as usize + 1)).collect(), Bounded::No)
        }
        Way::Runs(_) if depth == Depth::Details => return Ok(Count::Unknown),
        Way::Runs(runs) => {
            (runs.iter().map(|(log, run)| Statement::count_walked(*log, run, &filters, slice.period, LOOKED_AT)).collect(), Bounded::Yes)
        }
        Way::Gathered(finding) => {
            let finding = &slice.filters[*finding];
            (Log::ALL.map(|log| Statement::count_gathered(log, finding, &filters, slice.period)).to_vec(), Bounded::No)
        }
    };
    let answers = match try_join_all(statements.iter().map(|statement| reader.rows(statement))).await {
        Err(DatabaseError::TooSlow) => return Ok(Count::Unknown),
        answers => answers?,
    };
    let (mut count, mut is_whole) = (0_u64, true);
    for row in answers.iter().flatten() {
        count = count.saturating_add(u64::try_from(row.try_get::<_, i64>(0)?).unwrap_or_default());
        if is_bounded == Bounded::Yes {
            // A walk counts entries with a time; those without are few, and only asked for where all of time is.
            is_whole &= row.try_get::<_, i64>(1)? < LOOKED_AT as i64 && !slice.period.is_all_of_time();
        }
    }
    Ok(match (count > COUNTED, is_whole) {
        (true, _) => Count::MoreThan(COUNTED),
        (false, true) => Count::Exactly(count),
        (false, false) if count == 0 => Count::Unknown,
        (false, false) => Count::MoreThan(count),
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bounded {
    Yes,
    No,
}
