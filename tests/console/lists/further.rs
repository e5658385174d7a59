//! Does a list that cannot be read to its end say how far it looked, and does going on find the rest?

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{one, walk};
use crate::support::{Answer, Browser, Console, console, staffed_database};

/// 60,000 transactions, the newest last. `olden` is in each of the first 6,000, with `times`, and in every 6,000th; the first 6,000
/// and every 20th are `user`'s own. Some have no date.
const ROWS: &str = "
    INSERT INTO accounts (user_id, account_name, account_number, account_type, currency)
        SELECT id, 'Current', 'ACC-' || username, 'checking', 'EUR' FROM users WHERE username IN ('user', 'viewer');
    ALTER TABLE transactions DISABLE TRIGGER USER;
    INSERT INTO transactions (account_id, transaction_type, amount, description, reference_number, transaction_date, status)
        SELECT a.id, 'payment', 1 + i % 500, CASE WHEN i <= 6000 THEN 'olden times' WHEN i % 6000 = 0 THEN 'olden days' ELSE 'of today' END,
               'PAY-' || i,
               CASE WHEN i % 997 <> 0 THEN timestamptz '2026-01-01Z' + i * interval '1 minute' END, 'completed'
          FROM generate_series(1, 60000) i
          JOIN accounts a ON a.account_number = CASE WHEN i <= 6000 OR i % 20 = 0 THEN 'ACC-user' ELSE 'ACC-viewer' END;
    ALTER TABLE transactions ENABLE TRIGGER USER;
    ANALYZE transactions;";

const OWN: &str = "account_id = (SELECT id FROM accounts WHERE account_number = 'ACC-user')";

async fn filled() -> Console {
    let database = staffed_database().await;
    database.as_owner().await.batch_execute(ROWS).await.expect("rows");
    console(database).await
}

async fn in_order(console: &Console, condition: &str) -> Vec<String> {
    let sql = format!(
        "SELECT id::text FROM transactions WHERE description LIKE 'olden%' AND {condition} \
         ORDER BY transaction_date DESC NULLS LAST, CASE WHEN transaction_date IS NULL THEN id END, id DESC"
    );
    let rows = console.database.as_owner().await.query(&sql, &[]).await.expect("rows");
    rows.iter().map(|row| row.get(0)).collect()
}

/// Walks to the end and back again: every row once, in the order of the list.
async fn meets_all(browser: &Browser, path: &str, all: &[String]) -> Vec<Answer> {
    let forward = walk(browser, path, "next").await;
    let rows: Vec<String> = forward.iter().flat_map(Answer::rows).collect();
    assert_eq!(rows.iter().collect::<BTreeSet<_>>().len(), rows.len(), "{path}: a row twice");
    assert!(rows == all, "{path}: {} rows of {}, or in another order", rows.len(), all.len());
    let last = forward.last().expect("pages");
    let back_from = last.attributes("a[rel=prev]", "href").pop().expect("a way back");
    let mut back = walk(browser, &back_from, "prev").await;
    back.reverse();
    let met: Vec<String> = back.iter().flat_map(Answer::rows).chain(last.rows()).collect();
    assert!(met == all, "{path}: on the way back {} rows of {}, or in another order", met.len(), all.len());
    forward
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_says_how_far_it_looked_and_going_on_finds_every_row_once() {
    let console = filled().await;
    let admin = console.signed_in("admin").await;
    let all = in_order(&console, "true").await;
    let pages = meets_all(&admin, "/tables/transactions?q=olden&limit=200", &all).await;
    let first = &pages[0];
    assert_eq!(first.rows().len(), 9, "of the newest 50,000");
    let said = first.texts(".note[role=status]").concat();
    assert!(said.contains("50,000 transactions were looked through, as far as Date 7 Jan 2026"), "{said}");
    assert!(said.contains("Account") && said.contains("Status"), "filters that help: {said}");
    assert_eq!(first.texts("a[rel=next]"), ["Look further"]);
    assert!(first.texts(".pager").concat().contains("9 rows so far"), "{:?}", first.texts(".pager"));
    assert!(!pages[1].has(".note[role=status]"), "a full page needs no words");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_without_a_row_so_far_leads_on_and_back() {
    let console = filled().await;
    let admin = console.signed_in("admin").await;
    let all = in_order(&console, "description = 'olden times'").await;
    let pages = meets_all(&admin, "/tables/transactions?q=times&limit=200", &all).await;
    assert_eq!(pages[0].rows(), Vec::<String>::new());
    assert_eq!(pages[0].texts(".empty h2"), ["No transaction matches so far"]);
    assert_eq!(pages[0].texts("a[rel=next]"), ["Look further"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_goes_on_from_rows_of_their_own() {
    let console = filled().await;
    let user = console.signed_in("user").await;
    let all = in_order(&console, OWN).await;
    let pages = meets_all(&user, "/tables/transactions?q=olden&limit=200", &all).await;
    let said = pages[0].texts(".note[role=status]").concat();
    assert!(said.contains("Your transactions were looked through, as far as Date 7 Jan 2026"), "{said}");
    let place = pages[0].attributes("a[rel=next]", "href").concat();
    let own = one(&console, &format!("SELECT id FROM transactions WHERE {OWN} AND reference_number = 'PAY-9960'")).await;
    let encoded = place.split("after=").nth(1).expect("a place");
    let decoded = String::from_utf8(URL_SAFE_NO_PAD.decode(encoded).expect("base64")).expect("text");
    assert!(decoded.contains(&own), "nobody else's row is named: {decoded}");
}
