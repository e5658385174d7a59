//! Which functions do the migrations of this program make, and with what text?

use super::step::Step;

/// A function as the last migration that mentions it left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    pub name: String,
    /// What stands between the dollars, to the byte; `None` for a body that PostgreSQL keeps parsed.
    pub body: Option<String>,
    pub runs_as_its_owner: bool,
    pub pins_its_path: bool,
}

const BEGINNINGS: [&str; 2] = ["CREATE FUNCTION public.", "CREATE OR REPLACE FUNCTION public."];
const QUOTE: &str = "AS $$";

/// In the order of their names.
pub(super) fn functions(steps: &[Step]) -> Vec<Made> {
    let mut made: Vec<Made> = Vec::new();
    for text in steps.iter().map(|step| step.forward.as_str()) {
        for (place, line) in lines(text) {
            if let Some(name) = line.strip_prefix("DROP FUNCTION public.").and_then(|rest| rest.split(['(', ';']).next()) {
                made.retain(|function| function.name != name);
            }
            let Some(rest) = BEGINNINGS.iter().find_map(|beginning| line.strip_prefix(beginning)) else { continue };
            let name = rest.split('(').next().unwrap_or_default();
            made.retain(|function| function.name != name);
            made.push(read(name, &text[place..]));
        }
    }
    made.sort_by(|one, other| one.name.cmp(&other.name));
    made
}

/// Each line with the place it begins at.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut place = 0;
    text.split_inclusive('\n').map(move |line| {
        let begins = place;
        place += line.len();
        (begins, line.trim_end())
    })
}

/// `text` begins with the statement.
fn read(name: &str, text: &str) -> Made {
    // A body of one expression has no quotes, and ends with the statement.
    let statement = text.split_once(";\n").map_or(text, |(statement, _)| statement);
    let (head, body) = match statement.split_once(QUOTE) {
        None => (statement, None),
        Some((head, _)) => {
            let body = text.split_once(QUOTE).and_then(|(_, rest)| rest.split_once("$$")).map(|(body, _)| body.to_owned());
            (head, body)
        }
    };
    Made {
        name: name.to_owned(),
        body,
        runs_as_its_owner: head.contains("SECURITY DEFINER"),
        pins_its_path: head.contains("SET search_path = pg_catalog, pg_temp"),
    }
}
