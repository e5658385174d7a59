//! How is a record shown as it was at a moment, beside what it is now?

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;
use chrono::{TimeDelta, Utc};
use chrono_tz::Tz;
use uuid::Uuid;

use super::{Life, Sieve};
use crate::{
    audit::{
        as_of::{AsOf, Reach, State, as_of, columns},
        entry::Entry,
    },
    auth::policy::Action,
    db::{
        pool::{Connection, DatabaseError},
        value::{Timestamp, Value},
    },
    error::PageError,
    pages::{
        audit::telling::{name, when},
        display::{Shown, return_to},
        frame::Frame,
        record,
        response::page,
        shown::{Viewer, shown},
        urls,
        visit::Visit,
    },
    resource::{
        Column, Currency, Kind, Resource,
        moment::{Typed, parse},
        record::{Cell, Record},
        reference::{lookup, text_of},
    },
};

/// A moment as somebody typed it.
#[derive(Debug, Default)]
pub struct Moment {
    pub typed: String,
    pub error: Option<&'static str>,
    at: Option<Timestamp>,
}

const MALFORMED: &str = "Type a day such as 2026-11-24, or a time such as 2026-11-24 14:31.";

impl Moment {
    /// A day alone means its end: what was there when it was over.
    pub fn typed(text: &str, zone: Tz) -> Moment {
        let at = match parse(text.trim(), zone) {
            Some(Typed::Moment(at)) => Some(at),
            Some(Typed::Day { end, .. }) => end.moment().map(|end| Timestamp::from(end - TimeDelta::microseconds(1))),
            None => None,
        };
        Moment { typed: text.to_owned(), error: at.is_none().then_some(MALFORMED), at }
    }
}

#[derive(Template)]
#[template(path = "resource/as_of.html")]
struct AsOfPage<'a> {
    frame: Frame,
    resource: &'static Resource,
    label: String,
    at: String,
    record_url: Option<String>,
    history_url: String,
    sieve: Sieve,
    /// What the log tells of it, beside its values.
    notes: Vec<String>,
    facts: Vec<Fact<'a>>,
    /// How many of the values are others now; nothing where there is no record to compare with.
    changed: Option<usize>,
}

struct Fact<'a> {
    column: &'static str,
    label: &'static str,
    then: Shown<'a>,
    /// What it is now, where that is something else.
    now: Option<Shown<'a>>,
}

impl Life<'_> {
    /// The record at a moment.
    pub(super) async fn at(&self, moment: Moment) -> Result<HttpResponse, PageError> {
        let (resource, id, current) = (self.grant.resource(), self.id, self.current.as_ref());
        let zone = self.visit.actor.preferences.time_zone;
        let now = Utc::now();
        let at = moment.at.unwrap_or(Timestamp::INFINITY);
        let told = as_of(&self.connection, self.log, &self.grant, id, at, current).await?;
        let by = |entry: &Entry| format!("by {} on {}", name(&entry.doer), when(&entry.at, zone, now));
        let mut notes = Vec::new();
        let state = match told {
            AsOf::Never => return Err(record::missing(self.console, self.visit, &self.connection, &self.grant, id).await?),
            AsOf::NotYet(entry) => {
                notes.push(format!("This {} was not there yet: it was created {}.", resource.singular, by(&entry)));
                None
            }
            AsOf::Gone(entry) => {
                notes.push(format!("This {} was not there any more: it was deleted {}.", resource.singular, by(&entry)));
                None
            }
            AsOf::Then(state) => {
                notes.push(match (&state.left_by, state.reach) {
                    (Some(entry), _) => format!("It was last changed {}.", by(entry)),
                    (None, Reach::BeforeTheFirst) => {
                        "The log does not reach back to then: these are the values that its first entry found.".to_owned()
                    }
                    (None, Reach::Told | Reach::Untold) => "The log has no entry about it: these are the values it has now.".to_owned(),
                });
                Some(state)
            }
        };
        let cells = match &state {
            None => Vec::new(),
            Some(state) => cells(&self.connection, self.visit, resource, state).await?,
        };
        let back = return_to(&urls::history_url(resource, id));
        let viewer = Viewer::new(&self.visit.actor, &self.grant, now).leading_back_to(&back);
        let facts: Vec<Fact<'_>> = cells.iter().filter_map(|(column, cell)| fact(column, cell, current, &viewer)).collect();
        let label = match (&state, current) {
            (Some(state), _) => label(resource, id, state),
            (None, Some(current)) => current.label(),
            (None, None) => id.to_string(),
        };
        let written = when(&Value::Time(at), zone, now);
        let steps = [("History", Some(urls::history_url(resource, id))), ("As of", None)];
        let template = AsOfPage {
            frame: self.frame(format!("{label} as of {written}"), &label, &steps, StatusCode::OK),
            resource,
            at: written,
            record_url: self.record_url(),
            history_url: record::with_back(urls::history_url(resource, id), self.back.as_deref()),
            sieve: self.sieve(None, moment),
            notes,
            changed: current.map(|_| facts.iter().filter(|fact| fact.now.is_some()).count()),
            facts,
            label,
        };
        Ok(page(self.request, StatusCode::OK, &template))
    }
}

fn label(resource: &Resource, id: Uuid, state: &State) -> String {
    let named = resource.column(resource.label).map(|column| state.value(column)).and_then(Value::as_text);
    named.filter(|name| !name.trim().is_empty()).map_or_else(|| id.to_string(), str::to_owned)
}

fn fact<'a>(column: &'static Column, cell: &'a Cell, current: Option<&'a Record>, viewer: &Viewer<'a>) -> Option<Fact<'a>> {
    if !column.shown || column.name == "id" {
        return None;
    }
    let now = current.and_then(|record| record.cell(column.name)).filter(|now| differ(column, cell, now));
    Some(Fact {
        column: column.name,
        label: column.label,
        then: shown(column, cell, viewer),
        now: now.map(|now| shown(column, now, viewer)),
    })
}

/// Whether a value is another one now. Of two secrets nothing is known.
fn differ(column: &Column, then: &Cell, now: &Cell) -> bool {
    let is_hidden = |cell: &Cell| matches!(column.kind, Kind::SecretWhen(_)) && cell.companion == Value::Bool(true);
    match (is_hidden(then), is_hidden(now)) {
        (true, true) => false,
        (true, false) | (false, true) => true,
        (false, false) => then.value != now.value,
    }
}

/// The values as a record's cells, with what is needed to show them.
async fn cells(
    connection: &Connection,
    visit: &Visit,
    resource: &'static Resource,
    state: &State,
) -> Result<Vec<(&'static Column, Cell)>, DatabaseError> {
    let mut cells = Vec::new();
    for column in columns(resource) {
        let value = state.value(column).clone();
        let (companion, detail) = match column.kind {
            Kind::SecretWhen(flag) => {
                let is_flagged = resource.column(flag).is_some_and(|flag| state.value(flag).as_bool() == Some(true));
                (Value::Bool(is_flagged || state.hides(column)), Value::Null)
            }
            Kind::Reference(target) => named(connection, visit, target, &value).await?,
            Kind::Money(Currency::Column(currency)) => {
                (resource.column(currency).map_or(Value::Null, |column| state.value(column).clone()), Value::Null)
            }
            Kind::Money(Currency::Through { reference, column: currency }) => {
                let reference = resource.column(reference);
                let id = reference.and_then(|reference| state.value(reference).as_uuid());
                let found = match (reference.map(|reference| reference.kind), id) {
                    (Some(Kind::Reference(target)), Some(id)) => match visit.actor.authorize(Action::Read, target) {
                        Ok(grant) => text_of(connection, &grant, currency, id).await?,
                        Err(_) => None,
                    },
                    (_, _) => None,
                };
                (found.map_or(Value::Null, Value::Text), Value::Null)
            }
            Kind::Text(_)
            | Kind::LongText
            | Kind::Bool
            | Kind::Uuid
            | Kind::Timestamp
            | Kind::Inet
            | Kind::Json
            | Kind::Choice(_)
            | Kind::Secret => (Value::Null, Value::Null),
        };
        cells.push((column, Cell { value, companion, detail }));
    }
    Ok(cells)
}

/// What a reference is called now; what it was called then is in its own history.
async fn named(connection: &Connection, visit: &Visit, target: &'static Resource, value: &Value) -> Result<(Value, Value), DatabaseError> {
    let found = match (visit.actor.authorize(Action::Read, target), value.as_uuid()) {
        (Ok(grant), Some(id)) => lookup(connection, &grant, id).await?,
        (_, _) => None,
    };
    Ok(found.map_or((Value::Null, Value::Null), |found| (Value::Text(found.label), found.detail.map_or(Value::Null, Value::Text))))
}

impl AsOfPage<'_> {
    /// "3 of these values are others now."
    fn compared(&self) -> Option<String> {
        Some(match self.changed? {
            0 => "All of it is so now, too.".to_owned(),
            1 => "1 of these values is another one now.".to_owned(),
            many => format!("{many} of these values are others now."),
        })
    }
}
