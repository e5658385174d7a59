//! What do entries refer to, and what is each of it called, as far as the reader may know?

use std::collections::{HashMap, HashSet};

use futures_util::future::try_join_all;
use uuid::Uuid;

use super::sentence::Place;
use crate::{
    audit::{
        change::Secrecy,
        decided::{Decided, On, decided},
        trail_entry::{Subject, TrailEntry},
    },
    auth::{actor::Actor, grant::Grant, policy::Action},
    db::pool::{Connection, DatabaseError},
    resource::{
        Currency, Kind, Registry,
        record::Record,
        reference::{lookup, text_of},
        store::{self, StoreError},
    },
};

/// References of one page that get their label; more than a page of ordinary entries has.
const MOST: usize = 100;

/// Each asked for once, and all at once.
#[derive(Debug, Default)]
pub struct Known {
    pub labels: HashMap<Uuid, String>,
    /// By the record whose currency it is.
    currencies: HashMap<Uuid, String>,
    decisions: HashMap<Uuid, Decided>,
    /// Transactions that somebody decided on, or tried to.
    transactions: HashMap<Uuid, Record>,
}

/// Members of events that name a record, and its table.
const NAMED: [(&str, &str); 4] =
    [("user_id", "users"), ("account", "accounts"), ("key_id", "api_keys"), ("contract", "ssot_api_contracts")];
/// Members of events, and columns of side tables, that name a transaction.
const TRANSACTION: [&str; 3] = ["transaction", "transfer", "transaction_id"];

impl Known {
    /// # Errors
    /// See [`DatabaseError`].
    pub async fn of(
        connection: &Connection,
        actor: &Actor,
        registry: &Registry,
        place: Place<'_>,
        entries: &[TrailEntry],
    ) -> Result<Known, DatabaseError> {
        let approvals: HashSet<Uuid> = entries.iter().filter_map(|told| told.entry.approval).collect();
        let decisions = decided(connection, &approvals.into_iter().collect::<Vec<_>>()).await?;
        let mut wanted = wanted_labels(actor, registry, entries);
        for decision in decisions.values() {
            if let (On::Drift(account), Some(grant)) = (decision.on, all_rows(actor, registry, "accounts")) {
                wanted.insert(account, grant);
            }
        }
        let labels = wanted.into_iter().take(MOST).map(async |(id, grant)| {
            let found = lookup(connection, &grant, id).await?;
            Ok::<_, DatabaseError>(found.map(|found| (id, found.label)))
        });
        let currencies = wanted_currencies(actor, entries).into_iter().take(MOST).map(async |(id, (grant, column))| {
            let found = text_of(connection, &grant, column, id).await?;
            Ok::<_, DatabaseError>(found.map(|currency| (id, currency)))
        });
        let wanted = match place {
            Place::Trail => wanted_transactions(entries, &decisions),
            // On its own page a transaction is "it".
            Place::Own { .. } => HashSet::new(),
        };
        let transactions = wanted.into_iter().take(MOST).map(async |id| {
            let Some(grant) = all_rows(actor, registry, "transactions") else { return Ok(None) };
            match store::record(connection, &grant, id).await {
                Ok(record) => Ok(Some((id, record))),
                Err(StoreError::Database(error)) => Err(error),
                Err(_) => Ok(None),
            }
        });
        let (labels, currencies, transactions) =
            tokio::try_join!(try_join_all(labels), try_join_all(currencies), try_join_all(transactions))?;
        Ok(Known {
            labels: labels.into_iter().flatten().filter(|(_, label)| !label.trim().is_empty()).collect(),
            currencies: currencies.into_iter().flatten().collect(),
            transactions: transactions.into_iter().flatten().collect(),
            decisions,
        })
    }

    /// The currency of an amount that stands in `row`.
    pub fn currency(&self, kind: Kind, row: Option<&crate::audit::entry::Fields>) -> Option<String> {
        let text = |name: &str| row?.get(name)?.as_str();
        match kind {
            Kind::Money(Currency::Column(column)) => text(column).map(str::to_owned),
            Kind::Money(Currency::Through { reference, .. }) => self.currencies.get(&Uuid::try_parse(text(reference)?).ok()?).cloned(),
            _ => None,
        }
    }

    pub fn transaction(&self, id: Uuid) -> Option<&Record> {
        self.transactions.get(&id)
    }

    /// The decision an entry came of. A fill of the database wrote rows without saying so beside them.
    pub fn decision(&self, told: &TrailEntry) -> Option<Decided> {
        if let Some(decision) = told.entry.approval.and_then(|id| self.decisions.get(&id)) {
            return Some(decision.clone());
        }
        match &told.subject {
            Subject::Other { table, .. } if table == "transaction_approvals" => Some(Decided {
                on: On::Transaction(id_in(told, "transaction_id")?),
                word: told.told("decision")?.to_owned(),
                place: told.told("rule_applied").and_then(crate::audit::decided::place),
            }),
            Subject::Record(..) | Subject::Event | Subject::Other { .. } => None,
        }
    }
}

/// A member of an event, or a column of a row, that is an id.
pub fn id_in(told: &TrailEntry, name: &str) -> Option<Uuid> {
    Uuid::try_parse(told.told(name)?).ok()
}

/// The transaction that an event or a row of a side table is about.
pub fn transaction_of(told: &TrailEntry) -> Option<Uuid> {
    match told.subject {
        Subject::Record(..) => None,
        Subject::Event | Subject::Other { .. } => TRANSACTION.into_iter().find_map(|name| id_in(told, name)),
    }
}

fn all_rows(actor: &Actor, registry: &Registry, table: &str) -> Option<Grant> {
    let grant = actor.authorize(Action::Read, registry.find(table)?).ok()?;
    grant.covers_all_rows().then_some(grant)
}

fn wanted_labels(actor: &Actor, registry: &Registry, entries: &[TrailEntry]) -> HashMap<Uuid, Grant> {
    let mut wanted = HashMap::new();
    for told in entries {
        let resource = told.subject.resource();
        for change in told.entry.changes(resource).iter().filter(|change| change.secrecy == Secrecy::Open) {
            let Some(Kind::Reference(target)) = resource.column(change.name).map(|column| column.kind) else { continue };
            let Ok(grant) = actor.authorize(Action::Read, target) else { continue };
            let ids = [change.before, change.after].into_iter().flatten().filter_map(|json| Uuid::try_parse(json.as_str()?).ok());
            wanted.extend(ids.filter(|_| grant.covers_all_rows()).map(|id| (id, grant)));
        }
        if matches!(told.subject, Subject::Event) {
            let named = NAMED.iter().filter_map(|(name, table)| Some((id_in(told, name)?, all_rows(actor, registry, table)?)));
            wanted.extend(named);
        }
    }
    wanted
}

fn wanted_currencies(actor: &Actor, entries: &[TrailEntry]) -> HashMap<Uuid, (Grant, &'static str)> {
    let mut wanted = HashMap::new();
    for told in entries {
        for column in told.subject.resource().columns {
            let Kind::Money(Currency::Through { reference, column: currency }) = column.kind else { continue };
            let Some(Kind::Reference(target)) = told.subject.resource().column(reference).map(|column| column.kind) else { continue };
            let Ok(grant) = actor.authorize(Action::Read, target) else { continue };
            let sides = [&told.entry.old, &told.entry.new].into_iter().flatten();
            let ids = sides.filter_map(|row| Uuid::try_parse(row.get(reference)?.as_str()?).ok());
            wanted.extend(ids.map(|id| (id, (grant, currency))));
        }
    }
    wanted
}

fn wanted_transactions(entries: &[TrailEntry], decisions: &HashMap<Uuid, Decided>) -> HashSet<Uuid> {
    let decided = decisions.values().filter_map(|decision| match decision.on {
        On::Transaction(id) => Some(id),
        On::Drift(_) => None,
    });
    entries.iter().filter_map(transaction_of).chain(decided).collect()
}
