//! The answer to a COMMIT never came: does the page say so, and does the same form do nothing twice?

use std::time::Duration;

use super::{
    black_hole::behind_a_proxy,
    proxy::{Loss, Proxy},
    site::{assert_passing, send_again},
};
use crate::{
    forms::{filled, with},
    support::{Answer, Browser, Console},
};

const UNKNOWN: &str = "not known whether this was saved";
const RULES: &str = "/tables/ssot_governance_rules";

async fn count(console: &Console, name: &str) -> (i64, i64) {
    let statement = "SELECT (SELECT count(*) FROM ssot_governance_rules WHERE rule_name = $1), \
         (SELECT count(*) FROM ssot_audit_logs WHERE action = 'INSERT' AND new_values->>'rule_name' = $1)";
    let row = console.database.as_owner().await.query_one(statement, &[&name]).await.expect("a count");
    (row.get(0), row.get(1))
}

async fn make(browser: &Browser, name: &str) -> Answer {
    let page = browser.get(&format!("{RULES}/new")).await;
    let form = with(filled(&page), &[("rule_name", name), ("rule_type", "validation")]);
    let fields: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.post_with(RULES, &page.value("csrf_token").expect("a token"), &fields).await
}

async fn made_once(console: &Console, proxy: &Proxy, browser: &Browser, loss: Loss, stands: i64) {
    let name = format!("rule-{loss:?}");
    proxy.lose(loss, &name);
    let unknown = tokio::time::timeout(Duration::from_secs(90), make(browser, &name)).await.expect("an answer in bounded time");
    assert!(proxy.has_lost(), "{loss:?}: the COMMIT was lost on its way: {}", unknown.text());
    assert_passing(&unknown, UNKNOWN);
    // What the server was told it has done a moment later, and what it never heard of it never does.
    let mut found = count(console, &name).await;
    while found != (stands, stands) {
        assert!(found.0 <= stands, "{loss:?}: {found:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
        found = count(console, &name).await;
    }
    let again = send_again(browser, &unknown).await;
    assert_eq!(again.status, 303, "{loss:?}: {}", again.text());
    assert_eq!(count(console, &name).await, (1, 1), "{loss:?}");
    assert_eq!(browser.get(&again.location.expect("a record")).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_made_once_whether_its_commit_or_the_answer_was_lost() {
    let (console, proxy) = behind_a_proxy().await;
    let admin = console.signed_in("admin").await;
    made_once(&console, &proxy, &admin, Loss::Commit, 0).await;
    made_once(&console, &proxy, &admin, Loss::Answer, 1).await;
    made_once(&console, &proxy, &admin, Loss::EveryWord, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_whose_answer_was_lost_is_not_made_a_second_time() {
    let (console, proxy) = behind_a_proxy().await;
    let admin = console.signed_in("admin").await;
    let made = make(&admin, "kept").await.location.expect("a record");
    let path = made.split('?').next().expect("a path").to_owned();
    for (loss, changes) in [(Loss::Commit, 0), (Loss::Answer, 1)] {
        let kind = format!("type-{loss:?}");
        let page = admin.get(&format!("{path}/edit")).await;
        let form = with(filled(&page), &[("rule_type", &kind)]);
        let fields: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        proxy.lose(loss, &kind);
        let unknown = admin.post_with(&path, &page.value("csrf_token").expect("a token"), &fields).await;
        assert!(proxy.has_lost(), "{}", unknown.text());
        assert_passing(&unknown, UNKNOWN);
        let owner = console.database.as_owner().await;
        let statement = "SELECT count(*) FROM ssot_audit_logs WHERE action = 'UPDATE' AND new_values->>'rule_type' = $1";
        let changed = async || -> i64 { owner.query_one(statement, &[&kind]).await.expect("a count").get(0) };
        while changed().await < changes {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let again = send_again(&admin, &unknown).await;
        // Either it is saved now, or the page shows that it is as it was wanted already.
        assert!([303, 409].contains(&again.status), "{loss:?}: {} {}", again.status, again.text());
        assert_eq!(changed().await, 1, "{loss:?}: once");
        let record = admin.get(&path).await;
        assert!(record.text().contains(&kind), "{}", record.text());
    }
}
