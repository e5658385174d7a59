//! What does a search look for, and in which words?

use uuid::Uuid;

use super::{
    filter::is_short,
    request::{BadQuery, bad, single},
};

/// Longer than any name.
const LONGEST: usize = 200;
/// Beyond so many words a text is looked for as it stands.
const MOST_WORDS: usize = 8;

/// What was typed, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sought {
    /// Trimmed, never empty.
    pub text: String,
    pub aim: Aim,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Aim {
    /// One record.
    Id(Uuid),
    /// Too short to be told where it stands: whatever begins like this.
    Beginning,
    /// Whatever holds every one of these, each in any column.
    Words(Vec<String>),
}

impl Sought {
    pub fn of(text: &str) -> Sought {
        let text = text.trim().to_owned();
        let aim = match Uuid::try_parse(&text) {
            Ok(id) => Aim::Id(id),
            Err(_) if is_short(&text) => Aim::Beginning,
            Err(_) => Aim::Words(words(&text)),
        };
        Sought { text, aim }
    }

    /// What to look for in a text, and whether only at its beginning.
    pub fn words(&self) -> &[String] {
        match &self.aim {
            Aim::Id(_) | Aim::Beginning => std::slice::from_ref(&self.text),
            Aim::Words(words) => words,
        }
    }
}

fn words(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.len() > MOST_WORDS || words.iter().all(|word| is_short(word)) {
        return vec![text.to_owned()];
    }
    words.into_iter().map(str::to_owned).collect()
}

/// The parameter `q` of a query; nothing where it says nothing.
///
/// # Errors
/// Given twice, or longer than any name.
pub fn text(pairs: &[(String, String)]) -> Result<Option<String>, BadQuery> {
    let text = single(pairs, "q")?.map(str::trim).filter(|text| !text.is_empty());
    if text.is_some_and(|text| text.chars().count() > LONGEST) {
        return Err(bad("q", format!("takes at most {LONGEST} characters.")));
    }
    Ok(text.map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_becomes_words_a_beginning_or_an_id() {
        let words = |text: &str| match Sought::of(text).aim {
            Aim::Words(words) => words,
            Aim::Id(_) | Aim::Beginning => Vec::new(),
        };
        assert_eq!(words(" kestrel  7 freight "), ["kestrel", "7", "freight"]);
        assert_eq!(words("PAY-2026-1"), ["PAY-2026-1"]);
        assert_eq!(words("a b c"), ["a b c"], "no word is long enough for an index, the whole is");
        assert_eq!(words("one two three four five six seven eight nine").len(), 1);
        assert_eq!(Sought::of("éa").aim, Aim::Beginning);
        assert_eq!(Sought::of("00000000-0000-0000-0000-000000000000").aim, Aim::Id(Uuid::nil()));
    }
}
