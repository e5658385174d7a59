//! How is a row written as CSV that no spreadsheet takes for a formula?

use super::plain;
use crate::db::value::Value;

#[derive(Debug, Default)]
pub(crate) struct Csv {
    pub(crate) out: Vec<u8>,
    /// The text of one cell, kept to be written over.
    text: String,
}

impl Csv {
    pub(crate) fn new(heads: impl Iterator<Item = &'static str>) -> Csv {
        let mut csv = Csv::default();
        for (place, head) in heads.enumerate() {
            if place > 0 {
                csv.out.push(b',');
            }
            csv.out.extend_from_slice(head.as_bytes());
        }
        csv.end_row();
        csv
    }

    pub(crate) fn cell(&mut self, place: usize, value: &Value) {
        if place > 0 {
            self.out.push(b',');
        }
        match value {
            Value::Null => {}
            // Only a text can be a formula; a negative amount stays a number.
            Value::Text(text) => write(&mut self.out, text, Cell::CouldBeFormula),
            Value::Json(text) => write(&mut self.out, text, Cell::Plain),
            Value::Bool(_) | Value::Uuid(_) | Value::Number(_) | Value::Time(_) | Value::Address(_) => {
                self.out.extend_from_slice(plain(&mut self.text, value).as_bytes());
            }
        }
    }

    pub(crate) fn end_row(&mut self) {
        self.out.extend_from_slice(b"\r\n");
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
    write(out, text, Cell::CouldBeFormula);
}

fn write(out: &mut Vec<u8>, text: &str, cell: Cell) {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn csv(text: &str) -> String {
        let mut out = Vec::new();
        text_cell(&mut out, text);
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
}
