//! Somebody else saved first: what was there, what did they write, what did I, and which is to stay?

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use askama::Template;
use chrono::Utc;

mod answers;
mod labels;
pub mod lost;
pub mod passage;
pub mod rows;

pub use answers::Answers;

use super::{
    audit::telling::{name, when},
    display::FieldError,
    frame::Frame,
    record::{trail, with_back},
    response::page,
    urls,
    visit::Visit,
};
use crate::{
    app::Console,
    audit::{
        base::{self, Since},
        history::HistoryGrant,
    },
    auth::policy::Action,
    db::pool::Connection,
    error::PageError,
    resource::{
        Resource,
        form::{Draft, Submission},
        record::Record,
    },
};
use labels::Labels;
use rows::{Outcome, Row};

/// The versions, and what was said about them before.
pub struct Merge<'a> {
    pub resource: &'static Resource,
    /// As it is now.
    pub theirs: &'a Record,
    /// As it was typed.
    pub mine: &'a Draft<'a>,
    pub submission: &'a Submission,
    /// The version that the form was opened on: its values are the base.
    pub opened: &'a str,
    pub answers: &'a Answers,
    pub back: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "resource/conflict.html")]
struct ConflictPage<'a> {
    frame: Frame,
    resource: &'static Resource,
    label: String,
    /// Everybody who saved since, the last of them first.
    who: Vec<String>,
    when: Option<String>,
    action: String,
    record_url: String,
    edit_url: String,
    history_url: Option<String>,
    version: String,
    opened: &'a str,
    knows_base: bool,
    back: Option<&'a str>,
    rows: Vec<Row>,
    choices: usize,
    errors: Vec<FieldError<'a>>,
}

impl ConflictPage<'_> {
    /// "A", "A and B", "A, B and C".
    fn names(&self) -> String {
        match self.who.as_slice() {
            [] => "Somebody".to_owned(),
            [one] => one.clone(),
            [firsts @ .., last] => format!("{} and {last}", firsts.join(", ")),
        }
    }
}

/// 409 with the versions side by side; 422 when it was answered without choosing.
///
/// # Errors
/// See [`PageError`].
pub async fn page_of(
    request: &HttpRequest,
    console: &Console,
    visit: &Visit,
    connection: &Connection,
    merge: Merge<'_>,
) -> Result<HttpResponse, PageError> {
    let Merge { resource, theirs, back, opened, .. } = merge;
    let grant = visit.actor.authorize(Action::Read, resource)?;
    let since = base::since(connection, &grant, theirs.id, opened).await?;
    let labels = Labels::of(connection, visit, &merge, &since).await?;
    let rows = rows::rows(&merge, &since, &labels);
    let choices = rows.iter().filter(|row| matches!(row.outcome, Outcome::Choose(_))).count();
    let errors: Vec<_> =
        rows.iter().filter_map(|row| Some(FieldError { column: row.column, label: row.label, text: row.error? })).collect();
    let log = HistoryGrant::of(&visit.actor, &console.registry);
    let (who, when) = match log {
        Some(_) => savers(visit, resource, &since),
        None => (Vec::new(), None),
    };
    let label = theirs.label();
    let record_url = with_back(urls::record_url(resource, theirs.id), back);
    let crumbs = trail(resource, back, &[(&label, Some(record_url.clone())), ("Conflict", None)]);
    let status = if errors.is_empty() { StatusCode::CONFLICT } else { StatusCode::UNPROCESSABLE_ENTITY };
    let template = ConflictPage {
        frame: Frame::for_page(console, visit, request, format!("Error: somebody saved this {} before you", resource.singular), crumbs),
        resource,
        who,
        when,
        action: urls::record_url(resource, theirs.id),
        edit_url: with_back(urls::edit_url(resource, theirs.id), back),
        history_url: log.map(|_| urls::history_url(resource, theirs.id)),
        record_url,
        version: theirs.version(),
        opened,
        knows_base: since.base.is_some(),
        back,
        rows,
        choices,
        errors,
        label,
    };
    Ok(page(request, status, &template))
}

/// Who saved since, and when last. Without a base nobody knows how far back "since" goes: then only the last one counts.
fn savers(visit: &Visit, resource: &'static Resource, since: &Since) -> (Vec<String>, Option<String>) {
    let most = if since.base.is_some() { usize::MAX } else { 1 };
    let edits: Vec<_> = since.edits(resource).take(most).collect();
    let mut names = Vec::new();
    for name in edits.iter().map(|entry| name(&entry.doer)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let zone = visit.actor.preferences.time_zone;
    (names, edits.first().map(|entry| when(&entry.at, zone, Utc::now())))
}
