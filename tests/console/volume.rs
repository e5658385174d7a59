//! Does an empty database become one to measure on, whole or not at all, with a ledger that holds?

use std::{process::Stdio, time::Duration};

use nexus_console::demo::{self, DemoError, Volume};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio_postgres::Client;

use crate::support::{self, Browser, TestDatabase, console, database, day_made, empty_database, nexus3, program, with_day};

/// The shape of a real one, for a password nobody has.
const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$YSBzYWx0IG9mIG5vdGhpbmc$bm9ib2R5J3MgaGFzaCwgb25seSBpdHMgc2hhcGUgaXM";

const SIZES: &str = "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM accounts), (SELECT count(*) FROM transactions), \
    (SELECT count(*) FROM transaction_transfers), (SELECT count(*) FROM account_ledger), \
    (SELECT count(*) FROM audit_logs WHERE created_at < {day}), (SELECT count(*) FROM ssot_audit_logs WHERE created_at < {day})";
const INDEXES: &str = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1";
const CONSTRAINTS: &str = "SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint \
    WHERE connamespace = 'public'::regnamespace ORDER BY 1";
const TRIGGERS_OFF: &str = "SELECT tgname::text FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'D'";

async fn fill(database: &TestDatabase, volume: Volume) -> Result<(), DemoError> {
    let mut owner = database.as_owner().await;
    let day = day_made(&owner).await;
    demo::fill_to_measure(&mut owner, day, HASH, volume, |_| {}).await
}

async fn count(client: &Client, statement: &str) -> i64 {
    client.query_one(&with_day(statement), &[]).await.unwrap_or_else(|error| panic!("{statement}: {error:?}")).get(0)
}

async fn lines(client: &Client, statement: &str) -> Vec<String> {
    client.query(&with_day(statement), &[]).await.expect(statement).iter().map(|row| row.get(0)).collect()
}

async fn sizes(client: &Client) -> Vec<i64> {
    let row = client.query_one(&with_day(SIZES), &[]).await.expect("sizes");
    (0..7).map(|index| row.get(index)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_makes_is_a_platform_whose_books_are_right() {
    let database = database().await;
    let client = database.as_owner().await;
    let (indexes, constraints) = (lines(&client, INDEXES).await, lines(&client, CONSTRAINTS).await);
    fill(&database, Volume { transactions: 20_000, audit: 30_000 }).await.expect("an empty database is filled");
    assert_eq!(sizes(&client).await[..3], [206, 1_000, 20_000]);
    assert_eq!(count(&client, "SELECT count(*) FROM audit_logs WHERE created_at < {day}").await, 22_500);
    assert_eq!(count(&client, "SELECT count(*) FROM ssot_audit_logs WHERE created_at < {day}").await, 7_500);
    for (least, most, statement) in [
        (60, 140, "SELECT count(*) FROM transactions WHERE status = 'pending'"),
        (17_000, 19_800, "SELECT count(*) FROM transactions WHERE status = 'completed'"),
        (100, 400, "SELECT count(*) FROM transactions WHERE status = 'failed'"),
        (6, 6, "SELECT count(DISTINCT transaction_type) FROM transactions"),
        (6, 6, "SELECT count(DISTINCT currency) FROM accounts"),
        (18, 19, "SELECT count(DISTINCT date_trunc('month', transaction_date)) FROM transactions"),
        (1, 2, "SELECT count(*) FROM transactions WHERE description ILIKE '%zanzibar%'"),
        (120, 280, "SELECT count(*) FROM transactions WHERE description ILIKE '%demurrage%'"),
        (5_000, 9_000, "SELECT count(*) FROM transactions WHERE description ILIKE '%invoice%'"),
        (500, 1_500, "SELECT count(*) FROM transaction_transfers"),
        (3, 3, "SELECT count(*) FROM accounts a JOIN users u ON u.id = a.user_id WHERE u.username = 'user'"),
        (20, 20, "SELECT count(*) FROM audit_logs l JOIN transactions t ON t.id = l.entity_id WHERE t.reference_number = 'TWENTY-ENTRIES'"),
        (20, 20, "SELECT count(*) FROM audit_logs l JOIN accounts a ON a.id = l.entity_id WHERE a.account_number = 'ACC-TWENTY-ENTRIES'"),
        (1, 1, "SELECT count(*) FROM audit_logs WHERE action = 'load'"),
    ] {
        let found = count(&client, statement).await;
        assert!((least..=most).contains(&found), "{found}: {statement}");
    }
    for statement in [
        "SELECT count(*) FROM nexus_ledger WHERE balance IS DISTINCT FROM expected",
        "SELECT count(*) FROM accounts WHERE balance < 0 AND account_type IN ('checking', 'savings')",
        "SELECT count(*) - count(DISTINCT reference_number) FROM transactions WHERE reference_number IS NOT NULL AND transaction_type <> 'transfer'",
        "SELECT count(*) FROM transaction_transfers l JOIN transactions s ON s.id = l.source_id JOIN transactions t ON t.id = l.target_id \
            JOIN accounts a ON a.id = s.account_id JOIN accounts b ON b.id = t.account_id \
          WHERE s.amount + t.amount <> 0 OR s.amount >= 0 OR s.reference_number <> t.reference_number OR s.status <> t.status \
             OR a.currency <> b.currency OR a.id = b.id",
        "SELECT count(*) FROM transactions t WHERE t.transaction_type = 'transfer' \
            AND NOT EXISTS (SELECT 1 FROM transaction_transfers l WHERE t.id IN (l.source_id, l.target_id))",
        // What is pending neither expires at once nor waits for somebody nobody knows.
        "SELECT count(*) FROM transactions WHERE status = 'pending' AND (created_at < {day} - 29 OR created_by IS NULL)",
        "SELECT count(*) FROM transactions WHERE (status = 'completed') <> (processed_at IS NOT NULL)",
        "SELECT count(*) FROM transactions t JOIN accounts a ON a.id = t.account_id WHERE t.created_at < a.created_at",
        "SELECT count(*) FROM accounts a JOIN users u ON u.id = a.user_id WHERE a.created_at < u.created_at",
        "SELECT count(*) FROM transactions WHERE greatest(created_at, updated_at, transaction_date, processed_at) >= {day}",
        "SELECT count(*) FROM audit_logs l WHERE (SELECT count(*) FROM audit_details d WHERE d.log = 'audit_logs' AND d.entry_id = l.id) <> 1",
        "SELECT count(*) FROM ssot_audit_logs l WHERE (SELECT count(*) FROM audit_details d WHERE d.log = 'ssot_audit_logs' AND d.entry_id = l.id) <> 1",
        // The log tells of records that are there, and what it says last of a transaction is so.
        "SELECT count(*) FROM audit_logs l WHERE entity_type = 'transactions' AND NOT EXISTS (SELECT 1 FROM transactions t WHERE t.id = l.entity_id)",
        "SELECT count(*) FROM audit_logs l JOIN transactions t ON t.id = l.entity_id WHERE l.action = 'UPDATE' \
            AND (l.new_values ->> 'status' <> t.status OR (l.new_values ->> 'amount')::numeric <> t.amount)",
        "SELECT count(*) FROM audit_logs l JOIN users u ON strpos(l.new_values::text, u.password_hash) > 0 WHERE l.entity_type = 'users'",
    ] {
        assert_eq!(count(&client, statement).await, 0, "{statement}");
    }
    let shared = client.query_one("SELECT count(*) FROM users WHERE password_hash = $1", &[&HASH]).await.expect("a count");
    assert_eq!(shared.get::<_, i64>(0), 6, "only the six have the demonstration's password");
    assert_eq!(lines(&client, INDEXES).await, indexes, "every index is back");
    assert_eq!(lines(&client, CONSTRAINTS).await, constraints, "every foreign key is back");
    assert!(lines(&client, TRIGGERS_OFF).await.is_empty(), "the triggers watch again");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_day_and_volume_give_the_same_rows() {
    let sum = "SELECT md5(string_agg(r::text, '' ORDER BY r.id)) FROM";
    let mut sums = Vec::new();
    for _ in 0..2 {
        let database = database().await;
        fill(&database, Volume { transactions: 5_000, audit: 4_000 }).await.expect("filled");
        let client = database.as_owner().await;
        let mut of_one = Vec::new();
        for table in ["users", "accounts", "transactions", "transaction_transfers", "account_ledger"] {
            of_one.push(lines(&client, &format!("{sum} {table} r")).await);
        }
        for log in ["audit_logs", "ssot_audit_logs"] {
            of_one.push(lines(&client, &format!("{sum} {log} r WHERE created_at < {{day}}")).await);
        }
        sums.push(of_one);
    }
    assert_eq!(sums[0], sums[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_smallest_volumes_work() {
    for (transactions, audit) in [(1, 0), (1, 1), (7, 3), (150, 1_000)] {
        let database = database().await;
        fill(&database, Volume { transactions, audit }).await.unwrap_or_else(|error| panic!("{transactions}, {audit}: {error:?}"));
        let client = database.as_owner().await;
        let sizes = sizes(&client).await;
        assert_eq!((sizes[2], sizes[5] + sizes[6]), (transactions, audit));
        assert_eq!(count(&client, "SELECT count(*) FROM nexus_ledger WHERE balance IS DISTINCT FROM expected").await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_filled_is_refused_before_it_is_adopted() {
    let database = nexus3::small_database().await;
    let client = database.as_owner().await;
    let before = nexus3::rows_of(&client).await;
    let output = program(&database, &["demo", "--transactions", "10"]).0.output().await.expect("the program runs");
    let refused = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{refused}");
    assert!(refused.contains("has users already") && refused.lines().count() == 1, "{refused}");
    assert_eq!(nexus3::rows_of(&client).await, before, "no row and no table is touched");
    assert_eq!(count(&client, "SELECT count(*) FROM pg_class WHERE relname = 'refinery_schema_history'").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_migrates_fills_and_names_the_six_users() {
    let database = empty_database().await;
    let (mut command, data_dir) = program(&database, &["demo", "--transactions", "300"]);
    let output = command.env("NEXUS_DEMO_PASSWORD", support::PASSWORD).output().await.expect("the program runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    for expected in ["transactions", "filled: 300 transactions, 600 audit entries", support::PASSWORD, "manager2"] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    let client = database.as_owner().await;
    let sizes_before = sizes(&client).await;
    assert_eq!(sizes_before[2], 300);

    let again = program(&database, &["demo", "--transactions", "300"]).0.output().await.expect("the program runs");
    let refused = String::from_utf8_lossy(&again.stderr);
    assert_eq!(again.status.code(), Some(1), "{refused}");
    assert!(refused.contains("has users already") && refused.lines().count() == 1, "{refused}");
    assert_eq!(sizes(&client).await, sizes_before, "nothing has changed");
    std::fs::remove_dir_all(data_dir).expect("its folder");

    let console = console(database).await;
    let user: Browser = console.signed_in("user").await;
    assert!(!user.get("/tables/accounts").await.rows().is_empty());
    let manager = console.signed_in("manager").await;
    assert_eq!(manager.get("/tables/transactions").await.rows().len(), 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_it_cannot_fill_is_wrong_usage() {
    let database = empty_database().await;
    for number in ["0", "-1", "many", "100000001", "1e6", ""] {
        let arguments = ["demo", &format!("--transactions={number}")];
        let output = program(&database, &arguments).0.output().await.expect("the program runs");
        assert_eq!(output.status.code(), Some(2), "{number}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(count(&database.as_owner().await, tables).await, 0, "nothing was begun");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_the_middle_it_leaves_an_empty_database() {
    let database = database().await;
    let client = database.as_owner().await;
    let (indexes, constraints, before) = (lines(&client, INDEXES).await, lines(&client, CONSTRAINTS).await, sizes(&client).await);
    let (mut command, _data_dir) = program(&database, &["demo", "--transactions", "30000"]);
    let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true).spawn().expect("the program starts");
    let mut said = BufReader::new(process.stdout.take().expect("its output")).lines();
    while !said.next_line().await.expect("text").expect("it goes on").contains("users and accounts") {}
    // Whoever holds this keeps the fill from ever coming to its end.
    let mut holder = database.as_superuser().await;
    let held = holder.transaction().await.expect("a transaction");
    held.batch_execute("LOCK TABLE audit_details IN EXCLUSIVE MODE").await.expect("the fill has not come to it yet");
    while !said.next_line().await.expect("text").expect("it goes on").contains("what stands beside") {}
    process.kill().await.expect("killed");
    held.rollback().await.expect("let go");
    let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend' \
        AND pid <> pg_backend_pid() AND xact_start IS NOT NULL";
    while count(&client, others).await > 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(sizes(&client).await, before);
    assert_eq!(lines(&client, INDEXES).await, indexes);
    assert_eq!(lines(&client, CONSTRAINTS).await, constraints);
    assert!(lines(&client, TRIGGERS_OFF).await.is_empty());
    fill(&database, Volume { transactions: 100, audit: 100 }).await.expect("the next one fills it");
}
