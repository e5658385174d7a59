//! Can somebody do a day's review in a real Chromium?

use super::Office;
use crate::support::{Scripts, Size, window};

#[tokio::test(flavor = "multi_thread")]
async fn a_day_is_opened_a_finding_written_and_the_log_reviewed_to_its_end() {
    let office = Office::open().await;
    let entry = office.entry("manager", 10).await;
    let window = window(&office.console.address, Scripts::On, Size::Phone).await;
    let mut faults = Vec::new();
    window.sign_in("auditor").await;
    window.open("/").await;
    window.press("a[href='/audit/reviews'] .t").await;
    assert_eq!(window.path().await, "/audit/reviews");
    window.look("the queue", &mut faults).await;
    window.press(&format!("li[data-id='{entry}'] input[name=selected]")).await;
    window.press("input[name=kind][value=finding]").await;
    window.fill("body", "Twice within a minute").await;
    window.press("form[action='/audit/selected'] button.main").await;
    assert!(window.text("main > [role=status]").await.contains("Finding"));
    window.press("#to-here button").await;
    window.look("what was found", &mut faults).await;
    let page = window.text("main").await;
    assert!(page.contains("Twice within a minute") && page.contains("Everything is reviewed"), "{page}");
    window.open(&format!("/tables/audit_logs/{entry}/annotate")).await;
    window.press("[data-save]").await;
    window.look("an annotation refused", &mut faults).await;
    window.open("/audit/access").await;
    window.fill("title", "Quarter").await;
    window.press("form[action='/audit/access'] button.main").await;
    window.look("an access review", &mut faults).await;
    window.open("/audit/evidence").await;
    window.look("the evidence", &mut faults).await;
    window.press("input[name=control][value=approvals]").await;
    window.fill("from", "yesterday").await;
    window.press("form[action='/audit/evidence/pack.zip'] button.main").await;
    window.look("the evidence refused", &mut faults).await;
    window.close().await;
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
