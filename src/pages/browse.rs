//! What does a table's list show, and how does its reader narrow it?

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};
use askama::Template;
use chrono::Utc;

mod finds;
mod panel;
mod rows;
mod sentence;
mod tabs;

pub use finds::check;
pub use tabs::{TabCounts, counted};

use finds::{Found, Question};
use panel::{STATE, Typed};
use rows::{Head, Row};
use sentence::{Clock, Names};

use super::{
    display::{Chip, ChoiceOption, Control, Counted, FilterField, Pager, SizeLink, Tab, return_to},
    frame::{Crumb, Frame},
    query, response,
    shown::Viewer,
    urls::{Ending, export_url, list_of, list_url, new_url, with_return},
    visit::Visit,
};
use crate::{
    app::Console,
    auth::{grant::Grant, policy::Action},
    db::pool::{Connection, DatabaseError},
    error::PageError,
    resource::{
        Kind, Listing, Resource,
        page::{self, Page},
        request::{BadQuery, ListRequest, Position, Query},
        store::{self, Count},
    },
};

const SIZES: [u16; 4] = [25, 50, 100, 200];
/// For how many filters an empty list says what it would hold without them.
const ALTERNATIVES: usize = 3;

/// The list, its exports and the candidates of its pickers.
pub fn list_routes(config: &mut web::ServiceConfig) {
    config
        .app_data(web::Data::new(TabCounts::default()))
        .app_data(web::Data::new(super::export::Exports::default()))
        .route("/tables/{table}", web::get().to(list))
        .route("/tables/{table}/export.csv", web::get().to(super::export::csv))
        .route("/tables/{table}/export.jsonl", web::get().to(super::export::json_lines))
        .route("/tables/{table}/candidates", web::get().to(super::candidates::candidates));
}

#[derive(Template)]
#[template(path = "resource/list.html")]
struct ListPage<'a> {
    frame: Frame,
    resource: &'static Resource,
    count: Counted,
    /// Where a new record is made, for those who may.
    new: Option<String>,
    exports: Vec<(&'static str, String)>,
    search: String,
    tabs: Vec<Tab>,
    chips: Vec<Chip>,
    all: String,
    filters: Vec<FilterField<'a>>,
    /// Whether a column holds anything at all, asked apart because most people never do.
    presences: Vec<FilterField<'a>>,
    columns: Vec<ChoiceOption<'a>>,
    /// What each form carries along: everything the others say.
    beside_search: Query,
    beside_filters: Query,
    beside_columns: Query,
    questions: Vec<Question>,
    caption: String,
    zone: &'a str,
    heads: Vec<Head>,
    body: Body<'a>,
    pager: Option<Pager>,
}

/// What stands where the rows go.
enum Body<'a> {
    Rows(Vec<Row<'a>>),
    /// The table holds nothing at all.
    Empty,
    /// Nothing matches; what some filters' absence would give.
    NoMatch(Vec<Alternative>),
    /// A place in the list that has no rows any more.
    Beyond,
    /// Reading took too long; filters that would help.
    TooSlow(Vec<&'static str>),
    Wrong {
        problem: String,
        without: String,
    },
}

struct Alternative {
    chip: Chip,
    count: Counted,
}

impl ListPage<'_> {
    fn action(&self) -> String {
        list_url(self.resource)
    }

    /// Beside the title, where no tab says it.
    fn says_count(&self) -> bool {
        self.count != Counted::Unknown && !self.tabs.iter().any(|tab| tab.current)
    }

    fn has_wrong_filter(&self) -> bool {
        self.filters.iter().chain(&self.presences).any(|filter| filter.error.is_some())
    }

    /// Whether one of the folded questions is answered or wrong, and so must be seen.
    fn asks_presence(&self) -> bool {
        let is_chosen = |filter: &FilterField<'_>| matches!(&filter.control, Control::One { options, .. } if options.iter().any(|option| option.chosen));
        self.presences.iter().any(|filter| filter.error.is_some() || is_chosen(filter))
    }

    fn is_searchable(&self) -> bool {
        self.resource.searchable().next().is_some()
    }

    fn search_label(&self) -> String {
        format!("Search {}", self.resource.several())
    }

    /// The same list without a place in it.
    fn first_page(&self) -> String {
        list_of(self.resource, &self.beside_search.with("q", &self.search).without_value("q", ""))
    }
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
        Err(DatabaseError::TooSlow) => Err(slow(&asked, &viewer)),
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
        Ok(page) if page.rows.is_empty() => alternatives(&connection, &grant, &asked, &names, sheet.clock(&asked)).await?,
        Ok(_) | Err(_) => Vec::new(),
    };
    drop(connection);
    sheet.show(Answer { asked, pairs, names, tabs, count, read, alternatives, questions }, viewer)
}

/// # Errors
/// `NotFound` for a table the console does not know.
pub fn find(console: &Console, table: &str) -> Result<&'static Resource, PageError> {
    console.registry.find(table).ok_or_else(|| PageError::not_found("table of this name"))
}

/// The filters that narrow a list best and are not there yet: those an index answers.
fn slow(asked: &ListRequest, viewer: &Viewer<'_>) -> Vec<&'static str> {
    let narrows = |kind: Kind| matches!(kind, Kind::Choice(_) | Kind::Reference(_) | Kind::Timestamp | Kind::Money(_));
    let unused = |name: &str| !asked.filters.iter().any(|filter| filter.column.name == name);
    let columns = asked.resource.columns.iter().filter(|column| column.filterable && column.is_own() && narrows(column.kind));
    columns.filter(|column| unused(column.name) && panel::may_filter(column, viewer)).map(|column| column.label).take(4).collect()
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

/// Everything that was read for one list.
struct Answer {
    asked: ListRequest,
    pairs: Vec<(String, String)>,
    names: Names,
    tabs: Vec<Tab>,
    count: Counted,
    /// The page, or the filters that would make it quick enough to read.
    read: Result<Page, Vec<&'static str>>,
    alternatives: Vec<Alternative>,
    questions: Vec<Question>,
}

/// What every variant of the page is drawn on.
struct Sheet<'a> {
    request: &'a HttpRequest,
    visit: &'a Visit,
    console: &'a Console,
    grant: Grant,
}

impl Sheet<'_> {
    fn clock(&self, asked: &ListRequest) -> Clock {
        Clock { now: Utc::now(), zone: asked.zone }
    }

    fn frame(&self, title: &str) -> Frame {
        let resource = self.grant.resource();
        let crumbs =
            vec![Crumb { label: resource.group.title().to_owned(), href: None }, Crumb { label: resource.plural.to_owned(), href: None }];
        Frame::for_page(self.console, self.visit, self.request, title.to_owned(), crumbs)
    }

    fn here(&self) -> String {
        self.request.uri().path_and_query().map_or_else(|| list_url(self.grant.resource()), ToString::to_string)
    }

    fn new_link(&self) -> Option<String> {
        let resource = self.grant.resource();
        self.visit.actor.may(Action::Create, resource).then(|| with_return(&new_url(resource), &self.here()))
    }

    fn exports(&self, query: &Query) -> Vec<(&'static str, String)> {
        let resource = self.grant.resource();
        if !self.visit.actor.may(Action::Export, resource) {
            return Vec::new();
        }
        let query = query.without(&["limit", "columns"]);
        vec![("CSV", export_url(resource, Ending::Csv, &query)), ("JSON Lines", export_url(resource, Ending::JsonLines, &query))]
    }

    fn show(self, answer: Answer, viewer: Viewer<'_>) -> Result<HttpResponse, PageError> {
        let Answer { asked, pairs, names, tabs, count, read, alternatives, questions } = answer;
        let resource = asked.resource;
        let clock = self.clock(&asked);
        let zone = clock.zone_name();
        let filterables = panel::filterables(resource, &viewer);
        let typed = Typed { pairs: &pairs, names: &names, wrong: None };
        let back = return_to(&self.here());
        let viewer = viewer.leading_back_to(&back);
        let pager = read.as_ref().ok().filter(|page| !page.rows.is_empty()).map(|page| pager(&asked, page, count));
        let body = match &read {
            Err(filters) => Body::TooSlow(filters.clone()),
            Ok(page) if !page.rows.is_empty() => Body::Rows(rows::rows(page, &asked, &viewer)),
            Ok(_) if asked.position != Position::First => Body::Beyond,
            Ok(_) if asked.is_filtered() => Body::NoMatch(alternatives),
            Ok(_) => Body::Empty,
        };
        let page = ListPage {
            frame: self.frame(resource.plural),
            resource,
            count,
            new: self.new_link(),
            exports: self.exports(&asked.query),
            search: asked.search.clone().unwrap_or_default(),
            tabs,
            chips: sentence::chips(&asked, &names, clock),
            all: list_of(resource, &state(&asked.query)),
            filters: panel::controls(&filterables, &typed, &zone),
            presences: panel::presences(&filterables, &typed),
            columns: column_choices(resource, &asked),
            beside_search: asked.query.without(&["q"]),
            beside_filters: Query(asked.query.0.iter().filter(|(name, _)| STATE.contains(&name.as_str())).cloned().collect()),
            beside_columns: asked.query.without(&["columns"]),
            questions,
            caption: format!("{}, {}", resource.plural, sentence::order_words(resource, asked.order)),
            zone: &zone,
            heads: rows::heads(&asked, clock),
            body,
            pager,
        };
        Ok(response::page(self.request, StatusCode::OK, &page))
    }

    /// The list's own page, saying which parameter is not exactly right.
    fn refuse(self, pairs: &[(String, String)], wrong: &BadQuery, viewer: Viewer<'_>) -> Result<HttpResponse, PageError> {
        let resource = self.grant.resource();
        let query = Query(pairs.iter().filter(|(name, _)| name != "after" && name != "before").cloned().collect());
        let without = query.without(&[&wrong.parameter]);
        let clock = Clock { now: Utc::now(), zone: viewer.zone };
        let zone = clock.zone_name();
        let filterables = panel::filterables(resource, &viewer);
        let typed = Typed { pairs, names: &Names::new(), wrong: Some(wrong) };
        let value = |name: &str| pairs.iter().find(|pair| pair.0 == name).map(|pair| pair.1.clone()).unwrap_or_default();
        let page = ListPage {
            frame: self.frame(&format!("Error: {}", resource.plural)),
            resource,
            count: Counted::Unknown,
            new: self.new_link(),
            exports: Vec::new(),
            search: value("q"),
            tabs: tabs::uncounted(&self.grant, &query),
            chips: Vec::new(),
            all: list_url(resource),
            filters: panel::controls(&filterables, &typed, &zone),
            presences: panel::presences(&filterables, &typed),
            columns: Vec::new(),
            beside_search: Query::default(),
            beside_filters: Query::default(),
            beside_columns: Query::default(),
            questions: Vec::new(),
            caption: resource.plural.to_owned(),
            zone: &zone,
            heads: Vec::new(),
            body: Body::Wrong { problem: wrong.to_string(), without: list_of(resource, &without) },
            pager: None,
        };
        Ok(response::page(self.request, StatusCode::BAD_REQUEST, &page))
    }
}

/// The list without any filter or search, as it is sorted and drawn now.
fn state(query: &Query) -> Query {
    Query(query.0.iter().filter(|(name, _)| name != "q" && STATE.contains(&name.as_str())).cloned().collect())
}

fn column_choices(resource: &'static Resource, asked: &ListRequest) -> Vec<ChoiceOption<'static>> {
    let offered = resource.columns.iter().filter(|column| column.listing != Listing::Never);
    offered.map(|column| ChoiceOption { value: column.name, label: column.label, chosen: asked.columns.contains(&column) }).collect()
}

fn pager(asked: &ListRequest, page: &Page, count: Counted) -> Pager {
    let list = |query: &Query| list_of(asked.resource, query);
    let mut sizes: Vec<u16> = SIZES.into_iter().chain([asked.limit]).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let size = |size: u16| SizeLink {
        size: u32::from(size),
        href: (size != asked.limit).then(|| list(&asked.query.with("limit", &size.to_string()))),
    };
    let beside = |name: &'static str, cursor: &crate::resource::cursor::Cursor| list(&asked.query.with(name, &cursor.encode(asked.order)));
    Pager {
        rows: page.rows.len(),
        count,
        sizes: sizes.into_iter().map(size).collect(),
        previous: page.previous.as_ref().map(|cursor| beside("before", cursor)),
        next: page.next.as_ref().map(|cursor| beside("after", cursor)),
    }
}
