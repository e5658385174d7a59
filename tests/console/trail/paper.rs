//! Does a printed page of the trail say by whom, of what, and by which numbers it is compared with the log?

use nexus_console::audit::{
    entry::Log,
    seal::canonical::{Record, select},
};
use sha2::{Digest, Sha256};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::support::{Answer, Browser, console, staffed_database};

const SLICE: &str = "/audit?q=table:users,ssot_api_contracts+action:insert";

/// The digest as the README says it, worked out by hand: newest first, each the hash of its leaf.
async fn digest(owner: &Client, page: &Answer) -> String {
    let ids: Vec<Uuid> = page.rows().iter().map(|id| id.parse().expect("an id")).collect();
    let order = "SELECT e.log, e.id FROM (SELECT 'audit_logs' AS log, id, created_at FROM audit_logs UNION ALL SELECT 'ssot_audit_logs', id, created_at FROM ssot_audit_logs) e \
        WHERE e.id = ANY ($1) ORDER BY e.created_at DESC, e.id DESC";
    let mut digest = Sha256::new();
    for row in owner.query(order, &[&ids]).await.expect("their order") {
        let (log, id): (Log, Uuid) = (Log::named(row.get(0)).expect("a log"), row.get(1));
        let entry = owner.query_one(select(log), &[&vec![id]]).await.expect("the entry");
        digest.update(Record::of(log, &entry).expect("whole").leaf().0);
    }
    hex::encode(digest.finalize())
}

/// A page and the checkpoint that was the newest before it was made and after.
async fn printed(browser: &Browser) -> (Answer, String) {
    for _ in 0..50 {
        let before = browser.get("/audit/proof/checkpoint").await;
        let page = browser.get(SLICE).await;
        let after = browser.get("/audit/proof/checkpoint").await;
        if before.status == 200 && before.body == after.body {
            return (page, before.body);
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    panic!("the log is never at rest");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_printed_can_be_compared_with_the_log() {
    let console = console(staffed_database().await).await;
    let owner = console.database.as_owner().await;
    let auditor = console.signed_in("auditor").await;
    let (page, note) = printed(&auditor).await;
    let paper = page.texts(".print-only").concat();
    assert!(page.rows().len() > 3, "{:?}", page.rows());
    assert!(paper.contains("search “ table:users,ssot_api_contracts action:insert ”") && paper.contains("Printed by "), "{paper}");
    let before = digest(&owner, &page).await;
    assert!(paper.contains(&before), "{paper}\n{before}");

    // The checkpoint is the one that is handed out; the page says so to whoever reads it on the screen, too.
    let lines: Vec<&str> = note.lines().collect();
    assert!(paper.contains(lines[0]) && paper.contains(&format!("{} entries, root {}", lines[1], lines[2])), "{paper}\n{note}");
    assert!(page.texts(".head a[href='/audit/proof']").concat().contains(&format!("Sealed to {}", lines[1])), "{:?}", page.texts(".head"));

    // Somebody who owns the database changes a letter of one entry: the same page has another digest.
    let superuser = console.database.as_superuser().await;
    let change = format!("SET session_replication_role = replica; UPDATE audit_logs SET user_agent = 'x' WHERE id = '{}'", page.rows()[0]);
    superuser.batch_execute(&change).await.expect("changed");
    let (page, _) = printed(&auditor).await;
    assert!(!page.texts(".print-only").concat().contains(&before));
    let after = digest(&owner, &page).await;
    assert!(after != before && page.texts(".print-only").concat().contains(&after));
}
