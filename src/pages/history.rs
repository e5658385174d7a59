//! How is a record's life told: a sentence an entry, and what changed beside it?

use std::collections::HashMap;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use futures_util::future::try_join_all;
use uuid::Uuid;

use super::{
    display::{DiffRow, Side, TimeShown},
    frame::Frame,
    offers, query,
    record::{self, back, record_id, resource, trail, with_back},
    response::page,
    shown::money,
    urls,
    visit::Visit,
};
use crate::{
    app::Console,
    audit::{
        change::{Change, Secrecy, value},
        entry::{Deed, Doer, Entry, Fields},
        history::{Before, HistoryGrant, entries, label_of},
    },
    auth::{actor::Actor, policy::Action},
    db::{
        pool::{Connection, DatabaseError},
        value::Value,
    },
    error::PageError,
    resource::{
        Column, Currency, Kind, Registry, Resource,
        column::Input,
        indent::indented,
        record::Record,
        reference::lookup,
        store::{self, StoreError},
    },
};

const PAGE: i64 = 50;
/// References of one page that get their label; more than a page of ordinary entries has.
const LABELS: usize = 100;

/// One entry, ready to be drawn.
#[derive(Debug)]
pub struct EntryView {
    pub id: Uuid,
    pub icon: &'static str,
    pub tone: &'static str,
    pub who: String,
    pub who_url: Option<String>,
    pub did: String,
    pub reason: Option<String>,
    pub at: Option<TimeShown>,
    pub rows: Vec<DiffRow>,
    pub put_back: Option<String>,
    pub address: Option<String>,
    pub request: Option<String>,
    pub context: Option<String>,
}

#[derive(Template)]
#[template(path = "resource/history.html")]
struct HistoryPage {
    frame: Frame,
    resource: &'static Resource,
    label: String,
    record_url: Option<String>,
    entries: Vec<EntryView>,
    newest: Option<String>,
    older: Option<String>,
}

/// GET /tables/{table}/{id}/history
pub async fn show(
    request: HttpRequest,
    console: web::Data<Console>,
    visit: Visit,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, PageError> {
    let resource = resource(&console, &path.0)?;
    let id = record_id(&path.1)?;
    let pairs = query::pairs(&request)?;
    let back = back(&pairs, &["after"])?;
    let before = match pairs.iter().find(|(name, value)| name == "after" && !value.is_empty()) {
        None => Before::NOW,
        Some((_, text)) => Before::parse(text).ok_or_else(|| PageError::bad_request("“after” is no place in this history"))?,
    };
    let grant = visit.actor.authorize(Action::Read, resource)?;
    let log = HistoryGrant::ask(&visit.actor, &console.registry).ok_or_else(|| PageError::not_found("log of this console"))??;
    let connection = console.database.read().await?;
    let current = match store::record(&connection, &grant, id).await {
        Ok(record) => Some(record),
        // Its history outlives a record; of what never was there is none.
        Err(StoreError::Missing) if grant.covers_all_rows() => None,
        Err(StoreError::Missing) => return Err(record::missing(&console, &visit, &connection, &grant, id).await?),
        Err(error) => return Err(error.into()),
    };
    let mut found = entries(&connection, log, &grant, id, before, PAGE + 1).await?;
    if current.is_none() && found.is_empty() && before == Before::NOW {
        return Err(record::missing(&console, &visit, &connection, &grant, id).await?);
    }
    let more = found.len() > PAGE as usize;
    found.truncate(PAGE as usize);
    let own = with_back(urls::history_url(resource, id), back.as_deref());
    let separator = if own.contains('?') { '&' } else { '?' };
    let older = found.last().filter(|_| more).map(|last| format!("{own}{separator}after={}", Before::entry(last).parameter()));
    let label = current.as_ref().map_or_else(|| last_label(resource, id, &found), Record::label);
    let views = views(&connection, &visit, &console.registry, resource, id, current.as_ref(), found).await?;
    let record_url = current.is_some().then(|| with_back(urls::record_url(resource, id), back.as_deref()));
    let crumbs = trail(resource, back.as_deref(), &[(&label, record_url.clone()), ("History", None)]);
    let template = HistoryPage {
        frame: Frame::for_page(&console, &visit, &request, format!("History of {label}"), crumbs),
        resource,
        label,
        record_url,
        entries: views,
        newest: (before != Before::NOW).then_some(own),
        older,
    };
    Ok(page(&request, StatusCode::OK, &template))
}

/// What a record that is gone was called.
fn last_label(resource: &Resource, id: Uuid, entries: &[Entry]) -> String {
    let named = entries.iter().find_map(|entry| entry.old.as_ref()?.get(resource.label)?.as_str().map(str::to_owned));
    named.unwrap_or_else(|| id.to_string())
}

/// Who did it, in words.
pub fn name(doer: &Doer) -> String {
    match doer {
        Doer::User { name, id } if name.is_empty() => id.to_string(),
        Doer::User { name, .. } => name.clone(),
        Doer::Key { name, owner: Some(owner) } => format!("The API key “{name}” of {owner}"),
        Doer::Key { name, owner: None } => format!("The API key “{name}”"),
        Doer::System(job) => format!("The console ({job})"),
        Doer::Database(role) => format!("db:{role}"),
        Doer::Named(name) => name.clone(),
        Doer::Unknown => "Somebody the log does not name".to_owned(),
    }
}

/// When it was, with its zone, and UTC beside it.
pub fn when(at: &Value, zone: Tz, now: DateTime<Utc>) -> String {
    match at.as_time().map(|time| (time.moment(), time)) {
        Some((Some(moment), _)) => {
            let shown = TimeShown::new(moment, zone, now);
            if zone == Tz::UTC { shown.to_string() } else { format!("{shown} ({})", shown.utc()) }
        }
        Some((None, time)) => time.to_string(),
        None => "a day the log does not name".to_owned(),
    }
}

/// Entries as sentences with their diffs; references by their label where the actor may see it.
pub async fn views(
    connection: &Connection,
    visit: &Visit,
    registry: &Registry,
    resource: &'static Resource,
    id: Uuid,
    current: Option<&Record>,
    entries: Vec<Entry>,
) -> Result<Vec<EntryView>, DatabaseError> {
    let labels = labels(connection, &visit.actor, resource, &entries).await?;
    let telling = Telling { resource, current, labels: &labels, zone: visit.actor.preferences.time_zone, now: Utc::now() };
    let may_edit = visit.actor.may(Action::Edit, resource)
        && current.is_some_and(|record| offers::obstacle(Action::Edit, record, &visit.actor).is_none());
    let users = registry.find("users").filter(|users| visit.actor.sees_labels_of(users));
    Ok(entries
        .into_iter()
        .map(|entry| {
            let changes = entry.changes(resource);
            let (icon, tone) = look(&entry.deed);
            let put_back = (may_edit && can_put_back(resource, &entry))
                .then(|| format!("{}?from={}:{}", urls::edit_url(resource, id), entry.log.table(), entry.id.as_hyphenated()));
            EntryView {
                id: entry.id,
                icon,
                tone,
                who: name(&entry.doer),
                who_url: match (&entry.doer, users) {
                    (Doer::User { id, .. }, Some(users)) => Some(urls::record_url(users, *id)),
                    _ => None,
                },
                did: sentence(resource, &entry.deed, &changes),
                at: entry.at.as_time().and_then(|time| time.moment()).map(|moment| TimeShown::new(moment, telling.zone, telling.now)),
                rows: changes.iter().map(|change| telling.row(change, &entry)).collect(),
                put_back,
                reason: entry.reason.clone().filter(|reason| !reason.trim().is_empty()),
                address: entry.address.clone(),
                request: entry.request.clone(),
                context: entry.context.clone(),
            }
        })
        .collect())
}

fn look(deed: &Deed) -> (&'static str, &'static str) {
    match deed {
        Deed::Created => ("plus", "ok"),
        Deed::Changed => ("edit", ""),
        Deed::Deleted => ("x", "bad"),
        Deed::Other(_) => ("info", ""),
    }
}

fn sentence(resource: &Resource, deed: &Deed, changes: &[Change<'_>]) -> String {
    match deed {
        Deed::Created => "created it".to_owned(),
        Deed::Deleted => "deleted it".to_owned(),
        Deed::Other(word) => word.to_lowercase().replace('_', " "),
        Deed::Changed => {
            let names: Vec<String> = changes.iter().map(|change| label_of(resource, change.name).to_lowercase()).collect();
            match names.as_slice() {
                [] => "saved it without a change".to_owned(),
                [one] => format!("changed {one}"),
                [firsts @ .., last] if names.len() <= 4 => format!("changed {} and {last}", firsts.join(", ")),
                many => format!("changed {} fields", many.len()),
            }
        }
    }
}

/// Whether it holds an old value of a field that the edit form has.
fn can_put_back(resource: &Resource, entry: &Entry) -> bool {
    let is_field = |name: &str| resource.column(name).is_some_and(|column| column.on_edit != Input::Never);
    entry.values_to_put_back(resource).iter().any(|(name, _)| is_field(name))
}

type Labels = HashMap<Uuid, String>;

/// The labels of everything the entries refer to, each asked for once and all at once.
async fn labels(connection: &Connection, actor: &Actor, resource: &'static Resource, entries: &[Entry]) -> Result<Labels, DatabaseError> {
    let mut wanted = HashMap::new();
    for entry in entries {
        for change in entry.changes(resource) {
            let Some(Kind::Reference(target)) = resource.column(change.name).map(|column| column.kind) else {
                continue;
            };
            let Ok(grant) = actor.authorize(Action::Read, target) else {
                continue;
            };
            let ids = [change.before, change.after].into_iter().flatten().filter_map(|json| Uuid::try_parse(json.as_str()?).ok());
            wanted.extend(ids.filter(|_| grant.covers_all_rows()).map(|id| (id, grant)));
        }
    }
    let lookups = wanted.into_iter().take(LABELS).map(async |(id, grant)| lookup(connection, &grant, id).await.map(|found| (id, found)));
    let found = try_join_all(lookups).await?;
    Ok(found.into_iter().filter_map(|(id, found)| Some((id, found?.label))).collect())
}

/// What is needed to write a logged value as people read it.
struct Telling<'a> {
    resource: &'static Resource,
    current: Option<&'a Record>,
    labels: &'a Labels,
    zone: Tz,
    now: DateTime<Utc>,
}

impl Telling<'_> {
    fn row(&self, change: &Change<'_>, entry: &Entry) -> DiffRow {
        let side = |json: Option<&serde_json::Value>, row: &Option<Fields>| match (json, change.secrecy) {
            (None, _) => Side::NotSet,
            (Some(_), Secrecy::Hidden) => Side::Secret,
            (Some(json), Secrecy::Open) => Side::Text(self.words(change.name, json, row.as_ref())),
        };
        DiffRow {
            label: label_of(self.resource, change.name).to_owned(),
            before: side(change.before, &entry.old),
            after: side(change.after, &entry.new),
        }
    }

    fn words(&self, name: &str, json: &serde_json::Value, row: Option<&Fields>) -> String {
        let column = self.resource.column(name);
        match column.and_then(|column| Some((column, value(json, column.kind)?))) {
            Some((column, value)) => words(column, &value, self.zone, self.now, self.currency(column, row).as_deref(), self.labels),
            None => json.as_str().map_or_else(|| json.to_string(), str::to_owned),
        }
    }

    fn currency(&self, column: &Column, row: Option<&Fields>) -> Option<String> {
        match column.kind {
            Kind::Money(Currency::Column(currency)) => row?.get(currency)?.as_str().map(str::to_owned),
            Kind::Money(Currency::Through { .. }) => self.current?.cell(column.name)?.companion.as_text().map(str::to_owned),
            _ => None,
        }
    }
}

/// One value in words.
pub fn words(
    column: &Column,
    value: &Value,
    zone: Tz,
    now: DateTime<Utc>,
    currency: Option<&str>,
    labels: &HashMap<Uuid, String>,
) -> String {
    match (column.kind, value) {
        (Kind::Choice(choices), Value::Text(text)) => {
            choices.iter().find(|choice| choice.value == text).map_or_else(|| text.clone(), |choice| choice.label.to_owned())
        }
        (_, Value::Bool(true)) => "Yes".to_owned(),
        (_, Value::Bool(false)) => "No".to_owned(),
        (Kind::Reference(_), Value::Uuid(id)) => labels.get(id).cloned().unwrap_or_else(|| id.to_string()),
        (_, Value::Number(number)) => money(number, currency).to_string(),
        (_, time @ Value::Time(_)) => when(time, zone, now),
        (_, Value::Json(text)) => indented(text),
        (_, other) => other.to_string(),
    }
}
