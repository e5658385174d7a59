//! Where do long texts differ? What all have in common at their ends is folded away.

/// Up to here a text is read at a glance.
const SHORT: usize = 160;
/// What stays of the common ends, for the reader to find the place.
const CONTEXT: usize = 60;

/// A text as a reader compares it with others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Passage {
    /// Characters left out in front, the same in all.
    pub skipped_before: usize,
    pub before: String,
    /// What differs; nothing where the whole text is shown.
    pub marked: String,
    pub after: String,
    pub skipped_after: usize,
}

impl Passage {
    pub fn whole(text: impl Into<String>) -> Passage {
        Passage { before: text.into(), ..Passage::default() }
    }

    /// Whether it needs a box of its own, which scrolls.
    pub fn is_long(&self) -> bool {
        let letters = self.before.chars().count() + self.marked.chars().count() + self.after.chars().count();
        letters > SHORT || self.before.contains('\n') || self.marked.contains('\n')
    }
}

/// The texts with what differs marked, in the same order; short ones as they are.
pub fn passages(texts: &[&str]) -> Vec<Passage> {
    if texts.iter().all(|text| text.chars().count() <= SHORT) {
        return texts.iter().map(|text| Passage::whole(*text)).collect();
    }
    let letters: Vec<Vec<char>> = texts.iter().map(|text| text.chars().collect()).collect();
    let front = common(&letters, |text, place| text.get(place).copied(), usize::MAX);
    // The ends must not overlap in the shortest of them.
    let room = letters.iter().map(|text| text.len() - front).min().unwrap_or_default();
    let back = common(&letters, |text, place| text.len().checked_sub(place + 1).map(|at| text[at]), room);
    letters.iter().map(|text| passage(text, front, back)).collect()
}

fn common(texts: &[Vec<char>], letter: impl Fn(&Vec<char>, usize) -> Option<char>, most: usize) -> usize {
    let Some(first) = texts.first() else {
        return 0;
    };
    let is_common = |place: &usize| {
        let here = letter(first, *place);
        here.is_some() && texts.iter().all(|text| letter(text, *place) == here)
    };
    (0..most).take_while(is_common).count()
}

fn passage(text: &[char], front: usize, back: usize) -> Passage {
    let end = text.len() - back;
    let (first, last) = (front.saturating_sub(CONTEXT), (end + CONTEXT).min(text.len()));
    let of = |from: usize, to: usize| text[from..to].iter().collect::<String>();
    Passage {
        skipped_before: first,
        before: of(first, front),
        marked: of(front, end),
        after: of(end, last),
        skipped_after: text.len() - last,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_texts_stay_whole() {
        assert_eq!(passages(&["one", "two"]), ["one", "two"].map(Passage::whole));
    }

    #[test]
    fn of_long_texts_the_difference_is_marked() {
        let text = |middle: &str| ["a".repeat(500), middle.to_owned(), "z".repeat(500)].concat();
        let (one, other, none) = (text("ONE"), text("OTHER"), text(""));
        let found = passages(&[&one, &other, &none]);
        assert_eq!(found.iter().map(|passage| passage.marked.as_str()).collect::<Vec<_>>(), ["ONE", "OTHER", ""]);
        for passage in &found {
            assert_eq!((passage.skipped_before, passage.before.len()), (500 - CONTEXT, CONTEXT));
            assert_eq!((passage.after.len(), passage.skipped_after), (CONTEXT, 500 - CONTEXT));
        }
    }

    #[test]
    fn ends_never_overlap() {
        let (one, two) = ("é".repeat(300), "é".repeat(301));
        let found = passages(&[&one, &two]);
        assert_eq!(found[1].marked, "é");
        assert_eq!(found[0].marked, "");
        let same = passages(&[&one, &one]);
        assert_eq!(same[0].marked, "");
        assert_eq!(passages(&[&one, ""])[1], Passage::default());
    }
}
