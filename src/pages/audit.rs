//! What does the audit trail show, and what is said where a search of it cannot be read?

mod beside;
pub mod chips;
pub mod days;
pub mod export;
mod paper;
pub mod picture;
pub mod telling;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use chrono::{DateTime, Days, Utc};
use chrono_tz::Tz;

use paper::{Paper, paper};
use picture::Picture;
use telling::EntryView;

use super::{
    browse::counted,
    display::{Chip, Counted, Grouped, TimeShown},
    frame::{Crumb, Frame},
    query::decode,
    response::page,
    urls,
    visit::Visit,
};
use crate::{
    app::Console,
    audit::{
        entry::Log,
        trail::{
            TrailGrant, count,
            driver::Driver,
            entries, page,
            parse::Wrong,
            place::{Place, Position},
            query::{Qualifier, Query},
            slice::Slice,
        },
    },
    auth::policy::Action,
    error::PageError,
    resource::{
        export::Format,
        request::{BadQuery, Query as Parameters, USUAL_PAGE},
    },
};

/// Days that are shown when nobody has asked for anything, today among them.
const RECENT: u64 = 7;
/// Events that tell of reading alone.
const READS: &str = "log_read";

#[derive(Template)]
#[template(path = "audit/trail.html")]
struct TrailPage {
    frame: Frame,
    /// As it was typed, or what stands for nothing.
    typed: String,
    help: Vec<(&'static str, &'static str, &'static str)>,
    body: Body,
}

enum Body {
    Wrong { problem: String, fault: Option<Fault> },
    Found(Box<Found>),
}

/// The text around what could not be read.
struct Fault {
    before: String,
    marked: String,
    after: String,
}

struct Found {
    chips: Vec<Chip>,
    exports: Vec<(&'static str, String)>,
    /// Where all of it can be annotated, for whoever may.
    annotate: Option<String>,
    count: Counted,
    /// User names that nobody has.
    strangers: Vec<String>,
    picture: Option<Picture>,
    entries: Vec<EntryView>,
    paper: Option<Paper>,
    zone: String,
    /// How far was looked through for a page that is not full.
    looked_back_to: Option<String>,
    previous: Option<String>,
    next: Option<String>,
    is_everything: bool,
}

impl TrailPage {
    fn paper(&self) -> Option<&Paper> {
        match &self.body {
            Body::Found(found) => found.paper.as_ref(),
            Body::Wrong { .. } => None,
        }
    }

    fn chips(&self) -> &[Chip] {
        match &self.body {
            Body::Found(found) => &found.chips,
            Body::Wrong { .. } => &[],
        }
    }
}

pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource(urls::AUDIT).get(show)).service(web::resource("/audit/export.{format}").get(export::export));
}

pub(super) fn permitted(console: &Console, visit: &Visit, action: Action) -> Result<TrailGrant, PageError> {
    let asked = TrailGrant::ask(&visit.actor, &console.registry, action);
    Ok(asked.ok_or_else(|| PageError::not_found("trail in this console"))??)
}

/// Whether the trail is in this actor's navigation.
pub fn may_read(console: &Console, visit: &Visit) -> bool {
    permitted(console, visit, Action::Read).is_ok()
}

/// What a query's `q` asks for. Without one: the last days, and no reads.
pub(super) fn asked(pairs: &[(String, String)], zone: Tz, now: DateTime<Utc>) -> Result<Query, Wrong> {
    let typed = pairs.iter().find(|(name, _)| name == "q").map_or("", |(_, text)| text.trim());
    if !typed.is_empty() {
        return Query::parse(typed, zone);
    }
    let today = now.with_timezone(&zone).date_naive();
    let first = today.checked_sub_days(Days::new(RECENT - 1)).unwrap_or(today);
    Query::parse(&format!("from:{first} -action:{READS}"), zone)
}

/// GET /audit
async fn show(request: HttpRequest, console: web::Data<Console>, visit: Visit) -> Result<HttpResponse, PageError> {
    let grant = permitted(&console, &visit, Action::Read)?;
    let (zone, now) = (visit.actor.preferences.time_zone, Utc::now());
    let sheet = Sheet { request: &request, console: &console, visit: &visit };
    let pairs = match decode(request.query_string()) {
        Ok(pairs) => pairs,
        Err(wrong) => return Ok(sheet.refuse(String::new(), wrong.to_string(), None)),
    };
    let typed = pairs.iter().find(|(name, _)| name == "q").map(|(_, text)| text.clone()).unwrap_or_default();
    let query = match asked(&pairs, zone, now) {
        Ok(query) => query,
        Err(wrong) => {
            let fault = Fault::of(typed.trim(), &wrong);
            let problem = format!("Character {}: {wrong}", wrong.place.start + 1);
            return Ok(sheet.refuse(typed, problem, Some(fault)));
        }
    };
    let position = match position(&pairs) {
        Ok(position) => position,
        Err(wrong) => return Ok(sheet.refuse(typed, wrong.to_string(), None)),
    };
    let connection = console.database.read().await?;
    let driver = Driver::of(&connection, grant, Slice::of(&connection, &query, visit.actor.id).await?).await?;
    let (read, counts, picture) = tokio::try_join!(
        page::read(&connection, grant, &console.registry, &driver, position, usize::from(USUAL_PAGE)),
        count::count(&connection, grant, &driver),
        picture::picture(&connection, grant, &driver, &query, now, zone),
    )?;
    let told = entries::at(&connection, grant, &console.registry, &read.places).await?;
    let mut views = telling::views(&connection, &visit, &console.registry, told).await?;
    let (paper, ()) = tokio::try_join!(
        paper(&connection, &visit, &console.registry, &read.places, now),
        beside::put(&connection, &visit, &console.registry, sheet.here(), &mut views),
    )?;
    drop(connection);
    let text = query.to_string();
    let whole = position == Position::First && read.next.is_none();
    let found = Found {
        chips: chips::chips(&query),
        exports: sheet.exports(&text),
        annotate: sheet.annotate(&text).filter(|_| !views.is_empty()),
        count: if whole { Counted::Exactly(read.places.len() as u64) } else { counted(counts) },
        strangers: driver.slice().strangers.clone(),
        picture,
        entries: views,
        paper,
        zone: zone.to_string(),
        looked_back_to: read.unfinished.map(|place| reached(place, zone, now)),
        previous: read.previous.map(|place| place_url(&text, "before", place)),
        next: read.next.map(|place| place_url(&text, "after", place)),
        is_everything: query.terms.is_empty(),
    };
    let typed = if typed.trim().is_empty() { text } else { typed };
    Ok(sheet.draw(StatusCode::OK, "Audit trail", typed, Body::Found(Box::new(found))))
}

fn position(pairs: &[(String, String)]) -> Result<Position, BadQuery> {
    let bad = |parameter: &str, problem: &str| BadQuery { parameter: parameter.to_owned(), problem: problem.to_owned() };
    let mut position = Position::First;
    let mut seen: Vec<&str> = Vec::new();
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        if seen.contains(&name.as_str()) {
            return Err(bad(name, "may be given once."));
        }
        seen.push(name);
        let place = || Place::decode(value).ok_or_else(|| bad(name, "this is no place in the trail; start again from its first page."));
        position = match (name.as_str(), position) {
            ("q", position) => position,
            ("after", Position::First) => Position::After(place()?),
            ("before", Position::First) => Position::Before(place()?),
            ("after" | "before", Position::After(_) | Position::Before(_)) => return Err(bad(name, "goes without the other place.")),
            (_, _) => return Err(bad(name, "the trail has no such parameter; everything is asked for in q.")),
        };
    }
    Ok(position)
}

fn place_url(asked: &str, name: &str, place: Place) -> String {
    format!("{}{}", urls::AUDIT, Parameters::default().with("q", asked).with(name, &place.encode()).to_suffix())
}

pub(super) fn reached(place: Place, zone: Tz, now: DateTime<Utc>) -> String {
    match place.at.map(|at| (at.moment(), at)) {
        Some((Some(moment), _)) => TimeShown::new(moment, zone, now).to_string(),
        Some((None, far)) => far.to_string(),
        None => "those without a time".to_owned(),
    }
}

impl Fault {
    fn of(typed: &str, wrong: &Wrong) -> Fault {
        let part = |from: usize, to: usize| typed.chars().skip(from).take(to.saturating_sub(from)).collect();
        Fault {
            before: part(0, wrong.place.start),
            marked: part(wrong.place.start, wrong.place.end),
            after: part(wrong.place.end, usize::MAX),
        }
    }
}

/// What every variant of the page is drawn on.
struct Sheet<'a> {
    request: &'a HttpRequest,
    console: &'a Console,
    visit: &'a Visit,
}

impl Sheet<'_> {
    fn refuse(&self, typed: String, problem: String, fault: Option<Fault>) -> HttpResponse {
        self.draw(StatusCode::BAD_REQUEST, "Error: Audit trail", typed, Body::Wrong { problem, fault })
    }

    fn draw(&self, status: StatusCode, title: &str, typed: String, body: Body) -> HttpResponse {
        let crumbs = vec![Crumb { label: "Compliance".to_owned(), href: None }, Crumb { label: "Audit trail".to_owned(), href: None }];
        let help = |qualifier: Qualifier| (qualifier.name(), qualifier.help().0, qualifier.help().1);
        let template = TrailPage {
            frame: Frame::for_page(self.console, self.visit, self.request, title.to_owned(), crumbs),
            typed,
            help: Qualifier::ALL.into_iter().map(help).collect(),
            body,
        };
        page(self.request, status, &template)
    }

    /// Where a page behind this one leads back to.
    fn here(&self) -> &str {
        self.request.uri().path_and_query().map_or(urls::AUDIT, |path| path.as_str())
    }

    fn annotate(&self, asked: &str) -> Option<String> {
        let log = self.console.registry.find(Log::Main.table())?;
        self.visit.actor.may(Action::Annotate, log).then(|| urls::annotate_found_url(asked))
    }

    fn exports(&self, asked: &str) -> Vec<(&'static str, String)> {
        if permitted(self.console, self.visit, Action::Export).is_err() {
            return Vec::new();
        }
        let formats = Format::ALL.into_iter().filter(|format| format.most_rows().is_none());
        formats.map(|format| (format.label(), urls::trail_export_url(asked, format))).collect()
    }
}
