//! What does somebody ask of a list? Everything its URL says, read strictly.

use chrono_tz::Tz;

use super::{
    Column, Listing, Order, Owner, Resource,
    cursor::Cursor,
    filter::{self, Condition, Filter, Part},
    sought,
};
use crate::auth::grant::{Grant, Rows};

pub const LARGEST_PAGE: u16 = 200;
pub const USUAL_PAGE: u16 = 50;

/// A list's whole state.
#[derive(Debug, Clone)]
pub struct ListRequest {
    pub resource: &'static Resource,
    pub filters: Vec<Filter<'static>>,
    /// References typed as text, still to be found.
    pub finds: Vec<(&'static Column, String)>,
    pub search: Option<String>,
    pub order: Order,
    pub limit: u16,
    pub position: Position,
    pub columns: Vec<&'static Column>,
    /// The zone that dates in the query are days of.
    pub zone: Tz,
    pub query: Query,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Position {
    First,
    After(Cursor),
    Before(Cursor),
}

/// The part of what is asked for that an index holds together, in the list's order.
#[derive(Debug)]
pub struct Way<'a> {
    /// One's own rows, and no others.
    pub is_own: bool,
    pub filters: Vec<&'a Filter<'static>>,
}

/// A parameter that is not exactly right, and what would be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{parameter}”: {problem}")]
pub struct BadQuery {
    pub parameter: String,
    pub problem: String,
}

pub(super) fn bad(parameter: &str, problem: impl Into<String>) -> BadQuery {
    BadQuery { parameter: parameter.to_owned(), problem: problem.into() }
}

/// The value of a parameter that means nothing twice.
pub(super) fn single<'p>(pairs: &'p [(String, String)], name: &str) -> Result<Option<&'p str>, BadQuery> {
    let mut values = pairs.iter().filter(|pair| pair.0 == name).map(|pair| pair.1.as_str());
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(bad(name, "may be given once.")),
        (value, None) => Ok(value),
    }
}

/// The parameters that said it, without the page: what every link of the list starts from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query(pub Vec<(String, String)>);

impl Query {
    /// The same with every parameter of this name replaced by one value.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Query {
        let mut query = self.without(&[name]);
        query.0.push((name.to_owned(), value.to_owned()));
        query
    }

    #[must_use]
    pub fn without(&self, names: &[&str]) -> Query {
        Query(self.0.iter().filter(|(name, _)| !names.contains(&name.as_str())).cloned().collect())
    }

    /// The same without one value of one parameter.
    #[must_use]
    pub fn without_value(&self, name: &str, value: &str) -> Query {
        Query(self.0.iter().filter(|pair| pair.0 != name || pair.1 != value).cloned().collect())
    }

    /// With its question mark; empty where there is nothing to say.
    pub fn to_suffix(&self) -> String {
        if self.0.is_empty() {
            return String::new();
        }
        format!("?{}", form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish())
    }
}

impl ListRequest {
    /// Reads the decoded parameters of a list's URL; empty ones say nothing.
    ///
    /// # Errors
    /// The first parameter that is unknown, given twice or malformed.
    pub fn parse(resource: &'static Resource, pairs: &[(String, String)], zone: Tz) -> Result<ListRequest, BadQuery> {
        let pairs: Vec<_> = pairs.iter().filter(|(_, value)| !value.is_empty()).cloned().collect();
        if let Some((name, _)) = pairs.iter().find(|(_, value)| value.contains('\0')) {
            return Err(bad(name, "holds a character that no value can have."));
        }
        let single = |name: &str| single(&pairs, name);
        let zone = match single("tz")? {
            None => zone,
            Some(name) => name.parse().map_err(|_| bad("tz", "takes a time zone such as Europe/Berlin."))?,
        };
        let order = match single("sort")? {
            None => resource.order,
            Some(text) => Order::parse(resource, text).ok_or_else(|| bad("sort", format!("this list cannot be sorted by “{text}”.")))?,
        };
        let limit = match single("limit")? {
            None => USUAL_PAGE,
            Some(text) => text
                .parse()
                .ok()
                .filter(|limit| (1..=LARGEST_PAGE).contains(limit))
                .ok_or_else(|| bad("limit", format!("takes a whole number from 1 to {LARGEST_PAGE}.")))?,
        };
        let search = sought::text(&pairs)?;
        let cursor = |name: &str| {
            single(name)?
                .map(|text| {
                    Cursor::decode(text, resource, order)
                        .ok_or_else(|| bad(name, "this place in the list does not belong to this order; start again from the first page."))
                })
                .transpose()
        };
        let position = match (cursor("after")?, cursor("before")?) {
            (None, None) => Position::First,
            (Some(cursor), None) => Position::After(cursor),
            (None, Some(cursor)) => Position::Before(cursor),
            (Some(_), Some(_)) => return Err(bad("before", "goes without “after”.")),
        };
        let mut request = ListRequest {
            resource,
            filters: Vec::new(),
            finds: Vec::new(),
            search,
            order,
            limit,
            position,
            columns: chosen_columns(resource, &pairs)?,
            zone,
            query: Query(pairs.iter().filter(|(name, _)| name != "after" && name != "before").cloned().collect()),
        };
        for (name, value) in &pairs {
            if !["tz", "sort", "limit", "q", "after", "before", "columns"].contains(&name.as_str()) {
                request.filter(name, value, &single)?;
            }
        }
        Ok(request)
    }

    fn filter<'p>(&mut self, name: &str, value: &str, single: &impl Fn(&str) -> Result<Option<&'p str>, BadQuery>) -> Result<(), BadQuery> {
        let (column_name, part) = Part::split(name);
        let column = self
            .resource
            .column(column_name)
            .filter(|column| column.filterable)
            .ok_or_else(|| bad(name, format!("{} have no such filter.", self.resource.several())))?;
        if part == Part::Find {
            single(name)?;
            if !matches!(column.kind, super::Kind::Reference(_)) {
                return Err(bad(name, "only a reference can be found by its name."));
            }
            self.finds.push((column, value.to_owned()));
            return Ok(());
        }
        let condition = filter::condition(column, part, value, self.zone)
            .map_err(|accepts| bad(name, format!("“{value}” will not do; it takes {accepts}.")))?;
        // Several values of a choice widen the filter; of anything else a second value would be dropped unseen.
        if let Condition::Any(more) = &condition
            && let Some(Filter { condition: Condition::Any(values), .. }) =
                self.filters.iter_mut().find(|filter| filter.column == column && matches!(filter.condition, Condition::Any(_)))
        {
            if !matches!(column.kind, super::Kind::Choice(_)) {
                return Err(bad(name, "may be given once."));
            }
            values.extend(more.iter().cloned());
            return Ok(());
        }
        if !matches!(condition, Condition::Any(_)) {
            single(name)?;
        }
        self.filters.push(Filter { column, condition });
        Ok(())
    }

    /// Whether one index holds the rows asked for, and no others, in the order asked for: the whole table's, or those
    /// of one value. Such a list has one plan, whatever the value.
    pub fn stands_in_order(&self, grant: &Grant) -> bool {
        let owner = match (grant.rows(), self.resource.owner) {
            (Rows::All, _) => None,
            (Rows::OwnedBy(_), Owner::Column(name)) => self.resource.column(name),
            (Rows::OwnedBy(_), Owner::Nobody | Owner::Through { .. }) => return false,
        };
        let value = match self.filters.as_slice() {
            [] => owner,
            [Filter { column, condition: Condition::Any(values) }] if values.len() == 1 && owner.is_none() => Some(*column),
            _ => return false,
        };
        self.search.is_none() && value.is_none_or(|column| self.is_kept(column))
    }

    /// Whether an index holds the rows of each value of a column in this order.
    fn is_kept(&self, column: &Column) -> bool {
        column.kept_in_order && self.order.column == self.resource.order.column || column.also_in_order_of == Some(self.order.column)
    }

    /// What of it an index can lead a walk along.
    pub fn way(&self, grant: &Grant) -> Way<'_> {
        let is_one = |filter: &Filter<'static>| matches!(&filter.condition, Condition::Any(values) if values.len() == 1);
        let is_bound = |filter: &&Filter<'static>| match filter.condition {
            Condition::AtLeast(_)
            | Condition::AtMost(_)
            | Condition::From(_)
            | Condition::Until(_)
            | Condition::Before(_)
            | Condition::Empty
            | Condition::Filled => filter.column.name == self.order.column,
            Condition::Any(_) => is_one(filter) && filter.column.name == self.order.column,
            Condition::Contains(_) | Condition::Begins(_) | Condition::Within(_) => false,
        };
        let mut filters: Vec<_> = self.filters.iter().filter(is_bound).collect();
        let is_own = match (grant.rows(), self.resource.owner) {
            (Rows::OwnedBy(_), Owner::Column(name)) => self.resource.column(name).is_some_and(|column| self.is_kept(column)),
            (Rows::OwnedBy(_), Owner::Through { .. } | Owner::Nobody) | (Rows::All, _) => false,
        };
        if !is_own {
            // Of several an index holds one; what a reference has is mostly less than what a choice has.
            let kept = self.filters.iter().filter(|filter| is_one(filter) && self.is_kept(filter.column));
            filters.extend(kept.max_by_key(|filter| matches!(filter.column.kind, super::Kind::Reference(_))));
        }
        Way { is_own, filters }
    }

    /// Whether it asks for words within texts: how many rows have them nobody knows without looking.
    pub fn asks_for_words(&self) -> bool {
        self.search.as_deref().is_some_and(|text| !filter::is_short(text))
            || self.filters.iter().any(|filter| matches!(filter.condition, Condition::Contains(_)))
    }

    pub fn is_filtered(&self) -> bool {
        !self.filters.is_empty() || self.search.is_some()
    }
}

fn chosen_columns(resource: &'static Resource, pairs: &[(String, String)]) -> Result<Vec<&'static Column>, BadQuery> {
    let mut chosen = Vec::new();
    for (_, names) in pairs.iter().filter(|pair| pair.0 == "columns") {
        for name in names.split(',') {
            let column = resource
                .column(name)
                .filter(|column| column.listing != Listing::Never)
                .ok_or_else(|| bad("columns", format!("this list has no column “{name}”.")))?;
            if !chosen.contains(&column) {
                chosen.push(column);
            }
        }
    }
    Ok(if chosen.is_empty() { resource.listed().collect() } else { chosen })
}
