//! Does the form of a transfer make it once, and say at each field what is wrong?

use super::{
    super::{
        forms::{filled, send, with},
        support::PASSWORD,
    },
    stage::{id_in, record, stage},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_is_made_once_and_moves_both_balances_at_once() {
    let stage = stage().await;
    let manager = stage.console.signed_in("manager").await;
    let account = format!("/tables/accounts/{}", stage.account("checking").await);
    let page = manager.get(&account).await;
    let link = page.attributes(".do a[href^='/transfers/new']", "href").remove(0);
    assert!(manager.get("/tables/transactions").await.has(".head a[href^='/transfers/new']"));
    let page = manager.get(&link).await;
    assert_eq!(page.value("source"), Some(stage.account("checking").await));
    assert!(page.text().contains("The checking"), "{}", page.text());
    let target = stage.account("savings").await;
    let form = with(filled(&page), &[("target", &target), ("amount", "250.50"), ("description", "Rent"), ("reference_number", "RENT-7")]);
    let first = send(&manager, "/transfers/new", &form).await;
    let id = id_in(&first);
    let shown = manager.get(&record(&id)).await;
    assert!(shown.texts("[role=status]").join(" ").contains("two legs"), "{}", shown.text());
    let again = send(&manager, "/transfers/new", &form).await;
    assert_eq!((again.status, &again.location), (303, &first.location), "{}", again.text());
    assert_eq!(stage.count("SELECT count(*) FROM transactions").await, 2);
    for (name, value) in
        [("amount", "250.51"), ("description", "Other"), ("reference_number", ""), ("target", &stage.account("credit").await)]
    {
        let other = send(&manager, "/transfers/new", &with(form.clone(), &[(name, value), ("target.find", "")])).await;
        assert_eq!(other.status, 422, "another {name}: {}", other.text());
        assert!(other.texts("#errors")[0].contains("used for another record"), "{}", other.text());
    }
    let legs = "SELECT string_agg(concat_ws(' ', a.account_number, t.amount, t.status, t.reference_number, t.description), ', ' ORDER BY t.amount) \
                  FROM transactions t JOIN accounts a ON a.id = t.account_id WHERE t.id = ANY (nexus_unit($1::text::uuid))";
    assert_eq!(stage.text(legs, &id).await, "checking -250.50 pending RENT-7 Rent, savings 250.50 pending RENT-7 Rent");

    assert_eq!(stage.decide("manager", &id, "approve").await.as_deref(), Some("NX007"), "not by its maker");
    assert_eq!((stage.balance("checking").await, stage.balance("savings").await), ("1000.00".to_owned(), "1000.00".to_owned()));
    assert_eq!(stage.decide("manager2", &id, "approve").await, None);
    assert_eq!((stage.balance("checking").await, stage.balance("savings").await), ("749.50".to_owned(), "1250.50".to_owned()));
    assert_eq!(
        stage.count("SELECT sum(amount)::bigint FROM transactions WHERE transaction_type = 'transfer' AND status = 'completed'").await,
        0
    );
    assert!(stage.is_sound().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mistake_is_told_at_its_field_and_everything_kept() {
    let stage = stage().await;
    let manager = stage.console.signed_in("manager").await;
    let (long, longer) = ("x".repeat(101), "x".repeat(2_001));
    let nobody = uuid::Uuid::now_v7().to_string();
    let checking = stage.account("checking").await;
    let (euro, closed) = (stage.account("euro").await, stage.account("closed").await);
    let (yen, other_yen) = (stage.account("yen").await, stage.account("yen-too").await);
    for (changes, field, words) in [
        (vec![("target", checking.as_str())], "target", "between two accounts"),
        (vec![("target", &euro)], "target", "The accounts have different currencies: USD and EUR."),
        (vec![("target", &closed)], "target", "not active"),
        (vec![("source", &closed)], "source", "not active"),
        (vec![("source", &nobody)], "source", "no such account"),
        (vec![("target", "7")], "target", "id"),
        (vec![("source", "")], "source", "Choose one"),
        (vec![("source.find", "no such name")], "source", "No active account matches"),
        (vec![("target.find", "The")], "target", "Several match"),
        (vec![("amount", "")], "amount", "cannot be empty"),
        (vec![("amount", "0")], "amount", "above zero"),
        (vec![("amount", "-1")], "amount", "above zero"),
        (vec![("amount", "1.001")], "amount", "two decimals"),
        (vec![("amount", "NaN")], "amount", "1234.50"),
        (vec![("amount", "1,000")], "amount", "1234.50"),
        (vec![("amount", "10000000000000")], "amount", "9999999999999.99"),
        (vec![("source", &yen), ("target", &other_yen), ("amount", "1.50")], "amount", "JPY has no decimals"),
        (vec![("reference_number", &long)], "reference_number", "at most 100"),
        (vec![("description", &longer)], "description", "at most 2000"),
        (vec![("description", "a\0b")], "description", "NUL"),
    ] {
        let answer = stage.transfer(&manager, "checking", "savings", &[&[("description", "Kept")], changes.as_slice()].concat()).await;
        assert_eq!(answer.status, 422, "{changes:?}: {}", answer.text());
        let said = answer.texts(&format!("#{field}-error")).join(" ");
        assert!(said.contains(words), "{changes:?}: {said:?} in {}", answer.text());
        assert!(answer.texts("title")[0].starts_with("Error:") && answer.has("#errors"), "{changes:?}");
        if field != "description" {
            assert_eq!(answer.value("description").as_deref(), Some("Kept"), "{changes:?}");
        }
        for (name, value) in changes.iter().filter(|(name, _)| !name.contains("find") && *name != "description" && *name != "source") {
            assert_eq!(answer.value(name).as_deref(), Some(*value), "{name} is kept");
        }
    }
    let strange = stage.transfer(&manager, "checking", "savings", &[("status", "completed")]).await;
    assert_eq!(strange.status, 422);
    assert!(strange.text().contains("cannot be set by this form"));
    let strange = stage.transfer(&manager, "checking", "savings", &[("id", "7")]).await;
    assert_eq!(strange.status, 422);
    assert_eq!(manager.get("/transfers/new?colour=red").await.status, 400);
    assert_eq!(stage.count("SELECT count(*) FROM transactions").await, 0);
    let attempts = "SELECT count(*) FROM audit_logs WHERE action = 'transfer_refused' AND entity_type = 'event' AND user_id IS NOT NULL";
    assert_eq!(stage.count(attempts).await, 21, "every attempt is in the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_found_by_name_without_a_script() {
    let stage = stage().await;
    let manager = stage.console.signed_in("manager").await;
    let page = manager.get("/transfers/new").await;
    let completion = page.attributes("input[name='source.find']", "data-picker").remove(0);
    let matches = manager.get(&format!("{completion}&q=savings")).await;
    assert_eq!(matches.status, 200, "{}", matches.body);
    assert!(matches.body.contains("The savings"), "{}", matches.body);
    let typed = with(filled(&page), &[("source.find", "The yen"), ("amount", "7"), ("find", "source")]);
    let found = send(&manager, "/transfers/new", &typed).await;
    assert_eq!(found.status, 200, "{}", found.text());
    assert_eq!(found.attributes(".matches input[name='source']", "value").len(), 2, "{}", found.text());
    assert_eq!(found.value("amount").as_deref(), Some("7"));
    let typed = with(filled(&page), &[("source.find", "checking"), ("target.find", "savings"), ("amount", "7")]);
    id_in(&send(&manager, "/transfers/new", &typed).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn users_move_money_between_their_own_accounts_only() {
    let stage = stage().await;
    let user = stage.console.signed_in("user").await;
    for (source, target, field) in [("checking", "strange", "target"), ("strange", "checking", "source")] {
        let refused = stage.transfer(&user, source, target, &[]).await;
        assert_eq!(refused.status, 422, "{}", refused.text());
        assert!(refused.texts(&format!("#{field}-error"))[0].contains("no such account"), "{}", refused.text());
        assert!(!refused.text().contains("The strange"));
    }
    let id = stage.made(&user, "checking", "savings").await;
    assert_eq!(stage.statuses(&id).await, ["pending", "pending"]);
    // The manager sends money to a stranger: the owner sees that there is another leg, and nothing of it.
    let manager = stage.console.signed_in("manager").await;
    let id = stage.made(&manager, "checking", "strange").await;
    let leg = user.get(&record(&id)).await;
    assert_eq!(leg.texts("[data-column=other_leg] dd"), ["Not yours to see"]);
    let copy = user.get(&format!("/transfers/new?copy={id}")).await;
    assert_eq!((copy.status, copy.value("target").as_deref()), (200, Some("")), "{}", copy.text());

    for role in ["auditor", "viewer"] {
        let browser = stage.console.signed_in(role).await;
        assert_eq!(browser.get("/transfers/new").await.status, 403);
        assert_eq!(browser.post("/transfers/new", &[]).await.status, 403);
        assert!(!browser.get("/tables/transactions").await.has("a[href^='/transfers/new']"));
    }
    let nobody = stage.console.browser();
    assert_eq!(nobody.get("/transfers/new").await.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_form_sent_twice_at_once_makes_one_transfer() {
    let stage = stage().await;
    let manager = stage.console.signed_in("manager").await;
    let id = uuid::Uuid::now_v7().to_string();
    let send = async || stage.transfer(&manager, "checking", "savings", &[("id", &id)]).await;
    let (one, two, three) = tokio::join!(send(), send(), send());
    for answer in [one, two, three] {
        assert_eq!(id_in(&answer), id);
    }
    assert_eq!(stage.count("SELECT count(*) FROM transactions").await, 2);
    assert_eq!(stage.count("SELECT count(*) FROM transaction_transfers").await, 1);
    let admin = stage.console.signed_in("admin").await;
    assert_eq!(stage.transfer(&admin, "checking", "savings", &[("id", &id)]).await.status, 422, "somebody else's form");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ends_meanwhile_loses_nothing_and_makes_nothing() {
    let stage = stage().await;
    let manager = stage.console.signed_in("manager").await;
    let page = manager.get("/transfers/new").await;
    let token = page.value("csrf_token").expect("a token");
    let (source, target) = (stage.account("checking").await, stage.account("savings").await);
    let typed = with(filled(&page), &[("source", &source), ("target", &target), ("amount", "7.50")]);
    let post = async |path: &str, token: &str, pairs: &[(String, String)]| {
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        manager.post_with(path, token, &pairs).await
    };
    stage.owner.execute("UPDATE user_sessions SET is_active = false", &[]).await.expect("every session ends");
    let login = post("/transfers/new", &token, &typed).await;
    assert_eq!(login.value("carried.amount").as_deref(), Some("7.50"), "{}", login.text());
    let fields = with(filled(&login), &[("username", "manager"), ("password", PASSWORD)]);
    let resumed = post("/login", &login.value("csrf_token").expect("a token"), &fields).await;
    assert!(resumed.text().contains("Nothing was saved yet"), "{}", resumed.text());
    let form = post("/transfers/new", &resumed.value("csrf_token").expect("a token"), &with(filled(&resumed), &[("find", "")])).await;
    assert_eq!(form.status, 200, "{}", form.text());
    assert_eq!((form.value("amount").as_deref(), form.value("target")), (Some("7.50"), Some(target)));
    assert!(!form.has("#errors") && form.text().contains("The savings"), "{}", form.text());
    assert_eq!(stage.count("SELECT count(*) FROM transactions").await, 0);
}
