//! Which field does a refusal of the database belong to?

use tokio_postgres::error::{DbError, SqlState};

/// A constraint of the schema that a write ran against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub kind: ViolationKind,
    pub table: Option<String>,
    /// The columns concerned, in the constraint's order; empty where PostgreSQL names none.
    pub columns: Vec<String>,
    pub constraint: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ViolationKind {
    Unique,
    ForeignKey,
    NotNull,
    Check,
    TooLong,
    OutOfRange,
    /// A value the column's type cannot hold, such as a NUL in a text.
    Malformed,
}

impl Violation {
    /// `None` where the error is not about the data.
    pub fn of(error: &DbError) -> Option<Violation> {
        let kind = match *error.code() {
            SqlState::UNIQUE_VIOLATION => ViolationKind::Unique,
            SqlState::FOREIGN_KEY_VIOLATION => ViolationKind::ForeignKey,
            SqlState::NOT_NULL_VIOLATION => ViolationKind::NotNull,
            SqlState::CHECK_VIOLATION => ViolationKind::Check,
            SqlState::STRING_DATA_RIGHT_TRUNCATION => ViolationKind::TooLong,
            SqlState::NUMERIC_VALUE_OUT_OF_RANGE | SqlState::DATETIME_FIELD_OVERFLOW => ViolationKind::OutOfRange,
            SqlState::INVALID_TEXT_REPRESENTATION
            | SqlState::UNTRANSLATABLE_CHARACTER
            | SqlState::CHARACTER_NOT_IN_REPERTOIRE
            | SqlState::INVALID_DATETIME_FORMAT => ViolationKind::Malformed,
            _ => return None,
        };
        let columns = match error.column() {
            Some(column) => vec![column.to_owned()],
            None => error.detail().map(key_columns).unwrap_or_default(),
        };
        Some(Violation { kind, table: error.table().map(str::to_owned), columns, constraint: error.constraint().map(str::to_owned) })
    }

    pub fn concerns(&self, column: &str) -> bool {
        self.columns.iter().any(|name| name == column) || self.constraint.as_deref().is_some_and(|name| name.contains(column))
    }
}

/// The columns in `Key (alias_name, context)=(…)`: the part in brackets is the same in every language
/// the server may speak, the words around it are not.
fn key_columns(detail: &str) -> Vec<String> {
    detail
        .split_once('(')
        .and_then(|(_, rest)| rest.split_once(")=("))
        .map(|(columns, _)| columns.split(", ").map(|column| column.trim_matches('"').to_owned()).collect())
        .unwrap_or_default()
}
