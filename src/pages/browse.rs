//! What does a table's list show, and how does its reader narrow it?

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use chrono::Utc;

mod finds;
mod panel;
mod rows;
mod sentence;
mod sheet;
mod tabs;

pub use finds::{check, names};
pub use sentence::{Clock, Names, parameter, words};
pub use tabs::{TabCounts, counted};

use finds::Found;
use sheet::{Alternative, Answer, Sheet, Slow};

use super::{display::Counted, query, shown::Viewer, urls::list_of, visit::Visit};
use crate::{
    app::Console,
    auth::{grant::Grant, policy::Action},
    db::pool::{Connection, DatabaseError},
    error::PageError,
    operations::{indexes, trigrams::Trigrams},
    resource::{
        Kind, Resource, page,
        request::{ListRequest, Position},
        store::{self, Count},
    },
};

/// For how many filters an empty list says what it would hold without them.
const ALTERNATIVES: usize = 3;

/// The list, its exports and the candidates of its pickers.
pub fn list_routes(config: &mut web::ServiceConfig) {
    config
        .app_data(web::Data::new(TabCounts::default()))
        .app_data(web::Data::new(super::export::Exports::default()))
        // Resources, not routes: another method than theirs is told so, and not that there is no such page.
        .service(web::resource("/tables/{table}").get(list).post(super::create::create))
        .service(web::resource("/tables/{table}/export.{format}").get(super::export::export))
        .service(web::resource("/tables/{table}/candidates").get(super::candidates::candidates));
}

/// `GET /tables/{table}`
async fn list(
    request: HttpRequest,
    visit: Visit,
    console: web::Data<Console>,
    counts: web::Data<TabCounts>,
    table: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let resource = find(&console, &table)?;
    let grant = visit.actor.authorize(Action::Read, resource)?;
    let viewer = Viewer::new(&visit.actor, &grant, Utc::now());
    let sheet = Sheet { request: &request, visit: &visit, console: &console, grant };
    let pairs = match query::decode(request.query_string()) {
        Ok(pairs) => pairs,
        Err(wrong) => return sheet.refuse(&[], &wrong, viewer),
    };
    let parsed = ListRequest::parse(resource, &pairs, visit.actor.preferences.time_zone);
    let mut asked = match parsed.and_then(|asked| check(&asked, &viewer).map(|()| asked)) {
        Ok(asked) => asked,
        Err(wrong) => return sheet.refuse(&pairs, &wrong, viewer),
    };
    let connection = console.database.read().await?;
    let questions = match finds::settle(&connection, &visit.actor, &mut asked).await? {
        Found::Asked => Vec::new(),
        Found::Settled(query) => {
            let place = list_of(resource, &query);
            return Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, place)).finish());
        }
        Found::Open(questions) => questions,
    };
    // All of it travels at once; the answers come back in this order.
    let (rows, count, names, tabs) = tokio::join!(
        page::read(&connection, &grant, &asked),
        store::count(&connection, &grant, &asked),
        finds::names(&connection, &visit.actor, &asked),
        tabs::tabs(&connection, &grant, &asked.query, &counts),
    );
    let viewer = viewer.in_zone(asked.zone);
    let names = names?;
    let read = match rows {
        Ok(page) => Ok(page),
        Err(DatabaseError::TooSlow) => Err(Slow { lacks: lacks(&connection, &asked).await? }),
        Err(error) => return Err(error.into()),
    };
    let count = match (&read, count) {
        // Nobody counts what stands on one page.
        (Ok(page), _) if asked.position == Position::First && page.next.is_none() => Counted::Exactly(page.rows.len() as u64),
        (_, Ok(count)) => counted(count),
        (_, Err(DatabaseError::TooSlow)) => counted(Count::Unknown),
        (_, Err(error)) => return Err(error.into()),
    };
    let alternatives = match &read {
        Ok(page) if page.rows.is_empty() && page.reached.is_none() => {
            alternatives(&connection, &grant, &asked, &names, sheet.clock(&asked)).await?
        }
        Ok(_) | Err(_) => Vec::new(),
    };
    drop(connection);
    let narrowing = narrowing(&asked, &viewer);
    sheet.show(Answer { asked, pairs, names, tabs, count, read, narrowing, alternatives, questions }, viewer)
}

/// # Errors
/// `NotFound` for a table the console does not know.
pub fn find(console: &Console, table: &str) -> Result<&'static Resource, PageError> {
    console.registry.find(table).ok_or_else(|| PageError::not_found("table of this name"))
}

/// The filters that narrow a list best and are not there yet: those an index answers.
fn narrowing(asked: &ListRequest, viewer: &Viewer<'_>) -> Vec<&'static str> {
    let narrows = |kind: Kind| matches!(kind, Kind::Choice(_) | Kind::Reference(_) | Kind::Timestamp | Kind::Money(_));
    let unused = |name: &str| !asked.filters.iter().any(|filter| filter.column.name == name);
    let columns = asked.resource.columns.iter().filter(|column| column.filterable && column.is_own() && narrows(column.kind));
    let mut helping: Vec<_> = columns.filter(|column| unused(column.name) && panel::may_filter(column, viewer)).collect();
    helping.sort_by_key(|column| !column.kept_in_order);
    helping.iter().map(|column| column.label).take(4).collect()
}

/// What makes this list slower on this database than on others.
async fn lacks(connection: &Connection, asked: &ListRequest) -> Result<Option<&'static str>, DatabaseError> {
    if asked.search.is_some() && Trigrams::of(&connection.client).await? != Trigrams::Installed {
        return Ok(Some(
            "Searches read the whole table here, because the database lacks pg_trgm; an administrator sees on the dashboard what to type.",
        ));
    }
    let is_unfinished = indexes::missing(&connection.client).await?.iter().any(|index| index.table == asked.resource.table);
    Ok(is_unfinished.then_some("An index of this table is still being built; once it is there the list is quicker."))
}

/// What the list would hold with one filter less.
async fn alternatives(
    connection: &Connection,
    grant: &Grant,
    asked: &ListRequest,
    names: &Names,
    clock: Clock,
) -> Result<Vec<Alternative>, DatabaseError> {
    if asked.search.is_some() || asked.filters.len() > ALTERNATIVES {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for (chip, filter) in sentence::chips(asked, names, clock).into_iter().zip(&asked.filters) {
        let mut fewer = asked.clone();
        fewer.filters.retain(|other| other != filter);
        match counted(store::count(connection, grant, &fewer).await?) {
            Counted::Exactly(0) | Counted::Unknown => {}
            count => found.push(Alternative { chip, count }),
        }
    }
    Ok(found)
}
