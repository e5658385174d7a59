//! Is a transfer changed and ended as a whole, whatever way somebody tries?

use super::{
    super::forms::{filled, send, with},
    stage::{record, stage},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_leg_says_what_it_is_and_cannot_be_edited() {
    let stage = stage().await;
    let manager = stage.console.signed_in("manager").await;
    let id = stage.made(&manager, "checking", "savings").await;
    let other = stage.text("SELECT target_id::text FROM transaction_transfers WHERE source_id = $1::text::uuid", &id).await;
    for (leg, other, account) in [(&id, &other, "The savings"), (&other, &id, "The checking")] {
        let page = manager.get(&record(leg)).await;
        let link = page.attributes("[data-column=other_leg] a", "href").remove(0);
        assert!(link.starts_with(&record(other)), "{link}");
        assert!(page.texts("[data-column=other_leg] dd")[0].contains(account), "{}", page.text());
        assert!(!page.has("a[data-edit]"));
        assert!(page.text().contains("Edit: A transfer is changed as a whole"), "{}", page.text());

        assert_eq!(manager.get(&format!("{}/edit", record(leg))).await.status, 409);
        for field in [("amount", "1.00"), ("description", "Other"), ("reference_number", "OTHER"), ("transaction_type", "deposit")] {
            let form = with(Vec::new(), &[("version", "any"), field]);
            assert_eq!(send(&manager, &record(leg), &form).await.status, 409, "{field:?}");
        }
    }
    assert_eq!(stage.count("SELECT count(*) FROM audit_logs WHERE entity_type = 'transactions' AND action = 'UPDATE'").await, 0);

    let copy = manager.get(&manager.get(&record(&id)).await.attributes(".do a[href*='copy=']", "href").remove(0)).await;
    assert_eq!(copy.value("source"), Some(stage.account("checking").await), "{}", copy.text());
    assert_eq!(copy.value("target"), Some(stage.account("savings").await));
    assert_eq!(copy.value("amount").as_deref(), Some("250.00"));
}

#[tokio::test(flavor = "multi_thread")]
async fn rejecting_or_withdrawing_one_leg_cancels_both() {
    let stage = stage().await;
    let manager = stage.console.signed_in("manager").await;
    let rejected = stage.made(&manager, "checking", "savings").await;
    assert_eq!(stage.decide("manager2", &rejected, "reject").await, None);
    assert_eq!(stage.statuses(&rejected).await, ["cancelled", "cancelled"]);

    let source = stage.made(&manager, "checking", "savings").await;
    let target = stage.text("SELECT target_id::text FROM transaction_transfers WHERE source_id = $1::text::uuid", &source).await;
    let address = format!("{}/withdraw", record(&target));
    let page = manager.get(&address).await;
    assert!(page.text().contains("Both legs"), "{}", page.text());
    let answer = send(&manager, &address, &with(filled(&page), &[("reason", "Typed twice")])).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert_eq!(stage.statuses(&source).await, ["cancelled", "cancelled"]);
    assert_eq!((stage.balance("checking").await, stage.balance("savings").await), ("1000.00".to_owned(), "1000.00".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn frozen_accounts_may_be_named_and_not_decided() {
    let stage = stage().await;
    let manager = stage.console.signed_in("manager").await;
    stage
        .owner
        .execute(
            "UPDATE account_ledger SET frozen_since = now(), frozen_reason = 'test' \
              WHERE account_id = (SELECT id FROM accounts WHERE account_number = 'savings')",
            &[],
        )
        .await
        .expect("frozen");
    let id = stage.made(&manager, "checking", "savings").await;
    assert_eq!(stage.decide("manager2", &id, "approve").await.as_deref(), Some("NX016"));
    assert_eq!(stage.balance("checking").await, "1000.00");
}
