//! Does a list show exactly the rows that its URL asks for, to exactly those who may see them?

mod further;

use std::collections::BTreeSet;

use crate::support::{Answer, Browser, Console, console, staffed_database};

/// Accounts of two customers and of `user`; transactions with equal and NULL sort keys.
const ROWS: &str = "
    INSERT INTO users (username, email, full_name, password_hash, role, is_active) VALUES
        ('kestrel', 'kestrel@example.com', 'Kestrel Freight Ltd', '!', 'user', true),
        ('halden', 'halden@example.com', 'Halden Marine AS', '!', 'user', false);
    INSERT INTO accounts (user_id, account_name, account_number, account_type, currency)
        SELECT id, 'Operating', 'ACC-' || username, 'checking', 'EUR' FROM users WHERE username IN ('kestrel', 'halden');
    INSERT INTO accounts (user_id, account_name, account_number, account_type, currency)
        SELECT id, 'Savings', 'ACC-own', 'savings', 'JPY' FROM users WHERE username = 'user';
    INSERT INTO transactions (account_id, transaction_type, amount, description, reference_number, transaction_date, status)
        SELECT a.id, (ARRAY['deposit', 'fee', 'payment'])[1 + i % 3], (i % 7) * 10,
               CASE WHEN i % 4 = 0 THEN NULL ELSE 'Berth and handling, week ' || i END,
               CASE WHEN i % 5 = 0 THEN NULL ELSE 'PAY-' || i END,
               CASE WHEN i % 6 = 0 THEN NULL ELSE timestamptz '2026-11-01 12:00Z' + (i % 11) * interval '1 day' END,
               CASE WHEN i % 13 = 0 THEN NULL ELSE (ARRAY['pending', 'completed', 'failed', 'cancelled'])[1 + i % 4] END
        FROM generate_series(1, 57) i JOIN accounts a ON a.account_number = (ARRAY['ACC-kestrel', 'ACC-halden', 'ACC-own'])[1 + i % 3];";

async fn stocked() -> Console {
    let database = staffed_database().await;
    database.as_owner().await.batch_execute(ROWS).await.expect("rows");
    console(database).await
}

async fn ids(console: &Console, sql: &str) -> Vec<String> {
    let client = console.database.as_owner().await;
    client.query(sql, &[]).await.expect(sql).iter().map(|row| row.get::<_, uuid::Uuid>(0).to_string()).collect()
}

async fn one(console: &Console, sql: &str) -> String {
    ids(console, sql).await.pop().expect(sql)
}

/// Every page from `path` on, by its links of one relation.
async fn walk(browser: &Browser, path: &str, relation: &str) -> Vec<Answer> {
    let mut pages = Vec::new();
    let mut next = Some(path.to_owned());
    while let Some(path) = next {
        let page = browser.get(&path).await;
        assert_eq!(page.status, 200, "{path}");
        next = page.attributes(&format!("a[rel={relation}]"), "href").pop();
        pages.push(page);
        assert!(pages.len() < 100, "{path} never ends");
    }
    pages
}

#[tokio::test(flavor = "multi_thread")]
async fn paging_forward_and_back_meets_every_row_once() {
    let console = stocked().await;
    let browser = console.signed_in("auditor").await;
    let all: BTreeSet<String> = ids(&console, "SELECT id FROM transactions").await.into_iter().collect();
    for sort in ["", "transaction_date", "-transaction_date", "amount", "-amount", "reference_number", "-reference_number", "-status"] {
        let path = format!("/tables/transactions?limit=5&sort={sort}");
        let forward = walk(&browser, &path, "next").await;
        let rows: Vec<String> = forward.iter().flat_map(Answer::rows).collect();
        assert_eq!(rows.len(), all.len(), "{sort}: a row twice, or missing");
        assert_eq!(rows.iter().cloned().collect::<BTreeSet<_>>(), all, "{sort}");
        assert!(!forward[0].has("a[rel=prev]"), "nothing stands before the first page");
        let back_from = forward.last().expect("pages").attributes("a[rel=prev]", "href").pop().expect("a way back");
        let mut back = walk(&browser, &back_from, "prev").await;
        back.reverse();
        let last = forward.last().expect("pages").rows();
        let met: Vec<String> = back.iter().flat_map(Answer::rows).chain(last).collect();
        assert_eq!(met, rows, "{sort}: the way back is the way there");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_in_the_order_it_says() {
    let console = stocked().await;
    let browser = console.signed_in("auditor").await;
    for (sort, sql) in [
        ("-amount", "SELECT id FROM transactions ORDER BY amount DESC, id DESC"),
        ("transaction_date", "SELECT id FROM transactions ORDER BY transaction_date NULLS LAST, id"),
        (
            "-transaction_date",
            "SELECT id FROM transactions ORDER BY transaction_date DESC NULLS LAST, CASE WHEN transaction_date IS NULL THEN id END, id DESC",
        ),
    ] {
        let page = browser.get(&format!("/tables/transactions?limit=200&sort={sort}")).await;
        assert_eq!(page.rows(), ids(&console, sql).await, "{sort}");
        let sorted = page.attributes("th[aria-sort]", "aria-sort");
        assert_eq!(sorted, [if sort.starts_with('-') { "descending" } else { "ascending" }], "one head says so, and only one");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_filter_finds_its_rows() {
    let console = stocked().await;
    let browser = console.signed_in("admin").await;
    let account = one(&console, "SELECT id FROM accounts WHERE account_number = 'ACC-kestrel'").await;
    let customer = one(&console, "SELECT id FROM users WHERE username = 'kestrel'").await;
    let of_kestrel = "account_id IN (SELECT id FROM accounts WHERE account_number = 'ACC-kestrel')";
    let of = |condition: &str| format!("SELECT id FROM transactions WHERE {condition}");
    for (query, sql) in [
        ("status=pending".to_owned(), of("status = 'pending'")),
        ("status=pending&status=failed".to_owned(), of("status IN ('pending', 'failed')")),
        ("amount.min=20&amount.max=40".to_owned(), of("amount BETWEEN 20 AND 40")),
        ("amount.min=&amount.max=".to_owned(), of("true")),
        ("transaction_date.from=2026-11-03&transaction_date.to=2026-11-03".to_owned(), of("transaction_date::date = '2026-11-03'")),
        ("transaction_date.to=2026-11-03T12:00".to_owned(), of("transaction_date <= '2026-11-03 12:00Z'")),
        ("transaction_date.from=2026-11-04&tz=Pacific/Auckland".to_owned(), of("transaction_date >= '2026-11-03 11:00Z'")),
        (format!("account_id={account}"), of(of_kestrel)),
        (format!("account_id.user_id={customer}"), of(of_kestrel)),
        ("account_id.currency=JPY".to_owned(), of("account_id IN (SELECT id FROM accounts WHERE currency = 'JPY')")),
        ("description=WEEK+1".to_owned(), of("description ILIKE '%week 1%'")),
        ("description=%25".to_owned(), of("description LIKE '%\\%%'")),
        ("reference_number.empty=yes".to_owned(), of("reference_number IS NULL")),
        ("status.empty=no".to_owned(), of("status IS NOT NULL")),
        ("q=PAY-1".to_owned(), of("reference_number ILIKE '%PAY-1%' OR description ILIKE '%PAY-1%'")),
        ("q=pa".to_owned(), of("reference_number ILIKE 'pa%' OR description ILIKE 'pa%'")),
        (format!("q=PAY-1&account_id={account}"), of(&format!("reference_number ILIKE '%PAY-1%' AND {of_kestrel}"))),
    ] {
        let page = browser.get(&format!("/tables/transactions?limit=200&{query}")).await;
        assert_eq!(page.status, 200, "{query}");
        let found: BTreeSet<String> = page.rows().into_iter().collect();
        let expected: BTreeSet<String> = ids(&console, &sql).await.into_iter().collect();
        assert_eq!(found, expected, "{query}");
    }
    for (path, sql) in [
        ("/tables/users?is_active=false", "SELECT id FROM users WHERE NOT is_active"),
        ("/tables/accounts?user_id.is_active=false", "SELECT a.id FROM accounts a JOIN users u ON u.id = user_id WHERE NOT u.is_active"),
        ("/tables/user_sessions?ip_address=127.0.0.0/8", "SELECT id FROM user_sessions WHERE ip_address <<= '127.0.0.0/8'"),
    ] {
        let found: BTreeSet<String> = browser.get(path).await.rows().into_iter().collect();
        assert_eq!(found, ids(&console, sql).await.into_iter().collect(), "{path}");
        assert!(!found.is_empty(), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_far_down_the_list_stands_before_what_has_no_place_in_it() {
    let console = stocked().await;
    let far = "ALTER TABLE transactions DISABLE TRIGGER USER;
        INSERT INTO transactions (account_id, transaction_type, amount, reference_number)
            SELECT a.id, 'deposit', 5, 'A-' || lpad(i::text, 5, '0') FROM generate_series(1, 2500) i JOIN accounts a ON a.account_number = 'ACC-own';
        INSERT INTO transactions (account_id, transaction_type, amount, reference_number)
            SELECT a.id, 'interest', 7, CASE WHEN i <= 10 THEN 'Z-' || lpad(i::text, 5, '0') END
              FROM generate_series(1, 90) i JOIN accounts a ON a.account_number = 'ACC-own';";
    console.database.as_owner().await.batch_execute(far).await.expect("rows");
    for who in ["admin", "user"] {
        let browser = console.signed_in(who).await;
        let path = "/tables/transactions?transaction_type=interest&sort=reference_number&limit=25";
        let rows: Vec<String> = walk(&browser, path, "next").await.iter().flat_map(Answer::rows).collect();
        let expected =
            ids(&console, "SELECT id FROM transactions WHERE transaction_type = 'interest' ORDER BY reference_number NULLS LAST, id").await;
        assert_eq!(rows, expected, "{who}");
    }
    let searched = console.signed_in("admin").await.get("/tables/transactions?q=Z-000&sort=-reference_number").await.rows();
    assert_eq!(
        searched,
        ids(&console, "SELECT id FROM transactions WHERE reference_number LIKE 'Z-%' ORDER BY reference_number DESC").await
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_is_not_exactly_right_is_refused_by_name() {
    let console = stocked().await;
    let browser = console.signed_in("admin").await;
    for (query, parameter) in [
        ("bogus=1", "bogus"),
        ("sort=bogus", "sort"),
        ("sort=description", "sort"),
        ("status=paid", "status"),
        ("amount.min=1e3", "amount.min"),
        ("amount.min=1&amount.min=2", "amount.min"),
        ("amount.from=1", "amount.from"),
        ("transaction_date.from=2026-02-30", "transaction_date.from"),
        ("account_id=123", "account_id"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=many", "limit"),
        ("after=AAAA", "after"),
        ("columns=password_hash", "columns"),
        ("tz=Mars/Olympus", "tz"),
        ("q=%ff", "q"),
        ("q=a%00b", "q"),
        ("reference_number.empty=perhaps", "reference_number.empty"),
    ] {
        let page = browser.get(&format!("/tables/transactions?{query}")).await;
        assert_eq!(page.status, 400, "{query}");
        assert!(page.texts("#errors").concat().contains(&format!("“{parameter}”")), "{query}: {:?}", page.texts("#errors"));
        assert!(page.texts("title")[0].starts_with("Error: "), "{query}");
        assert!(page.texts("h1")[0].contains("Transactions"), "said on the list's own page");
        let way_on = page.attributes("main a.btn[href^='/tables/transactions']", "href");
        assert!(!way_on.is_empty(), "{query}: a way on");
    }
    let users = browser.get("/tables/users?password_hash=x").await;
    assert_eq!(users.status, 400, "no filter on a secret");
    let other_order = browser.get("/tables/transactions?limit=5").await.attributes("a[rel=next]", "href").pop().expect("more");
    assert_eq!(browser.get(&format!("{other_order}&sort=amount")).await.status, 400, "a cursor belongs to its order");
    assert_eq!(browser.get("/tables/nothing").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_is_found_by_its_name() {
    let console = stocked().await;
    let browser = console.signed_in("admin").await;
    let account = one(&console, "SELECT id FROM accounts WHERE account_number = 'ACC-kestrel'").await;
    let found = browser.get("/tables/transactions?status=pending&account_id.find=ACC-kestrel").await;
    assert_eq!(found.status, 303);
    assert_eq!(found.location.as_deref(), Some(format!("/tables/transactions?status=pending&account_id={account}").as_str()));
    let several = browser.get("/tables/transactions?status=pending&account_id.find=operating").await;
    assert_eq!(several.status, 200);
    let offered = several.attributes(".note a", "href");
    assert!(offered.contains(&format!("/tables/transactions?status=pending&account_id={account}")), "{offered:?}");
    let none = browser.get("/tables/transactions?account_id.find=nobody+at+all").await;
    assert!(none.texts(".note").concat().contains("No account matches"), "{:?}", none.texts(".note"));
    let chosen = browser.get(&format!("/tables/transactions?account_id={account}")).await;
    assert_eq!(chosen.texts(".chip b"), ["is Operating"], "a chip names the record, not its id");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_offers_what_can_be_done_next() {
    let console = stocked().await;
    let browser = console.signed_in("admin").await;
    let page = browser.get("/tables/transactions?status=pending&amount.min=20&sort=-amount&limit=5").await;
    let without: Vec<String> = page.attributes(".chip a", "href");
    assert!(without.contains(&"/tables/transactions?amount.min=20&sort=-amount&limit=5".to_owned()), "{without:?}");
    let back = "return=%2Ftables%2Ftransactions%3Fstatus%3Dpending%26amount.min%3D20%26sort%3D-amount%26limit%3D5";
    let links = page.attributes("tbody th a", "href");
    assert!(!links.is_empty() && links.iter().all(|link| link.contains(back)), "{links:?}");
    assert!(page.texts("caption")[0].contains("largest first"));
    assert_eq!(page.attributes("table th[scope=row]", "data-column").iter().collect::<BTreeSet<_>>().len(), 1, "one column names the rows");
    let none = browser.get("/tables/transactions?status=pending&reference_number=nowhere").await;
    assert!(none.rows().is_empty());
    assert!(none.texts(".empty").concat().contains("Without"), "{:?}", none.texts(".empty"));
    let empty = browser.get("/tables/api_keys").await;
    assert!(empty.texts(".empty").concat().contains("No API keys yet"), "{:?}", empty.texts(".empty"));
    assert!(empty.has(".empty a[href^='/tables/api_keys/new']"));
    let columns = browser.get("/tables/users?columns=email&columns=role").await;
    assert_eq!(columns.attributes("tbody tr:first-child [data-column]", "data-column"), ["email", "role"]);
    let auditor = console.signed_in("auditor").await.get("/tables/transactions").await;
    assert!(!auditor.has("a[href*='/new']") && auditor.has("a[href*='export.csv']"), "an auditor exports and makes nothing");
    let viewer = console.signed_in("viewer").await.get("/tables/transactions").await;
    assert!(!viewer.has("a[href*='export']"), "a viewer only reads");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_sees_their_own_rows_on_every_path() {
    let console = stocked().await;
    let browser = console.signed_in("user").await;
    let own = "SELECT t.id FROM transactions t JOIN accounts a ON a.id = account_id WHERE account_number = 'ACC-own'";
    let mine: BTreeSet<String> = ids(&console, own).await.into_iter().collect();
    let page = browser.get("/tables/transactions?limit=200").await;
    assert_eq!(page.rows().into_iter().collect::<BTreeSet<_>>(), mine);
    assert!(!page.text().contains("ACC-kestrel"));
    let searched = browser.get("/tables/transactions?limit=200&q=week").await.rows();
    assert!(!searched.is_empty() && searched.iter().all(|id| mine.contains(id)), "a search, too");
    let stranger = one(&console, "SELECT id FROM accounts WHERE account_number = 'ACC-kestrel'").await;
    assert!(browser.get(&format!("/tables/transactions?account_id={stranger}")).await.rows().is_empty());
    assert!(browser.get("/tables/transactions?account_id.find=ACC-kestrel").await.text().contains("No account matches"));
    assert!(browser.get("/tables/transactions/candidates?column=account_id&q=ACC").await.body.contains("Savings"));
    assert!(!browser.get("/tables/transactions/candidates?column=account_id&q=ACC-kestrel").await.body.contains("kestrel"));
    assert_eq!(browser.get("/tables/transactions/export.csv").await.status, 403);
    assert_eq!(browser.get("/tables/users").await.status, 403);
    assert_eq!(browser.get("/tables/transactions?created_by.find=admin").await.status, 400, "nobody learns who there is by filtering");
    let accounts = browser.get("/tables/accounts").await;
    assert_eq!(accounts.rows().len(), 1);
    assert!(accounts.text().contains("Yusuf Demir"), "one's own name is no secret");
    assert!(!accounts.has("tbody a[href*='/tables/users/']"), "but nothing to open");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_learns_nothing_of_users_by_filtering_accounts() {
    let console = stocked().await;
    let browser = console.signed_in("viewer").await;
    let page = browser.get("/tables/accounts").await;
    assert_eq!(page.rows().len(), 3);
    assert!(!page.text().contains("Kestrel"), "{}", page.text());
    for query in ["user_id.is_active=true", "user_id.find=kestrel"] {
        assert_eq!(browser.get(&format!("/tables/accounts?{query}")).await.status, 400, "{query}");
    }
    assert_eq!(browser.get("/tables/accounts/candidates?column=user_id&q=kes").await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picker_gets_its_candidates() {
    let console = stocked().await;
    let browser = console.signed_in("admin").await;
    let answer = browser.get("/tables/transactions/candidates?column=account_id&q=kestrel").await;
    let found: serde_json::Value = serde_json::from_str(&answer.body).expect("JSON");
    assert_eq!((found[0]["label"].as_str(), found[0]["detail"].as_str()), (Some("Operating"), Some("ACC-kestrel")));
    assert_eq!(browser.get("/tables/transactions/candidates?column=account_id&q=").await.body, "[]");
    for query in ["column=amount&q=1", "column=nothing&q=1", "q=1", "column=account_id&q=1&more=1"] {
        assert_eq!(browser.get(&format!("/tables/transactions/candidates?{query}")).await.status, 400, "{query}");
    }
}
