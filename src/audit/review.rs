//! What has been looked at in the log, and what not yet?

pub mod annotation;
pub mod mark;
pub mod queue;

pub use annotation::{Annotation, Kind, annotations, latest_annotations};
pub use mark::{Mark, marks};
pub use queue::{Place, Queue, open, open_count};

/// How far an entry has come, as `review:` names it in a search of the trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Behind no mark, and nobody has said that it was looked at.
    Open,
    Reviewed,
    Question,
    Finding,
}

impl State {
    pub const ALL: [State; 4] = [State::Open, State::Reviewed, State::Question, State::Finding];

    pub const fn name(self) -> &'static str {
        match self {
            State::Open => "open",
            State::Reviewed => "reviewed",
            State::Question => "question",
            State::Finding => "finding",
        }
    }

    pub fn named(name: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.name() == name)
    }

    /// The condition on an entry `e`, of which it reads log, id, created_at and user_id (as text).
    ///
    /// There are few marks, and an entry nobody has read is behind none: the index on their place answers at once. An
    /// entry without a time stands at the beginning of the log.
    pub const fn condition(self) -> &'static str {
        match self {
            State::Open => {
                "(NOT EXISTS (SELECT FROM review_marks m \
                   WHERE (m.reviewed_to, m.entry_id) >= (coalesce(e.created_at, '-infinity'), e.id) \
                     AND NOT (m.by_administrator AND m.created_by::text IS NOT DISTINCT FROM e.user_id)) \
                 AND NOT EXISTS (SELECT FROM entry_annotations n \
                   WHERE n.entry_id = e.id AND n.log = e.log AND n.kind IN ('reviewed', 'finding')))"
            }
            State::Reviewed => {
                "(EXISTS (SELECT FROM review_marks m \
                   WHERE (m.reviewed_to, m.entry_id) >= (coalesce(e.created_at, '-infinity'), e.id) \
                     AND NOT (m.by_administrator AND m.created_by::text IS NOT DISTINCT FROM e.user_id)) \
                 OR EXISTS (SELECT FROM entry_annotations n \
                   WHERE n.entry_id = e.id AND n.log = e.log AND n.kind IN ('reviewed', 'finding')))"
            }
            State::Question => "EXISTS (SELECT FROM entry_annotations n WHERE n.entry_id = e.id AND n.log = e.log AND n.kind = 'question')",
            State::Finding => "EXISTS (SELECT FROM entry_annotations n WHERE n.entry_id = e.id AND n.log = e.log AND n.kind = 'finding')",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::State;

    #[test]
    fn each_state_has_a_name_of_its_own() {
        for state in State::ALL {
            assert_eq!(State::named(state.name()), Some(state));
        }
        assert_eq!(State::named("Open"), None);
    }
}
