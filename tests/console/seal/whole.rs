//! Is everything sealed that stands in the logs, however it came there?

use nexus_console::demo::{self, Volume};

use super::Log;
use crate::support::{database, nexus3};

/// The shape of a real one, for a password nobody has.
const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$YSBzYWx0IG9mIG5vdGhpbmc$bm9ib2R5J3MgaGFzaCwgb25seSBpdHMgc2hhcGUgaXM";

#[tokio::test(flavor = "multi_thread")]
async fn what_was_loaded_to_measure_on_is_sealed_whole() {
    let database = database().await;
    let mut owner = database.as_owner().await;
    let volume = Volume { transactions: 500, audit: 9_000 };
    Box::pin(demo::fill_to_measure(&mut owner, chrono::Utc::now().date_naive(), HASH, volume, |_| {})).await.expect("filled");
    let log = Log::of(database).await;
    assert!(log.seal().await > 9_000);
    log.assert_whole().await;
    assert!(log.count("SELECT count(*) FROM audit_leaves WHERE found").await >= 9_000);
    let verdict = log.verdict(&[]).await;
    assert!(verdict.agreeing >= 3 && verdict.is_clean());
    assert_eq!(log.seal().await, 0, "once is enough");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demonstration_is_sealed_whole() {
    let database = database().await;
    let mut owner = database.as_owner().await;
    demo::fill(&mut owner, chrono::Utc::now().date_naive(), HASH).await.expect("filled");
    let log = Log::of(database).await;
    log.seal().await;
    log.assert_whole().await;
}

/// Times that no calendar has, documents that are none, entries that are of no table and of nobody.
#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_ten_years_is_sealed_as_it_was_found() {
    let log = Log::of(nexus3::adopted_database().await).await;
    log.run(
        "INSERT INTO audit_logs (id, entity_type, entity_id, action, old_values, new_values, context, ip_address, user_agent, created_at) VALUES
             ('00000000-0000-0000-0000-000000000000', '', gen_random_uuid(), '', 'null', '[1e400, \"\\u00e9\"]', '', '::/0', '', 'infinity'),
             ('ffffffff-ffff-ffff-ffff-ffffffffffff', 'x', gen_random_uuid(), 'x', '\"\"', NULL, NULL, '10.0.0.0/8', NULL, NULL)",
    )
    .await;
    log.seal().await;
    log.assert_whole().await;
    let position = log
        .count("SELECT position FROM audit_leaves l JOIN ssot_audit_logs s ON s.id = l.entry_id ORDER BY position OFFSET 5 LIMIT 1")
        .await;
    log.run(&format!(
        "UPDATE ssot_audit_logs SET old_values = '{{}}' WHERE id = (SELECT entry_id FROM audit_leaves WHERE position = {position})"
    ))
    .await;
    let findings = log.findings(&[]).await;
    assert!(findings.len() == 1 && findings[0].starts_with(&format!("entry {position} (ssot_audit_logs ")), "{findings:?}");
}
