//! Does an administrator always remain, and is whoever loses a right out with the next request?

use tokio_postgres::Client;

use super::{
    forms::{filled, id_of, with},
    support::{Answer, Browser, Console, console, staffed_database},
};

/// Two administrators, `admin` and `second`, both active.
async fn opened() -> Console {
    let database = staffed_database().await;
    let owner = database.as_owner().await;
    owner
        .execute(
            "INSERT INTO users (username, email, full_name, password_hash, role)
             SELECT 'second', 'second@example.com', 'Second Administrator', password_hash, 'admin' FROM users WHERE username = 'admin'",
            &[],
        )
        .await
        .expect("a second administrator");
    console(database).await
}

async fn administrators(owner: &Client) -> Vec<String> {
    let rows = owner.query("SELECT username FROM users WHERE role = 'admin' AND is_active ORDER BY username", &[]).await.expect("users");
    rows.iter().map(|row| row.get(0)).collect()
}

async fn token(browser: &Browser) -> String {
    browser.get("/account").await.value("csrf_token").expect("a token")
}

/// The filled edit form of a user, with other values, ready to be sent.
async fn form(browser: &Browser, path: &str, changes: &[(&str, &str)]) -> Vec<(String, String)> {
    let page = browser.get(&format!("{path}/edit")).await;
    assert_eq!(page.status, 200, "{}", page.text());
    with(filled(&page), changes)
}

async fn submit(browser: &Browser, path: &str, token: &str, pairs: &[(String, String)]) -> Answer {
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.post_with(path, token, &pairs).await
}

/// Whom the two administrators strike, and how.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Blow {
    Demote,
    Deactivate,
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_administrators_who_go_at_once_one_remains() {
    let console = opened().await;
    let owner = console.database.as_owner().await;
    for (round, (first, second, at_each_other)) in
        [(Blow::Demote, Blow::Demote), (Blow::Deactivate, Blow::Deactivate), (Blow::Demote, Blow::Deactivate)]
            .into_iter()
            .flat_map(|(first, second)| [(first, second, true), (first, second, false)])
            .enumerate()
    {
        owner.execute("UPDATE users SET role = 'admin', is_active = true WHERE username IN ('admin', 'second')", &[]).await.expect("both");
        let (one, other) = (console.signed_in("admin").await, console.signed_in("second").await);
        let (path_of_admin, path_of_second) =
            (format!("/tables/users/{}", id_of(&console, "admin").await), format!("/tables/users/{}", id_of(&console, "second").await));
        let (ones_target, others_target) =
            if at_each_other { (&path_of_second, &path_of_admin) } else { (&path_of_admin, &path_of_second) };
        let strike = async |browser: &Browser, target: &str, blow: Blow| {
            let token = token(browser).await;
            match blow {
                Blow::Demote => (target.to_owned(), token, form(browser, target, &[("role", "viewer")]).await),
                Blow::Deactivate => (format!("{target}/deactivate"), token, Vec::new()),
            }
        };
        let a = strike(&one, ones_target, first).await;
        let b = strike(&other, others_target, second).await;
        let (a, b) = tokio::join!(submit(&one, &a.0, &a.1, &a.2), submit(&other, &b.0, &b.1, &b.2));
        let left = administrators(&owner).await;
        assert_eq!(left.len(), 1, "round {round}: {left:?}, {} and {}", a.status, b.status);
        let statuses = [a.status, b.status];
        assert!(statuses.contains(&303), "round {round}: one of them went: {statuses:?} {} {}", a.text(), b.text());
        let refused = if a.status == 303 { &b } else { &a };
        match refused.status {
            // Deactivated before the request arrived: the session is over, and the login form says that nothing happened.
            422 if refused.has("input[name=password]") => {
                let said = ["nothing was saved", "nothing was done"].iter().any(|words| refused.text().contains(words));
                assert!(said, "round {round}: {}", refused.text());
            }
            422 => {
                assert!(refused.text().contains("last active administrator"), "round {round}: {}", refused.text());
                assert!(refused.has("#errors"), "round {round}: {}", refused.text());
            }
            // Demoted before the request arrived.
            403 => {}
            _ => panic!("round {round}: {statuses:?}: {}", refused.text()),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_deactivations_of_each_other_inside_the_database_leave_one() {
    let console = opened().await;
    let owner = console.database.as_owner().await;
    let (admin, second) = (id_of(&console, "admin").await, id_of(&console, "second").await);
    let app = async |actor: &str| {
        let client = console.database.as_application().await;
        client.batch_execute("BEGIN").await.expect("begins");
        client.execute("SELECT set_config('nexus.actor', 'user:' || $1::text, true)", &[&actor]).await.expect("an actor");
        client
    };
    let (one, other) = (app(&admin).await, app(&second).await);
    let going = "UPDATE users SET is_active = false WHERE id = $1::text::uuid";
    one.execute(going, &[&second]).await.expect("the first goes");
    let waiting = tokio::spawn(async move {
        let answer = other.execute(going, &[&admin]).await;
        let ended = other.batch_execute("COMMIT").await;
        (answer.map(|_| ()), ended)
    });
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert!(!waiting.is_finished(), "the second waits for the first");
    one.batch_execute("COMMIT").await.expect("the first is gone");
    let (answer, _) = waiting.await.expect("it ends");
    let code = answer.expect_err("the second stays").code().expect("a code of the database").code().to_owned();
    assert_eq!(code, "NX002");
    assert_eq!(administrators(&owner).await, ["admin"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_administrator_cannot_go_by_any_door() {
    let console = opened().await;
    let owner = console.database.as_owner().await;
    owner.execute("UPDATE users SET is_active = false WHERE username = 'second'", &[]).await.expect("one is left");
    let admin = console.signed_in("admin").await;
    let token = token(&admin).await;
    let myself = format!("/tables/users/{}", id_of(&console, "admin").await);
    for role in ["manager", "auditor", "user", "viewer"] {
        let answer = submit(&admin, &myself, &token, &form(&admin, &myself, &[("role", role)]).await).await;
        assert_eq!(answer.status, 422, "{role}: {}", answer.text());
        assert!(answer.texts("#role-error").join("").contains("last active administrator"), "{}", answer.text());
        assert_eq!(answer.value("role").as_deref(), Some(role), "what was chosen stays");
    }
    let off = submit(&admin, &myself, &token, &form(&admin, &myself, &[("is_active", "false")]).await).await;
    assert!(off.status == 422 && off.has("#is_active-error"), "{}", off.text());
    let deactivated = admin.post_with(&format!("{myself}/deactivate"), &token, &[]).await;
    assert_eq!(deactivated.status, 422, "{}", deactivated.text());
    assert!(deactivated.text().contains("last active administrator"), "{}", deactivated.text());
    assert_eq!(admin.post_with(&format!("{myself}/delete"), &token, &[]).await.status, 409);
    assert_eq!(administrators(&owner).await, ["admin"]);
    assert_eq!(admin.get("/tables/users").await.status, 200, "still logged in");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_loses_a_right_is_out_with_the_next_request() {
    let console = opened().await;
    let (admin, manager, viewer, user) = (
        console.signed_in("admin").await,
        console.signed_in("manager").await,
        console.signed_in("viewer").await,
        console.signed_in("user").await,
    );
    let token_of_admin = token(&admin).await;
    let path = async |username: &str| format!("/tables/users/{}", id_of(&console, username).await);

    // A role changed.
    let managers_token = token(&manager).await;
    let new = manager.get("/tables/accounts/new").await;
    assert_eq!(new.status, 200);
    let of_manager = path("manager").await;
    let changed = submit(&admin, &of_manager, &token_of_admin, &form(&admin, &of_manager, &[("role", "viewer")]).await).await;
    assert_eq!(changed.status, 303, "{}", changed.text());
    assert_eq!(manager.get("/tables/accounts/new").await.status, 403);
    assert_eq!(submit(&manager, "/tables/accounts", &managers_token, &filled(&new)).await.status, 403, "nor by the form it had open");
    assert_eq!(manager.get("/tables/accounts").await.status, 200, "a viewer reads");
    assert!(!manager.get("/").await.attributes("nav#nav a", "href").contains(&"/tables/users".to_owned()));

    // A user deactivated.
    let users_token = token(&user).await;
    let deactivated = admin.post_with(&format!("{}/deactivate", path("user").await), &token_of_admin, &[]).await;
    assert_eq!(deactivated.status, 303, "{}", deactivated.text());
    let out = user.get("/tables/accounts").await;
    assert_eq!(out.status, 303);
    assert_eq!(out.location.as_deref(), Some("/login?next=%2Ftables%2Faccounts"));
    let post = user.post_with("/tables/transactions", &users_token, &[("amount", "5.00")]).await;
    assert!(post.status == 422 && post.text().contains("nothing was saved"), "{}: {}", post.status, post.text());
    let again = user.get("/login").await;
    let login = user
        .post_with("/login", &again.value("csrf_token").expect("a token"), &[("username", "user"), ("password", super::support::PASSWORD)])
        .await;
    assert_eq!(login.status, 422, "nobody inactive logs in: {}", login.text());

    // A session revoked.
    let owner = console.database.as_owner().await;
    let session: String = owner
        .query_one(
            "SELECT s.id::text FROM user_sessions s JOIN users u ON u.id = s.user_id WHERE u.username = 'viewer' AND s.is_active",
            &[],
        )
        .await
        .expect("a session")
        .get(0);
    let revoked = admin.post_with(&format!("/tables/user_sessions/{session}/revoke"), &token_of_admin, &[]).await;
    assert_eq!(revoked.status, 303, "{}", revoked.text());
    assert_eq!(viewer.get("/").await.status, 303);
    // It never comes back, not even when its row says so again.
    let back = console.signed_in("viewer").await;
    assert_eq!(back.get("/").await.status, 200);
    assert_eq!(viewer.get("/").await.status, 303);

    // A demoted administrator is one no longer, on the very next page.
    let second = console.signed_in("second").await;
    let of_admin = path("admin").await;
    let demoted = submit(&second, &of_admin, &token(&second).await, &form(&second, &of_admin, &[("role", "auditor")]).await).await;
    assert_eq!(demoted.status, 303, "{}", demoted.text());
    assert_eq!(admin.get("/tables/users/new").await.status, 403);
    let late = admin.post_with(&format!("{}/deactivate", path("second").await), &token_of_admin, &[]).await;
    assert_eq!(late.status, 403, "{}", late.text());
    assert_eq!(administrators(&owner).await, ["second"]);
}
