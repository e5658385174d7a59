//! Is nothing decided twice and nothing left over, wherever a run is cut off and however many carry it on?

use std::time::Duration;

use rustix::process::Signal;

use super::work::{account, balance, count, deposits, finished, pending, preview};
use crate::{
    running::signal,
    support::{console, staffed_database},
};

const DECIDED: &str = "SELECT count(*) FROM decision_run_items WHERE outcome IS NOT NULL";

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_console_carries_on_where_it_was() {
    let mut first = console(staffed_database().await).await;
    let owner = first.database.as_owner().await;
    let here = account(&owner, "K-1", "0").await;
    let all = deposits(&owner, here, 200).await;
    let manager = first.signed_in("manager").await;
    let address = preview(&manager, "approve", &all).await;
    assert_eq!(manager.post(&address, &[("decision", "run")]).await.status, 303);
    while count(&owner, DECIDED).await < 20 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    signal(i32::try_from(first.process.id().expect("it runs")).expect("a pid"), Signal::KILL);
    first.process.wait().await.expect("it is gone");
    let before = count(&owner, DECIDED).await;
    assert!(before < 200, "it was cut off");

    let name = first.database.name.clone();
    let second = console(first.database.clone()).await;
    assert_eq!(second.database.name, name);
    let manager = second.signed_in("manager").await;
    finished(&manager, &address).await;
    assert_eq!(balance(&owner, here).await, "200.00");
    assert_eq!(count(&owner, "SELECT count(*) FROM transaction_approvals").await, 200);
    assert_eq!(count(&owner, "SELECT count(*) FROM decision_run_items WHERE outcome = 'posted' AND approval_id IS NOT NULL").await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_consoles_share_a_run_without_deciding_anything_twice() {
    let one = console(staffed_database().await).await;
    let other = console(one.database.clone()).await;
    let owner = one.database.as_owner().await;
    let here = account(&owner, "K-2", "0").await;
    let all = deposits(&owner, here, 300).await;
    let manager = one.signed_in("manager").await;
    let address = preview(&manager, "approve", &all).await;
    assert_eq!(manager.post(&address, &[("decision", "run")]).await.status, 303);
    finished(&manager, &address).await;
    drop(other);
    assert_eq!(balance(&owner, here).await, "300.00");
    assert_eq!(count(&owner, "SELECT count(*) FROM transaction_approvals").await, 300);
    assert_eq!(count(&owner, "SELECT count(*) FROM decision_run_items WHERE outcome = 'posted'").await, 300);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_waits_for_a_database_that_goes_away() {
    let console = console(staffed_database().await).await;
    let owner = console.database.as_owner().await;
    let superuser = console.database.as_superuser().await;
    let here = account(&owner, "K-3", "0").await;
    let all = deposits(&owner, here, 100).await;
    let manager = console.signed_in("manager").await;
    let address = preview(&manager, "approve", &all).await;
    assert_eq!(manager.post(&address, &[("decision", "run")]).await.status, 303);
    for _ in 0..3 {
        let cut =
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'nexus_app' AND datname = current_database()";
        superuser.query_one(cut, &[]).await.expect("every connection of the console breaks");
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    console.until_ready().await;
    finished(&manager, &address).await;
    assert_eq!(balance(&owner, here).await, "100.00");
    assert_eq!(count(&owner, "SELECT count(*) FROM transaction_approvals").await, 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_one_item_brings_is_there_for_the_next_however_many_carry_the_run_on() {
    let one = console(staffed_database().await).await;
    let other = console(one.database.clone()).await;
    let owner = one.database.as_owner().await;
    let here = account(&owner, "K-4", "0").await;
    let mut all = Vec::new();
    for _ in 0..40 {
        all.push(pending(&owner, here, "user", "deposit", "10").await);
        all.push(pending(&owner, here, "user", "payment", "10").await);
    }
    let manager = one.signed_in("manager").await;
    let address = preview(&manager, "approve", &all).await;
    assert_eq!(manager.post(&address, &[("decision", "run")]).await.status, 303);
    finished(&manager, &address).await;
    drop(other);
    assert_eq!(balance(&owner, here).await, "0.00");
    assert_eq!(count(&owner, "SELECT count(*) FROM decision_run_items WHERE outcome = 'posted'").await, 80);
}
