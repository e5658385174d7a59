//! The disk under PostgreSQL is full: what do forms say, what can still be read, and is anything half written?

use super::{
    server::Server,
    shim,
    site::{Site, assert_passing, send_again},
};
use crate::{
    forms::{filled, with},
    support::{Answer, Browser},
};
use rustix::process::Signal;
use tokio::task::block_in_place;

/// Rows of some kilobytes, which no compression makes small: a page of the table is full after one or two.
fn document(number: usize) -> String {
    let words: Vec<String> = (0..180).map(|_| format!("\"{}\"", uuid::Uuid::new_v4().simple())).collect();
    format!("{{\"number\": {number}, \"words\": [{}]}}", words.join(", "))
}

async fn make(browser: &Browser, name: &str, config: &str) -> Answer {
    let page = browser.get("/tables/ssot_governance_rules/new").await;
    let form = with(filled(&page), &[("rule_name", name), ("rule_type", "validation"), ("rule_config", config)]);
    let fields: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.post_with("/tables/ssot_governance_rules", &page.value("csrf_token").expect("a token"), &fields).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_changes_as_a_whole_and_takes_them_once_there_is_room() {
    let mut server = Server::start().await;
    let mark = server.path().join("full");
    let (library, mark_text) = (shim::library(server.path(), include_str!("full.c")), mark.display().to_string());
    let preload = library.display().to_string();
    block_in_place(|| server.end(Signal::INT));
    server.restart(&[("LD_PRELOAD", &preload), ("NEXUS_TEST_FULL", &mark_text)]).await;
    let site = Site::open(&server, &server.url("nexus_app"));
    let admin = site.signed_in("admin").await;
    assert_eq!(make(&admin, "with room", &document(0)).await.status, 303);

    // The log of PostgreSQL itself gets a file with room to spare: without one it would end, and recover.
    let superuser = server.client("postgres").await;
    superuser.batch_execute("SELECT pg_switch_wal(); CHECKPOINT").await.expect("another file");
    assert_eq!(make(&admin, "with the last room", &document(0)).await.status, 303);
    std::fs::write(&mark, "").expect("the disk is full");
    let (mut saved, mut refused) = (Vec::new(), None);
    for number in 0..100 {
        let name = format!("rule {number}");
        let answer = make(&admin, &name, &document(number)).await;
        if answer.status == 303 {
            saved.push(name);
            continue;
        }
        assert_passing(&answer, "There is no room left to save this");
        refused = Some((name, answer));
        break;
    }
    let (name, answer) = refused.expect("the disk is full");
    let list = admin.get("/tables/ssot_governance_rules?sort=-created_at").await;
    assert_eq!((list.status, list.text().contains("with room")), (200, true), "what is there can be read");
    let stands = "SELECT (SELECT count(*) FROM ssot_governance_rules WHERE rule_name = $1), \
         (SELECT count(*) FROM ssot_audit_logs WHERE action = 'INSERT' AND new_values->>'rule_name' = $1)";
    for saved in &saved {
        let row = superuser.query_one(stands, &[saved]).await.expect("an answer");
        assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (1, 1), "{saved} was acknowledged");
    }
    let row = superuser.query_one(stands, &[&name]).await.expect("an answer");
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (0, 0), "{name} was not");

    std::fs::remove_file(&mark).expect("there is room again");
    let again = send_again(&admin, &answer).await;
    assert_eq!(again.status, 303, "{}", again.text());
    let row = superuser.query_one(stands, &[&name]).await.expect("an answer");
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (1, 1), "{name} is saved now");
    assert!(site.console.printed().iter().any(|line| line.contains("No space left on device")), "the log has the server's own words");
}
