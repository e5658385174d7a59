//! Does a record show itself, what belongs to it and its whole life, to whoever may see it?

use super::{
    forms::{account, filled, id_of, send, with},
    support::{Browser, Console, console, staffed_database},
};

async fn opened() -> Console {
    console(staffed_database().await).await
}

async fn deposit(browser: &Browser, account: &str, amount: &str, reference: &str) -> String {
    let account = account.rsplit('/').next().expect("an id");
    let page = browser.get("/tables/transactions/new").await;
    let changes = [("account_id", account), ("transaction_type", "deposit"), ("amount", amount), ("reference_number", reference)];
    let answer = send(browser, "/tables/transactions", &with(filled(&page), &changes)).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    answer.location.expect("a record")
}

const NOBODY: &str = "01935e0a-7c41-7b1e-9f02-4d8a6611c3e7";

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_not_right_is_refused_by_name() {
    let console = opened().await;
    let admin = console.signed_in("admin").await;
    for (path, status) in [
        ("/tables/nothing/01935e0a-7c41-7b1e-9f02-4d8a6611c3e7", 404),
        ("/tables/accounts/01935e0a-7c41-7b1e-9f02-4d8a6611c3e7", 404),
        ("/tables/accounts/7", 400),
        ("/tables/accounts/01935e0a7c417b1e9f024d8a6611c3e7", 400),
        ("/tables/accounts/new?nothing=1", 400),
        ("/tables/accounts/new?copy=7", 400),
        ("/tables/accounts/new?return=%2F%2Fexample.com", 400),
        ("/tables/accounts/01935e0a-7c41-7b1e-9f02-4d8a6611c3e7/edit", 404),
        ("/tables/accounts/01935e0a-7c41-7b1e-9f02-4d8a6611c3e7/history", 404),
        ("/tables/accounts/01935e0a-7c41-7b1e-9f02-4d8a6611c3e7/history?after=x", 400),
        ("/tables/accounts/01935e0a-7c41-7b1e-9f02-4d8a6611c3e7/delete", 404),
        ("/tables/accounts/01935e0a-7c41-7b1e-9f02-4d8a6611c3e7/dance", 404),
        ("/tables/accounts/01935e0a-7c41-7b1e-9f02-4d8a6611c3e7/withdraw", 404),
    ] {
        let answer = admin.get(path).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
        assert!(answer.texts("title")[0].starts_with("Error"), "{path}");
    }
    let missing = admin.get(&format!("/tables/accounts/{NOBODY}")).await;
    assert!(missing.text().contains("account with this id"), "{}", missing.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_shows_what_refers_to_it_and_the_actions_of_its_reader() {
    let console = opened().await;
    let (admin, viewer, user) = (console.signed_in("admin").await, console.signed_in("viewer").await, console.signed_in("user").await);
    let path = account(&admin, "Kestrel", "1", "JPY", &id_of(&console, "user").await).await;
    for number in 0..7 {
        deposit(&admin, &path, "5000", &format!("R{number}")).await;
    }
    let page = admin.get(&path).await;
    assert_eq!(page.status, 200, "{}", page.text());
    let related = page.attributes("ul.lines a", "href");
    assert_eq!(related.iter().filter(|href| href.starts_with("/tables/transactions/")).count(), 5);
    let all = page.attributes("section.card header a", "href");
    let filtered = all.iter().find(|href| href.starts_with("/tables/transactions?account_id=")).expect("the way to all");
    assert_eq!(admin.get(filtered).await.rows().len(), 7);
    assert!(page.text().contains("All 7"), "{}", page.text());
    assert!(page.text().contains("5,000 JPY") && !page.text().contains("5,000.00"));
    assert!(page.has("a[data-edit]"));
    assert!(!page.has("[data-id]"), "no list of its own");
    assert_eq!(page.texts("#record-id").len(), 1);

    let own = user.get(&path).await;
    assert_eq!(own.status, 200);
    assert!(!own.has("a[data-edit]") && !own.text().contains("History"));
    assert_eq!(user.get(&format!("{path}/edit")).await.status, 403);
    assert_eq!(user.get(&format!("{path}/history")).await.status, 403);
    assert_eq!(viewer.get(&path).await.status, 200);
    let strange = account(&admin, "Strange", "2", "USD", &id_of(&console, "viewer").await).await;
    assert_eq!(user.get(&strange).await.status, 404, "not theirs, not there");

    let copy = page.attributes(".do a", "href").into_iter().find(|href| href.contains("?copy=")).expect("Duplicate");
    let copy = admin.get(&copy).await;
    assert_eq!((copy.value("account_name").as_deref(), copy.value("currency").as_deref()), (Some("Kestrel"), Some("JPY")));
    assert!(copy.text().contains("Yusuf Demir") || copy.text().contains("user"), "the owner's name stands in the picker");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_reader_may_see_of_their_own_alone_is_not_said_to_be_nothing_elsewhere() {
    let console = opened().await;
    let manager = console.signed_in("manager").await;
    let theirs = manager.get(&format!("/tables/users/{}", id_of(&console, "manager").await)).await;
    assert!(theirs.texts("section.card h2").iter().any(|title| title == "Sessions"), "{:?}", theirs.texts("section.card h2"));
    let strange = manager.get(&format!("/tables/users/{}", id_of(&console, "admin").await)).await;
    let titles = strange.texts("section.card h2");
    assert!(titles.iter().any(|title| title == "Accounts"), "{titles:?}");
    for hidden in ["Sessions", "Notifications", "API keys"] {
        assert!(!titles.iter().any(|title| title == hidden), "{titles:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_an_entry_are_put_back_as_a_new_change() {
    let console = opened().await;
    let admin = console.signed_in("admin").await;
    let path = account(&admin, "First", "1", "USD", &id_of(&console, "user").await).await;
    for name in ["Second", "Third"] {
        let page = admin.get(&format!("{path}/edit")).await;
        assert_eq!(send(&admin, &path, &with(filled(&page), &[("account_name", name)])).await.status, 303);
    }
    let page = admin.get(&path).await;
    let links = page.attributes("a[href*='from=audit_logs']", "href");
    assert_eq!(links.len(), 3, "{}", page.text());
    assert!(page.text().contains("Lena Fischer changed"), "{}", page.text());
    for (link, name) in links.iter().zip(["Second", "First", "First"]) {
        let form = admin.get(link).await;
        assert_eq!(form.status, 200, "{}", form.text());
        assert_eq!(form.value("account_name").as_deref(), Some(name));
    }
    let form = admin.get(&links[1]).await;
    let saved = send(&admin, &path, &filled(&form)).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    assert_eq!(admin.get(&path).await.texts("h1 bdi"), ["First"]);

    let history = admin.get(&format!("{path}/history")).await;
    assert_eq!(history.rows().len(), 4);
    assert!(history.text().contains("Second") && history.text().contains("Third"));
    let other = account(&admin, "Other", "2", "USD", &id_of(&console, "user").await).await;
    let stolen = links[0].replace(&path, &other);
    assert_eq!(admin.get(&stolen).await.status, 404, "an entry about another record");
    assert_eq!(admin.get(&format!("{path}/edit?from=nothing:{NOBODY}")).await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_pages_through_everything_once_and_shows_no_secret() {
    let console = opened().await;
    let admin = console.signed_in("admin").await;
    let user = id_of(&console, "user").await;
    let client = console.database.as_owner().await;
    // As the platform's own trigger wrote it: whole rows, in the other log, some without a time.
    client
        .execute(
            "INSERT INTO ssot_audit_logs (entity_type, entity_id, action, old_values, new_values, user_id, created_at)
             SELECT 'users', $1::text::uuid, 'update', jsonb_build_object('password_hash', 'canary-old', 'full_name', 'A' || n),
                    jsonb_build_object('password_hash', 'canary-new', 'full_name', 'B' || n), 'system',
                    CASE WHEN n % 10 = 0 THEN NULL ELSE timestamptz '2026-01-01' + make_interval(mins => n / 3) END
             FROM generate_series(1, 120) n",
            &[&user],
        )
        .await
        .expect("entries");
    let mut seen = Vec::new();
    let mut next = Some(format!("/tables/users/{user}/history"));
    while let Some(path) = next {
        let page = admin.get(&path).await;
        assert_eq!(page.status, 200, "{}", page.text());
        assert!(!page.body.contains("canary"), "{path}");
        seen.extend(page.rows());
        next = page.attributes("a[rel=next]", "href").into_iter().next();
        assert!(seen.len() < 500, "it ends");
    }
    let total: i64 = client
        .query_one(
            "SELECT (SELECT count(*) FROM ssot_audit_logs WHERE entity_id = $1::text::uuid) + (SELECT count(*) FROM audit_logs WHERE entity_id = $1::text::uuid)",
            &[&user],
        )
        .await
        .expect("a count")
        .get(0);
    let unique: std::collections::BTreeSet<_> = seen.iter().collect();
    assert_eq!((seen.len() as i64, unique.len() as i64), (total, total));
    assert!(!admin.get(&format!("/tables/users/{user}")).await.body.contains("canary"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_referred_to_stays_and_what_is_gone_is_remembered() {
    let console = opened().await;
    let (admin, auditor, viewer) =
        (console.signed_in("admin").await, console.signed_in("auditor").await, console.signed_in("viewer").await);
    let path = account(&admin, "Doomed", "1", "USD", &id_of(&console, "user").await).await;
    let transaction = deposit(&admin, &path, "1.00", "R").await;
    let delete = format!("{path}/delete");
    let page = admin.get(&delete).await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("Transactions") && !page.has("main form"), "{}", page.text());
    assert_eq!(admin.post(&delete, &[]).await.status, 409);
    assert_eq!(viewer.get(&delete).await.status, 403);
    assert_eq!(viewer.post(&delete, &[]).await.status, 403);
    let never = format!("{transaction}/delete");
    assert!(admin.get(&never).await.text().contains("never deleted"));
    assert_eq!(admin.post(&never, &[]).await.status, 409);

    console.database.as_owner().await.execute("DELETE FROM transactions", &[]).await.expect("the reference goes");
    let page = admin.get(&delete).await;
    let gone = send(&admin, &delete, &filled(&page)).await;
    assert_eq!((gone.status, gone.location.as_deref()), (303, Some("/tables/accounts")), "{}", gone.text());
    let told = auditor.get(&path).await;
    assert_eq!(told.status, 404);
    assert!(told.text().contains("deleted by Lena Fischer"), "{}", told.text());
    let hinted = viewer.get(&path).await;
    assert!(hinted.status == 404 && hinted.text().contains("deleted") && !hinted.text().contains("Lena"), "{}", hinted.text());
    let history = auditor.get(&format!("{path}/history")).await;
    assert_eq!(history.status, 200);
    assert!(history.texts("h1").join("").contains("Doomed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_transaction_is_withdrawn_by_its_maker_with_a_reason() {
    let console = opened().await;
    let (admin, manager) = (console.signed_in("admin").await, console.signed_in("manager").await);
    let path = account(&admin, "A", "1", "USD", &id_of(&console, "user").await).await;
    let transaction = deposit(&manager, &path, "1.00", "R").await;
    let verb = format!("{transaction}/withdraw");
    assert!(admin.get(&transaction).await.text().contains("Only who made it"), "an action that cannot be taken says why");
    assert_eq!(admin.post(&verb, &[("reason", "mine now")]).await.status, 403);
    assert!(manager.get(&verb).await.has("textarea[name=reason]"));
    let silent = manager.post(&verb, &[("reason", " ")]).await;
    assert_eq!(silent.status, 422);
    assert!(silent.has("#errors") && silent.has("#reason-error"));
    assert_eq!(manager.post(&verb, &[("reason", &"x".repeat(2001))]).await.status, 422);
    assert_eq!(manager.post(&verb, &[("reason", "a\0b")]).await.status, 422);
    let done = manager.post(&verb, &[("reason", "Entered twice")]).await;
    assert_eq!(done.status, 303, "{}", done.text());
    let record = manager.get(&transaction).await;
    assert!(record.text().contains("Cancelled") && record.text().contains("Entered twice"), "{}", record.text());
    assert_eq!(manager.post(&verb, &[("reason", "again")]).await.status, 409);
    assert_eq!(manager.get(&format!("{transaction}/edit")).await.status, 409);
    assert_eq!(manager.post(&transaction, &[("version", "x"), ("amount", "2")]).await.status, 409);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_owns_an_account_orders_from_it_and_from_no_other() {
    let console = opened().await;
    let (admin, user) = (console.signed_in("admin").await, console.signed_in("user").await);
    let own = account(&admin, "Mine", "1", "USD", &id_of(&console, "user").await).await;
    let strange = account(&admin, "Strange", "2", "USD", &id_of(&console, "viewer").await).await;
    let made = deposit(&user, &own, "5", "R").await;
    assert_eq!(user.get(&made).await.status, 200);
    let page = user.get("/tables/transactions/new").await;
    let strange = strange.rsplit('/').next().expect("an id");
    let order = [("account_id", strange), ("transaction_type", "withdrawal"), ("amount", "5")];
    let refused = send(&user, "/tables/transactions", &with(filled(&page), &order)).await;
    assert_eq!(refused.status, 422, "{}", refused.text());
    assert!(refused.texts("#account_id-error").join("").contains("no such account"), "{}", refused.text());
    let sought = with(filled(&page), &[("account_id.find", "Strange"), ("find", "account_id")]);
    let sought = send(&user, "/tables/transactions", &sought).await;
    assert!(sought.status == 200 && !sought.has("input[type=radio]"), "{}", sought.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_session_ends_or_all_of_its_user() {
    let console = opened().await;
    let admin = console.signed_in("admin").await;
    let (one, two, three) = (console.signed_in("user").await, console.signed_in("user").await, console.signed_in("user").await);
    let user = id_of(&console, "user").await;
    let sessions = admin.get(&format!("/tables/user_sessions?user_id={user}")).await.rows();
    assert_eq!(sessions.len(), 3);
    let path = format!("/tables/user_sessions/{}/revoke", sessions[0]);
    assert!(admin.get(&path).await.has("input[name=reach][value=all]"));
    assert_eq!(admin.post(&path, &[("reach", "some")]).await.status, 422);
    assert_eq!(admin.post(&path, &[("reach", "one")]).await.status, 303);
    let mut signed_in = 0;
    for browser in [&one, &two, &three] {
        signed_in += usize::from(browser.get("/account").await.status == 200);
    }
    assert_eq!(signed_in, 2);
    assert_eq!(admin.post(&path, &[("reach", "one")]).await.status, 409);
    let other = format!("/tables/user_sessions/{}/revoke", sessions[1]);
    assert_eq!(admin.post(&other, &[("reach", "all")]).await.status, 303);
    for browser in [&one, &two, &three] {
        assert_eq!(browser.get("/account").await.status, 303);
    }
    assert_eq!(admin.get("/account").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_administrator_stays_and_a_deactivation_counts_first() {
    let console = opened().await;
    let admin = console.signed_in("admin").await;
    let _open = console.signed_in("user").await;
    let user = format!("/tables/users/{}", id_of(&console, "user").await);
    let myself = format!("/tables/users/{}", id_of(&console, "admin").await);
    let ask = admin.get(&format!("{user}/deactivate")).await;
    assert!(ask.text().contains("1 open sessions end") || ask.text().contains("1 open session"), "{}", ask.text());
    assert_eq!(admin.post(&format!("{user}/deactivate"), &[]).await.status, 303);
    assert_eq!(admin.post(&format!("{user}/deactivate"), &[]).await.status, 409);
    let last = admin.post(&format!("{myself}/deactivate"), &[]).await;
    assert_eq!(last.status, 422, "{}", last.text());
    let page = admin.get(&format!("{myself}/edit")).await;
    let demoted = send(&admin, &myself, &with(filled(&page), &[("role", "viewer")])).await;
    assert_eq!(demoted.status, 422);
    assert!(demoted.has("#role-error"), "{}", demoted.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_is_read_by_whom_it_is_for() {
    let console = opened().await;
    let (admin, user) = (console.signed_in("admin").await, console.signed_in("user").await);
    let page = admin.get("/tables/notifications/new").await;
    let changes = [("to", "role"), ("role", "user"), ("title", "Maintenance"), ("message", "Tonight\r\nat ten")];
    let sent = send(&admin, "/tables/notifications", &with(filled(&page), &changes)).await;
    assert_eq!(sent.status, 303, "{}", sent.text());
    let path = format!("/tables/notifications/{}", user.get("/tables/notifications").await.rows()[0]);
    let page = user.get(&path).await;
    let action = page.attributes(".do form", "action");
    assert_eq!(action, [format!("{path}/read")], "{}", page.text());
    assert_eq!(admin.post(&action[0], &[]).await.status, 403, "nobody reads it for another");
    assert_eq!(user.post(&action[0], &[]).await.status, 303);
    assert!(!user.get(&path).await.has(".do form"));
}
