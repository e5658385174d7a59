//! How does a page call what is done to many rows, in each of its tenses?

use crate::{
    resource::Resource,
    workflows::run::{
        State,
        results::{Ending, Item},
        verb::Verb,
    },
};

/// One verb's words for one table.
pub struct Words {
    /// "Mark" of "Mark 3 notifications as read".
    verb: &'static str,
    /// "as read" of it.
    rest: &'static str,
    /// "Marking".
    doing: &'static str,
    /// "marked as read" of "3 notifications marked as read".
    finished: &'static str,
    /// What a row is when it is done.
    pub done: &'static str,
    /// What the preview says of a row that nothing stands in the way of.
    pub possible: &'static str,
    /// What the other button does.
    pub nothing: &'static str,
    resource: &'static Resource,
}

impl Words {
    pub fn of(verb: Verb, resource: &'static Resource) -> Words {
        let words = |verb, doing, finished, done, possible| Words {
            verb,
            rest: "",
            doing,
            finished,
            done,
            possible,
            nothing: "Change nothing",
            resource,
        };
        match verb {
            Verb::Approve => Words { nothing: "Decide nothing", ..words("Approve", "Deciding", "decided", "Approved", "Can be approved") },
            Verb::Reject => Words { nothing: "Decide nothing", ..words("Reject", "Deciding", "decided", "Rejected", "Can be rejected") },
            Verb::Revoke if resource.table == "user_sessions" => words("End", "Ending", "ended", "Ended", "Can be ended"),
            Verb::Revoke => words("Revoke", "Revoking", "revoked", "Revoked", "Can be revoked"),
            Verb::Deactivate => words("Deactivate", "Deactivating", "deactivated", "Deactivated", "Can be deactivated"),
            Verb::MarkRead => {
                Words { rest: " as read", ..words("Mark", "Marking", "marked as read", "Marked as read", "Can be marked as read") }
            }
        }
    }

    /// "Mark 3 of 5 as read".
    pub fn imperative(&self, how_many: &str) -> String {
        [self.verb, " ", how_many, self.rest].concat()
    }

    /// What the button under a list says.
    pub fn button(&self) -> String {
        ["Look through and ", &self.verb.to_lowercase(), self.rest, "…"].concat()
    }

    pub fn heading(&self, state: State, items: &[Item]) -> String {
        let several = |count: usize| match count {
            1 => format!("1 {}", self.resource.singular),
            count => format!("{count} {}", self.resource.several()),
        };
        match state {
            State::Previewed => [&self.imperative(&several(items.len())), "?"].concat(),
            State::Running => [self.doing, " ", &several(items.len()), self.rest].concat(),
            State::Finished => {
                let stayed = |item: &&Item| matches!(item.ending, Some(Ending::Skipped | Ending::Refused));
                let done = items.len() - items.iter().filter(stayed).count();
                [&several(done), " ", self.finished].concat()
            }
        }
    }

    /// Where to go when there is nothing more to do here.
    pub fn way_back(&self) -> String {
        if self.resource.table == "transactions" {
            "Back to what is pending".to_owned()
        } else {
            format!("Back to the {}", self.resource.several())
        }
    }
}
