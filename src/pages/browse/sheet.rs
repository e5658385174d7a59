//! How is a list's page put together, whether it has rows, none, or a query that is not exactly right?

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
};
use askama::Template;
use chrono::Utc;

use super::{
    finds::Question,
    panel::{self, STATE, Typed},
    rows::{self, Head, Row},
    sentence::{self, Clock, Names},
    tabs,
};
use crate::{
    app::Console,
    auth::{grant::Grant, policy::Action},
    error::PageError,
    pages::{
        display::{Chip, ChoiceOption, Control, Counted, FilterField, Further, Pager, SizeLink, Tab, return_to},
        frame::{Crumb, Frame},
        response,
        runs::Words,
        shown::Viewer,
        urls::{NEW_TRANSFER, export_url, list_of, list_url, new_url, selected_url, with_return},
        visit::Visit,
    },
    resource::{
        Listing, Resource,
        cursor::Cursor,
        export::Format,
        page::Page,
        request::{BadQuery, ListRequest, Position, Query},
    },
    workflows::run::verb::Verb,
};

/// Seconds after which what took too long may be asked again: whatever it waited for may be gone by then.
const LATER: &str = "5";
const SIZES: [u16; 4] = [25, 50, 100, 200];

#[derive(Template)]
#[template(path = "resource/list.html")]
struct ListPage<'a> {
    frame: Frame,
    resource: &'static Resource,
    count: Counted,
    /// Where a new record is made, for those who may.
    new: Option<String>,
    /// What a new one can be made by instead of its own form.
    also_new: Option<(&'static str, String)>,
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
    /// How far was looked for a page that is not full.
    looked: Option<Looked>,
    /// Filters that would find what is asked for sooner.
    narrowing: Vec<&'static str>,
    pager: Option<Pager>,
    picking: Option<Picking>,
}

/// What may be done with the rows that are ticked.
struct Picking {
    action: String,
    /// The ids on this page that can be ticked, for the box that takes them all.
    page: String,
    /// The list's filters, for all rows that match; nothing where none is set.
    all: Option<String>,
    verbs: Vec<PickedVerb>,
}

struct PickedVerb {
    name: &'static str,
    button: String,
    icon: &'static str,
}

/// What stands where the rows go.
enum Body<'a> {
    Rows(Vec<Row<'a>>),
    /// The table holds nothing at all.
    Empty,
    /// Nothing matches; what some filters' absence would give.
    NoMatch(Vec<Alternative>),
    /// Nothing was found so far.
    NotYet,
    /// A place in the list that has no rows any more, or has none behind it that match.
    Beyond {
        previous: Option<String>,
        is_filtered: bool,
    },
    /// Reading took too long.
    TooSlow(Slow),
    Wrong {
        problem: String,
        without: String,
    },
}

/// Why a list could not be read in time.
#[derive(Clone)]
pub struct Slow {
    /// What this database lacks.
    pub lacks: Option<&'static str>,
}

/// How far a list was looked through.
struct Looked {
    /// How many rows; nothing where most of them are not one's own.
    rows: Option<usize>,
    place: String,
}

pub struct Alternative {
    pub chip: Chip,
    pub count: Counted,
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

/// Everything that was read for one list.
pub struct Answer {
    pub asked: ListRequest,
    pub pairs: Vec<(String, String)>,
    pub names: Names,
    pub tabs: Vec<Tab>,
    pub count: Counted,
    /// The page, or why there is none.
    pub read: Result<Page, Slow>,
    /// Filters that are not there yet and would help.
    pub narrowing: Vec<&'static str>,
    pub alternatives: Vec<Alternative>,
    pub questions: Vec<Question>,
}

/// What every variant of the page is drawn on.
pub struct Sheet<'a> {
    pub request: &'a HttpRequest,
    pub visit: &'a Visit,
    pub console: &'a Console,
    pub grant: Grant,
}

impl Sheet<'_> {
    pub fn clock(&self, asked: &ListRequest) -> Clock {
        Clock { now: Utc::now(), zone: asked.zone }
    }

    fn failed(&self) -> Frame {
        self.frame(&format!("Error: {}", self.grant.resource().plural))
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

    fn also_new(&self) -> Option<(&'static str, String)> {
        let is_transactions = self.grant.resource().table == "transactions";
        self.new_link().filter(|_| is_transactions).map(|_| ("New transfer", with_return(NEW_TRANSFER, &self.here())))
    }

    fn exports(&self, query: &Query) -> Vec<(&'static str, String)> {
        let resource = self.grant.resource();
        if !self.visit.actor.may(Action::Export, resource) {
            return Vec::new();
        }
        let query = query.without(&["limit", "columns"]);
        Format::ALL.into_iter().map(|format| (format.label(), export_url(resource, format, &query))).collect()
    }

    /// What this actor may do to several rows, as to one.
    fn verbs(&self) -> Vec<Verb> {
        let resource = self.grant.resource();
        Verb::of(resource).iter().copied().filter(|verb| self.visit.actor.may(verb.action(), resource)).collect()
    }

    fn picking(&self, query: &Query, body: &Body<'_>, verbs: &[Verb]) -> Option<Picking> {
        let (Body::Rows(rows), false) = (body, verbs.is_empty()) else { return None };
        let resource = self.grant.resource();
        let page: Vec<String> = rows.iter().filter(|row| row.ticked_as.is_some()).map(|row| row.id.to_string()).collect();
        let all = query.without(&["limit", "columns"]).to_suffix();
        let verb = |verb: &Verb| PickedVerb {
            name: verb.name(),
            button: Words::of(*verb, resource).button(),
            icon: match verb {
                Verb::Approve => "approve",
                Verb::MarkRead => "check",
                Verb::Reject | Verb::Revoke | Verb::Deactivate => "cancelled",
            },
        };
        Some(Picking {
            action: selected_url(resource),
            page: page.join(","),
            all: all.strip_prefix('?').map(str::to_owned),
            verbs: verbs.iter().map(verb).collect(),
        })
    }

    pub fn show(self, answer: Answer, viewer: Viewer<'_>) -> Result<HttpResponse, PageError> {
        let Answer { asked, pairs, names, tabs, count, read, narrowing, alternatives, questions } = answer;
        let resource = asked.resource;
        let clock = self.clock(&asked);
        let zone = clock.zone_name();
        let filterables = panel::filterables(resource, &viewer);
        let typed = Typed { pairs: &pairs, names: &names, wrong: None };
        let back = return_to(&self.here());
        let viewer = viewer.leading_back_to(&back);
        let verbs = self.verbs();
        let reached = read.as_ref().ok().and_then(|page| page.reached.as_ref());
        let looked = reached.map(|reached| Looked {
            rows: (self.grant.covers_all_rows() && reached.looked_through > 0).then_some(reached.looked_through),
            place: sentence::place(resource, asked.order, &reached.place.key, clock),
        });
        let has_pager = |page: &&Page| !page.rows.is_empty() || page.reached.is_some();
        let pager = read.as_ref().ok().filter(has_pager).map(|page| pager(&asked, page, count));
        let body = match &read {
            Err(slow) => Body::TooSlow(slow.clone()),
            Ok(page) if !page.rows.is_empty() => Body::Rows(rows::rows(page, &asked, &viewer, &verbs)),
            Ok(page) if page.reached.is_some() => Body::NotYet,
            Ok(page) if asked.position != Position::First => Body::Beyond {
                previous: page.previous.as_ref().map(|cursor| beside(&asked, "before", cursor)),
                is_filtered: asked.is_filtered(),
            },
            Ok(_) if asked.is_filtered() => Body::NoMatch(alternatives),
            Ok(_) => Body::Empty,
        };
        let is_late = read.is_err();
        let page = ListPage {
            frame: if is_late { self.failed() } else { self.frame(resource.plural) },
            resource,
            count,
            new: self.new_link(),
            also_new: self.also_new(),
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
            picking: self.picking(&asked.query, &body, &verbs),
            body,
            looked,
            narrowing,
            pager,
        };
        if is_late {
            let mut late = response::page(self.request, StatusCode::SERVICE_UNAVAILABLE, &page);
            late.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static(LATER));
            return Ok(late);
        }
        Ok(response::page(self.request, StatusCode::OK, &page))
    }

    /// The list's own page, saying which parameter is not exactly right.
    pub fn refuse(self, pairs: &[(String, String)], wrong: &BadQuery, viewer: Viewer<'_>) -> Result<HttpResponse, PageError> {
        let resource = self.grant.resource();
        let query = Query(pairs.iter().filter(|(name, _)| name != "after" && name != "before").cloned().collect());
        let without = query.without(&[&wrong.parameter]);
        let clock = Clock { now: Utc::now(), zone: viewer.zone };
        let zone = clock.zone_name();
        let filterables = panel::filterables(resource, &viewer);
        let typed = Typed { pairs, names: &Names::new(), wrong: Some(wrong) };
        let value = |name: &str| pairs.iter().find(|pair| pair.0 == name).map(|pair| pair.1.clone()).unwrap_or_default();
        let page = ListPage {
            frame: self.failed(),
            resource,
            count: Counted::Unknown,
            new: self.new_link(),
            also_new: self.also_new(),
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
            looked: None,
            narrowing: Vec::new(),
            pager: None,
            picking: None,
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
    Pager {
        rows: page.rows.len(),
        count,
        sizes: sizes.into_iter().map(size).collect(),
        previous: page.previous.as_ref().map(|cursor| beside(asked, "before", cursor)),
        next: page.next.as_ref().map(|cursor| beside(asked, "after", cursor)),
        further: page.reached.as_ref().map(|_| match asked.position {
            Position::First | Position::After(_) => Further::Next,
            Position::Before(_) => Further::Previous,
        }),
    }
}

/// The list on one side of a place in it.
fn beside(asked: &ListRequest, name: &'static str, cursor: &Cursor) -> String {
    list_of(asked.resource, &asked.query.with(name, &cursor.encode(asked.order)))
}
