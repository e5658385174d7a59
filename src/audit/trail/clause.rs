//! How does a filter of the trail become a condition, on one log's row `t`?

use super::{
    query::Sense,
    slice::{Actors, Filter, Test},
    statement::{Statement, WALK},
    words::pattern,
};
use crate::{
    audit::{entry::Log, review::State},
    db::value::Value,
};

fn texts(texts: &[String]) -> impl Iterator<Item = Value> + '_ {
    texts.iter().map(|text| Value::Text(text.clone()))
}

impl Statement {
    /// All of them; each is true or not, never unknown.
    pub(super) fn tests(&mut self, log: Log, filters: &[&Filter]) -> &mut Self {
        self.push("true");
        for filter in filters {
            match (filter.sense, &filter.test) {
                // What the words of a secret match is for nobody to see: only the entry as it is shown can tell.
                (Sense::Unwanted, Test::Words(_)) => {}
                (Sense::Wanted, test) => {
                    self.push(" AND (").test(log, test).push(") IS TRUE");
                }
                (Sense::Unwanted, test) => {
                    self.push(" AND (").test(log, test).push(") IS NOT TRUE");
                }
            }
        }
        self
    }

    fn test(&mut self, log: Log, test: &Test) -> &mut Self {
        match test {
            Test::Actor(actors) => self.actor(log, actors),
            Test::Column(column, values) => self.words(&["t.", column, " IN ("]).bind_all(texts(values)).push(")"),
            Test::Record(ids) => self.push("t.entity_id IN (").bind_all(ids.iter().map(|id| Value::Uuid(*id))).push(")"),
            Test::Field(names) => {
                for (index, name) in names.iter().enumerate() {
                    let name = || Value::Text(name.clone());
                    // An absent member and a null are the same nothing, as in what is shown.
                    self.push(if index > 0 { " OR nullif(t.old_values -> " } else { "nullif(t.old_values -> " }).bind(name());
                    self.push(", 'null') IS DISTINCT FROM nullif(t.new_values -> ").bind(name()).push(", 'null')");
                }
                self
            }
            Test::Address(networks) => {
                for (index, network) in networks.iter().enumerate() {
                    self.push(if index > 0 { " OR t.ip_address <<= " } else { "t.ip_address <<= " }).bind(Value::Address(*network));
                }
                self
            }
            Test::Request(ids) => self.details(log, |statement| {
                statement.push("d.request_id IN (").bind_all(texts(ids)).push(")");
            }),
            Test::Outcome(outcomes) => self.details(log, |statement| {
                statement.push("d.outcome IN (").bind_all(outcomes.iter().map(|outcome| Value::Text(outcome.name().to_owned()))).push(")");
            }),
            Test::Review(states) => self.review(log, states),
            // Narrows down, no more: the secrets of old entries are among these texts.
            Test::Words(words) => {
                let pattern = pattern(words);
                self.push("t.old_values::text ILIKE ").bind(Value::Text(pattern.json.clone()));
                self.push(" OR t.new_values::text ILIKE ").bind(Value::Text(pattern.json)).push(" OR ");
                self.details(log, |statement| {
                    statement.push("d.reason ILIKE ").bind(Value::Text(pattern.plain));
                })
            }
        }
    }

    /// Asked row by row: as a join it could become one with the whole table.
    fn details(&mut self, log: Log, condition: impl FnOnce(&mut Statement)) -> &mut Self {
        self.push("(SELECT ");
        condition(self);
        self.words(&[" FROM audit_details d WHERE d.log = '", log.table(), "' AND d.entry_id = t.id)"])
    }

    /// The states are said of an entry `e` of either log.
    fn review(&mut self, log: Log, states: &[State]) -> &mut Self {
        self.words(&[
            "EXISTS (SELECT FROM (SELECT '",
            log.table(),
            "'::text AS log, t.id, t.created_at, t.user_id::text AS user_id) e WHERE false",
        ]);
        for state in states {
            self.words(&[" OR ", state.condition()]);
        }
        self.push(")")
    }

    fn actor(&mut self, log: Log, actors: &Actors) -> &mut Self {
        match log {
            Log::Registry => self.push("t.user_id IN (").bind_all(texts(&actors.texts)).push(")"),
            Log::Main => {
                self.push("false");
                if !actors.users.is_empty() {
                    self.push(" OR t.user_id IN (").bind_all(actors.users.iter().map(|id| Value::Uuid(*id))).push(")");
                }
                if !(actors.jobs.is_empty() && actors.roles.is_empty()) {
                    self.push(" OR t.user_id IS NULL AND ");
                    self.details(log, |statement| {
                        statement.doers(actors);
                    });
                }
                self
            }
        }
    }

    /// Those who are no users, by the words of the index on them.
    fn doers(&mut self, actors: &Actors) -> &mut Self {
        self.push("(false");
        for (kind, names) in [("system", &actors.jobs), ("db", &actors.roles)] {
            if !names.is_empty() {
                self.words(&[" OR d.actor_kind = '", kind, "' AND d.actor_name IN ("]).bind_all(texts(names)).push(")");
            }
        }
        self.push(")")
    }

    /// The ids that a filter finds by itself, with the help of an index that is not in order of time; the same one may
    /// be found more than once.
    pub(super) fn found(&mut self, log: Log, finding: &Filter) -> &mut Self {
        let beside = |statement: &mut Statement| {
            statement.words(&["SELECT d.entry_id AS id FROM audit_details d WHERE d.log = '", log.table(), "' AND "]);
        };
        match &finding.test {
            Test::Request(ids) => {
                beside(self);
                self.push("d.request_id IN (").bind_all(texts(ids)).push(")")
            }
            Test::Outcome(outcomes) => {
                beside(self);
                // The index holds what did not go well; nearly everything else did.
                let names = outcomes.iter().map(|outcome| outcome.name());
                self.push("d.outcome <> 'ok' AND d.outcome IN (").bind_all(names.map(|name| Value::Text(name.to_owned()))).push(")")
            }
            Test::Review(states) => {
                self.push("SELECT n.entry_id AS id FROM (SELECT n.log, n.entry_id FROM entry_annotations n WHERE n.kind IN (");
                self.bind_all(states.iter().map(|state| Value::Text(state.name().to_owned())));
                // Those of one log may be rare among those of the other: where all are more than can be gathered, this is no way.
                self.push(") LIMIT ").number(WALK + 1).words(&[") n WHERE n.log = '", log.table(), "'"])
            }
            Test::Actor(actors) => match log {
                Log::Registry => {
                    self.push("SELECT l.id FROM ssot_audit_logs l WHERE l.user_id IN (").bind_all(texts(&actors.texts)).push(")")
                }
                Log::Main => {
                    beside(self);
                    self.push("d.actor_kind <> 'user' AND ").doers(actors)
                }
            },
            Test::Address(networks) => {
                self.words(&["SELECT l.id FROM ", log.table(), " l WHERE false"]);
                for network in networks {
                    self.push(" OR l.ip_address <<= ").bind(Value::Address(*network));
                }
                self
            }
            Test::Column(..) | Test::Record(_) | Test::Field(_) | Test::Words(_) => self.push("SELECT NULL::uuid AS id WHERE false"),
        }
    }
}
