//! How does a slice of the trail leave as a file: every field of every entry, and no secret?

use tokio_postgres::Row;

use super::{
    TrailGrant,
    driver::Driver,
    entries, page,
    place::{Place, Position},
    reader::Reader,
};
use crate::{
    audit::entry::Log,
    db::pool::DatabaseError,
    resource::{Column, Kind, Registry, column::SECRETS_OF_ROWS},
};

/// Entries read at a time: a file is the list, page after page.
const BATCH: usize = 1_000;

static LOG: Column = Column::new("log", "Log", Kind::Text(20));
static BESIDE: [Column; 7] = [
    Column::new("actor_kind", "Actor's kind", Kind::Text(10)),
    Column::new("actor_name", "Actor", Kind::LongText),
    Column::new("request_id", "Request", Kind::LongText),
    Column::new("session_id", "Session", Kind::Uuid),
    Column::new("outcome", "Outcome", Kind::LongText),
    Column::new("reason", "Reason", Kind::LongText),
    Column::new("approval_id", "Approval", Kind::Uuid),
];

/// The logs' own columns, in the order of [`SELECTED`].
const OWN: [&str; 8] = ["created_at", "entity_type", "entity_id", "action", "user_id", "context", "ip_address", "user_agent"];
const DOCUMENTS: [&str; 2] = ["old_values", "new_values"];

const SELECTED: &str = "e.log, e.created_at, e.entity_type, e.entity_id, e.action, e.user_id, e.context, e.ip_address, e.user_agent, \
    d.actor_kind, d.actor_name, d.request_id, d.session_id, d.outcome, d.reason, d.approval_id";

/// The columns of the file behind the id; none where the console administers no logs.
pub fn columns(registry: &Registry) -> Vec<&'static Column> {
    let Some(log) = registry.find(Log::Main.table()) else {
        return Vec::new();
    };
    let own = |names: &'static [&'static str]| names.iter().filter_map(|name| log.column(name));
    std::iter::once(&LOG).chain(own(&OWN)).chain(&BESIDE).chain(own(&DOCUMENTS)).collect()
}

/// The next rows of the file, for `resource::export::Encoder`, and where to go on.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn batch(
    reader: &impl Reader,
    grant: TrailGrant,
    registry: &Registry,
    driver: &Driver,
    position: Position,
) -> Result<(Vec<Row>, Option<Place>), DatabaseError> {
    let page = page::read(reader, grant, registry, driver, position, BATCH).await?;
    let rows = if page.places.is_empty() { Vec::new() } else { entries::exported(reader, SELECTED, SECRETS_OF_ROWS, &page.places).await? };
    Ok((rows, page.next))
}
