//! What is found by going along a list, stretch by stretch, and how far did that get?

use tokio_postgres::Row;

use super::{Reached, STRETCH, listed, planned};
use crate::{
    auth::grant::{Grant, Rows},
    db::pool::{Connection, DatabaseError},
    resource::{
        cursor::Cursor,
        record::Listed,
        request::ListRequest,
        statement::{Range, Statement},
    },
};

pub(super) struct Walk {
    /// What is still to be looked through, in turn.
    ahead: Vec<Range>,
    wanted: usize,
    /// Where the next page can go on: the last place looked at, if whoever asks may know it.
    place: Option<Cursor>,
    found: Vec<Listed>,
    pub(super) looked_through: usize,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Went {
    On,
    /// A stretch took longer than a list may; what was found before it stands.
    Nowhere,
}

/// What is asked for in a stretch, and where that ends; nowhere, where its part of the list does.
struct Stretch {
    found: Vec<Listed>,
    end: Option<Cursor>,
    place: Option<Cursor>,
}

impl Walk {
    pub(super) fn new(ranges: Vec<Range>, wanted: usize) -> Walk {
        Walk { ahead: ranges, wanted, place: None, found: Vec::with_capacity(wanted), looked_through: 0 }
    }

    /// Whether all that is wanted was found, or all there is was looked through.
    pub(super) fn is_over(&self) -> bool {
        self.found.len() >= self.wanted || self.ahead.is_empty()
    }

    /// What was found, and how far that is where it is not all.
    ///
    /// # Errors
    /// `TooSlow` where no place was met that the next page could begin at.
    pub(super) fn end(self) -> Result<(Vec<Listed>, Option<Reached>), DatabaseError> {
        if self.is_over() {
            return Ok((self.found, None));
        }
        let place = self.place.ok_or(DatabaseError::TooSlow)?;
        Ok((self.found, Some(Reached { place, looked_through: self.looked_through })))
    }

    /// Looks through the next stretch.
    pub(super) async fn on(&mut self, connection: &Connection, grant: &Grant, request: &ListRequest) -> Result<Went, DatabaseError> {
        let Some(range) = self.ahead.first().cloned() else { return Ok(Went::Nowhere) };
        let stretch = match stretch(connection, grant, request, &range, self.wanted - self.found.len()).await {
            Ok(stretch) => stretch,
            Err(DatabaseError::TooSlow) if self.place.is_some() => return Ok(Went::Nowhere),
            Err(error) => return Err(error),
        };
        self.found.extend(stretch.found);
        if self.found.len() >= self.wanted {
            return Ok(Went::On);
        }
        match stretch.end {
            Some(end) => {
                self.looked_through += STRETCH;
                self.ahead[0] = range.behind(&end);
                self.place = stretch.place.or(self.place.take());
            }
            None => {
                self.ahead.remove(0);
                self.place = Some(Cursor::before_those_without());
            }
        }
        Ok(Went::On)
    }
}

async fn stretch(
    connection: &Connection,
    grant: &Grant,
    request: &ListRequest,
    range: &Range,
    wanted: usize,
) -> Result<Stretch, DatabaseError> {
    let mut rows = planned(connection, &Statement::stretch(grant, request, range, STRETCH, wanted)).await?;
    let is_end = |row: &Row| row.try_get::<_, bool>(row.len() - 1);
    let end = match rows.last().map(is_end).transpose()? {
        Some(true) => rows.pop().as_ref().map(cursor).transpose()?,
        Some(false) | None => None,
    };
    let place = match &end {
        Some(end) if grant.rows() != Rows::All && !request.way(grant).is_own => {
            planned(connection, &Statement::last_own(grant, request, range, end)).await?.first().map(cursor).transpose()?
        }
        Some(_) | None => end.clone(),
    };
    Ok(Stretch { found: listed(&rows, request)?, end, place })
}

fn cursor(row: &Row) -> Result<Cursor, tokio_postgres::Error> {
    Ok(Cursor { id: row.try_get(0)?, key: row.try_get(1)? })
}
