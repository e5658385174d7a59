//! Is a selection decided as it was looked at, each transaction for itself, by those who may?

use uuid::Uuid;

use super::work::{account, balance, cell, count, deposits, pending, preview, run, select};
use crate::support::{console, staffed_database, stocked_database};

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_gives_each_its_verdict_and_decides_nothing() {
    let console = console(staffed_database().await).await;
    let owner = console.database.as_owner().await;
    let manager = console.signed_in("manager").await;
    let here = account(&owner, "B-1", "100").await;
    let closed = account(&owner, "B-2", "100").await;
    owner.execute("UPDATE accounts SET is_active = false WHERE id = $1", &[&closed]).await.expect("closed");
    let fine = pending(&owner, here, "user", "deposit", "10").await;
    let mine = pending(&owner, here, "manager", "deposit", "10").await;
    let first = pending(&owner, here, "user", "withdrawal", "70").await;
    let short = pending(&owner, here, "user", "withdrawal", "70").await;
    let shut = pending(&owner, closed, "user", "deposit", "10").await;
    let unknown = Uuid::now_v7();
    let all = [fine, mine, first, short, shut, unknown, fine];

    let address = preview(&manager, "approve", &all).await;
    let page = manager.get(&address).await;
    assert_eq!(page.status, 200, "{}", page.text());
    assert_eq!(page.rows(), all[..6].iter().map(Uuid::to_string).collect::<Vec<_>>(), "each once, in order");
    assert_eq!(cell(&page, fine, "outcome"), "Can be approved");
    assert_eq!(cell(&page, first, "outcome"), "Can be approved");
    assert!(cell(&page, mine, "message").contains("You made this one"));
    assert!(cell(&page, short, "message").contains("30.00 USD short"), "{}", cell(&page, short, "message"));
    assert!(cell(&page, shut, "message").contains("not active"));
    assert!(cell(&page, unknown, "message").contains("no such transaction"));
    assert!(page.texts("button").contains(&"Approve 2 of 6".to_owned()), "{:?}", page.texts("button"));
    assert!(page.text().contains("4 stay out"));
    assert_eq!(page.attributes(".figures data", "value"), ["80.00"]);
    assert_eq!(count(&owner, "SELECT count(*) FROM transaction_approvals").await, 0);

    let done = run(&manager, &address, "Checked against the statement").await;
    assert_eq!(cell(&done, fine, "outcome"), "Posted");
    assert_eq!(cell(&done, first, "outcome"), "Posted");
    assert_eq!(cell(&done, short, "outcome"), "Stayed out");
    assert_eq!(balance(&owner, here).await, "40.00");
    assert_eq!(count(&owner, "SELECT count(*) FROM transaction_approvals WHERE reason = 'Checked against the statement'").await, 2);
    let actors = "SELECT count(*) FROM audit_logs l JOIN audit_details d ON d.entry_id = l.id JOIN decision_runs r ON r.request_id = d.request_id \
                   WHERE l.entity_type = 'accounts' AND l.action = 'UPDATE' AND l.user_id = r.decider AND l.ip_address = r.ip_address";
    assert_eq!(count(&owner, actors).await, 2, "every decision says who ordered it, and from where");
    let again = manager.post(&address, &[("decision", "run")]).await;
    assert_eq!(again.status, 303, "what has run does not run again");
    assert_eq!(count(&owner, "SELECT count(*) FROM transaction_approvals").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_have_been_made_twice_is_told_before_it_is_approved() {
    let console = console(staffed_database().await).await;
    let owner = console.database.as_owner().await;
    let manager = console.signed_in("manager").await;
    let here = account(&owner, "B-11", "100").await;
    let twin = pending(&owner, here, "user", "deposit", "412.50").await;
    let other = pending(&owner, here, "user", "deposit", "412.50").await;
    let alone = pending(&owner, here, "user", "deposit", "412.51").await;

    let page = manager.get(&preview(&manager, "approve", &[twin, alone]).await).await;
    assert!(cell(&page, twin, "message").contains("within 24 hours"), "{}", page.text());
    assert_eq!(cell(&page, alone, "message"), "");
    assert!(page.texts("#consequences")[0].starts_with("1 looks like another one"), "{:?}", page.texts("#consequences"));
    // Nothing is approved by rejecting one of them.
    assert!(!manager.get(&preview(&manager, "reject", &[twin, other]).await).await.has("#consequences"));
}

#[tokio::test(flavor = "multi_thread")]
async fn its_own_postings_do_not_make_a_selection_stale_and_a_change_stops_only_what_changed() {
    let console = console(staffed_database().await).await;
    let owner = console.database.as_owner().await;
    let manager = console.signed_in("manager").await;
    let here = account(&owner, "B-3", "0").await;
    let all = deposits(&owner, here, 60).await;
    let address = preview(&manager, "approve", &all).await;
    let changed = all[30];
    owner.execute("UPDATE transactions SET amount = 999 WHERE id = $1", &[&changed]).await.expect("a change");

    let done = run(&manager, &address, "").await;
    assert_eq!(cell(&done, changed, "outcome"), "Refused");
    assert!(cell(&done, changed, "message").contains("changed since you looked"));
    assert_eq!(done.texts("[data-column=outcome]").iter().filter(|word| *word == "Posted").count(), 59);
    assert_eq!(balance(&owner, here).await, "59.00");
    assert_eq!(count(&owner, "SELECT count(*) FROM audit_logs WHERE action = 'decision_refused'").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_is_one_and_a_large_amount_takes_two_people() {
    let console = console(staffed_database().await).await;
    let owner = console.database.as_owner().await;
    let (manager, second) = (console.signed_in("manager").await, console.signed_in("manager2").await);
    let (here, there) = (account(&owner, "B-4", "500").await, account(&owner, "B-5", "0").await);
    let source = pending(&owner, here, "user", "transfer", "-100").await;
    let target = pending(&owner, there, "user", "transfer", "100").await;
    owner.execute("UPDATE transactions SET reference_number = 'TRF-1' WHERE id IN ($1, $2)", &[&source, &target]).await.expect("one name");
    owner.execute("INSERT INTO transaction_transfers (source_id, target_id) VALUES ($1, $2)", &[&source, &target]).await.expect("a link");
    let large = pending(&owner, here, "user", "deposit", "20000").await;

    let address = preview(&manager, "approve", &[target, source, large]).await;
    assert_eq!(manager.get(&address).await.rows(), [source.to_string(), large.to_string()]);
    let done = run(&manager, &address, "").await;
    assert_eq!(cell(&done, source, "outcome"), "Posted");
    assert_eq!(cell(&done, large, "outcome"), "Approved");
    assert!(cell(&done, large, "message").contains("1 of 2"));
    assert_eq!((balance(&owner, here).await, balance(&owner, there).await), ("400.00".to_owned(), "100.00".to_owned()));

    let address = preview(&second, "approve", &[source, large]).await;
    assert!(cell(&second.get(&address).await, source, "message").contains("decided already"));
    assert_eq!(cell(&run(&second, &address, "").await, large, "outcome"), "Posted");
    assert_eq!(balance(&owner, here).await, "20400.00");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejection_needs_a_reason_and_a_selection_something_in_it() {
    let console = console(staffed_database().await).await;
    let owner = console.database.as_owner().await;
    let manager = console.signed_in("manager").await;
    let here = account(&owner, "B-6", "0").await;
    let all = deposits(&owner, here, 3).await;
    let address = preview(&manager, "reject", &all).await;
    for blank in ["", "  \n ", &"x".repeat(2_001)] {
        let refused = manager.post(&address, &[("decision", "run"), ("reason", blank)]).await;
        assert_eq!(refused.status, 422, "{}", refused.text());
        assert!(refused.has("#errors") && refused.has("#reason-error"), "{}", refused.text());
    }
    assert_eq!(count(&owner, "SELECT count(*) FROM decision_runs WHERE state <> 'previewed'").await, 0);
    let done = run(&manager, &address, "Not agreed").await;
    assert_eq!(done.texts("[data-column=outcome]").iter().filter(|word| *word == "Rejected").count(), 3);
    assert_eq!(count(&owner, "SELECT count(*) FROM transactions WHERE status = 'cancelled'").await, 3);

    let none = select(&manager, "approve", &[]).await;
    assert_eq!(none.status, 422);
    assert!(none.text().contains("Nothing is selected"), "{}", none.text());
    let many: Vec<Uuid> = (0..1_001).map(|_| Uuid::now_v7()).collect();
    let many = select(&manager, "approve", &many).await;
    assert_eq!(many.status, 422);
    assert!(many.text().contains("at most 1,000"), "{}", many.text());
    assert_eq!(select(&manager, "expire", &all).await.status, 422);
    let garbled = manager.post("/tables/transactions/selected", &[("selected", "nothing"), ("decision", "approve")]).await;
    assert_eq!(garbled.status, 422);
    let nothing_left = preview(&manager, "approve", &all).await;
    assert_eq!(manager.post(&nothing_left, &[("decision", "run")]).await.status, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_match_are_taken_up_to_a_thousand() {
    let console = console(staffed_database().await).await;
    let owner = console.database.as_owner().await;
    let manager = console.signed_in("manager").await;
    let here = account(&owner, "B-7", "0").await;
    deposits(&owner, here, 260).await;
    let answer =
        manager.post("/tables/transactions/selected", &[("all", "status=pending&sort=amount&amount.max=5"), ("decision", "approve")]).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert_eq!(manager.get(&answer.location.expect("a preview")).await.rows().len(), 260);
    let wrong = manager.post("/tables/transactions/selected", &[("all", "nonsense=1"), ("decision", "approve")]).await;
    assert_eq!(wrong.status, 422);
    deposits(&owner, here, 800).await;
    let many = manager.post("/tables/transactions/selected", &[("all", "status=pending"), ("decision", "approve")]).await;
    assert_eq!(many.status, 422);
    assert!(many.text().contains("at most 1,000"), "{}", many.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_result_is_a_file_that_no_spreadsheet_runs() {
    let console = console(staffed_database().await).await;
    let owner = console.database.as_owner().await;
    let manager = console.signed_in("manager").await;
    let here = account(&owner, "B-8", "10").await;
    let odd = pending(&owner, here, "user", "deposit", "5").await;
    owner.execute("UPDATE transactions SET reference_number = '=1+1,\"x\"' WHERE id = $1", &[&odd]).await.expect("an odd reference");
    let short = pending(&owner, here, "user", "fee", "99").await;
    let address = preview(&manager, "approve", &[odd, short]).await;
    run(&manager, &address, "").await;
    let file = manager.get(&format!("{address}/result.csv")).await;
    assert_eq!(file.status, 200);
    assert!(file.headers["content-disposition"].to_str().expect("text").starts_with("attachment"));
    let mut reader = csv::Reader::from_reader(file.body.as_bytes());
    assert_eq!(reader.headers().expect("heads"), ["transaction_id", "reference", "amount", "currency", "outcome", "message"].as_slice());
    let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().expect("rows");
    assert_eq!(rows[0].iter().collect::<Vec<_>>(), [odd.to_string().as_str(), "'=1+1,\"x\"", "5.00", "USD", "posted", ""]);
    assert_eq!(&rows[1][4], "skipped");
    assert!(rows[1][5].contains("too little money"), "{}", &rows[1][5]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_round_the_door_by_way_of_a_selection() {
    let console = console(stocked_database().await).await;
    let owner = console.database.as_owner().await;
    let manager = console.signed_in("manager").await;
    let here = account(&owner, "B-9", "0").await;
    let all = deposits(&owner, here, 2).await;
    let address = preview(&manager, "approve", &all).await;
    for (role, sees) in [("auditor", 200), ("user", 404), ("viewer", 404)] {
        let browser = console.signed_in(role).await;
        assert_eq!(select(&browser, "approve", &all).await.status, 403, "{role}");
        assert_eq!(browser.post(&address, &[("decision", "run")]).await.status, 403, "{role}");
        assert_eq!(browser.get(&address).await.status, sees, "{role}");
        assert_eq!(browser.get(&format!("{address}/result.csv")).await.status, sees, "{role}");
        assert!(!browser.get("/tables/transactions").await.has("[name=selected]"), "{role}");
    }
    let (admin, second) = (console.signed_in("admin").await, console.signed_in("manager2").await);
    assert_eq!(admin.get(&address).await.status, 200);
    assert_eq!(admin.post(&address, &[("decision", "run")]).await.status, 403, "a selection is run by whoever looked through it");
    assert_eq!(second.get(&address).await.status, 404);
    assert_eq!(second.post(&address, &[("decision", "run")]).await.status, 404);
    assert_eq!(admin.post("/tables/system_settings/selected", &[("decision", "approve")]).await.status, 404);
    assert_eq!(admin.post("/tables/users/selected", &[("decision", "approve")]).await.status, 422);
    assert_eq!(console.browser().get(&address).await.status, 303);
    assert!(manager.get("/tables/transactions?status=pending").await.has("[name=selected]"));
    assert_eq!(count(&owner, "SELECT count(*) FROM transaction_approvals").await, 0);

    owner.execute("UPDATE users SET role = 'viewer' WHERE username = 'manager'", &[]).await.expect("demoted");
    assert_eq!(manager.post(&address, &[("decision", "run")]).await.status, 403);
    owner.execute("UPDATE decision_runs SET state = 'running', started_at = now()", &[]).await.expect("as if it had begun");
    let done = super::work::finished(&manager, &address).await;
    assert_eq!(done.texts("[data-column=outcome]"), ["Refused", "Refused"]);
    assert_eq!(count(&owner, "SELECT count(*) FROM transaction_approvals").await, 0);
}
