//! What does the search over all tables answer?

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use chrono::Utc;

mod excerpt;

use excerpt::{Piece, Standing, excerpt};

use super::{
    display::return_to,
    frame::{Crumb, Frame},
    query,
    related::{self, RelatedRow},
    response,
    shown::Viewer,
    urls::{SEARCH, list_of, list_url},
    visit::Visit,
};
use crate::{
    app::Console,
    auth::policy::Action,
    error::PageError,
    resource::{
        Resource,
        request::{BadQuery, Query},
        search::{Answer, Hit, Place, everywhere},
        sought::{self, Aim, Sought},
    },
};

#[derive(Template)]
#[template(path = "search/search.html")]
struct SearchPage<'a> {
    frame: Frame,
    /// As it was typed.
    typed: &'a str,
    /// What the form carries along: nothing.
    kept: Query,
    body: Body<'a>,
}

enum Body<'a> {
    /// Nothing is sought yet: what could be found, and where.
    Hint(Vec<Reach>),
    Wrong(String),
    Found {
        groups: Vec<Group<'a>>,
        /// The tables where nothing was found.
        nothing_in: Vec<String>,
    },
}

/// What the search reaches in one table.
struct Reach {
    resource: &'static Resource,
    list: String,
    fields: String,
}

struct Group<'a> {
    resource: &'static Resource,
    /// The table's own list, searched for the same.
    all: String,
    /// Nothing where looking took too long.
    hits: Option<Vec<Match<'a>>>,
    more: bool,
}

struct Match<'a> {
    row: RelatedRow<'a>,
    parts: Vec<Part>,
}

/// A field that matched, and how.
struct Part {
    label: &'static str,
    pieces: Vec<Piece>,
}

/// `GET /search?q=`
pub async fn search(request: HttpRequest, visit: Visit, console: web::Data<Console>) -> Result<HttpResponse, PageError> {
    let draw = |status: StatusCode, title: &str, typed: &str, body: Body<'_>| {
        let crumbs = vec![Crumb { label: "Search".to_owned(), href: None }];
        let frame = Frame::for_page(&console, &visit, &request, title, crumbs);
        response::page(&request, status, &SearchPage { frame, typed, kept: Query::default(), body })
    };
    let refuse = |typed: &str, wrong: &BadQuery| draw(StatusCode::BAD_REQUEST, "Error: Search", typed, Body::Wrong(wrong.to_string()));
    let pairs = match query::decode(request.query_string()) {
        Ok(pairs) => pairs,
        Err(wrong) => return Ok(refuse("", &wrong)),
    };
    let typed = pairs.iter().find(|pair| pair.0 == "q").map_or("", |pair| pair.1.as_str());
    let asked = match asked(&pairs) {
        Ok(asked) => asked,
        Err(wrong) => return Ok(refuse(typed, &wrong)),
    };
    let places = places(&console, &visit);
    let Some(text) = asked else {
        return Ok(draw(StatusCode::OK, "Search", "", Body::Hint(places.iter().map(reach).collect())));
    };
    let sought = Sought::of(&text);
    let connection = console.database.read().await?;
    let answers = everywhere(&connection, &places, &sought).await?;
    drop(connection);
    let here = Query::default().with("q", &text);
    let back = return_to(&format!("{SEARCH}{}", here.to_suffix()));
    let mut groups = Vec::new();
    let mut nothing_in = Vec::new();
    for (place, answer) in places.iter().zip(&answers) {
        let resource = place.grant.resource();
        let viewer = Viewer::new(&visit.actor, &place.grant, Utc::now()).leading_back_to(&back);
        let all = list_of(resource, &here);
        match answer {
            Answer::Found { hits, .. } if hits.is_empty() => nothing_in.push(resource.several()),
            Answer::Found { hits, more } => {
                let hits = hits.iter().map(|hit| matched(place, hit, &sought, &viewer)).collect();
                groups.push(Group { resource, all, hits: Some(hits), more: *more });
            }
            Answer::TooMany => groups.push(Group { resource, all, hits: None, more: true }),
        }
    }
    Ok(draw(StatusCode::OK, "Search", &text, Body::Found { groups, nothing_in }))
}

fn asked(pairs: &[(String, String)]) -> Result<Option<String>, BadQuery> {
    if let Some((name, _)) = pairs.iter().find(|(name, value)| name != "q" && !value.is_empty()) {
        return Err(BadQuery { parameter: name.clone(), problem: "there is no such parameter.".to_owned() });
    }
    sought::text(pairs)
}

/// Every table that declares something to be found, and that this actor may read.
fn places(console: &Console, visit: &Visit) -> Vec<Place> {
    let declared = console.registry.iter().filter(|resource| resource.found_globally().next().is_some());
    let readable = declared.filter_map(|resource| visit.actor.authorize(Action::Read, resource).ok());
    readable.map(|grant| Place { columns: related::telling(grant.resource(), None), grant }).collect()
}

fn reach(place: &Place) -> Reach {
    let resource = place.grant.resource();
    let fields: Vec<&str> = resource.found_globally().map(|column| column.label).collect();
    Reach { resource, list: list_url(resource), fields: fields.join(", ") }
}

fn matched<'a>(place: &'a Place, hit: &'a Hit, sought: &Sought, viewer: &Viewer<'a>) -> Match<'a> {
    let row = related::row(place.grant.resource(), &place.columns, &hit.listed, viewer);
    let standing = match sought.aim {
        Aim::Id(_) => {
            let pieces = vec![Piece::Matched(hit.listed.id.to_string())];
            return Match { row, parts: vec![Part { label: "Id", pieces }] };
        }
        Aim::Beginning => Standing::AtTheBeginning,
        Aim::Words(_) => Standing::Anywhere,
    };
    let parts = hit.texts.iter().filter_map(|(column, text)| {
        let pieces = excerpt(text.as_deref()?, sought.words(), standing)?;
        Some(Part { label: column.label, pieces })
    });
    Match { row, parts: parts.collect() }
}
