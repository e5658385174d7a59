//! How is a record's whole life told, or that of one of its fields?

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use uuid::Uuid;

mod as_of;
pub mod last_set;

use super::{
    audit::telling::{self, EntryView, Place, is_asked_for},
    frame::Frame,
    query,
    record::{self, back, record_id, resource, trail, with_back},
    response::page,
    urls,
    visit::Visit,
};
use crate::{
    app::Console,
    audit::{
        entry::Entry,
        history::{Before, HistoryGrant, entries, entries_of_field},
        trail_entry::{Subject, TrailEntry},
    },
    auth::{grant::Grant, policy::Action},
    db::pool::{Connection, DatabaseError},
    error::PageError,
    resource::{
        Column, Resource,
        record::Record,
        store::{self, StoreError},
    },
};
use as_of::Moment;

const PAGE: i64 = 50;

/// The forms above a history: one of its fields, the record at a moment.
struct Sieve {
    action: String,
    back: Option<String>,
    fields: Vec<FieldChoice>,
    moment: Moment,
    zone: String,
}

struct FieldChoice {
    name: &'static str,
    label: &'static str,
    is_chosen: bool,
}

#[derive(Template)]
#[template(path = "resource/history.html")]
struct HistoryPage {
    frame: Frame,
    resource: &'static Resource,
    label: String,
    record_url: Option<String>,
    sieve: Sieve,
    /// The field whose life this is, and the way to the whole record's.
    field: Option<(&'static str, String)>,
    entries: Vec<EntryView>,
    newest: Option<String>,
    older: Option<String>,
}

/// One record's life, as the reader asked for it.
struct Life<'a> {
    request: &'a HttpRequest,
    console: &'a Console,
    visit: &'a Visit,
    connection: Connection,
    grant: Grant,
    log: HistoryGrant,
    id: Uuid,
    current: Option<Record>,
    back: Option<String>,
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
    let back = back(&pairs, &["after", "field", "as_of"])?;
    let asked = |name: &str| pairs.iter().find(|(pair, value)| pair == name && !value.is_empty()).map(|(_, value)| value.as_str());
    let before = match asked("after") {
        None => Before::NOW,
        Some(text) => Before::parse(text).ok_or_else(|| PageError::bad_request("“after” is no place in this history"))?,
    };
    let field = match asked("field") {
        None => None,
        Some(name) => Some(
            resource
                .column(name)
                .filter(|column| is_asked_for(resource, column.name))
                .ok_or_else(|| PageError::bad_request(format!("“field” is no field of {}", resource.several())))?,
        ),
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
    let life = Life { request: &request, console: &console, visit: &visit, connection, grant, log, id, current, back };
    match asked("as_of").map(|text| Moment::typed(text, visit.actor.preferences.time_zone)) {
        None => life.told(before, field, Moment::default()).await,
        Some(moment) if moment.error.is_some() => life.told(before, field, moment).await,
        Some(moment) => life.at(moment).await,
    }
}

impl Life<'_> {
    async fn told(&self, before: Before, field: Option<&'static Column>, moment: Moment) -> Result<HttpResponse, PageError> {
        let (resource, id) = (self.grant.resource(), self.id);
        let mut found = match field {
            None => entries(&self.connection, self.log, &self.grant, id, before, PAGE + 1).await?,
            Some(field) => entries_of_field(&self.connection, self.log, &self.grant, id, field, before, PAGE + 1).await?,
        };
        if self.current.is_none() && found.is_empty() && before == Before::NOW && field.is_none() {
            return Err(record::missing(self.console, self.visit, &self.connection, &self.grant, id).await?);
        }
        let more = found.len() > PAGE as usize;
        found.truncate(PAGE as usize);
        let whole = with_back(urls::history_url(resource, id), self.back.as_deref());
        let own = match field {
            None => whole.clone(),
            Some(field) => with_back(urls::field_history_url(resource, id, field.name), self.back.as_deref()),
        };
        let separator = if own.contains('?') { '&' } else { '?' };
        let older = found.last().filter(|_| more).map(|last| format!("{own}{separator}after={}", Before::entry(last).parameter()));
        let label = self.current.as_ref().map_or_else(|| last_label(resource, id, &found), Record::label);
        let place = Place::Own { resource, id, current: self.current.as_ref() };
        let status = if moment.error.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
        let template = HistoryPage {
            frame: self.frame(format!("History of {label}"), &label, &[("History", None)], status),
            resource,
            sieve: self.sieve(field, moment),
            entries: views(&self.connection, self.visit, self.console, place, found).await?,
            record_url: self.record_url(),
            field: field.map(|field| (field.label, whole)),
            newest: (before != Before::NOW).then_some(own),
            older,
            label,
        };
        Ok(page(self.request, status, &template))
    }

    fn record_url(&self) -> Option<String> {
        let resource = self.grant.resource();
        self.current.is_some().then(|| with_back(urls::record_url(resource, self.id), self.back.as_deref()))
    }

    fn frame(&self, title: String, label: &str, steps: &[(&str, Option<String>)], status: StatusCode) -> Frame {
        let title = if status == StatusCode::OK { title } else { format!("Error: {title}") };
        let mut all = vec![(label, self.record_url())];
        all.extend(steps.iter().cloned());
        Frame::for_page(self.console, self.visit, self.request, title, trail(self.grant.resource(), self.back.as_deref(), &all))
    }

    fn sieve(&self, field: Option<&'static Column>, moment: Moment) -> Sieve {
        let resource = self.grant.resource();
        let asked_for = resource.columns.iter().filter(|column| is_asked_for(resource, column.name));
        Sieve {
            action: urls::history_url(resource, self.id),
            back: self.back.clone(),
            fields: asked_for
                .map(|column| FieldChoice {
                    name: column.name,
                    label: column.label,
                    is_chosen: field.is_some_and(|field| field.name == column.name),
                })
                .collect(),
            moment,
            zone: self.visit.actor.preferences.time_zone.name().to_owned(),
        }
    }
}

/// Entries about one record, told where that record is "it".
///
/// # Errors
/// See [`DatabaseError`].
pub async fn views(
    connection: &Connection,
    visit: &Visit,
    console: &Console,
    place: Place<'_>,
    entries: Vec<Entry>,
) -> Result<Vec<EntryView>, DatabaseError> {
    let Place::Own { resource, id, .. } = place else {
        return Ok(Vec::new());
    };
    let entries = entries.into_iter().map(|entry| TrailEntry { entry, subject: Subject::Record(resource, id) }).collect();
    telling::views_at(connection, visit, &console.registry, place, entries).await
}

/// What a record that is gone was called.
fn last_label(resource: &Resource, id: Uuid, entries: &[Entry]) -> String {
    let named = entries.iter().find_map(|entry| entry.old.as_ref()?.get(resource.label)?.as_str().map(str::to_owned));
    named.unwrap_or_else(|| id.to_string())
}
