//! Why did a workflow not do what was asked, and which field should say so?

use super::stranded::Stranded;
use crate::{
    auth::{csrf::NoRandomness, one_time_link::LinkError},
    db::{
        pool::{DatabaseError, Objection},
        violation::{Violation, ViolationKind},
    },
    resource::{Column, Resource, form::FieldError, store::StoreError},
};

#[derive(Debug, thiserror::Error)]
pub enum WorkflowError {
    /// 422: fields to correct.
    #[error("fields to correct")]
    Fields(Vec<FieldError>),
    /// 422: another record has these values together already; a sentence.
    #[error("{message}")]
    Taken { columns: Vec<&'static Column>, message: String },
    /// 422: the form as a whole will not do; a sentence.
    #[error("{0}")]
    Invalid(String),
    /// 403: a sentence.
    #[error("{0}")]
    Forbidden(String),
    /// 409: it is not in the state for this any more; a sentence.
    #[error("{0}")]
    Conflict(String),
    /// 422: what is pending would have too few people left to decide it.
    #[error(transparent)]
    Stranded(#[from] Stranded),
    /// 404, and 409 with the record as it is now.
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Random(#[from] NoRandomness),
    #[error("the value cannot be encrypted or decrypted with the keys at hand")]
    Cipher,
}

impl From<DatabaseError> for WorkflowError {
    fn from(error: DatabaseError) -> Self {
        WorkflowError::Store(StoreError::Database(error))
    }
}

impl From<tokio_postgres::Error> for WorkflowError {
    fn from(error: tokio_postgres::Error) -> Self {
        DatabaseError::from(error).into()
    }
}

impl From<LinkError> for WorkflowError {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Random(error) => WorkflowError::Random(error),
            LinkError::Database(error) => error.into(),
        }
    }
}

impl WorkflowError {
    pub(super) fn field(column: &'static str, message: impl Into<String>) -> WorkflowError {
        WorkflowError::Fields(vec![FieldError { column, message: message.into() }])
    }

    /// Turns what the schema or a guard of the database objected to into the field, or the sentence, it is about.
    #[must_use]
    pub fn at_fields_of(self, resource: &'static Resource) -> WorkflowError {
        let WorkflowError::Store(StoreError::Database(error)) = self else {
            return self;
        };
        match error {
            DatabaseError::Violation(violation) => {
                objection(resource, &violation).unwrap_or_else(|| DatabaseError::Violation(violation).into())
            }
            DatabaseError::Refused(objection) => guard(resource, &objection).unwrap_or_else(|| DatabaseError::Refused(objection).into()),
            other => other.into(),
        }
    }
}

/// `None` where the violation names no column: then it is a mistake of ours, not of whoever typed.
fn objection(resource: &'static Resource, violation: &Violation) -> Option<WorkflowError> {
    if violation.kind == ViolationKind::Unique && violation.columns == ["id"] {
        return Some(WorkflowError::Invalid("This form was used for another record already. Open a new one.".to_owned()));
    }
    let columns: Vec<_> = resource.columns.iter().filter(|column| violation.columns.iter().any(|name| name == column.name)).collect();
    let column = columns.first().copied().or_else(|| resource.columns.iter().find(|column| violation.concerns(column.name)))?;
    let named = columns.iter().map(|column| column.label.to_lowercase()).collect::<Vec<_>>().join(" and ");
    let message = match violation.kind {
        ViolationKind::Unique => {
            let named = if columns.is_empty() { column.label.to_lowercase() } else { named };
            let columns = if columns.is_empty() { vec![column] } else { columns };
            return Some(WorkflowError::Taken { columns, message: format!("Another {} already has this {named}.", resource.singular) });
        }
        ViolationKind::ForeignKey => "The record it points at is gone. Choose another one.".to_owned(),
        ViolationKind::NotNull => "Type something here: it cannot be empty.".to_owned(),
        ViolationKind::Check => "Choose one of the list.".to_owned(),
        ViolationKind::TooLong => "Is too long.".to_owned(),
        ViolationKind::OutOfRange => "Is beyond what fits.".to_owned(),
        ViolationKind::Malformed => "Holds something that cannot be kept.".to_owned(),
    };
    Some(WorkflowError::field(column.name, message))
}

/// What a guard's code means to whoever asked; `None` where it means that the console itself is wrong.
fn guard(resource: &Resource, objection: &Objection) -> Option<WorkflowError> {
    let detail = objection.detail.as_deref();
    Some(match objection.code.as_str() {
        "NX002" => WorkflowError::Invalid("This is the last active administrator. Make somebody else an administrator first.".to_owned()),
        "NX003" => WorkflowError::Conflict("The transaction is no longer pending.".to_owned()),
        "NX004" => WorkflowError::Forbidden("A status or a balance changes only by a decision on a transaction.".to_owned()),
        "NX005" => WorkflowError::Forbidden("The log is only ever added to.".to_owned()),
        "NX006" => WorkflowError::Store(StoreError::Missing),
        "NX007" => WorkflowError::Forbidden("Only whoever made a transaction withdraws it.".to_owned()),
        "NX008" => WorkflowError::field("reason", "Say why, in at most 2,000 characters."),
        "NX023" => WorkflowError::Conflict("A reversal takes back exactly what was: withdraw it and make it anew.".to_owned()),
        "NX010" => WorkflowError::Forbidden(format!("{} are never deleted.", resource.plural)),
        "NX013" => WorkflowError::Stranded(Stranded::of(detail?)?),
        "NX022" => WorkflowError::field("setting_value", detail?),
        _ => return None,
    })
}
