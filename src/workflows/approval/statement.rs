//! What do two versions of the canonical bytes differ in?

use sha2::{Digest, Sha256};

/// A line of a statement: its name, which leg it is of, and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub name: String,
    /// From 0; the rule stands before the first.
    pub leg: usize,
    pub content: Option<String>,
}

/// One field that is not what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub name: String,
    pub leg: usize,
    pub then: Option<String>,
    pub now: Option<String>,
}

const FIRST_LINE: &str = "nexus approval 1\n";

/// Whether a text is what a digest was made of.
#[must_use]
pub fn is_of(statement: &str, digest: &str) -> bool {
    hex::encode(Sha256::digest(statement.as_bytes())) == digest
}

/// Reads the lines of version 1; `None` for anything else.
pub fn lines(statement: &str) -> Option<Vec<Line>> {
    let mut rest = statement.strip_prefix(FIRST_LINE)?;
    let mut lines = Vec::new();
    let mut legs = 0;
    while !rest.is_empty() {
        let (name, after) = rest.split_once(' ')?;
        let content;
        (content, rest) = match after.strip_prefix("-\n") {
            Some(after) => (None, after),
            None => {
                let (length, after) = after.split_once(':')?;
                let length: usize = length.parse().ok()?;
                let content = after.get(..length)?;
                (Some(content.to_owned()), after.get(length..)?.strip_prefix('\n')?)
            }
        };
        legs += usize::from(name == "leg");
        lines.push(Line { name: name.to_owned(), leg: usize::saturating_sub(legs, 1), content });
    }
    Some(lines)
}

/// What changed between two statements, in the order they name it.
pub fn differences(then: &str, now: &str) -> Vec<Difference> {
    let (then, now) = (lines(then).unwrap_or_default(), lines(now).unwrap_or_default());
    let find = |lines: &[Line], wanted: &Line| {
        lines.iter().find(|line| line.name == wanted.name && line.leg == wanted.leg).and_then(|line| line.content.clone())
    };
    let changed = now.iter().filter_map(|line| {
        let before = find(&then, line);
        (before != line.content).then(|| Difference { name: line.name.clone(), leg: line.leg, then: before, now: line.content.clone() })
    });
    changed.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_is_named_whatever_the_description_holds() {
        let then = "nexus approval 1\nrule 2:r1\nleg 1:a\namount 4:1.00\ndescription 10:x\nrule 1:y\nreference -\n";
        let now = "nexus approval 1\nrule 2:r1\nleg 1:a\namount 4:2.00\ndescription 10:x\nrule 1:y\nreference 1:z\n";
        let difference = |name: &str, then: Option<&str>, now: Option<&str>| Difference {
            name: name.to_owned(),
            leg: 0,
            then: then.map(str::to_owned),
            now: now.map(str::to_owned),
        };
        assert_eq!(differences(then, now), [difference("amount", Some("1.00"), Some("2.00")), difference("reference", None, Some("z"))]);
        assert_eq!(differences(then, then), []);
    }

    #[test]
    fn what_is_no_statement_is_none() {
        for text in ["", "nexus approval 2\n", "nexus approval 1\nrule 9:x\n", "nexus approval 1\nrule"] {
            assert_eq!(lines(text), None, "{text}");
        }
    }
}
