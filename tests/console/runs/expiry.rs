//! Does a pending transaction expire when its time has come, and only then?

use nexus_console::operations::jobs::expiry::expire;
use uuid::Uuid;

use crate::workflows::desk::Desk;

async fn pending(desk: &Desk, account: Uuid, kind: &str, amount: &str, days: i32) -> Uuid {
    let maker = desk.id_of("user").await;
    let row = desk
        .owner
        .query_one(
            "INSERT INTO transactions (id, account_id, transaction_type, amount, created_by, created_at) \
             VALUES (nexus_uuid7(), $1, $2, $3::text::numeric, $4, now() - make_interval(days => $5)) RETURNING id",
            &[&account, &kind, &amount, &maker, &days],
        )
        .await
        .expect("a pending transaction");
    row.get(0)
}

async fn status(desk: &Desk, id: Uuid) -> String {
    desk.text("SELECT status FROM transactions WHERE id = $1", id).await.expect("a status")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_decided_in_time_is_cancelled_with_a_reason() {
    let desk = Desk::open().await;
    let account = desk.account("user", "X-1").await;
    let due = pending(&desk, account, "deposit", "5", 31).await;
    let fresh = pending(&desk, account, "deposit", "5", 29).await;
    let held = pending(&desk, account, "deposit", "5", 400).await;
    desk.owner.execute("INSERT INTO expiry_holds (transaction_id) VALUES ($1)", &[&held]).await.expect("a hold");

    assert_eq!(expire(&desk.pool).await.expect("it runs"), 1);
    assert_eq!(status(&desk, due).await, "cancelled");
    assert_eq!(status(&desk, fresh).await, "pending");
    assert_eq!(status(&desk, held).await, "pending");
    let reason = desk.text("SELECT reason FROM transaction_approvals WHERE transaction_id = $1 AND decision = 'expire'", due).await;
    assert_eq!(reason.as_deref(), Some("Nobody decided it within 30 days."));
    let actor = "SELECT d.actor_kind || ':' || d.actor_name FROM audit_logs l JOIN audit_details d ON d.entry_id = l.id \
                  WHERE l.entity_type = 'transactions' AND l.entity_id = $1 AND l.action = 'UPDATE'";
    assert_eq!(desk.text(actor, due).await.as_deref(), Some("system:expiry"));

    assert_eq!(expire(&desk.pool).await.expect("it runs"), 0, "nothing is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_expires_as_one() {
    let desk = Desk::open().await;
    let (here, there) = (desk.account("user", "X-2").await, desk.account("user", "X-3").await);
    let source = pending(&desk, here, "transfer", "-5", 40).await;
    let target = pending(&desk, there, "transfer", "5", 40).await;
    desk.owner
        .execute("INSERT INTO transaction_transfers (source_id, target_id) VALUES ($1, $2)", &[&source, &target])
        .await
        .expect("a transfer");

    assert_eq!(expire(&desk.pool).await.expect("it runs"), 1);
    assert_eq!(status(&desk, source).await, "cancelled");
    assert_eq!(status(&desk, target).await, "cancelled");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_at_once_let_each_expire_once() {
    let desk = Desk::open().await;
    let account = desk.account("user", "X-4").await;
    for _ in 0..40 {
        pending(&desk, account, "deposit", "5", 31).await;
    }
    for _ in 0..3 {
        let (one, other) = tokio::join!(expire(&desk.pool), expire(&desk.pool));
        one.and(other).expect("both run");
    }
    let row = desk
        .owner
        .query_one(
            "SELECT (SELECT count(*) FROM transactions WHERE status = 'pending'), \
                    (SELECT count(*) FROM transaction_approvals WHERE decision = 'expire')",
            &[],
        )
        .await
        .expect("counts");
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (0, 40));
}
