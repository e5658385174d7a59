//! Does an old balance get an opening that explains it, and can nothing be posted that is no amount?

use uuid::Uuid;

use super::{Console, column, ledger_checked, one, opened};
use crate::{
    approvals::{say, say_of},
    crawl::faults,
    support::Browser,
};

fn account(place: u32) -> String {
    format!("22222222-2222-4222-8222-{place:012}")
}

fn transaction(place: u32) -> Uuid {
    Uuid::parse_str(&format!("33333333-3333-4333-8333-{place:012}")).expect("an id")
}

async fn status(console: &Console, transaction: Uuid) -> String {
    one(console, &format!("SELECT status FROM transactions WHERE id = '{transaction}'")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_account_opens_with_what_its_entries_do_not_explain() {
    let console = opened().await;
    let opening = "SELECT a.account_name || ': ' || l.opening_balance || CASE WHEN l.frozen_since IS NULL THEN '' ELSE ', frozen' END \
                   FROM account_ledger l JOIN accounts a ON a.id = l.account_id WHERE a.account_number LIKE 'story-%' ORDER BY a.account_number";
    assert_eq!(
        column(&console, opening).await,
        [
            "Kept well: 10.00",
            "Never had a balance: 20.00",
            "Not a number: 0, frozen",
            "More than fits: -14999999999999985.00",
            "A posting that is none: 0, frozen"
        ]
    );
    let all = "SELECT count(*)::text FROM accounts a LEFT JOIN account_ledger l ON l.account_id = a.id WHERE l.id IS NULL";
    assert_eq!(one(&console, all).await, "0", "every account has one");
    let wrong = "SELECT count(*)::text FROM nexus_ledger v JOIN account_ledger l USING (account_id) WHERE (v.balance IS DISTINCT FROM v.expected OR v.balance = 'NaN') AND l.frozen_since IS NULL";
    assert_eq!(one(&console, wrong).await, "0", "what is not frozen holds");
    let number = "SELECT count(*)::text FROM account_ledger WHERE frozen_since IS NOT NULL";
    let not_numbers = "SELECT count(*)::text FROM nexus_ledger WHERE balance = 'NaN' OR expected = 'NaN'";
    assert_eq!(one(&console, number).await, one(&console, not_numbers).await, "and nothing else is frozen");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_proof_shows_what_is_no_number_and_two_people_mend_it() {
    let console = opened().await;
    let (admin, manager) = (console.signed_in("admin").await, console.signed_in("manager").await);
    let page = ledger_checked(&manager).await;
    assert_eq!(faults(&page), Vec::<String>::new());
    let findings = page.texts("[data-finding=drift]");
    let frozen = column(&console, "SELECT account_id::text FROM account_ledger WHERE frozen_since IS NOT NULL").await;
    assert_eq!(findings.len(), frozen.len(), "{findings:?}");
    assert!(findings.iter().any(|finding| finding.contains("accounts") && finding.contains("Not a number")), "{findings:?}");
    for id in frozen.iter().cloned().chain([account(2), account(4)]) {
        let drift = manager.get(&format!("/operations/ledger/{id}")).await;
        assert_eq!(drift.status, 200, "{id}: {}", drift.text());
        assert_eq!(faults(&drift), Vec::<String>::new(), "{id}");
        let record = manager.get(&format!("/tables/accounts/{id}")).await;
        assert_eq!(record.has("#frozen"), frozen.contains(&id), "{id}");
    }

    let resolve = async |browser: &Browser, account: &str, resolution: &str| {
        let path = format!("/operations/ledger/{account}");
        let difference = browser.get(&path).await.value("difference").expect("a form");
        browser.post(&path, &[("resolution", resolution), ("difference", &difference), ("reason", "Its entries say so")]).await
    };
    // A balance that is no number cannot be kept, so the entries win.
    let kept = resolve(&manager, &account(3), "accept").await;
    assert_eq!(kept.status, 409, "{}", kept.text());
    assert!(kept.texts("#errors").join("").contains("not a number"), "{}", kept.text());
    for browser in [&manager, &admin] {
        let said = resolve(browser, &account(3), "restore").await;
        assert_eq!(said.status, 303, "{}", said.text());
    }
    let mended = format!(
        "SELECT a.balance || ' ' || (l.frozen_since IS NULL) FROM accounts a JOIN account_ledger l ON l.account_id = a.id WHERE a.id = '{}'",
        account(3)
    );
    assert_eq!(one(&console, &mended).await, "0.00 true");
    // Entries that are no number cannot win either: the account stays as it is until its entry is one.
    for resolution in ["restore", "accept"] {
        let said = resolve(&manager, &account(5), resolution).await;
        assert_eq!(said.status, 409, "{resolution}: {}", said.text());
        assert!(said.has("#errors"), "{}", said.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_amount_to_post_can_only_be_rejected() {
    let console = opened().await;
    let manager = console.signed_in("manager").await;
    let account_of_story = format!("SELECT balance::text FROM accounts WHERE id = '{}'", account(1));
    for (place, amount) in [(7, "0.00"), (8, "-12.50"), (9, "NaN"), (10, "9.00"), (11, "11.00"), (5, "5.00")] {
        let id = transaction(place);
        let item = manager.get(&format!("/approvals/{id}")).await;
        assert_eq!(item.status, 200, "{amount}: {}", item.text());
        assert_eq!(faults(&item), Vec::<String>::new(), "{amount}");
        let seen = item.value("seen").unwrap_or_else(|| panic!("{amount}: a form to reject it with: {}", item.text()));
        let approved = say_of(&manager, id, "approve", "", &seen).await;
        assert!([409, 422].contains(&approved.status), "{amount}: {} {}", approved.status, approved.text());
        assert!(approved.has("#errors"), "{amount}: it says why: {}", approved.text());
        assert_eq!(status(&console, id).await, "pending", "{amount}");
        let rejected = say(&manager, id, "reject", "No amount to post").await;
        assert_eq!(rejected.status, 303, "{amount}: {}", rejected.text());
        assert_eq!(status(&console, id).await, "cancelled", "{amount}");
    }
    assert_eq!(one(&console, &account_of_story).await, "130.00", "nothing of that moved money");
    let sound = say(&manager, transaction(3), "approve", "").await;
    assert_eq!(sound.status, 303, "{}", sound.text());
    assert_eq!(one(&console, &account_of_story).await, "137.00", "an old transaction that is sound is posted as any other");

    // The odd ones that wait stand in the queue like the rest.
    let waiting = column(&console, "SELECT id::text FROM transactions WHERE status = 'pending' AND id::text LIKE '%0003dddd%'").await;
    assert!(waiting.len() >= 3, "{waiting:?}");
    for id in waiting {
        let item = manager.get(&format!("/approvals/{id}")).await;
        assert_eq!(item.status, 200, "{id}: {}", item.text());
        assert_eq!(faults(&item), Vec::<String>::new(), "{id}");
    }
    for page in ["/approvals", "/approvals?limit=200", "/approvals/held"] {
        let answer = console.signed_in("admin").await.get(page).await;
        assert!([200, 400].contains(&answer.status), "{page}: {}", answer.text());
        assert_eq!(faults(&answer), Vec::<String>::new(), "{page}");
    }
}
