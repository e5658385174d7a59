//! Which rows stand on one page, and is there more on either side?

use std::time::{Duration, Instant};

use tokio_postgres::Row;

mod gather;
mod walk;

use walk::Walk;

use super::{
    cursor::Cursor,
    record::{self, Listed},
    request::{ListRequest, Position},
    statement::{NEAR, Range, Statement, Towards},
};
use crate::{
    auth::grant::Grant,
    db::pool::{Connection, DatabaseError},
};

#[derive(Debug)]
pub struct Page {
    pub rows: Vec<Listed>,
    pub previous: Option<Cursor>,
    pub next: Option<Cursor>,
    /// How far was looked, where the page is not full although there may be more.
    pub reached: Option<Reached>,
}

/// Where looking through a list has ended for now.
#[derive(Debug, Clone, PartialEq)]
pub struct Reached {
    /// The last row looked at.
    pub place: Cursor,
    pub looked_through: usize,
}

impl Position {
    /// The parts of the list to read, in turn, until the page is full.
    pub fn ranges(&self, nullable: bool) -> Vec<Range> {
        let valued = |beyond, towards| Range::Valued { beyond, towards };
        let null = |beyond, towards| Range::Null { beyond, towards };
        let mut ranges = match self {
            Position::First => vec![valued(None, Towards::End), null(None, Towards::End)],
            Position::After(cursor) if cursor.key.is_null() => {
                vec![null(Some(cursor.id), Towards::End)]
            }
            Position::After(cursor) => vec![valued(Some((cursor.key.clone(), cursor.id)), Towards::End), null(None, Towards::End)],
            Position::Before(cursor) if cursor.key.is_null() => vec![null(Some(cursor.id), Towards::Start), valued(None, Towards::Start)],
            Position::Before(cursor) => vec![valued(Some((cursor.key.clone(), cursor.id)), Towards::Start)],
        };
        if !nullable {
            ranges.retain(|range| matches!(range, Range::Valued { .. }));
        }
        ranges
    }
}

impl ListRequest {
    /// Whether rows with NULL stand behind those with a value.
    pub fn order_is_nullable(&self) -> bool {
        self.resource.column(self.order.column).is_some_and(|column| column.nullable && column.name != "id")
    }

    /// One row more than the page has, to tell whether there is another.
    fn wanted(&self) -> usize {
        usize::from(self.limit) + 1
    }
}

/// How many rows of a list are looked through for one page.
pub const FAR: usize = 50_000;
/// How many of them at a time: between two a page can end that has taken long enough.
const STRETCH: usize = 25_000;
/// How much further than near it is worth to look first, if as many times what was found there fills the page.
const FURTHER: usize = 10;
const PATIENCE: Duration = Duration::from_secs(3);

/// Reads one page; the grant's rows and the request's filters hold for it.
///
/// What is not held ready in its order is looked for among the next rows of the list first, which is where most of what
/// people ask for is. Only what is rare, or far off, is then gathered from the whole table by its own indexes; what is
/// too much to gather is looked for further on, so far and no further: the next page goes on from there.
///
/// # Errors
/// `TooSlow` where not even the next rows could be read within the limit of a list, or where none of a great many are
/// one's own.
pub async fn read(connection: &Connection, grant: &Grant, request: &ListRequest) -> Result<Page, DatabaseError> {
    let started = Instant::now();
    let ranges = request.position.ranges(request.order_is_nullable());
    if request.stands_in_order(grant) {
        return Ok(page(straight(connection, grant, request, &ranges).await?, None, request));
    }
    for length in [NEAR, NEAR * FURTHER] {
        let statement = Statement::near(grant, request, &ranges[0], length, request.wanted());
        let near = listed(&planned(connection, &statement).await?, request)?;
        if near.len() == request.wanted() {
            return Ok(page(near, None, request));
        }
        if near.len() * FURTHER < request.wanted() {
            break;
        }
    }
    // Most pages get no further, and what it takes to would lie on the stack of all of them.
    Box::pin(beyond(connection, grant, request, ranges, started)).await
}

/// What is not near: all that matches, if that is little, else what is met on the way.
async fn beyond(
    connection: &Connection,
    grant: &Grant,
    request: &ListRequest,
    ranges: Vec<Range>,
    started: Instant,
) -> Result<Page, DatabaseError> {
    if let Some(few) = gather::few(connection, grant, request, &ranges).await? {
        return Ok(page(few, None, request));
    }
    let mut walk = Walk::new(ranges, request.wanted());
    while !walk.is_over() && walk.looked_through < FAR && (walk.looked_through == 0 || started.elapsed() < PATIENCE) {
        if walk.on(connection, grant, request).await? == walk::Went::Nowhere {
            break;
        }
    }
    let (found, reached) = walk.end()?;
    Ok(page(found, reached, request))
}

async fn straight(connection: &Connection, grant: &Grant, request: &ListRequest, ranges: &[Range]) -> Result<Vec<Listed>, DatabaseError> {
    let mut found = Vec::with_capacity(request.wanted());
    for range in ranges {
        if found.len() < request.wanted() {
            let statement = Statement::straight(grant, request, range, request.wanted() - found.len());
            found.extend(listed(&planned(connection, &statement).await?, request)?);
        }
    }
    Ok(found)
}

async fn planned(connection: &Connection, statement: &Statement) -> Result<Vec<Row>, DatabaseError> {
    connection.planned(statement.planning(), statement.text(), statement.parameters()).await
}

fn listed(rows: &[Row], request: &ListRequest) -> Result<Vec<Listed>, tokio_postgres::Error> {
    let listed = |row: &Row| Ok(Listed { id: row.try_get(0)?, key: row.try_get(1)?, cells: record::cells(row, 2, &request.columns)? });
    rows.iter().map(listed).collect()
}

/// Cuts the row too many, which only tells that there is more, and turns a page read backwards. A page that has
/// nothing to show is left, either way, from where looking ended: what it lies between has been looked through.
fn page(mut rows: Vec<Listed>, reached: Option<Reached>, request: &ListRequest) -> Page {
    let limit = usize::from(request.limit);
    let more = rows.len() > limit;
    rows.truncate(limit);
    if matches!(request.position, Position::Before(_)) {
        rows.reverse();
    }
    let cursor = |row: Option<&Listed>| row.map(|row| Cursor { key: row.key.clone(), id: row.id });
    let (first, last) = (cursor(rows.first()), cursor(rows.last()));
    let place = reached.as_ref().map(|reached| reached.place.clone());
    let further = |edge: &Option<Cursor>| if more { edge.clone() } else { place.clone() };
    let (previous, next) = match request.position {
        Position::First => (None, further(&last)),
        Position::After(_) => {
            let next = further(&last);
            (Some(first.or(place).unwrap_or_else(|| Cursor::behind_all(request.order))), next)
        }
        Position::Before(_) => {
            let previous = further(&first);
            (previous, last.or(place))
        }
    };
    Page { rows, previous, next, reached }
}
