//! How does a value get into a page without changing anything around it, neither its markup nor its direction?

use std::fmt::{self, Write};

use askama::filters::{self, Escaper};

const POP_DIRECTIONAL_FORMATTING: char = '\u{202C}';
const POP_DIRECTIONAL_ISOLATE: char = '\u{2069}';

/// What every template writes its values with, but for those in a form's fields, which have to come back as they were.
///
/// Unicode's direction marks reach to the end of a line unless they are ended, even out of a `<bdi>`: a name that holds
/// one would turn around the words beside it. Whatever a value begins ends with it here, and it ends nothing else.
#[derive(Debug, Clone, Copy)]
pub struct Shown;

impl Escaper for Shown {
    fn write_escaped_str<W: Write>(&self, mut page: W, value: &str) -> fmt::Result {
        // All of these marks begin with this byte; hardly any value holds it.
        if !value.as_bytes().contains(&0xE2) {
            return filters::Html.write_escaped_str(page, value);
        }
        let mut open = Vec::new();
        let mut written = 0;
        for (position, letter) in value.char_indices() {
            match letter {
                '\u{202A}' | '\u{202B}' | '\u{202D}' | '\u{202E}' => open.push(POP_DIRECTIONAL_FORMATTING),
                '\u{2066}' | '\u{2067}' | '\u{2068}' => open.push(POP_DIRECTIONAL_ISOLATE),
                POP_DIRECTIONAL_FORMATTING => {
                    open.pop_if(|end| *end == POP_DIRECTIONAL_FORMATTING);
                }
                // It ends what was begun within its isolate, too.
                POP_DIRECTIONAL_ISOLATE => match open.iter().rposition(|end| *end == POP_DIRECTIONAL_ISOLATE) {
                    Some(begun) => open.truncate(begun),
                    None => {
                        filters::Html.write_escaped_str(&mut page, &value[written..position])?;
                        written = position + POP_DIRECTIONAL_ISOLATE.len_utf8();
                    }
                },
                _ => {}
            }
        }
        filters::Html.write_escaped_str(&mut page, &value[written..])?;
        open.into_iter().rev().try_for_each(|end| page.write_char(end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &str) -> String {
        let mut page = String::new();
        Shown.write_escaped_str(&mut page, value).expect("a text takes everything");
        page
    }

    #[test]
    fn markup_is_text() {
        assert_eq!(shown("<b>“R&D”</b>"), "&#60;b&#62;“R&#38;D”&#60;/b&#62;");
        assert_eq!(shown("plain"), "plain");
    }

    #[test]
    fn a_direction_that_is_begun_ends_with_the_value() {
        assert_eq!(shown("\u{202E}exe.txt"), "\u{202E}exe.txt\u{202C}");
        assert_eq!(shown("\u{2066}a\u{202B}b"), "\u{2066}a\u{202B}b\u{202C}\u{2069}");
        // An isolate's end ends the override within it, and an override's end no isolate.
        assert_eq!(shown("\u{2067}a\u{202E}b\u{2069}"), "\u{2067}a\u{202E}b\u{2069}");
        assert_eq!(shown("\u{2067}a\u{202C}"), "\u{2067}a\u{202C}\u{2069}");
    }

    #[test]
    fn it_ends_nothing_that_began_before_it() {
        assert_eq!(shown("a\u{2069}\u{2069}<b"), "a&#60;b");
        assert_eq!(shown("\u{2068}a\u{2069}\u{2069}b"), "\u{2068}a\u{2069}b");
    }

    #[test]
    fn what_is_whole_stays_as_it_is() {
        for whole in ["“quoted” – a – b", "\u{2067}שלום\u{2069} 5", "\u{202B}שלום\u{202C} 5", "日本語"] {
            assert_eq!(shown(whole), whole);
        }
    }

    fn templates(folder: &std::path::Path, found: &mut Vec<(std::path::PathBuf, String)>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                templates(&path, found);
            } else {
                let text = std::fs::read_to_string(&path).expect("a template");
                found.push((path, text));
            }
        }
    }

    #[test]
    fn what_a_form_sends_back_is_as_it_was() {
        let mut found = Vec::new();
        templates(std::path::Path::new("templates"), &mut found);
        assert!(found.len() > 50, "{}", found.len());
        let mut fields = 0;
        for (path, text) in &found {
            let values = text.split("value=\"{{").skip(1).map(|rest| rest.split("}}").next());
            let areas = text.split("</textarea>").map(|before| before.rsplit("{{").next()).collect::<Vec<_>>();
            for field in values.chain(areas.into_iter().rev().skip(1)).flatten() {
                assert!(field.contains("|e(\"field\")"), "{}: {field}", path.display());
                fields += 1;
            }
        }
        assert!(fields > 90, "{fields}");
    }
}
