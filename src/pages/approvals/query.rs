//! Which part of the queue does an address ask for, in which order and from which place?

use chrono_tz::Tz;
use uuid::Uuid;

use crate::{
    pages::browse::{Clock, Names, parameter, words},
    pages::display::Chip,
    resource::{
        Resource,
        filter::Part,
        request::{BadQuery, ListRequest, Query},
    },
    workflows::approval::queue::Tab,
};

/// What the queue can be narrowed by: what is in the item itself.
const FILTERS: [&str; 5] = ["account_id", "account_id.currency", "transaction_type", "amount", "created_at"];
const STATE: [&str; 5] = ["sort", "limit", "after", "before", "tz"];
/// An index of what is pending stands behind each.
const ORDERS: [&str; 4] = ["created_at", "-created_at", "amount", "-amount"];
/// An account by its words: settled before anything is shown, so no link carries it.
const FIND: &str = "account_id.find";
const OLDEST_FIRST: &str = "created_at";

/// The queue's whole state, as its address says it.
#[derive(Debug, Clone)]
pub struct Asked {
    pub tab: Tab,
    pub list: ListRequest,
    /// As it was asked for, empty parameters aside.
    here: Query,
}

/// # Errors
/// The parameter that is not exactly right.
pub fn parse(resource: &'static Resource, pairs: &[(String, String)], zone: Tz, usual: Tab) -> Result<Asked, BadQuery> {
    let bad = |parameter: &str, problem: &str| BadQuery { parameter: parameter.to_owned(), problem: problem.to_owned() };
    let pairs: Vec<_> = pairs.iter().filter(|(_, value)| !value.is_empty()).cloned().collect();
    let tabs: Vec<_> = pairs.iter().filter(|pair| pair.0 == "tab").map(|pair| pair.1.as_str()).collect();
    let tab = match tabs.as_slice() {
        [] => usual,
        [name] => Tab::named(name).ok_or_else(|| bad("tab", "takes mine, waiting, made or stuck."))?,
        _ => return Err(bad("tab", "may be given once.")),
    };
    let here = Query(pairs.iter().filter(|pair| pair.0 != FIND).cloned().collect());
    let mut rest: Vec<_> = pairs.into_iter().filter(|pair| pair.0 != "tab").collect();
    if let Some((name, _)) = rest.iter().find(|(name, _)| !STATE.contains(&name.as_str()) && !is_filter(name)) {
        return Err(bad(name, "the queue has no such parameter."));
    }
    if rest.iter().any(|(name, value)| name == "sort" && !ORDERS.contains(&value.as_str())) {
        return Err(bad("sort", "takes created_at or amount, with a minus before it for the other way round."));
    }
    if !rest.iter().any(|pair| pair.0 == "sort") {
        rest.push(("sort".to_owned(), OLDEST_FIRST.to_owned()));
    }
    Ok(Asked { tab, list: ListRequest::parse(resource, &rest, zone)?, here })
}

fn is_filter(name: &str) -> bool {
    let (column, part) = Part::split(name);
    name == FIND || FILTERS.contains(&column) && part != Part::Find && part != Part::Empty
}

impl Asked {
    /// The same without a page of its own size.
    pub fn unlimited(self) -> Asked {
        Asked { here: self.here.without(&["limit"]), ..self }
    }

    /// The same part from its first page.
    fn state(&self) -> Query {
        self.here.without(&["after", "before"])
    }

    pub fn queue_url(&self) -> String {
        format!("/approvals{}", self.state().to_suffix())
    }

    /// Another part of it, filtered and sorted alike.
    pub fn tab_url(&self, tab: Tab) -> String {
        format!("/approvals{}", self.state().with("tab", tab.name()).to_suffix())
    }

    pub fn sort_url(&self, order: &str) -> String {
        format!("/approvals{}", self.state().with("sort", order).to_suffix())
    }

    pub fn page_url(&self, towards: &'static str, cursor: &str) -> String {
        format!("/approvals{}", self.state().with(towards, cursor).to_suffix())
    }

    /// The words an account is looked for by.
    pub fn wanted(&self) -> Option<&str> {
        self.list.finds.first().map(|(_, typed)| typed.as_str())
    }

    /// The same part, of one account.
    pub fn account_url(&self, account: Uuid) -> String {
        format!("/approvals{}", self.state().with("account_id", &account.to_string()).to_suffix())
    }

    /// An item with this queue beside it.
    pub fn item_url(&self, transaction: Uuid) -> String {
        format!("/approvals/{}{}", transaction.as_hyphenated(), self.here.to_suffix())
    }

    /// What a filter form carries along.
    pub fn beside_filters(&self) -> Query {
        Query(self.state().0.into_iter().filter(|(name, _)| !is_filter(name)).collect())
    }

    pub fn unfiltered_url(&self) -> String {
        format!("/approvals{}", self.beside_filters().to_suffix())
    }

    pub fn pairs(&self) -> &[(String, String)] {
        &self.here.0
    }

    pub fn chips(&self, names: &Names, clock: Clock) -> Vec<Chip> {
        let filters = self.list.filters.iter();
        let chip = filters.map(|filter| Chip {
            label: filter.column.label.to_owned(),
            words: words(filter, names, clock),
            without: format!("/approvals{}", self.state().without(&[&parameter(filter)]).to_suffix()),
        });
        chip.collect()
    }
}

/// What stands in the filter form.
pub struct Panel {
    pub kinds: Vec<(&'static str, &'static str, bool)>,
    pub currency: String,
    pub least: String,
    pub most: String,
    pub from: String,
    pub to: String,
    pub account: String,
    pub wanted: String,
    pub beside: Query,
}

impl Asked {
    pub fn panel(&self) -> Panel {
        let value = |name: &str| self.pairs().iter().find(|pair| pair.0 == name).map(|pair| pair.1.clone()).unwrap_or_default();
        let chosen = |kind: &str| self.pairs().iter().any(|pair| pair.0 == "transaction_type" && pair.1 == kind);
        let choices = match self.list.resource.column("transaction_type").map(|column| column.kind) {
            Some(crate::resource::Kind::Choice(choices)) => choices,
            Some(_) | None => &[],
        };
        Panel {
            kinds: choices.iter().map(|choice| (choice.value, choice.label, chosen(choice.value))).collect(),
            currency: value("account_id.currency"),
            least: value("amount.min"),
            most: value("amount.max"),
            from: value("created_at.from"),
            to: value("created_at.to"),
            account: value("account_id"),
            wanted: self.wanted().unwrap_or_default().to_owned(),
            beside: self.beside_filters(),
        }
    }
}
