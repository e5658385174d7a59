//! Of which decision did an entry come: what was said, on what, and the how manyeth of how many it was?

use std::collections::HashMap;

use uuid::Uuid;

use crate::db::pool::{Connection, DatabaseError};

/// What somebody said at one of the two doors in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    pub on: On,
    /// The door's own word: `approve`, `restore`.
    pub word: String,
    /// "2 of 2", where it takes several.
    pub place: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    Transaction(Uuid),
    /// A balance that did not fit its entries.
    Drift(Uuid),
}

const DECIDED: &str = "\
SELECT a.id, true, a.transaction_id, a.decision, a.rule_applied FROM transaction_approvals a WHERE a.id = ANY($1) \
UNION ALL \
SELECT d.id, false, d.account_id, d.resolution, NULL FROM ledger_decisions d WHERE d.id = ANY($1)";

/// The decisions with these ids; those that are none are left out.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn decided(connection: &Connection, ids: &[Uuid]) -> Result<HashMap<Uuid, Decided>, DatabaseError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = connection.query(DECIDED, &[&ids]).await?;
    rows.iter()
        .map(|row| {
            let about = row.try_get(2)?;
            let on = if row.try_get(1)? { On::Transaction(about) } else { On::Drift(about) };
            let rule: Option<&str> = row.try_get(4)?;
            Ok((row.try_get(0)?, Decided { on, word: row.try_get(3)?, place: rule.and_then(place) }))
        })
        .collect()
}

impl Decided {
    /// Whether it was the last that it took.
    pub fn is_enough(&self) -> bool {
        let place = self.place.as_deref().and_then(|place| place.split_once(" of "));
        place.is_some_and(|(said, needed)| said.parse::<u32>().ok() >= needed.parse().ok())
    }
}

/// The how manyeth of how many: the door writes "approval 2 of 3, rule r7".
pub fn place(rule: &str) -> Option<String> {
    let (place, _) = rule.strip_prefix("approval ")?.split_once(',')?;
    Some(place.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_among_the_approvals_is_read_from_the_rule() {
        assert_eq!(place("approval 2 of 3, rule 9f3ac2").as_deref(), Some("2 of 3"));
        assert_eq!(place("one rejection is enough"), None);
        assert_eq!(place("approval 2 of 3"), None);
    }
}
