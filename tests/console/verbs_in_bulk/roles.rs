//! Who is offered what for many rows, and does the same hold for whoever was not asked?

use uuid::Uuid;

use super::super::{
    grid::ROLES,
    runs::work::{cell, count, preview_of, run, select_of},
    support::{console, stock, stocked_database},
};

/// What each role is answered when it selects a row of its own.
const ALLOWED: [(&str, &str, [u16; 5]); 5] = [
    // admin, manager, auditor, user, viewer
    ("users", "deactivate", [303, 403, 403, 403, 403]),
    ("api_keys", "revoke", [303, 303, 403, 303, 403]),
    ("user_sessions", "revoke", [303, 303, 403, 303, 303]),
    ("notifications", "read", [303, 303, 303, 303, 303]),
    ("ssot_api_aliases", "deactivate", [303, 303, 403, 403, 403]),
];

fn id(table: &str, username: &str) -> Uuid {
    stock::of(table, username).parse().expect("a uuid")
}

#[tokio::test(flavor = "multi_thread")]
async fn each_verb_is_offered_to_and_done_by_exactly_those_who_may_do_it_to_one_row() {
    let console = console(stocked_database().await).await;
    for (place, role) in ROLES.into_iter().enumerate() {
        let browser = console.signed_in(role).await;
        for (table, verb, answers) in ALLOWED {
            let may = answers[place] == 303;
            let list = browser.get(&format!("/tables/{table}")).await;
            assert_eq!(list.has(&format!(".picked button[value={verb}]")), may, "{role} {table}");
            assert_eq!(list.has("[name=selected]"), may, "{role} {table}");
            assert!(!list.has(".sheet input[checked]"), "{role} {table}: nothing is selected before somebody does");
            let answer = select_of(&browser, table, verb, &[id(table, role)]).await;
            assert_eq!(answer.status, answers[place], "{role} {table}: {}", answer.text());
            for other in ["approve", "reject", "revoke", "deactivate", "read", "rotate", "delete", ""].iter().filter(|name| **name != verb)
            {
                let answer = select_of(&browser, table, other, &[id(table, role)]).await;
                assert_eq!(answer.status, if may { 422 } else { 403 }, "{role} {table} {other}");
            }
        }
        for table in ["accounts", "system_settings", "ssot_api_contracts", "audit_logs", "decision_runs", "nothing"] {
            assert_eq!(select_of(&browser, table, "deactivate", &[Uuid::now_v7()]).await.status, 404, "{role} {table}");
        }
    }
    let owner = console.database.as_owner().await;
    assert_eq!(count(&owner, "SELECT count(*) FROM decision_runs WHERE state <> 'previewed'").await, 0, "nothing has begun by itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn own_rows_are_all_that_is_reached_by_whoever_has_only_those() {
    let console = console(stocked_database().await).await;
    let owner = console.database.as_owner().await;
    let browser = console.signed_in("user").await;
    for (table, verb, done) in
        [("api_keys", "revoke", "Revoked"), ("user_sessions", "revoke", "Ended"), ("notifications", "read", "Marked as read")]
    {
        let (mine, strangers) = (id(table, "user"), id(table, "manager"));
        let address = preview_of(&browser, table, verb, &[strangers, mine]).await;
        let page = browser.get(&address).await;
        assert!(cell(&page, strangers, "message").contains("or it is not yours"), "{}", cell(&page, strangers, "message"));
        assert!(!page.body.contains("stranger"), "{table}: nothing of a stranger's row is shown: {}", page.text());
        let page = run(&browser, &address, "").await;
        assert_eq!(cell(&page, mine, "outcome"), done);
        assert_eq!(cell(&page, strangers, "outcome"), "Stayed out");
        assert!(!page.body.contains("stranger"), "{table}");
        let file = browser.get(&format!("{address}/result.csv")).await;
        assert!(file.body.starts_with("id,name,detail,outcome,message\r\n"), "{}", file.body);
        assert!(!file.body.contains("stranger"), "{table}");
    }
    let untouched = "SELECT (SELECT count(*) FROM api_keys WHERE is_active AND key_name LIKE 'Key stranger%') \
         + (SELECT count(*) FROM user_sessions WHERE is_active AND user_agent LIKE 'Device stranger%') \
         + (SELECT count(*) FROM notifications WHERE NOT is_read AND title LIKE 'Notice stranger%')";
    assert_eq!(count(&owner, untouched).await, 15);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_seen_by_whoever_ordered_it_and_by_the_readers_of_the_log_and_begun_by_the_first_alone() {
    let console = console(stocked_database().await).await;
    let manager = console.signed_in("manager").await;
    let address = preview_of(&manager, "user_sessions", "revoke", &[id("user_sessions", "manager")]).await;
    for (role, sees, starts) in
        [("admin", 200, 403), ("auditor", 200, 403), ("manager2", 404, 404), ("user", 404, 404), ("viewer", 404, 404)]
    {
        let browser = console.signed_in(role).await;
        assert_eq!(browser.get(&address).await.status, sees, "{role}");
        assert_eq!(browser.get(&format!("{address}/result.csv")).await.status, sees, "{role}");
        assert_eq!(browser.post(&address, &[("decision", "run")]).await.status, starts, "{role}");
    }
    assert_eq!(console.browser().get(&address).await.status, 303);
    let owner = console.database.as_owner().await;
    assert_eq!(count(&owner, "SELECT count(*) FROM decision_runs WHERE state <> 'previewed'").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_its_reader_marks_a_notification_read_whoever_sees_it() {
    let console = console(stocked_database().await).await;
    let owner = console.database.as_owner().await;
    let admin = console.signed_in("admin").await;
    let (mine, other) = (id("notifications", "admin"), id("notifications", "viewer"));
    let boxes = admin.get("/tables/notifications?limit=200").await.attributes("[name=selected]", "value");
    assert!(boxes.contains(&mine.to_string()) && !boxes.contains(&other.to_string()), "{boxes:?}");
    let address = preview_of(&admin, "notifications", "read", &[mine, other]).await;
    assert!(cell(&admin.get(&address).await, other, "message").contains("Only whoever a notification is for"));
    run(&admin, &address, "").await;
    let read = "SELECT count(*) FROM notifications WHERE is_read AND title LIKE 'Notice%'";
    assert_eq!(count(&owner, read).await, 1);
}
