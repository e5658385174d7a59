//! The console's clock is an hour off: do sessions, links, windows and keys go by the database's?

use tokio_postgres::Client;

use super::shim;
use crate::{
    forms::{filled, with},
    running::DataDir,
    support::{Console, console, console_with, staffed_database},
};

const HOUR: i64 = 3600;

/// The folder holds what shifts the clock.
async fn shifted(seconds: i64) -> (Console, DataDir) {
    let folder = DataDir::new();
    let library = shim::library(folder.path(), include_str!("clock.c")).display().to_string();
    let shift = seconds.to_string();
    let console = console_with(staffed_database().await, &[("LD_PRELOAD", &library), ("NEXUS_TEST_SHIFT", &shift)]).await;
    // What it writes about itself is by its own clock: the shift is there.
    console.browser().get("/login").await;
    let log = std::fs::read_to_string(console.data_dir.join("stderr")).expect("a log");
    let stamped = log.split_whitespace().find_map(|word| chrono::DateTime::parse_from_rfc3339(word).ok());
    let stamped = stamped.unwrap_or_else(|| panic!("a time in {log:?}"));
    let off = stamped.timestamp() - chrono::Utc::now().timestamp();
    assert!((off - seconds).abs() < 600, "its clock is {off} seconds off, not {seconds}");
    (console, folder)
}

async fn number(client: &Client, statement: &str) -> i64 {
    client.query_one(statement, &[]).await.expect(statement).get(0)
}

async fn goes_by_the_database(seconds: i64) {
    let (console, _folder) = shifted(seconds).await;
    let owner = console.database.as_owner().await;
    let admin = console.signed_in("admin").await;
    assert_eq!(admin.get("/tables/users").await.status, 200, "a session lives, whatever the console's clock says");
    let left = "SELECT extract(epoch FROM min(expires_at) - now())::bigint FROM user_sessions WHERE is_active";
    let left = number(&owner, left).await;
    assert!((HOUR - 300..=HOUR).contains(&left), "a session lasts an hour of the database's: {left}");

    // Another instance, whose clock is right, knows the same session, and what was said to be shown there once.
    let right = console_with(console.database.clone(), &[]).await;
    let cookies = admin.cookies().iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
    let answer = reqwest::Client::new().get(format!("{}/tables/users", right.address)).header("cookie", cookies).send().await;
    assert_eq!(answer.expect("it answers").status(), 200);

    // A password link lasts as long as it says, by the database.
    let user: String = owner.query_one("SELECT id::text FROM users WHERE username = 'user'", &[]).await.expect("a user").get(0);
    let made = admin.post(&format!("/tables/users/{user}/password-link"), &[]).await;
    assert_eq!(made.status, 200, "{}", made.text());
    let hours =
        "SELECT extract(epoch FROM expires_at - now())::bigint FROM one_time_links WHERE used_at IS NULL ORDER BY expires_at DESC LIMIT 1";
    let hours = number(&owner, hours).await;
    assert!((48 * HOUR - 300..=48 * HOUR).contains(&hours), "{hours}");
    let at = made.body.find("/password/").expect("the link");
    let link: String = made.body[at..].chars().take_while(|letter| letter.is_ascii_alphanumeric() || "/_-".contains(*letter)).collect();
    assert_eq!(console.browser().get(&link).await.status, 200, "{link}");
    owner.batch_execute("UPDATE one_time_links SET expires_at = now() - interval '1 minute'").await.expect("it expires");
    assert_eq!(console.browser().get(&link).await.status, 410);

    // Ended by the database's clock, a session has ended.
    owner.batch_execute("UPDATE user_sessions SET expires_at = now() - interval '1 second'").await.expect("they end");
    assert_eq!(admin.get("/tables/users").await.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_hour_ahead_nothing_ends_early() {
    goes_by_the_database(HOUR).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_hour_behind_nothing_lives_on() {
    goes_by_the_database(-HOUR).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_for_a_decision_closes_by_the_database() {
    let (console, _folder) = shifted(HOUR).await;
    let owner = console.database.as_owner().await;
    owner
        .batch_execute(
            "INSERT INTO accounts (user_id, account_name, account_number, account_type, balance)
                 SELECT id, 'Window', 'W-1', 'checking', 0 FROM users WHERE username = 'user';
             INSERT INTO transactions (account_id, transaction_type, amount, reference_number, created_by)
                 SELECT a.id, 'deposit', 5, 'W-1', a.user_id FROM accounts a;
             UPDATE transactions SET created_at = now() - interval '30 days' + interval '30 minutes'",
        )
        .await
        .expect("half an hour is left");
    let transaction: String = owner.query_one("SELECT id::text FROM transactions", &[]).await.expect("it is there").get(0);
    let manager = console.signed_in("manager").await;
    let item = manager.get(&format!("/approvals/{transaction}")).await;
    assert_eq!(item.status, 200, "{}", item.text());
    let seen = item.value("seen").expect("there is time left to decide");
    let decided = manager.post(&format!("/approvals/{transaction}"), &[("decision", "approve"), ("reason", ""), ("seen", &seen)]).await;
    assert_eq!(decided.status, 303, "{}", decided.text());
    assert_eq!(number(&owner, "SELECT count(*) FROM transactions WHERE status = 'completed'").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_shown_by_an_instance_with_another_clock() {
    let (ahead, _folder) = shifted(HOUR).await;
    let behind = console(ahead.database.clone()).await;
    let admin = ahead.signed_in("admin").await;
    let page = admin.get("/tables/ssot_governance_rules/new").await;
    let form = with(filled(&page), &[("rule_name", "told elsewhere"), ("rule_type", "validation")]);
    let saved = crate::forms::send(&admin, "/tables/ssot_governance_rules", &form).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    let cookies = admin.cookies().iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
    let to = format!("{}{}", behind.address, saved.location.expect("a record"));
    let shown = reqwest::Client::new().get(to).header("cookie", cookies).send().await.expect("it answers").text().await.expect("a page");
    assert!(shown.contains("role=\"status\"") && shown.contains("Made the governance rule"), "{shown}");
}
