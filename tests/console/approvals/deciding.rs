//! What does a decision do?

use super::{House, flash, say};

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_posts_and_moves_the_money_once() {
    let house = House::open().await;
    let account = house.account("1001", "100.00").await;
    let payment = house.pending(account, "payment", "40.00", "user").await;
    let manager = house.console.signed_in("manager").await;
    let page = manager.get(&format!("/approvals/{payment}")).await;
    let words = page.text();
    let said = ["PAYMENT-40.00", "Payment from", "Account 1001", "Balance now 100 .00 USD", "Balance after 60 .00 USD", "0 of 1"];
    for said in said {
        assert!(words.contains(said), "{said}: {words}");
    }
    assert!(words.contains("Available, less what is pending 60 .00 USD"), "{words}");
    assert!(page.has("form#decide input[name=seen]") && page.has("form#decide textarea[name=reason]"));
    assert_eq!(page.attributes("form#decide button[name=decision]", "value"), ["reject", "ask", "approve"]);

    let answer = say(&manager, payment, "approve", "").await;
    assert!(flash(&manager, &answer).await.contains("Approved PAYMENT-40.00: 40.00 USD is posted"), "{:?}", answer.location);
    assert_eq!((house.status(payment).await.as_str(), house.balance(account).await.as_str()), ("completed", "60.00"));
    let after = manager.get(&format!("/approvals/{payment}")).await;
    assert!(!after.has("form#decide") && after.text().contains("Completed"), "{}", after.text());
    assert_eq!(house.words(payment).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_amount_takes_two_people() {
    let house = House::open().await;
    let account = house.account("1001", "50000.00").await;
    let payment = house.pending(account, "payment", "10000.00", "user").await;
    let (manager, admin) = (house.console.signed_in("manager").await, house.console.signed_in("admin").await);
    assert!(manager.get(&format!("/approvals/{payment}")).await.text().contains("10,000.00 USD and more: two people"));
    let first = say(&manager, payment, "approve", "Checked").await;
    assert!(flash(&manager, &first).await.contains("1 of 2"));
    assert_eq!((house.status(payment).await.as_str(), house.balance(account).await.as_str()), ("pending", "50000.00"));
    assert!(!manager.get("/approvals").await.rows().contains(&payment.to_string()), "it is somebody else's turn");
    let seen_by_admin = admin.get(&format!("/approvals/{payment}")).await.text();
    assert!(seen_by_admin.contains("Ines Okafor approved") && seen_by_admin.contains("1 of 2"), "{seen_by_admin}");
    say(&admin, payment, "approve", "").await;
    assert_eq!((house.status(payment).await.as_str(), house.balance(account).await.as_str()), ("completed", "40000.00"));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_lost_the_right_since_is_counted_nowhere() {
    let house = House::open().await;
    let account = house.account("1001", "500000.00").await;
    let payment = house.pending(account, "payment", "10000.00", "user").await;
    let (manager, second, admin) =
        (house.console.signed_in("manager").await, house.console.signed_in("manager2").await, house.console.signed_in("admin").await);
    assert!(flash(&manager, &say(&manager, payment, "approve", "").await).await.contains("1 of 2"));
    house.run("UPDATE users SET role = 'viewer' WHERE username = 'manager'").await;
    let said = say(&second, payment, "approve", "").await;
    assert!(flash(&second, &said).await.contains("1 of 2"), "the door counts one, and so does what is said");
    let words = admin.get(&format!("/approvals/{payment}")).await.text();
    assert!(words.contains("Approvals 1 of 2") && words.contains("may not decide this any more: does not count"), "{words}");
    assert_eq!(house.status(payment).await, "pending");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejection_cancels_with_its_reason_and_moves_nothing() {
    let house = House::open().await;
    let account = house.account("1001", "100.00").await;
    let payment = house.pending(account, "payment", "40.00", "user").await;
    let manager = house.console.signed_in("manager").await;
    let answer = say(&manager, payment, "reject", "The invoice is paid already").await;
    assert!(flash(&manager, &answer).await.contains("Rejected PAYMENT-40.00"));
    assert_eq!((house.status(payment).await.as_str(), house.balance(account).await.as_str()), ("cancelled", "100.00"));
    let record = manager.get(&format!("/tables/transactions/{payment}")).await;
    assert!(record.text().contains("The invoice is paid already"), "{}", record.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_item_of_the_same_filters_opens() {
    let house = House::open().await;
    let account = house.account("1001", "1000.00").await;
    let mut payments = Vec::new();
    for amount in ["10.00", "20.00", "30.00", "40.00"] {
        payments.push(house.pending(account, "payment", amount, "user").await);
    }
    let manager = house.console.signed_in("manager").await;
    let queue = manager.get("/approvals?sort=-amount&amount.max=35").await;
    let expected: Vec<String> = [payments[2], payments[1], payments[0]].iter().map(ToString::to_string).collect();
    assert_eq!(queue.rows(), expected);
    let action = queue.attributes("form#decide", "action").remove(0);
    assert!(action.starts_with(&format!("/approvals/{}?", payments[2])), "{action}");
    let seen = queue.value("seen").expect("the first item is open");
    let answer = manager.post(&action, &[("decision", "approve"), ("reason", ""), ("seen", &seen)]).await;
    let to = answer.location.expect("the next");
    assert!(to.starts_with(&format!("/approvals/{}?", payments[1])) && to.ends_with("#focus"), "{to}");
    let next = manager.get(to.trim_end_matches("#focus")).await;
    assert_eq!(next.rows(), expected[1..]);
    assert_eq!(next.texts("h2#focus"), ["PAYMENT-20.00"]);
    let skip = next.attributes("a[data-skip]", "href").remove(0);
    assert!(skip.starts_with(&format!("/approvals/{}?", payments[0])), "{skip}");
    let skipped = manager.get(skip.trim_end_matches("#focus")).await;
    assert_eq!(skipped.rows(), expected[1..], "what was skipped keeps its place");
}
