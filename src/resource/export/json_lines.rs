//! How is a row written as an object on a line of its own?

use super::plain;
use crate::db::value::{Number, Value};

#[derive(Debug, Default)]
pub(crate) struct JsonLines {
    pub(crate) out: Vec<u8>,
    /// The text of one value, kept to be written over.
    text: String,
}

impl JsonLines {
    pub(crate) fn begin_row(&mut self) {
        self.out.push(b'{');
    }

    pub(crate) fn cell(&mut self, place: usize, name: &str, value: &Value) {
        if place > 0 {
            self.out.push(b',');
        }
        text_value(&mut self.out, name);
        self.out.push(b':');
        match value {
            Value::Null => self.out.extend_from_slice(b"null"),
            Value::Text(text) => text_value(&mut self.out, text),
            // `jsonb` prints a document on one line.
            Value::Json(text) => self.out.extend_from_slice(text.as_bytes()),
            // Every digit of an amount is written; a NaN is no number in JSON.
            Value::Bool(_) | Value::Number(Number::Decimal(_)) => self.out.extend_from_slice(plain(&mut self.text, value).as_bytes()),
            Value::Uuid(_) | Value::Number(_) | Value::Time(_) | Value::Address(_) => {
                self.out.push(b'"');
                self.out.extend_from_slice(plain(&mut self.text, value).as_bytes());
                self.out.push(b'"');
            }
        }
    }

    pub(crate) fn end_row(&mut self) {
        self.out.extend_from_slice(b"}\n");
    }
}

fn text_value(out: &mut Vec<u8>, text: &str) {
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

    #[test]
    fn texts_are_what_a_parser_reads_back() {
        for text in ["plain", "\"\\\n\r\t\u{1}\u{1f}é\u{202e}", "", "\u{7f}", "𝄞"] {
            let mut out = Vec::new();
            text_value(&mut out, text);
            let read: String = serde_json::from_slice(&out).expect("valid JSON");
            assert_eq!(read, text);
        }
    }
}
