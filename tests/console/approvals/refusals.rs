//! What is refused, with which status and words, and is the attempt in the log?

use uuid::Uuid;

use super::{House, say, say_of};

const FORGED: &str = "0000000000000000000000000000000000000000000000000000000000000000";

#[tokio::test(flavor = "multi_thread")]
async fn nobody_decides_on_what_they_made_or_edited_last() {
    let house = House::open().await;
    let account = house.account("1001", "100.00").await;
    let made = house.pending(account, "payment", "40.00", "manager").await;
    let edited = house.pending(account, "payment", "30.00", "user").await;
    house.run("UPDATE transactions SET updated_by = (SELECT id FROM users WHERE username = 'manager') WHERE amount = 30").await;
    let manager = house.console.signed_in("manager").await;
    for (transaction, why) in [(made, "You made this one"), (edited, "You edited this one last")] {
        let page = manager.get(&format!("/approvals/{transaction}")).await;
        assert!(!page.has("form#decide") && page.text().contains(why), "{}", page.text());
        let answer = say_of(&manager, transaction, "approve", "", FORGED).await;
        assert_eq!(answer.status, 403);
        assert!(answer.text().contains(why), "{}", answer.text());
        assert_eq!(house.words(transaction).await, 0);
    }
    let record = manager.get(&format!("/tables/transactions/{made}")).await;
    assert!(record.text().contains("You made this one"), "{}", record.text());
    assert_eq!(house.refused().await, ["approve not_yours", "approve not_yours"]);
    assert_eq!(house.balance(account).await, "100.00");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_is_taken_once() {
    let house = House::open().await;
    let account = house.account("1001", "50000.00").await;
    let large = house.pending(account, "payment", "10000.00", "user").await;
    let small = house.pending(account, "payment", "10.00", "user").await;
    let (manager, second) = (house.console.signed_in("manager").await, house.console.signed_in("manager2").await);
    let seen = second.get(&format!("/approvals/{small}")).await.value("seen").expect("a form");
    say(&manager, large, "approve", "").await;
    let again = say(&manager, large, "approve", "").await;
    assert_eq!(again.status, 409);
    assert!(again.text().contains("You already decided this"), "{}", again.text());
    say(&manager, small, "approve", "").await;
    let late = say_of(&second, small, "approve", "", &seen).await;
    assert_eq!(late.status, 409);
    assert!(late.text().contains("decided already"), "{}", late.text());
    let own = say_of(&manager, small, "approve", "", &seen).await;
    assert_eq!(own.status, 409);
    assert!(own.text().contains("You already decided this"), "{}", own.text());
    assert_eq!((house.words(large).await, house.words(small).await), (1, 1));
    assert_eq!(house.balance(account).await, "49990.00");
    assert_eq!(house.refused().await, ["approve decided_by_you", "approve decided", "approve decided_by_you"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_little_money_says_by_how_much() {
    let house = House::open().await;
    let account = house.account("1001", "30.00").await;
    let payment = house.pending(account, "payment", "40.00", "user").await;
    let manager = house.console.signed_in("manager").await;
    let page = manager.get(&format!("/approvals/{payment}")).await;
    assert!(page.has("form#decide button[value=approve]"), "the form stands: {}", page.text());
    assert!(page.text().contains("Too little money: 10.00 USD short"), "{}", page.text());
    let answer = say(&manager, payment, "approve", "please").await;
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains("10.00 USD short"), "{}", answer.text());
    assert_eq!(answer.value("reason").as_deref().map(str::trim), Some("please"));
    assert_eq!((house.balance(account).await.as_str(), house.words(payment).await), ("30.00", 0));
    assert!(manager.get("/approvals?tab=stuck").await.rows().contains(&payment.to_string()));
    assert!(!manager.get("/approvals").await.rows().contains(&payment.to_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_account_does_not_allow_is_a_conflict() {
    let house = House::open().await;
    let (closed, frozen) = (house.account("1001", "100.00").await, house.account("1002", "100.00").await);
    let first = house.pending(closed, "payment", "40.00", "user").await;
    let second = house.pending(frozen, "payment", "40.00", "user").await;
    house.run("UPDATE accounts SET is_active = false WHERE account_number = '1001'").await;
    house
        .run("UPDATE account_ledger SET frozen_since = now(), frozen_reason = 'a test' WHERE account_id = (SELECT id FROM accounts WHERE account_number = '1002')")
        .await;
    let manager = house.console.signed_in("manager").await;
    let stuck = manager.get("/approvals?tab=stuck").await;
    assert_eq!(stuck.rows(), [first.to_string(), second.to_string()]);
    for (transaction, why) in [(first, "The account is not active"), (second, "The account is frozen")] {
        assert!(stuck.text().contains(why), "{}", stuck.text());
        let answer = say(&manager, transaction, "approve", "").await;
        assert_eq!(answer.status, 409);
        assert!(answer.text().contains(why), "{}", answer.text());
        assert_eq!(house.words(transaction).await, 0);
    }
    // What cannot be approved can still be rejected.
    assert_eq!(say(&manager, first, "reject", "The account is closed").await.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn time_that_has_passed_is_gone() {
    let house = House::open().await;
    let account = house.account("1001", "100.00").await;
    let payment = house.pending(account, "payment", "40.00", "user").await;
    house.run("UPDATE transactions SET created_at = now() - interval '31 days'").await;
    let manager = house.console.signed_in("manager").await;
    let answer = say(&manager, payment, "approve", "").await;
    assert_eq!(answer.status, 410);
    assert!(answer.text().contains("expired"), "{}", answer.text());
    assert_eq!((house.status(payment).await.as_str(), house.words(payment).await), ("pending", 0));
    assert_eq!(house.refused().await, ["approve expired"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_malformed_or_unknown_is_said_so() {
    let house = House::open().await;
    let account = house.account("1001", "100.00").await;
    let payment = house.pending(account, "payment", "40.00", "user").await;
    let manager = house.console.signed_in("manager").await;
    for seen in ["", "x", &FORGED[1..], &"F".repeat(64)] {
        let answer = say_of(&manager, payment, "approve", "", seen).await;
        assert_eq!(answer.status, 422, "{seen:?}");
        assert!(answer.texts("title")[0].starts_with("Error:"));
    }
    let other = say_of(&manager, payment, "approve", "", FORGED).await;
    assert_eq!(other.status, 409, "a digest of something else");
    assert_eq!(say_of(&manager, payment, "bless", "", FORGED).await.status, 422);
    let nobody = Uuid::nil();
    assert_eq!(say_of(&manager, nobody, "approve", "", FORGED).await.status, 404);
    assert_eq!(manager.get(&format!("/approvals/{nobody}")).await.status, 404);
    assert_eq!(manager.get("/approvals/7").await.status, 400);
    let refused = house.refused().await;
    assert_eq!(refused, ["approve forged", "approve forged", "approve forged", "approve forged", "approve changed", "approve missing"]);
    assert_eq!((house.balance(account).await.as_str(), house.words(payment).await), ("100.00", 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejection_and_a_question_need_words_and_what_was_typed_stays() {
    let house = House::open().await;
    let account = house.account("1001", "100.00").await;
    let payment = house.pending(account, "payment", "40.00", "user").await;
    let manager = house.console.signed_in("manager").await;
    let long = "x".repeat(2001);
    for decision in ["reject", "ask"] {
        for reason in ["", "  \n ", &long] {
            let answer = say(&manager, payment, decision, reason).await;
            assert_eq!(answer.status, 422, "{decision}");
            assert_eq!(answer.texts("#reason-error"), ["Say why, in at most 2,000 characters."]);
            assert!(answer.has("#errors a[href='#reason']"));
            assert_eq!(answer.value("reason").expect("the field").trim(), reason.trim());
        }
    }
    assert_eq!(house.status(payment).await, "pending");
    assert_eq!(house.refused().await.len(), 6);
}
