//! Are the proof and a drift readable for everybody, in both themes and on a phone, and long ones page by page?

use super::{
    super::support::{Scripts, Size, window},
    Bank, PROOF, check,
};

async fn furnished() -> Bank {
    let bank = Bank::open().await;
    let many = "INSERT INTO transactions (id, account_id, transaction_type, amount, description, status, processed_at)
                SELECT nexus_uuid7(), $1, 'deposit', 1, 'No. ' || n, 'completed', now() - interval '1 day' + n * interval '1 minute' FROM generate_series(1, 120) n";
    bank.past_the_door(many).await;
    let auditor = bank.console.signed_in("auditor").await;
    assert!(check(&auditor).await.has("[data-finding=drift]"));
    bank
}

#[tokio::test(flavor = "multi_thread")]
async fn the_entries_are_told_page_by_page_newest_last() {
    let bank = furnished().await;
    let auditor = bank.console.signed_in("auditor").await;
    let (mut address, mut seen) = (bank.drift(), Vec::new());
    loop {
        let page = auditor.get(&address).await;
        let mut rows = page.texts("section[aria-labelledby=entries-heading] tbody tr");
        rows.extend(seen);
        seen = rows;
        match page.attributes("a[rel=prev]", "href").into_iter().next() {
            Some(earlier) => address = earlier,
            None => break,
        }
    }
    assert_eq!(seen.len(), 120);
    assert!(seen[0].starts_with("1 deposit No. 1") && seen[0].ends_with("1 .00 101 .00"), "{}", seen[0]);
    assert!(seen[119].starts_with("120 deposit No. 120") && seen[119].ends_with("1 .00 220 .00"), "{}", seen[119]);
}

async fn every_page(size: Size) {
    let bank = furnished().await;
    let manager = bank.console.signed_in("manager").await;
    assert_eq!(bank.say(&manager, "restore", "Κατσικόπουλος <b>typed</b> it twice").await.status, 303);
    let window = window(&bank.console.address, Scripts::On, size).await;
    let mut faults = Vec::new();
    window.sign_in("admin").await;
    for path in [PROOF, &bank.drift(), &format!("/tables/accounts/{}", bank.account), "/"] {
        window.open(path).await;
        window.look(path, &mut faults).await;
    }
    window.open(&bank.drift()).await;
    window.press("form .end-bar button.main").await;
    window.look("a resolution refused", &mut faults).await;
    window.close().await;
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_on_a_desk() {
    every_page(Size::Desktop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_on_a_phone() {
    every_page(Size::Phone).await;
}
