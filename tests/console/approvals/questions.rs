//! What happens to an item while somebody asks about it?

use super::{House, flash, say};

#[tokio::test(flavor = "multi_thread")]
async fn a_question_takes_an_item_out_until_its_maker_answers() {
    let house = House::open().await;
    let account = house.account("1001", "100.00").await;
    let payment = house.pending(account, "payment", "40.00", "user").await;
    let (manager, second) = (house.console.signed_in("manager").await, house.console.signed_in("manager2").await);
    let asked = say(&manager, payment, "ask", "Which invoice is this?").await;
    assert!(flash(&manager, &asked).await.contains("Asked about PAYMENT-40.00"));
    let id = payment.to_string();
    assert!(!second.get("/approvals").await.rows().contains(&id), "nobody decides meanwhile");
    assert!(second.get("/approvals?tab=waiting").await.rows().contains(&id));
    let early = say(&second, payment, "approve", "").await;
    assert_eq!(early.status, 409);
    assert!(early.text().contains("waits for its answer"), "{}", early.text());

    let maker = house.console.signed_in("user").await;
    let page = maker.get(&format!("/approvals/{payment}")).await;
    assert!(page.text().contains("Which invoice is this?") && page.has("button[value=answer]"), "{}", page.text());
    assert!(!page.has("form#decide"));
    let path = format!("/approvals/{payment}");
    let blank = maker.post(&path, &[("decision", "answer"), ("reason", " ")]).await;
    assert_eq!((blank.status, blank.has("#reason-error")), (422, true));
    let answered = maker.post(&path, &[("decision", "answer"), ("reason", "Number 10447")]).await;
    assert!(flash(&maker, &answered).await.contains("waits for a decision again"));
    let stranger = second.post(&path, &[("decision", "answer"), ("reason", "I think it is fine")]).await;
    assert_eq!(stranger.status, 403);
    let viewer = house.console.signed_in("viewer").await;
    assert_eq!(viewer.post(&path, &[("decision", "answer"), ("reason", "It is fine")]).await.status, 403);
    assert_eq!(house.refused().await.last().map(String::as_str), Some("answer not_yours"));

    assert!(second.get("/approvals").await.rows().contains(&id), "it is back");
    assert!(second.get(&path).await.text().contains("Number 10447"));
    assert_eq!(say(&second, payment, "approve", "").await.status, 303);
    assert_eq!(house.status(payment).await, "completed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_answers_as_well() {
    let house = House::open().await;
    let account = house.account("1001", "100.00").await;
    let payment = house.pending(account, "payment", "40.00", "manager2").await;
    let (manager, maker) = (house.console.signed_in("manager").await, house.console.signed_in("manager2").await);
    say(&manager, payment, "ask", "Should it not be 30?").await;
    let page = maker.get(&format!("/tables/transactions/{payment}/edit")).await;
    let mut form = crate::forms::filled(&page);
    form.iter_mut().filter(|(name, _)| name == "amount").for_each(|(_, value)| "30.00".clone_into(value));
    let saved = crate::forms::send(&maker, &format!("/tables/transactions/{payment}"), &form).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    assert!(manager.get("/approvals").await.rows().contains(&payment.to_string()));
    assert!(manager.get(&format!("/approvals/{payment}")).await.text().contains("edited instead"));
}
