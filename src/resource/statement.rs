//! Which SQL does the engine speak? Only this module assembles any, and only from the program's own words.

use uuid::Uuid;

mod clauses;
mod found;
mod page;
mod select;

use select::{Selection, Texts};

use super::{Column, Order, Resource, cursor::Cursor, filter::Filter, order::Direction, request::ListRequest};
use crate::{
    auth::{grant::Grant, policy::Action},
    db::{pool::Planning, value::Value},
};

/// A statement's text and its parameters. The text grows by `&'static str` alone, so that nothing a
/// request says can become SQL.
#[derive(Debug, Default, Clone)]
pub struct Statement {
    text: String,
    parameters: Vec<Value>,
    planning: Planning,
}

/// One of the two parts of a list: the rows whose sort key has a value, and behind them those with NULL.
#[derive(Debug, Clone, PartialEq)]
pub enum Range {
    Valued { beyond: Option<(Value, Uuid)>, towards: Towards },
    Null { beyond: Option<Uuid>, towards: Towards },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Towards {
    End,
    Start,
}

/// Among which rows the few that match are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Among {
    /// Those that match, however the database finds them best.
    Matching,
    /// One's own, whatever else is asked of them.
    Own,
}

/// A list that other tables have a say in. `head` reads the resource's rows as `t` and ends in a condition; `tail`
/// adds names to the rows of a page. Both may use the parameters, which come first.
#[derive(Debug, Clone)]
pub struct Joined {
    pub parameters: Vec<Value>,
    pub head: Vec<&'static str>,
    /// The values of a page's row.
    pub shown: &'static str,
    pub tail: &'static str,
}

/// How many rows of a list are looked through before the indexes of what is asked for are.
pub const NEAR: usize = 1_000;
/// No more than these are gathered and put in order for one page.
pub const FEW: usize = 5_000;
/// Among how many records that match a picker chooses what it shows.
const ALIKE: &str = "500";

impl Statement {
    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn parameters(&self) -> &[Value] {
        &self.parameters
    }

    pub fn planning(&self) -> Planning {
        self.planning
    }

    fn push(&mut self, words: &'static str) -> &mut Self {
        self.text.push_str(words);
        self
    }

    fn words(&mut self, words: &[&'static str]) -> &mut Self {
        for word in words {
            self.push(word);
        }
        self
    }

    /// Writes a number of the program's own, such as a page's size.
    fn number(&mut self, number: usize) -> &mut Self {
        self.text.push_str(&number.to_string());
        self
    }

    fn bind(&mut self, value: Value) -> &mut Self {
        let position = self.keep(value);
        self.push("$").number(position)
    }

    /// Takes a parameter that the text names more than once; its position.
    fn keep(&mut self, value: Value) -> usize {
        self.parameters.push(value);
        self.parameters.len()
    }

    fn bind_all(&mut self, values: impl IntoIterator<Item = Value>) -> &mut Self {
        for (index, value) in values.into_iter().enumerate() {
            if index > 0 {
                self.push(", ");
            }
            self.bind(value);
        }
        self
    }

    /// One part of one page of a list that other tables have a say in.
    pub fn joined(joined: &Joined, grant: &Grant, request: &ListRequest, range: &Range, rows: usize) -> Statement {
        let mut statement = Statement { parameters: joined.parameters.clone(), planning: Planning::InOrder, ..Statement::default() };
        statement.words(&["SELECT ", joined.shown, " FROM ("]).words(&joined.head).push(" AND ");
        statement.conditions(grant, &request.filters).range(range, request.order).order(range, request.order);
        statement.push(" LIMIT ").number(rows + 1).words(&[") t ", joined.tail]).order(range, request.order);
        statement
    }

    /// How many rows such a list has, counted no further than `most` and one.
    pub fn joined_count(joined: &Joined, grant: &Grant, filters: &[Filter<'static>], most: usize) -> Statement {
        let mut statement = Statement { parameters: joined.parameters.clone(), planning: Planning::InOrder, ..Statement::default() };
        statement.push("SELECT count(*) FROM (").words(&joined.head).push(" AND ");
        statement.conditions(grant, filters).push(" LIMIT ").number(most + 1).push(") counted");
        statement
    }

    /// Every row that matches, without its page: one part of an export. The id, the sort key, then one value a column.
    pub fn export(grant: &Grant, request: &ListRequest, columns: &[&'static Column], range: &Range) -> Statement {
        let mut statement = Statement::default();
        let resource = request.resource;
        let selection = Selection::bare(resource, columns);
        statement.select(&selection, request.order.column).push(" FROM (");
        statement.inner(&selection, request.order.column, Texts::Whole).words(&[" FROM ", resource.table, " t WHERE "]);
        statement.conditions(grant, &request.filters).range(range, request.order);
        statement.searched(request);
        statement.push(") t").joins(&selection).order(range, request.order);
        statement
    }

    /// How many rows match, counted no further than `most` and one.
    pub fn count(grant: &Grant, request: &ListRequest, most: usize) -> Statement {
        let mut statement = Statement::default();
        statement.words(&["SELECT count(*) FROM (SELECT 1 FROM ", request.resource.table, " t WHERE "]);
        statement.conditions(grant, &request.filters).searched(request);
        if request.stands_in_order(grant) {
            // In its order it is read from the index that holds just these rows, however many they are taken for.
            statement.words(&[" ORDER BY t.", request.order.column, ", t.id"]);
        } else {
            statement.planning = Planning::EachTime;
        }
        statement.push(" LIMIT ").number(most + 1).push(") counted");
        statement
    }

    /// The whole record, where the grant's rows hold it: id, id, then the columns.
    pub fn record(grant: &Grant, columns: &[&'static Column], id: Uuid) -> Statement {
        let mut statement = Statement::default();
        let resource = grant.resource();
        let selection = Selection::of(resource, columns);
        statement.select(&selection, "id").push(" FROM (");
        statement.inner(&selection, "id", Texts::Whole).words(&[" FROM ", resource.table, " t WHERE t.id = "]);
        statement.bind(Value::Uuid(id)).push(" AND ").rows(grant).push(") t").joins(&selection);
        statement
    }

    /// Keeps everybody else's hands off a record until the transaction ends. New references to it wait only where
    /// they would matter: every write refers to its actor, so two administrators who change each other would
    /// otherwise wait for one another.
    pub fn lock(grant: &Grant, id: Uuid) -> Statement {
        let is_fixed_by_references = grant.resource().columns.iter().any(|column| column.fixed_once_referred.is_some());
        let strength = if grant.action() == Action::Delete || is_fixed_by_references { " FOR UPDATE" } else { " FOR NO KEY UPDATE" };
        let mut statement = Statement::default();
        statement.words(&["SELECT t.id FROM ", grant.resource().table, " t WHERE t.id = "]);
        statement.bind(Value::Uuid(id)).push(" AND ").rows(grant).push(strength);
        statement
    }

    /// Records of the grant's table whose names match what was typed: id, label, detail, exactness. Those that match
    /// exactly are always among them; of very many that match in part, some.
    pub fn candidates(grant: &Grant, typed: &str, most: usize) -> Statement {
        let mut statement = Statement { planning: Planning::EachTime, ..Statement::default() };
        let resource = grant.resource();
        statement
            .words(&["WITH same AS MATERIALIZED (SELECT t.id FROM ", resource.table, " t WHERE "])
            .candidate(grant)
            .push(" AND (false");
        let names = std::iter::once(resource.label).chain(resource.detail).chain(resource.searchable().map(|column| column.name));
        for name in names.filter(|name| *name != "id") {
            statement.words(&[" OR t.", name, " = "]).bind(Value::Text(typed.to_owned()));
        }
        statement.push(") LIMIT ").number(most);
        statement.words(&["), alike AS MATERIALIZED (SELECT t.id FROM ", resource.table, " t WHERE "]).candidate(grant).push(" AND ");
        statement.matches(resource, typed).words(&[" LIMIT ", ALIKE, ") SELECT t.id, t.", resource.label, "::text, "]);
        match resource.detail {
            Some(detail) => statement.words(&["t.", detail, "::text"]),
            None => statement.push("NULL::text"),
        };
        statement.words(&[", t.id IN (SELECT same.id FROM same) AS exact FROM ", resource.table, " t WHERE t.id IN "]);
        statement.push("(SELECT same.id FROM same UNION SELECT alike.id FROM alike) ORDER BY exact DESC, t.");
        statement.words(&[resource.label, ", t.id LIMIT "]).number(most);
        statement
    }

    /// One record as a reference shows it: label, detail, and whether it is active where the table says so.
    pub fn reference(grant: &Grant, id: Uuid) -> Statement {
        let mut statement = Statement::default();
        let resource = grant.resource();
        statement.words(&["SELECT t.", resource.label, "::text, "]);
        match resource.detail {
            Some(detail) => statement.words(&["t.", detail, "::text, "]),
            None => statement.push("NULL::text, "),
        };
        statement.push(if resource.column("is_active").is_some() { "t.is_active IS NOT FALSE" } else { "true" });
        statement.words(&[" FROM ", resource.table, " t WHERE t.id = "]).bind(Value::Uuid(id)).push(" AND ").rows(grant);
        statement
    }

    /// A text column of one record, by its id: an account's currency.
    pub fn column_of(grant: &Grant, column: &'static str, id: Uuid) -> Statement {
        let mut statement = Statement::default();
        statement.words(&["SELECT t.", column, "::text FROM ", grant.resource().table, " t WHERE t.id = "]);
        statement.bind(Value::Uuid(id)).push(" AND ").rows(grant);
        statement
    }

    /// How many records of a table refer to one, counted no further than `most` and one.
    pub fn referring(resource: &'static Resource, column: &'static Column, id: Uuid, most: usize) -> Statement {
        let mut statement = Statement::default();
        statement.words(&["SELECT count(*) FROM (SELECT 1 FROM ", resource.table, " t WHERE t.", column.name, " = "]);
        statement.bind(Value::Uuid(id)).push(" LIMIT ").number(most + 1).push(") counted");
        statement
    }

    pub fn insert(resource: &'static Resource, id: Uuid, changes: &[(&'static Column, Value)]) -> Statement {
        let mut statement = Statement::default();
        statement.words(&["INSERT INTO ", resource.table, " (id"]);
        for (column, _) in changes {
            statement.words(&[", ", column.name]);
        }
        statement.push(") VALUES (");
        statement.bind_all(std::iter::once(Value::Uuid(id)).chain(changes.iter().map(|(_, value)| value.clone()))).push(")");
        statement
    }

    pub fn update(resource: &'static Resource, id: Uuid, changes: &[(&'static Column, Value)]) -> Statement {
        let mut statement = Statement::default();
        statement.words(&["UPDATE ", resource.table, " SET "]);
        for (index, (column, value)) in changes.iter().enumerate() {
            statement.words(&[if index > 0 { ", " } else { "" }, column.name, " = "]).bind(value.clone());
        }
        statement.push(" WHERE id = ").bind(Value::Uuid(id));
        statement
    }

    pub fn delete(resource: &'static Resource, id: Uuid) -> Statement {
        let mut statement = Statement::default();
        statement.words(&["DELETE FROM ", resource.table, " WHERE id = "]).bind(Value::Uuid(id));
        statement
    }
}

impl Range {
    /// The direction its rows come in: backwards where the page before is wanted. Rows with NULL stand by id.
    pub fn direction(&self, order: Order) -> Direction {
        let (forward, towards) = match self {
            Range::Valued { towards, .. } => (order.direction, towards),
            Range::Null { towards, .. } => (Direction::Ascending, towards),
        };
        match towards {
            Towards::End => forward,
            Towards::Start => forward.reversed(),
        }
    }

    /// The same part from its other end.
    #[must_use]
    pub fn turned(&self) -> Range {
        match self {
            Range::Valued { towards, .. } => Range::Valued { beyond: None, towards: towards.turned() },
            Range::Null { towards, .. } => Range::Null { beyond: None, towards: towards.turned() },
        }
    }

    /// What of it lies behind a place.
    #[must_use]
    pub fn behind(&self, place: &Cursor) -> Range {
        match self {
            Range::Valued { towards, .. } => Range::Valued { beyond: Some((place.key.clone(), place.id)), towards: *towards },
            Range::Null { towards, .. } => Range::Null { beyond: Some(place.id), towards: *towards },
        }
    }
}

impl Towards {
    fn turned(self) -> Towards {
        match self {
            Towards::End => Towards::Start,
            Towards::Start => Towards::End,
        }
    }
}

impl Direction {
    fn beyond_sign(self) -> &'static str {
        match self {
            Direction::Ascending => ">",
            Direction::Descending => "<",
        }
    }

    fn up_to_sign(self) -> &'static str {
        match self {
            Direction::Ascending => "<=",
            Direction::Descending => ">=",
        }
    }
}
