//! Which answer does a failure of the layers below become? Converted here, once.

use std::time::Duration;

use crate::{
    auth::policy::{Action, Refused},
    db::{
        absence::Absence,
        pool::{DatabaseError, Objection},
    },
    error::{Cause, PageError},
    resource::{request::BadQuery, store::StoreError},
};

const SOON: Duration = Duration::from_secs(5);

impl From<DatabaseError> for PageError {
    fn from(error: DatabaseError) -> PageError {
        match error {
            DatabaseError::Away(absence) => later(Cause::Database(absence.why), Some(absence)),
            DatabaseError::Unsure(absence) => later(Cause::Unsure, Some(absence)),
            DatabaseError::TooSlow => later(Cause::Slow, None),
            DatabaseError::Busy => later(Cause::Held, None),
            DatabaseError::Violation(violation) => {
                PageError::Unprocessable { what: format!("The database refused the value of {}.", named(&violation.columns)) }
            }
            DatabaseError::Refused(objection) => refused(objection),
            DatabaseError::Other(source) => PageError::internal(source),
        }
    }
}

fn later(cause: Cause, absence: Option<Absence>) -> PageError {
    PageError::Unavailable { retry_after: SOON, cause, kept: None, source: absence.map(Into::into) }
}

fn named(columns: &[String]) -> String {
    if columns.is_empty() { "a field".to_owned() } else { columns.join(" and ") }
}

/// The refusals of our own triggers and functions, by their SQLSTATE; their words are ours and may be shown.
fn refused(objection: Objection) -> PageError {
    let Objection { code, message, .. } = objection;
    match code.as_str() {
        "NX002" | "NX008" | "NX009" | "NX017" => PageError::Unprocessable { what: message },
        "NX003" | "NX013" | "NX014" | "NX015" | "NX016" | "NX018" | "NX019" | "NX021" | "NX022" | "NX023" | "NX025" => {
            PageError::Conflict { what: message, ways: Vec::new() }
        }
        "NX005" | "NX007" | "NX010" | "NX026" => PageError::Forbidden { what: message, allowed_roles: Vec::new() },
        "NX006" => PageError::not_found("record with this id"),
        "NX020" => PageError::Gone { what: message },
        // No actor, a way round the door, a malformed event: mistakes of the console itself.
        _ => PageError::internal(format!("{code}: {message}")),
    }
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> PageError {
        match error {
            StoreError::Database(error) => error.into(),
            StoreError::Missing => PageError::not_found("record with this id"),
            StoreError::Changed(_) => PageError::Conflict {
                what: "Somebody else changed this record. Nothing was saved; open it again.".to_owned(),
                ways: Vec::new(),
            },
            StoreError::NeverDeleted(instead) => PageError::Conflict { what: instead.to_owned(), ways: Vec::new() },
            StoreError::Referred(_) => PageError::Conflict { what: "Other records refer to this one.".to_owned(), ways: Vec::new() },
        }
    }
}

/// As in "may not edit accounts".
pub(super) fn deed(refused: &Refused) -> String {
    format!("{} {}", verb(refused.action), refused.table)
}

fn verb(action: Action) -> &'static str {
    match action {
        Action::Read => "read",
        Action::Create => "create records in",
        Action::Edit => "edit",
        Action::Delete => "delete from",
        Action::Export => "export",
        Action::History => "read the history in",
        Action::Withdraw => "withdraw from",
        Action::Decide => "decide",
        Action::Reverse => "reverse",
        Action::SetLimit => "set limits of",
        Action::Prove => "read or ask for the proof of",
        Action::Resolve => "resolve drifts of",
        Action::Verify => "read or ask for the proof of",
        Action::Deactivate => "deactivate records in",
        Action::SendPasswordLink => "make password links for",
        Action::Rotate => "rotate records in",
        Action::Revoke => "revoke records in",
        Action::MarkRead => "mark as read in",
        Action::Annotate => "annotate",
        Action::ReviewAccess => "review the access of",
        Action::MakeEvidence => "make evidence of",
    }
}

impl From<BadQuery> for PageError {
    fn from(bad: BadQuery) -> PageError {
        PageError::bad_request(bad.to_string())
    }
}
