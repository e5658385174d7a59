//! Which scopes does a list have, and how many rows are in each?

use std::{
    cell::RefCell,
    collections::HashMap,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use uuid::Uuid;

use super::panel::STATE;
use crate::{
    auth::grant::Grant,
    db::pool::Connection,
    pages::{
        display::{Counted, Tab},
        urls::list_of,
    },
    resource::{
        self, Resource,
        request::{ListRequest, Query},
        store::{self, Count},
    },
};

/// How old a count on a tab may be.
const FRESH: Duration = Duration::from_secs(60);
/// Actors come and go; what nobody asked for in a minute is dropped when this many are kept.
const MOST: usize = 2_000;
const ME: &str = "@me";

/// What the tabs counted last, kept by one worker.
#[derive(Debug, Default)]
pub struct TabCounts(RefCell<HashMap<Key, (Instant, Counted)>>);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    table: &'static str,
    /// None is the tab of everything.
    tab: Option<&'static str>,
    /// Whose rows, where it is not everybody's.
    actor: Option<Uuid>,
}

impl TabCounts {
    fn known(&self, key: &Key) -> Option<Counted> {
        self.0.borrow().get(key).filter(|(at, _)| at.elapsed() < FRESH).map(|(_, counted)| *counted)
    }

    fn learn(&self, key: Key, counted: Counted) {
        let mut kept = self.0.borrow_mut();
        if kept.len() >= MOST {
            kept.retain(|_, (at, _)| at.elapsed() < FRESH);
        }
        if kept.len() < MOST {
            kept.insert(key, (Instant::now(), counted));
        }
    }
}

/// A scope as a query, with the actor's id put in.
struct Scope {
    name: &'static str,
    key: Key,
    pairs: Vec<(String, String)>,
}

fn scopes(grant: &Grant) -> Vec<Scope> {
    let resource = grant.resource();
    let own = (!grant.covers_all_rows()).then(|| grant.actor());
    let all = Scope { name: "All", key: Key { table: resource.table, tab: None, actor: own }, pairs: Vec::new() };
    // Whoever sees nothing but their own needs no tab for it.
    let is_all_there_is = |tab: &&resource::Tab| own.is_some() && tab.query.iter().all(|(_, value)| *value == ME);
    let declared = resource.tabs.iter().filter(|tab| !is_all_there_is(tab)).map(|tab| {
        let is_mine = tab.query.iter().any(|(_, value)| *value == ME);
        let value = |value: &str| if value == ME { grant.actor().to_string() } else { value.to_owned() };
        Scope {
            name: tab.name,
            key: Key { table: resource.table, tab: Some(tab.name), actor: own.or(is_mine.then(|| grant.actor())) },
            pairs: tab.query.iter().map(|(name, text)| ((*name).to_owned(), value(text))).collect(),
        }
    });
    std::iter::once(all).chain(declared).collect()
}

/// The tabs of a list; none where it declares none. What is not known yet is counted, all at once;
/// a count that fails is left out, because the list does not need it.
pub async fn tabs(connection: &Connection, grant: &Grant, query: &Query, counts: &TabCounts) -> Vec<Tab> {
    let resource = grant.resource();
    if resource.tabs.is_empty() {
        return Vec::new();
    }
    let scopes = scopes(grant);
    let counting = scopes.iter().map(|scope| async {
        if let Some(known) = counts.known(&scope.key) {
            return Some(known);
        }
        let request = ListRequest::parse(resource, &scope.pairs, chrono_tz::Tz::UTC).ok()?;
        let counted = counted(store::count(connection, grant, &request).await.ok()?);
        counts.learn(scope.key.clone(), counted);
        Some(counted)
    });
    let counted = join_all(counting).await;
    scopes.iter().zip(counted).map(|(scope, count)| tab(resource, query, scope, count)).collect()
}

/// The same without a database: where a query could not be read, the way to the scopes stays.
pub fn uncounted(grant: &Grant, query: &Query) -> Vec<Tab> {
    let resource = grant.resource();
    if resource.tabs.is_empty() {
        return Vec::new();
    }
    scopes(grant).iter().map(|scope| tab(resource, query, scope, None)).collect()
}

fn tab(resource: &'static Resource, query: &Query, scope: &Scope, count: Option<Counted>) -> Tab {
    let is_state = |name: &String| STATE.contains(&name.as_str()) && name != "q";
    let (state, mut filters): (Vec<_>, Vec<_>) = query.0.iter().cloned().partition(|(name, _)| is_state(name));
    filters.sort();
    let mut wanted = scope.pairs.clone();
    wanted.sort();
    let current = filters == wanted;
    let href = list_of(resource, &Query(scope.pairs.iter().cloned().chain(state).collect()));
    Tab { label: scope.name, href, count: count.filter(|count| *count != Counted::Unknown), current }
}

pub fn counted(count: Count) -> Counted {
    match count {
        Count::Exactly(count) => Counted::Exactly(count),
        Count::MoreThan(count) => Counted::AtLeast(count),
        Count::About(count) => Counted::About(count),
        Count::Unknown => Counted::Unknown,
    }
}
