//! Which entries stand on one page, and is there more on either side?

use futures_util::future::try_join_all;
use tokio_postgres::Row;

use super::{
    TrailGrant,
    driver::{Driver, Way},
    entries,
    place::{Place, Position},
    query::Sense,
    reader::Reader,
    statement::{Part, Statement, Stretch, WALK},
};
use crate::{
    audit::entry::Log,
    db::pool::DatabaseError,
    resource::{Registry, statement::Towards},
};

/// Entries that are read at a time to look for words in them.
const AT_ONCE: usize = 200;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    pub places: Vec<Place>,
    /// The page before begins in front of this one.
    pub previous: Option<Place>,
    pub next: Option<Place>,
    /// How far was looked through, where the page is not full although there may be more.
    pub unfinished: Option<Place>,
}

/// Reads one page of at most `limit`.
///
/// # Errors
/// `TooSlow` past the limit of a read.
pub async fn read(
    reader: &impl Reader,
    grant: TrailGrant,
    registry: &Registry,
    driver: &Driver,
    position: Position,
    limit: usize,
) -> Result<Page, DatabaseError> {
    let mut places = Vec::new();
    let mut unfinished = None;
    for stretch in stretches(position, driver) {
        let missing = (limit + 1).saturating_sub(places.len());
        if missing == 0 || unfinished.is_some() {
            break;
        }
        let found = some(reader, grant, registry, driver, stretch, missing).await?;
        places.extend(found.places);
        unfinished = found.unfinished;
    }
    Ok(page(places, unfinished, position, limit))
}

/// The parts of the trail to read, in turn, until the page is full.
fn stretches(position: Position, driver: &Driver) -> Vec<Stretch> {
    let stretch = |part, beyond, towards| Stretch { part, beyond, towards };
    let (timed, timeless) = (Part::Timed, Part::Timeless);
    let mut stretches = match position {
        Position::First => vec![stretch(timed, None, Towards::End), stretch(timeless, None, Towards::End)],
        Position::After(place) if place.at.is_none() => vec![stretch(timeless, Some(place), Towards::End)],
        Position::After(place) => vec![stretch(timed, Some(place), Towards::End), stretch(timeless, None, Towards::End)],
        Position::Before(place) if place.at.is_none() => {
            vec![stretch(timeless, Some(place), Towards::Start), stretch(timed, None, Towards::Start)]
        }
        Position::Before(place) => vec![stretch(timed, Some(place), Towards::Start)],
    };
    if !driver.slice.period.is_all_of_time() {
        stretches.retain(|stretch| stretch.part == timed);
    }
    stretches
}

struct Found {
    places: Vec<Place>,
    unfinished: Option<Place>,
}

/// The next `wanted` of a stretch, or all that a walk met and how far it went.
async fn some(
    reader: &impl Reader,
    grant: TrailGrant,
    registry: &Registry,
    driver: &Driver,
    stretch: Stretch,
    wanted: usize,
) -> Result<Found, DatabaseError> {
    let slice = &driver.slice;
    let seeks_words = slice.words().next().is_some();
    // Which of them hold the words turns out later.
    let most = if seeks_words { WALK } else { wanted };
    let filters = driver.filters();
    let (logs, statements): (Vec<Log>, Vec<Statement>) = match &driver.way {
        Way::Runs(runs) if driver.is_straight() => {
            runs.iter().map(|(log, run)| (*log, Statement::straight(*log, run, slice.period, stretch, most))).unzip()
        }
        Way::Runs(runs) => {
            runs.iter().map(|(log, run)| (*log, Statement::walked(*log, run, &filters, slice.period, stretch, most))).unzip()
        }
        Way::Gathered(finding) => {
            let finding = &slice.filters[*finding];
            Log::ALL.map(|log| (log, Statement::gathered(log, finding, &filters, slice.period, stretch, most))).into_iter().unzip()
        }
    };
    let answers = try_join_all(statements.iter().map(|statement| reader.rows(statement))).await?;
    let mut places = Vec::new();
    for (log, rows) in logs.into_iter().zip(&answers) {
        places.extend(entries::places(log, rows)?);
    }
    sort(&mut places, stretch.towards);
    let end = if driver.is_straight() { None } else { end_of_walk(reader, driver, stretch, &answers, most).await? };
    if let Some(end) = end {
        places.retain(|place| !is_beyond(place, &end, stretch.towards));
    }
    if seeks_words {
        places = with_words(reader, grant, registry, driver, places, wanted).await?;
    }
    places.truncate(wanted);
    let unfinished = end.filter(|_| places.len() < wanted);
    Ok(Found { places, unfinished })
}

/// Where the first of several walks ended that did not find enough: what the others met beyond may have something
/// before it that nobody has looked at.
async fn end_of_walk(
    reader: &impl Reader,
    driver: &Driver,
    stretch: Stretch,
    answers: &[Vec<Row>],
    most: usize,
) -> Result<Option<Place>, DatabaseError> {
    let Way::Runs(runs) = &driver.way else {
        return Ok(None);
    };
    let short = runs.iter().zip(answers).filter(|(_, rows)| rows.len() < most);
    let ends = short.map(async |((log, run), _)| {
        let rows = reader.rows(&Statement::end_of_walk(*log, run, driver.slice.period, stretch)).await?;
        entries::places(*log, &rows)
    });
    let mut ends: Vec<Place> = try_join_all(ends).await?.into_iter().flatten().collect();
    sort(&mut ends, stretch.towards);
    Ok(ends.first().copied())
}

/// Those that hold the words in what is shown of them, no more of them than are wanted.
async fn with_words(
    reader: &impl Reader,
    grant: TrailGrant,
    registry: &Registry,
    driver: &Driver,
    places: Vec<Place>,
    wanted: usize,
) -> Result<Vec<Place>, DatabaseError> {
    let mut found = Vec::new();
    for some in places.chunks(AT_ONCE) {
        let entries = entries::at(reader, grant, registry, some).await?;
        for (place, told) in some.iter().zip(&entries) {
            let passes = |(sense, words): (Sense, &str)| told.entry.tells_of(words) == (sense == Sense::Wanted);
            if driver.slice.words().all(passes) {
                found.push(*place);
            }
        }
        if found.len() >= wanted {
            break;
        }
    }
    Ok(found)
}

fn sort(places: &mut [Place], towards: Towards) {
    match towards {
        Towards::End => places.sort_by(Place::order),
        Towards::Start => places.sort_by(|one, other| other.order(one)),
    }
}

fn is_beyond(place: &Place, end: &Place, towards: Towards) -> bool {
    match towards {
        Towards::End => place.order(end).is_gt(),
        Towards::Start => place.order(end).is_lt(),
    }
}

/// Cuts the entry too many, which only tells that there is more, and turns a page read backwards.
fn page(mut places: Vec<Place>, unfinished: Option<Place>, position: Position, limit: usize) -> Page {
    let more = places.len() > limit;
    places.truncate(limit);
    if matches!(position, Position::Before(_)) {
        places.reverse();
    }
    let (first, last) = (places.first().copied(), places.last().copied());
    let further = |edge: Option<Place>| if more { edge } else { unfinished };
    let (previous, next) = match position {
        Position::First => (None, further(last)),
        Position::After(place) => (first.or(Some(place)), further(last)),
        Position::Before(place) => (further(first), last.or(Some(place))),
    };
    Page { places, previous, next, unfinished: unfinished.filter(|_| !more) }
}
