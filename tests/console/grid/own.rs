//! Does "own" mean own on every path there is to a row?

use super::{
    super::{
        forms::{filled, with},
        support::{Browser, Console, stock},
    },
    opened,
};

/// Stands in every row that is not `user`'s.
const STRANGER: &str = "stranger";

async fn id_of(console: &Console, username: &str) -> String {
    super::super::forms::id_of(console, username).await
}

async fn token(browser: &Browser) -> String {
    browser.get("/account").await.value("csrf_token").expect("a token")
}

async fn count(console: &Console, sql: &str) -> i64 {
    console.database.as_owner().await.query_one(sql, &[]).await.expect("a count").get(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_searches_and_filters_of_a_user_hold_only_their_own() {
    let console = opened().await;
    let user = console.signed_in("user").await;
    let (stranger, myself) = (id_of(&console, "manager2").await, id_of(&console, "user").await);
    let account = stock::of("accounts", "manager2");
    for (table, rows) in [("accounts", 1), ("transactions", 2), ("api_keys", 2), ("notifications", 2), ("user_sessions", 3)] {
        let list = format!("/tables/{table}");
        let page = user.get(&list).await;
        assert_eq!(page.rows().len(), rows, "{table}: {}", page.text());
        assert!(!page.body.to_lowercase().contains(STRANGER), "{table}");
        let resource = nexus_console::tables::TABLES.iter().find(|resource| resource.table == table).expect("a table");
        let columns: Vec<&str> = resource.listable().map(|column| column.name).collect();
        let whole = user.get(&format!("{list}?columns={}", columns.join(","))).await;
        assert_eq!(whole.rows().len(), rows, "{table}: {}", whole.text());
        assert!(!whole.body.to_lowercase().contains(STRANGER), "{table} with every column");
        for column in resource.columns.iter().filter(|column| column.sortable) {
            for sign in ["", "-"] {
                assert_eq!(user.get(&format!("{list}?sort={sign}{}", column.name)).await.rows().len(), rows, "{table} {}", column.name);
            }
        }
        if resource.searchable().next().is_some() {
            let found = user.get(&format!("{list}?q={STRANGER}")).await;
            assert!(found.rows().is_empty(), "{table}: {}", found.text());
            assert_eq!(user.get(&format!("{list}?q=mine")).await.rows().len(), if table == "accounts" { 1 } else { 2 }, "{table}");
        }
        // Whether a stranger's row is there must not show in how a filter is answered.
        for query in [
            format!("user_id={stranger}"),
            format!("account_id={account}"),
            format!("account_id.user_id={stranger}"),
            format!("created_by={stranger}"),
            format!("updated_by={stranger}"),
            "user_id.find=Dario".to_owned(),
            "account_id.find=stranger".to_owned(),
            "created_by.find=Dario".to_owned(),
            "account_id.user_id.find=Dario".to_owned(),
        ] {
            let page = user.get(&format!("{list}?{query}")).await;
            assert!([200, 400].contains(&page.status), "{table} {query}: {}", page.status);
            let text = page.text();
            assert!(!text.contains("Account stranger") && !text.contains("Dario Benedetti"), "{table} {query}: {text}");
            assert!(page.status == 400 || query.contains(".find") || page.rows().is_empty(), "{table} {query}: {text}");
        }
        for ending in ["csv", "jsonl", "xlsx"] {
            assert_eq!(user.get(&format!("{list}/export.{ending}?user_id={myself}")).await.status, 403, "{table}");
        }
    }
    let currency = user.get("/tables/transactions?account_id.currency=USD").await;
    assert_eq!(currency.rows().len(), 2, "{}", currency.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_address_of_a_strangers_record_leads_anywhere() {
    let console = opened().await;
    let (user, manager) = (console.signed_in("user").await, console.signed_in("manager").await);
    let (users_token, managers_token) = (token(&user).await, token(&manager).await);
    for (browser, token, tables) in [
        (&user, &users_token, &["accounts", "transactions", "api_keys", "notifications", "user_sessions"][..]),
        (&manager, &managers_token, &["api_keys", "notifications", "user_sessions"][..]),
    ] {
        for table in tables {
            let id = stock::of(table, "manager2");
            let record = format!("/tables/{table}/{id}");
            for rest in ["", "/delete", "/withdraw", "/rotate", "/revoke", "/read", "/history", "/edit"] {
                let status = browser.get(&format!("{record}{rest}")).await.status;
                assert!([403, 404].contains(&status), "{record}{rest}: {status}");
                let answer = browser.post_with(&format!("{record}{rest}"), token, &[("reason", "Mine"), ("reach", "all")]).await;
                assert!([403, 404, 405].contains(&answer.status), "POST {record}{rest}: {} {}", answer.status, answer.text());
                assert!(!answer.body.to_lowercase().contains(STRANGER), "{record}{rest}");
            }
            let copy = browser.get(&format!("/tables/{table}/new?copy={id}")).await;
            assert!([403, 404].contains(&copy.status), "{table}: {}", copy.status);
        }
    }
    let changed = "SELECT (SELECT count(*) FROM transactions WHERE status = 'cancelled') + (SELECT count(*) FROM api_keys WHERE NOT is_active) + \
                   (SELECT count(*) FROM notifications WHERE is_read) + (SELECT count(*) FROM user_sessions WHERE NOT is_active)";
    assert_eq!(count(&console, changed).await, 4 * 6, "as they were");
}

#[tokio::test(flavor = "multi_thread")]
async fn pickers_and_forms_of_a_user_know_only_their_own_accounts() {
    let console = opened().await;
    let user = console.signed_in("user").await;
    let token = token(&user).await;
    let found = user.get("/tables/transactions/candidates?column=account_id&q=Account").await;
    assert_eq!(found.status, 200);
    assert!(found.body.contains("Account mine user") && !found.body.contains(STRANGER), "{}", found.body);
    for typed in ["stranger", "A-stranger-manager2", &stock::of("accounts", "manager2")] {
        let found = user.get(&format!("/tables/transactions/candidates?column=account_id&q={typed}")).await;
        assert_eq!(found.body, "[]", "{typed}");
    }
    for column in ["created_by", "updated_by", "account_id.user_id"] {
        let status = user.get(&format!("/tables/transactions/candidates?column={column}&q=Dario")).await.status;
        assert!([400, 403].contains(&status), "{column}: {status}");
    }

    let page = user.get("/tables/transactions/new").await;
    let stranger = stock::of("accounts", "manager2");
    let before = count(&console, "SELECT count(*) FROM transactions").await;
    let sound = [("transaction_type", "deposit"), ("amount", "1.00"), ("description", "For somebody else")];
    for (name, typed) in [
        ("account_id", stranger.as_str()),
        ("account_id.find", "stranger"),
        ("account_id.find", "A-stranger-manager2"),
        ("account_id.find", &stranger),
    ] {
        let pairs = with(with(filled(&page), &sound), &[(name, typed)]);
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let answer = user.post_with("/tables/transactions", &token, &pairs).await;
        assert_eq!(answer.status, 422, "{name}={typed}: {}", answer.text());
        assert!(!answer.text().contains("Account stranger"), "{}", answer.text());
        let asked = user.post_with("/tables/transactions", &token, &[&pairs[..], &[("find", "account_id")]].concat()).await;
        assert!(!asked.text().contains("Account stranger"), "{}", asked.text());
        let preset = user.get(&format!("/tables/transactions/new?account_id={typed}")).await;
        assert!(!preset.text().contains("Account stranger"), "{}", preset.text());
    }
    assert_eq!(count(&console, "SELECT count(*) FROM transactions").await, before);

    let mine = with(with(filled(&page), &sound), &[("account_id", stock::of("accounts", "user").as_str())]);
    let mine: Vec<(&str, &str)> = mine.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(user.post_with("/tables/transactions", &token, &mine).await.status, 303);
    assert_eq!(count(&console, "SELECT count(*) FROM transactions").await, before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_sees_what_others_did_to_their_own_without_their_names() {
    let console = opened().await;
    let owner = console.database.as_owner().await;
    // Made by a manager, in the user's account; and the user's own work in an account that is not theirs.
    owner
        .execute(
            "INSERT INTO transactions (account_id, transaction_type, amount, description, created_by)
             SELECT $1::text::uuid, 'fee', 2, 'By a manager', id FROM users WHERE username = 'manager2'",
            &[&stock::of("accounts", "user")],
        )
        .await
        .expect("a transaction");
    owner
        .execute(
            "INSERT INTO transactions (account_id, transaction_type, amount, description, created_by)
             SELECT $1::text::uuid, 'fee', 2, 'By the user for a stranger', id FROM users WHERE username = 'user'",
            &[&stock::of("accounts", "manager2")],
        )
        .await
        .expect("a transaction");
    let user = console.signed_in("user").await;
    let list = user.get("/tables/transactions?columns=description,created_by,account_id").await;
    assert!(list.text().contains("By a manager") && !list.text().contains("for a stranger"), "{}", list.text());
    assert!(!list.text().contains("Dario"), "{}", list.text());
    let account = user.get(&format!("/tables/accounts/{}", stock::of("accounts", "user"))).await;
    assert!(account.text().contains("All 3 Transactions"), "{}", account.text());
    for page in ["/", "/account", "/tables/transactions", "/tables/accounts"] {
        let answer = user.get(page).await;
        assert_eq!(answer.status, 200, "{page}");
        let text = answer.text().to_lowercase();
        assert!(!text.contains(STRANGER) && !text.contains("dario"), "{page}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_and_related_lists_count_only_what_their_reader_may_see() {
    let console = opened().await;
    let (user, manager) = (console.signed_in("user").await, console.signed_in("manager").await);
    let dashboard = user.get("/").await.text();
    assert!(dashboard.contains("My accounts 1") || dashboard.contains("1 My accounts"), "{dashboard}");
    // Six accounts of 100 are there; a user's own balance is theirs alone.
    assert!(dashboard.contains("100 .00") && !dashboard.contains("600 .00"), "{dashboard}");
    let stranger = id_of(&console, "manager2").await;
    let record = manager.get(&format!("/tables/users/{stranger}")).await;
    assert_eq!(record.status, 200);
    let text = record.text();
    assert!(text.contains("Account stranger manager2"), "accounts of anybody are a manager's to read: {text}");
    for hidden in ["Key stranger", "Notice stranger", "Device stranger"] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
    for (table, rows) in [("api_keys", 2), ("notifications", 2)] {
        let list = manager.get(&format!("/tables/{table}")).await;
        assert_eq!(list.rows().len(), rows, "{table}");
        assert!(manager.get(&format!("/tables/{table}?user_id={stranger}")).await.rows().is_empty(), "{table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_writes_a_row_for_somebody_else() {
    let console = opened().await;
    let before = count(&console, "SELECT count(*) FROM api_keys").await;
    let stranger = id_of(&console, "admin").await;
    for username in ["user", "manager"] {
        let browser = console.signed_in(username).await;
        let page = browser.get("/tables/api_keys/new").await;
        let pairs = with(filled(&page), &[("key_name", "Mine"), ("user_id", &stranger), ("permissions", "[\"accounts:read\"]")]);
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let answer = browser.post_with("/tables/api_keys", &token(&browser).await, &pairs).await;
        assert!([403, 422].contains(&answer.status), "{}: {}", answer.status, answer.text());
        // A key never may more than its owner does.
        let pairs = with(filled(&page), &[("key_name", "Mine"), ("permissions", "[\"users:edit\"]")]);
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let answer = browser.post_with("/tables/api_keys", &token(&browser).await, &pairs).await;
        assert_eq!(answer.status, 422, "{}", answer.text());
    }
    assert_eq!(count(&console, "SELECT count(*) FROM api_keys").await, before);
}
