//! Does a creation form that is sent again answer as the first time, and make nothing twice?

use super::{account, count, filled, id_of, opened, send, with};
use crate::support::Answer;

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_created_once_however_often_its_form_is_sent() {
    let console = opened().await;
    let admin = console.signed_in("admin").await;
    let owner = id_of(&console, "user").await;
    let page = admin.get("/tables/accounts/new?return=%2Ftables%2Faccounts%3Fsort%3D-balance").await;
    assert_eq!(page.status, 200, "{}", page.text());
    let changes =
        [("account_name", "Kestrel <b>Freight</b>"), ("account_number", "20-41"), ("account_type", "savings"), ("user_id", owner.as_str())];
    let form = with(filled(&page), &changes);
    let first = send(&admin, "/tables/accounts", &form).await;
    assert_eq!(first.status, 303, "{}", first.text());
    let again = send(&admin, "/tables/accounts", &form).await;
    assert_eq!((again.status, &again.location), (303, &first.location), "{}", again.text());
    assert_eq!(count(&console, "SELECT count(*) FROM accounts").await, 1);
    let other = send(&admin, "/tables/accounts", &with(form, &[("account_name", "Another")])).await;
    assert_eq!(other.status, 422);
    let last = send(
        &admin,
        "/tables/accounts",
        &with(
            filled(&page),
            &[("account_number", "20-42"), ("id", ""), ("account_name", "N"), ("account_type", "loan"), ("user_id", &owner)],
        ),
    )
    .await;
    assert!(admin.get(&last.location.expect("a record")).await.has("[role=status]"));
    let record = admin.get(&first.location.expect("a record")).await;
    assert_eq!(record.status, 200);
    assert_eq!(record.texts("h1 bdi"), ["Kestrel <b>Freight</b>"]);
    assert_eq!(record.attributes(".crumbs a", "href")[0], "/tables/accounts?sort=-balance");
}

const USED: &str = "used for another record already";

#[tokio::test(flavor = "multi_thread")]
async fn a_form_sent_again_answers_as_the_first_time_whatever_became_of_the_record() {
    let console = opened().await;
    let (admin, manager) = (console.signed_in("admin").await, console.signed_in("manager").await);
    let owner = id_of(&console, "user").await;
    let changes = [
        ("account_name", "Heron"),
        ("account_number", "77"),
        ("account_type", "savings"),
        ("currency", "EUR"),
        ("user_id", owner.as_str()),
    ];
    let form = with(filled(&admin.get("/tables/accounts/new").await), &changes);
    let first = send(&admin, "/tables/accounts", &form).await;
    assert_eq!(first.status, 303, "{}", first.text());
    let path = first.location.clone().expect("a record");

    let page = manager.get(&format!("{path}/edit")).await;
    let edited = send(&manager, &path, &with(filled(&page), &[("account_name", "Egret"), ("is_active", "false")])).await;
    assert_eq!(edited.status, 303, "{}", edited.text());
    let entries = "SELECT count(*) FROM audit_logs WHERE entity_type = 'accounts'";
    let before = count(&console, entries).await;
    let again = send(&admin, "/tables/accounts", &form).await;
    assert_eq!((again.status, &again.location), (303, &first.location), "edited since: {}", again.text());
    assert_eq!(count(&console, "SELECT count(*) FROM accounts WHERE account_name = 'Egret' AND is_active IS FALSE").await, 1);

    let like_now = with(form.clone(), &[("account_name", "Egret"), ("is_active", "false")]);
    for (who, browser, form) in [("admin, as it is now", &admin, &like_now), ("manager, the same", &manager, &form)] {
        let refused = send(browser, "/tables/accounts", form).await;
        assert_eq!(refused.status, 422, "{who}: {}", refused.text());
        assert!(refused.texts("#errors").join("").contains(USED), "{who}: {}", refused.text());
    }
    assert_eq!(count(&console, entries).await, before, "nothing was changed");

    let deleted = admin.post(&format!("{path}/delete"), &seen(&admin.get(&format!("{path}/delete")).await)).await;
    assert_eq!(deleted.status, 303, "{}", deleted.text());
    let again = send(&admin, "/tables/accounts", &form).await;
    assert_eq!((again.status, &again.location), (303, &first.location), "deleted since: {}", again.text());
    assert_eq!(count(&console, "SELECT count(*) FROM accounts").await, 0, "it does not come back");
}

/// What a page that asks for confirmation sends back.
fn seen(page: &Answer) -> Vec<(&'static str, &'static str)> {
    filled(page).into_iter().map(|(name, value)| (&*name.leak(), &*value.leak())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_s_form_sent_again_after_its_withdrawal_makes_no_second_one() {
    let console = opened().await;
    let (manager, admin) = (console.signed_in("manager").await, console.signed_in("admin").await);
    let account = account(&admin, "Ledger", "1", "USD", &id_of(&console, "user").await).await;
    let account = account.rsplit('/').next().and_then(|last| last.split('?').next()).expect("an id").to_owned();
    let page = manager.get("/tables/transactions/new").await;
    let changes = [("account_id", account.as_str()), ("transaction_type", "deposit"), ("amount", "100.50")];
    let form = with(filled(&page), &changes);
    let first = send(&manager, "/tables/transactions", &form).await;
    assert_eq!(first.status, 303, "{}", first.text());
    let path = first.location.clone().expect("a record");
    let withdrawn = manager.post(&format!("{path}/withdraw"), &[("reason", "Twice")]).await;
    assert_eq!(withdrawn.status, 303, "{}", withdrawn.text());
    let deactivated = "UPDATE accounts SET is_active = false";
    console.database.as_owner().await.execute(deactivated, &[]).await.expect("an inactive account");
    let again = send(&manager, "/tables/transactions", &with(form.clone(), &[("amount", "100.5")])).await;
    assert_eq!((again.status, &again.location), (303, &first.location), "{}", again.text());
    for change in [("amount", "100.51"), ("transaction_type", "withdrawal"), ("description", "More")] {
        let other = send(&manager, "/tables/transactions", &with(form.clone(), &[change])).await;
        assert_eq!(other.status, 422, "{change:?}: {}", other.text());
        assert!(other.texts("#errors").join("").contains(USED), "{change:?}: {}", other.text());
    }
    assert_eq!(count(&console, "SELECT count(*) FROM transactions WHERE status = 'cancelled'").await, 1);
    assert_eq!(count(&console, "SELECT count(*) FROM transactions").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_is_one_table_s_and_a_document_is_the_same_however_it_is_laid_out() {
    let console = opened().await;
    let admin = console.signed_in("admin").await;
    let owner = id_of(&console, "user").await;
    let path = account(&admin, "One", "1", "USD", &owner).await;
    let id = path.rsplit('/').next().and_then(|last| last.split('?').next()).expect("an id").to_owned();
    let page = admin.get("/tables/ssot_governance_rules/new").await;
    let rule = [("id", id.as_str()), ("rule_name", "r"), ("rule_type", "validation"), ("rule_config", "{\"a\": 100, \"b\": [1]}")];
    let form = with(filled(&page), &rule);
    let first = send(&admin, "/tables/ssot_governance_rules", &form).await;
    assert_eq!(first.status, 303, "the id of an account is no rule's: {}", first.text());
    let laid_out = with(form.clone(), &[("rule_config", "{\r\n  \"b\": [1],\r\n  \"a\": 1e2\r\n}")]);
    let again = send(&admin, "/tables/ssot_governance_rules", &laid_out).await;
    assert_eq!((again.status, &again.location), (303, &first.location), "{}", again.text());
    let other = send(&admin, "/tables/ssot_governance_rules", &with(form, &[("rule_config", "{\"a\": 101, \"b\": [1]}")])).await;
    assert_eq!(other.status, 422, "{}", other.text());
    assert_eq!(count(&console, "SELECT count(*) FROM ssot_governance_rules WHERE rule_name = 'r'").await, 1);
}
