//! Does somebody decide by what they saw before they had to wait?

use tokio_postgres::Client;
use uuid::Uuid;

use super::hall::{Hall, approve, attempt};

async fn run(client: &Client, statements: &str) {
    client.batch_execute(statements).await.expect(statements);
}

/// Starts a decision while `holder` keeps the account, and answers once it waits for it.
async fn waiting(hall: &Hall, person: Uuid, statement: String) -> tokio::task::JoinHandle<super::hall::Said> {
    let client = hall.database.as_application().await;
    let decision = tokio::spawn(async move { attempt(&client, &format!("user:{person}"), &statement).await });
    for _ in 0..500 {
        let blocked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%nexus_decide%'";
        if hall.count(blocked).await > 0 {
            return decision;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("it never had to wait");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_while_a_decision_waits_for_the_account_is_not_what_was_seen() {
    let hall = Hall::with_managers(3).await;
    let account = hall.account("checking", "0").await;
    let holder = hall.database.as_owner().await;
    let rule = r#"INSERT INTO system_settings (setting_key, setting_value, setting_type) VALUES ('approval_tiers', '{"*": [{"from": "0", "approvers": 2}]}', 'json')"#;
    for change in ["UPDATE accounts SET currency = 'KWD'", rule] {
        let transaction = hall.pending(hall.user, account, "deposit", "5").await;
        let digest = hall.digest(transaction).await;
        run(&holder, "BEGIN; SELECT 1 FROM accounts FOR UPDATE").await;
        let decision = waiting(&hall, hall.managers[0], approve(transaction, &digest)).await;
        run(&holder, &format!("{change}; COMMIT")).await;
        assert_eq!(decision.await.expect("it ends"), Err("NX015".to_owned()), "{change}");
        assert_eq!(hall.status(transaction).await, "pending");
    }
    assert_eq!(hall.balance(account).await, "0.00");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_snapshot_decides_nothing() {
    let hall = Hall::with_managers(3).await;
    let account = hall.account("checking", "0").await;
    let transaction = hall.pending(hall.user, account, "deposit", "5").await;
    let digest = hall.digest(transaction).await;
    let ask = format!("SELECT nexus_ask('{transaction}', 'why?', '{digest}')");
    for level in ["REPEATABLE READ", "SERIALIZABLE"] {
        // The look is taken before the rule changes, a question is asked and the account is frozen.
        for statement in [
            approve(transaction, &digest),
            ask.clone(),
            format!("SELECT nexus_resolve_drift('{account}', 'accept', 0, 'nothing')"),
            "UPDATE users SET is_active = false WHERE username = 'manager2'".to_owned(),
        ] {
            let old = format!("SET TRANSACTION ISOLATION LEVEL {level}; SELECT count(*) FROM transactions; {statement}");
            let client = hall.database.as_application().await;
            let script = format!("BEGIN; SET LOCAL nexus.actor = 'user:{}'; {old}; COMMIT", hall.managers[0]);
            let refused = client.batch_execute(&script).await.expect_err("refused");
            assert_eq!(refused.code().map(|code| code.code()), Some("NX004"), "{level}: {statement}: {refused:?}");
        }
    }
    assert_eq!(hall.status(transaction).await, "pending");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_expired_is_expired_for_everybody_even_in_a_transaction_begun_before() {
    let hall = Hall::with_managers(3).await;
    let account = hall.account("checking", "0").await;
    let transaction = hall.pending(hall.user, account, "deposit", "5").await;
    let digest = hall.digest(transaction).await;
    let early = hall.database.as_application().await;
    run(&early, &format!("BEGIN; SET LOCAL nexus.actor = 'user:{}'", hall.managers[0])).await;
    let moment = "UPDATE transactions SET created_at = clock_timestamp() - interval '30 days' WHERE id = $1";
    hall.owner.execute(moment, &[&transaction]).await.expect("thirty days ago, to the second");
    let refused = early.batch_execute(&approve(transaction, &digest)).await.expect_err("refused");
    assert_eq!(refused.code().map(|code| code.code()), Some("NX020"));
    run(&early, "ROLLBACK").await;
    let ask = format!("SELECT nexus_ask('{transaction}', 'why?', '{digest}')");
    assert_eq!(hall.as_user(hall.managers[1], &ask).await, Err("NX020".to_owned()));
    assert_eq!(hall.as_user(hall.managers[1], &approve(transaction, &digest)).await, Err("NX020".to_owned()));
}
