//! Is a record's life told in sentences, field by field, and shown as it was at any moment?

mod as_of;
mod histories;

use super::{
    approvals::{House, say},
    forms::{account, filled, id_of, send, with},
    support::Browser,
};

/// Changes one record by its form.
pub async fn edit(browser: &Browser, path: &str, changes: &[(&str, &str)]) {
    let page = browser.get(&format!("{path}/edit")).await;
    let saved = send(browser, path, &with(filled(&page), changes)).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_a_sentence_and_each_field_knows_who_last_set_it() {
    let house = House::open().await;
    let (console, owner) = (&house.console, &house.owner);
    let (admin, manager, viewer) =
        (console.signed_in("admin").await, console.signed_in("manager").await, console.signed_in("viewer").await);
    let path = account(&admin, "Kestrel", "1", "EUR", &id_of(console, "user").await).await;
    edit(&manager, &path, &[("account_type", "savings")]).await;
    edit(&admin, &path, &[("account_name", "Kestrel Freight"), ("user_id", &id_of(console, "viewer").await)]).await;

    let history = admin.get(&format!("{path}/history")).await;
    let said = history.texts(".said > p");
    assert_eq!(said[0], "Lena Fischer changed name and owner", "{said:?}");
    assert_eq!(said[1], "Ines Okafor changed type from Checking to Savings");
    assert_eq!(said[2], "Lena Fischer created it");
    assert!(history.has("li.day") && history.texts("li.day")[0].starts_with("Today, "));
    assert!(history.texts(".trail ins").iter().any(|text| text == "Hana Kobayashi"), "a reference has its label");
    assert!(history.has("a[href^='/audit?q=request%3A']") && history.has("a[href^='/audit?q=actor%3Aadmin']"), "{}", history.body);
    assert!(history.has("a[href^='/tables/user_sessions/']") && history.has("a[href^='/tables/audit_logs/']"));
    let by_manager = manager.get(&format!("{path}/history")).await;
    assert!(by_manager.status == 200 && !by_manager.has("a[href^='/audit']"), "who may not search the trail has no links to it");

    // One field's life.
    let of_type = admin.get(&format!("{path}/history?field=account_type")).await;
    assert_eq!(of_type.texts(".said > p"), ["Ines Okafor changed type from Checking to Savings", "Lena Fischer created it"]);
    assert!(of_type.text().contains("Field Type") && of_type.has(&format!("a[href='{path}/history']")));
    for wrong in ["field=id", "field=nothing", "field=user_id.is_active", "field=password_hash", "field=a&nothing=1"] {
        assert_eq!(admin.get(&format!("{path}/history?{wrong}")).await.status, 400, "{wrong}");
    }

    // Who last set each.
    let record = admin.get(&path).await;
    let set = record.texts("details .diff tr:has(a[href*='?field=account_type']) td");
    assert_eq!(set[0], "Ines Okafor", "{set:?}");
    assert_eq!(record.texts("details .diff tr:has(a[href*='?field=account_name']) td")[0], "Lena Fischer");
    assert_eq!(record.texts("details .diff tr:has(a[href*='?field=currency']) td")[0], "Lena Fischer");
    assert!(!viewer.get(&path).await.text().contains("Who last set"));

    // Many changes later, what is longer ago than what is read says so.
    let number = "UPDATE accounts SET account_number = $2::text WHERE id = $1::text::uuid";
    let id = path.rsplit('/').next().expect("an id");
    for change in 0..21 {
        owner.execute(number, &[&id, &format!("n-{change}")]).await.expect("a change");
    }
    let record = admin.get(&path).await;
    assert!(record.texts("details .diff tr:has(a[href*='?field=account_type']) td")[0].contains("earlier"), "{}", record.text());
    assert!(record.texts("details .diff tr:has(a[href*='?field=account_number']) td")[0].starts_with("db:"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_said_to_be_used_once() {
    let house = House::open().await;
    let auditor = house.console.signed_in("auditor").await;
    let key = "INSERT INTO api_keys (id, user_id, key_name, key_hash, permissions, is_active) \
        SELECT '01900000-0000-7000-8000-00000000a001', id, 'Old telephone', repeat('a', 64), '[]', true FROM users WHERE username = 'user'";
    house.owner.execute(key, &[]).await.expect("a key");
    for _ in 0..3 {
        house.owner.execute("UPDATE api_keys SET last_used = clock_timestamp()", &[]).await.expect("the platform lets somebody in by it");
    }
    let trail = auditor.get("/audit?q=table:api_keys").await;
    let said: Vec<String> = trail.texts(".said > p").into_iter().filter(|sentence| sentence.contains("Old telephone")).collect();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].ends_with("used API key Old telephone for the first time"), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_tells_itself_on_a_page_of_its_own() {
    let house = House::open().await;
    let console = &house.console;
    let (admin, auditor) = (console.signed_in("admin").await, console.signed_in("auditor").await);
    let path = account(&admin, "Kestrel", "1", "EUR", &id_of(console, "user").await).await;
    edit(&admin, &path, &[("account_type", "savings")]).await;
    let statement = "SELECT id::text FROM audit_logs WHERE entity_type = 'accounts' AND action = 'UPDATE'";
    let id: String = house.owner.query_one(statement, &[]).await.expect("one entry").get(0);
    let page = auditor.get(&format!("/tables/audit_logs/{id}")).await;
    assert_eq!(page.status, 200, "{}", page.text());
    assert!(page.texts("h1")[0].starts_with("Entry of "), "{:?}", page.texts("h1"));
    assert_eq!(page.texts(".said > p"), ["Lena Fischer changed type of account Kestrel from Checking to Savings"]);
    assert_eq!(page.texts(".trail .diff ins"), ["Savings"]);
    assert!(page.has(&format!(".said a[href^='{path}']")), "{}", page.body);
    assert!(page.has(".meta a[href^='/audit?q=request%3A']") && page.has(".meta a[href^='/tables/user_sessions/']"));
    assert!(!page.texts("h2").iter().any(|title| title == "History"), "it has no history but itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_long_texts_and_secrets_are_told_by_what_changed() {
    let house = House::open().await;
    let (console, owner) = (&house.console, &house.owner);
    let admin = console.signed_in("admin").await;
    let rule = "INSERT INTO ssot_governance_rules (id, rule_name, rule_type, rule_config, created_by, updated_by)
        VALUES ('01900000-0000-7000-8000-000000000001', 'limits', 'validation', '{\"a\": {\"b\": [1, 2, 3], \"c\": 1.50}, \"keep\": \"kept-word\"}', 'x', 'x')";
    owner.batch_execute(rule).await.expect("a rule");
    let path = "/tables/ssot_governance_rules/01900000-0000-7000-8000-000000000001";
    let config =
        "UPDATE ssot_governance_rules SET rule_config = '{\"a\": {\"b\": [1, 3], \"c\": 2.50}, \"keep\": \"kept-word\", \"new\": true}'";
    owner.batch_execute(config).await.expect("a change");
    let history = admin.get(&format!("{path}/history")).await;
    let newest = history.texts(".trail > li:nth-child(2) tbody tr");
    let expected = ["Configuration › a › b[1] 2 not set", "Configuration › a › c 1.50 2.50", "Configuration › new not set true"];
    assert_eq!(newest, expected);
    assert!(!newest.join(" ").contains("kept-word"));

    // A long text: the place, and how much around it is the same.
    let user = id_of(console, "user").await;
    let account = account(&admin, "A", "1", "USD", &user).await;
    let transaction =
        house.pending(account.rsplit('/').next().expect("an id").parse().expect("a uuid"), "payment", "5.00", "manager").await;
    for word in ["ONE", "TWO"] {
        let text = ["x".repeat(400), word.to_owned(), "y".repeat(400)].concat();
        owner.execute("UPDATE transactions SET description = $1 WHERE id = $2", &[&text, &transaction]).await.expect("a change");
    }
    let history = admin.get(&format!("/tables/transactions/{transaction}/history")).await;
    assert_eq!(history.texts(".diff mark")[..2], ["ONE", "TWO"], "{}", history.text());
    let newest = history.texts(".trail > li[data-id]").remove(0);
    assert!(newest.contains("340 characters the same") && !newest.contains(&"x".repeat(300)), "{newest}");
    assert!(history.text().contains("5.00 USD"), "an amount has its currency");

    // A secret changed, and nothing more is said.
    owner.batch_execute("UPDATE users SET password_hash = 'canary-new' WHERE username = 'user'").await.expect("a change");
    let history = admin.get(&format!("/tables/users/{user}/history")).await;
    assert!(history.text().contains("changed, not shown") && !history.body.contains("canary"), "{}", history.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn decisions_events_and_old_entries_are_told_where_people_look() {
    let house = House::open().await;
    let (console, owner) = (&house.console, &house.owner);
    let (admin, manager) = (console.signed_in("admin").await, console.signed_in("manager").await);
    let account = house.account("1001", "50000.00").await;
    let payment = house.pending(account, "payment", "10000.00", "user").await;
    say(&manager, payment, "approve", "Checked").await;
    say(&admin, payment, "approve", "").await;
    let rejected = house.pending(account, "fee", "3.00", "user").await;
    say(&manager, rejected, "reject", "Entered twice").await;

    let history = manager.get(&format!("/tables/transactions/{payment}/history")).await;
    assert_eq!(history.texts(".said > p")[0], "Lena Fischer approved it, 2 of 2; it was posted");
    let history = manager.get(&format!("/tables/transactions/{rejected}/history")).await;
    let said = history.texts(".said > p").remove(0);
    assert!(said.starts_with("Ines Okafor rejected it") && said.contains("Entered twice"), "{said}");
    let balance = manager.get(&format!("/tables/accounts/{account}/history")).await;
    assert!(
        balance.texts(".said > p")[0].starts_with("Lena Fischer changed balance from 50,000.00 USD to 40,000.00 USD"),
        "{}",
        balance.text()
    );

    // The dashboard: what was done, not the rows it took.
    let stranger = console.browser();
    for _ in 0..2 {
        let token = stranger.get("/login").await.value("csrf_token").expect("a token");
        stranger.post_with("/login", &token, &[("username", "viewer"), ("password", "wrong")]).await;
    }
    let told = admin.get("/").await.texts("#deeds ~ ol p, section:has(#deeds) li p");
    // The parser puts a space between elements.
    let told: Vec<String> = told.iter().map(|sentence| sentence.replace(" ,", ",").replace(" ;", ";")).collect();
    let said = |words: &str| assert!(told.iter().any(|sentence| sentence.contains(words)), "{words}: {told:#?}");
    said("2 failed logins for viewer from 127.0.0.1");
    said("Ines Okafor rejected transaction FEE-3.00, 3.00 USD");
    said("Lena Fischer approved transaction PAYMENT-10000.00, 10,000.00 USD, 2 of 2; it was posted");
    said("Ines Okafor approved transaction PAYMENT-10000.00, 10,000.00 USD, 1 of 2");

    // What the platform wrote in words of its own.
    let user = id_of(console, "user").await;
    let old = "INSERT INTO audit_logs (entity_type, entity_id, action, new_values, user_id, created_at) VALUES
        ('users', $1::text::uuid, 'PASSWORD_RESET', '[1]', NULL, now() + interval '1 hour'), ('users', $1::text::uuid, 'update', '7', NULL, NULL)";
    owner.execute(old, &[&user]).await.expect("old entries");
    let history = admin.get(&format!("/tables/users/{user}/history")).await;
    assert_eq!(history.texts(".said > p")[0], format!("db:{} password reset", console.database.owner_config.get_user().unwrap_or("owner")));
    assert!(history.text().contains("At a time the log does not name"), "{}", history.text());
}
