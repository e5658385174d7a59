//! Which records of all tables match what somebody seeks, within what they may read?

use tokio_postgres::Row;

use super::{
    Column,
    record::{self, Listed},
    sought::Sought,
    statement::Statement,
};
use crate::{
    auth::grant::Grant,
    db::pool::{Answered, Connection, DatabaseError, Limit},
};

/// As many of one table as a page of all of them has room for.
pub const FEW: usize = 5;

/// One table to look through, and the columns that tell its records apart.
#[derive(Debug, Clone)]
pub struct Place {
    pub grant: Grant,
    pub columns: Vec<&'static Column>,
}

#[derive(Debug)]
pub enum Answer {
    Found {
        hits: Vec<Hit>,
        /// Whether there are more than these.
        more: bool,
    },
    /// Not looked through to the end.
    TooMany,
}

#[derive(Debug)]
pub struct Hit {
    /// The cells of the place's columns.
    pub listed: Listed,
    /// What stands in each column looked through; of a long text what is around the first word found.
    pub texts: Vec<(&'static Column, Option<String>)>,
}

/// Looks through all places, an answer for each. All of it travels at once, on one connection.
///
/// # Errors
/// See [`DatabaseError`]; a table that takes too long is an answer.
pub async fn everywhere(connection: &Connection, places: &[Place], sought: &Sought) -> Result<Vec<Answer>, DatabaseError> {
    let statements: Vec<Statement> = places.iter().map(|place| Statement::found(&place.grant, &place.columns, sought, FEW + 1)).collect();
    // Words come in too many numbers to prepare, and the best plan depends on how rare they are.
    let texts: Vec<_> = statements.iter().map(|statement| (statement.text(), statement.parameters())).collect();
    let read = connection.all_planned(Limit::Search, &texts).await?;
    places.iter().zip(read).map(|(place, rows)| answer(place, rows)).collect()
}

fn answer(place: &Place, rows: Answered) -> Result<Answer, DatabaseError> {
    let rows = match rows {
        Ok(rows) => rows,
        Err(DatabaseError::TooSlow) => return Ok(Answer::TooMany),
        Err(error) => return Err(error),
    };
    let mut hits = rows.iter().map(|row| hit(place, row)).collect::<Result<Vec<Hit>, _>>()?;
    let more = hits.len() > FEW;
    hits.truncate(FEW);
    Ok(Answer::Found { hits, more })
}

fn hit(place: &Place, row: &Row) -> Result<Hit, tokio_postgres::Error> {
    let listed = Listed { id: row.try_get(0)?, key: row.try_get(1)?, cells: record::cells(row, 2, &place.columns)? };
    let columns: Vec<&'static Column> = place.grant.resource().found_globally().collect();
    // They come last, whatever the cells before them take.
    let first = row.len() - columns.len();
    let texts = columns.into_iter().enumerate().map(|(index, column)| Ok((column, row.try_get(first + index)?)));
    Ok(Hit { listed, texts: texts.collect::<Result<_, tokio_postgres::Error>>()? })
}
