//! Is what was typed a JSON document, and one that the database can keep?

use serde_json::Value;

/// The database keeps every digit of a number, and writes out its exponent.
const MOST_DIGITS: usize = 1_000;

/// Keeps its text: a parser's own would be another one.
///
/// # Errors
/// What is wrong with it and where, as a sentence for the field.
pub fn read(typed: &str) -> Result<String, String> {
    let parsed: Value = serde_json::from_str(typed).map_err(|error| {
        let words = error.to_string();
        let what = words.split(" at line ").next().unwrap_or("not JSON");
        format!("Line {}, column {}: {what}.", error.line(), error.column())
    })?;
    if holds_nul(&parsed) {
        return Err("Holds the character \\u0000, which the database cannot keep.".to_owned());
    }
    if holds_endless_number(&parsed) {
        return Err(format!("Holds a number of more than {MOST_DIGITS} digits: write it as a text, in double quotes."));
    }
    Ok(typed.to_owned())
}

fn holds_endless_number(document: &Value) -> bool {
    match document {
        Value::Number(number) => {
            let text = number.to_string();
            let exponent = text.split_once(['e', 'E']).map_or("0", |(_, exponent)| exponent).trim_start_matches(['+', '-']);
            text.len() > MOST_DIGITS || exponent.parse::<usize>().map_or(true, |exponent| exponent > MOST_DIGITS)
        }
        Value::Array(items) => items.iter().any(holds_endless_number),
        Value::Object(members) => members.values().any(holds_endless_number),
        Value::String(_) | Value::Null | Value::Bool(_) => false,
    }
}

fn holds_nul(document: &Value) -> bool {
    match document {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_nul),
        Value::Object(members) => members.iter().any(|(name, value)| name.contains('\0') || holds_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_database_cannot_keep_is_refused_and_all_else_stays_as_it_was_typed() {
        for typed in ["null", "{\"a\": 0.10}", "[1e400, -1E-300]", " 12345678901234567890.123456789 ", "\"\\u0001\""] {
            assert_eq!(read(typed).as_deref(), Ok(typed));
        }
        for (typed, words) in [
            ("{\n  b: 1\n}", "Line 2, column 3"),
            ("\"\\u0000\"", "u0000"),
            ("[1e200000]", "digits"),
            ("[1e-99999999999999999999]", "digits"),
            ("{\"a\": [1E+1001]}", "digits"),
        ] {
            let said = read(typed).expect_err(typed);
            assert!(said.contains(words), "{typed}: {said}");
        }
        assert!(read(&"9".repeat(1_001)).is_err());
    }
}
