//! How is one value of a demonstration row spelled, for COPY and for the log?

use std::fmt::Write;

use chrono::{DateTime, Utc};
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    Null,
    Text(String),
    Bool(bool),
    Uuid(Uuid),
    /// In hundredths, whatever the currency.
    Money(i64),
    Moment(DateTime<Utc>),
    Json(serde_json::Value),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Cell::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Cell::Text(text)
    }
}

impl From<bool> for Cell {
    fn from(value: bool) -> Self {
        Cell::Bool(value)
    }
}

impl From<Uuid> for Cell {
    fn from(value: Uuid) -> Self {
        Cell::Uuid(value)
    }
}

impl From<DateTime<Utc>> for Cell {
    fn from(value: DateTime<Utc>) -> Self {
        Cell::Moment(value)
    }
}

impl From<serde_json::Value> for Cell {
    fn from(value: serde_json::Value) -> Self {
        Cell::Json(value)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Cell::Null, Into::into)
    }
}

impl Cell {
    /// One field of a line in COPY's text format.
    pub fn copy_into(&self, line: &mut String) {
        match self {
            Cell::Null => line.push_str("\\N"),
            Cell::Text(text) => escape(text, line),
            Cell::Bool(true) => line.push('t'),
            Cell::Bool(false) => line.push('f'),
            Cell::Uuid(value) => write_into(line, format_args!("{value}")),
            Cell::Money(hundredths) => money(*hundredths, line),
            Cell::Moment(moment) => timestamp(*moment, line),
            Cell::Json(value) => escape(&value.to_string(), line),
        }
    }

    /// The same value as PostgreSQL's `to_jsonb` writes it in UTC, so that the log equals the row.
    pub fn json_into(&self, text: &mut String) {
        match self {
            Cell::Null => text.push_str("null"),
            Cell::Text(value) => text.push_str(&serde_json::Value::from(value.as_str()).to_string()),
            Cell::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
            Cell::Uuid(value) => write_into(text, format_args!("\"{value}\"")),
            Cell::Money(hundredths) => money(*hundredths, text),
            Cell::Moment(moment) => {
                text.push('"');
                timestamp(*moment, text);
                text.push('"');
            }
            Cell::Json(value) => text.push_str(&value.to_string()),
        }
    }
}

fn money(hundredths: i64, out: &mut String) {
    let sign = if hundredths < 0 { "-" } else { "" };
    let whole = hundredths.unsigned_abs();
    write_into(out, format_args!("{sign}{}.{:02}", whole / 100, whole % 100));
}

/// PostgreSQL drops the zeros a fraction of a second ends with.
fn timestamp(moment: DateTime<Utc>, out: &mut String) {
    write_into(out, format_args!("{}", moment.format("%Y-%m-%dT%H:%M:%S")));
    let milliseconds = moment.timestamp_subsec_millis();
    if milliseconds > 0 {
        write_into(out, format_args!(".{milliseconds:03}"));
        out.truncate(out.trim_end_matches('0').len());
    }
    out.push_str("+00:00");
}

fn escape(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            other => out.push(other),
        }
    }
}

fn write_into(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing into a String has no way to fail.
    let _infallible = out.write_fmt(arguments);
}
