//! Does the database hold against its own console: its rights, its guards, its log?

use nexus_console::db::migrate;
use nexus_console::db::roles::{self, AppRole};
use tokio_postgres::Client;

use super::{connect, count, text};
use crate::support::{self, TestDatabase};

const ADMIN: &str = "00000000-0000-7000-8000-000000000001";
const SECOND: &str = "00000000-0000-7000-8000-000000000002";
const ACCOUNT: &str = "00000000-0000-7000-8000-0000000000a1";
const PENDING: &str = "00000000-0000-7000-8000-0000000000b1";
const COMPLETED: &str = "00000000-0000-7000-8000-0000000000b2";

/// A migrated database with two administrators, an account, a pending and a completed transaction, and a connection
/// of its owner and of its serving role.
async fn filled() -> (TestDatabase, Client, Client) {
    let database = support::empty_database().await;
    let mut owner = connect(&database.owner_config).await;
    migrate::up(&mut owner).await.expect("an empty database migrates");
    assert_eq!(roles::ensure(&owner).await.expect("the role can be asked for"), AppRole::Own);
    owner
        .batch_execute(
            "INSERT INTO users (id, username, email, full_name, password_hash, role) VALUES
                 ('00000000-0000-7000-8000-000000000001', 'ada', 'ada@example.com', 'Ada', 'hash-of-ada', 'admin'),
                 ('00000000-0000-7000-8000-000000000002', 'bob', 'bob@example.com', 'Bob', 'hash-of-bob', 'admin');
             INSERT INTO accounts (id, user_id, account_name, account_type, account_number, balance)
                 VALUES ('00000000-0000-7000-8000-0000000000a1', '00000000-0000-7000-8000-000000000001', 'Main', 'checking', '1', 50);
             INSERT INTO transactions (id, account_id, transaction_type, amount, status, created_by, updated_by) VALUES
                 ('00000000-0000-7000-8000-0000000000b1', '00000000-0000-7000-8000-0000000000a1', 'deposit', 10, 'pending',
                  '00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000002'),
                 ('00000000-0000-7000-8000-0000000000b2', '00000000-0000-7000-8000-0000000000a1', 'deposit', 20, 'completed',
                  '00000000-0000-7000-8000-000000000001', NULL)",
        )
        .await
        .expect("the platform may write what it likes");
    let app = connect(&database.app_config).await;
    (database, owner, app)
}

/// Runs statements as `user:<id>` in one transaction of their own; answers the SQLSTATE of a refusal.
async fn acting(client: &Client, user: &str, statements: &str) -> Result<(), String> {
    let script = format!("BEGIN; SET LOCAL nexus.actor = 'user:{user}'; SET LOCAL nexus.context = 'console'; {statements}; COMMIT");
    let outcome = client.batch_execute(&script).await;
    if outcome.is_err() {
        client.batch_execute("ROLLBACK").await.expect("the connection stands");
    }
    outcome.map_err(|error| error.code().map(|code| code.code().to_owned()).unwrap_or_else(|| error.to_string()))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_serving_role_has_its_rights_and_no_others() {
    let (_database, owner, app) = filled().await;
    // The whole grant, written out: privileges on tables, then the columns it may not write.
    let granted = text(
        &owner,
        "SELECT string_agg(relname || ':' || rights, ' ' ORDER BY relname) FROM (
            SELECT c.relname, string_agg(left(p, 1), '' ORDER BY p) AS rights
              FROM pg_class c CROSS JOIN unnest(ARRAY['SELECT', 'DELETE', 'TRUNCATE', 'REFERENCES', 'X']) AS p
             WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
               AND CASE WHEN p = 'X' THEN has_table_privilege('nexus_app', c.oid, 'TRIGGER')
                        ELSE has_table_privilege('nexus_app', c.oid, p) END
             GROUP BY c.relname) AS listed",
    )
    .await;
    assert_eq!(
        granted,
        "access_review_verdicts:S access_reviews:S account_ledger:S account_ledger_corrections:S account_limits:DS accounts:DS api_keys:DS audit_checkpoints:S audit_details:S audit_leaves:S audit_logs:S audit_sweep:S audit_tiles:S audit_unsealed:S \
         console_preferences:DS decision_run_items:S decision_runs:S entry_annotations:S expiry_holds:S ledger_checks:S ledger_decisions:S \
         notifications:DS one_time_links:DS refinery_schema_history:S review_marks:S session_state:DS ssot_api_aliases:DS \
         ssot_api_contracts:DS ssot_audit_logs:S ssot_governance_rules:DS system_settings:DS transaction_approvals:S \
         transaction_questions:S transaction_reversals:S transaction_transfers:S transactions:S user_sessions:DS users:S"
    );
    let unwritable = text(
        &owner,
        "SELECT string_agg(c.relname || '.' || a.attname, ' ' ORDER BY c.relname, a.attname)
           FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
          WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
            AND has_table_privilege('nexus_app', c.oid, 'SELECT')
            AND has_any_column_privilege('nexus_app', c.oid, 'INSERT')
            AND NOT has_column_privilege('nexus_app', c.oid, a.attnum, 'INSERT')",
    )
    .await;
    assert_eq!(unwritable, "accounts.balance transactions.processed_at transactions.status");
    assert_eq!(roles::excess(&owner).await.expect("the role can be asked about"), Vec::<String>::new());

    let refused = [
        "CREATE TABLE mine (id int)",
        "CREATE TEMP TABLE mine (id int)",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "ALTER TABLE users DISABLE TRIGGER ALL",
        "TRUNCATE transactions",
        "DELETE FROM transactions",
        "DELETE FROM users",
        "DELETE FROM audit_logs",
        "UPDATE audit_logs SET action = 'x'",
        "INSERT INTO audit_logs (entity_type, entity_id, action) VALUES ('users', gen_random_uuid(), 'DELETE')",
        "UPDATE audit_details SET actor_name = 'x'",
        "INSERT INTO transaction_approvals (transaction_id, decision) VALUES (gen_random_uuid(), 'approve')",
        "UPDATE account_ledger SET opening_balance = 1",
        "INSERT INTO account_ledger_corrections (account_id, amount, decision_id) VALUES (gen_random_uuid(), 1, gen_random_uuid())",
        "INSERT INTO ledger_decisions (account_id, decider, resolution, difference, reason) VALUES (gen_random_uuid(), gen_random_uuid(), 'accept', 1, 'x')",
        "INSERT INTO transaction_transfers (source_id, target_id) VALUES (gen_random_uuid(), gen_random_uuid())",
        "INSERT INTO transaction_reversals (original_id, reversal_id) VALUES (gen_random_uuid(), gen_random_uuid())",
        "UPDATE transaction_questions SET outcome = 'answered'",
        "DELETE FROM expiry_holds",
        "DELETE FROM decision_runs",
        "DELETE FROM audit_unsealed",
        "INSERT INTO audit_leaves (position, log, entry_id, found) VALUES (0, 'audit_logs', gen_random_uuid(), false)",
        "UPDATE audit_tiles SET hashes = hashes",
        "DELETE FROM audit_checkpoints",
        "UPDATE audit_sweep SET walks = 9",
        "UPDATE entry_annotations SET body = 'x'",
        "DELETE FROM review_marks",
        "DELETE FROM access_reviews",
        "DELETE FROM access_review_verdicts",
        "SELECT nexus_hold(gen_random_uuid())",
        "UPDATE transactions SET status = 'completed'",
        "UPDATE transactions SET processed_at = now()",
        "UPDATE accounts SET balance = 1",
        "UPDATE accounts SET created_by = NULL",
        "SELECT nexus_actor()",
        "SET session_replication_role = replica",
        "SET ROLE nexus_owner",
        "INSERT INTO accounts (user_id, account_name, account_type, account_number, balance) VALUES ('00000000-0000-7000-8000-000000000001', 'x', 'loan', 'x', 1)",
        "INSERT INTO transactions (account_id, transaction_type, amount, status) VALUES ('00000000-0000-7000-8000-0000000000a1', 'fee', 1, 'completed')",
    ];
    for statement in refused {
        assert_eq!(acting(&app, ADMIN, statement).await, Err("42501".to_owned()), "{statement}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_have_the_serving_role_is_told_what_to_type() {
    let (database, owner, app) = filled().await;
    match roles::ensure(&app).await.expect("an answer") {
        AppRole::Missing { reason, .. } => assert!(reason.contains("as nexus_app itself"), "{reason}"),
        AppRole::Own => panic!("the serving role granted itself its rights"),
    }
    let humble = format!("humble_{}", database.name);
    let client = connect(&database.owner_config).await;
    client
        .batch_execute(&format!("CREATE ROLE {humble}; GRANT {humble} TO nexus_owner; SET ROLE {humble}"))
        .await
        .expect("somebody without rights");
    match roles::ensure(&client).await.expect("an answer") {
        AppRole::Missing { statement, .. } => assert!(statement.contains(&format!("GRANT nexus_app TO {humble};")), "{statement}"),
        AppRole::Own => panic!("somebody without rights stepped down"),
    }
    drop(client);
    owner.batch_execute(&format!("DROP ROLE {humble}")).await.expect("gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_administrators_demoted_at_once_leave_one() {
    let (database, owner, app) = filled().await;
    let other = connect(&database.app_config).await;
    let (one, two) = tokio::join!(
        acting(&app, ADMIN, "UPDATE users SET role = 'viewer' WHERE id = '00000000-0000-7000-8000-000000000001'; SELECT pg_sleep(0.3)"),
        acting(
            &other,
            SECOND,
            "UPDATE users SET is_active = false WHERE id = '00000000-0000-7000-8000-000000000002'; SELECT pg_sleep(0.3)"
        ),
    );
    let outcomes = [one, two];
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    assert!(outcomes.contains(&Err("NX002".to_owned())), "{outcomes:?}");
    assert_eq!(count(&owner, "SELECT count(*) FROM users WHERE role = 'admin' AND is_active").await, 1);

    for statement in [
        "UPDATE users SET role = NULL",
        "UPDATE users SET is_active = NULL WHERE role = 'admin'",
        "UPDATE users SET role = 'manager' WHERE role = 'admin'",
    ] {
        assert_eq!(acting(&app, ADMIN, statement).await, Err("NX002".to_owned()), "{statement}");
    }
    // A snapshot taken before the lock would hide the other's change, so none but read committed is trusted.
    owner.batch_execute("UPDATE users SET role = 'admin', is_active = true").await.expect("two again");
    assert_eq!(
        acting(&app, ADMIN, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; UPDATE users SET role = 'viewer' WHERE username = 'ada'")
            .await,
        Err("NX002".to_owned())
    );
    owner.batch_execute("UPDATE users SET role = 'viewer'").await.expect("the platform is not bound");
}

#[tokio::test(flavor = "multi_thread")]
async fn money_does_not_move_outside_the_door() {
    let (_database, owner, app) = filled().await;
    let id = |which: &str| format!("WHERE id = '{which}'");
    // With its rights in place the console meets the guard only where it may write at all.
    for (statement, state) in [
        (format!("UPDATE transactions SET amount = 99 {}", id(COMPLETED)), "NX003"),
        (format!("UPDATE transactions SET description = 'x' {}", id(COMPLETED)), "NX003"),
        (
            "INSERT INTO transactions (account_id, transaction_type, amount) VALUES ('00000000-0000-7000-8000-0000000000a1', 'fee', 'NaN')"
                .to_owned(),
            "NX019",
        ),
        (
            "INSERT INTO transactions (account_id, transaction_type, amount) VALUES ('00000000-0000-7000-8000-0000000000a1', 'transfer', 5)"
                .to_owned(),
            "NX025",
        ),
        (
            "INSERT INTO transactions (account_id, transaction_type, amount) VALUES ('00000000-0000-7000-8000-0000000000a1', 'fee', -5)"
                .to_owned(),
            "NX019",
        ),
        (format!("UPDATE transactions SET amount = 0 {}", id(PENDING)), "NX019"),
        (format!("UPDATE transactions SET transaction_type = 'transfer' {}", id(PENDING)), "NX025"),
        (format!("UPDATE transactions SET amount = 11 {}", id(PENDING)), ""),
    ] {
        let expected = if state.is_empty() { Ok(()) } else { Err(state.to_owned()) };
        assert_eq!(acting(&app, ADMIN, &statement).await, expected, "{statement}");
    }

    // The same console with the owner's rights, as where no role of our own can be made: the trigger still stands.
    for (statement, state) in [
        (format!("UPDATE transactions SET status = 'completed' {}", id(PENDING)), "NX004"),
        (format!("UPDATE transactions SET processed_at = now() {}", id(PENDING)), "NX004"),
        (format!("UPDATE transactions SET status = 'pending' {}", id(COMPLETED)), "NX003"),
        (format!("DELETE FROM transactions {}", id(PENDING)), "NX010"),
        (format!("DELETE FROM users {}", id(SECOND)), "NX010"),
        (format!("UPDATE accounts SET balance = 1 {}", id(ACCOUNT)), "NX004"),
        (format!("UPDATE accounts SET balance = NULL {}", id(ACCOUNT)), "NX004"),
        ("INSERT INTO accounts (user_id, account_name, account_type, account_number, balance) VALUES ('00000000-0000-7000-8000-000000000001', 'x', 'loan', 'x', 1)".to_owned(), "NX004"),
        ("INSERT INTO transactions (account_id, transaction_type, amount, status) VALUES ('00000000-0000-7000-8000-0000000000a1', 'fee', 1, NULL)".to_owned(), "NX003"),
        ("TRUNCATE transactions".to_owned(), "NX005"),
        ("TRUNCATE console_preferences".to_owned(), "NX005"),
        ("DELETE FROM audit_logs".to_owned(), "NX005"),
        ("UPDATE audit_details SET reason = 'x'".to_owned(), "NX005"),
        // Naming the door is not passing through it.
        (format!("DO $$ BEGIN EXECUTE 'UPDATE accounts SET balance = 1 {}'; END $$", id(ACCOUNT).replace('\'', "''")), "NX004"),
        (format!("CREATE TEMP TABLE users AS TABLE public.users; SET LOCAL search_path = pg_temp, public; UPDATE public.accounts SET balance = 1 {}", id(ACCOUNT)), "NX004"),
    ] {
        assert_eq!(acting(&owner, ADMIN, &statement).await, Err(state.to_owned()), "{statement}");
    }
    // A spoofed call stack helps only the owner, who could drop the trigger as well; nexus_app is not the owner.
    assert_eq!(
        acting(&app, ADMIN, &format!("DO $$ BEGIN EXECUTE 'UPDATE transactions /* public.nexus_decide(uuid,text,text,text) */ SET description = NULL {}'; END $$", id(COMPLETED).replace('\'', "''"))).await,
        Err("NX003".to_owned())
    );
    assert_eq!(text(&owner, "SELECT balance::text FROM accounts").await, "50.00");
    assert_eq!(count(&owner, "SELECT count(*) FROM account_ledger WHERE opening_balance = 50").await, 1, "an account opens its ledger");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_made_a_pending_transaction_may_withdraw_it() {
    let (_database, owner, app) = filled().await;
    let decide = |id: &str, reason: &str| format!("SELECT nexus_decide('{id}', 'withdraw', '{reason}', NULL)");
    for (user, statement, state) in [
        (SECOND, decide(PENDING, "mine?"), "NX007"),
        (ADMIN, decide(COMPLETED, "too late"), "NX003"),
        (ADMIN, decide(ADMIN, "none"), "NX006"),
        (ADMIN, decide(PENDING, "  "), "NX008"),
        (ADMIN, format!("SELECT nexus_decide('{PENDING}', 'approve', 'me', NULL)"), "NX007"),
        (ADMIN, format!("SELECT nexus_decide('{PENDING}', 'expire', 'me', NULL)"), "NX007"),
        (ADMIN, format!("SELECT nexus_decide('{PENDING}', 'complete', 'me', NULL)"), "NX009"),
    ] {
        assert_eq!(acting(&app, user, &statement).await, Err(state.to_owned()), "{statement}");
    }
    assert_eq!(
        app.execute(&*decide(PENDING, "nobody"), &[]).await.expect_err("no actor").code().map(|code| code.code().to_owned()),
        Some("NX001".to_owned())
    );

    let before = text(&owner, &format!("SELECT updated_by::text FROM transactions WHERE id = '{PENDING}'")).await;
    acting(&app, ADMIN, &decide(PENDING, " wrong account ")).await.expect("withdrawn");
    assert_eq!(acting(&app, ADMIN, &decide(PENDING, "twice")).await, Err("NX003".to_owned()));
    assert_eq!(
        text(&owner, &format!("SELECT status || ' ' || coalesce(processed_at::text, '-') FROM transactions WHERE id = '{PENDING}'")).await,
        "cancelled -"
    );
    assert_eq!(text(&owner, &format!("SELECT updated_by::text FROM transactions WHERE id = '{PENDING}'")).await, before);
    assert_eq!(
        text(&owner, "SELECT decision || ' ' || reason || ' ' || balance_seen || ' ' || decider FROM transaction_approvals").await,
        format!("withdraw wrong account 50.00 {ADMIN}")
    );
    assert_eq!(
        count(&owner, "SELECT count(*) FROM audit_logs l JOIN audit_details d ON d.entry_id = l.id JOIN transaction_approvals p ON p.id = d.approval_id WHERE l.action = 'UPDATE' AND l.entity_type = 'transactions' AND d.reason = 'wrong account'").await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_write_says_who_and_secrets_stay_out_of_the_log() {
    let (_database, owner, app) = filled().await;
    let refused = app.execute("UPDATE users SET full_name = 'x'", &[]).await.expect_err("no actor");
    assert_eq!(refused.code().map(|code| code.code()), Some("NX001"));
    for actor in ["user:nobody", "user:00000000-0000-7000-8000-00000000dead", "robot:1", "system:", "system:A b", "key:"] {
        let statement = format!("BEGIN; SET LOCAL nexus.actor = '{actor}'; UPDATE users SET full_name = 'x'");
        let refused = app.batch_execute(&statement).await.expect_err(actor);
        assert_eq!(refused.code().map(|code| code.code()), Some("NX001"), "{actor}");
        app.batch_execute("ROLLBACK").await.expect("the connection stands");
    }
    assert_eq!(count(&owner, "SELECT count(*) FROM users WHERE full_name = 'x'").await, 0);

    acting(&app, ADMIN, &format!(
        "SET LOCAL nexus.ip = '192.0.2.7'; SET LOCAL nexus.agent = 'Browser'; SET LOCAL nexus.request = 'r1'; SET LOCAL nexus.session = '{ACCOUNT}';
         UPDATE users SET password_hash = 'canary-new' WHERE username = 'bob';
         INSERT INTO api_keys (user_id, key_name, key_hash, permissions) VALUES ('{ADMIN}', 'k', 'canary-key', '[]');
         INSERT INTO user_sessions (id, user_id, session_token, refresh_token, expires_at) VALUES ('{ACCOUNT}', '{ADMIN}', 'canary-token', 'canary-refresh', now());
         INSERT INTO session_state (id, state) VALUES ('{ACCOUNT}', '{{\"csrf\": \"canary-csrf\"}}');
         INSERT INTO one_time_links (user_id, purpose, token_hash, expires_at) VALUES ('{ADMIN}', 'password', 'canary-link', now());
         INSERT INTO system_settings (setting_key, setting_value, setting_type, is_encrypted) VALUES ('s', '\"canary-setting\"', 'string', true);
         UPDATE system_settings SET is_encrypted = false, setting_value = '\"canary-shown\"' WHERE setting_key = 's';
         INSERT INTO ssot_governance_rules (rule_name, rule_type, rule_config, created_by, updated_by) VALUES ('r', 't', '{{}}', 'a liar', 'a liar');
         SELECT nexus_event('export', '{{\"table\": \"users\"}}')"
    )).await.expect("an administrator at work");

    let leaked = "SELECT count(*) FROM (SELECT l::text AS line FROM audit_logs l UNION ALL SELECT s::text FROM ssot_audit_logs s UNION ALL SELECT d::text FROM audit_details d) AS lines WHERE line ~ 'canary|hash-of-'";
    assert_eq!(count(&owner, leaked).await, 0);
    assert_eq!(
        count(&owner, "SELECT count(*) FROM audit_logs WHERE entity_type = 'users' AND action = 'UPDATE'
            AND new_values ->> 'password_hash' = encode(sha256(convert_to(id::text || 'password_hash' || 'canary-new', 'UTF8')), 'hex')
            AND old_values ->> 'password_hash' = encode(sha256(convert_to(id::text || 'password_hash' || 'hash-of-bob', 'UTF8')), 'hex')
            AND user_id = '00000000-0000-7000-8000-000000000001' AND ip_address = '192.0.2.7' AND user_agent = 'Browser' AND context = 'console'").await,
        1
    );
    assert_eq!(text(&owner, "SELECT created_by || ' ' || updated_by FROM ssot_governance_rules WHERE rule_name = 'r'").await, "ada ada");
    assert_eq!(text(&owner, "SELECT user_id FROM ssot_audit_logs WHERE new_values ->> 'rule_name' = 'r'").await, ADMIN);
    assert_eq!(text(&owner, "SELECT created_by::text FROM system_settings WHERE setting_key = 's'").await, ADMIN);
    assert_eq!(
        text(&owner, "SELECT l.entity_type || ' ' || l.entity_id || ' ' || d.actor_kind || ' ' || d.actor_name || ' ' || d.request_id || ' ' || d.format FROM audit_logs l JOIN audit_details d ON d.entry_id = l.id WHERE l.action = 'export'").await,
        "event 00000000-0000-0000-0000-000000000000 user ada r1 1"
    );
    assert_eq!(count(&owner, "SELECT count(*) FROM audit_logs l WHERE NOT EXISTS (SELECT 1 FROM audit_details d WHERE d.log = 'audit_logs' AND d.entry_id = l.id)").await, 0);
    assert_eq!(acting(&app, ADMIN, "SELECT nexus_event('DELETE')").await, Err("NX012".to_owned()));

    // A key's first use is in the log. Staying logged in and using a key again are no changes; everything else about them is.
    let entries = "SELECT count(*) FROM audit_logs";
    let unused = count(&owner, entries).await;
    assert_eq!(count(&owner, "SELECT count(*) FROM api_keys WHERE last_used IS NULL").await, 1);
    acting(&app, ADMIN, "UPDATE api_keys SET last_used = now()").await.expect("used");
    let before = count(&owner, entries).await;
    assert_eq!(before, unused + 1);
    acting(&app, ADMIN, "UPDATE user_sessions SET expires_at = now() + interval '1 hour'; UPDATE api_keys SET last_used = now()")
        .await
        .expect("touched");
    assert_eq!(count(&owner, entries).await, before);
    assert_eq!(
        app.execute("UPDATE user_sessions SET expires_at = now()", &[])
            .await
            .expect_err("no actor")
            .code()
            .map(|code| code.code().to_owned()),
        Some("NX001".to_owned())
    );
    acting(
        &app,
        ADMIN,
        "UPDATE user_sessions SET is_active = false, expires_at = now(); UPDATE api_keys SET last_used = now(), is_active = false",
    )
    .await
    .expect("ended");
    assert_eq!(count(&owner, entries).await, before + 2);

    // A job is no user: it never becomes the last editor.
    app.batch_execute("BEGIN; SET LOCAL nexus.actor = 'system:expiry'; UPDATE system_settings SET description = 'd' WHERE setting_key = 's'; UPDATE ssot_governance_rules SET rule_type = 'u' WHERE rule_name = 'r'; COMMIT").await.expect("a job at work");
    assert_eq!(text(&owner, "SELECT updated_by::text FROM system_settings WHERE setting_key = 's'").await, ADMIN);
    assert_eq!(
        text(&owner, "SELECT created_by || ' ' || updated_by FROM ssot_governance_rules WHERE rule_name = 'r'").await,
        "ada system:expiry"
    );
}
