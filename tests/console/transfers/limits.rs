//! Does an account say what is available and how low it may go, and does the door keep to it?

use super::{
    super::{
        forms::{filled, send, with},
        support::{Answer, Browser},
    },
    stage::stage,
};

async fn set(browser: &Browser, address: &str, lowest: &str) -> Answer {
    let page = browser.get(address).await;
    assert_eq!(page.status, 200, "{}", page.text());
    send(browser, address, &with(filled(&page), &[("lowest_balance", lowest)])).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_to_leave_is_not_available() {
    let stage = stage().await;
    let account = format!("/tables/accounts/{}", stage.account("checking").await);
    let user = stage.console.signed_in("user").await;
    let shown = async || user.get(&account).await.texts("[data-column=available] dd").join(" ");
    assert_eq!(shown().await, "1,000 .00 USD");
    stage.pending("checking", "payment", "100").await;
    stage.pending("checking", "fee", "0.50").await;
    stage.pending("checking", "deposit", "5000").await;
    assert_eq!(shown().await, "899 .50 USD");
    stage.made(&user, "checking", "savings").await;
    assert_eq!(shown().await, "649 .50 USD");
    let savings = user.get(&format!("/tables/accounts/{}", stage.account("savings").await)).await;
    assert_eq!(savings.texts("[data-column=available] dd"), ["1,000 .00 USD"], "what may still be rejected is not there yet");
    assert_eq!(savings.texts("[data-column=lowest_balance] dd"), ["0 .00 USD"]);
    let columns = savings.attributes("[data-column]", "data-column");
    let balance = columns.iter().position(|name| name == "balance").expect("a balance");
    assert_eq!(columns[balance + 1..balance + 3], ["available", "lowest_balance"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_say_how_low_a_credit_account_goes_and_the_door_keeps_to_it() {
    let stage = stage().await;
    let account = format!("/tables/accounts/{}", stage.account("credit").await);
    let address = format!("{account}/limit");
    let admin = stage.console.signed_in("admin").await;
    let shown = async || admin.get(&account).await.texts("[data-column=lowest_balance] dd").join(" ");
    assert_eq!(shown().await, "No floor");
    assert!(admin.get(&account).await.has(&format!("a[href^='{address}']")));
    for (typed, words) in [("-1.001", "two decimals"), ("much", "1234.50"), ("-10000000000000", "9999999999999.99"), ("1,000", "1234.50")] {
        let refused = set(&admin, &address, typed).await;
        assert_eq!(refused.status, 422, "{typed}: {}", refused.text());
        assert!(refused.texts("#lowest_balance-error")[0].contains(words), "{typed}: {}", refused.text());
        assert_eq!(refused.value("lowest_balance").as_deref(), Some(typed));
    }
    let old = admin.get(&address).await;
    assert_eq!(set(&admin, &address, "-5000.00").await.status, 303);
    assert_eq!(shown().await, "−5,000 .00 USD");
    let late = send(&admin, &address, &with(filled(&old), &[("lowest_balance", "-1")])).await;
    assert_eq!(late.status, 409, "{}", late.text());

    let low = stage.pending("credit", "withdrawal", "6000.00").await;
    let lower = stage.pending("credit", "withdrawal", "0.01").await;
    assert_eq!(stage.decide("manager2", &low, "approve").await, None);
    assert_eq!(stage.decide("manager2", &lower, "approve").await.as_deref(), Some("NX017"), "not below the floor");
    assert_eq!(stage.balance("credit").await, "-5000.00");
    assert_eq!(set(&admin, &address, "").await.status, 303);
    assert_eq!(shown().await, "No floor");
    assert_eq!(stage.decide("manager2", &lower, "approve").await, None);
    let over = stage.pending("savings", "fee", "1000.01").await;
    assert_eq!(stage.decide("manager2", &over, "approve").await.as_deref(), Some("NX017"));
    let entries = stage.count("SELECT count(*) FROM audit_logs WHERE entity_type = 'account_limits'").await;
    assert_eq!(entries, 2, "set and taken away, both in the log");
    assert!(stage.is_sound().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_sets_a_limit_and_some_accounts_have_none() {
    let stage = stage().await;
    let credit = format!("/tables/accounts/{}/limit", stage.account("credit").await);
    for role in ["manager", "auditor", "user", "viewer"] {
        let browser = stage.console.signed_in(role).await;
        assert_eq!(browser.get(&credit).await.status, 403, "{role}");
        assert_eq!(browser.post(&credit, &[("lowest_balance", "-1"), ("version", "none")]).await.status, 403, "{role}");
        assert!(!browser.get(credit.trim_end_matches("/limit")).await.has("a[href*='/limit']"), "{role}");
    }
    let admin = stage.console.signed_in("admin").await;
    for number in ["checking", "savings"] {
        let account = format!("/tables/accounts/{}", stage.account(number).await);
        let page = admin.get(&format!("{account}/limit")).await;
        assert!(page.text().contains("never go below zero") && !page.has("[name=lowest_balance]"), "{}", page.text());
        let refused = admin.post(&format!("{account}/limit"), &[("lowest_balance", "-1"), ("version", "zero")]).await;
        assert_eq!(refused.status, 409, "{}", refused.text());
        assert!(admin.get(&account).await.text().contains("Set limit: Checking and savings accounts never go below zero."));
    }
    assert_eq!(stage.count("SELECT count(*) FROM account_limits").await, 0);
    assert_eq!(admin.get("/tables/accounts/7/limit").await.status, 400);
    assert_eq!(admin.get(&format!("/tables/accounts/{}/limit", uuid::Uuid::nil())).await.status, 404);
    assert_eq!(admin.get(&format!("/tables/users/{}/limit", uuid::Uuid::nil())).await.status, 404);
}
