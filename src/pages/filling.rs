//! What does a form that came in ask for, and what is wrong with it?

use uuid::Uuid;

use super::visit::Visit;
use crate::{
    app::Console,
    auth::{
        grant::{Grant, Rows},
        policy::Action,
    },
    db::{
        pool::{Connection, DatabaseError},
        value::Value,
    },
    resource::{
        Column, Kind, Owner,
        column::Input,
        form::{Draft, Submission},
        record::Record,
        reference,
    },
};

/// What came in, with every mistake found at once: the fields', and those that belong to no field.
pub async fn filled<'a>(
    connection: &Connection,
    console: &Console,
    visit: &Visit,
    grant: &Grant,
    current: Option<&'a Record>,
    submission: &Submission,
) -> Result<(Draft<'a>, Vec<(&'static str, String)>), DatabaseError> {
    let mut draft = Draft::submitted(grant.resource(), current, submission, visit.actor.preferences.time_zone);
    if current.is_none() {
        take_ownership(&mut draft, grant);
    }
    complete(connection, console, visit, &mut draft, submission).await?;
    let intruders = draft.intruders(submission);
    let problems = intruders.into_iter().map(|column| (column.label, intruding())).collect();
    Ok((draft, problems))
}

/// What is said of a column that no field of the form sends.
pub fn intruding() -> String {
    "cannot be set by this form.".to_owned()
}

/// Finds what a form's references mean, and every mistake in its fields.
pub async fn complete(
    connection: &Connection,
    console: &Console,
    visit: &Visit,
    draft: &mut Draft<'_>,
    submission: &Submission,
) -> Result<(), DatabaseError> {
    for field in &mut draft.fields {
        let name = field.column.name;
        let part = |part: &str| submission.pairs.iter().any(|pair| pair.0.strip_prefix(name) == Some(part));
        if submission.garbled.iter().any(|garbled| garbled.strip_prefix(name).is_some_and(|rest| rest == ".find")) {
            field.error = Some("holds bytes that are not text (UTF-8). Type it again.".to_owned());
        }
        if field.find.contains('\0') {
            field.error = Some("Holds a NUL character, which no text can have.".to_owned());
            field.find = field.find.replace('\0', "\u{fffd}");
            field.change = None;
            continue;
        }
        // The radios of a Find were on the page and none was taken: keeping the old one would not be what anybody chose.
        if part(".asked") && submission.get(name).is_none() && field.find.trim() == field.asked.trim() && !field.asked.trim().is_empty() {
            field.asked = String::new();
            field.typed = String::new();
        }
    }
    reference::resolve(connection, &visit.actor, draft).await?;
    reference::fix(connection, &console.registry, draft).await?;
    draft.check();
    Ok(())
}

/// Whoever may create only what is their own does not choose whose it is.
pub fn take_ownership(draft: &mut Draft<'_>, grant: &Grant) {
    if let Some((column, _)) = owned(grant) {
        draft.fields.retain(|field| field.column != column);
    }
}

pub fn owned(grant: &Grant) -> Option<(&'static Column, Value)> {
    match (grant.rows(), grant.resource().owner) {
        (Rows::OwnedBy(user), Owner::Column(name)) => {
            let column = grant.resource().column(name).filter(|column| column.on_create != Input::Never)?;
            Some((column, Value::Uuid(user)))
        }
        (Rows::OwnedBy(_), Owner::Through { .. } | Owner::Nobody) | (Rows::All, _) => None,
    }
}

/// The names of references a form starts with.
pub async fn name_references(connection: &Connection, visit: &Visit, draft: &mut Draft<'_>) -> Result<(), DatabaseError> {
    for field in &mut draft.fields {
        if let Kind::Reference(target) = field.column.kind
            && let Ok(id) = Uuid::try_parse(&field.typed)
            && let Ok(grant) = visit.actor.authorize(Action::Read, target)
            && let Some(found) = reference::lookup(connection, &grant, id).await?
        {
            field.find.clone_from(&found.label);
            field.label = Some(found.label);
        }
    }
    Ok(())
}

/// Answers the Find button: only the reference asked for speaks, the other fields wait.
pub async fn find(connection: &Connection, visit: &Visit, draft: &mut Draft<'_>, asked: &str) -> Result<(), DatabaseError> {
    for field in &mut draft.fields {
        if field.column.name == asked {
            reference::ask(connection, &visit.actor, field).await?;
        } else {
            field.error = None;
        }
    }
    Ok(())
}
