//! What refers to a record: the newest five of each table, and the way to all of them?

use chrono::{DateTime, Utc};
use futures_util::future::try_join_all;
use uuid::Uuid;

use super::{
    display::{Counted, RecordLink, Shown},
    shown::{Viewer, shown},
    urls,
    visit::Visit,
};
use crate::{
    auth::{
        actor::Actor,
        grant::{Grant, Rows},
        policy::Action,
    },
    db::{
        pool::{Connection, DatabaseError},
        value::Value,
    },
    resource::{
        Column, Kind, Owner, Registry, Resource, Slot,
        filter::{Condition, Filter},
        page,
        record::{Listed, Record},
        registry::Referrer,
        request::{ListRequest, Position, Query},
        store::{self, Count},
    },
};

const FEW: u16 = 5;
/// Values beside the label.
const BESIDE: usize = 3;

/// One table's records that belong to this one.
#[derive(Debug)]
pub struct Related {
    title: String,
    count: Counted,
    /// The filtered list, where the table can be filtered by the reference.
    all: Option<String>,
    grant: Grant,
    columns: Vec<&'static Column>,
    /// Nothing where reading them took too long.
    rows: Option<Vec<Listed>>,
}

/// The same, ready to be drawn.
#[derive(Debug)]
pub struct RelatedView<'a> {
    pub title: &'a str,
    pub count: Counted,
    pub all: Option<&'a str>,
    pub rows: Vec<RelatedRow<'a>>,
    pub late: bool,
}

#[derive(Debug)]
pub struct RelatedRow<'a> {
    pub label: String,
    pub link: RecordLink<'a>,
    pub cells: Vec<RelatedCell<'a>>,
}

#[derive(Debug)]
pub struct RelatedCell<'a> {
    /// Said before a value that means nothing alone: a yes or a no.
    pub name: Option<&'static str>,
    pub shown: Shown<'a>,
}

/// A list that is only linked: what somebody created or changed is no part of their record.
#[derive(Debug)]
pub struct Elsewhere {
    pub label: String,
    pub href: String,
}

/// What refers to a record, of what this actor may read.
///
/// # Errors
/// See [`DatabaseError`]; a table that takes too long is said so.
pub async fn of(
    connection: &Connection,
    registry: &Registry,
    visit: &Visit,
    record: &Record,
) -> Result<(Vec<Related>, Vec<Elsewhere>), DatabaseError> {
    let mut belonging = Vec::new();
    let mut elsewhere = Vec::new();
    for referrer in registry.referrers(record.resource.table) {
        let Ok(grant) = visit.actor.authorize(Action::Read, referrer.resource) else {
            continue;
        };
        if hides_what_is_theirs(&grant, referrer.column, record.id) {
            continue;
        }
        if !is_stamp(referrer.column) {
            belonging.push((referrer, grant));
        } else if referrer.column.filterable {
            elsewhere.push(Elsewhere {
                label: format!("{}: {}", referrer.resource.plural, referrer.column.label.to_lowercase()),
                href: urls::referring_url(referrer.resource, referrer.column.name, record.id),
            });
        }
    }
    let related =
        try_join_all(belonging.into_iter().map(async |(referrer, grant)| few(connection, visit, referrer, grant, record.id).await)).await?;
    Ok((related, elsewhere))
}

/// Whoever sees nothing but their own would read "none" of what somebody else has.
fn hides_what_is_theirs(grant: &Grant, column: &Column, owner: Uuid) -> bool {
    let Rows::OwnedBy(reader) = grant.rows() else { return false };
    reader != owner && matches!(grant.resource().owner, Owner::Column(name) if name == column.name)
}

fn is_stamp(column: &Column) -> bool {
    matches!(column.name, "created_by" | "updated_by")
}

async fn few(connection: &Connection, visit: &Visit, referrer: Referrer, grant: Grant, id: Uuid) -> Result<Related, DatabaseError> {
    let Referrer { resource, column } = referrer;
    let request = ListRequest {
        resource,
        filters: vec![Filter { column, condition: Condition::Any(vec![Value::Uuid(id)]) }],
        finds: Vec::new(),
        search: None,
        order: resource.order,
        limit: FEW,
        position: Position::First,
        columns: telling(resource, Some(column)),
        zone: visit.actor.preferences.time_zone,
        query: Query::default(),
    };
    let read = async { tokio::try_join!(page::read(connection, &grant, &request), store::count(connection, &grant, &request)) };
    let (rows, count) = match read.await {
        Ok((page, count)) => (Some(page.rows), counted(count)),
        Err(DatabaseError::TooSlow) => (None, Counted::Unknown),
        Err(error) => return Err(error),
    };
    // The usual reference needs no explanation: accounts of a user are those they own.
    let is_usual = resource.columns.iter().find(|other| other.is_own() && matches!(other.kind, Kind::Reference(_))) == Some(column);
    let title = if is_usual { resource.plural.to_owned() } else { format!("{} ({})", resource.plural, column.label.to_lowercase()) };
    let all = column.filterable.then(|| urls::referring_url(resource, column.name, id));
    Ok(Related { title, count, all, grant, columns: request.columns, rows })
}

/// The label, and the few columns that tell the rows apart; not the one that is the same in all of them.
pub fn telling(resource: &'static Resource, referring: Option<&Column>) -> Vec<&'static Column> {
    let label = resource.column(resource.label).filter(|column| column.name != "id");
    let weight = |column: &Column| match column.slot {
        Some(Slot::Money) => 0,
        Some(Slot::State) => 1,
        Some(Slot::Meta | Slot::Title | Slot::Key) => 2,
        None => 3,
    };
    let is_beside = |column: &&'static Column| {
        column.is_own()
            && !matches!(column.kind, Kind::LongText)
            && Some(*column) != referring
            && column.name != resource.label
            && column.name != "id"
            && weight(column) < 3
    };
    let mut beside: Vec<_> = resource.listed().filter(is_beside).collect();
    beside.sort_by_key(|column| weight(column));
    label.into_iter().chain(beside.into_iter().take(BESIDE)).collect()
}

impl Related {
    pub fn view<'a>(&'a self, actor: &'a Actor, now: DateTime<Utc>, back: &'a str) -> RelatedView<'a> {
        let viewer = Viewer::new(actor, &self.grant, now).leading_back_to(back);
        RelatedView {
            title: &self.title,
            count: self.count,
            all: self.all.as_deref(),
            rows: self.rows.iter().flatten().map(|listed| row(self.grant.resource(), &self.columns, listed, &viewer)).collect(),
            late: self.rows.is_none(),
        }
    }
}

/// One record by its label, with a link and what the columns of [`telling`] say.
pub fn row<'a>(resource: &'static Resource, columns: &[&'static Column], listed: &'a Listed, viewer: &Viewer<'a>) -> RelatedRow<'a> {
    let mut cells = columns.iter().zip(&listed.cells).map(|(column, cell)| (*column, cell)).peekable();
    let label = cells.next_if(|(column, _)| column.name == resource.label).map(|(_, cell)| cell.value.to_string());
    RelatedRow {
        label: label.filter(|label| !label.trim().is_empty()).unwrap_or_else(|| listed.id.to_string()),
        link: RecordLink { table: resource.table, id: listed.id, back: viewer.back },
        cells: cells
            .map(|(column, cell)| told(column, shown(column, cell, viewer)))
            .filter(|told| !matches!(told.shown, Shown::NotSet))
            .collect(),
    }
}

fn told<'a>(column: &'static Column, shown: Shown<'a>) -> RelatedCell<'a> {
    RelatedCell { name: matches!(shown, Shown::Boolean(_)).then_some(column.label), shown }
}

pub fn counted(count: Count) -> Counted {
    match count {
        Count::Exactly(count) => Counted::Exactly(count),
        Count::MoreThan(count) => Counted::AtLeast(count),
        Count::About(count) => Counted::About(count),
        Count::Unknown => Counted::Unknown,
    }
}
