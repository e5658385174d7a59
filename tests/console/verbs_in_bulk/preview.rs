//! Does a preview say of each row whether it would work and why not, and change nothing?

use uuid::Uuid;

use super::{
    super::{
        runs::work::{account, cell, count, pending, preview_of, run, select_of},
        support::{console, staffed_database, stock, stocked_database},
    },
    is_active, sessions, user,
};

#[tokio::test(flavor = "multi_thread")]
async fn each_user_has_a_verdict_and_what_ends_with_them_is_counted_as_on_their_own_page() {
    let console = console(stocked_database().await).await;
    let owner = console.database.as_owner().await;
    let admin = console.signed_in("admin").await;
    let (me, other, viewer, gone) =
        (user(&owner, "admin").await, user(&owner, "user").await, user(&owner, "viewer").await, user(&owner, "gone").await);
    let unknown = Uuid::now_v7();
    let entries = "SELECT count(*) FROM audit_logs WHERE entity_type IN ('users', 'user_sessions', 'api_keys')";
    let address = preview_of(&admin, "users", "deactivate", &[other, gone, me, viewer, unknown, other]).await;
    let before = count(&owner, entries).await;
    let page = admin.get(&address).await;
    assert_eq!(page.rows(), [other, gone, me, viewer, unknown].map(|id| id.to_string()), "each once, in the order of the selection");
    assert_eq!(cell(&page, other, "outcome"), "Can be deactivated");
    assert_eq!(cell(&page, other, "name"), "Yusuf Demir");
    assert!(cell(&page, gone, "message").contains("inactive already"));
    assert!(cell(&page, me, "message").contains("This is you"));
    assert!(cell(&page, unknown, "message").contains("no such user"));
    assert!(page.texts("button").contains(&"Deactivate 2 of 5".to_owned()), "{:?}", page.texts("button"));
    assert!(!page.has("[name=reason]"), "one row's own page asks for no reason, either");

    let mut sums = [0_i64; 4];
    for id in [other, viewer] {
        let single = admin.get(&format!("/tables/users/{id}/deactivate")).await.texts("form.card li b");
        for (sum, counted) in sums.iter_mut().zip(single) {
            *sum += counted.parse::<i64>().expect("a count");
        }
    }
    let sums: Vec<String> = sums.iter().map(i64::to_string).collect();
    assert_eq!(page.texts("#consequences li b"), sums);
    assert!(sums[0] != "0" && sums[2] != "0", "there was something to count: {sums:?}");
    assert!(is_active(&owner, "user").await && is_active(&owner, "viewer").await, "a preview changes nothing");
    assert_eq!(count(&owner, entries).await, before, "and leaves nothing in the log");

    let theirs = console.signed_in("user").await;
    let done = run(&admin, &address, "").await;
    assert_eq!(cell(&done, other, "outcome"), "Deactivated");
    assert!(cell(&done, other, "message").contains("2 sessions and 1 API key ended"), "{}", cell(&done, other, "message"));
    assert_eq!(theirs.get("/").await.status, 303, "it holds from their next request on");
    assert!(is_active(&owner, "admin").await && !is_active(&owner, "user").await && !is_active(&owner, "viewer").await);
    let audited = "SELECT count(*) FROM audit_logs l JOIN audit_details d ON d.entry_id = l.id JOIN decision_runs r ON r.request_id = d.request_id \
         WHERE l.entity_type = 'users' AND l.action = 'UPDATE' AND l.user_id = r.decider AND l.ip_address = r.ip_address AND d.session_id = r.session_id";
    assert_eq!(count(&owner, audited).await, 2, "each row has its entry, with who ordered it and from where");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_administrator_and_who_is_needed_for_what_waits_are_seen_coming() {
    let console = console(staffed_database().await).await;
    let owner = console.database.as_owner().await;
    let here = account(&owner, "P-1", "0").await;
    pending(&owner, here, "user", "deposit", "20000").await;
    let admin = console.signed_in("admin").await;
    let (first, second) = (user(&owner, "manager").await, user(&owner, "manager2").await);
    // One of both can go, and then nobody more: two people have to approve it.
    let address = preview_of(&admin, "users", "deactivate", &[first, second]).await;
    let page = admin.get(&address).await;
    assert_eq!(cell(&page, first, "outcome"), "Can be deactivated");
    assert!(cell(&page, second, "message").contains("1 pending transaction would have too few people left"), "{}", page.text());
    run(&admin, &address, "").await;
    assert!(!is_active(&owner, "manager").await && is_active(&owner, "manager2").await);

    let other = "INSERT INTO users (username, email, full_name, password_hash, role, is_active) \
         VALUES ('chief', 'chief@example.com', 'Chief', '!none', 'admin', true) RETURNING id";
    let chief: Uuid = owner.query_one(other, &[]).await.expect("another administrator").get(0);
    let last = console.signed_in("admin").await;
    let address = preview_of(&last, "users", "deactivate", &[chief]).await;
    assert_eq!(cell(&last.get(&address).await, chief, "outcome"), "Can be deactivated");
    // Whoever looks is the only other one, and is gone when it runs.
    owner.execute("UPDATE users SET role = 'user' WHERE username = 'admin'", &[]).await.expect("the platform may");
    assert_eq!(last.post(&address, &[("decision", "run")]).await.status, 403);
    owner.execute("UPDATE decision_runs SET state = 'running', started_at = now() WHERE state = 'previewed'", &[]).await.expect("begun");
    while count(&owner, "SELECT count(*) FROM decision_runs WHERE state = 'running'").await > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(is_active(&owner, "chief").await, "who has lost the right does nothing more");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_after_somebody_looked_is_left_alone_and_the_rest_is_done() {
    let console = console(stocked_database().await).await;
    let owner = console.database.as_owner().await;
    let admin = console.signed_in("admin").await;
    let (changed, ended, fine) = (user(&owner, "user").await, user(&owner, "viewer").await, user(&owner, "auditor").await);
    let address = preview_of(&admin, "users", "deactivate", &[changed, ended, fine]).await;
    owner.execute("UPDATE users SET role = 'manager' WHERE id = $1", &[&changed]).await.expect("a change");
    owner.execute("UPDATE users SET is_active = false WHERE id = $1", &[&ended]).await.expect("a change");
    let done = run(&admin, &address, "").await;
    assert_eq!(cell(&done, changed, "outcome"), "Refused");
    assert!(cell(&done, changed, "message").contains("changed since you looked"));
    assert!(cell(&done, ended, "message").contains("inactive already"));
    assert_eq!(cell(&done, fine, "outcome"), "Deactivated");
    assert!(is_active(&owner, "user").await);
    assert!(done.text().contains("1 deactivated, 2 refused"), "{}", done.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_that_no_list_gave_do_nothing_and_say_so() {
    let console = console(stocked_database().await).await;
    let owner = console.database.as_owner().await;
    let admin = console.signed_in("admin").await;
    let of = |table: &str| stock::of(table, "user").parse::<Uuid>().expect("a uuid");
    let foreign = [of("accounts"), of("users"), of("api_keys"), of("transactions"), Uuid::nil(), Uuid::max()];
    let address = preview_of(&admin, "user_sessions", "revoke", &foreign).await;
    let page = admin.get(&address).await;
    for id in foreign {
        assert!(cell(&page, id, "message").contains("no such session"), "{id}: {}", page.text());
    }
    assert_eq!(admin.post(&address, &[("decision", "run")]).await.status, 422, "nothing is left to do");
    for hostile in ["nothing", "", "' OR true --", "a\0b", "01900000-0000-7000-8000-00000000500", "../users", &"9".repeat(70_000)] {
        let answer = admin.post("/tables/user_sessions/selected", &[("selected", hostile), ("decision", "revoke")]).await;
        assert_eq!(answer.status, 422, "{:.20}: {}", hostile, answer.text());
        let answer = admin
            .post("/tables/user_sessions/selected", &[("page", &format!("{},{hostile}", of("user_sessions"))), ("decision", "revoke")])
            .await;
        assert_eq!(answer.status, 422, "{:.20}: {}", hostile, answer.text());
    }
    let many: Vec<Uuid> = (0..1_001).map(|_| Uuid::now_v7()).collect();
    let many = select_of(&admin, "user_sessions", "revoke", &many).await;
    assert!(many.status == 422 && many.text().contains("at most 1,000"), "{}", many.text());
    assert_eq!(select_of(&admin, "user_sessions", "revoke", &[]).await.status, 422);
    for wrong in ["nonsense=1", "is_active=maybe", "after=AAAA"] {
        let answer = admin.post("/tables/user_sessions/selected", &[("all", wrong), ("decision", "revoke")]).await;
        assert!([422, 303].contains(&answer.status), "{wrong}: {}", answer.text());
    }
    assert_eq!(count(&owner, "SELECT count(*) FROM user_sessions WHERE user_agent LIKE 'Device%' AND NOT is_active").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_page_is_taken_without_scripts_and_all_that_match_when_asked() {
    let console = console(staffed_database().await).await;
    let owner = console.database.as_owner().await;
    sessions(&owner, "viewer", 60).await;
    let admin = console.signed_in("admin").await;
    let list = admin.get("/tables/user_sessions?is_active=true&limit=25&sort=-expires_at").await;
    let page = list.value("page").expect("a box for the whole page");
    assert_eq!(page.split(',').map(str::to_owned).collect::<Vec<_>>(), list.rows());
    let answer =
        admin.post("/tables/user_sessions/selected", &[("page", &page), ("selected", &list.rows()[0]), ("decision", "revoke")]).await;
    let address = answer.location.expect("a preview");
    assert_eq!(admin.get(&address).await.rows(), list.rows());
    let theirs = format!("user_id={}", user(&owner, "viewer").await);
    let answer = admin.post("/tables/user_sessions/selected", &[("all", &theirs), ("decision", "revoke")]).await;
    let address = answer.location.expect("a preview");
    let done = run(&admin, &address, "").await;
    assert!(done.text().contains("60 ended"), "{}", done.text());
}
