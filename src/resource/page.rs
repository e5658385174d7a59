//! Which rows stand on one page, and is there more on either side?

use futures_util::TryStreamExt;

use super::{
    cursor::Cursor,
    record::{self, Listed},
    request::{ListRequest, Position},
    statement::{Range, Search, Statement, Towards},
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

/// Reads one page; the grant's rows and the request's filters hold for it.
///
/// # Errors
/// `TooSlow` past the limit of a list.
pub async fn read(connection: &Connection, grant: &Grant, request: &ListRequest) -> Result<Page, DatabaseError> {
    let wanted = usize::from(request.limit) + 1;
    let rows = match request.search {
        None => rows(connection, grant, request, wanted, None).await?,
        Some(_) => {
            let walked = rows(connection, grant, request, wanted, Some(Search::Walk)).await?;
            if walked.len() < wanted { rows(connection, grant, request, wanted, Some(Search::Index)).await? } else { walked }
        }
    };
    Ok(page(rows, request))
}

async fn rows(
    connection: &Connection,
    grant: &Grant,
    request: &ListRequest,
    wanted: usize,
    search: Option<Search>,
) -> Result<Vec<Listed>, DatabaseError> {
    let mut found = Vec::with_capacity(wanted);
    for range in request.position.ranges(request.order_is_nullable()) {
        let missing = wanted - found.len();
        if missing == 0 {
            break;
        }
        let statement = Statement::page(grant, request, &range, missing - 1, search);
        let mut rows = std::pin::pin!(connection.stream(statement.text(), statement.parameters()).await?);
        while let Some(row) = rows.try_next().await? {
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
