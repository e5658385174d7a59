//! Are the approval rules said, kept and guarded, so that nothing pending is left without anybody to decide it?

use super::{
    forms::{account, filled, id_of, send, with},
    support::{Answer, Browser, Console, console, staffed_database},
};

const RULES: &str = "/approvals/rules";

async fn opened() -> Console {
    console(staffed_database().await).await
}

async fn save(browser: &Browser, changes: &[(&str, &str)]) -> Answer {
    let page = browser.get(RULES).await;
    send(browser, RULES, &with(filled(&page), changes)).await
}

async fn deposit(browser: &Browser, account: &str, amount: &str) -> String {
    let account = account.rsplit('/').next().expect("an id");
    let page = browser.get("/tables/transactions/new").await;
    let changes = [("account_id", account), ("transaction_type", "deposit"), ("amount", amount), ("description", "For the roof")];
    let answer = send(browser, "/tables/transactions", &with(filled(&page), &changes)).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    answer.location.expect("a record").rsplit('/').next().expect("an id").to_owned()
}

async fn setting(console: &Console, key: &str) -> Option<String> {
    let client = console.database.as_owner().await;
    let row = client.query_opt("SELECT setting_value::text FROM system_settings WHERE setting_key = $1", &[&key]).await.expect("asked");
    row.map(|row| row.get(0))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rules_are_read_by_three_roles_and_changed_by_one() {
    let console = opened().await;
    for (username, status, form) in
        [("admin", 200, true), ("manager", 200, false), ("auditor", 200, false), ("user", 403, false), ("viewer", 403, false)]
    {
        let browser = console.signed_in(username).await;
        let page = browser.get(RULES).await;
        assert_eq!((page.status, page.has("form[action='/approvals/rules']")), (status, form), "{username}");
        if status == 200 {
            assert!(page.text().contains("Every currency: one person; from 10,000.00 on, two people."), "{}", page.text());
        }
        if username != "admin" {
            assert_eq!(browser.post(RULES, &[("version", "x")]).await.status, 403, "{username}");
            assert_eq!(browser.get("/approvals/held").await.status, 403, "{username}");
            assert_eq!(browser.post("/approvals/held", &[]).await.status, 403, "{username}");
        }
    }
    assert_eq!(console.signed_in("admin").await.get("/approvals/rules?x=1").await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_is_typed_line_by_line_without_scripts() {
    let console = opened().await;
    let admin = console.signed_in("admin").await;
    let page = admin.get(RULES).await;
    let longer = send(&admin, RULES, &with(filled(&page), &[("add", "line")])).await;
    assert_eq!(longer.status, 200);
    assert_eq!(longer.value("currency_2").as_deref(), Some(""));
    assert_eq!(setting(&console, "approval_tiers").await, None, "a line more saves nothing");

    let typed = [("currency_2", "JPY"), ("from_2", "0"), ("approvers_2", "3"), ("approval_expiry_days", "45")];
    let saved = send(&admin, RULES, &with(filled(&longer), &typed)).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    let kept = setting(&console, "approval_tiers").await.expect("made");
    let expected =
        r#"{"*": [{"from": "0.00", "approvers": 1}, {"from": "10000.00", "approvers": 2}], "JPY": [{"from": "0.00", "approvers": 3}]}"#;
    let parsed = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("a document");
    assert_eq!(parsed(&kept), parsed(expected));
    assert_eq!(setting(&console, "approval_expiry_days").await.as_deref(), Some("45"));
    let page = admin.get(RULES).await;
    assert!(page.text().contains("JPY: three people."), "{}", page.text());
    assert!(page.text().contains("Changed last by Lena Fischer"), "{}", page.text());

    let shorter = send(&admin, RULES, &with(filled(&page), &[("remove", "0")])).await;
    assert_eq!(shorter.value("currency_0").as_deref(), Some("*"));
    assert_eq!(send(&admin, RULES, &filled(&shorter)).await.status, 303);
    assert!(!setting(&console, "approval_tiers").await.expect("kept").contains("JPY"));
    let same = save(&admin, &[]).await;
    assert_eq!(same.status, 303);
    assert!(admin.get(RULES).await.text().contains("Nothing was changed."));
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_are_said_at_their_field_and_nothing_is_lost() {
    let console = opened().await;
    let admin = console.signed_in("admin").await;
    for (name, typed) in
        [("currency_1", "usd"), ("from_1", "1,000"), ("approvers_0", "none"), ("approval_expiry_days", "0"), ("from_0", "5")]
    {
        let answer = save(&admin, &[(name, typed)]).await;
        assert_eq!(answer.status, 422, "{name}: {}", answer.text());
        assert_eq!(answer.value(name).as_deref(), Some(typed), "kept as typed");
        assert!(answer.has(&format!("#{name}-error")), "{name}");
        assert!(answer.has(&format!("#errors a[href='#{name}']")), "{name}");
    }
    assert_eq!(setting(&console, "approval_tiers").await, None);

    let first = admin.get(RULES).await;
    assert_eq!(save(&admin, &[("from_1", "5000")]).await.status, 303);
    let late = send(&admin, RULES, &with(filled(&first), &[("from_1", "7000")])).await;
    assert_eq!(late.status, 409);
    assert!(late.text().contains("Lena Fischer changed the rules"), "{}", late.text());
    assert_eq!(late.value("from_1").as_deref(), Some("7000"));
    assert_eq!(send(&admin, RULES, &filled(&late)).await.status, 303, "and once more replaces it");
    assert!(setting(&console, "approval_tiers").await.expect("kept").contains("7000.00"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_generic_form_keeps_no_rule_that_the_door_cannot_read() {
    let console = opened().await;
    let admin = console.signed_in("admin").await;
    let make = async |key: &str, value: &str, kind: &str| {
        let page = admin.get("/tables/system_settings/new").await;
        let changes = [("setting_key", key), ("setting_value", value), ("setting_type", kind)];
        send(&admin, "/tables/system_settings", &with(filled(&page), &changes)).await
    };
    let good = r#"{"*": [{"from": "0.00", "approvers": 1}]}"#;
    for (key, value, kind, field) in [
        ("approval_tiers", "{}", "json", "setting_value"),
        ("approval_tiers", r#"{"*": [{"from": "5.00", "approvers": 1}]}"#, "json", "setting_value"),
        ("approval_tiers", good, "string", "setting_value"),
        ("approval_tiers", good, "object", "setting_type"),
        ("approval_expiry_days", "0", "integer", "setting_value"),
        ("approval_expiry_days", "3651", "integer", "setting_value"),
        ("approval_expiry_days", "30", "number", "setting_type"),
    ] {
        let answer = make(key, value, kind).await;
        assert_eq!(answer.status, 422, "{key} {value}: {}", answer.text());
        assert!(answer.has(&format!("#{field}-error")), "{key} {value}: {}", answer.text());
    }
    assert_eq!(make("approval_tiers", good, "json").await.status, 303);
    assert_eq!(make("approval_expiry_days", "7", "integer").await.status, 303);
    assert!(admin.get(RULES).await.text().contains("within 7 days"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_leaves_and_no_rule_asks_for_more_while_something_would_be_stuck() {
    let console = opened().await;
    let admin = console.signed_in("admin").await;
    let owner = id_of(&console, "user").await;
    let account = account(&admin, "Kestrel", "1", "USD", &owner).await;
    // Three may decide; the maker is one of them, and this takes the two others.
    let stuck = deposit(&admin, &account, "25000").await;
    let link = format!("a[href='/approvals/{stuck}']");

    let manager = id_of(&console, "manager").await;
    let refused = admin.post(&format!("/tables/users/{manager}/deactivate"), &[]).await;
    assert_eq!(refused.status, 422, "{}", refused.text());
    assert!(
        refused.has(&link) && refused.text().contains("For the roof") && refused.text().contains("25,000.00 USD"),
        "{}",
        refused.text()
    );
    let page = admin.get(&format!("/tables/users/{manager}/edit")).await;
    let demoted = send(&admin, &format!("/tables/users/{manager}"), &with(filled(&page), &[("role", "viewer")])).await;
    assert_eq!(demoted.status, 422, "{}", demoted.text());
    assert!(demoted.has(&link) && demoted.has("#errors"));
    let client = console.database.as_owner().await;
    let row = client.query_one("SELECT role, is_active FROM users WHERE username = 'manager'", &[]).await.expect("them");
    assert_eq!((row.get::<_, &str>(0), row.get::<_, bool>(1)), ("manager", true));

    let refused = save(&admin, &[("approvers_1", "3")]).await;
    assert_eq!(refused.status, 422, "{}", refused.text());
    assert!(refused.has(&link), "{}", refused.text());
    assert_eq!(setting(&console, "approval_tiers").await, None);
    assert_eq!(save(&admin, &[("approvers_1", "1")]).await.status, 303, "fewer is no harm");

    // Now one is enough, so one of them may go; but then the default, which takes two, may not come back.
    assert_eq!(admin.post(&format!("/tables/users/{manager}/deactivate"), &[]).await.status, 303);
    let rule: String =
        client.query_one("SELECT id::text FROM system_settings WHERE setting_key = 'approval_tiers'", &[]).await.expect("kept").get(0);
    let path = format!("/tables/system_settings/{rule}");
    let page = admin.get(&format!("{path}/edit")).await;
    let switched_off = send(&admin, &path, &with(filled(&page), &[("is_active", "false")])).await;
    assert_eq!(switched_off.status, 422, "{}", switched_off.text());
    assert!(switched_off.has(&link));
    let page = admin.get(&format!("{path}/delete")).await;
    let deleted = send(&admin, &format!("{path}/delete"), &filled(&page)).await;
    assert_eq!(deleted.status, 409, "{}", deleted.text());
    assert!(deleted.has(&link), "{}", deleted.text());
    assert!(setting(&console, "approval_tiers").await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_pending_at_adoption_waits_for_an_administrator() {
    let console = opened().await;
    let admin = console.signed_in("admin").await;
    assert!(admin.get("/approvals/held").await.text().contains("Nothing is held from expiry"));
    assert!(!admin.get("/").await.has("main a[href='/approvals/held']"));
    let account = account(&admin, "Kestrel", "1", "USD", &id_of(&console, "user").await).await;
    let account = account.rsplit('/').next().expect("an id");
    let client = console.database.as_owner().await;
    client
        .batch_execute(&format!(
            "SET nexus.actor = ''; INSERT INTO transactions (id, account_id, transaction_type, amount, description, created_at, created_by) \
               SELECT ('01900000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, '{account}', 'deposit', n, 'Old one ' || n, now() - interval '40 days', \
                      (SELECT id FROM users WHERE username = 'manager') FROM generate_series(1, 60) AS n; \
             INSERT INTO expiry_holds (id, transaction_id) SELECT t.id, t.id FROM transactions t"
        ))
        .await
        .expect("rows from before");
    assert!(admin.get("/").await.has("main a[href='/approvals/held']"));
    let first = admin.get("/approvals/held").await;
    assert_eq!(first.rows().len(), 50);
    assert!(first.text().contains("Cancelled at the next round"), "{}", first.text());
    let next = first.attributes("a[rel=next]", "href").remove(0);
    let second = admin.get(&next).await;
    assert_eq!(second.rows().len(), 10);
    let back = second.attributes("a[rel=prev]", "href").remove(0);
    assert_eq!(admin.get(&back).await.rows(), first.rows());
    for query in ["after=7", "nothing=1", "after=01900000-0000-7000-8000-000000000001&before=01900000-0000-7000-8000-000000000002"] {
        assert_eq!(admin.get(&format!("/approvals/held?{query}")).await.status, 400, "{query}");
    }

    assert_eq!(admin.post("/approvals/held", &[]).await.status, 303);
    assert!(admin.get("/approvals/held").await.text().contains("60 transactions may expire now"));
    let log = "SELECT count(*) FROM audit_logs WHERE action = 'expiry_released' AND new_values ->> 'transactions' = '60'";
    assert_eq!(client.query_one(log, &[]).await.expect("the log").get::<_, i64>(0), 1);
    assert_eq!(client.query_one("SELECT count(*) FROM expiry_holds", &[]).await.expect("counted").get::<_, i64>(0), 0);
    assert_eq!(admin.post("/approvals/held", &[]).await.status, 303);
    assert!(admin.get("/").await.text().contains("Nothing was held any more"));
}
