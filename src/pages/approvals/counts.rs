//! How many items does each part of the queue have, as of a minute ago?

use std::{
    cell::RefCell,
    collections::HashMap,
    time::{Duration, Instant},
};

use actix_web::{HttpRequest, web::Data};
use futures_util::future::try_join_all;
use uuid::Uuid;

use crate::{
    app::Console,
    auth::{actor::Actor, grant::Grant, policy::Action},
    db::pool::{Connection, DatabaseError},
    pages::{browse::counted, display::Counted, frame::NavigationLink, visit::Visit},
    workflows::approval::{
        Rule,
        queue::{self, Tab},
        rule,
    },
};

const FRESH: Duration = Duration::from_secs(60);
/// People come and go; what nobody asked for in a minute is dropped when this many are kept.
const MOST: usize = 4_000;

/// What was counted last, kept by one worker.
#[derive(Debug, Default)]
pub struct QueueCounts(RefCell<HashMap<Key, (Instant, Counted)>>);

/// Whose count of which part; `None` is everything that waits.
type Key = (Uuid, Option<Tab>);

impl QueueCounts {
    /// What is known, however old.
    pub fn last(&self, actor: Uuid, tab: Option<Tab>) -> Option<Counted> {
        self.0.borrow().get(&(actor, tab)).map(|(_, counted)| *counted)
    }

    fn fresh(&self, key: &Key) -> Option<Counted> {
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

    /// Somebody took an item off their part: counting again can wait, but the number should not stand still.
    pub fn one_less(&self, actor: Uuid, tab: Tab) {
        if let Some((_, Counted::Exactly(count))) = self.0.borrow_mut().get_mut(&(actor, Some(tab))) {
            *count = count.saturating_sub(1);
        }
    }

    /// Something moved between parts.
    pub fn forget(&self, actor: Uuid) {
        self.0.borrow_mut().retain(|(whose, _), _| *whose != actor);
    }
}

/// The counts of these parts, those not known being counted at once.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn counts(
    connection: &Connection,
    grant: &Grant,
    rule: &Rule,
    kept: &QueueCounts,
    parts: &[Option<Tab>],
) -> Result<Vec<Counted>, DatabaseError> {
    try_join_all(parts.iter().map(|part| async move {
        let key = (grant.actor(), *part);
        if let Some(known) = kept.fresh(&key) {
            return Ok(known);
        }
        let count = counted(queue::count(connection, grant, rule, *part).await?);
        kept.learn(key, count);
        Ok(count)
    }))
    .await
}

/// Keeps what the navigation says of the queue no older than a minute: what waits for a decider, what a maker has made.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn refresh(console: &Console, actor: &Actor, kept: &QueueCounts) -> Result<(), DatabaseError> {
    let Some(resource) = console.registry.find("transactions") else { return Ok(()) };
    let Ok(grant) = actor.authorize(Action::Read, resource) else { return Ok(()) };
    let part = if actor.may(Action::Decide, resource) { Tab::Mine } else { Tab::Made };
    if kept.fresh(&(actor.id, Some(part))).is_some() {
        return Ok(());
    }
    let connection = console.database.read().await?;
    let rule = rule(&connection).await?;
    counts(&connection, &grant, &rule, kept, &[Some(part)]).await.map(drop)
}

/// The way to the queue, for whoever decides or has made something that waits.
pub fn link(console: &Console, visit: &Visit, request: &HttpRequest) -> Option<NavigationLink> {
    let resource = console.registry.find("transactions")?;
    let last = |part| request.app_data::<Data<QueueCounts>>().and_then(|counts| counts.last(visit.actor.id, Some(part)));
    let is_none = |count: &Counted| matches!(count, Counted::Exactly(0) | Counted::Unknown);
    let count = if visit.actor.may(Action::Decide, resource) {
        last(Tab::Mine).filter(|count| !is_none(count)).map(|count| count.to_string())
    } else {
        last(Tab::Made).filter(|count| !is_none(count))?;
        None
    };
    let path = request.path();
    let is_rule = matches!(path, "/approvals/rules" | "/approvals/held");
    let current = path == "/approvals" || (path.starts_with("/approvals/") && !is_rule);
    Some(NavigationLink { label: "Approvals", href: "/approvals".to_owned(), icon: "approve", current, count })
}
