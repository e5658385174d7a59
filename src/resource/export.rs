//! How does a row become a line of a file?

use std::fmt::Write as _;

use tokio_postgres::Row;

use super::{Column, Resource, nested::without_secrets};
use crate::db::value::{Number, Value};

/// Enough rows for the network to be busy, few enough to be forgotten soon.
pub const CHUNK: usize = 64 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// RFC 4180, with heads.
    Csv,
    /// One object a line.
    JsonLines,
}

/// Writes rows in a format into a buffer that its owner takes away in chunks.
#[derive(Debug)]
pub struct Encoder {
    format: Format,
    columns: Vec<&'static Column>,
    buffer: Vec<u8>,
    /// The text of one cell, kept to be written over.
    cell: String,
}

/// The columns an export holds beside the id, which always comes first.
pub fn columns(resource: &'static Resource) -> impl Iterator<Item = &'static Column> {
    resource.exported().filter(|column| column.name != "id" && !column.is_secret())
}

impl Encoder {
    /// Begins with the heads, where the format has any.
    pub fn new(format: Format, columns: Vec<&'static Column>) -> Encoder {
        let mut encoder = Encoder { format, columns, buffer: Vec::with_capacity(CHUNK + CHUNK / 4), cell: String::new() };
        if format == Format::Csv {
            encoder.buffer.extend_from_slice(b"id");
            for column in &encoder.columns {
                encoder.buffer.push(b',');
                encoder.buffer.extend_from_slice(column.name.as_bytes());
            }
            encoder.buffer.extend_from_slice(b"\r\n");
        }
        encoder
    }

    pub fn columns(&self) -> &[&'static Column] {
        &self.columns
    }

    pub fn is_full(&self) -> bool {
        self.buffer.len() >= CHUNK
    }

    /// Takes what has been written so far.
    #[must_use]
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::replace(&mut self.buffer, Vec::with_capacity(CHUNK + CHUNK / 4))
    }

    /// Writes a row of `Statement::export`: the id, the sort key, then one value a column.
    ///
    /// # Errors
    /// A value that is not what its column was declared as.
    pub fn row(&mut self, row: &Row) -> Result<(), tokio_postgres::Error> {
        let id: uuid::Uuid = row.try_get(0)?;
        match self.format {
            Format::Csv => self.csv_cell(&Value::Uuid(id)),
            Format::JsonLines => {
                self.buffer.extend_from_slice(b"{\"id\":");
                self.json_cell(&Value::Uuid(id));
            }
        }
        for index in 0..self.columns.len() {
            let column = self.columns[index];
            let value: Value = row.try_get(index + 2)?;
            let value = if column.redaction.is_some() { without_secrets(value) } else { value };
            self.buffer.push(b',');
            match self.format {
                Format::Csv => self.csv_cell(&value),
                Format::JsonLines => {
                    self.json_text(column.name);
                    self.buffer.push(b':');
                    self.json_cell(&value);
                }
            }
        }
        self.buffer.extend_from_slice(match self.format {
            Format::Csv => b"\r\n",
            Format::JsonLines => b"}\n",
        });
        Ok(())
    }

    fn csv_cell(&mut self, value: &Value) {
        match value {
            Value::Null => {}
            // Only a text can be a formula; a negative amount stays a number.
            Value::Text(text) => csv_text(&mut self.buffer, text, Cell::CouldBeFormula),
            Value::Json(text) => csv_text(&mut self.buffer, text, Cell::Plain),
            Value::Bool(_) | Value::Uuid(_) | Value::Number(_) | Value::Time(_) | Value::Address(_) => {
                self.plain(value);
                self.buffer.extend_from_slice(self.cell.as_bytes());
            }
        }
    }

    fn json_cell(&mut self, value: &Value) {
        match value {
            Value::Null => self.buffer.extend_from_slice(b"null"),
            Value::Text(text) => self.json_text(text),
            // `jsonb` prints a document on one line.
            Value::Json(text) => self.buffer.extend_from_slice(text.as_bytes()),
            // Every digit of an amount is written; a NaN is no number in JSON.
            Value::Bool(_) | Value::Number(Number::Decimal(_)) => {
                self.plain(value);
                self.buffer.extend_from_slice(self.cell.as_bytes());
            }
            Value::Uuid(_) | Value::Number(_) | Value::Time(_) | Value::Address(_) => {
                self.plain(value);
                self.buffer.push(b'"');
                self.buffer.extend_from_slice(self.cell.as_bytes());
                self.buffer.push(b'"');
            }
        }
    }

    /// The value's own text, which needs no escaping, into `cell`.
    fn plain(&mut self, value: &Value) {
        self.cell.clear();
        if write!(self.cell, "{value}").is_err() {
            unreachable!("writing into a String cannot fail");
        }
    }

    fn json_text(&mut self, text: &str) {
        json_text(&mut self.buffer, text);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cell {
    CouldBeFormula,
    Plain,
}

/// What a spreadsheet would run instead of showing it.
fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'])
}

/// Writes a text as a cell of CSV, which no spreadsheet takes for a formula.
pub fn text_cell(out: &mut Vec<u8>, text: &str) {
    csv_text(out, text, Cell::CouldBeFormula);
}

fn csv_text(out: &mut Vec<u8>, text: &str, cell: Cell) {
    let quote: &[u8] = if cell == Cell::CouldBeFormula && is_formula(text) { b"'" } else { b"" };
    let needs_quotes = text.is_empty() || text.bytes().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r')) || text.starts_with(' ');
    if !needs_quotes {
        out.extend_from_slice(quote);
        out.extend_from_slice(text.as_bytes());
        return;
    }
    // An empty text is written as two quotes, so that it is not taken for NULL.
    out.push(b'"');
    out.extend_from_slice(quote);
    for part in text.split_inclusive('"') {
        out.extend_from_slice(part.as_bytes());
        if part.ends_with('"') {
            out.push(b'"');
        }
    }
    out.push(b'"');
}

fn json_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let mut plain_from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape: &[u8] = match byte {
            b'"' => b"\\\"",
            b'\\' => b"\\\\",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\t' => b"\\t",
            0..0x20 => b"",
            _ => continue,
        };
        out.extend_from_slice(&text.as_bytes()[plain_from..at]);
        if escape.is_empty() {
            out.extend_from_slice(b"\\u00");
            out.extend_from_slice(&[b"0123456789abcdef"[usize::from(byte >> 4)], b"0123456789abcdef"[usize::from(byte & 15)]]);
        } else {
            out.extend_from_slice(escape);
        }
        plain_from = at + 1;
    }
    out.extend_from_slice(&text.as_bytes()[plain_from..]);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn csv(text: &str) -> String {
        let mut out = Vec::new();
        csv_text(&mut out, text, Cell::CouldBeFormula);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn a_text_is_never_a_formula() {
        for (text, written) in [
            ("=1+1", "'=1+1"),
            ("+44 20", "'+44 20"),
            ("-5", "'-5"),
            ("@sum", "'@sum"),
            ("\tx", "'\tx"),
            ("\r=1", "\"'\r=1\""),
            ("=\"a\",b", "\"'=\"\"a\"\",b\""),
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("", "\"\""),
            ("\"", "\"\"\"\""),
        ] {
            assert_eq!(csv(text), written, "{text:?}");
        }
    }

    #[test]
    fn json_texts_are_what_a_parser_reads_back() {
        for text in ["plain", "\"\\\n\r\t\u{1}\u{1f}é\u{202e}", "", "\u{7f}", "𝄞"] {
            let mut out = Vec::new();
            json_text(&mut out, text);
            let read: String = serde_json::from_slice(&out).expect("valid JSON");
            assert_eq!(read, text);
        }
    }
}
