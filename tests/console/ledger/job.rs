//! Does the background find a drift by itself, by its traces or on its walk?

use nexus_console::{
    db::pool::{Database, ServingRole},
    operations::ledger::{CheckError, check_changed},
};

use tokio_postgres::Client;
use uuid::Uuid;

use super::super::support::{TestDatabase, console, stock, stocked_database};

/// A bank where no console is open, which would check by itself.
struct Bank {
    database: TestDatabase,
    platform: Client,
    account: Uuid,
}

impl Bank {
    async fn open() -> Bank {
        let database = stocked_database().await;
        let platform = database.as_owner().await;
        Bank { platform, account: Uuid::parse_str(&stock::of("accounts", "user")).expect("an id"), database }
    }

    async fn past_the_door(&self, statement: &str) {
        self.platform.execute(statement, &[&self.account]).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}

fn instance(bank: &Bank) -> Database {
    Database::new(bank.database.application.manager(), 2, ServingRole::LoggedIn)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_changed_is_looked_at_again() {
    let bank = Bank::open().await;
    let database = instance(&bank);
    assert_eq!(check_changed(&database).await.expect("a check").drifts, 0);
    bank.past_the_door("UPDATE accounts SET balance = 150 WHERE id = $1").await;
    let checked = check_changed(&database).await.expect("a check");
    assert_eq!((checked.drifts, checked.found), (1, vec![bank.account]));
    let again = check_changed(&database).await.expect("a check");
    assert_eq!((again.drifts, again.found), (1, Vec::new()), "it is still there, and not found anew");
    let who: Option<String> = bank.platform.query_one("SELECT d.actor_kind || ':' || d.actor_name FROM audit_logs l JOIN audit_details d ON d.entry_id = l.id JOIN account_ledger o ON o.id = l.entity_id WHERE o.account_id = $1 AND l.action = 'UPDATE'", &[&bank.account]).await.expect("the log").get(0);
    assert_eq!(who.as_deref(), Some("system:ledger"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_deleted_is_known_from_the_log() {
    let bank = Bank::open().await;
    let database = instance(&bank);
    bank.past_the_door("WITH entry AS (INSERT INTO transactions (id, account_id, transaction_type, amount, status) VALUES (nexus_uuid7(), $1, 'deposit', 7, 'completed'))
                        UPDATE accounts SET balance = balance + 7 WHERE id = $1").await;
    // Long ago: neither clock of the account says that anything happened to it, and the walk is behind it.
    let superuser = bank.database.as_superuser().await;
    superuser.batch_execute("SET session_replication_role = replica; UPDATE accounts SET updated_at = now() - interval '9 days'; UPDATE transactions SET updated_at = now() - interval '9 days'; INSERT INTO ledger_checks (extent, started_at, accounts, drifts, walked_to) VALUES ('changed', now(), 0, 0, 'ffffffff-0000-7000-8000-000000000000')").await.expect("time passes");
    bank.past_the_door("DELETE FROM transactions WHERE account_id = $1 AND status = 'completed'").await;
    let checked = check_changed(&database).await.expect("a check");
    assert_eq!(checked.found, vec![bank.account]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_left_no_trace_is_met_on_the_walk() {
    let bank = Bank::open().await;
    let database = instance(&bank);
    let superuser = bank.database.as_superuser().await;
    superuser.batch_execute("SET session_replication_role = replica; UPDATE accounts SET updated_at = now() - interval '9 days'; UPDATE transactions SET updated_at = now() - interval '9 days'; INSERT INTO ledger_checks (extent, started_at, accounts, drifts, walked_to) VALUES ('changed', now(), 0, 0, 'ffffffff-0000-7000-8000-000000000000')").await.expect("time passes");
    superuser.execute("UPDATE accounts SET balance = 1 WHERE id = $1", &[&bank.account]).await.expect("changed");
    let first = check_changed(&database).await.expect("a check");
    assert_eq!(first.drifts, 0, "nothing tells of it, and the walk was at its end");
    let second = check_changed(&database).await.expect("a check");
    assert_eq!(second.found, vec![bank.account], "the walk begins again");
}

#[tokio::test(flavor = "multi_thread")]
async fn at_most_one_instance_checks() {
    let bank = Bank::open().await;
    bank.platform.batch_execute("BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('nexus: ledger check', 0))").await.expect("the lock");
    assert!(matches!(check_changed(&instance(&bank)).await, Err(CheckError::Running)));
}

/// A console that is opened looks by itself.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_has_to_ask() {
    let Bank { database, platform, account } = Bank::open().await;
    platform.execute("UPDATE accounts SET balance = 150 WHERE id = $1", &[&account]).await.expect("changed");
    let _console = console(database).await;
    for _ in 0..100 {
        let frozen = platform.query_one("SELECT frozen_since IS NOT NULL FROM account_ledger WHERE account_id = $1", &[&account]).await;
        if frozen.expect("the ledger").get(0) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("it is not found");
}
