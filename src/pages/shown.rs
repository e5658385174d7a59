//! How does a cell of the engine look to the one who reads the page?

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::display::{MoneyShown, RecordLink, Secrecy, Shown, Slot, TimeShown, Tone};
use crate::{
    auth::{
        actor::Actor,
        grant::{Grant, Rows},
        policy::Action,
    },
    db::value::{Number, Timestamp, Value},
    resource::{self, Column, Kind, Owner, Resource, indent::indented, record::Cell},
};

/// Who reads, and what that decides about every cell of one table's rows.
#[derive(Debug, Clone, Copy)]
pub struct Viewer<'a> {
    pub actor: &'a Actor,
    pub zone: Tz,
    pub now: DateTime<Utc>,
    /// Where the links to other records lead back to, encoded for `return=`.
    pub back: Option<&'a str>,
    resource: &'static Resource,
    /// The reference that makes these rows the actor's own, so that what it names is the actor's too.
    own_reference: Option<&'static str>,
}

impl<'a> Viewer<'a> {
    /// `grant` is the one that the rows were read with.
    pub fn new(actor: &'a Actor, grant: &Grant, now: DateTime<Utc>) -> Viewer<'a> {
        let resource = grant.resource();
        let own_reference = match (grant.rows(), resource.owner) {
            (Rows::OwnedBy(_), Owner::Through { reference, .. }) => Some(reference),
            (Rows::OwnedBy(_), Owner::Column(_) | Owner::Nobody) | (Rows::All, _) => None,
        };
        Viewer { actor, zone: actor.preferences.time_zone, now, back: None, resource, own_reference }
    }

    #[must_use]
    pub fn in_zone(self, zone: Tz) -> Viewer<'a> {
        Viewer { zone, ..self }
    }

    #[must_use]
    pub fn leading_back_to(self, back: &'a str) -> Viewer<'a> {
        Viewer { back: Some(back), ..self }
    }

    /// Whether the actor may know what `column` holds: a column of another record needs the right to read that one.
    pub fn may_see(&self, column: &Column) -> bool {
        let (Some(reference), _) = column.path() else {
            return true;
        };
        match (column.kind, self.resource.column(reference).map(|column| column.kind)) {
            // An amount without its currency says nothing; a currency alone names nobody.
            (Kind::Money(_), _) => true,
            (_, Some(Kind::Reference(target))) => self.may_read_through(reference, target),
            (_, _) => false,
        }
    }

    fn may_read_through(&self, reference: &str, target: &'static Resource) -> bool {
        match self.actor.authorize(Action::Read, target) {
            Ok(grant) => grant.covers_all_rows() || self.own_reference == Some(reference),
            Err(_) => false,
        }
    }
}

/// One value, as the templates' macros take it.
pub fn shown<'a>(column: &'static Column, cell: &'a Cell, viewer: &Viewer<'a>) -> Shown<'a> {
    if !viewer.may_see(column) {
        return Shown::Restricted;
    }
    match (column.kind, &cell.value) {
        (Kind::Secret, _) => Shown::Hidden(Secrecy::Kept),
        (Kind::SecretWhen(_), _) if cell.companion == Value::Bool(true) => Shown::Hidden(Secrecy::Set),
        (_, Value::Null) => Shown::NotSet,
        (Kind::Reference(target), Value::Uuid(id)) => reference(column, target, *id, cell, viewer),
        (Kind::Choice(choices), Value::Text(text)) => match choices.iter().find(|choice| choice.value == text) {
            Some(choice) => Shown::Choice { label: choice.label, tone: tone(choice.tone), icon: choice.icon },
            None => Shown::Text(text),
        },
        (Kind::LongText, Value::Text(text)) => Shown::LongText(text),
        (Kind::Json | Kind::SecretWhen(_), Value::Json(text)) => Shown::Json(indented(text)),
        // A list reads only the beginning of a document.
        (Kind::Json | Kind::SecretWhen(_), Value::Text(text)) => Shown::Json(text.clone()),
        (_, value) => plain(value, cell, viewer),
    }
}

/// A value by what it is, whatever its column was declared as.
fn plain<'a>(value: &'a Value, cell: &'a Cell, viewer: &Viewer<'_>) -> Shown<'a> {
    match value {
        Value::Null => Shown::NotSet,
        Value::Text(text) => Shown::Text(text),
        Value::Bool(truth) => Shown::Boolean(*truth),
        Value::Uuid(id) => Shown::Identifier(*id),
        Value::Number(number) => Shown::Money(money(number, cell.companion.as_text())),
        Value::Time(time) => moment(*time, viewer),
        Value::Address(address) => Shown::Address(address.to_string()),
        Value::Json(text) => Shown::Json(indented(text)),
    }
}

pub fn money<'a>(number: &'a Number, currency: Option<&'a str>) -> MoneyShown<'a> {
    match number {
        Number::Decimal(amount) => MoneyShown::new(*amount, currency),
        Number::NotANumber => MoneyShown::odd("NaN", currency),
        Number::Infinite => MoneyShown::odd("Infinity", currency),
        Number::NegativeInfinite => MoneyShown::odd("\u{2212}Infinity", currency),
        Number::TooLarge => MoneyShown::odd("beyond 28 digits", currency),
    }
}

fn moment<'a>(time: Timestamp, viewer: &Viewer<'_>) -> Shown<'a> {
    match time.moment() {
        Some(moment) => Shown::Time(TimeShown::new(moment, viewer.zone, viewer.now)),
        None => Shown::FarTime(time.to_string()),
    }
}

/// A link where the actor may read the record, its bare name where it is the actor, else nothing of it.
fn reference<'a>(column: &'static Column, target: &'static Resource, id: uuid::Uuid, cell: &'a Cell, viewer: &Viewer<'a>) -> Shown<'a> {
    let may_read = column.is_own() && viewer.may_read_through(column.name, target) || viewer.actor.sees_labels_of(target);
    let label = match (cell.companion.as_text(), may_read) {
        (Some(label), true) => label,
        (_, false) if id == viewer.actor.id => &viewer.actor.full_name,
        (_, false) => return Shown::Restricted,
        (None, true) => return Shown::Identifier(id),
    };
    let href = may_read.then_some(RecordLink { table: target.table, id, back: viewer.back });
    if label.trim().is_empty() {
        return Shown::Identifier(id);
    }
    Shown::Reference { label, detail: cell.detail.as_text().filter(|_| may_read), href }
}

pub fn tone(tone: resource::Tone) -> Tone {
    match tone {
        resource::Tone::Plain => Tone::Plain,
        resource::Tone::Good => Tone::Done,
        resource::Tone::Waiting => Tone::Waiting,
        resource::Tone::Bad => Tone::Failed,
        resource::Tone::Off => Tone::Off,
    }
}

pub fn slot(slot: resource::Slot) -> Slot {
    match slot {
        resource::Slot::Title => Slot::Title,
        resource::Slot::Key => Slot::Key,
        resource::Slot::Money => Slot::Money,
        resource::Slot::Meta => Slot::Meta,
        resource::Slot::State => Slot::State,
    }
}
