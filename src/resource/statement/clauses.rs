//! Which rows does a statement reach, and in which order? Its WHERE and its ORDER BY.

use super::{Range, Statement};
use crate::{
    auth::grant::{Grant, Rows},
    db::value::{Number, Value},
    resource::{
        Column, Kind, Order, Owner, Resource,
        cursor::Cursor,
        filter::{Condition, Filter},
        order::Direction,
        request::ListRequest,
        sought::{Aim, Sought},
    },
};

impl Statement {
    /// The rows a grant is for, and every filter.
    pub(super) fn conditions(&mut self, grant: &Grant, filters: &[Filter<'static>]) -> &mut Self {
        self.rows(grant).filters(grant.resource(), filters)
    }

    pub(super) fn filters(&mut self, resource: &'static Resource, filters: &[Filter<'static>]) -> &mut Self {
        for filter in filters {
            self.push(" AND ").filter(resource, filter);
        }
        self
    }

    pub(super) fn rows(&mut self, grant: &Grant) -> &mut Self {
        match (grant.rows(), grant.resource().owner) {
            (Rows::All, _) => self.push("true"),
            (Rows::OwnedBy(_), Owner::Nobody) => self.push("false"),
            (Rows::OwnedBy(user), Owner::Column(column)) => self.words(&["t.", column, " = "]).bind(Value::Uuid(user)),
            // As an array they are known before anything else is read, and their rows are found by the reference.
            (Rows::OwnedBy(user), Owner::Through { reference, table, column }) => self
                .words(&["t.", reference, " = ANY (ARRAY(SELECT o.id FROM ", table, " o WHERE o.", column, " = "])
                .bind(Value::Uuid(user))
                .push("))"),
        }
    }

    pub(super) fn filter(&mut self, resource: &'static Resource, filter: &Filter<'static>) -> &mut Self {
        let (reference, name) = filter.column.path();
        let Some(reference) = reference else {
            return self.condition("t", name, &filter.condition);
        };
        let target = resource.column(reference).map(|column| column.kind);
        match target {
            Some(Kind::Reference(target)) => {
                self.words(&["t.", reference, " IN (SELECT f.id FROM ", target.table, " f WHERE "]);
                self.condition("f", name, &filter.condition).push(")")
            }
            _ => unreachable!("{}.{reference} is declared as a reference; the proof checks it", resource.table),
        }
    }

    pub(super) fn condition(&mut self, alias: &'static str, name: &'static str, condition: &Condition) -> &mut Self {
        if let Condition::Begins(text) = condition {
            return self.begins(alias, name, text);
        }
        self.words(&[alias, ".", name]);
        let decimal = |amount: &rust_decimal::Decimal| Value::Number(Number::Decimal(*amount));
        match condition {
            Condition::Any(values) => match values.as_slice() {
                [value] => self.push(" = ").bind(value.clone()),
                values => self.push(" IN (").bind_all(values.iter().cloned()).push(")"),
            },
            // Written above: the column stands within a function.
            Condition::Begins(_) => self,
            Condition::Contains(text) => self.push(" ILIKE ").bind(Value::Text(containing(text))),
            // A NaN sorts above every number; nobody who asks for at least 100 means it.
            Condition::AtLeast(amount) => self.push(" >= ").bind(decimal(amount)).words(&[" AND ", alias, ".", name, " < 'NaN'"]),
            Condition::AtMost(amount) => self.push(" <= ").bind(decimal(amount)),
            Condition::From(time) => self.push(" >= ").bind(Value::Time(*time)),
            Condition::Until(time) => self.push(" <= ").bind(Value::Time(*time)),
            Condition::Before(time) => self.push(" < ").bind(Value::Time(*time)),
            Condition::Within(network) => self.push(" <<= ").bind(network.clone()),
            Condition::Empty => self.push(" IS NULL"),
            Condition::Filled => self.push(" IS NOT NULL"),
        }
    }

    /// One or two letters at the beginning, as their index has them.
    fn begins(&mut self, alias: &'static str, name: &'static str, text: &str) -> &mut Self {
        self.words(&["lower(left(", alias, ".", name, ", 2)) LIKE lower("]).bind(Value::Text(beginning(text))).push(")")
    }

    pub(super) fn range(&mut self, range: &Range, order: Order) -> &mut Self {
        let key = order.column;
        match range {
            Range::Valued { beyond: Some((_, id)), .. } if key == "id" => {
                self.words(&[" AND t.id ", range.direction(order).beyond_sign(), " "]).bind(Value::Uuid(*id))
            }
            Range::Valued { beyond: None, .. } if key == "id" => self,
            Range::Valued { beyond, .. } => {
                self.words(&[" AND t.", key, " IS NOT NULL"]);
                if let Some((value, id)) = beyond {
                    self.words(&[" AND (t.", key, ", t.id) ", range.direction(order).beyond_sign(), " ("]);
                    self.bind(value.clone()).push(", ").bind(Value::Uuid(*id)).push(")");
                }
                self
            }
            Range::Null { beyond, .. } => {
                self.words(&[" AND t.", key, " IS NULL"]);
                if let Some(id) = beyond {
                    self.words(&[" AND t.id ", range.direction(order).beyond_sign(), " "]).bind(Value::Uuid(*id));
                }
                self
            }
        }
    }

    /// No further than a place, itself included.
    pub(super) fn up_to(&mut self, range: &Range, order: Order, place: &Cursor) -> &mut Self {
        let sign = range.direction(order).up_to_sign();
        match range {
            Range::Valued { .. } if order.column != "id" => {
                self.words(&[" AND (t.", order.column, ", t.id) ", sign, " ("]).bind(place.key.clone());
                self.push(", ").bind(Value::Uuid(place.id)).push(")")
            }
            Range::Valued { .. } | Range::Null { .. } => self.words(&[" AND t.id ", sign, " "]).bind(Value::Uuid(place.id)),
        }
    }

    /// The rows that a walk goes along: what an index holds in the list's order, of as much of what is asked for as it can.
    pub(super) fn way(&mut self, grant: &Grant, request: &ListRequest) -> &mut Self {
        let way = request.way(grant);
        if way.is_own {
            self.rows(grant);
        } else {
            self.push("true");
        }
        for filter in way.filters {
            let name = filter.column.name;
            if let (Condition::Any(values), true) = (&filter.condition, name == request.order.column)
                && let [value] = values.as_slice()
            {
                // Said to be equal, its rows would be in order by the id alone, and looked for among all others.
                self.words(&[" AND t.", name, " >= "]).bind(value.clone()).words(&[" AND t.", name, " <= "]).bind(value.clone());
            } else {
                self.push(" AND ").filter(grant.resource(), filter);
            }
        }
        self
    }

    pub(super) fn order(&mut self, range: &Range, order: Order) -> &mut Self {
        let suffix = match range.direction(order) {
            Direction::Ascending => "",
            Direction::Descending => " DESC",
        };
        match order.column {
            "id" => self.words(&[" ORDER BY t.id", suffix]),
            // Also where every key is NULL: the index is by both, and without the first they would be sorted again.
            key => self.words(&[" ORDER BY t.", key, suffix, ", t.id", suffix]),
        }
    }

    /// The words of the request's search, where it has one.
    pub(super) fn searched(&mut self, request: &ListRequest) -> &mut Self {
        match &request.search {
            Some(text) => self.push(" AND ").matches(request.resource, text),
            None => self,
        }
    }

    /// The records a picker may offer.
    pub(super) fn candidate(&mut self, grant: &Grant) -> &mut Self {
        self.rows(grant);
        match grant.resource().column("is_active") {
            Some(_) => self.push(" AND t.is_active IS NOT FALSE"),
            None => self,
        }
    }

    /// The words of a search, each in any searchable column; an id finds its record.
    pub(super) fn matches(&mut self, resource: &'static Resource, text: &str) -> &mut Self {
        self.matches_in(resource.searchable(), &Sought::of(text))
    }

    pub(super) fn matches_in(&mut self, columns: impl Iterator<Item = &'static Column>, sought: &Sought) -> &mut Self {
        let words = match &sought.aim {
            Aim::Id(id) => return self.push("t.id = ").bind(Value::Uuid(*id)),
            Aim::Beginning => {
                self.push("(false");
                for column in columns {
                    self.push(" OR ").begins("t", column.name, &sought.text);
                }
                return self.push(")");
            }
            Aim::Words(words) => words,
        };
        let columns: Vec<&'static Column> = columns.collect();
        if columns.is_empty() {
            return self.push("false");
        }
        for (index, word) in words.iter().enumerate() {
            let position = self.keep(Value::Text(containing(word)));
            self.push(if index > 0 { " AND (false" } else { "(false" });
            for column in &columns {
                self.words(&[" OR t.", column.name, " ILIKE $"]).number(position);
            }
            self.push(")");
        }
        self
    }
}

fn escaped(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern
}

fn containing(text: &str) -> String {
    format!("%{}%", escaped(text))
}

fn beginning(text: &str) -> String {
    format!("{}%", escaped(text))
}
