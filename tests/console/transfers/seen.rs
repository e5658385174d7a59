//! Can a transfer be made, seen and taken back in a real Chromium, with scripts and without, by everybody?

use super::{
    super::support::{Scripts, Size, window},
    stage::{record, stage},
};

async fn managers_way(scripts: Scripts) {
    let stage = stage().await;
    let window = window(&stage.console.address, scripts, Size::Desktop).await;
    let mut faults = Vec::new();
    window.sign_in("manager").await;
    window.open("/tables/transactions").await;
    window.press(".head a[href^='/transfers/new']").await;
    window.pick("source", "checking", scripts).await;
    window.pick("target", "savings", scripts).await;
    window.fill("amount", "99999999999999").await;
    window.press("[data-save]").await;
    assert!(window.text("#amount-error").await.contains("9999999999999.99"));
    if scripts == Scripts::On {
        window.look("the form refused", &mut faults).await;
    }
    window.fill("amount", "12.50").await;
    window.press("[data-save]").await;
    assert!(window.text("h1").await.contains("Pending"), "{}", window.text("main").await);
    let id = window.path().await.rsplit('/').next().expect("an id").to_owned();
    assert_eq!(stage.decide("manager2", &id, "approve").await, None);
    window.open(&record(&id)).await;
    window.press("a[href*='/reverse']").await;
    if scripts == Scripts::On {
        window.look("the reversal", &mut faults).await;
    }
    window.press("form.card .end-bar button").await;
    assert!(!window.text("#reason-error").await.is_empty());
    window.fill("reason", "Sent twice").await;
    window.press("form.card .end-bar button").await;
    assert!(window.text("h1").await.contains("REV-"), "{}", window.text("h1").await);
    window.close().await;
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_there_and_back_with_scripts() {
    managers_way(Scripts::On).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_there_and_back_without_scripts() {
    managers_way(Scripts::Off).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_new_pages_look_right_on_a_phone() {
    let stage = stage().await;
    let manager = stage.console.signed_in("manager").await;
    let leg = record(&stage.made(&manager, "checking", "savings").await);
    let credit = format!("/tables/accounts/{}", stage.account("credit").await);
    let window = window(&stage.console.address, Scripts::On, Size::Phone).await;
    window.sign_in("admin").await;
    let mut faults = Vec::new();
    for path in ["/transfers/new", "/tables/transactions", &leg, &credit, &format!("{credit}/limit"), &format!("{leg}/reverse")] {
        window.open(path).await;
        window.look(path, &mut faults).await;
    }
    window.close().await;
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
