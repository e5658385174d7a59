//! How is the queue put together with the item that is open beside it?

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::Utc;
use uuid::Uuid;

use super::{
    counts::{self, QueueCounts},
    difference,
    item::{self, Around, Reader},
    page::{ApprovalsPage, Choice, Empty, Wanted},
    query::{self, Asked},
    row::Row,
};
use crate::{
    app::Console,
    auth::{
        grant::Grant,
        policy::{self, Action},
        role::Role,
    },
    db::pool::Connection,
    error::{PageError, WayOn},
    pages::{
        browse::{self, Clock},
        display::{Counted, FieldError, Pager, Tab as TabLink},
        frame::{Crumb, Frame},
        response, urls,
        visit::Visit,
    },
    resource::{
        Resource,
        reference::{Candidate, candidates},
        request::Position,
        store::Count,
    },
    workflows::approval::{
        Rule,
        item::{Item, item as read_item},
        queue::{self, Page, Tab},
        rule,
        statement::is_of,
    },
};

/// What a reader of the queue may ask it for.
pub struct Desk<'a> {
    pub request: &'a HttpRequest,
    pub console: &'a Console,
    pub visit: &'a Visit,
    pub counts: &'a QueueCounts,
    pub connection: Connection,
    pub rule: Rule,
    pub read: Grant,
    /// Whoever decides sees the whole queue; a maker what they made.
    pub decides: bool,
    pub asked: Asked,
    /// The accounts that the words of a filter name.
    found: Vec<Candidate>,
}

/// Which item is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    First,
    Item(Uuid),
}

/// What was refused, to be said on the item's page.
pub struct Refused {
    pub problem: String,
    /// Whether it is about what was typed.
    pub at_reason: bool,
    pub typed: String,
    /// What was looked at, where it is known and changed since.
    pub shown: Option<String>,
}

pub const fn label(tab: Tab) -> &'static str {
    match tab {
        Tab::Mine => "Mine to decide",
        Tab::Waiting => "Waiting for an answer",
        Tab::Made => "Made by me",
        Tab::Stuck => "Stuck",
    }
}

/// The table the queue is of.
pub fn transactions(console: &Console) -> Result<&'static Resource, PageError> {
    console.registry.find("transactions").ok_or_else(|| PageError::not_found("queue of approvals"))
}

impl<'a> Desk<'a> {
    /// # Errors
    /// 403 for whoever neither decides nor has made anything that waits; 400 for a query that is not exactly right.
    pub async fn open(
        request: &'a HttpRequest,
        console: &'a Console,
        visit: &'a Visit,
        counts: &'a QueueCounts,
        pairs: &[(String, String)],
    ) -> Result<Desk<'a>, PageError> {
        let resource = transactions(console)?;
        let actor = &visit.actor;
        let read = actor.authorize(Action::Read, resource)?;
        let decides = actor.authorize(Action::Decide, resource);
        let usual = if decides.is_ok() { Tab::Mine } else { Tab::Made };
        let asked = query::parse(resource, pairs, actor.preferences.time_zone, usual)?;
        let connection = console.database.read().await?;
        let rule = rule(&connection).await?;
        if let Err(refused) = &decides
            && asked.tab != Tab::Made
        {
            return Err(PageError::Forbidden {
                what: format!("open “{}”", label(asked.tab)),
                allowed_roles: refused.allowed.iter().map(|role| role.label()).collect(),
            });
        }
        let accounts = console.registry.find("accounts").and_then(|accounts| actor.authorize(Action::Read, accounts).ok());
        let found = match (asked.wanted(), accounts) {
            (Some(typed), Some(accounts)) => candidates(&connection, &accounts, typed).await?,
            (Some(_) | None, _) => Vec::new(),
        };
        Ok(Desk { request, console, visit, counts, connection, rule, read, decides: decides.is_ok(), asked, found })
    }

    /// Where the words of a filter lead that name exactly one account.
    pub fn settled(&self) -> Option<String> {
        let exact: Vec<_> = self.found.iter().filter(|account| account.exact).collect();
        match (self.found.as_slice(), exact.as_slice()) {
            ([only], _) => Some(self.asked.account_url(only.id)),
            (_, [only]) => Some(self.asked.account_url(only.id)),
            (_, _) => None,
        }
    }

    fn wanted(&self) -> Option<Wanted> {
        let typed = self.asked.wanted()?.to_owned();
        let choices = self.found.iter().map(|account| Choice {
            label: account.label.clone(),
            detail: account.detail.clone(),
            href: self.asked.account_url(account.id),
        });
        Some(Wanted { typed, choices: choices.collect() })
    }

    fn reader(&self) -> Reader<'_> {
        Reader {
            actor: &self.visit.actor,
            resource: self.read.resource(),
            users: self.console.registry.find("users"),
            accounts: self.console.registry.find("accounts"),
            zone: self.asked.list.zone,
            now: Utc::now(),
        }
    }

    /// Asked anew: what is kept may be a minute old, and this opens or shuts a page.
    async fn has_made_nothing(&self) -> Result<bool, PageError> {
        let made = queue::count(&self.connection, &self.read, &self.rule, Some(Tab::Made)).await?;
        Ok(made == Count::Exactly(0))
    }

    /// What somebody is told who neither decides nor has made anything that waits.
    fn stranger(&self) -> policy::Refused {
        let resource = self.read.resource();
        let allowed = Role::ALL.into_iter().filter(|role| self.console.policy.permits(*role, Action::Decide, resource.table)).collect();
        policy::Refused { table: resource.table, action: Action::Decide, allowed }
    }

    /// The item, where this reader may open it: deciders any, others what they made or edited.
    ///
    /// # Errors
    /// 404, 403.
    pub async fn item(&self, transaction: Uuid) -> Result<Item, PageError> {
        let found = read_item(&self.connection, &self.read, &self.rule, transaction).await?;
        let item = found.ok_or_else(|| PageError::NotFound {
            what: "transaction with this id".to_owned(),
            detail: None,
            ways: vec![WayOn::new("Approvals", self.asked.queue_url())],
        })?;
        let me = self.visit.actor.id;
        if self.decides || item.was_made_by(me) || item.was_edited_by(me) {
            return Ok(item);
        }
        Err(self.stranger().into())
    }

    /// The first item behind this one in the same part, or from its beginning.
    ///
    /// # Errors
    /// See [`PageError`].
    pub async fn next(&self, item: &Item) -> Result<Option<Uuid>, PageError> {
        let behind = self.behind(item).await?;
        if behind.is_some() {
            return Ok(behind);
        }
        Ok(queue::next(&self.connection, &self.read, &self.rule, self.asked.tab, &self.asked.list, Position::First).await?)
    }

    async fn behind(&self, item: &Item) -> Result<Option<Uuid>, PageError> {
        let source = item.source();
        let place = queue::place(&self.asked.list, source.id, &source.created_at, &source.amount);
        Ok(queue::next(&self.connection, &self.read, &self.rule, self.asked.tab, &self.asked.list, Position::After(place)).await?)
    }

    /// The page, with an item open where there is one.
    ///
    /// # Errors
    /// See [`PageError`].
    pub async fn show(&self, open: Open, status: StatusCode, refused: Option<Refused>) -> Result<HttpResponse, PageError> {
        let Asked { tab, list, .. } = &self.asked;
        let parts: Vec<Option<Tab>> = self.tabs().iter().map(|tab| Some(*tab)).collect();
        let (page, counted, names) = tokio::try_join!(
            queue::page(&self.connection, &self.read, &self.rule, *tab, list),
            counts::counts(&self.connection, &self.read, &self.rule, self.counts, &parts),
            browse::names(&self.connection, &self.visit.actor, list),
        )?;
        if !self.decides && open == Open::First && page.rows.is_empty() && self.has_made_nothing().await? {
            return Err(self.stranger().into());
        }
        let item = match open {
            Open::Item(transaction) => Some(self.item(transaction).await?),
            Open::First => match page.rows.first() {
                Some(row) => read_item(&self.connection, &self.read, &self.rule, row.id).await?,
                None => None,
            },
        };
        let changed = match (&item, refused.as_ref().and_then(|refused| refused.shown.as_deref())) {
            (Some(item), Some(shown)) => {
                difference::changed(&self.connection, &self.console.registry, &self.visit.actor, shown, item).await?
            }
            (Some(_) | None, _) => Vec::new(),
        };
        let skip = match &item {
            Some(item) if item.is_pending() => self.behind(item).await?.filter(|next| *next != item.source().id),
            Some(_) | None => None,
        };
        let empty = if page.rows.is_empty() { Some(self.empty(&page).await?) } else { None };
        let reader = self.reader();
        let clock = Clock { now: reader.now, zone: reader.zone };
        let opened = item.as_ref().map(|item| item.source().id);
        let view = item.as_ref().map(|item| {
            let around = Around {
                action: self.asked.item_url(item.source().id),
                skip: skip.map(|next| format!("{}#focus", self.asked.item_url(next))),
                reason: refused.as_ref().map(|refused| refused.typed.clone()).unwrap_or_default(),
                reason_error: refused.as_ref().filter(|refused| refused.at_reason).map(|refused| refused.problem.clone()),
                changed,
            };
            item::view(item, &self.rule, reader, around)
        });
        let errors = refused.as_ref().filter(|refused| refused.at_reason);
        let typed_into = if view.as_ref().is_some_and(|view| view.answers) { "Your answer" } else { "Reason" };
        let title = if refused.is_some() { format!("Error: {}", self.title(item.as_ref())) } else { self.title(item.as_ref()) };
        let template = ApprovalsPage {
            frame: Frame::for_page(self.console, self.visit, self.request, title, self.crumbs(open, item.as_ref())),
            tabs: self.tab_links(&counted),
            chips: self.asked.chips(&names, clock),
            unfiltered: self.asked.unfiltered_url(),
            several: self.decides.then(|| format!("{}?status=pending", urls::list_url(self.read.resource()))),
            filters: self.asked.panel(),
            wanted: self.wanted(),
            orders: self.orders(),
            part: label(*tab),
            rows: page.rows.iter().map(|row| Row::of(row, &self.asked, opened, self.visit.actor.id, reader.now)).collect(),
            pager: self.pager(&page, &counted),
            empty,
            item: view,
            errors: errors.map(|refused| FieldError { column: "reason", label: typed_into, text: &refused.problem }).into_iter().collect(),
            refused: refused.as_ref().filter(|refused| !refused.at_reason).map(|refused| refused.problem.as_str()),
        };
        Ok(response::page(self.request, status, &template))
    }

    fn tabs(&self) -> &'static [Tab] {
        if self.decides { &Tab::ALL } else { &[Tab::Made] }
    }

    fn tab_links(&self, counted: &[Counted]) -> Vec<TabLink> {
        let tabs = self.tabs().iter().zip(counted);
        let link = |(tab, count): (&Tab, &Counted)| TabLink {
            label: label(*tab),
            href: self.asked.tab_url(*tab),
            count: Some(*count).filter(|count| *count != Counted::Unknown),
            current: *tab == self.asked.tab,
        };
        tabs.map(link).collect()
    }

    fn orders(&self) -> [(&'static str, String, bool); 4] {
        let current = self.asked.list.order.parameter();
        [("oldest first", "created_at"), ("newest first", "-created_at"), ("largest first", "-amount"), ("smallest first", "amount")]
            .map(|(words, order)| (words, self.asked.sort_url(order), order == current))
    }

    fn title(&self, item: Option<&Item>) -> String {
        item.map_or_else(|| "Approvals".to_owned(), |item| format!("{}, {}", item::label(item), label(self.asked.tab)))
    }

    fn crumbs(&self, open: Open, item: Option<&Item>) -> Vec<Crumb> {
        let mut crumbs = vec![Crumb { label: "Work".to_owned(), href: None }];
        match (open, item) {
            (Open::Item(_), Some(item)) => {
                crumbs.push(Crumb { label: "Approvals".to_owned(), href: Some(self.asked.queue_url()) });
                crumbs.push(Crumb { label: item::label(item), href: None });
            }
            (Open::Item(_) | Open::First, _) => crumbs.push(Crumb { label: "Approvals".to_owned(), href: None }),
        }
        crumbs
    }

    fn pager(&self, page: &Page, counted: &[Counted]) -> Option<Pager> {
        if page.previous.is_none() && page.next.is_none() {
            return None;
        }
        let order = self.asked.list.order;
        let place = self.tabs().iter().position(|tab| *tab == self.asked.tab)?;
        let count =
            if self.asked.list.filters.is_empty() { counted.get(place).copied().unwrap_or(Counted::Unknown) } else { Counted::Unknown };
        Some(Pager {
            rows: page.rows.len(),
            count,
            sizes: Vec::new(),
            previous: page.previous.as_ref().map(|cursor| self.asked.page_url("before", &cursor.encode(order))),
            next: page.next.as_ref().map(|cursor| self.asked.page_url("after", &cursor.encode(order))),
            further: None,
        })
    }

    async fn empty(&self, page: &Page) -> Result<Empty, PageError> {
        debug_assert!(page.rows.is_empty(), "only an empty page says so");
        let asked = &self.asked;
        if asked.list.position != Position::First {
            let elsewhere = Some(("Go to the first page", asked.queue_url()));
            return Ok(Empty { words: "Nothing more here: what stood here is decided or has moved.".to_owned(), elsewhere });
        }
        if !asked.list.filters.is_empty() {
            return Ok(Empty {
                words: "No item matches the filters.".to_owned(),
                elsewhere: Some(("Clear all filters", asked.unfiltered_url())),
            });
        }
        let words = match asked.tab {
            Tab::Mine => {
                let everything = counts::counts(&self.connection, &self.read, &self.rule, self.counts, &[None]).await?;
                match everything.first() {
                    Some(Counted::Exactly(0)) | Some(Counted::Unknown) | None => "Nothing waits for you.".to_owned(),
                    Some(Counted::Exactly(1)) => "Nothing waits for you; 1 waits for others.".to_owned(),
                    Some(count) => format!("Nothing waits for you; {count} wait for others."),
                }
            }
            Tab::Waiting => "No question waits for its answer.".to_owned(),
            Tab::Made => "Nothing that you made or edited waits for a decision.".to_owned(),
            Tab::Stuck => "Nothing is stuck.".to_owned(),
        };
        Ok(Empty { words, elsewhere: None })
    }
}

/// What was shown in the form, where it is what was signed.
pub fn signed(shown: Option<&str>, seen: &str) -> Option<String> {
    let shown = String::from_utf8(URL_SAFE_NO_PAD.decode(shown?).ok()?).ok()?;
    is_of(&shown, seen).then_some(shown)
}
