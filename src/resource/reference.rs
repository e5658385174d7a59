//! Which record does a reference mean, and may this actor point at it?

use uuid::Uuid;

use super::{
    Currency, Kind, Registry, Resource,
    form::{Draft, Field},
    money,
    statement::Statement,
};
use crate::{
    auth::{actor::Actor, grant::Grant, policy::Action},
    db::{
        pool::{Connection, DatabaseError},
        value::Value,
    },
};

/// As many as a page of radios can show.
pub const CANDIDATES: usize = 10;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub id: Uuid,
    pub label: String,
    pub detail: Option<String>,
    /// One of its names is exactly what was typed.
    pub exact: bool,
}

/// A record that a reference points at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub label: String,
    pub detail: Option<String>,
    pub is_active: bool,
}

/// Records the grant covers whose names match, the exact ones first; never more than [`CANDIDATES`].
///
/// # Errors
/// See [`DatabaseError`]; so for all below.
pub async fn candidates(connection: &Connection, grant: &Grant, typed: &str) -> Result<Vec<Candidate>, DatabaseError> {
    let statement = Statement::candidates(grant, typed.trim(), CANDIDATES);
    let rows = connection.planned(statement.planning(), statement.text(), statement.parameters()).await?;
    rows.iter()
        .map(|row| {
            Ok(Candidate {
                id: row.try_get(0)?,
                label: row.try_get::<_, Option<String>>(1)?.unwrap_or_default(),
                detail: row.try_get(2)?,
                exact: row.try_get::<_, Option<bool>>(3)?.unwrap_or(false),
            })
        })
        .collect()
}

pub async fn lookup(connection: &Connection, grant: &Grant, id: Uuid) -> Result<Option<Found>, DatabaseError> {
    let statement = Statement::reference(grant, id);
    let rows = connection.rows(statement.text(), statement.parameters()).await?;
    let found = |row: &tokio_postgres::Row| -> Result<Found, DatabaseError> {
        Ok(Found { label: row.try_get::<_, Option<String>>(0)?.unwrap_or_default(), detail: row.try_get(1)?, is_active: row.try_get(2)? })
    };
    rows.first().map(found).transpose()
}

/// Finds every reference of a draft, by id or by what was typed, within what the actor may read;
/// refuses what is missing, ambiguous or inactive; then holds amounts against their currency.
pub async fn resolve(connection: &Connection, actor: &Actor, draft: &mut Draft<'_>) -> Result<(), DatabaseError> {
    for index in 0..draft.fields.len() {
        let field = &mut draft.fields[index];
        if let Kind::Reference(target) = field.column.kind {
            match actor.authorize(Action::Read, target) {
                Ok(grant) => find(connection, &grant, field, draft.current.is_some()).await?,
                Err(_) if field.change.as_ref().is_some_and(|value| !value.is_null()) => {
                    field.error = Some(format!("Your role cannot choose among {}.", target.several()))
                }
                Err(_) => {}
            }
        }
    }
    for index in 0..draft.fields.len() {
        let Kind::Money(currency) = draft.fields[index].column.kind else { continue };
        let is_typed = matches!(draft.fields[index].change, Some(Value::Number(_)));
        // An amount left as it was still has to fit the currency it comes into.
        let is_empty = draft.fields[index].typed.trim().is_empty();
        if !is_empty && (is_typed || draft.changes_column(currency.decided_by())) {
            let currency = currency_of(connection, actor, draft, currency).await?;
            let field = &mut draft.fields[index];
            if let Err(message) = money::parse(field.typed.trim(), currency.as_deref()) {
                field.error.get_or_insert(message);
            }
        }
    }
    Ok(())
}

/// Asks for candidates without saving: the Find button of a form without scripts.
pub async fn ask(connection: &Connection, actor: &Actor, field: &mut Field) -> Result<(), DatabaseError> {
    let Kind::Reference(target) = field.column.kind else {
        return Ok(());
    };
    let Ok(grant) = actor.authorize(Action::Read, target) else {
        return Ok(());
    };
    field.error = None;
    if field.find.trim().is_empty() {
        field.error = Some("Type a part of the name first.".to_owned());
        return Ok(());
    }
    field.candidates = candidates(connection, &grant, &field.find).await?;
    field.asked.clone_from(&field.find);
    match field.candidates.as_slice() {
        [] => field.error = Some(nothing_found(target, &field.find)),
        [only] => field.typed = only.id.to_string(),
        _ => {}
    }
    Ok(())
}

fn nothing_found(target: &Resource, typed: &str) -> String {
    let active = if target.column("is_active").is_some() { "active " } else { "" };
    format!("No {active}{} matches “{}”.", target.singular, typed.trim())
}

async fn find(connection: &Connection, grant: &Grant, field: &mut Field, is_edit: bool) -> Result<(), DatabaseError> {
    let target = grant.resource();
    let typed_id = Uuid::try_parse(field.typed.trim()).ok();
    let found = match typed_id {
        Some(id) => lookup(connection, grant, id).await?,
        None => None,
    };
    field.label = found.as_ref().map(|found| found.label.clone());
    let sought = field.find.trim().to_owned();
    let names_what_was_chosen =
        sought.is_empty() || sought == field.asked.trim() || found.as_ref().is_some_and(|found| found.label.trim() == sought);
    if !names_what_was_chosen || (typed_id.is_none() && !sought.is_empty()) {
        return seek(connection, grant, field, &sought).await;
    }
    if field.change.is_none() || field.change == Some(Value::Null) {
        return Ok(());
    }
    match found {
        None => field.error = Some(format!("There is no such {}.", target.singular)),
        // What already points at something inactive may keep doing so.
        Some(found) if !found.is_active && !is_edit => field.error = Some(format!("“{}” is not active.", found.label)),
        Some(found) if !found.is_active => {
            field.error = Some(format!("“{}” is not active; choose an active {}.", found.label, target.singular))
        }
        Some(_) => {}
    }
    Ok(())
}

/// What was typed names another record than the one chosen before: the words count, never the old choice.
async fn seek(connection: &Connection, grant: &Grant, field: &mut Field, sought: &str) -> Result<(), DatabaseError> {
    let found = candidates(connection, grant, sought).await?;
    field.error = None;
    let exact: Vec<_> = found.iter().filter(|candidate| candidate.exact).collect();
    let chosen = match (found.as_slice(), exact.as_slice()) {
        ([only], _) => Some(only.clone()),
        (_, [only]) => Some((*only).clone()),
        _ => None,
    };
    match chosen {
        Some(candidate) => {
            field.typed = candidate.id.to_string();
            field.change = Some(Value::Uuid(candidate.id));
            field.label = Some(candidate.label);
        }
        None if found.is_empty() => field.error = Some(nothing_found(grant.resource(), sought)),
        None => {
            field.error = Some(format!("Several match “{sought}”: choose one."));
            sought.clone_into(&mut field.asked);
            field.typed = String::new();
            field.candidates = found;
        }
    }
    Ok(())
}

async fn currency_of(
    connection: &Connection,
    actor: &Actor,
    draft: &Draft<'_>,
    currency: Currency,
) -> Result<Option<String>, DatabaseError> {
    match currency {
        Currency::Column(column) => Ok(draft.value(column).as_text().map(str::to_owned)),
        Currency::Through { reference, column } => {
            let target = draft.resource.column(reference).map(|column| column.kind);
            let (Some(Kind::Reference(target)), Some(id)) = (target, draft.value(reference).as_uuid()) else {
                return Ok(None);
            };
            let Ok(grant) = actor.authorize(Action::Read, target) else {
                return Ok(None);
            };
            text_of(connection, &grant, column, id).await
        }
    }
}

/// What a text column of one record holds, where the grant covers the record.
pub async fn text_of(connection: &Connection, grant: &Grant, column: &'static str, id: Uuid) -> Result<Option<String>, DatabaseError> {
    let statement = Statement::column_of(grant, column, id);
    let rows = connection.rows(statement.text(), statement.parameters()).await?;
    Ok(rows.first().map(|row| row.try_get(0)).transpose()?.flatten())
}

/// Marks the fields that nobody can change any more because records refer to this one.
pub async fn fix(connection: &Connection, registry: &Registry, draft: &mut Draft<'_>) -> Result<(), DatabaseError> {
    let Some(record) = draft.current else {
        return Ok(());
    };
    for field in &mut draft.fields {
        let Some(why) = field.column.fixed_once_referred else {
            continue;
        };
        for referrer in registry.referrers(record.resource.table) {
            let statement = Statement::referring(referrer.resource, referrer.column, record.id, 0);
            let rows = connection.rows(statement.text(), statement.parameters()).await?;
            if rows.first().map(|row| row.try_get::<_, i64>(0)).transpose()?.is_some_and(|count| count > 0) {
                field.fixed = Some(why);
                if field.change.is_some() {
                    field.error = Some(why.to_owned());
                }
            }
        }
    }
    Ok(())
}
