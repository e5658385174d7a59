//! What stands in the queue, for whom, and in which order?

use super::House;

#[tokio::test(flavor = "multi_thread")]
async fn every_role_is_let_in_as_far_as_it_may_decide() {
    let house = House::open().await;
    let account = house.account("1001", "100.00").await;
    let user = house.console.signed_in("user").await;
    assert_eq!(user.get("/approvals").await.status, 403, "they have made nothing that waits");
    let payment = house.pending(account, "payment", "40.00", "user").await;
    let path = format!("/approvals/{payment}");
    for (role, queue, tab, item) in [
        ("admin", 200, 200, 200),
        ("manager", 200, 200, 200),
        ("auditor", 403, 403, 403),
        ("user", 200, 403, 200),
        ("viewer", 403, 403, 403),
    ] {
        let browser = house.console.signed_in(role).await;
        let statuses =
            [browser.get("/approvals").await.status, browser.get("/approvals?tab=mine").await.status, browser.get(&path).await.status];
        assert_eq!(statuses, [queue, tab, item], "{role}");
        if role != "user" {
            let linked = browser.get("/account").await.has("nav#nav a[href='/approvals']");
            assert_eq!(linked, role == "admin" || role == "manager", "{role}");
        }
        if role != "admin" && role != "manager" {
            for decision in ["approve", "reject", "ask"] {
                let answer = super::say_of(&browser, payment, decision, "Because", &"0".repeat(64)).await;
                assert_eq!(answer.status, 403, "{role} {decision}");
            }
        }
    }
    assert_eq!(house.refused().await.len(), 9, "every attempt is in the log");
    assert_eq!(house.words(payment).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_maker_finds_the_way_to_what_they_made() {
    let house = House::open().await;
    let account = house.account("1001", "100.00").await;
    let payment = house.pending(account, "payment", "40.00", "user").await;
    let user = house.console.signed_in("user").await;
    assert!(user.get("/").await.has("nav#nav a[href='/approvals']"));
    let page = user.get("/approvals").await;
    assert_eq!((page.rows(), page.texts("nav.tabs a")), (vec![payment.to_string()], vec!["Made by me 1".to_owned()]));
    assert!(page.text().contains("You made this one") && !page.has("form#decide"), "{}", page.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_managers_day_begins_with_the_queue() {
    let house = House::open().await;
    let account = house.account("1001", "100.00").await;
    let payment = house.pending(account, "payment", "40.00", "user").await;
    let manager = house.console.signed_in("manager").await;
    let page = manager.get("/").await;
    assert_eq!(page.attributes("main [data-id]", "data-id"), [payment.to_string()]);
    assert_eq!(page.attributes("main [data-id] a", "href"), [format!("/approvals/{payment}#focus")]);
    let record = manager.get(&format!("/tables/transactions/{payment}")).await;
    assert_eq!(record.attributes("main .do a.main", "href"), [format!("/approvals/{payment}")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_part_has_its_items_and_its_count() {
    let house = House::open().await;
    let account = house.account("1001", "100.00").await;
    let mine = house.pending(account, "payment", "10.00", "user").await;
    let made = house.pending(account, "payment", "20.00", "manager").await;
    let short = house.pending(account, "payment", "5000.00", "user").await;
    let manager = house.console.signed_in("manager").await;
    for (tab, expected) in [("mine", vec![mine]), ("made", vec![made]), ("stuck", vec![short]), ("waiting", vec![])] {
        let page = manager.get(&format!("/approvals?tab={tab}")).await;
        assert_eq!(page.rows(), expected.iter().map(ToString::to_string).collect::<Vec<_>>(), "{tab}");
    }
    let tabs = manager.get("/approvals").await.texts("nav.tabs a");
    assert_eq!(tabs, ["Mine to decide 1", "Waiting for an answer 0", "Made by me 1", "Stuck 1"]);
    assert_eq!(manager.get("/account").await.texts("nav#nav a[href='/approvals'] .count"), ["1 waiting"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_queue_says_who_else_is_waited_for() {
    let house = House::open().await;
    let manager = house.console.signed_in("manager").await;
    assert!(manager.get("/approvals").await.text().contains("Nothing waits for you."));
    let account = house.account("1001", "100.00").await;
    for amount in ["1.00", "2.00", "3.00"] {
        house.pending(account, "payment", amount, "manager2").await;
    }
    let second = house.console.signed_in("manager2").await;
    assert!(second.get("/approvals").await.text().contains("Nothing waits for you; 3 wait for others."));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_paged_sorted_and_filtered_strictly() {
    let house = House::open().await;
    let account = house.account("1001", "1000000.00").await;
    let mut all = Vec::new();
    for number in 1..=7 {
        all.push(house.pending(account, "payment", &format!("{number}.00"), "user").await.to_string());
    }
    let manager = house.console.signed_in("manager").await;
    let mut walked = Vec::new();
    let mut place = "/approvals?sort=amount&limit=3".to_owned();
    loop {
        let page = manager.get(&place).await;
        assert_eq!(page.status, 200);
        walked.extend(page.rows());
        match page.attributes("a[rel=next]", "href").into_iter().next() {
            Some(next) => place = next,
            None => break,
        }
    }
    assert_eq!(walked, all);
    assert_eq!(manager.get("/approvals?amount.min=3&amount.max=4&account_id.currency=USD").await.rows(), all[2..4]);
    let other = house.account("1002", "10.00").await;
    let of_other = house.pending(other, "payment", "5.00", "user").await;
    let settled = manager.get("/approvals?tab=mine&account_id.find=1002").await;
    let place = format!("/approvals?tab=mine&account_id={other}");
    assert_eq!((settled.status, settled.location.as_deref()), (303, Some(place.as_str())));
    assert_eq!(manager.get(&place).await.rows(), [of_other.to_string()]);
    let several = manager.get("/approvals?account_id.find=Account").await;
    assert_eq!(several.texts("section.note li a"), ["Account 1001", "Account 1002"]);
    for query in [
        "tab=all",
        "sort=status",
        "limit=0",
        "limit=201",
        "after=x",
        "status=pending",
        "q=x",
        "colour=red",
        "tab=mine&tab=made",
        "account_id=7",
    ] {
        assert_eq!(manager.get(&format!("/approvals?{query}")).await.status, 400, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_is_one_item_whichever_leg_is_asked_for() {
    let house = House::open().await;
    let (source, target) = (house.account("1001", "100.00").await, house.account("1002", "5.00").await);
    let statement = format!(
        "BEGIN; SELECT set_config('nexus.actor', 'user:' || (SELECT id FROM users WHERE username = 'user'), true); \
         SELECT nexus_transfer('01900000-0000-7000-8000-000000000001', '{source}', '{target}', 40, 'Rent', 'TRF-1'); COMMIT"
    );
    house.run(&statement).await;
    let manager = house.console.signed_in("manager").await;
    assert_eq!(manager.get("/approvals").await.rows(), ["01900000-0000-7000-8000-000000000001"]);
    let leg: uuid::Uuid = house.owner.query_one("SELECT target_id FROM transaction_transfers", &[]).await.expect("a leg").get(0);
    let page = manager.get(&format!("/approvals/{leg}")).await;
    let words = page.text();
    for said in ["Transfer from Account 1001", "to Account 1002", "Balance after 60 .00 USD", "Balance after 45 .00 USD"] {
        assert!(words.contains(said), "{said}: {words}");
    }
    assert_eq!(super::say(&manager, leg, "approve", "").await.status, 303);
    assert_eq!((house.balance(source).await.as_str(), house.balance(target).await.as_str()), ("60.00", "45.00"));
}

#[tokio::test(flavor = "multi_thread")]
async fn dates_beyond_all_calendars_are_dates_too() {
    let house = House::open().await;
    let account = house.account("1001", "100.00").await;
    let (manager, admin) = (house.console.signed_in("manager").await, house.console.signed_in("admin").await);
    for made in ["294276-12-31 UTC", "infinity", "-infinity", "4713-01-02 BC UTC", "262143-01-01 UTC"] {
        let payment = house.pending(account, "payment", "40.00", "user").await;
        house
            .run(&format!(
                "UPDATE transactions SET created_at = '{made}' WHERE id = '{payment}'; INSERT INTO expiry_holds (transaction_id) VALUES ('{payment}')"
            ))
            .await;
        let item = manager.get(&format!("/approvals/{payment}")).await;
        assert_eq!(item.status, 200, "{made}: {}", item.text());
        for (browser, path) in [(&manager, "/approvals"), (&manager, "/approvals?tab=stuck"), (&admin, "/approvals/held")] {
            let page = browser.get(path).await;
            assert_eq!(page.status, 200, "{path} with one of {made}: {}", page.text());
        }
        house.run(&format!("DELETE FROM expiry_holds WHERE transaction_id = '{payment}'")).await;
        assert_eq!(manager.get("/approvals?tab=stuck").await.status, 200, "{made}");
    }
}
