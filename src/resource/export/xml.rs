//! How does any text stand in a cell of a sheet?

use std::fmt::Write as _;

/// The most a cell holds, counted as spreadsheets count: in units of UTF-16.
pub(super) const MOST_UNITS: usize = 32_767;

/// Writes a text as an element's content. What XML cannot hold is written as spreadsheets do, `_x0001_`; and a text that
/// happens to look like that is kept from being read so.
pub(super) fn content(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '_' if looks_escaped(rest) => out.push_str("_x005F_"),
            '\t' | '\n' => out.push(letter),
            // A parser would make a line feed of a carriage return.
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped(out, letter),
            _ => {
                let plain = rest.find(is_special).unwrap_or(rest.len()).max(letter.len_utf8());
                out.push_str(&rest[..plain]);
                rest = &rest[plain..];
                continue;
            }
        }
        rest = &rest[letter.len_utf8()..];
    }
}

fn is_special(letter: char) -> bool {
    matches!(letter, '&' | '<' | '>' | '_' | '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

fn escaped(out: &mut String, letter: char) {
    if write!(out, "_x{:04X}_", u32::from(letter)).is_err() {
        unreachable!("writing into a String cannot fail");
    }
}

/// Whether it begins like `_x0001_`.
fn looks_escaped(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 7 && bytes[1] == b'x' && bytes[2..6].iter().all(u8::is_ascii_hexdigit) && bytes[6] == b'_'
}

/// As much of a text as a cell holds. A text that is cut says so at its end, and how long it is.
pub(super) fn fitting(text: &str) -> std::borrow::Cow<'_, str> {
    // No letter takes fewer bytes than units.
    if text.len() <= MOST_UNITS || text.encode_utf16().count() <= MOST_UNITS {
        return text.into();
    }
    let notice = format!(" … [cut: a cell holds no more. All {} characters are in the CSV and JSON Lines exports.]", text.chars().count());
    let mut left = MOST_UNITS - notice.encode_utf16().count();
    let kept = text.char_indices().find(|(_, letter)| match left.checked_sub(letter.len_utf16()) {
        Some(fewer) => {
            left = fewer;
            false
        }
        None => true,
    });
    let end = kept.map_or(text.len(), |(at, _)| at);
    [&text[..end], &notice].concat().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> String {
        let mut out = String::new();
        content(&mut out, text);
        out
    }

    #[test]
    fn nothing_in_a_text_ends_its_cell_or_is_lost() {
        for (text, xml) in [
            ("plain", "plain"),
            ("", ""),
            ("a & b < c > d", "a &amp; b &lt; c &gt; d"),
            ("]]></t>", "]]&gt;&lt;/t&gt;"),
            ("\u{1}\u{b}\u{1f}", "_x0001__x000B__x001F_"),
            ("a\r\nb\tc", "a_x000D_\nb\tc"),
            ("_x000D_", "_x005F_x000D_"),
            ("_x00_ _xyz_ __x0041_", "_x00_ _xyz_ __x005F_x0041_"),
            ("snake_case_", "snake_case_"),
            ("\u{202e}é𝄞\u{fffe}", "\u{202e}é𝄞_xFFFE_"),
        ] {
            assert_eq!(written(text), xml, "{text:?}");
        }
    }

    #[test]
    fn what_is_cut_says_so() {
        let longest = "é".repeat(MOST_UNITS);
        assert_eq!(fitting(&longest), longest);
        for letter in ["x", "é", "𝄞"] {
            let text = letter.repeat(40_000);
            let cut = fitting(&text);
            assert!((MOST_UNITS - 1..=MOST_UNITS).contains(&cut.encode_utf16().count()), "{letter}: {}", cut.encode_utf16().count());
            assert!(cut.starts_with(letter) && cut.contains("40000 characters"), "{letter}");
        }
    }
}
