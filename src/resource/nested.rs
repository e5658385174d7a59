//! Which secrets stand deeper in a document of an old log than among its own members?
//!
//! The members of a logged row are left out by the statement that reads it. What an application wrote into the log
//! itself has any shape, and may hold a row in a member or a list of them.

use crate::db::value::Value;

/// Never the name of anything else, wherever it stands.
const SECRETS: [&str; 5] = ["password_hash", "key_hash", "session_token", "refresh_token", "token_hash"];
/// How each of them ends: most documents have neither, and are not looked at twice.
const ENDINGS: [&str; 2] = ["_hash\"", "_token\""];
const INSTEAD: &str = "\"not shown\"";

/// The same without them; of a list's cell the beginning, as it was cut.
pub fn without_secrets(value: Value) -> Value {
    match value {
        Value::Json(text) => Value::Json(shown(text)),
        Value::Text(text) => Value::Text(shown(text)),
        other => other,
    }
}

fn shown(text: String) -> String {
    if !ENDINGS.iter().any(|ending| text.contains(ending)) {
        return text;
    }
    let mut shown = String::with_capacity(text.len());
    let (mut at, mut depth, mut copied) = (0, 0_usize, 0);
    while let Some(byte) = text.as_bytes().get(at) {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                let end = end_of_string(&text, at);
                let name = text[at..end].trim_matches('"');
                let value = text[end..].strip_prefix(": ").map(|_| end + 2);
                if let Some(value) = value.filter(|_| depth > 1 && SECRETS.contains(&name)) {
                    shown.push_str(&text[copied..value]);
                    shown.push_str(INSTEAD);
                    copied = end_of_value(&text, value);
                    at = copied;
                } else {
                    at = end;
                }
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    shown.push_str(&text[copied..]);
    shown
}

/// Behind the closing quote, or the end of a text that was cut within.
fn end_of_string(text: &str, start: usize) -> usize {
    let mut bytes = text.bytes().enumerate().skip(start + 1);
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn end_of_value(text: &str, start: usize) -> usize {
    let (mut at, mut depth) = (start, 0_usize);
    while let Some(byte) = text.as_bytes().get(at) {
        match byte {
            b'"' => {
                at = end_of_string(text, at);
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' | b',' if depth == 0 => return at,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_deeper_is_left_out_and_the_rest_stays_a_document() {
        for (text, expected) in [
            (r#"{"a": {"password_hash": "x", "b": 1}}"#, r#"{"a": {"password_hash": "not shown", "b": 1}}"#),
            (r#"[{"key_hash": null}, {"token_hash": [1, {"x": "]"}]}]"#, r#"[{"key_hash": "not shown"}, {"token_hash": "not shown"}]"#),
            (r#"{"a": {"session_token": "q\"u, }o", "é": {}}}"#, r#"{"a": {"session_token": "not shown", "é": {}}}"#),
            (r#"{"a": [{"refresh_token": {"b": {"c": "}"}}, "d": 2}]}"#, r#"{"a": [{"refresh_token": "not shown", "d": 2}]}"#),
            // A row's own members are the statement's to leave out; a value is no name; a name of one's own stays.
            (r#"{"password_hash": "x"}"#, r#"{"password_hash": "x"}"#),
            (r#"{"a": ["password_hash", ": "]}"#, r#"{"a": ["password_hash", ": "]}"#),
            (r#"{"a": {"my_hash": 1}}"#, r#"{"a": {"my_hash": 1}}"#),
            // Cut within the secret, before it, within its name.
            (r#"{"a": {"password_hash": "12345"#, r#"{"a": {"password_hash": "not shown""#),
            (r#"{"a": {"password_hash": "#, r#"{"a": {"password_hash": "not shown""#),
            (r#"{"a_hash": 1, "b": {"password_ha"#, r#"{"a_hash": 1, "b": {"password_ha"#),
            (r#"{"a_hash": 1, "b": "\"#, r#"{"a_hash": 1, "b": "\"#),
        ] {
            assert_eq!(shown(text.to_owned()), expected);
        }
    }
}
