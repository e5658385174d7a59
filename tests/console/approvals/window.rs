//! Can somebody work through the queue in a real Chromium: by keys, on a phone, with scripts and without?

use std::time::Duration;

use super::House;
use crate::support::{Scripts, Size, window};

const ENTER: &str = "\u{E007}";
const INERT: Duration = Duration::from_millis(750);

#[tokio::test(flavor = "multi_thread")]
async fn a_key_moves_to_approve_and_another_presses_it() {
    let house = House::open().await;
    let account = house.account("1001", "1000.00").await;
    let first = house.pending(account, "payment", "10.00", "user").await;
    let second = house.pending(account, "payment", "20.00", "user").await;
    let window = window(&house.console.address, Scripts::On, Size::Desktop).await;
    window.sign_in("manager").await;
    window.open("/approvals").await;
    tokio::time::sleep(INERT).await;
    window.keys(ENTER).await;
    assert_eq!(house.status(first).await, "pending", "Enter alone presses nothing");
    window.keys("a").await;
    assert_eq!(window.run("return document.activeElement.value").await, "approve");
    window.keys(ENTER).await;
    for _ in 0..100 {
        if window.path().await == format!("/approvals/{second}") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(house.status(first).await, "completed");

    // The next item is open, its heading has the focus, and for a moment nothing approves it.
    assert_eq!(window.path().await, format!("/approvals/{second}"));
    assert_eq!(window.run("return document.activeElement.id").await, "focus");
    assert!(window.text("main > [role=status]").await.contains("PAYMENT-10.00"));
    tokio::time::sleep(INERT).await;
    let early = "const b = document.querySelector('[data-approve]'); \
         let sent = null; b.form.addEventListener('submit', (e) => { sent = !e.defaultPrevented; e.preventDefault(); }); \
         dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })); b.click(); return [sent, b.getAttribute('aria-disabled')]";
    assert_eq!(window.run(early).await, serde_json::json!([false, "true"]));
    tokio::time::sleep(INERT).await;
    let late = "return document.querySelector('[data-approve]').getAttribute('aria-disabled')";
    assert_eq!(window.run(late).await, serde_json::Value::Null);
    assert_eq!(house.status(second).await, "pending");
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_scripts_everything_is_decided_as_well() {
    let house = House::open().await;
    let account = house.account("1001", "1000.00").await;
    let first = house.pending(account, "payment", "10.00", "user").await;
    let second = house.pending(account, "payment", "20.00", "user").await;
    let window = window(&house.console.address, Scripts::Off, Size::Desktop).await;
    window.sign_in("manager").await;
    window.press("nav#nav a[href='/approvals']").await;
    window.press("[data-approve]").await;
    assert_eq!(house.status(first).await, "completed");
    window.press("#decide button[value=reject]").await;
    assert!(!window.text("#reason-error").await.is_empty());
    window.fill("reason", "Not ours").await;
    window.press("#decide button[value=reject]").await;
    assert_eq!(house.status(second).await, "cancelled");
    assert!(window.text(".desk .empty").await.contains("Nothing waits for you"));
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_the_queue_is_clean_in_both_themes() {
    let house = House::open().await;
    let account = house.account("1001", "1000.00").await;
    let first = house.pending(account, "payment", "10.00", "user").await;
    house.pending(account, "payment", "10.00", "user").await;
    let made = house.pending(account, "payment", "20.00", "manager").await;
    house.pending(account, "payment", "5000.00", "user").await;
    let mut wrong = Vec::new();
    for size in [Size::Desktop, Size::Phone] {
        let window = window(&house.console.address, Scripts::On, size).await;
        window.sign_in("manager").await;
        let fixed = ["/", "/approvals", "/approvals?tab=stuck&amount.min=1", "/approvals?tab=waiting"].map(str::to_owned);
        for path in fixed.into_iter().chain([format!("/approvals/{first}"), format!("/approvals/{made}")]) {
            window.open(&path).await;
            tokio::time::sleep(INERT).await;
            window.look(&format!("{size:?} {path}"), &mut wrong).await;
        }
        window.open("/approvals").await;
        window.press("#decide button[value=reject]").await;
        tokio::time::sleep(INERT).await;
        window.look(&format!("{size:?} refused"), &mut wrong).await;
        if size == Size::Phone {
            let low = "return [...document.querySelectorAll('#decide .btn')].map((b) => b.getBoundingClientRect()).every((r) => r.height >= 44 && r.bottom <= innerHeight)";
            assert_eq!(window.run(low).await, true, "the bar is at the bottom, with room for a thumb");
        }
        window.close().await;
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
