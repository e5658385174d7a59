//! Can the console's own role move money, or make it look decided, without the door?

use uuid::Uuid;

use super::hall::{Hall, approve, attempt};

struct Scene {
    hall: Hall,
    account: Uuid,
    other: Uuid,
    pending: Uuid,
    done: Uuid,
    source: Uuid,
    target: Uuid,
    digest: String,
}

/// An account with 100, something that waits, something completed and a transfer that waits; all made by `user`.
async fn scene() -> Scene {
    let hall = Hall::with_managers(4).await;
    let (account, other) = (hall.account("checking", "100").await, hall.account("credit", "0").await);
    let done = hall.pending(hall.user, account, "deposit", "7").await;
    let digest = hall.digest(done).await;
    hall.as_user(hall.managers[0], &approve(done, &digest)).await.expect("approved");
    let pending = hall.pending(hall.user, account, "deposit", "5").await;
    let source = Uuid::now_v7();
    let made = hall.as_user(hall.user, &format!("SELECT nexus_transfer('{source}', '{account}', '{other}', 3, NULL, NULL)")).await;
    let target = made.expect("made").expect("an id").parse().expect("a uuid");
    let digest = hall.digest(pending).await;
    Scene { hall, account, other, pending, done, source, target, digest }
}

impl Scene {
    fn fill(&self, statement: &str) -> String {
        let pairs = [
            ("{account}", self.account.to_string()),
            ("{other}", self.other.to_string()),
            ("{pending}", self.pending.to_string()),
            ("{done}", self.done.to_string()),
            ("{source}", self.source.to_string()),
            ("{target}", self.target.to_string()),
            ("{digest}", self.digest.clone()),
            ("{user}", self.hall.user.to_string()),
            ("{manager}", self.hall.managers[0].to_string()),
            ("{manager2}", self.hall.managers[1].to_string()),
            ("{admin}", self.hall.admin.to_string()),
            ("{fresh}", Uuid::now_v7().to_string()),
        ];
        pairs.iter().fold(statement.to_owned(), |text, (name, value)| text.replace(name, value))
    }

    /// Everything money is made of, as one text.
    async fn money(&self) -> String {
        self.hall
            .text(
                "SELECT (SELECT string_agg(concat_ws(' ', t.id, t.status, t.processed_at), ',' ORDER BY t.id) FROM transactions t)
                     || (SELECT string_agg(concat_ws(' ', a.id, a.balance), ',' ORDER BY a.id) FROM accounts a)
                     || (SELECT coalesce(string_agg(x::text, ',' ORDER BY x.id), '') FROM transaction_approvals x)
                     || (SELECT coalesce(string_agg(x::text, ',' ORDER BY x.id), '') FROM transaction_transfers x)
                     || (SELECT coalesce(string_agg(x::text, ',' ORDER BY x.id), '') FROM transaction_reversals x)
                     || (SELECT coalesce(string_agg(x::text, ',' ORDER BY x.id), '') FROM account_ledger x)
                     || (SELECT coalesce(string_agg(x::text, ',' ORDER BY x.id), '') FROM account_ledger_corrections x)
                     || (SELECT coalesce(string_agg(x::text, ',' ORDER BY x.id), '') FROM account_limits x)
                     || (SELECT coalesce(string_agg(x::text, ',' ORDER BY x.id), '') FROM expiry_holds x)",
            )
            .await
    }

    /// Each is refused with its code, as this actor, and moves nothing.
    async fn refused(&self, actor: &str, statements: &[(&str, &str)]) {
        let client = self.hall.database.as_application().await;
        let before = self.money().await;
        for (statement, code) in statements {
            let statement = self.fill(statement);
            let said = attempt(&client, &self.fill(actor), &statement).await;
            assert_eq!(said, Err((*code).to_owned()), "{actor}: {statement}");
            assert_eq!(self.money().await, before, "{actor}: {statement}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_statement_writes_a_status_a_balance_or_evidence() {
    let scene = scene().await;
    let denied = [
        "UPDATE transactions SET status = 'completed' WHERE id = '{pending}'",
        "UPDATE transactions SET (status, processed_at) = ('completed', now()) WHERE id = '{pending}'",
        "INSERT INTO transactions (account_id, transaction_type, amount, status) VALUES ('{account}', 'deposit', 5, 'completed')",
        "INSERT INTO transactions (account_id, transaction_type, amount, processed_at) VALUES ('{account}', 'deposit', 5, now())",
        "INSERT INTO transactions (id, account_id, transaction_type, amount) VALUES ('{pending}', '{account}', 'deposit', 5) ON CONFLICT (id) DO UPDATE SET status = 'completed'",
        "MERGE INTO transactions t USING (VALUES (1)) v (one) ON t.id = '{pending}' WHEN MATCHED THEN UPDATE SET status = 'completed'",
        "MERGE INTO transactions t USING (VALUES (1)) v (one) ON t.id = '{pending}' WHEN MATCHED THEN DELETE",
        "COPY transactions (account_id, transaction_type, amount, status) FROM STDIN",
        "COPY transactions FROM PROGRAM 'true'",
        "COPY transactions TO '/tmp/nexus-none'",
        "DECLARE c CURSOR FOR SELECT id FROM transactions WHERE id = '{pending}' FOR UPDATE; FETCH c; UPDATE transactions SET status = 'completed' WHERE CURRENT OF c",
        "DECLARE c CURSOR FOR SELECT id FROM accounts FOR UPDATE; FETCH c; UPDATE accounts SET balance = 1 WHERE CURRENT OF c",
        "PREPARE p AS UPDATE accounts SET balance = $1 WHERE id = '{account}'; EXECUTE p (1)",
        "DO $$ BEGIN EXECUTE 'UPDATE accounts SET balance = 1 /* PL/pgSQL function public.nexus_decide(uuid,text,text,text) line 1 at SQL statement */'; END $$",
        "DO $$ /* public.nexus_decide(uuid,text,text,text) */ BEGIN UPDATE transactions SET status = 'completed' WHERE id = '{pending}'; END $$",
        "UPDATE accounts SET balance = balance WHERE id = '{account}'",
        "UPDATE accounts SET id = '{fresh}' WHERE id = '{account}'",
        "UPDATE transactions SET id = '{fresh}' WHERE id = '{pending}'",
        "UPDATE transactions SET created_by = '{manager}' WHERE id = '{pending}'",
        "UPDATE transactions SET created_at = now() WHERE id = '{pending}'",
        "DELETE FROM transactions WHERE id = '{pending}'",
        "INSERT INTO transaction_approvals (transaction_id, decider, decision, digest) VALUES ('{pending}', '{manager}', 'approve', '{digest}')",
        "UPDATE transaction_approvals SET decider = '{manager2}'",
        "DELETE FROM transaction_approvals",
        "INSERT INTO transaction_transfers (source_id, target_id) VALUES ('{pending}', '{done}')",
        "UPDATE transaction_transfers SET target_id = '{pending}'",
        "INSERT INTO transaction_reversals (original_id, reversal_id) VALUES ('{done}', '{pending}')",
        "DELETE FROM transaction_reversals",
        "UPDATE transaction_questions SET outcome = 'answered', answered_at = now()",
        "DELETE FROM expiry_holds",
        "UPDATE account_ledger SET frozen_since = NULL, frozen_reason = NULL",
        "INSERT INTO account_ledger_corrections (account_id, amount, decision_id) VALUES ('{account}', 1, '{fresh}')",
        "INSERT INTO ledger_decisions (account_id, decider, resolution, difference, reason) VALUES ('{account}', '{manager}', 'accept', 0, 'x')",
        "TRUNCATE transactions CASCADE",
        "TRUNCATE account_limits",
        "LOCK TABLE transaction_approvals IN ACCESS EXCLUSIVE MODE",
        "SELECT nexus_hold('{pending}')",
        "SELECT nexus_decider()",
        "SELECT log_ssot_changes()",
        "ALTER TABLE transactions DISABLE TRIGGER nexus_guard",
        "ALTER FUNCTION nexus_decide(uuid, text, text, text) RESET ALL",
        "CREATE OR REPLACE FUNCTION public.nexus_is_console() RETURNS boolean LANGUAGE sql AS 'SELECT false'",
        "CREATE TRIGGER mine BEFORE INSERT ON transactions FOR EACH ROW EXECUTE FUNCTION nexus_guard_money()",
        "CREATE RULE mine AS ON UPDATE TO transactions DO INSTEAD NOTHING",
        "CREATE VIEW public.mine AS SELECT 1",
        "CREATE OPERATOR public.+ (LEFTARG = numeric, RIGHTARG = numeric, FUNCTION = numeric_mul)",
        "CREATE SCHEMA mine",
        "CREATE EXTENSION dblink",
        "GRANT UPDATE ON transactions TO nexus_app; UPDATE transactions SET status = 'completed'",
        "SET LOCAL session_replication_role = replica",
        "SET ROLE nexus_owner",
        "SET ROLE postgres",
        "SET SESSION AUTHORIZATION nexus_owner",
        "ALTER ROLE nexus_app SUPERUSER",
        "SELECT lo_import('/etc/passwd')",
        "SELECT pg_read_file('/etc/passwd')",
        "UPDATE refinery_schema_history SET checksum = '0'",
    ];
    scene.refused("user:{admin}", &denied.map(|statement| (statement, "42501"))).await;
    scene
        .refused(
            "user:{admin}",
            &[
                ("SET LOCAL ROLE NONE; UPDATE transactions SET amount = 1 WHERE id = '{done}'", "NX003"),
                ("UPDATE transactions SET description = 'x' WHERE id = '{done}'", "NX003"),
                ("UPDATE transactions SET account_id = '{other}' WHERE id = '{done}'", "NX003"),
                ("UPDATE transactions SET amount = -5 WHERE id = '{pending}'", "NX019"),
                ("UPDATE transactions SET amount = 'NaN' WHERE id = '{pending}'", "NX019"),
                ("UPDATE transactions SET transaction_type = 'transfer' WHERE id = '{pending}'", "NX025"),
                ("UPDATE transactions SET amount = 4 WHERE id = '{target}'", "NX025"),
                ("UPDATE transactions SET account_id = '{other}' WHERE id = '{source}'", "NX025"),
                ("UPDATE transactions SET transaction_type = 'deposit' WHERE id = '{target}'", "NX025"),
                ("UPDATE transactions SET reference_number = 'x' WHERE id = '{target}'", "NX025"),
                ("INSERT INTO transactions (account_id, transaction_type, amount) VALUES ('{account}', 'transfer', -5)", "NX025"),
                ("INSERT INTO transactions (account_id, transaction_type, amount) VALUES ('{account}', 'fee', -5)", "NX019"),
                ("DELETE FROM accounts WHERE id = '{account}'", "NX010"),
                ("DELETE FROM accounts WHERE id = '{other}'", "23503"),
            ],
        )
        .await;
    // Beside the statement itself, nothing says who acts: not even a change that is allowed.
    scene.refused("", &[("UPDATE transactions SET description = 'x' WHERE id = '{pending}'", "NX001")]).await;
    scene.hall.in_order().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_door_opens_to_nobody_who_fails_a_check() {
    let scene = scene().await;
    let hall = &scene.hall;
    hall.owner
        .batch_execute(
            "UPDATE users SET is_active = false WHERE username = 'manager4';
             UPDATE users SET role = NULL WHERE username = 'manager3';
             INSERT INTO api_keys (id, user_id, key_name, key_hash, permissions)
                 SELECT '01900000-0000-7000-8000-0000000000aa', id, 'Key', 'hash', '[]' FROM users WHERE username = 'manager'",
        )
        .await
        .expect("people without the right");
    let approve = "SELECT nexus_decide('{pending}', 'approve', NULL, '{digest}')";
    let ask = "SELECT nexus_ask('{pending}', 'why?', '{digest}')";
    let resolve = "SELECT nexus_resolve_drift('{account}', 'accept', 0, 'x')";
    let (inactive, no_role) = (hall.managers[3], hall.managers[2]);
    let strangers = ["viewer", "auditor"];
    for stranger in strangers {
        let id = hall.text(&format!("SELECT id::text FROM users WHERE username = '{stranger}'")).await;
        scene.refused(&format!("user:{id}"), &[(approve, "NX007"), (ask, "NX007"), (resolve, "NX007")]).await;
    }
    for actor in [
        "user:{user}".to_owned(),
        format!("user:{inactive}"),
        format!("user:{no_role}"),
        "key:01900000-0000-7000-8000-0000000000aa".to_owned(),
        "key:01900000-0000-7000-8000-0000000000AA".to_owned(),
        "system:expiry".to_owned(),
        "system:admin".to_owned(),
    ] {
        scene.refused(&actor, &[(approve, "NX007"), (ask, "NX007"), (resolve, "NX007")]).await;
    }
    for actor in ["", "user:", "user:{fresh}", "USER:{manager}", " user:{manager}", "user:{manager} ", "db:postgres", "key:{manager}"] {
        scene.refused(actor, &[(approve, "NX001"), (ask, "NX001"), (resolve, "NX001")]).await;
    }
    scene
        .refused(
            "user:{manager}",
            &[
                ("SELECT nexus_decide('{pending}', 'approve', NULL, NULL)", "NX015"),
                ("SELECT nexus_decide('{pending}', 'approve', NULL, upper('{digest}'))", "NX015"),
                ("SELECT nexus_decide('{pending}', 'approve', repeat('x', 2001), '{digest}')", "NX008"),
                ("SELECT nexus_decide('{pending}', 'reject', NULL, '{digest}')", "NX008"),
                ("SELECT nexus_decide('{pending}', 'APPROVE', NULL, '{digest}')", "NX009"),
                ("SELECT nexus_decide('{pending}', NULL, NULL, '{digest}')", "NX009"),
                ("SELECT nexus_decide('{pending}', 'withdraw', 'x', '{digest}')", "NX007"),
                ("SELECT nexus_decide('{pending}', 'expire', 'x', '{digest}')", "NX007"),
                ("SELECT nexus_decide(NULL, 'approve', NULL, '{digest}')", "NX006"),
                ("SELECT nexus_decide('{fresh}', 'approve', NULL, '{digest}')", "NX006"),
                ("SELECT nexus_decide('{source}', 'approve', NULL, '{digest}')", "NX015"),
                ("SELECT nexus_decide('{done}', 'approve', NULL, '{digest}')", "NX018"),
                ("SELECT nexus_decide('{done}', 'reject', 'x', '{digest}')", "NX018"),
                ("SELECT nexus_release_expiry()", "NX026"),
                ("SELECT nexus_resolve_drift('{account}', 'accept', 0, 'x')", "NX003"),
                ("SELECT nexus_transfer('{fresh}', '{account}', '{account}', 5, NULL, NULL)", "NX019"),
                ("SELECT nexus_transfer('{fresh}', '{account}', '{other}', -5, NULL, NULL)", "NX019"),
                ("SELECT nexus_transfer('{fresh}', '{account}', '{other}', 0, NULL, NULL)", "NX019"),
                ("SELECT nexus_transfer('{fresh}', '{account}', '{other}', 0.001, NULL, NULL)", "NX019"),
                ("SELECT nexus_transfer('{fresh}', '{account}', '{other}', 'NaN', NULL, NULL)", "NX019"),
                ("SELECT nexus_transfer('{fresh}', '{account}', NULL, 5, NULL, NULL)", "NX006"),
                ("SELECT nexus_transfer('{pending}', '{account}', '{other}', 5, NULL, NULL)", "23505"),
                ("SELECT nexus_reverse('{fresh}', '{pending}', 'x')", "NX023"),
                ("SELECT nexus_reverse('{pending}', '{done}', 'x')", "23505"),
                ("SELECT nexus_reverse('{fresh}', '{done}', ' ')", "NX008"),
            ],
        )
        .await;
    scene.refused("", &[("SELECT nexus_transfer('{fresh}', '{account}', '{other}', 5, NULL, NULL)", "NX001")]).await;
    scene.refused("", &[("SELECT nexus_reverse('{fresh}', '{done}', 'x')", "NX001")]).await;
    scene.hall.in_order().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_shapes_a_decision_is_not_changed_on_the_way_to_it() {
    let scene = scene().await;
    let decide = "SELECT nexus_decide('{pending}', 'approve', NULL, '{digest}')";
    let then = |change: &str| format!("{change}; {decide}");
    let whoever_edits = [
        "UPDATE transactions SET amount = 500 WHERE id = '{pending}'",
        "UPDATE transactions SET account_id = '{other}' WHERE id = '{pending}'",
    ];
    for change in whoever_edits {
        scene.refused("user:{manager}", &[(&then(change), "NX007")]).await;
        // Somebody else's edit, or a job's, and then one's own decision on what was seen before.
        for editor in ["user:{user}", "user:{manager2}", "system:job"] {
            let change = format!("SET LOCAL nexus.actor = '{editor}'; {change}; SET LOCAL nexus.actor = 'user:{{manager}}'");
            scene.refused("user:{manager}", &[(&then(&change), "NX015")]).await;
        }
    }
    for change in [
        "UPDATE accounts SET currency = 'KWD' WHERE id = '{account}'",
        "UPDATE accounts SET currency = NULL WHERE id = '{account}'",
        "UPDATE accounts SET is_active = false WHERE id = '{account}'",
    ] {
        scene.refused("user:{admin}", &[(&then(change), "NX015")]).await;
    }
    let rule = |tiers: &str| {
        format!("INSERT INTO system_settings (setting_key, setting_value, setting_type) VALUES ('approval_tiers', '{tiers}', 'json')")
    };
    let (one, none) = (rule(r#"{"*": [{"from": "0", "approvers": 1}]}"#), rule(r#"{"*": []}"#));
    let days = "INSERT INTO system_settings (setting_key, setting_value, setting_type) VALUES ('approval_expiry_days', '9999', 'integer')";
    let limit = "INSERT INTO account_limits (account_id, lowest_balance) VALUES ('{other}', -1000)";
    // Only an administrator changes what holds others back; the rule's version is part of what is seen.
    scene.refused("user:{admin}", &[(&then(&one), "NX015"), (&none, "NX022")]).await;
    for actor in ["user:{manager}", "user:{user}", "system:job"] {
        scene.refused(actor, &[(&one, "NX026"), (days, "NX026"), (limit, "NX026")]).await;
    }
    scene.hall.as_user(scene.hall.admin, &format!("{one}; {days}; {}", scene.fill(limit))).await.expect("an administrator may");
    for change in [
        "UPDATE system_settings SET is_active = false WHERE setting_key = 'approval_tiers'",
        "UPDATE system_settings SET setting_key = 'old' WHERE setting_key = 'approval_tiers'",
        "UPDATE system_settings SET setting_key = 'approval_expiry_days' WHERE setting_key = 'approval_tiers'",
        "DELETE FROM system_settings WHERE setting_key = 'approval_expiry_days'",
        "UPDATE account_limits SET lowest_balance = -9999",
        "DELETE FROM account_limits",
        "WITH gone AS (DELETE FROM account_limits RETURNING 1) SELECT count(*) FROM gone",
    ] {
        scene.refused("user:{manager}", &[(change, "NX026")]).await;
    }
    scene.hall.in_order().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_taken_back_never_was_and_one_kept_names_who_took_it() {
    let scene = scene().await;
    let hall = &scene.hall;
    let client = hall.database.as_application().await;
    let before = scene.money().await;
    let undone = scene.fill(
        "SAVEPOINT a; SELECT nexus_decide('{pending}', 'approve', NULL, '{digest}'); ROLLBACK TO a; SELECT current_setting('nexus.approval', true)",
    );
    assert!(matches!(attempt(&client, &format!("user:{}", hall.managers[0]), &undone).await, Ok(Some(left)) if left.is_empty()));
    assert_eq!(scene.money().await, before);

    // Two people in one transaction of the database: both are named, and still neither is the maker.
    let large = hall.pending(hall.user, scene.account, "deposit", "10000").await;
    let digest = hall.digest(large).await;
    let both = format!(
        "{}; SET LOCAL nexus.actor = 'user:{}'; {}",
        approve(large, &digest),
        hall.managers[1].to_string().to_uppercase(),
        approve(large, &digest)
    );
    attempt(&client, &format!("user:{}", hall.managers[0]), &both).await.expect("two people approved");
    assert_eq!(hall.status(large).await, "completed");
    let named = hall.count(&format!("SELECT count(DISTINCT decider) FROM transaction_approvals WHERE transaction_id = '{large}'")).await;
    assert_eq!(named, 2);

    // Whoever spells themselves differently is nobody else.
    let other = hall.pending(hall.user, scene.account, "deposit", "10000").await;
    let digest = hall.digest(other).await;
    hall.as_user(hall.managers[0], &approve(other, &digest)).await.expect("once");
    let upper = format!("user:{}", hall.managers[0].to_string().to_uppercase());
    assert_eq!(attempt(&client, &upper, &approve(other, &digest)).await, Err("NX018".to_owned()));
    // And whoever made it upper-case does not approve it lower-case.
    let id = Uuid::now_v7();
    let make = format!(
        "INSERT INTO transactions (id, account_id, transaction_type, amount, created_by, created_at) VALUES ('{id}', '{}', 'deposit', 5, '{}', now() - interval '9 days')",
        scene.account, hall.user
    );
    attempt(&client, &upper, &make).await.expect("made");
    assert_eq!(hall.as_user(hall.managers[0], &approve(id, &hall.digest(id).await)).await, Err("NX007".to_owned()));
    assert_eq!(
        hall.count(&format!("SELECT count(*) FROM transactions WHERE id = '{id}' AND created_at > now() - interval '1 hour'")).await,
        1
    );
    hall.in_order().await;
}
