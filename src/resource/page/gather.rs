//! Are there so few that match that all of them can be read and put in order?

use super::listed;
use crate::{
    auth::grant::{Grant, Rows},
    db::pool::{Connection, DatabaseError, Limit},
    resource::{
        record::Listed,
        request::ListRequest,
        statement::{Among, Range, Statement},
    },
};

/// Where the planner expects more than this, it is not even tried; it may be wrong by a few times.
const EXPECTED: u64 = 15_000;

/// The page, if there are few: of one's own rows, or of all.
pub(super) async fn few(
    connection: &Connection,
    grant: &Grant,
    request: &ListRequest,
    ranges: &[Range],
) -> Result<Option<Vec<Listed>>, DatabaseError> {
    if grant.rows() != Rows::All {
        // A filter that most rows pass may look better to the planner than the few rows of one customer.
        let own = gathered(connection, grant, request, ranges, Among::Own).await?;
        if own.is_some() {
            return Ok(own);
        }
    }
    if expected(connection, grant, request).await? > EXPECTED {
        return Ok(None);
    }
    gathered(connection, grant, request, ranges, Among::Matching).await
}

/// Nothing where there are many, or where it takes too long to tell.
async fn gathered(
    connection: &Connection,
    grant: &Grant,
    request: &ListRequest,
    ranges: &[Range],
    among: Among,
) -> Result<Option<Vec<Listed>>, DatabaseError> {
    let mut found = Vec::with_capacity(request.wanted());
    for range in ranges {
        let missing = request.wanted() - found.len();
        if missing == 0 {
            break;
        }
        let statement = Statement::gathered(grant, request, range, missing, among);
        let rows = match connection.planned_within(Limit::Gather, statement.planning(), statement.text(), statement.parameters()).await {
            Ok(rows) => rows,
            Err(DatabaseError::TooSlow) => return Ok(None),
            Err(error) => return Err(error),
        };
        let Some(first) = rows.first() else { return Ok(None) };
        if !first.try_get::<_, bool>(first.len() - 1)? {
            return Ok(None);
        }
        if first.try_get::<_, Option<uuid::Uuid>>(0)?.is_some() {
            found.extend(listed(&rows, request)?);
        }
    }
    Ok(Some(found))
}

async fn expected(connection: &Connection, grant: &Grant, request: &ListRequest) -> Result<u64, DatabaseError> {
    let statement = Statement::expected(grant, request);
    let plan = connection.typed(statement.text(), statement.parameters()).await?;
    let line = plan.first().map(|row| row.try_get::<_, String>(0)).transpose()?.unwrap_or_default();
    Ok(rows_of(&line))
}

/// The number in `Seq Scan on accounts t  (cost=0.00..18.10 rows=810 width=0)`.
fn rows_of(line: &str) -> u64 {
    let number = line.rsplit_once(" rows=").map_or("", |(_, rest)| rest);
    number.split(' ').next().and_then(|digits| digits.parse().ok()).unwrap_or(u64::MAX)
}
