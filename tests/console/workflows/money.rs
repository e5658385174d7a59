//! How does a transaction begin and end without anybody approving it?

use nexus_console::{auth::policy::Action, workflows::WorkflowError};
use uuid::Uuid;

use super::desk::{Desk, fields};

fn payment(account: &str) -> [(&str, &str); 3] {
    [("account_id", account), ("transaction_type", "payment"), ("amount", "12.50")]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_is_pending_until_its_maker_withdraws_it() {
    let desk = Desk::open().await;
    let account = desk.account("user", "1001").await.to_string();
    let id = Uuid::now_v7();
    desk.create("user", "transactions", id, &payment(&account)).await.expect("made");
    assert_eq!(desk.text("SELECT status FROM transactions WHERE id = $1", id).await.as_deref(), Some("pending"));

    let silent = desk.act("user", "transactions", Action::Withdraw, id, Some("  ")).await.expect_err("no reason");
    assert_eq!(fields(&silent), ["reason"]);
    let strange = desk.act("manager", "transactions", Action::Withdraw, id, Some("tidying up")).await;
    assert!(matches!(strange, Err(WorkflowError::Forbidden(_))), "{strange:?}");
    desk.act("user", "transactions", Action::Withdraw, id, Some("typed twice")).await.expect("withdrawn");
    assert_eq!(desk.text("SELECT status FROM transactions WHERE id = $1", id).await.as_deref(), Some("cancelled"));
    let reason =
        "SELECT d.reason FROM audit_logs l JOIN audit_details d ON d.entry_id = l.id WHERE l.entity_id = $1 AND l.action = 'UPDATE'";
    assert_eq!(desk.text(reason, id).await.as_deref(), Some("typed twice"));

    let again = desk.act("user", "transactions", Action::Withdraw, id, Some("once more")).await;
    assert!(matches!(again, Err(WorkflowError::Conflict(_))), "{again:?}");
    let late = desk.save("manager", "transactions", id, &[("amount", "99")]).await;
    assert!(matches!(late, Err(WorkflowError::Conflict(_))), "{late:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_draws_on_a_strangers_account_or_an_inactive_one() {
    let desk = Desk::open().await;
    let strangers = desk.account("viewer", "1001").await;
    let strange = desk.create("user", "transactions", Uuid::now_v7(), &payment(&strangers.to_string())).await.expect_err("refused");
    assert_eq!(fields(&strange), ["account_id"]);
    desk.save("admin", "accounts", strangers, &[("is_active", "false")]).await.expect("closed");
    let closed = desk.create("manager", "transactions", Uuid::now_v7(), &payment(&strangers.to_string())).await.expect_err("refused");
    assert_eq!(fields(&closed), ["account_id"]);
    let gone = desk.create("manager", "transactions", Uuid::now_v7(), &payment(&Uuid::nil().to_string())).await.expect_err("refused");
    assert_eq!(fields(&gone), ["account_id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_currency_stays_once_money_is_in_it() {
    let desk = Desk::open().await;
    let account = desk.account("user", "1001").await;
    desk.save("admin", "accounts", account, &[("currency", "EUR")]).await.expect("nothing is in it yet");
    desk.create("manager", "transactions", Uuid::now_v7(), &payment(&account.to_string())).await.expect("made");
    let late = desk.save("admin", "accounts", account, &[("currency", "JPY")]).await.expect_err("refused");
    assert_eq!(fields(&late), ["currency"]);
}
