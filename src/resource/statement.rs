//! Which SQL does the engine speak? The only file that assembles any, and only from the program's own words.

use uuid::Uuid;

use super::{
    Column, Currency, Kind, Order, Owner, Redaction, Resource,
    filter::{Condition, Filter},
    order::Direction,
    request::ListRequest,
};
use crate::{
    auth::grant::{Grant, Rows},
    db::value::{Number, Value},
};

/// A statement's text and its parameters. The text grows by `&'static str` alone, so that nothing a
/// request says can become SQL.
#[derive(Debug, Default, Clone)]
pub struct Statement {
    text: String,
    parameters: Vec<Value>,
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

/// How a search looks for its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Search {
    /// In the next rows of the list's own order.
    Walk,
    /// In the whole table, by its trigram index.
    Index,
}

/// How many rows a search walks before it asks the index.
const WALK: &str = "2000";
/// Of a long text a list shows the beginning.
const EXCERPT: &str = "300";
const ALIASES: [&str; 12] = ["r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Texts {
    Whole,
    Excerpts,
}

struct Join {
    table: &'static str,
    alias: &'static str,
    from: &'static str,
    reference: &'static str,
}

/// What a SELECT must fetch: columns of the table, and labels and columns of what it refers to.
#[derive(Default)]
struct Selection {
    own: Vec<&'static Column>,
    plain: Vec<&'static str>,
    outer: Vec<(&'static str, &'static str)>,
    joins: Vec<Join>,
}

impl Selection {
    /// The columns alone, as a file has them: no labels, and so no joins that only a reader needs.
    fn bare(resource: &'static Resource, columns: &[&'static Column]) -> Selection {
        let mut selection = Selection::default();
        for column in columns.iter().filter(|column| !column.is_secret()) {
            let (reference, name) = column.path();
            let alias = match reference {
                None => {
                    selection.own.push(column);
                    "t"
                }
                Some(reference) => selection.join(resource, reference),
            };
            selection.outer.push((alias, name));
        }
        selection
    }

    fn of(resource: &'static Resource, columns: &[&'static Column]) -> Selection {
        let mut selection = Selection::default();
        for column in columns {
            let (reference, name) = column.path();
            let alias = match reference {
                None => {
                    selection.own.push(column);
                    "t"
                }
                Some(reference) => selection.join(resource, reference),
            };
            if column.redaction.is_some() {
                // What is secret depends on the record an entry is about.
                selection.need(alias, "entity_type");
                selection.need(alias, "entity_id");
            }
            match column.kind {
                Kind::Secret => {}
                Kind::Reference(target) => {
                    selection.outer.push((alias, name));
                    let label = selection.join_on(target.table, alias, name);
                    selection.outer.push((label, target.label));
                    selection.outer.extend(target.detail.map(|detail| (label, detail)));
                }
                Kind::Money(Currency::Column(currency)) => {
                    selection.need(alias, currency);
                    selection.outer.extend([(alias, name), (alias, currency)]);
                }
                Kind::Money(Currency::Through { reference, column: currency }) => {
                    selection.outer.push((alias, name));
                    let account = selection.join(resource, reference);
                    selection.outer.push((account, currency));
                }
                Kind::SecretWhen(flag) => {
                    selection.need(alias, flag);
                    selection.outer.extend([(alias, name), (alias, flag)]);
                }
                Kind::Text(_) | Kind::LongText | Kind::Bool | Kind::Uuid | Kind::Timestamp | Kind::Inet | Kind::Json | Kind::Choice(_) => {
                    selection.outer.push((alias, name));
                }
            }
        }
        selection
    }

    fn need(&mut self, alias: &'static str, column: &'static str) {
        if alias == "t" && !self.plain.contains(&column) {
            self.plain.push(column);
        }
    }

    /// Joins the record that a reference of the table itself names, once.
    fn join(&mut self, resource: &'static Resource, reference: &'static str) -> &'static str {
        self.need("t", reference);
        let target = resource.column(reference).and_then(|column| match column.kind {
            Kind::Reference(target) => Some(target.table),
            _ => None,
        });
        match target {
            Some(table) => self.join_on(table, "t", reference),
            None => unreachable!("{}.{reference} is declared as a reference; the proof checks it", resource.table),
        }
    }

    fn join_on(&mut self, table: &'static str, from: &'static str, reference: &'static str) -> &'static str {
        self.need(from, reference);
        if let Some(join) = self.joins.iter().find(|join| join.from == from && join.reference == reference) {
            return join.alias;
        }
        let alias = ALIASES[self.joins.len()];
        self.joins.push(Join { table, alias, from, reference });
        alias
    }
}

impl Statement {
    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn parameters(&self) -> &[Value] {
        &self.parameters
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
        self.parameters.push(value);
        let position = self.parameters.len();
        self.push("$").number(position)
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

    /// One part of one page: id, sort key, then the columns asked for. One row more than the page has,
    /// to tell whether there is another.
    pub fn page(grant: &Grant, request: &ListRequest, range: &Range, rows: usize, search: Option<Search>) -> Statement {
        let mut statement = Statement::default();
        let resource = request.resource;
        let selection = Selection::of(resource, &request.columns);
        let searched = request.search.as_deref().zip(search);
        if let Some((text, Search::Index)) = searched {
            statement.words(&["WITH hit AS MATERIALIZED (SELECT t.id FROM ", resource.table, " t WHERE "]);
            statement.matches(resource, text).push(") ");
        }
        statement.select(&selection, request.order.column).push(" FROM (");
        statement.inner(&selection, request.order.column, Texts::Excerpts).push(" FROM ");
        match searched {
            Some((text, Search::Walk)) => {
                statement.walked(&selection, resource, request.order.column).words(&[" FROM ", resource.table, " t WHERE "]);
                statement.conditions(grant, &request.filters).range(range, request.order).order(range, request.order);
                statement.words(&[" LIMIT ", WALK, ") t WHERE "]).matches(resource, text);
            }
            Some((_, Search::Index)) => {
                statement.words(&[resource.table, " t WHERE t.id IN (SELECT hit.id FROM hit) AND "]);
                statement.conditions(grant, &request.filters).range(range, request.order);
            }
            None => {
                statement.words(&[resource.table, " t WHERE "]);
                statement.conditions(grant, &request.filters).range(range, request.order);
            }
        }
        statement.order(range, request.order).push(" LIMIT ").number(rows + 1).push(") t");
        statement.joins(&selection).order(range, request.order);
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
        if let Some(text) = &request.search {
            statement.push(" AND ").matches(resource, text);
        }
        statement.push(") t").joins(&selection).order(range, request.order);
        statement
    }

    /// How many rows match, counted no further than `most` and one.
    pub fn count(grant: &Grant, resource: &'static Resource, filters: &[Filter<'static>], most: usize) -> Statement {
        let mut statement = Statement::default();
        statement.words(&["SELECT count(*) FROM (SELECT 1 FROM ", resource.table, " t WHERE "]);
        statement.conditions(grant, filters).push(" LIMIT ").number(most + 1).push(") counted");
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

    /// Keeps everybody else's hands off a record until the transaction ends.
    pub fn lock(grant: &Grant, id: Uuid) -> Statement {
        let mut statement = Statement::default();
        statement.words(&["SELECT t.id FROM ", grant.resource().table, " t WHERE t.id = "]);
        statement.bind(Value::Uuid(id)).push(" AND ").rows(grant).push(" FOR UPDATE");
        statement
    }

    /// Records of the grant's table whose names match what was typed: id, label, detail, exactness.
    pub fn candidates(grant: &Grant, typed: &str, most: usize) -> Statement {
        let mut statement = Statement::default();
        let resource = grant.resource();
        statement.words(&["SELECT t.id, t.", resource.label, "::text, "]);
        match resource.detail {
            Some(detail) => statement.words(&["t.", detail, "::text"]),
            None => statement.push("NULL::text"),
        };
        statement.push(", (false");
        let names: Vec<&'static str> =
            std::iter::once(resource.label).chain(resource.detail).chain(resource.searchable().map(|column| column.name)).collect();
        for name in names.iter().filter(|name| **name != "id") {
            statement.words(&[" OR t.", name, " = "]).bind(Value::Text(typed.to_owned()));
        }
        statement.words(&[") AS exact FROM ", resource.table, " t WHERE "]).rows(grant);
        if resource.column("is_active").is_some() {
            statement.push(" AND t.is_active IS NOT FALSE");
        }
        statement.push(" AND ").matches(resource, typed);
        statement.words(&[" ORDER BY exact DESC, t.", resource.label, ", t.id LIMIT "]).number(most);
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

    fn select(&mut self, selection: &Selection, key: &'static str) -> &mut Self {
        self.words(&["SELECT t.id, t.", key]);
        for (alias, column) in &selection.outer {
            self.words(&[", ", alias, ".", column]);
        }
        self
    }

    /// The table's own columns, secrets by row replaced by NULL and long texts cut.
    fn inner(&mut self, selection: &Selection, key: &'static str, texts: Texts) -> &mut Self {
        self.push("SELECT t.id");
        if key != "id" && !selection.own.iter().any(|column| column.name == key) && !selection.plain.contains(&key) {
            self.words(&[", t.", key]);
        }
        for column in selection.own.iter().filter(|column| column.name != "id") {
            let name = column.name;
            if let Some(redaction) = column.redaction {
                self.redacted(name, redaction, texts);
                continue;
            }
            match (column.kind, texts) {
                (Kind::Secret, _) => &mut *self,
                (Kind::SecretWhen(flag), _) => self.words(&[", CASE WHEN t.", flag, " THEN NULL ELSE t.", name, " END AS ", name]),
                (Kind::LongText, Texts::Excerpts) if name != key => self.words(&[", left(t.", name, ", ", EXCERPT, ") AS ", name]),
                (Kind::Json, Texts::Excerpts) => self.words(&[", left(t.", name, "::text, ", EXCERPT, ") AS ", name]),
                _ => self.words(&[", t.", name]),
            };
        }
        for name in selection.plain.iter().filter(|name| **name != "id" && !selection.own.iter().any(|column| column.name == **name)) {
            self.words(&[", t.", name]);
        }
        self
    }

    /// A document without the members that are secrets; what is no object has no members.
    fn redacted(&mut self, name: &'static str, redaction: &Redaction, texts: Texts) -> &mut Self {
        let (member, flag) = redaction.secret_when;
        self.words(&[if texts == Texts::Excerpts { ", left((" } else { ", (" }, "CASE WHEN jsonb_typeof(t.", name, ") = 'object' THEN t."]);
        self.words(&[name, " - '{"]);
        for (index, member) in redaction.members.iter().enumerate() {
            self.words(&[if index > 0 { "," } else { "" }, member]);
        }
        // The log is asked only about entries that hold the member at all.
        self.words(&["}'::text[] - CASE WHEN NOT t.", name, " ? '", member, "' THEN '{}'::text[] WHEN t.", name, " ->> '", flag]);
        self.words(&["' = 'true' OR EXISTS (SELECT FROM ", redaction.kept_in, " k WHERE k.id = t.entity_id AND k.", flag, ")"]);
        for log in redaction.told_by {
            self.words(&[" OR EXISTS (SELECT FROM ", log, " x WHERE x.entity_type = t.entity_type AND x.entity_id = t.entity_id"]);
            self.words(&[" AND (x.old_values ->> '", flag, "' = 'true' OR x.new_values ->> '", flag, "' = 'true'))"]);
        }
        self.words(&[" THEN ARRAY['", member, "'] ELSE '{}'::text[] END"]);
        self.words(&[" ELSE t.", name, " END)"]);
        if texts == Texts::Excerpts {
            self.words(&["::text, ", EXCERPT, ")"]);
        }
        self.words(&[" AS ", name])
    }

    /// The columns as they are, for a search to look through before the page is cut.
    fn walked(&mut self, selection: &Selection, resource: &'static Resource, key: &'static str) -> &mut Self {
        let mut names = vec!["id"];
        let own = selection.own.iter().filter(|column| !column.is_secret()).map(|column| column.name);
        for name in
            std::iter::once(key).chain(own).chain(selection.plain.iter().copied()).chain(resource.searchable().map(|column| column.name))
        {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        self.push("(SELECT ");
        for (index, name) in names.into_iter().enumerate() {
            self.words(&[if index > 0 { ", t." } else { "t." }, name]);
        }
        self
    }

    fn joins(&mut self, selection: &Selection) -> &mut Self {
        for join in &selection.joins {
            self.words(&[" LEFT JOIN ", join.table, " ", join.alias, " ON ", join.alias, ".id = ", join.from, ".", join.reference]);
        }
        self
    }

    /// The rows a grant is for, and every filter.
    fn conditions(&mut self, grant: &Grant, filters: &[Filter<'static>]) -> &mut Self {
        self.rows(grant);
        for filter in filters {
            self.push(" AND ").filter(grant.resource(), filter);
        }
        self
    }

    fn rows(&mut self, grant: &Grant) -> &mut Self {
        match (grant.rows(), grant.resource().owner) {
            (Rows::All, _) => self.push("true"),
            (Rows::OwnedBy(_), Owner::Nobody) => self.push("false"),
            (Rows::OwnedBy(user), Owner::Column(column)) => self.words(&["t.", column, " = "]).bind(Value::Uuid(user)),
            (Rows::OwnedBy(user), Owner::Through { reference, table, column }) => self
                .words(&["t.", reference, " IN (SELECT o.id FROM ", table, " o WHERE o.", column, " = "])
                .bind(Value::Uuid(user))
                .push(")"),
        }
    }

    fn filter(&mut self, resource: &'static Resource, filter: &Filter<'static>) -> &mut Self {
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

    fn condition(&mut self, alias: &'static str, name: &'static str, condition: &Condition) -> &mut Self {
        self.words(&[alias, ".", name]);
        let decimal = |amount: &rust_decimal::Decimal| Value::Number(Number::Decimal(*amount));
        match condition {
            Condition::Any(values) => match values.as_slice() {
                [value] => self.push(" = ").bind(value.clone()),
                values => self.push(" IN (").bind_all(values.iter().cloned()).push(")"),
            },
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

    fn range(&mut self, range: &Range, order: Order) -> &mut Self {
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

    fn order(&mut self, range: &Range, order: Order) -> &mut Self {
        let suffix = match range.direction(order) {
            Direction::Ascending => "",
            Direction::Descending => " DESC",
        };
        match range {
            Range::Valued { .. } if order.column != "id" => self.words(&[" ORDER BY t.", order.column, suffix, ", t.id", suffix]),
            Range::Valued { .. } | Range::Null { .. } => self.words(&[" ORDER BY t.id", suffix]),
        }
    }

    /// The words of a search in any searchable column; an id finds its record.
    fn matches(&mut self, resource: &'static Resource, text: &str) -> &mut Self {
        if let Ok(id) = Uuid::try_parse(text) {
            return self.push("t.id = ").bind(Value::Uuid(id));
        }
        // A trigram index knows nothing of fewer than three characters: those are looked for at the beginning.
        let pattern = if text.chars().count() < 3 { beginning(text) } else { containing(text) };
        self.push("(false");
        for column in resource.searchable() {
            self.words(&[" OR t.", column.name, " ILIKE "]).bind(Value::Text(pattern.clone()));
        }
        self.push(")")
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
}

impl Direction {
    fn beyond_sign(self) -> &'static str {
        match self {
            Direction::Ascending => ">",
            Direction::Descending => "<",
        }
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
