//! What has a test to prepare, and to read, where many transactions are decided at once?

use std::time::{Duration, Instant};

use tokio_postgres::Client;
use uuid::Uuid;

use crate::support::{Answer, Browser};

/// Only a run that hangs takes so long.
const FINISHES_WITHIN: Duration = Duration::from_secs(240);

/// An account of `user`'s with so much in it.
pub async fn account(owner: &Client, number: &str, balance: &str) -> Uuid {
    let row = owner
        .query_one(
            "INSERT INTO accounts (id, user_id, account_name, account_type, account_number, balance, currency) \
             SELECT nexus_uuid7(), u.id, 'Account ' || $1, 'checking', $1, $2::text::numeric, 'USD' FROM users u WHERE u.username = 'user' \
             RETURNING id",
            &[&number, &balance],
        )
        .await
        .expect("an account");
    row.get(0)
}

/// A pending transaction somebody made.
pub async fn pending(owner: &Client, account: Uuid, maker: &str, kind: &str, amount: &str) -> Uuid {
    let row = owner
        .query_one(
            "INSERT INTO transactions (id, account_id, transaction_type, amount, reference_number, created_by) \
             SELECT nexus_uuid7(), $1, $2, $3::text::numeric, 'REF-' || left(nexus_uuid7()::text, 13), u.id FROM users u WHERE u.username = $4 \
             RETURNING id",
            &[&account, &kind, &amount, &maker],
        )
        .await
        .expect("a pending transaction");
    row.get(0)
}

/// So many deposits of 1.00 that `user` made.
pub async fn deposits(owner: &Client, account: Uuid, count: i32) -> Vec<Uuid> {
    let rows = owner
        .query(
            "INSERT INTO transactions (id, account_id, transaction_type, amount, reference_number, created_by) \
             SELECT nexus_uuid7(), $1, 'deposit', 1, 'DEP-' || n, u.id FROM users u, generate_series(1, $2) n WHERE u.username = 'user' \
             RETURNING id",
            &[&account, &count],
        )
        .await
        .expect("pending deposits");
    rows.iter().map(|row| row.get(0)).collect()
}

pub async fn count(owner: &Client, statement: &str) -> i64 {
    owner.query_one(statement, &[]).await.expect("a count").get(0)
}

pub async fn balance(owner: &Client, account: Uuid) -> String {
    owner.query_one("SELECT balance::text FROM accounts WHERE id = $1", &[&account]).await.expect("a balance").get(0)
}

/// Sends a selection of transactions as the list's form does.
pub async fn select(browser: &Browser, decision: &str, ids: &[Uuid]) -> Answer {
    select_of(browser, "transactions", decision, ids).await
}

/// Sends a selection of any table's rows.
pub async fn select_of(browser: &Browser, table: &str, verb: &str, ids: &[Uuid]) -> Answer {
    let ids: Vec<String> = ids.iter().map(Uuid::to_string).collect();
    let mut fields: Vec<(&str, &str)> = ids.iter().map(|id| ("selected", id.as_str())).collect();
    fields.push(("decision", verb));
    browser.post(&format!("/tables/{table}/selected"), &fields).await
}

/// The preview of a selection of transactions: its address.
pub async fn preview(browser: &Browser, decision: &str, ids: &[Uuid]) -> String {
    preview_of(browser, "transactions", decision, ids).await
}

pub async fn preview_of(browser: &Browser, table: &str, verb: &str, ids: &[Uuid]) -> String {
    let answer = select_of(browser, table, verb, ids).await;
    assert_eq!(answer.status, 303, "{table}: {}", answer.text());
    answer.location.expect("it leads to the preview")
}

/// Lets a preview run and waits for its end.
pub async fn run(browser: &Browser, address: &str, reason: &str) -> Answer {
    let started = browser.post(address, &[("decision", "run"), ("reason", reason)]).await;
    assert_eq!(started.status, 303, "{}", started.text());
    finished(browser, address).await
}

pub async fn finished(browser: &Browser, address: &str) -> Answer {
    let since = Instant::now();
    loop {
        let page = browser.get(address).await;
        assert_eq!(page.status, 200, "{}", page.text());
        if page.has("#run[data-state=finished]") {
            return page;
        }
        assert!(since.elapsed() < FINISHES_WITHIN, "it does not end: {}", page.text());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// What stands in one cell of the row of one transaction.
pub fn cell(page: &Answer, id: Uuid, column: &str) -> String {
    page.texts(&format!("[data-id='{id}'] [data-column={column}]")).concat()
}
