//! Which lists, counts, searches, pickers and exports are measured, and what may each read?

use chrono_tz::Tz;
use nexus_console::{
    auth::{grant::Grant, role::Role},
    db::snapshot::Snapshot,
    resource::{
        Resource,
        cursor::Cursor,
        export, page, reference,
        request::{ListRequest, Position},
        statement::Statement,
        store,
    },
    tables::TABLES,
};
use uuid::Uuid;

use super::{
    meter::{BOUND, Meter, grant},
    questions::{Pairs, filters, sorts},
};

/// The tables that grow without end: here every filter meets every sort.
const LARGE: [&str; 4] = ["accounts", "transactions", "audit_logs", "ssot_audit_logs"];

fn ask(resource: &'static Resource, pairs: &[(String, String)]) -> ListRequest {
    let mut asked = ListRequest::parse(resource, pairs, Tz::UTC).unwrap_or_else(|error| panic!("{} {pairs:?}: {error}", resource.table));
    // What stands beside a row is read row by row, and says nothing of how the rows are found.
    asked.columns.truncate(1);
    asked
}

fn with(pairs: &Pairs, name: &str, value: &str) -> Pairs {
    pairs.iter().cloned().chain([(name.to_owned(), value.to_owned())]).collect()
}

/// What read more than it may, to be said all at once.
#[derive(Default)]
struct Excesses {
    measured: usize,
    found: Vec<String>,
}

impl Excesses {
    fn note(&mut self, resource: &Resource, what: &str, pairs: &Pairs, rows: i64) {
        self.measured += 1;
        if rows > BOUND {
            let said: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
            self.found.push(format!("{rows:>8} rows for {what} of {}?{}", resource.table, said.join("&")));
        }
    }

    async fn page(&mut self, meter: &Meter, grant: &Grant, pairs: &Pairs, position: Position) -> Option<Cursor> {
        let mut asked = ask(grant.resource(), pairs);
        let what = match position {
            Position::First => "the first page",
            Position::After(_) => "a page after a place",
            Position::Before(_) => "a page before a place",
        };
        asked.position = position;
        let (rows, read) = meter.rows_read(Box::pin(page::read(&meter.pages, grant, &asked))).await;
        self.note(grant.resource(), what, pairs, rows);
        match read {
            Ok(page) => page.next,
            Err(error) => {
                self.found.push(format!("{error} for {what} of {}?{pairs:?}", grant.resource().table));
                None
            }
        }
    }

    async fn count(&mut self, meter: &Meter, grant: &Grant, pairs: &Pairs) {
        let asked = ask(grant.resource(), pairs);
        let (rows, counted) = meter.rows_read(Box::pin(store::count(&meter.pages, grant, &asked))).await;
        counted.expect("a count");
        self.note(grant.resource(), "the count", pairs, rows);
    }

    fn end(self, least: usize) {
        assert!(self.found.is_empty(), "{} of {}:\n{}", self.found.len(), self.measured, self.found.join("\n"));
        assert!(self.measured >= least, "only {} were measured", self.measured);
    }
}

/// A place in the middle of what a sort gives values, and one among the NULLs behind them.
async fn places(meter: &Meter, resource: &'static Resource, sort: &str) -> Vec<Cursor> {
    let name = sort.trim_start_matches('-');
    let nullable = resource.column(name).is_some_and(|column| column.nullable);
    let asked = ask(resource, &with(&Vec::new(), "sort", sort));
    let middle = format!(
        "SELECT id::text FROM {0} WHERE {name} IS NOT NULL ORDER BY {name}, id OFFSET (SELECT count({name}) / 2 FROM {0}) LIMIT 1",
        resource.table
    );
    let mut places = Vec::new();
    for id in meter.texts(&middle).await {
        let one = ListRequest { columns: vec![resource.column(name).expect("a column")], ..asked.clone() };
        let everything = grant(resource, Role::Admin, Uuid::nil());
        let id: Uuid = id.parse().expect("an id");
        let record = store::record(&meter.pages, &everything, id).await.expect("it is there");
        places.push(Cursor { key: record.value(one.order.column).clone(), id });
    }
    if nullable {
        places.push(Cursor { key: nexus_console::db::value::Value::Null, id: Uuid::nil() });
    }
    places
}

async fn sorted(meter: &Meter, excesses: &mut Excesses, grant: &Grant) {
    let resource = grant.resource();
    for sort in sorts(resource) {
        let pairs = with(&Vec::new(), "sort", &sort);
        excesses.page(meter, grant, &pairs, Position::First).await;
        for place in places(meter, resource, &sort).await {
            excesses.page(meter, grant, &pairs, Position::After(place.clone())).await;
            excesses.page(meter, grant, &pairs, Position::Before(place)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_sort_from_every_place() {
    let meter = Meter::new().await;
    let mut excesses = Excesses::default();
    for resource in TABLES {
        sorted(&meter, &mut excesses, &grant(resource, Role::Admin, Uuid::nil())).await;
    }
    excesses.end(250);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_filter_in_every_order_and_its_count() {
    let meter = Meter::new().await;
    let mut excesses = Excesses::default();
    for resource in TABLES {
        let grant = grant(resource, Role::Admin, Uuid::nil());
        for filter in filters(&meter, resource).await {
            excesses.count(&meter, &grant, &filter).await;
            let next = excesses.page(&meter, &grant, &filter, Position::First).await;
            if let Some(place) = next {
                excesses.page(&meter, &grant, &filter, Position::After(place)).await;
            }
            for sort in sorts(resource).iter().filter(|_| LARGE.contains(&resource.table)) {
                excesses.page(&meter, &grant, &with(&filter, "sort", sort), Position::First).await;
            }
        }
    }
    excesses.end(2_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_plan_for_every_value_where_it_is_made_once() {
    let meter = Meter::with_generic_plans().await;
    let mut excesses = Excesses::default();
    for resource in TABLES {
        let grant = grant(resource, Role::Admin, Uuid::nil());
        sorted(&meter, &mut excesses, &grant).await;
        for filter in filters(&meter, resource).await {
            if ask(resource, &filter).stands_in_order(&grant) {
                excesses.count(&meter, &grant, &filter).await;
                let next = excesses.page(&meter, &grant, &filter, Position::First).await;
                if let Some(place) = next {
                    excesses.page(&meter, &grant, &filter, Position::After(place)).await;
                }
            }
        }
    }
    excesses.end(310);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_search_and_every_picker() {
    let meter = Meter::new().await;
    let mut excesses = Excesses::default();
    for resource in TABLES.iter().filter(|resource| resource.searchable().next().is_some()) {
        let grant = grant(resource, Role::Admin, Uuid::nil());
        for words in [
            "invoice",
            "demurrage",
            "zanzibar",
            "TRF-00001",
            "000",
            "no such words",
            "in",
            "zq",
            "an",
            "a",
            "00000000-0000-0000-0000-0000000000ff",
        ] {
            let asked = with(&Vec::new(), "q", words);
            let next = excesses.page(&meter, &grant, &asked, Position::First).await;
            if let Some(place) = next {
                excesses.page(&meter, &grant, &asked, Position::After(place)).await;
            }
            for sort in sorts(resource).iter().filter(|_| LARGE.contains(&resource.table)) {
                excesses.page(&meter, &grant, &with(&asked, "sort", sort), Position::First).await;
            }
            // A picker chooses among what something refers to.
            if matches!(resource.table, "transactions" | "notifications" | "api_keys") {
                continue;
            }
            let (rows, found) = meter.rows_read(reference::candidates(&meter.pages, &grant, words)).await;
            found.expect("candidates");
            excesses.note(resource, "a picker", &asked, rows);
        }
        if resource.table == "transactions" {
            for words in ["invoice", "zanzibar", "no such words"] {
                for status in ["pending", "failed", "completed"] {
                    let asked = with(&with(&Vec::new(), "q", words), "status", status);
                    excesses.page(&meter, &grant, &asked, Position::First).await;
                }
            }
        }
    }
    excesses.end(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn own_rows_of_whoever_has_few_and_of_whoever_has_most() {
    let meter = Meter::new().await;
    let mut excesses = Excesses::default();
    let mut owners = meter.texts("SELECT id::text FROM users WHERE username IN ('user', 'viewer')").await;
    let most = "SELECT a.user_id::text FROM transactions t JOIN accounts a ON a.id = t.account_id GROUP BY a.user_id ORDER BY count(*) DESC LIMIT 1";
    owners.extend(meter.texts(most).await);
    assert_eq!(owners.len(), 3);
    for resource in TABLES
        .iter()
        .filter(|resource| matches!(resource.table, "accounts" | "transactions" | "notifications" | "user_sessions" | "api_keys"))
    {
        for owner in &owners {
            let grant = grant(resource, Role::User, owner.parse().expect("an id"));
            excesses.count(&meter, &grant, &Vec::new()).await;
            excesses.page(&meter, &grant, &Vec::new(), Position::First).await;
            for sort in sorts(resource) {
                excesses.page(&meter, &grant, &with(&Vec::new(), "sort", &sort), Position::First).await;
            }
        }
    }
    excesses.end(100);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_begins_without_reading_what_comes_later() {
    let mut meter = Meter::new().await;
    let mut excesses = Excesses::default();
    for resource in TABLES {
        let grant = grant(resource, Role::Admin, Uuid::nil());
        for sort in sorts(resource).into_iter().map(Some).chain([None]) {
            let pairs = sort.map(|sort| with(&Vec::new(), "sort", &sort)).unwrap_or_default();
            let asked = ask(resource, &pairs);
            let columns: Vec<_> = export::columns(resource).collect();
            let range = asked.position.ranges(asked.order_is_nullable()).remove(0);
            let statement = Statement::export(&grant, &asked, &columns, &range);
            let start = meter.total_read().await;
            let snapshot = Snapshot::take(&mut meter.pages).await.expect("a snapshot");
            let portal = snapshot.open(statement.text(), statement.parameters()).await.expect("it opens");
            drop(snapshot.fetch(&portal, 1_000).await.expect("rows"));
            snapshot.end().await.expect("it ends");
            let rows = meter.total_read().await - start;
            excesses.note(resource, "an export's first rows", &pairs, rows);
        }
    }
    excesses.end(60);
}
