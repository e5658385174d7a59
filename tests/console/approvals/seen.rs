//! Is only what was looked at decided on?

use super::{House, say, say_of};

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_meanwhile_is_shown_and_nothing_is_counted() {
    let house = House::open().await;
    let account = house.account("1001", "100.00").await;
    let payment = house.pending(account, "payment", "40.00", "user").await;
    let manager = house.console.signed_in("manager").await;
    let path = format!("/approvals/{payment}");
    let page = manager.get(&path).await;
    let (seen, shown) = (page.value("seen").expect("a form"), page.value("shown").expect("what was shown"));
    house
        .run("UPDATE transactions SET amount = 45, description = 'For more', updated_by = (SELECT id FROM users WHERE username = 'manager2')")
        .await;
    let answer = manager.post(&path, &[("decision", "approve"), ("reason", "fine"), ("seen", &seen), ("shown", &shown)]).await;
    assert_eq!(answer.status, 409);
    let rows = answer.texts("#difference tbody tr");
    assert_eq!(rows, ["Amount 40.00 USD 45.00 USD", "Description For 40.00 For more", "Last edited by Yusuf Demir Dario Benedetti"]);
    assert_eq!((house.status(payment).await.as_str(), house.words(payment).await), ("pending", 0));
    assert_ne!(answer.value("seen").expect("the form is on the new state"), seen);
    assert_eq!(answer.value("reason").as_deref().map(str::trim), Some("fine"));

    // What was never signed is not shown.
    let forged = manager.post(&path, &[("decision", "approve"), ("seen", &seen), ("shown", "bmV4dXM")]).await;
    assert_eq!((forged.status, forged.has("#difference")), (409, false));
    assert_eq!(say(&manager, payment, "approve", "").await.status, 303);
    assert_eq!(house.balance(account).await, "55.00");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_balance_that_moves_refuses_nothing() {
    let house = House::open().await;
    let account = house.account("1001", "100.00").await;
    let (payment, other) =
        (house.pending(account, "payment", "40.00", "user").await, house.pending(account, "payment", "10.00", "user").await);
    let manager = house.console.signed_in("manager").await;
    let seen = manager.get(&format!("/approvals/{payment}")).await.value("seen").expect("a form");
    say(&manager, other, "approve", "").await;
    assert_eq!(say_of(&manager, payment, "approve", "", &seen).await.status, 303);
    assert_eq!(house.balance(account).await, "50.00");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_of_what_was_there_before_does_not_count() {
    let house = House::open().await;
    let account = house.account("1001", "90000.00").await;
    let payment = house.pending(account, "payment", "10000.00", "user").await;
    let (manager, second) = (house.console.signed_in("manager").await, house.console.signed_in("manager2").await);
    say(&manager, payment, "approve", "").await;
    house.run("UPDATE transactions SET amount = 20000").await;
    assert!(manager.get("/approvals").await.rows().contains(&payment.to_string()), "it is theirs again");
    let page = second.get(&format!("/approvals/{payment}")).await;
    assert!(page.text().contains("0 of 2") && page.text().contains("does not count"), "{}", page.text());
    say(&second, payment, "approve", "").await;
    assert_eq!(house.status(payment).await, "pending");
    say(&manager, payment, "approve", "").await;
    assert_eq!(house.balance(account).await, "70000.00");
}
