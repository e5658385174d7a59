//! Somebody else saved first: what was there, what did they write, what did I, and which is to stay?

use std::collections::HashMap;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use askama::Template;
use chrono::Utc;
use uuid::Uuid;

use super::{
    display::FieldError,
    frame::Frame,
    history::{self, words},
    record::{trail, with_back},
    response::page,
    urls,
    visit::Visit,
};
use crate::{
    app::Console,
    audit::history::{Before, HistoryGrant, entries},
    auth::policy::Action,
    db::pool::Connection,
    error::PageError,
    resource::{
        Kind, Resource,
        form::{Draft, Field, Submission, as_typed, sent},
        record::Record,
        reference::lookup,
    },
};

/// The three versions.
pub struct Merge<'a> {
    pub resource: &'static Resource,
    /// As it is now.
    pub theirs: &'a Record,
    /// As it was typed.
    pub mine: &'a Draft<'a>,
    pub submission: &'a Submission,
    pub back: Option<&'a str>,
    /// Fields of an earlier merge in which nothing was chosen.
    pub unmerged: Vec<String>,
}

/// One field in which the versions differ.
#[derive(Debug)]
struct Row {
    column: &'static str,
    label: &'static str,
    base: Option<String>,
    theirs: Version,
    mine: Version,
    outcome: Outcome,
    error: Option<&'static str>,
}

#[derive(Debug)]
struct Version {
    words: String,
    /// As the form sends it.
    typed: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Both changed it, or nobody knows who did.
    Choose(Preset),
    Theirs,
    Mine,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Preset {
    Mine,
    /// Money is never chosen by a habit of pressing Save.
    Nothing,
}

#[derive(Template)]
#[template(path = "resource/conflict.html")]
struct ConflictPage<'a> {
    frame: Frame,
    resource: &'static Resource,
    label: String,
    who: Option<String>,
    when: Option<String>,
    action: String,
    record_url: String,
    edit_url: String,
    history_url: Option<String>,
    version: String,
    back: Option<&'a str>,
    rows: Vec<Row>,
    choices: usize,
    errors: Vec<FieldError<'a>>,
}

const CHOOSE: &str = "Choose theirs or yours.";

/// Reads the answers of a merge: `merge` names a field to choose in, `{column}.mine` what was mine there.
/// Fields without an answer come back as mine, and are named, so that silence never keeps theirs unseen.
pub fn decided(mut submission: Submission) -> (Submission, Vec<String>) {
    let asked: Vec<String> = submission.pairs.iter().filter(|(name, _)| name == "merge").map(|(_, column)| column.clone()).collect();
    let mut unmerged = Vec::new();
    for column in asked {
        if submission.get(&column).is_some() {
            continue;
        }
        let mine =
            submission.pairs.iter().find(|(name, _)| name.strip_suffix(".mine") == Some(column.as_str())).map(|(_, value)| value.clone());
        if let Some(mine) = mine {
            submission.pairs.push((column.clone(), mine));
        }
        unmerged.push(column);
    }
    (submission, unmerged)
}

/// 409 with both versions side by side; 422 when it was answered without choosing.
pub async fn page_of(
    request: &HttpRequest,
    console: &Console,
    visit: &Visit,
    connection: &Connection,
    merge: Merge<'_>,
) -> Result<HttpResponse, PageError> {
    let Merge { resource, theirs, back, .. } = merge;
    let now = Utc::now();
    let zone = merge.mine.zone;
    let log = HistoryGrant::of(&visit.actor, &console.registry);
    let last = match log {
        None => None,
        Some(log) => {
            let grant = visit.actor.authorize(Action::Read, resource)?;
            entries(connection, log, &grant, theirs.id, Before::NOW, 1).await?.into_iter().next()
        }
    };
    let labels = labels(connection, visit, &merge).await?;
    let rows = rows(&merge, &labels);
    let choices = rows.iter().filter(|row| matches!(row.outcome, Outcome::Choose(_))).count();
    let errors =
        rows.iter().filter_map(|row| Some(FieldError { column: row.column, label: row.label, text: row.error? })).collect::<Vec<_>>();
    let label = theirs.label();
    let record_url = with_back(urls::record_url(resource, theirs.id), back);
    let crumbs = trail(resource, back, &[(&label, Some(record_url.clone())), ("Conflict", None)]);
    let status = if errors.is_empty() { StatusCode::CONFLICT } else { StatusCode::UNPROCESSABLE_ENTITY };
    let template = ConflictPage {
        frame: Frame::for_page(console, visit, request, format!("Error: somebody saved this {} before you", resource.singular), crumbs),
        resource,
        who: last.as_ref().map(|entry| history::name(&entry.doer)),
        when: last.as_ref().map(|entry| history::when(&entry.at, zone, now)),
        action: urls::record_url(resource, theirs.id),
        edit_url: with_back(urls::edit_url(resource, theirs.id), back),
        history_url: log.map(|_| urls::history_url(resource, theirs.id)),
        record_url,
        version: theirs.version(),
        back,
        rows,
        choices,
        errors,
        label,
    };
    Ok(page(request, status, &template))
}

/// What an edit form was opened on, as it carried it.
pub fn bases(submission: &Submission) -> Vec<(String, String)> {
    let was = |(name, value): &(String, String)| Some((name.strip_suffix(".was")?.to_owned(), value.clone()));
    submission.pairs.iter().filter_map(was).collect()
}

fn same(one: &str, other: &str, kind: Kind) -> bool {
    sent(one, kind) == sent(other, kind)
}

fn base_of<'a>(submission: &'a Submission, column: &str) -> Option<&'a str> {
    submission.pairs.iter().rev().find(|(name, _)| name.strip_suffix(".was") == Some(column)).map(|(_, value)| value.as_str())
}

fn rows(merge: &Merge<'_>, labels: &HashMap<Uuid, String>) -> Vec<Row> {
    let mut rows = Vec::new();
    for field in merge.mine.fields.iter().filter(|field| field.fixed.is_none()) {
        let column = field.column;
        let Some(cell) = merge.theirs.cell(column.name) else {
            continue;
        };
        let theirs = as_typed(&cell.value, column.kind, merge.mine.zone);
        let unmerged = merge.unmerged.iter().any(|name| name == column.name);
        if same(&theirs, &field.typed, column.kind) && !unmerged {
            continue;
        }
        let base = base_of(merge.submission, column.name);
        let outcome = match base {
            Some(base) if same(base, &theirs, column.kind) && !unmerged => Outcome::Mine,
            Some(base) if same(base, &field.typed, column.kind) && !unmerged => Outcome::Theirs,
            Some(_) | None if matches!(column.kind, Kind::Money(_)) || unmerged => Outcome::Choose(Preset::Nothing),
            Some(_) | None => Outcome::Choose(Preset::Mine),
        };
        let currency = cell.companion.as_text();
        let told = |value: Option<&crate::db::value::Value>, typed: &str| match value {
            Some(value) if !value.is_null() => words(column, value, merge.mine.zone, Utc::now(), currency, labels),
            _ => in_words(field, typed, labels),
        };
        let words = told(Some(&cell.value), &theirs);
        rows.push(Row {
            column: column.name,
            label: column.label,
            base: base.map(|base| in_words(field, base, labels)),
            theirs: Version { words, typed: theirs },
            mine: Version { words: told(field.change.as_ref(), &field.typed), typed: field.typed.clone() },
            outcome,
            error: unmerged.then_some(CHOOSE),
        });
    }
    rows
}

/// What was typed, as people read it.
fn in_words(field: &Field, typed: &str, labels: &HashMap<Uuid, String>) -> String {
    match field.column.kind {
        _ if typed.is_empty() => "Not set".to_owned(),
        Kind::Choice(choices) => choices.iter().find(|choice| choice.value == typed).map_or(typed, |choice| choice.label).to_owned(),
        Kind::Bool if typed == "true" => "Yes".to_owned(),
        Kind::Bool if typed == "false" => "No".to_owned(),
        Kind::Reference(_) => Uuid::try_parse(typed).ok().and_then(|id| labels.get(&id).cloned()).unwrap_or_else(|| typed.to_owned()),
        _ => typed.to_owned(),
    }
}

/// The names of all three versions' references.
async fn labels(connection: &Connection, visit: &Visit, merge: &Merge<'_>) -> Result<HashMap<Uuid, String>, PageError> {
    let mut labels = HashMap::new();
    for field in &merge.mine.fields {
        let Kind::Reference(target) = field.column.kind else {
            continue;
        };
        let Ok(grant) = visit.actor.authorize(Action::Read, target) else {
            continue;
        };
        let theirs = merge.theirs.value(field.column.name).as_uuid();
        let typed = [Some(field.typed.as_str()), base_of(merge.submission, field.column.name)].into_iter().flatten();
        for id in typed.filter_map(|typed| Uuid::try_parse(typed).ok()).chain(theirs) {
            if !labels.contains_key(&id)
                && let Some(found) = lookup(connection, &grant, id).await?
            {
                labels.insert(id, found.label);
            }
        }
    }
    Ok(labels)
}
