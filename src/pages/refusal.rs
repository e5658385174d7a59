//! What does a refused write mean to whoever filled in the form: a field to correct, a conflict, or another page?

use super::{urls, visit::Visit};
use crate::{
    app::Console,
    auth::policy::Action,
    db::pool::DatabaseError,
    error::PageError,
    resource::{
        Column,
        filter::{Condition, Filter},
        form::{Draft, FieldError},
        page as listing,
        record::Record,
        request::{ListRequest, Position, Query},
        store::{self, StoreError},
    },
    workflows::WorkflowError,
};

/// The same, sorted by what the page does about it.
#[derive(Debug)]
pub enum Refusal {
    /// The form again, with what is wrong.
    Fields {
        errors: Vec<FieldError>,
        /// What belongs to no field.
        problems: Vec<(&'static str, String)>,
        /// The columns whose values another record has already.
        taken: Option<Vec<&'static Column>>,
    },
    /// Somebody else changed it; as it is now.
    Stale(Box<Record>),
    Page(PageError),
}

/// The record that has a value already, as far as this actor may know it.
#[derive(Debug, Clone)]
pub struct Holder {
    pub column: &'static str,
    pub label: String,
    pub link: Option<String>,
}

/// Sorts what a workflow or the database refused.
pub fn of(error: WorkflowError, draft: &Draft<'_>) -> Refusal {
    match error {
        WorkflowError::Fields(errors) => fields(errors, draft),
        // Values that are taken together are one mistake, said at the first of them: an alias within its context.
        WorkflowError::Taken { columns, message } => {
            match columns.iter().find(|column| draft.fields.iter().any(|field| field.column == **column)) {
                Some(column) => {
                    let errors = vec![FieldError { column: column.name, message }];
                    Refusal::Fields { errors, problems: Vec::new(), taken: Some(columns) }
                }
                None => Refusal::Fields { errors: Vec::new(), problems: vec![("This form", message)], taken: None },
            }
        }
        WorkflowError::Invalid(why) => Refusal::Fields { errors: Vec::new(), problems: vec![("This form", why)], taken: None },
        WorkflowError::Store(StoreError::Changed(record)) => Refusal::Stale(record),
        error => Refusal::Page(page(error)),
    }
}

/// The page for a refusal that no form can answer.
pub fn page(error: WorkflowError) -> PageError {
    match error {
        WorkflowError::Fields(errors) => {
            PageError::Unprocessable { what: errors.into_iter().map(|error| error.message).collect::<Vec<_>>().join(" ") }
        }
        WorkflowError::Invalid(what) | WorkflowError::Taken { message: what, .. } => PageError::Unprocessable { what },
        WorkflowError::Stranded(stranded) => PageError::Unprocessable { what: stranded.to_string() },
        WorkflowError::Forbidden(what) => PageError::Forbidden { what, allowed_roles: Vec::new() },
        WorkflowError::Conflict(what) => PageError::Conflict { what, ways: Vec::new() },
        WorkflowError::Store(error) => error.into(),
        WorkflowError::Random(error) => PageError::internal(error),
        WorkflowError::Cipher => PageError::internal(WorkflowError::Cipher),
    }
}

/// Errors at fields the form has, and the rest on top of it.
fn fields(errors: Vec<FieldError>, draft: &Draft<'_>) -> Refusal {
    let has = |error: &FieldError| draft.fields.iter().any(|field| field.column.name == error.column);
    let (errors, others): (Vec<_>, Vec<_>) = errors.into_iter().partition(has);
    let label = |name: &'static str| draft.resource.column(name).map_or("This form", |column| column.label);
    let problems = others.into_iter().map(|error| (label(error.column), error.message)).collect();
    Refusal::Fields { errors, problems, taken: None }
}

/// Looks for the record that stands in the way, among those this actor may read.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn holder(
    console: &Console,
    visit: &Visit,
    draft: &Draft<'_>,
    taken: Option<&Vec<&'static Column>>,
) -> Result<Option<Holder>, DatabaseError> {
    let (Some(columns), Ok(grant)) = (taken, visit.actor.authorize(Action::Read, draft.resource)) else {
        return Ok(None);
    };
    let Some(last) = columns.iter().find(|column| draft.fields.iter().any(|field| field.column == **column)) else {
        return Ok(None);
    };
    let filter = |column: &&'static Column| Filter { column, condition: Condition::Any(vec![draft.value(column.name).clone()]) };
    let request = ListRequest {
        resource: draft.resource,
        filters: columns.iter().map(filter).collect(),
        finds: Vec::new(),
        search: None,
        order: crate::resource::Order::ascending("id"),
        limit: 1,
        position: Position::First,
        columns: Vec::new(),
        zone: draft.zone,
        query: Query::default(),
    };
    let connection = console.database.read().await?;
    let found = listing::read(&connection, &grant, &request).await?;
    let Some(row) = found.rows.first() else {
        return Ok(None);
    };
    match store::record(&connection, &grant, row.id).await {
        Ok(record) => {
            Ok(Some(Holder { column: last.name, label: record.label(), link: Some(urls::record_url(draft.resource, record.id)) }))
        }
        Err(StoreError::Database(error)) => Err(error),
        Err(_) => Ok(None),
    }
}

/// Puts the errors at their fields, naming the record in the way where it is known.
pub fn refuse(draft: &mut Draft<'_>, errors: Vec<FieldError>, holder: Option<&Holder>, taken: Option<&Vec<&'static Column>>) {
    let worded = errors.into_iter().map(|error| match holder {
        Some(holder) if taken.is_some() && holder.column == error.column => {
            FieldError { message: format!("Already used by “{}”: choose another value.", holder.label), ..error }
        }
        _ => error,
    });
    draft.refuse(worded.collect::<Vec<_>>());
}
