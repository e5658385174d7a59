//! Which part of a text matched, with a little of what stands around it?

/// Characters before the first match, and of all.
const BEFORE: usize = 40;
const AROUND: usize = 160;

/// A piece of an excerpt, in the order of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    Plain(String),
    Matched(String),
}

/// Where in a text its words may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Anywhere,
    AtTheBeginning,
}

/// The text around the first word found in it, every word marked; nothing where none is in it.
pub fn excerpt(text: &str, words: &[String], standing: Standing) -> Option<Vec<Piece>> {
    let ranges = ranges(text, words, standing);
    let first = ranges.first()?.0;
    let start = text[..first].char_indices().rev().nth(BEFORE - 1).map_or(0, |(index, _)| index);
    let end = text[start..].char_indices().nth(AROUND).map_or(text.len(), |(index, _)| start + index);
    let mut pieces = Vec::new();
    let mut plain = if start > 0 { "…".to_owned() } else { String::new() };
    let mut at = start;
    for (from, to) in ranges.into_iter().map(|(from, to)| (from, to.min(end))).filter(|(from, _)| *from < end) {
        plain.push_str(&text[at..from]);
        if !plain.is_empty() {
            pieces.push(Piece::Plain(std::mem::take(&mut plain)));
        }
        pieces.push(Piece::Matched(text[from..to].to_owned()));
        at = to;
    }
    plain.push_str(&text[at..end]);
    if end < text.len() {
        plain.push('…');
    }
    if !plain.is_empty() {
        pieces.push(Piece::Plain(plain));
    }
    Some(pieces)
}

/// The bytes of every occurrence, whatever its case, in order; those that touch are one.
fn ranges(text: &str, words: &[String], standing: Standing) -> Vec<(usize, usize)> {
    // A letter can have several small ones: each remembers where its letter begins and ends.
    let letters: Vec<(char, usize, usize)> = text
        .char_indices()
        .flat_map(|(start, letter)| letter.to_lowercase().map(move |small| (small, start, start + letter.len_utf8())))
        .collect();
    let mut found = Vec::new();
    for word in words {
        let word: Vec<char> = word.chars().flat_map(char::to_lowercase).collect();
        let places = match standing {
            Standing::Anywhere => letters.len(),
            Standing::AtTheBeginning => 1,
        };
        for window in letters.windows(word.len().max(1)).take(places) {
            if window.iter().map(|letter| letter.0).eq(word.iter().copied()) {
                found.push((window[0].1, window[window.len() - 1].2));
            }
        }
    }
    found.sort_unstable();
    let mut merged: Vec<(usize, usize)> = Vec::new();
    for (from, to) in found {
        match merged.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            Some(_) | None => merged.push((from, to)),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(text: &str, words: &[&str]) -> String {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let pieces = excerpt(text, &words, Standing::Anywhere).unwrap_or_default();
        pieces.into_iter().fold(String::new(), |all, piece| match piece {
            Piece::Plain(text) => all + &text,
            Piece::Matched(text) => format!("{all}[{text}]"),
        })
    }

    #[test]
    fn every_word_is_marked_whatever_its_case() {
        assert_eq!(marked("Kestrel Freight Ltd", &["freight", "KEST"]), "[Kest]rel [Freight] Ltd");
        assert_eq!(marked("Straße ÄÖÜ", &["äö", "STRA"]), "[Stra]ße [ÄÖ]Ü");
        assert_eq!(marked("İstanbul", &["stan"]), "İ[stan]bul", "a letter of two small ones moves nothing");
        assert_eq!(marked("aaaa", &["aa"]), "[aaaa]");
        assert_eq!(marked("nothing of it", &["word"]), "");
        assert_eq!(marked("", &["word"]), "");
    }

    #[test]
    fn a_long_text_is_cut_around_the_first_match() {
        let text = format!("{} needle {}", "ä".repeat(500), "ö".repeat(500));
        let shown = marked(&text, &["needle"]);
        assert!(shown.starts_with("…ää") && shown.ends_with("öö…") && shown.contains("ä [needle] ö"), "{shown}");
        assert_eq!(shown.chars().count(), AROUND + 4);
        let whole = marked(&"x".repeat(AROUND * 2), &["x"]);
        assert_eq!(whole.chars().count(), AROUND + 3, "a match longer than the excerpt is cut as well: {whole}");
    }

    #[test]
    fn a_beginning_is_marked_at_the_beginning_alone() {
        let words = ["ab".to_owned()];
        assert_eq!(
            excerpt("AB ab", &words, Standing::AtTheBeginning),
            Some(vec![Piece::Matched("AB".to_owned()), Piece::Plain(" ab".to_owned())])
        );
        assert_eq!(excerpt("cab", &words, Standing::AtTheBeginning), None);
    }
}
