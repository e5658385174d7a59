//! Is nothing done twice and nothing left over where the console is killed in the middle?

use std::time::Duration;

use rustix::process::Signal;

use super::{
    super::{
        running::signal,
        runs::work::{count, finished, preview_of},
        support::{console, staffed_database},
    },
    sessions,
};

const DONE: &str = "SELECT count(*) FROM decision_run_items WHERE outcome = 'done'";

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_console_carries_on_at_the_row_where_it_was() {
    let mut first = console(staffed_database().await).await;
    let mut owner = first.database.as_owner().await;
    let watcher = first.database.as_owner().await;
    let all = sessions(&owner, "viewer", 60).await;
    let admin = first.signed_in("admin").await;
    let address = preview_of(&admin, "user_sessions", "revoke", &all).await;
    // Somebody else holds the thirty-first row, so that it is killed there.
    let hold = owner.transaction().await.expect("a transaction");
    hold.execute("SELECT FROM user_sessions WHERE id = $1 FOR UPDATE", &[&all[30]]).await.expect("held");
    assert_eq!(admin.post(&address, &[("decision", "run")]).await.status, 303);
    while count(&watcher, DONE).await < 30 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    signal(i32::try_from(first.process.id().expect("it runs")).expect("a pid"), Signal::KILL);
    first.process.wait().await.expect("it is gone");
    assert_eq!(count(&watcher, DONE).await, 30);
    hold.rollback().await.expect("let go");

    let second = console(first.database.clone()).await;
    let admin = second.signed_in("admin").await;
    let done = finished(&admin, &address).await;
    assert!(done.text().contains("60 ended"), "{}", done.text());
    let entries = "SELECT count(*) FROM audit_logs WHERE entity_type = 'user_sessions' AND action = 'UPDATE' \
         AND old_values->>'is_active' = 'true' AND new_values->>'is_active' = 'false'";
    assert_eq!(count(&watcher, entries).await, 60, "each was ended once");
}
