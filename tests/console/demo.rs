//! Is the demonstration what a tour of the console needs, and does its log say nothing but the truth?

use std::collections::BTreeMap;

use chrono::NaiveDate;
use nexus_console::demo::{self, DemoError};
use tokio_postgres::Client;

use crate::support::{self, day_made, with_day};

/// The shape of a real one, for a password nobody has.
const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$YSBzYWx0IG9mIG5vdGhpbmc$bm9ib2R5J3MgaGFzaCwgb25seSBpdHMgc2hhcGUgaXM";

const TABLES: [&str; 17] = [
    "users",
    "accounts",
    "transactions",
    "system_settings",
    "ssot_api_contracts",
    "ssot_api_aliases",
    "ssot_governance_rules",
    "api_keys",
    "notifications",
    "user_sessions",
    "transaction_approvals",
    "transaction_transfers",
    "transaction_reversals",
    "transaction_questions",
    "expiry_holds",
    "account_ledger",
    "account_limits",
];

async fn filled() -> Client {
    let mut client = support::database().await.as_owner().await;
    let day = day_made(&client).await;
    demo::fill(&mut client, day, HASH).await.expect("an empty database is filled");
    client.batch_execute("SET timezone = 'UTC'").await.expect("a zone");
    client
}

/// What a statement without parameters counts.
async fn count(client: &Client, statement: &str) -> i64 {
    client.query_one(&with_day(statement), &[]).await.unwrap_or_else(|error| panic!("{statement}: {error:?}")).get(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demonstration_holds_what_a_tour_needs() {
    let client = filled().await;
    for (least, most, statement) in [
        (60, 60, "SELECT count(*) FROM users"),
        (150, 150, "SELECT count(*) FROM accounts"),
        (5_000, 5_000, "SELECT count(*) FROM transactions"),
        (80, 80, "SELECT count(*) FROM transactions WHERE status = 'pending'"),
        (50, 400, "SELECT count(*) FROM transactions WHERE status = 'failed'"),
        (20, 400, "SELECT count(*) FROM transactions WHERE status = 'cancelled'"),
        (3, 3, "SELECT count(DISTINCT currency) FROM accounts WHERE currency IN ('USD', 'EUR', 'JPY')"),
        (3, 30, "SELECT count(*) FROM accounts WHERE account_type = 'credit' AND balance < 0"),
        (0, 0, "SELECT count(*) FROM accounts WHERE currency = 'JPY' AND balance <> trunc(balance)"),
        (
            0,
            0,
            "SELECT count(*) FROM transactions t JOIN accounts a ON a.id = t.account_id WHERE a.currency = 'JPY' AND t.amount <> trunc(t.amount)",
        ),
        (1, 1, "SELECT count(*) FROM (SELECT user_id FROM accounts GROUP BY user_id HAVING count(*) = 12) AS twelve"),
        (3, 20, "SELECT count(*) FROM (SELECT user_id FROM accounts GROUP BY user_id HAVING count(*) = 1) AS one"),
        (3, 3, "SELECT count(*) FROM accounts a JOIN users u ON u.id = a.user_id WHERE u.username = 'user'"),
        (0, 0, "SELECT count(*) FROM accounts a JOIN users u ON u.id = a.user_id WHERE u.role <> 'user'"),
        (4, 9, "SELECT count(*) FROM users u WHERE role = 'user' AND NOT EXISTS (SELECT 1 FROM accounts a WHERE a.user_id = u.id)"),
        (3, 20, "SELECT count(*) FROM ssot_api_aliases WHERE expires_at < now()"),
        (1, 1, "SELECT count(*) FROM ssot_api_aliases WHERE expires_at::date = {day} + 3"),
        (1, 1, "SELECT count(*) FROM api_keys WHERE created_at::date = {day} - 88"),
        (1, 4, "SELECT count(*) FROM api_keys WHERE NOT is_active"),
        (10, 90, "SELECT count(*) FROM notifications WHERE is_read"),
        (10, 90, "SELECT count(*) FROM notifications WHERE NOT is_read"),
        (3, 20, "SELECT count(*) FROM notifications WHERE is_urgent"),
        (2, 90, "SELECT count(*) FROM notifications WHERE expires_at < now()"),
        (40, 60, "SELECT count(*) FROM audit_logs WHERE action = 'login_failed'"),
        (39, 40, "SELECT count(*) FROM audit_logs WHERE action = 'login_failed' AND ip_address = '192.0.2.251'"),
        (1, 1, "SELECT count(*) FROM audit_logs WHERE action = 'export' AND extract(hour FROM created_at) < 6"),
        (
            1,
            1,
            "SELECT count(*) FROM audit_logs WHERE entity_type = 'users' AND old_values ->> 'role' = 'viewer' AND new_values ->> 'role' = 'manager'",
        ),
        (
            1,
            1,
            "SELECT count(*) FROM audit_logs WHERE entity_type = 'users' AND old_values ->> 'role' = 'manager' AND new_values ->> 'role' = 'viewer'",
        ),
        (
            1,
            1,
            "SELECT count(*) FROM audit_logs l JOIN audit_details d ON d.entry_id = l.id WHERE d.actor_kind = 'db' AND d.actor_name = 'postgres' AND l.action = 'UPDATE'",
        ),
        (1, 1, "SELECT count(*) FROM ssot_audit_logs WHERE entity_type = 'ssot_api_aliases' AND action = 'DELETE'"),
        (1, 1, "SELECT count(*) FROM audit_logs WHERE action = 'load'"),
        (300, 3_000, "SELECT count(*) FROM audit_logs WHERE action = 'login'"),
        (1, 1, "SELECT count(*) FROM account_limits l JOIN accounts a ON a.id = l.account_id WHERE a.account_type = 'credit'"),
        (50, 2_000, "SELECT count(*) FROM transaction_transfers l JOIN transactions t ON t.id = l.source_id WHERE t.status = 'completed'"),
        (0, 0, "SELECT count(*) FROM users WHERE email NOT LIKE '%@example.com'"),
    ] {
        let found = count(&client, statement).await;
        assert!((least..=most).contains(&found), "{statement}: {found}, not {least} to {most}");
    }
    assert!(demo::is_demo(&client).await.expect("an answer"));
    assert!(!demo::is_empty(&client).await.expect("an answer"));
    for user in demo::USERS {
        let row = client.query_one("SELECT role, is_active FROM users WHERE username = $1", &[&user.username]).await.expect("the user");
        assert_eq!((row.get::<_, &str>(0), row.get::<_, bool>(1)), (user.role.name(), true), "{}", user.username);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pending_ones_are_as_promised() {
    let client = filled().await;
    let pending = "WITH pending AS (\
        SELECT t.id, t.account_id, t.amount, t.created_at, t.transaction_type, a.balance, a.is_active, a.account_type, a.currency, \
               t.created_by = m.id AS made, t.updated_by = m.id AS edited \
          FROM transactions t JOIN accounts a ON a.id = t.account_id JOIN users m ON m.username = 'manager' WHERE t.status = 'pending') ";
    for (expected, question) in [
        (40, "SELECT count(*) FROM pending WHERE NOT made AND NOT edited"),
        (27, "SELECT count(*) FROM pending WHERE made"),
        (13, "SELECT count(*) FROM pending WHERE NOT made AND edited"),
        (1, "SELECT count(*) FROM pending WHERE NOT is_active AND NOT made AND NOT edited"),
        (
            1,
            "SELECT count(*) FROM pending WHERE account_type NOT IN ('credit', 'loan') AND NOT made AND NOT edited AND balance + public.nexus_effect(transaction_type, amount) < 0",
        ),
        (
            1,
            "SELECT count(*) FROM pending WHERE account_type NOT IN ('credit', 'loan') AND balance + public.nexus_effect(transaction_type, amount) < 0",
        ),
        (
            1,
            "SELECT count(*) FROM pending p JOIN pending q ON q.account_id = p.account_id AND q.amount = p.amount AND q.created_at > p.created_at AND q.created_at < p.created_at + interval '24 hours'",
        ),
        (1, "SELECT count(*) FROM pending WHERE amount = 25000 AND NOT made AND NOT edited AND balance >= amount"),
        (0, "SELECT count(*) FROM pending WHERE created_at < {day} - 20 OR created_at > now()"),
        (0, "SELECT count(*) FROM pending WHERE amount <= 0 AND transaction_type <> 'transfer'"),
        (2, "SELECT count(*) FROM pending WHERE transaction_type = 'transfer' AND made"),
        (0, "SELECT count(*) FROM pending p WHERE NOT EXISTS (SELECT 1 FROM expiry_holds h WHERE h.transaction_id = p.id)"),
        (80, "SELECT count(*) FROM expiry_holds"),
        (1, "SELECT count(*) FROM pending p JOIN transaction_transfers l ON l.source_id = p.id"),
        (
            1,
            "SELECT count(*) FROM pending p JOIN transaction_reversals r ON r.reversal_id = p.id JOIN transactions o ON o.id = r.original_id \
             WHERE o.status = 'completed' AND o.amount = p.amount AND o.account_id = p.account_id AND NOT made AND NOT edited",
        ),
        // One approval of two counts still, for nothing has changed since; and one question waits for manager's answer.
        (
            1,
            "SELECT count(*) FROM pending p JOIN transaction_approvals d ON d.transaction_id = p.id \
             WHERE d.decision = 'approve' AND p.amount = 25000 AND d.digest = public.nexus_digest(public.nexus_approval_statement(p.id))",
        ),
        (1, "SELECT count(*) FROM pending p JOIN transaction_questions q ON q.transaction_id = p.id WHERE q.outcome IS NULL AND made"),
        (
            1,
            "SELECT count(*) FROM notifications n, pending p, users m WHERE m.username = 'manager' AND n.user_id = m.id AND NOT n.is_read \
             AND n.message LIKE '%/approvals/' || p.id",
        ),
        (
            3,
            "SELECT count(*) FROM transactions t JOIN users u ON u.id = t.created_by JOIN accounts a ON a.id = t.account_id WHERE u.username = 'user' AND t.status = 'pending' AND a.user_id = u.id",
        ),
        (0, "SELECT count(*) FROM transactions WHERE status = 'pending' AND processed_at IS NOT NULL"),
    ] {
        let statement = [pending, question].concat();
        assert_eq!(count(&client, &statement).await, expected, "{question}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn balances_are_what_the_ledger_says() {
    let client = filled().await;
    for statement in [
        "SELECT count(*) FROM accounts a LEFT JOIN account_ledger l ON l.account_id = a.id WHERE l.id IS NULL",
        "SELECT count(*) FROM accounts a JOIN account_ledger l ON l.account_id = a.id WHERE a.balance <> l.opening_balance + coalesce(\
            (SELECT sum(public.nexus_effect(t.transaction_type, t.amount)) FROM transactions t WHERE t.account_id = a.id AND t.status = 'completed'), 0)",
        // The two legs of a transfer cancel each other.
        "SELECT count(*) FROM (SELECT reference_number FROM transactions WHERE transaction_type = 'transfer' \
            GROUP BY reference_number HAVING sum(amount) <> 0 OR count(*) <> 2 OR count(DISTINCT status) <> 1 OR count(DISTINCT account_id) <> 2) AS odd",
        "SELECT count(*) FROM transactions WHERE transaction_type <> 'transfer' AND amount <= 0",
        "SELECT count(*) FROM transactions WHERE status = 'completed' AND processed_at IS NULL",
        // Nobody approved what they made.
        "SELECT count(*) FROM transaction_approvals d JOIN transactions t ON t.id = d.transaction_id WHERE d.decision = 'approve' AND d.decider IN (t.created_by, t.updated_by)",
        "SELECT count(*) FROM transaction_approvals d WHERE NOT EXISTS (SELECT 1 FROM transactions t WHERE t.id = d.transaction_id)",
        // Every decision says what was seen and by which rule, as the door does.
        "SELECT count(*) FROM transaction_approvals WHERE digest IS DISTINCT FROM public.nexus_digest(statement) OR statement IS NULL",
        "SELECT count(*) FROM transaction_approvals d JOIN transactions t ON t.id = d.transaction_id JOIN accounts a ON a.id = t.account_id \
          WHERE d.decision = 'approve' AND d.rule_applied !~ ('^approval [12] of ' || public.nexus_approvers_needed(public.nexus_approval_tiers(), a.currency, t.amount) \
                || ', rule ' || public.nexus_rule_version(public.nexus_approval_tiers()) || '$')",
        "SELECT count(*) FROM transactions t JOIN accounts a ON a.id = t.account_id WHERE t.status = 'completed' \
            AND EXISTS (SELECT 1 FROM transaction_approvals d WHERE d.transaction_id = t.id) \
            AND (SELECT count(DISTINCT d.decider) FROM transaction_approvals d WHERE d.transaction_id = t.id AND d.decision = 'approve') \
                <> public.nexus_approvers_needed(public.nexus_approval_tiers(), a.currency, t.amount)",
        "SELECT count(*) FROM transaction_transfers l JOIN transactions s ON s.id = l.source_id JOIN transactions t ON t.id = l.target_id \
          WHERE s.amount + t.amount <> 0 OR s.amount >= 0 OR s.reference_number <> t.reference_number OR s.status <> t.status",
        "SELECT count(*) FROM transactions t WHERE t.transaction_type = 'transfer' \
            AND NOT EXISTS (SELECT 1 FROM transaction_transfers l WHERE t.id IN (l.source_id, l.target_id))",
        "SELECT count(*) FROM accounts a WHERE a.balance < public.nexus_floor(a.id, a.account_type)",
        // Nothing happened before its account was there, nor after the day began.
        "SELECT count(*) FROM transactions t JOIN accounts a ON a.id = t.account_id WHERE t.created_at < a.created_at",
        "SELECT count(*) FROM transactions WHERE greatest(created_at, updated_at, transaction_date, processed_at) >= {day}",
        "SELECT count(*) FROM accounts a JOIN users u ON u.id = a.user_id WHERE a.created_at < u.created_at",
    ] {
        assert_eq!(count(&client, statement).await, 0, "{statement}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_is_what_the_log_says() {
    let client = filled().await;
    for table in TABLES {
        let log = if table.starts_with("ssot_") { "ssot_audit_logs" } else { "audit_logs" };
        // A secret is concealed under its entry's id, as the trigger does it.
        let statement = format!(
            "SELECT count(*) FROM {table} r LEFT JOIN LATERAL (SELECT l.id, l.new_values, l.action FROM {log} l \
                WHERE l.entity_type = '{table}' AND l.entity_id = r.id ORDER BY l.created_at DESC, l.id DESC LIMIT 1) AS last ON true \
             WHERE last.new_values IS DISTINCT FROM (SELECT jsonb_object_agg(key, CASE \
                WHEN key IN ('password_hash', 'key_hash', 'session_token', 'refresh_token') THEN public.nexus_conceal(last.id, key, value #>> '{{}}') \
                WHEN key = 'setting_value' AND (to_jsonb(r) ->> 'is_encrypted')::boolean THEN public.nexus_conceal(last.id, key, value::text) \
                ELSE value END) FROM jsonb_each(to_jsonb(r)))"
        );
        assert_eq!(count(&client, &statement).await, 0, "{table}: the last entry is not the row");
        let statement = format!(
            "SELECT count(*) FROM {table} r WHERE (SELECT count(*) FROM {log} l WHERE l.entity_type = '{table}' AND l.entity_id = r.id AND l.action = 'INSERT') <> 1"
        );
        assert_eq!(count(&client, &statement).await, 0, "{table}: not every row was inserted once");
        // Each entry begins where the one before it ended; secrets differ with the entry.
        let statement = format!(
            "SELECT count(*) FROM (SELECT old_values - '{{password_hash,key_hash,session_token,refresh_token}}'::text[] AS before, \
                lag(new_values - '{{password_hash,key_hash,session_token,refresh_token}}'::text[]) OVER (PARTITION BY entity_id ORDER BY created_at, id) AS after, action \
                FROM {log} WHERE entity_type = '{table}') AS step WHERE action <> 'INSERT' AND before IS DISTINCT FROM after"
        );
        assert_eq!(count(&client, &statement).await, 0, "{table}: an entry does not continue the one before it");
    }
    for log in ["audit_logs", "ssot_audit_logs"] {
        let statement = format!(
            "SELECT count(*) FROM {log} l WHERE (SELECT count(*) FROM audit_details d WHERE d.log = '{log}' AND d.entry_id = l.id) <> 1"
        );
        assert_eq!(count(&client, &statement).await, 0, "{log}: not every entry has its details");
    }
    let orphans = "SELECT count(*) FROM audit_details d WHERE NOT EXISTS (SELECT 1 FROM audit_logs l WHERE l.id = d.entry_id AND d.log = 'audit_logs') \
        AND NOT EXISTS (SELECT 1 FROM ssot_audit_logs l WHERE l.id = d.entry_id AND d.log = 'ssot_audit_logs')";
    assert_eq!(count(&client, orphans).await, 0);
    let strangers = "SELECT count(*) FROM audit_logs WHERE ip_address IS NOT NULL AND NOT ip_address << '192.0.2.0/24'";
    assert_eq!(count(&client, strangers).await, 0);
}

/// A checksum of each table and log, but for the rows that migrations and the fill's own event add.
async fn checksums(client: &Client) -> BTreeMap<String, String> {
    let mut sums = BTreeMap::new();
    let made = "0194a50e-d400-7000-8000-000000000000";
    for table in TABLES {
        let statement = format!(
            "SELECT coalesce(md5(string_agg(to_jsonb(r)::text, '' ORDER BY r.id)), '') FROM {table} r \
             WHERE left(r.id::text, 13) <> left('{made}', 13)"
        );
        sums.insert(table.to_owned(), client.query_one(&with_day(&statement), &[]).await.expect("a checksum").get(0));
    }
    for log in ["audit_logs", "ssot_audit_logs"] {
        let statement = format!(
            "SELECT md5(string_agg(to_jsonb(l)::text || to_jsonb(d)::text, '' ORDER BY l.id)) FROM {log} l \
               JOIN audit_details d ON d.log = '{log}' AND d.entry_id = l.id WHERE l.created_at < {{day}}"
        );
        sums.insert(log.to_owned(), client.query_one(&with_day(&statement), &[]).await.expect("a checksum").get(0));
    }
    sums
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_day_gives_the_same_rows() {
    let first = checksums(&filled().await).await;
    let second = checksums(&filled().await).await;
    assert_eq!(first, second);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_in_it_opens_anything() {
    let client = filled().await;
    for statement in [
        // Sessions are over, and their tokens are hashes of no key.
        "SELECT count(*) FROM user_sessions WHERE is_active AND expires_at > now()",
        "SELECT count(*) FROM user_sessions WHERE session_token !~ '^n1:[0-9a-f]{64}$' OR refresh_token !~ '^none:[0-9a-f-]{36}$'",
        "SELECT count(*) FROM api_keys WHERE key_hash !~ '^[0-9a-f]{64}$'",
        "SELECT count(*) FROM users WHERE password_hash NOT LIKE '$argon2id$%'",
        // No secret is in the log in clear.
        "SELECT count(*) FROM audit_logs l JOIN users u ON strpos(l.new_values::text, u.password_hash) > 0 OR strpos(l.old_values::text, u.password_hash) > 0 WHERE l.entity_type IN ('users', 'event')",
        "SELECT count(*) FROM audit_logs l JOIN api_keys k ON strpos(l.new_values::text, k.key_hash) > 0 WHERE l.entity_type IN ('api_keys', 'event')",
        "SELECT count(*) FROM audit_logs l JOIN user_sessions s ON strpos(l.new_values::text, s.session_token) > 0 OR strpos(l.new_values::text, s.refresh_token) > 0 WHERE l.entity_type IN ('user_sessions', 'event')",
        "SELECT count(*) FROM audit_logs WHERE entity_type = 'system_settings' AND new_values::text LIKE '%enc:v1:%'",
    ] {
        assert_eq!(count(&client, statement).await, 0, "{statement}");
    }
    let shared = client.query_one("SELECT count(*) FROM users WHERE password_hash = $1", &[&HASH]).await.expect("a count");
    assert_eq!(shared.get::<_, i64>(0), 6, "only the six have the demonstration's password");
    let devices = "SELECT count(*) FROM (SELECT s.user_id FROM user_sessions s JOIN users u ON u.id = s.user_id \
        WHERE u.username IN ('admin', 'manager', 'manager2', 'auditor', 'user', 'viewer') \
        GROUP BY s.user_id HAVING count(DISTINCT s.user_agent) = 3) AS three";
    assert_eq!(count(&client, devices).await, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_empty_database_is_filled_and_never_with_a_password() {
    let mut client = support::database().await.as_owner().await;
    let day = day_made(&client).await;
    let refused = demo::fill(&mut client, day, "correct horse battery staple").await;
    assert!(matches!(refused, Err(DemoError::NotAHash)), "{refused:?}");
    assert!(demo::is_empty(&client).await.expect("an answer"));

    let mut client = filled().await;
    let refused = demo::fill(&mut client, day, HASH).await;
    assert!(matches!(refused, Err(DemoError::NotEmpty)), "{refused:?}");
    assert_eq!(count(&client, "SELECT count(*) FROM audit_logs WHERE action = 'load'").await, 1);
    let off = "SELECT count(*) FROM pg_catalog.pg_trigger WHERE NOT tgisinternal AND tgenabled = 'D'";
    assert_eq!(count(&client, off).await, 0, "the triggers watch again");
}

#[tokio::test(flavor = "multi_thread")]
async fn any_day_can_be_the_first() {
    for (year, month, day) in [(2027, 3, 1), (2028, 2, 29), (2026, 12, 31), (2027, 5, 2)] {
        let mut client = support::database().await.as_owner().await;
        let day = NaiveDate::from_ymd_opt(year, month, day).expect("a day");
        demo::fill(&mut client, day, HASH).await.unwrap_or_else(|error| panic!("{day}: {error:?}"));
        let waiting = "SELECT count(*) FROM transactions t, users m WHERE m.username = 'manager' AND t.status = 'pending' AND t.created_by <> m.id AND t.updated_by <> m.id";
        assert_eq!(count(&client, waiting).await, 40, "{day}");
        assert_eq!(count(&client, "SELECT count(*) FROM transactions").await, 5_000, "{day}");
    }
}
