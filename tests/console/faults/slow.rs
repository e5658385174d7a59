//! Somebody holds a table: does every page end, and say what can be done?

use super::{
    black_hole::behind_a_proxy,
    site::{assert_passing, send_again, until_served},
};
use crate::{
    forms::{filled, with},
    support::{console, staffed_database},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_locked_ends_on_the_page() {
    let console = console(staffed_database().await).await;
    let (admin, auditor) = (console.signed_in("admin").await, console.signed_in("auditor").await);
    let page = admin.get("/tables/ssot_governance_rules/new").await;
    let holder = console.database.as_owner().await;
    holder.batch_execute("BEGIN; LOCK TABLE ssot_governance_rules, accounts IN ACCESS EXCLUSIVE MODE").await.expect("a lock");
    let form = with(filled(&page), &[("rule_name", "Typed at a lock"), ("rule_type", "validation")]);
    let fields: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let token = page.value("csrf_token").expect("a token");
    let (list, held) = tokio::join!(auditor.get("/tables/accounts"), admin.post_with("/tables/ssot_governance_rules", &token, &fields));
    assert_eq!(list.status, 503, "{}", list.text());
    assert!(list.text().starts_with("Error: Accounts"), "{}", list.text());
    assert!(list.text().contains("This takes too long to look through"), "{}", list.text());
    assert_passing(&held, "Somebody else is changing this at the same moment");
    // What is not held is read meanwhile.
    assert_eq!(auditor.get("/tables/users").await.status, 200);
    holder.batch_execute("ROLLBACK").await.expect("it lets go");
    let saved = send_again(&admin, &held).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    until_served(&auditor).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_cannot_be_looked_up_in_time_are_a_matter_of_time() {
    let (console, _proxy) = behind_a_proxy().await;
    let admin = console.signed_in("admin").await;
    let page = admin.get("/tables/ssot_governance_rules/new").await;
    let holder = console.database.as_owner().await;
    holder.batch_execute("BEGIN; LOCK TABLE user_sessions IN ACCESS EXCLUSIVE MODE").await.expect("a lock");
    let form = with(filled(&page), &[("rule_name", "Typed by whom?"), ("rule_type", "validation")]);
    let fields: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let unsent = admin.post_with("/tables/ssot_governance_rules", &page.value("csrf_token").expect("a token"), &fields).await;
    assert_passing(&unsent, "Nothing was saved");
    holder.batch_execute("ROLLBACK").await.expect("it lets go");
    let saved = send_again(&admin, &unsent).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
}
