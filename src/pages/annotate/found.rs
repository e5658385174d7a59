//! How is the same said of everything that a search of the trail finds: looked at first, then written beside just that?

use std::collections::HashSet;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use chrono::Utc;

use super::{Typed, authorized, entries_counted, kinds, named, no_entry, parse};
use crate::{
    app::Console,
    audit::{
        review::annotation::EntryKey,
        trail::{
            TrailGrant,
            driver::Driver,
            entries,
            page::{self, Page},
            place::{Place, Position},
            slice::Slice,
        },
    },
    auth::policy::Action,
    db::pool::{Connection, DatabaseError},
    error::PageError,
    pages::{
        audit::{self, telling::EntryView, telling::one_by_one},
        display::{ChoiceOption, FieldError, Grouped},
        frame::{Crumb, Frame},
        query,
        response::page as answer,
        urls,
        visit::Visit,
    },
    resource::{form::Submission, request::BadQuery},
    workflows::review,
};

/// Entries that the page tells of; the form holds all of them.
const TOLD: usize = 50;

/// The fields that hold what was looked at, and an administrator's own among it.
pub const FOUND: &str = "found";
pub const LEFT_OUT: &str = "left_out";

/// What a search found when it was looked at.
struct Found {
    /// As the trail's box has it.
    search: String,
    chosen: Vec<EntryKey>,
    /// An administrator's own, who says nothing of them.
    left_out: Vec<EntryKey>,
    extent: Extent,
}

enum Extent {
    Whole,
    /// As far as this was looked through: further back there may be more.
    BackTo(String),
    TooMuch,
}

#[derive(Template)]
#[template(path = "audit/annotate_found.html")]
struct FoundPage<'a> {
    frame: Frame,
    heading: String,
    found: &'a Found,
    /// As the form names them: a thousand of them are one field.
    chosen: String,
    left_out: String,
    back: String,
    told: Vec<EntryView>,
    told_left_out: Vec<EntryView>,
    kinds: Vec<ChoiceOption<'a>>,
    body: &'a str,
    errors: Vec<FieldError<'a>>,
    kind_error: Option<&'a str>,
    body_error: Option<&'a str>,
}

impl FoundPage<'_> {
    /// Those that the page does not tell of.
    fn more(&self) -> usize {
        self.found.chosen.len() - self.told.len()
    }

    fn may_be_written(&self) -> bool {
        !self.found.chosen.is_empty() && !matches!(self.found.extent, Extent::TooMuch)
    }
}

/// GET /audit/annotate: what a search finds, before anything is said of it.
pub async fn ask(request: HttpRequest, console: web::Data<Console>, visit: Visit) -> Result<HttpResponse, PageError> {
    let _ = authorized(&console, &visit)?;
    let trail = audit::permitted(&console, &visit, Action::Read)?;
    let (zone, now) = (visit.actor.preferences.time_zone, Utc::now());
    let pairs = query::pairs(&request)?;
    if let Some((name, _)) = pairs.iter().find(|(name, _)| name != "q") {
        return Err(PageError::bad_request(format!("This page knows no parameter “{name}”")));
    }
    let wrong = |problem: String| BadQuery { parameter: "q".to_owned(), problem };
    let asked = audit::asked(&pairs, zone, now).map_err(|problem| wrong(problem.to_string()))?;
    let connection = console.database.read().await?;
    let driver = Driver::of(&connection, trail, Slice::of(&connection, &asked, visit.actor.id).await?).await?;
    let read = page::read(&connection, trail, &console.registry, &driver, Position::First, review::MOST).await?;
    let keys: Vec<EntryKey> = read.places.iter().map(|place| (place.log, place.id)).collect();
    let left_out = review::own(&connection, &visit.actor, &keys).await?;
    let are_own: HashSet<&EntryKey> = left_out.iter().collect();
    let found = Found {
        search: asked.to_string(),
        chosen: keys.iter().filter(|key| !are_own.contains(key)).copied().collect(),
        extent: extent(&read, |place| audit::reached(place, zone, now)),
        left_out,
    };
    draw(&request, &console, &visit, &connection, trail, &found, &Typed::default()).await
}

fn extent(read: &Page, reached: impl Fn(Place) -> String) -> Extent {
    match (read.unfinished, read.next) {
        (Some(place), _) => Extent::BackTo(reached(place)),
        (None, Some(_)) => Extent::TooMuch,
        (None, None) => Extent::Whole,
    }
}

/// The same once more for a form that could not be taken, with what was typed and just the entries it came with.
///
/// # Errors
/// See [`PageError`].
pub async fn again(
    request: &HttpRequest,
    console: &Console,
    visit: &Visit,
    submission: &Submission,
    search: &str,
    typed: &Typed<'_>,
) -> Result<HttpResponse, PageError> {
    let trail = audit::permitted(console, visit, Action::Read)?;
    let (chosen, left_out) = (apart(submission, FOUND)?, apart(submission, LEFT_OUT)?);
    let found = Found { search: search.to_owned(), chosen, left_out, extent: Extent::Whole };
    let connection = console.database.read().await?;
    draw(request, console, visit, &connection, trail, &found, typed).await
}

async fn draw(
    request: &HttpRequest,
    console: &Console,
    visit: &Visit,
    connection: &Connection,
    trail: TrailGrant,
    found: &Found,
    typed: &Typed<'_>,
) -> Result<HttpResponse, PageError> {
    let told = tell(console, visit, connection, trail, &found.chosen).await?;
    let told_left_out = tell(console, visit, connection, trail, &found.left_out).await?;
    let heading = match (found.chosen.len(), &found.extent) {
        (_, Extent::TooMuch) => "Too many entries to annotate at once".to_owned(),
        (0, Extent::Whole | Extent::BackTo(_)) => "No entry to annotate".to_owned(),
        (many, Extent::Whole | Extent::BackTo(_)) => format!("Annotate {}", entries_counted(many)),
    };
    let title = if typed.error.is_some() { format!("Error: {heading}") } else { heading.clone() };
    let back = urls::trail_url(&found.search);
    let crumbs = vec![
        Crumb { label: "Compliance".to_owned(), href: None },
        Crumb { label: "Audit trail".to_owned(), href: Some(back.clone()) },
        Crumb { label: "Annotate".to_owned(), href: None },
    ];
    let error_at = |column: &str| typed.error.as_ref().filter(|error| error.0 == column).map(|error| error.1.as_str());
    let label = |column: &str| if column == "kind" { "What they are" } else { "What you say" };
    let template = FoundPage {
        frame: Frame::for_page(console, visit, request, title, crumbs),
        heading,
        found,
        chosen: together(&found.chosen),
        left_out: together(&found.left_out),
        back,
        told,
        told_left_out,
        kinds: kinds(typed.kind),
        body: typed.body,
        errors: typed.error.iter().map(|(column, text)| FieldError { column, label: label(column), text }).collect(),
        kind_error: error_at("kind"),
        body_error: error_at("body"),
    };
    let status = if typed.error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(answer(request, status, &template))
}

fn together(keys: &[EntryKey]) -> String {
    keys.iter().copied().map(named).collect::<Vec<_>>().join(",")
}

/// The entries that such a field of a form names.
///
/// # Errors
/// `Unprocessable` for what is no entry.
pub fn apart(submission: &Submission, field: &str) -> Result<Vec<EntryKey>, PageError> {
    let named = submission.get(field).unwrap_or_default().split(',').filter(|key| !key.is_empty());
    named.map(|key| parse(key).ok_or_else(no_entry)).collect()
}

/// The first of them, a sentence each.
async fn tell(
    console: &Console,
    visit: &Visit,
    connection: &Connection,
    trail: TrailGrant,
    keys: &[EntryKey],
) -> Result<Vec<EntryView>, DatabaseError> {
    let places: Vec<Place> = keys.iter().take(TOLD).map(|(log, id)| Place { at: None, id: *id, log: *log }).collect();
    let entries = entries::at(connection, trail, &console.registry, &places).await?;
    one_by_one(connection, visit, &console.registry, &entries).await
}
