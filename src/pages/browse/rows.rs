//! How do the rows of a page become a table: its heads, its cells, and which of them names the row?

use uuid::Uuid;

use super::sentence::Clock;
use crate::{
    pages::{
        display::{Cell, Heads, Rank, RecordLink, Shown, Slot, SortArrow},
        shown::{self, Viewer, shown},
        urls::list_of,
    },
    resource::{
        Column, Kind,
        order::{Direction, Order},
        page::Page,
        record::Listed,
        request::ListRequest,
    },
    workflows::run::verb::Verb,
};

pub struct Head {
    pub label: String,
    pub class: &'static str,
    pub sort: SortArrow,
    pub href: Option<String>,
}

pub struct Row<'a> {
    pub id: Uuid,
    /// What to call it beside its box; nothing where it cannot be ticked.
    pub ticked_as: Option<String>,
    pub cells: Vec<Cell<'a>>,
}

pub fn heads(request: &ListRequest, clock: Clock) -> Vec<Head> {
    let zone = clock.zone_name();
    let head = |column: &&'static Column| {
        let label = match column.kind {
            Kind::Timestamp => format!("{} ({zone})", column.label),
            _ => column.label.to_owned(),
        };
        let sort = match (request.order.column == column.name, request.order.direction) {
            (true, Direction::Ascending) => SortArrow::Ascending,
            (true, Direction::Descending) => SortArrow::Descending,
            (false, _) => SortArrow::Resting,
        };
        Head { label, class: class(column), sort, href: column.sortable.then(|| sorted(request, column)) }
    };
    request.columns.iter().map(head).collect()
}

/// A second press turns the order round; the first one puts forward what people look for.
fn sorted(request: &ListRequest, column: &'static Column) -> String {
    let direction = if request.order.column == column.name {
        request.order.direction.reversed()
    } else {
        match column.kind {
            Kind::Money(_) | Kind::Timestamp => Direction::Descending,
            _ => Direction::Ascending,
        }
    };
    let order = Order { column: column.name, direction };
    list_of(request.resource, &request.query.with("sort", &order.parameter()))
}

fn class(column: &Column) -> &'static str {
    match (column.kind, rank(column)) {
        (Kind::Money(_), _) => "money",
        (_, Rank::Wide) => "low",
        (_, Rank::Always) => "",
    }
}

fn rank(column: &Column) -> Rank {
    match column.kind {
        Kind::LongText | Kind::Json => Rank::Wide,
        _ => Rank::Always,
    }
}

/// The rows, each headed by the column that names the record: its label where that is shown, else the first.
pub fn rows<'a>(page: &'a Page, request: &ListRequest, viewer: &Viewer<'a>, verbs: &[Verb]) -> Vec<Row<'a>> {
    let heading = request.columns.iter().position(|column| column.name == request.resource.label).unwrap_or(0);
    let title_is_free = !request.columns.iter().any(|column| column.slot.map(shown::slot) == Some(Slot::Title));
    let row = |listed: &'a Listed| {
        let link = RecordLink { table: request.resource.table, id: listed.id, back: viewer.back };
        let cells = request.columns.iter().zip(&listed.cells).enumerate().map(|(index, (column, cell))| {
            let value = shown(column, cell, viewer);
            let slot = column.slot.map(shown::slot);
            if index != heading {
                return Cell { column: column.name, label: column.label, slot, rank: rank(column), heads: Heads::Nothing, shown: value };
            }
            // On a phone a row without its head could not be opened.
            let slot = slot.or(Some(if title_is_free { Slot::Title } else { Slot::Key }));
            Cell {
                column: column.name,
                label: column.label,
                slot,
                rank: Rank::Always,
                heads: Heads::Row(link),
                shown: named(value, listed.id),
            }
        });
        let is_open = verbs.iter().any(|verb| has_left(*verb, listed, request, viewer));
        Row { id: listed.id, ticked_as: is_open.then(|| name(listed, heading)), cells: cells.collect() }
    };
    page.rows.iter().map(row).collect()
}

/// Whether a verb has anything left to do with a row, as far as the columns on the page tell.
fn has_left(verb: Verb, listed: &Listed, request: &ListRequest, viewer: &Viewer<'_>) -> bool {
    let value = |name: &str| request.columns.iter().position(|column| column.name == name).map(|index| &listed.cells[index].value);
    match verb {
        Verb::Approve | Verb::Reject => value("status").is_none_or(|status| status.as_text() == Some("pending")),
        Verb::Revoke | Verb::Deactivate => value("is_active").is_none_or(|active| active.as_bool() != Some(false)),
        Verb::MarkRead => {
            value("is_read").is_none_or(|read| read.as_bool() != Some(true))
                && value("user_id").is_none_or(|user| user.as_uuid() == Some(viewer.actor.id))
        }
    }
}

/// What a row is called: a reference by its label, what has no words by its id.
fn name(listed: &Listed, heading: usize) -> String {
    let cell = listed.cells.get(heading);
    let text = cell.and_then(|cell| cell.value.as_text().or(cell.companion.as_text())).map(str::trim).filter(|text| !text.is_empty());
    text.map_or_else(|| listed.id.to_string(), str::to_owned)
}

/// A link needs words: a record without a name goes by its id.
fn named(value: Shown<'_>, id: Uuid) -> Shown<'_> {
    match value {
        Shown::NotSet | Shown::Restricted => Shown::Identifier(id),
        Shown::Text(text) | Shown::LongText(text) if text.trim().is_empty() => Shown::Identifier(id),
        other => other,
    }
}
