//! How is a JSON document laid out to be read, without touching a digit of it?

/// Indents the text of a document. Numbers and strings stay as they are written: a parser would round
/// what a float cannot hold.
pub fn indented(document: &str) -> String {
    let mut out = String::with_capacity(document.len() * 2);
    let mut depth = 0_usize;
    let mut letters = document.chars().peekable();
    let mut in_string = false;
    while let Some(letter) = letters.next() {
        if in_string {
            out.push(letter);
            match letter {
                '\\' => out.extend(letters.next()),
                '"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match letter {
            '"' => {
                in_string = true;
                out.push(letter);
            }
            '{' | '[' => {
                out.push(letter);
                while letters.next_if(|next| next.is_ascii_whitespace()).is_some() {}
                match letters.next_if(|next| matches!(next, '}' | ']')) {
                    Some(end) => out.push(end),
                    None => {
                        depth += 1;
                        break_line(&mut out, depth);
                    }
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                break_line(&mut out, depth);
                out.push(letter);
            }
            ',' => {
                out.push(letter);
                break_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            space if space.is_ascii_whitespace() => {}
            other => out.push(other),
        }
    }
    out
}

fn break_line(out: &mut String, depth: usize) {
    out.push('\n');
    // A document of ten thousand brackets must not become a page of fifty million spaces.
    for _ in 0..depth.min(20) {
        out.push_str("  ");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_indented_and_nothing_else() {
        let document = r#"{"a": [1, 2.50, 12345678901234567890.10], "b": {}, "c, d": "x:\"{y}\\", "e": []}"#;
        let expected = "{\n  \"a\": [\n    1,\n    2.50,\n    12345678901234567890.10\n  ],\n  \"b\": {},\n  \"c, d\": \"x:\\\"{y}\\\\\",\n  \"e\": []\n}";
        assert_eq!(indented(document), expected);
        assert_eq!(indented("null"), "null");
        assert_eq!(indented(r#""a: b""#), r#""a: b""#);
    }
}
