//! Is a completed transaction taken back once, by a transaction that shows what it takes back?

use super::{
    super::{
        forms::{filled, send, with},
        support::{Answer, Browser},
    },
    stage::{Stage, id_in, record, stage},
};

async fn form(browser: &Browser, id: &str) -> Vec<(String, String)> {
    let page = browser.get(&format!("{}/reverse", record(id))).await;
    assert_eq!(page.status, 200, "{}", page.text());
    with(filled(&page), &[("reason", "Booked twice")])
}

async fn reverse(browser: &Browser, id: &str) -> Answer {
    send(browser, &format!("{}/reverse", record(id)), &form(browser, id).await).await
}

async fn completed(stage: &Stage, account: &str, kind: &str, amount: &str) -> String {
    let id = stage.pending(account, kind, amount).await;
    assert_eq!(stage.decide("manager2", &id, "approve").await, None);
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn each_type_is_taken_back_by_its_own() {
    let stage = stage().await;
    let manager = stage.console.signed_in("manager").await;
    for (kind, expected) in
        [("deposit", "withdrawal"), ("interest", "withdrawal"), ("withdrawal", "deposit"), ("payment", "deposit"), ("fee", "deposit")]
    {
        let before = stage.balance("checking").await;
        let id = completed(&stage, "checking", kind, "12.50").await;
        let page = manager.get(&format!("{}/reverse", record(&id))).await;
        assert!(page.text().contains(&format!("Makes a {expected} of 12.50 USD")), "{kind}: {}", page.text());
        let reversal = id_in(&reverse(&manager, &id).await);
        let made = "SELECT concat_ws(' ', transaction_type, amount, status, reference_number, description) FROM transactions WHERE id = $1::text::uuid";
        assert_eq!(
            stage.text(made, &reversal).await,
            format!("{expected} 12.50 pending REV-T-{kind} Reversal of T-{kind}: Booked twice"),
            "{kind}"
        );
        let (original, shown) = (manager.get(&record(&id)).await, manager.get(&record(&reversal)).await);
        assert!(original.attributes("[data-column=reversed_by] a", "href")[0].starts_with(&record(&reversal)));
        assert!(shown.attributes("[data-column=reverses] a", "href")[0].starts_with(&record(&id)));
        assert_eq!(stage.decide("manager2", &reversal, "approve").await, None);
        assert_eq!(stage.balance("checking").await, before, "{kind} is as if it had not been");
    }
    assert!(stage.is_sound().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_goes_back_in_two_legs_and_a_reversal_can_be_reversed() {
    let stage = stage().await;
    let manager = stage.console.signed_in("manager").await;
    let transfer = stage.made(&manager, "checking", "savings").await;
    assert_eq!(stage.decide("manager2", &transfer, "approve").await, None);
    let page = manager.get(&format!("{}/reverse", record(&transfer))).await;
    assert!(page.text().contains("a transfer of 250.00 USD from “The savings” back to “The checking”"), "{}", page.text());
    let back = id_in(&reverse(&manager, &transfer).await);
    assert_eq!(stage.statuses(&back).await, ["pending", "pending"]);
    assert_eq!(stage.decide("manager2", &back, "approve").await, None);
    assert_eq!((stage.balance("checking").await, stage.balance("savings").await), ("1000.00".to_owned(), "1000.00".to_owned()));
    let target = stage.text("SELECT target_id::text FROM transaction_transfers WHERE source_id = $1::text::uuid", &transfer).await;
    for leg in [&transfer, &target] {
        let page = manager.get(&record(leg)).await;
        assert!(page.has("[data-column=reversed_by] a"), "{}", page.text());
        assert!(page.text().contains("Reverse: It is reversed already."), "{}", page.text());
    }
    let again = id_in(&reverse(&manager, &back).await);
    assert_eq!(stage.decide("manager2", &again, "approve").await, None);
    assert_eq!((stage.balance("checking").await, stage.balance("savings").await), ("750.00".to_owned(), "1250.00".to_owned()));
    assert!(stage.is_sound().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_made_once_however_often_it_is_asked_for() {
    let stage = stage().await;
    let (manager, admin) = (stage.console.signed_in("manager").await, stage.console.signed_in("admin").await);
    let id = completed(&stage, "checking", "deposit", "10").await;
    let address = format!("{}/reverse", record(&id));
    let (first, second) = (form(&manager, &id).await, form(&admin, &id).await);
    let (one, two) = tokio::join!(send(&manager, &address, &first), send(&admin, &address, &second));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 409], "{} {}", one.text(), two.text());
    assert_eq!(stage.count("SELECT count(*) FROM transaction_reversals").await, 1);

    let (browser, winner, made) = if one.status == 303 { (&manager, first, one) } else { (&admin, second, two) };
    let again = send(browser, &address, &winner).await;
    assert_eq!(id_in(&again), id_in(&made), "the same form again");
    let other = send(browser, &address, &with(winner, &[("reason", "Another reason")])).await;
    assert_eq!(other.status, 422, "{}", other.text());
    let late = send(browser, &address, &[("reason".to_owned(), "Booked twice".to_owned())]).await;
    assert_eq!(late.status, 409, "{}", late.text());
    assert!(late.attributes("main a", "href").iter().any(|href| href.starts_with(&record(&id_in(&made)))), "{}", late.body);
    assert_eq!(stage.count("SELECT count(*) FROM transaction_reversals").await, 1);

    let page = manager.get(&address).await;
    assert!(page.text().contains("about to be reversed") && !page.has("[name=reason]"), "{}", page.text());
    assert_eq!(stage.decide("manager2", &id_in(&made), "reject").await, None);
    let dropped = manager.get(&record(&id)).await;
    assert!(dropped.text().contains("Reversal dropped"), "{}", dropped.text());
    id_in(&reverse(&manager, &id).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_taken_back_says_why() {
    let stage = stage().await;
    let manager = stage.console.signed_in("manager").await;
    let pending = stage.pending("checking", "deposit", "10").await;
    assert!(manager.get(&record(&pending)).await.text().contains("Reverse: Only completed transactions are reversed."));
    let address = |id: &str| format!("{}/reverse", record(id));
    assert_eq!(manager.post(&address(&pending), &[("reason", "x")]).await.status, 409);
    let id = completed(&stage, "checking", "deposit", "10").await;
    let long = "x".repeat(2_001);
    for reason in ["", "  ", "a\0b", &long] {
        let silent = manager.post(&address(&id), &[("reason", reason)]).await;
        assert_eq!((silent.status, silent.has("#reason-error")), (422, true), "{}", silent.text());
    }
    stage.owner.execute("UPDATE accounts SET is_active = false WHERE account_number = 'checking'", &[]).await.expect("closed");
    assert!(manager.get(&record(&id)).await.text().contains("Reverse: The account is not active"));
    assert_eq!(manager.post(&address(&id), &[("reason", "x")]).await.status, 409);
    assert_eq!(manager.post(&address(&uuid::Uuid::nil().to_string()), &[("reason", "x")]).await.status, 404);
    for role in ["auditor", "user", "viewer"] {
        let browser = stage.console.signed_in(role).await;
        assert_eq!(browser.get(&address(&id)).await.status, 403, "{role}");
        assert_eq!(browser.post(&address(&id), &[("reason", "x")]).await.status, 403, "{role}");
    }
    assert_eq!(stage.count("SELECT count(*) FROM transaction_reversals").await, 0);
    assert_eq!(stage.count("SELECT count(*) FROM audit_logs WHERE action = 'reversal_refused'").await, 6, "every attempt is in the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reversal_stays_exactly_what_it_takes_back() {
    let stage = stage().await;
    let manager = stage.console.signed_in("manager").await;
    let id = completed(&stage, "checking", "deposit", "10").await;
    let reversal = id_in(&reverse(&manager, &id).await);
    let page = manager.get(&format!("{}/edit", record(&reversal))).await;
    for (field, value) in [("amount", "99"), ("transaction_type", "deposit"), ("account_id", &stage.account("savings").await)] {
        let refused = send(&manager, &record(&reversal), &with(filled(&page), &[(field, value), ("account_id.find", "")])).await;
        assert_eq!(refused.status, 422, "{field}: {}", refused.text());
        assert!(refused.texts(&format!("#{field}-error"))[0].contains("exactly"), "{}", refused.text());
    }
    let said = send(&manager, &record(&reversal), &with(filled(&page), &[("description", "Booked twice, see RENT-7")])).await;
    assert_eq!(said.status, 303, "{}", said.text());
    let app = stage.console.database.as_application().await;
    let actor = stage.text("SELECT 'user:' || id FROM users WHERE username = $1", "admin").await;
    let statement =
        format!("BEGIN; SELECT set_config('nexus.actor', '{actor}', true); UPDATE transactions SET amount = 99 WHERE id = '{reversal}'");
    let refused = app.batch_execute(&statement).await.expect_err("the database refuses it too");
    assert_eq!(refused.code().expect("an SQLSTATE").code(), "NX023");
}
