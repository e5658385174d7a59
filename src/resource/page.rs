//! Which rows stand on one page, and is there more on either side?

use super::{
    cursor::Cursor,
    record::{self, Listed},
    request::{ListRequest, Position},
    statement::{Range, Statement, Towards, Way},
    store,
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
}

/// As many on a walk that did not fill the page promise that going on will, within five times as far.
const OFTEN_MET: usize = 10;

/// Reads one page; the grant's rows and the request's filters hold for it.
///
/// What is not held ready in its order is looked for among the next rows of the list first, which is where most of what
/// people ask for is. Only what is rare, or far off, is then gathered from the whole table by its own indexes; what is
/// too much to gather is common enough to be met on the way.
///
/// # Errors
/// `TooSlow` past the limit of a list.
pub async fn read(connection: &Connection, grant: &Grant, request: &ListRequest) -> Result<Page, DatabaseError> {
    let ranges = request.position.ranges(request.order_is_nullable());
    if request.stands_in_order(grant) {
        return Ok(page(rows(connection, grant, request, &ranges, Way::Straight).await?, request));
    }
    // A second part begins only where the first has ended, and a walk does not reach its end.
    let walked = rows(connection, grant, request, &ranges[..1], Way::Walk).await?;
    if walked.len() > usize::from(request.limit) {
        return Ok(page(walked, request));
    }
    let way = if request.asks_for_words() {
        Way::Gather
    } else if walked.len() >= OFTEN_MET || !store::is_few(connection, grant, request).await? {
        Way::Straight
    } else {
        Way::Gather
    };
    Ok(page(rows(connection, grant, request, &ranges, way).await?, request))
}

async fn rows(
    connection: &Connection,
    grant: &Grant,
    request: &ListRequest,
    ranges: &[Range],
    way: Way,
) -> Result<Vec<Listed>, DatabaseError> {
    let wanted = usize::from(request.limit) + 1;
    let mut found = Vec::with_capacity(wanted);
    for range in ranges {
        let missing = wanted - found.len();
        if missing == 0 {
            break;
        }
        let statement = Statement::page(grant, request, range, missing - 1, way);
        for row in connection.planned(statement.planning(), statement.text(), statement.parameters()).await? {
            found.push(Listed { id: row.try_get(0)?, key: row.try_get(1)?, cells: record::cells(&row, 2, &request.columns)? });
        }
    }
    Ok(found)
}

/// Cuts the row too many, which only tells that there is more, and turns a page read backwards.
fn page(mut rows: Vec<Listed>, request: &ListRequest) -> Page {
    let limit = usize::from(request.limit);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let backwards = matches!(request.position, Position::Before(_));
    if backwards {
        rows.reverse();
    }
    let cursor = |row: Option<&Listed>| row.map(|row| Cursor { key: row.key.clone(), id: row.id });
    let (has_previous, has_next) = match request.position {
        Position::First => (false, more),
        Position::After(_) => (true, more),
        Position::Before(_) => (more, true),
    };
    Page { previous: cursor(rows.first()).filter(|_| has_previous), next: cursor(rows.last()).filter(|_| has_next), rows }
}
