//! Does it hold when two order at once, or one orders twice?

use super::{
    super::{
        runs::work::{cell, count, finished, preview_of, run},
        support::{console, staffed_database, stock, stocked_database},
    },
    sessions, user,
};

#[tokio::test(flavor = "multi_thread")]
async fn of_two_administrators_who_deactivate_each_other_one_is_left() {
    let console = console(staffed_database().await).await;
    let other = super::super::support::console(console.database.clone()).await;
    let owner = console.database.as_owner().await;
    owner.execute("UPDATE users SET role = 'admin' WHERE username = 'manager2'", &[]).await.expect("a second administrator");
    let (first, second) = (user(&owner, "admin").await, user(&owner, "manager2").await);
    for round in 0..4 {
        owner.execute("UPDATE users SET is_active = true", &[]).await.expect("everybody is there");
        let (one, two) = (console.signed_in("admin").await, other.signed_in("manager2").await);
        let (of_one, of_two) =
            (preview_of(&one, "users", "deactivate", &[second]).await, preview_of(&two, "users", "deactivate", &[first]).await);
        let (started, also) = tokio::join!(one.post(&of_one, &[("decision", "run")]), two.post(&of_two, &[("decision", "run")]));
        // Whoever was quicker may have ended the other's session already.
        assert!(started.status == 303 || also.status == 303, "round {round}: {} {}", started.status, also.status);
        while count(&owner, "SELECT count(*) FROM decision_runs WHERE state = 'running'").await > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        let left = "SELECT count(*) FROM users WHERE role = 'admin' AND is_active";
        assert_eq!(count(&owner, left).await, 1, "round {round}: one goes, one stays");
    }
    let done = "SELECT count(*) FROM decision_run_items WHERE outcome = 'done'";
    assert_eq!(count(&owner, done).await, 4, "once a round");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_rows_are_done_once_each_however_often_the_button_is_pressed() {
    let console = console(staffed_database().await).await;
    let owner = console.database.as_owner().await;
    let all = sessions(&owner, "viewer", 200).await;
    let admin = console.signed_in("admin").await;
    let (address, again) =
        (preview_of(&admin, "user_sessions", "revoke", &all).await, preview_of(&admin, "user_sessions", "revoke", &all).await);
    let token = admin.get("/account").await.value("csrf_token").expect("a token");
    let pressed = futures_util::future::join_all((0..5).map(|_| admin.post_with(&address, &token, &[("decision", "run")]))).await;
    assert!(pressed.iter().all(|answer| answer.status == 303), "what has begun is only shown");
    let done = finished(&admin, &address).await;
    assert!(done.text().contains("200 ended"), "{}", done.text());
    let entries = "SELECT count(*) FROM audit_logs l JOIN audit_details d ON d.entry_id = l.id \
         WHERE l.entity_type = 'user_sessions' AND l.action = 'UPDATE' AND l.old_values->>'is_active' = 'true' AND l.new_values->>'is_active' = 'false' \
           AND d.actor_kind = 'user'";
    assert_eq!(count(&owner, entries).await, 200, "one entry a row, by whoever ordered it");
    let late = run(&admin, &again, "").await;
    assert!(late.text().contains("200 refused"), "{}", late.text());
    assert_eq!(count(&owner, entries).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_and_aliases_end_together_and_stay_ended() {
    let console = console(stocked_database().await).await;
    let owner = console.database.as_owner().await;
    let manager = console.signed_in("manager").await;
    let alias = stock::of("ssot_api_aliases", "manager").parse().expect("a uuid");
    let ended = stock::ended("ssot_api_aliases", "manager").parse().expect("a uuid");
    let address = preview_of(&manager, "ssot_api_aliases", "deactivate", &[alias, ended]).await;
    let page = manager.get(&address).await;
    assert_eq!((cell(&page, alias, "name"), cell(&page, alias, "outcome")), ("money".to_owned(), "Can be deactivated".to_owned()));
    assert!(cell(&page, ended, "message").contains("inactive already"));
    run(&manager, &address, "").await;
    assert_eq!(count(&owner, "SELECT count(*) FROM ssot_api_aliases WHERE alias_name LIKE '%money' AND is_active").await, 0);
    let logged = "SELECT count(*) FROM ssot_audit_logs WHERE entity_type = 'ssot_api_aliases' AND action = 'UPDATE' AND user_id = (SELECT id::text FROM users WHERE username = 'manager')";
    assert_eq!(count(&owner, logged).await, 1);

    let admin = console.signed_in("admin").await;
    let keys: Vec<_> = ["user", "viewer", "manager"].map(|name| stock::of("api_keys", name).parse().expect("a uuid")).to_vec();
    let address = preview_of(&admin, "api_keys", "revoke", &keys).await;
    let done = run(&admin, &address, "").await;
    assert!(done.text().contains("3 revoked"), "{}", done.text());
    assert!(!done.body.contains("sha256:"), "no hash on the page");
    assert_eq!(count(&owner, "SELECT count(*) FROM api_keys WHERE is_active").await, 3);
}
