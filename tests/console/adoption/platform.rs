//! Does the platform go on beside the console as it always did, and is everything it does seen?

use tokio_postgres::Client;

use super::{Console, column, ledger_checked, one, opened};
use crate::support::nexus3::PLATFORM;

/// A session of the platform's own role, as the database sees it.
async fn platform(console: &Console) -> Client {
    let client = console.database.as_superuser().await;
    client.batch_execute(&format!("SET SESSION AUTHORIZATION {PLATFORM}")).await.expect("the platform's role");
    client
}

/// As the platform has always written, in the order of its day.
const DAY: [&str; 22] = [
    "INSERT INTO users (id, username, email, full_name, password_hash) VALUES ('44444444-4444-4444-8444-000000000001', 'newcomer', 'newcomer@example.com', 'New Comer', '$2b$12$canary-7f3a')",
    "UPDATE users SET last_login = now(), full_name = 'Renamed' WHERE username = 'customer1'",
    "UPDATE users SET password_hash = 'canary-7f3a-changed' WHERE username = 'customer2'",
    "UPDATE users SET role = 'viewer', is_active = false WHERE role = 'admin' AND username <> 'admin'",
    "INSERT INTO accounts (id, user_id, account_name, account_type, account_number) VALUES ('44444444-4444-4444-8444-000000000002', '44444444-4444-4444-8444-000000000001', 'First', 'checking', 'first')",
    "INSERT INTO transactions (id, account_id, transaction_type, amount) VALUES ('44444444-4444-4444-8444-000000000003', '44444444-4444-4444-8444-000000000002', 'deposit', 40)",
    "BEGIN; UPDATE transactions SET status = 'completed', processed_at = now() WHERE id = '44444444-4444-4444-8444-000000000003'; UPDATE accounts SET balance = balance + 40 WHERE account_number = 'first'; COMMIT",
    "INSERT INTO api_keys (user_id, key_name, key_hash, permissions) VALUES ('44444444-4444-4444-8444-000000000001', 'k', 'canary-7f3a', 'null')",
    "INSERT INTO notifications (user_id, title, message, notification_type) SELECT id, 'Hello', 'Hello', 'info' FROM users WHERE username LIKE 'customer12%'",
    "UPDATE notifications SET is_read = true WHERE title = 'Hello'",
    "INSERT INTO user_sessions (user_id, session_token, refresh_token, expires_at) VALUES ('44444444-4444-4444-8444-000000000001', 'canary-7f3a-live', 'canary-7f3a-live', now() + interval '1 hour')",
    "DELETE FROM user_sessions WHERE expires_at < '2019-06-01'",
    "UPDATE system_settings SET setting_value = '\"NEXUS\"' WHERE setting_key = 'system_name'",
    "INSERT INTO ssot_api_contracts (canonical_name, version, base_url, created_by, updated_by) VALUES ('new-api', 'v1', 'http://x', 'system', 'deploy')",
    "UPDATE ssot_api_aliases SET is_active = false WHERE context = 'Frontend'",
    "INSERT INTO ssot_governance_rules (rule_name, rule_type, rule_config, created_by, updated_by) VALUES ('new', 'x', '[]', 'a', 'b')",
    "INSERT INTO audit_logs (entity_type, entity_id, action, new_values, user_id) VALUES ('User', '44444444-4444-4444-8444-000000000001', 'signed_up', '{\"password_hash\": \"canary-7f3a\"}', '44444444-4444-4444-8444-000000000001')",
    "INSERT INTO ssot_audit_logs (entity_type, entity_id, action, user_id) VALUES ('ssot_api_contracts', gen_random_uuid(), 'publish', 'deploy')",
    "DELETE FROM audit_logs WHERE action = 'password.reset'",
    "UPDATE transactions SET created_by = NULL WHERE created_by IN (SELECT id FROM users WHERE username LIKE 'customer22%')",
    "UPDATE audit_logs SET user_id = NULL WHERE user_id IN (SELECT id FROM users WHERE username LIKE 'customer22%')",
    "DELETE FROM users WHERE username LIKE 'customer22%'",
];

#[tokio::test(flavor = "multi_thread")]
async fn nothing_it_does_is_refused_and_all_of_it_is_recorded() {
    let console = opened().await;
    let platform = platform(&console).await;
    for statement in DAY {
        platform.batch_execute(statement).await.unwrap_or_else(|error| panic!("{statement}: {error:?}"));
    }
    let recorded = "SELECT DISTINCT l.entity_type || ' ' || l.action FROM (SELECT id, entity_type, action, 'audit_logs' AS log FROM audit_logs UNION ALL SELECT id, entity_type, action, 'ssot_audit_logs' FROM ssot_audit_logs) l \
                    JOIN audit_details d ON d.log = l.log AND d.entry_id = l.id WHERE d.actor_kind = 'db' AND d.actor_name = 'nexus_platform' ORDER BY 1";
    assert_eq!(
        column(&console, recorded).await,
        [
            "User signed_up",
            "account_ledger INSERT",
            "accounts DELETE",
            "accounts INSERT",
            "accounts UPDATE",
            "api_keys DELETE",
            "api_keys INSERT",
            "notifications DELETE",
            "notifications INSERT",
            "notifications UPDATE",
            "ssot_api_aliases UPDATE",
            "ssot_api_contracts INSERT",
            "ssot_api_contracts publish",
            "ssot_governance_rules INSERT",
            "system_settings UPDATE",
            "transactions DELETE",
            "transactions INSERT",
            "transactions UPDATE",
            "user_sessions DELETE",
            "user_sessions INSERT",
            "users DELETE",
            "users INSERT",
            "users UPDATE",
        ],
        "each cascade of theirs, too"
    );
    let as_written =
        "SELECT full_name || ' ' || (created_by IS NULL) || ' ' || (updated_by IS NULL) FROM users WHERE username = 'customer1'";
    assert_eq!(one(&console, as_written).await, "Renamed true true", "no stamp claims that somebody of ours did it");
    let contract = "SELECT created_by || ' ' || updated_by FROM ssot_api_contracts WHERE canonical_name = 'new-api'";
    assert_eq!(one(&console, contract).await, "system deploy");

    // What was before and what is new stand in one history, and neither shows a secret.
    let auditor = console.signed_in("auditor").await;
    let id = one(&console, "SELECT id::text FROM users WHERE username = 'customer2'").await;
    let history = auditor.get(&format!("/tables/users/{id}/history")).await;
    assert_eq!(history.status, 200);
    assert!(history.text().contains("db:nexus_platform") || history.text().contains("nexus_platform"), "{}", history.text());
    assert!(history.text().contains("system"), "the old entries, too: {}", history.text());
    assert_eq!(crate::crawl::faults(&history), Vec::<String>::new());
    for list in ["/tables/audit_logs?limit=200", "/tables/ssot_audit_logs?limit=200", "/tables/user_sessions?limit=200"] {
        let page = auditor.get(list).await;
        assert_eq!(page.status, 200, "{list}");
        assert_eq!(crate::crawl::faults(&page), Vec::<String>::new(), "{list}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_balance_or_a_status_it_changes_is_a_finding() {
    let console = opened().await;
    let platform = platform(&console).await;
    let manager = console.signed_in("manager").await;
    let findings = async || ledger_checked(&manager).await.texts("[data-finding=drift]");
    let before = findings().await;
    for (statement, account) in [
        ("UPDATE accounts SET balance = balance + 5 WHERE account_number = 'story-1'", "Kept well"),
        ("UPDATE transactions SET status = 'failed' WHERE reference_number = 'STORY-4'", "Never had a balance"),
        ("DELETE FROM transactions WHERE reference_number = 'HUGE-1'", "More than fits"),
    ] {
        assert!(!before.iter().any(|finding| finding.contains(account)), "{account}");
        platform.batch_execute(statement).await.unwrap_or_else(|error| panic!("{statement}: {error:?}"));
    }
    let after = findings().await;
    assert_eq!(after.len(), before.len() + 3, "{after:?}");
    for account in ["Kept well", "Never had a balance", "More than fits"] {
        assert!(after.iter().any(|finding| finding.contains(account)), "{account}: {after:?}");
    }
    let drift = manager.get("/operations/ledger/22222222-2222-4222-8222-000000000001").await;
    assert!(drift.text().contains("nexus_platform"), "it says who did it: {}", drift.text());
    // An account that is frozen is the platform's all the same.
    platform.batch_execute("UPDATE accounts SET balance = balance - 5 WHERE account_number = 'story-1'").await.expect("never refused");
}
