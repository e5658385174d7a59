//! What was a record at a moment, as the two logs tell it?
//!
//! Every entry holds the whole row before and after, so the newest one at or before the moment is nearly always all
//! it takes. Where the platform wrote less than a row, older entries are asked for the rest, then newer ones for what
//! was there before them, and at last the record as it stands: a field that no entry changed is what it was.

use std::collections::HashMap;

use serde_json::value::RawValue;
use tokio_postgres::Row;
use uuid::Uuid;

use super::{
    base::exactly,
    entry::{Deed, Entry},
    history::{Before, HistoryGrant, rows},
};
use crate::{
    auth::grant::Grant,
    db::{
        pool::{Connection, DatabaseError, Parameter},
        value::{Timestamp, Value},
    },
    resource::{Column, Resource, record::Record},
};

/// Entries read at once: mostly the first is the one.
const AT_ONCE: i64 = 20;
/// Nobody writes so many parts of one row.
const FURTHEST: usize = 2_000;

/// A record at a moment.
#[derive(Debug)]
pub enum AsOf {
    /// Its first entry, which is later.
    NotYet(Box<Entry>),
    /// The entry its life had ended with.
    Gone(Box<Entry>),
    Then(Box<State>),
    /// No entry, no record: there is nothing to tell.
    Never,
}

/// The values a record had.
#[derive(Debug)]
pub struct State {
    values: HashMap<&'static str, Value>,
    hidden: Vec<&'static str>,
    pub reach: Reach,
    /// The entry that left it so.
    pub left_by: Option<Entry>,
}

/// How far back the log tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// An entry of that time or an earlier one says so.
    Told,
    /// The first entry is later: what it found must have been there.
    BeforeTheFirst,
    /// There is no entry about it: this is the record as it stands.
    Untold,
}

impl State {
    pub fn value(&self, column: &Column) -> &Value {
        self.values.get(column.name).unwrap_or(&Value::Null)
    }

    /// Whether the value is a secret, or became one.
    pub fn hides(&self, column: &Column) -> bool {
        self.hidden.contains(&column.name)
    }
}

/// What can be told of: the columns of the table itself that are no secrets.
pub fn columns(resource: &'static Resource) -> impl Iterator<Item = &'static Column> {
    resource.columns.iter().filter(|column| column.is_own() && column.is_stored() && !column.is_secret())
}

const AFTER: &str = "\
SELECT e.log, e.id, e.action, e.old_values, e.new_values, e.context, e.user_id, e.ip_address, e.created_at, e.user_agent, \
       d.actor_kind, d.actor_name, d.request_id, d.session_id, d.approval_id, d.outcome, d.reason, \
       u.id AS acting_id, u.full_name AS acting_name, $1 = 'system_settings' AS sealed \
FROM ((SELECT 'audit_logs'::text AS log, l.id, l.action, l.old_values, l.new_values, l.context, l.user_id::text AS user_id, \
              l.ip_address, l.created_at, l.user_agent \
         FROM audit_logs l WHERE l.entity_type = $1 AND l.entity_id = $2 AND (l.created_at, l.id) > ($3, $4) \
        ORDER BY l.created_at, l.id LIMIT $5) \
      UNION ALL \
      (SELECT 'ssot_audit_logs'::text, l.id, l.action, l.old_values, l.new_values, l.context, l.user_id::text, \
              l.ip_address, l.created_at, l.user_agent \
         FROM ssot_audit_logs l WHERE l.entity_type = $1 AND l.entity_id = $2 AND (l.created_at, l.id) > ($3, $4) \
        ORDER BY l.created_at, l.id LIMIT $5)) e \
  LEFT JOIN audit_details d ON d.log = e.log AND d.entry_id = e.id \
  LEFT JOIN users u ON u.id = CASE WHEN e.user_id ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' THEN e.user_id::uuid END \
 ORDER BY e.created_at, e.id LIMIT $5";

type Document = HashMap<String, Box<RawValue>>;

/// The record as it was when `moment` had passed; `current` is the record as it stands.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn as_of(
    connection: &Connection,
    _: HistoryGrant,
    grant: &Grant,
    id: Uuid,
    moment: Timestamp,
    current: Option<&Record>,
) -> Result<AsOf, DatabaseError> {
    let mut told = Told::new(grant.resource());
    let mut left_by = None;
    let mut before = Before { at: moment, id: Uuid::max() };
    let mut seen = 0;
    'back: loop {
        let page = in_order(rows(connection, grant, id, before, AT_ONCE).await?)?;
        for (row, entry) in &page {
            before = Before::entry(entry);
            match entry.deed {
                Deed::Deleted if left_by.is_none() => return Ok(AsOf::Gone(Box::new(entry.clone()))),
                // What was there before it was made again is another life.
                Deed::Deleted => break 'back,
                Deed::Created | Deed::Changed => {}
                Deed::Other(_) => continue,
            }
            let Some(document) = document(row, "new_values")? else { continue };
            told.take(&document, entry);
            left_by.get_or_insert_with(|| entry.clone());
            if entry.deed == Deed::Created || told.is_whole() {
                break 'back;
            }
        }
        seen += page.len();
        if page.len() < AT_ONCE as usize || seen >= FURTHEST {
            break;
        }
    }
    let reach = match &left_by {
        Some(_) => Reach::Told,
        None => match forward(connection, grant, id, moment, &mut told).await? {
            Forward::Born(entry) => return Ok(AsOf::NotYet(entry)),
            Forward::Found => Reach::BeforeTheFirst,
            Forward::Nothing if current.is_none() => return Ok(AsOf::Never),
            Forward::Nothing => Reach::Untold,
        },
    };
    if !told.is_whole() && reach == Reach::Told {
        forward(connection, grant, id, moment, &mut told).await?;
    }
    Ok(AsOf::Then(Box::new(told.completed_from(current, reach, left_by))))
}

enum Forward {
    /// It was made only later.
    Born(Box<Entry>),
    Found,
    Nothing,
}

/// Asks the entries that came later for what they found.
async fn forward(connection: &Connection, grant: &Grant, id: Uuid, moment: Timestamp, told: &mut Told) -> Result<Forward, DatabaseError> {
    let (mut at, mut after, mut seen) = (moment, Uuid::max(), 0);
    let mut found = Forward::Nothing;
    loop {
        let time = Value::Time(at);
        let parameters: [Parameter<'_>; 5] = [&grant.resource().table, &id, &time, &after, &AT_ONCE];
        let page = connection.query(AFTER, &parameters).await?;
        for row in &page {
            let entry = Entry::of(row)?;
            (at, after) = (entry.at.as_time().unwrap_or(at), entry.id);
            match (&entry.deed, document(row, "old_values")?) {
                (Deed::Created, _) if matches!(found, Forward::Nothing) => return Ok(Forward::Born(Box::new(entry))),
                (Deed::Created, _) => return Ok(found),
                (Deed::Changed | Deed::Deleted, Some(document)) => {
                    told.take(&document, &entry);
                    found = Forward::Found;
                }
                (Deed::Changed | Deed::Deleted, None) | (Deed::Other(_), _) => {}
            }
            if told.is_whole() || entry.deed == Deed::Deleted {
                return Ok(found);
            }
        }
        seen += page.len();
        if page.len() < AT_ONCE as usize || seen >= FURTHEST {
            return Ok(found);
        }
    }
}

/// What is no object is no row.
fn document(row: &Row, side: &'static str) -> Result<Option<Document>, DatabaseError> {
    let Some(Value::Json(text)) = row.try_get(side)? else {
        return Ok(None);
    };
    Ok(serde_json::from_str(&text).ok())
}

/// Entries of one transaction have one time, and ids that a millisecond shares are in no order: of two, the later one
/// found what the earlier one left.
fn in_order(rows: Vec<Row>) -> Result<Vec<(Row, Entry)>, DatabaseError> {
    let mut entries = rows.into_iter().map(|row| Entry::of(&row).map(|entry| (row, entry))).collect::<Result<Vec<_>, _>>()?;
    for place in 1..entries.len() {
        let mut here = place;
        while here > 0 {
            let (newer, older) = (&entries[here - 1].1, &entries[here].1);
            let is_turned = newer.at == older.at && older.old.is_some() && older.old == newer.new && newer.old != older.new;
            if !is_turned {
                break;
            }
            entries.swap(here - 1, here);
            here -= 1;
        }
    }
    Ok(entries)
}

/// What is known so far; the first word on a field stands.
struct Told {
    resource: &'static Resource,
    values: HashMap<&'static str, Value>,
    hidden: Vec<&'static str>,
}

impl Told {
    fn new(resource: &'static Resource) -> Told {
        Told { resource, values: HashMap::new(), hidden: Vec::new() }
    }

    fn take(&mut self, document: &Document, entry: &Entry) {
        for column in columns(self.resource) {
            if self.values.contains_key(column.name) {
                continue;
            }
            // What the log has in another shape than the table is shown as it stands there.
            let odd = || document.get(column.name).map(|raw| Value::Text(raw.get().trim_matches('"').to_owned()));
            let Some(value) = exactly(document, column).or_else(odd) else { continue };
            if entry.hides(self.resource, column.name) {
                self.hidden.push(column.name);
                self.values.insert(column.name, Value::Null);
            } else {
                self.values.insert(column.name, value);
            }
        }
    }

    fn is_whole(&self) -> bool {
        columns(self.resource).all(|column| self.values.contains_key(column.name))
    }

    fn completed_from(mut self, current: Option<&Record>, reach: Reach, left_by: Option<Entry>) -> State {
        for column in columns(self.resource) {
            if let (false, Some(cell)) = (self.values.contains_key(column.name), current.and_then(|record| record.cell(column.name))) {
                if cell.companion == Value::Bool(true) && cell.value.is_null() {
                    self.hidden.push(column.name);
                }
                self.values.insert(column.name, cell.value.clone());
            }
        }
        State { values: self.values, hidden: self.hidden, reach, left_by }
    }
}
