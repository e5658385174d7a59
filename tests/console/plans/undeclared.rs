//! Does the measure tell a declaration that no index serves?

use chrono_tz::Tz;
use nexus_console::{
    auth::role::Role,
    resource::{Column, Kind, Order, Resource, page, request::ListRequest, store},
};
use uuid::Uuid;

use super::meter::{BOUND, Meter, grant};

static COLUMNS: &[Column] = &[
    Column::new("id", "Id", Kind::Uuid).required().listed(),
    Column::new("transaction_date", "Date", Kind::Timestamp).listed().sortable(),
    Column::new("description", "Description", Kind::LongText).listed().sortable(),
    Column::new("processed_at", "Processed", Kind::Timestamp).filterable(),
];

/// Transactions, declared carelessly: no index is on (description, id).
static CARELESS: Resource =
    Resource::new("transactions", "transaction", "Transactions", COLUMNS).label("id").order(Order::descending("transaction_date"));

#[tokio::test(flavor = "multi_thread")]
async fn a_sort_without_an_index_reads_more_than_a_page_may() {
    let meter = Meter::new().await;
    let grant = grant(&CARELESS, Role::Admin, Uuid::nil());
    let asked = ListRequest::parse(&CARELESS, &[("sort".to_owned(), "description".to_owned())], Tz::UTC).expect("declared");
    let (rows, read) = meter.rows_read(page::read(&meter.pages, &grant, &asked)).await;
    read.expect("it answers all the same");
    assert!(rows > BOUND, "{rows} rows");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_without_an_index_reads_more_than_a_page_may() {
    let meter = Meter::new().await;
    meter.owner.batch_execute("DROP INDEX nexus_transactions_processed_at").await.expect("dropped");
    // What was read of the index is forgotten with it.
    meter.total_read().await;
    let grant = grant(&CARELESS, Role::Admin, Uuid::nil());
    let asked = ListRequest::parse(&CARELESS, &[("processed_at.from".to_owned(), "2999-01-01".to_owned())], Tz::UTC).expect("declared");
    let (rows, read) = meter.rows_read(page::read(&meter.pages, &grant, &asked)).await;
    let (counted, count) = meter.rows_read(store::count(&meter.pages, &grant, &asked)).await;
    let restored = "CREATE INDEX nexus_transactions_processed_at ON public.transactions (processed_at, id)";
    meter.owner.batch_execute(restored).await.expect("back again");
    read.expect("it answers all the same");
    count.expect("so does this");
    assert!(rows > BOUND && counted > BOUND, "{rows} and {counted} rows");
}
