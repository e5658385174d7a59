//! Does the database take every statement that a page can send?

use chrono_tz::Tz;
use rust_decimal::Decimal;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::{Finding, Prepared};
use crate::{
    auth::{
        actor::{Actor, Preferences},
        grant::{Grant, Rows},
        policy::{Action, Policy},
        role::Role,
    },
    db::{
        pool::{Connection, DatabaseError},
        value::{Address, Number, Timestamp, Value},
    },
    resource::{
        Column, Currency, Input, Kind, Matching, Order, Registry, Resource,
        cursor::Cursor,
        filter::{Condition, Filter},
        order::Direction,
        reference::CANDIDATES,
        request::{ListRequest, Position, Query, USUAL_PAGE},
        sought::Sought,
        statement::{Among, NEAR, Statement},
        store::COUNTED,
    },
};

/// Prepares a table's statements, once for all rows and once for own rows, where some role has such a grant.
pub(super) async fn prepare(
    connection: &Connection,
    registry: &Registry,
    resource: &'static Resource,
    policy: Policy,
    prepared: &mut Prepared,
) -> Result<(), DatabaseError> {
    let grants = grants(resource, policy);
    if grants.is_empty() {
        prepared
            .findings
            .push(Finding::wrong("R021", format!("{}: no role may read it; the permission table has no line for it", resource.table)));
    }
    for grant in grants {
        for (what, statement) in statements(&grant, registry) {
            take(connection, resource, what, &statement, prepared).await?;
        }
    }
    Ok(())
}

/// One grant for each set of rows that some role reads.
fn grants(resource: &'static Resource, policy: Policy) -> Vec<Grant> {
    let mut grants: Vec<Grant> = Vec::new();
    for role in Role::ALL {
        let nobody = String::new;
        let actor = Actor::new(Uuid::nil(), nobody(), nobody(), nobody(), Some(role), Uuid::nil(), Preferences::default(), policy);
        if let Ok(grant) = actor.authorize(Action::Read, resource)
            && !grants.iter().any(|other| other.rows() == grant.rows())
        {
            grants.push(grant);
        }
    }
    grants
}

async fn take(
    connection: &Connection,
    resource: &'static Resource,
    what: &str,
    statement: &Statement,
    prepared: &mut Prepared,
) -> Result<(), DatabaseError> {
    let table = resource.table;
    match connection.client.prepare(statement.text()).await {
        Ok(taken) => {
            prepared.statements += 1;
            let foreign = taken.params().iter().find(|kind| !<Value as ToSql>::accepts(kind));
            if let Some(kind) = foreign {
                prepared.findings.push(Finding::wrong("R020", format!("{table}: {what} wants a parameter of type {kind}")));
            }
            Ok(())
        }
        Err(error) => match error.as_db_error() {
            Some(answer) => {
                prepared.findings.push(Finding::wrong("R020", format!("{table}: {what} is refused: {}", answer.message())));
                Ok(())
            }
            None => Err(error.into()),
        },
    }
}

fn statements(grant: &Grant, registry: &Registry) -> Vec<(&'static str, Statement)> {
    let resource = grant.resource();
    let plain = request(resource);
    let mut found = Vec::new();
    lists(grant, &plain, &mut found);
    for column in resource.columns.iter().filter(|column| column.filterable) {
        for condition in conditions(column) {
            let filtered = ListRequest { filters: vec![Filter { column, condition }], ..plain.clone() };
            found.push(("a count", Statement::count(grant, &filtered, COUNTED as usize)));
            found.push(("what is expected of a filter", Statement::expected(grant, &filtered)));
            pages(grant, &filtered, "a filtered list", &mut found);
        }
    }
    let exported: Vec<_> = resource.exported().collect();
    for range in Position::First.ranges(plain.order_is_nullable()) {
        found.push(("an export", Statement::export(grant, &plain, &exported, &range)));
        if resource.searchable().next().is_some() {
            let searched = ListRequest { search: Some("words".to_owned()), ..plain.clone() };
            found.push(("an export of a search", Statement::export(grant, &searched, &exported, &range)));
        }
    }
    let shown: Vec<_> = resource.columns.iter().filter(|column| !column.is_secret() && column.is_stored()).collect();
    found.push(("a record", Statement::record(grant, &shown, Uuid::nil())));
    found.push(("a lock", Statement::lock(grant, Uuid::nil())));
    if resource.found_globally().next().is_some() {
        let columns: Vec<_> = resource.listed().collect();
        for text in ["two words", "ab", "00000000-0000-0000-0000-000000000000"] {
            found.push(("the search over all tables", Statement::found(grant, &columns, &Sought::of(text), 6)));
        }
    }
    found.push(("a picker", Statement::candidates(grant, "words", CANDIDATES)));
    found.push(("a reference's label", Statement::reference(grant, Uuid::nil())));
    for referrer in registry.referrers(resource.table) {
        found.push(("a search for referrers", Statement::referring(referrer.resource, referrer.column, Uuid::nil(), COUNTED as usize)));
    }
    for currency in resource.columns.iter().filter_map(|column| match column.kind {
        Kind::Money(Currency::Column(currency)) => Some(currency),
        _ => None,
    }) {
        found.push(("a currency", Statement::column_of(grant, currency, Uuid::nil())));
    }
    if grant.rows() == Rows::All {
        writes(resource, &mut found);
    }
    found
}

/// Every sort, both ways, from every place in the list; and the search.
fn lists(grant: &Grant, plain: &ListRequest, found: &mut Vec<(&'static str, Statement)>) {
    let resource = plain.resource;
    for column in resource.columns.iter().filter(|column| column.sortable) {
        for direction in [Direction::Ascending, Direction::Descending] {
            let key = samples(column.kind).into_iter().next().unwrap_or(Value::Null);
            let at = |key: &Value| Cursor { key: key.clone(), id: Uuid::nil() };
            let mut positions = vec![Position::First, Position::After(at(&key)), Position::Before(at(&key))];
            if column.nullable {
                positions.extend([Position::After(at(&Value::Null)), Position::Before(at(&Value::Null))]);
            }
            for position in positions {
                let sorted = ListRequest { order: Order { column: column.name, direction }, position, ..plain.clone() };
                pages(grant, &sorted, "a sorted list", found);
            }
        }
    }
    if resource.searchable().next().is_some() {
        for text in ["words", "00000000-0000-0000-0000-000000000000"] {
            let searched = ListRequest { search: Some(text.to_owned()), ..plain.clone() };
            pages(grant, &searched, "a search", found);
        }
    }
    pages(grant, plain, "the list", found);
}

/// Each way to read a page, whether this request would take it or not.
fn pages(grant: &Grant, request: &ListRequest, what: &'static str, found: &mut Vec<(&'static str, Statement)>) {
    let wanted = usize::from(request.limit) + 1;
    let end = Cursor { key: key_of(request), id: Uuid::nil() };
    for range in request.position.ranges(request.order_is_nullable()) {
        found.push((what, Statement::straight(grant, request, &range, wanted)));
        found.push((what, Statement::near(grant, request, &range, NEAR, wanted)));
        found.push((what, Statement::last_own(grant, request, &range, &end)));
        found.push((what, Statement::stretch(grant, request, &range, NEAR, wanted)));
        for among in [Among::Own, Among::Matching] {
            found.push((what, Statement::gathered(grant, request, &range, wanted, among)));
        }
    }
}

/// A value of the list's order.
fn key_of(request: &ListRequest) -> Value {
    let kind = request.resource.column(request.order.column).map_or(Kind::Uuid, |column| column.kind);
    samples(kind).into_iter().next().unwrap_or(Value::Null)
}

fn writes(resource: &'static Resource, found: &mut Vec<(&'static str, Statement)>) {
    let fields = |input: fn(&Column) -> Input| -> Vec<(&'static Column, Value)> {
        let is_field = |column: &&'static Column| input(column) != Input::Never && column.is_stored();
        resource.columns.iter().filter(is_field).map(|column| (column, Value::Null)).collect()
    };
    let (created, edited) = (fields(|column| column.on_create), fields(|column| column.on_edit));
    if !created.is_empty() {
        found.push(("an insert", Statement::insert(resource, Uuid::nil(), &created)));
    }
    if !edited.is_empty() {
        found.push(("an update", Statement::update(resource, Uuid::nil(), &edited)));
    }
}

fn request(resource: &'static Resource) -> ListRequest {
    ListRequest {
        resource,
        filters: Vec::new(),
        finds: Vec::new(),
        search: None,
        order: resource.order,
        limit: USUAL_PAGE,
        position: Position::First,
        columns: resource.listable().collect(),
        zone: Tz::UTC,
        query: Query::default(),
    }
}

/// Every condition that a filter on the column can come to.
fn conditions(column: &Column) -> Vec<Condition> {
    let time = Timestamp::POSTGRES_EPOCH;
    let mut conditions = vec![Condition::Empty, Condition::Filled];
    match column.kind {
        Kind::Text(_) if column.matching == Matching::Part => conditions.extend(words()),
        Kind::LongText => conditions.extend(words()),
        Kind::Money(_) => {
            conditions.extend([Condition::AtLeast(Decimal::ONE), Condition::AtMost(Decimal::ONE), Condition::Any(samples(column.kind))]);
        }
        Kind::Timestamp => conditions.extend([Condition::From(time), Condition::Until(time), Condition::Before(time)]),
        Kind::Inet => conditions.extend(samples(column.kind).into_iter().map(Condition::Within)),
        Kind::Choice(_) => {
            let both = samples(column.kind);
            conditions.extend([Condition::Any(both[..1].to_vec()), Condition::Any(both)]);
        }
        Kind::Text(_) | Kind::Bool | Kind::Uuid | Kind::Reference(_) => conditions.push(Condition::Any(samples(column.kind))),
        Kind::Json | Kind::Secret | Kind::SecretWhen(_) => {}
    }
    conditions
}

fn words() -> [Condition; 2] {
    [Condition::Contains("words".to_owned()), Condition::Begins("w".to_owned())]
}

/// A value of the kind, or two where a filter takes several.
fn samples(kind: Kind) -> Vec<Value> {
    let text = || Value::Text("words".to_owned());
    match kind {
        Kind::Text(_) | Kind::LongText => vec![text()],
        Kind::Choice(_) => vec![text(), text()],
        Kind::Bool => vec![Value::Bool(true)],
        Kind::Uuid | Kind::Reference(_) => vec![Value::Uuid(Uuid::nil())],
        Kind::Money(_) => vec![Value::Number(Number::Decimal(Decimal::ONE))],
        Kind::Timestamp => vec![Value::Time(Timestamp::POSTGRES_EPOCH)],
        Kind::Inet => vec![Value::Address(Address { address: std::net::Ipv4Addr::LOCALHOST.into(), prefix: 32 })],
        Kind::Json | Kind::Secret | Kind::SecretWhen(_) => Vec::new(),
    }
}
