//! Is the platform beside the console never refused, and does what it does to money come to light?

use tokio_postgres::Client;
use uuid::Uuid;

use super::hall::{Hall, approve};

async fn does(platform: &Client, statement: &str) {
    platform.batch_execute(statement).await.unwrap_or_else(|error| panic!("{statement}: {error:?}"));
}

async fn drift(hall: &Hall, account: Uuid) -> String {
    hall.text(&format!("SELECT (balance - expected)::text FROM nexus_ledger WHERE account_id = '{account}'")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_platform_does_is_never_refused_and_shows_in_the_ledger() {
    let hall = Hall::with_managers(3).await;
    let platform = hall.database.as_superuser().await;
    let account = hall.account("checking", "100").await;
    let deposit = hall.pending(hall.user, account, "deposit", "5").await;
    let digest = hall.digest(deposit).await;
    hall.as_user(hall.managers[0], &approve(deposit, &digest)).await.expect("approved");
    let waiting = hall.pending(hall.user, account, "deposit", "9").await;
    assert_eq!(drift(&hall, account).await, "0.00");

    for (statement, difference) in [
        // The platform's own postings, whole: nothing to see.
        (
            format!(
                "UPDATE transactions SET status = 'completed', processed_at = now() WHERE id = '{waiting}'; UPDATE accounts SET balance = balance + 9"
            ),
            "0.00",
        ),
        (
            format!(
                "INSERT INTO transactions (account_id, transaction_type, amount, status) VALUES ('{account}', 'transfer', -4, 'completed'); UPDATE accounts SET balance = balance - 4"
            ),
            "0.00",
        ),
        // Half of one, in either direction.
        ("UPDATE accounts SET balance = balance + 50".to_owned(), "50.00"),
        (
            format!("INSERT INTO transactions (account_id, transaction_type, amount, status) VALUES ('{account}', 'fee', 20, 'completed')"),
            "70.00",
        ),
        (format!("UPDATE transactions SET amount = 6 WHERE id = '{deposit}'"), "69.00"),
        (format!("UPDATE transactions SET status = 'failed' WHERE id = '{deposit}'"), "75.00"),
        (format!("UPDATE transactions SET status = 'pending' WHERE id = '{deposit}'"), "75.00"),
        (format!("DELETE FROM transactions WHERE id = '{waiting}'"), "84.00"),
        ("UPDATE accounts SET balance = NULL".to_owned(), "-76.00"),
        ("UPDATE accounts SET balance = -1".to_owned(), "-77.00"),
        ("UPDATE accounts SET balance = 'NaN'".to_owned(), "NaN"),
        ("UPDATE accounts SET balance = 1".to_owned(), "-75.00"),
    ] {
        does(&platform, &statement).await;
        assert_eq!(drift(&hall, account).await, difference, "{statement}");
    }
    let checked = hall.as_user(hall.managers[0], &format!("SELECT nexus_check_account('{account}')")).await;
    assert_eq!(checked, Ok(Some("-75.00".to_owned())));
    let digest = hall.digest(deposit).await;
    assert_eq!(hall.as_user(hall.managers[1], &approve(deposit, &digest)).await, Err("NX016".to_owned()), "frozen");

    // Nor is it bound by what binds the console: rules, people, evidence.
    for statement in [
        "INSERT INTO system_settings (setting_key, setting_value, setting_type) VALUES ('approval_tiers', '{\"*\": []}', 'json')",
        "UPDATE users SET is_active = false, role = 'viewer'",
        "UPDATE transaction_approvals SET reason = 'the platform was here'",
        "DELETE FROM transaction_approvals",
        "TRUNCATE account_limits, transaction_questions",
        "DELETE FROM transactions",
        "DELETE FROM accounts",
        "BEGIN ISOLATION LEVEL SERIALIZABLE; UPDATE users SET is_active = true, role = 'admin'; COMMIT",
    ] {
        does(&platform, statement).await;
    }
    let named = hall.count("SELECT count(*) FROM audit_logs l JOIN audit_details d ON d.entry_id = l.id WHERE l.action = 'DELETE' AND l.entity_type = 'transaction_approvals' AND d.actor_kind = 'db' AND d.actor_name = 'postgres'").await;
    assert_eq!(named, 1, "and it is written down who it was");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drift_ends_when_two_people_say_the_same() {
    let hall = Hall::with_managers(3).await;
    let platform = hall.database.as_superuser().await;
    let account = hall.account("checking", "100").await;
    let check = format!("SELECT nexus_check_account('{account}')");
    let resolve = |how: &str, difference: &str| format!("SELECT nexus_resolve_drift('{account}', '{how}', {difference}, 'seen by two')");
    for (how, balance) in [("restore", "100.00"), ("accept", "130.00")] {
        does(&platform, "UPDATE accounts SET balance = balance + 30").await;
        hall.as_user(hall.admin, &check).await.expect("checked");
        let (one, two, three) = (hall.managers[0], hall.managers[1], hall.managers[2]);
        hall.as_user(one, &resolve(how, "30")).await.expect("the first says so");
        assert_eq!(hall.as_user(one, &resolve(how, "30")).await, Err("NX018".to_owned()));
        let other = if how == "restore" { "accept" } else { "restore" };
        hall.as_user(two, &resolve(other, "30")).await.expect("the second says something else");
        assert_eq!(hall.as_user(three, &resolve(how, "29")).await, Err("NX015".to_owned()));
        assert_eq!(hall.balance(account).await, "130.00", "one of each kind is not two");
        let said = hall.at_once(vec![(three, resolve(how, "30")), (hall.admin, resolve(how, "30"))]).await;
        assert_eq!(super::hall::accepted(&said, &["NX003"]), 1, "{said:?}");
        assert_eq!(hall.balance(account).await, balance);
        hall.in_order().await;
    }
    assert_eq!(hall.count("SELECT count(*) FROM account_ledger_corrections").await, 1);
}
