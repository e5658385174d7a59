//! What waits longest for this reader, for the page they see first?

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    counts::{self, QueueCounts},
    query::{self, Asked},
    row::Row,
};
use crate::{
    app::Console,
    auth::{actor::Actor, policy::Action},
    db::pool::{Connection, DatabaseError},
    pages::display::Counted,
    workflows::approval::{
        queue::{self, Tab, Waiting},
        rule,
    },
};

const ROWS: &str = "6";

/// The first items of one's own part of the queue, and how many there are.
pub struct Beginning {
    pub count: Counted,
    waiting: Vec<Waiting>,
    asked: Asked,
}

/// Reads them for whoever decides.
///
/// # Errors
/// `TooSlow` past the limit of a list.
pub async fn beginning(
    console: &Console,
    connection: &Connection,
    actor: &Actor,
    kept: &QueueCounts,
) -> Result<Option<Beginning>, DatabaseError> {
    let Some(resource) = console.registry.find("transactions").filter(|resource| actor.may(Action::Decide, resource)) else {
        return Ok(None);
    };
    let Ok(grant) = actor.authorize(Action::Read, resource) else { return Ok(None) };
    let pairs = [("limit".to_owned(), ROWS.to_owned())];
    let Ok(asked) = query::parse(resource, &pairs, actor.preferences.time_zone, Tab::Mine) else { return Ok(None) };
    let rule = rule(connection).await?;
    let (page, count) = tokio::try_join!(
        queue::page(connection, &grant, &rule, Tab::Mine, &asked.list),
        counts::counts(connection, &grant, &rule, kept, &[Some(Tab::Mine)]),
    )?;
    let count = count.first().copied().unwrap_or(Counted::Unknown);
    Ok(Some(Beginning { count, waiting: page.rows, asked: asked.unlimited() }))
}

impl Beginning {
    pub fn rows(&self, reader: Uuid, now: DateTime<Utc>) -> Vec<Row<'_>> {
        self.waiting.iter().map(|waiting| Row::of(waiting, &self.asked, None, reader, now)).collect()
    }
}
