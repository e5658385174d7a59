//! Does a session end when it should, and stay ended?

use super::support::{Console, PASSWORD, console, staffed_database};

async fn opened() -> Console {
    console(staffed_database().await).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_row_holds_a_hash_and_the_cookie_keeps_to_this_host() {
    let console = opened().await;
    let client = console.database.as_owner().await;
    let browser = console.browser();
    let token = browser.get("/login").await.value("csrf_token").expect("a token");
    let answer = browser.post_with("/login", &token, &[("username", "admin"), ("password", PASSWORD)]).await;
    let cookies: Vec<&str> = answer.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().expect("text")).collect();
    let session = cookies.iter().find(|cookie| cookie.starts_with("__Host-nexus=")).expect("a session cookie");
    for part in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/"] {
        assert!(session.contains(part), "{session}");
    }
    assert!(!session.contains("Domain"));
    let row = client
        .query_one("SELECT session_token, refresh_token, is_active, host(ip_address), (SELECT count(*) FROM session_state t WHERE t.id = s.id) FROM user_sessions s", &[])
        .await
        .expect("one session");
    let (token, refresh): (String, String) = (row.get(0), row.get(1));
    assert!(token.starts_with("n1:") && token.len() == 67, "{token}");
    assert!(refresh.starts_with("none:") && refresh.len() == 41, "{refresh}");
    assert!(row.get::<_, bool>(2));
    assert_eq!(row.get::<_, String>(3), "127.0.0.1");
    assert_eq!(row.get::<_, i64>(4), 1);
    assert!(!session.contains(&token[3..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_holds_from_the_next_request() {
    let console = opened().await;
    let client = console.database.as_owner().await;
    for (end, why) in [
        ("UPDATE user_sessions SET is_active = false", "revoked"),
        ("UPDATE user_sessions SET is_active = NULL", "unknown"),
        ("UPDATE user_sessions SET expires_at = now()", "expired"),
        ("DELETE FROM user_sessions", "gone"),
        ("UPDATE users SET is_active = false WHERE username = 'viewer'", "deactivated"),
    ] {
        client.execute("UPDATE users SET is_active = true WHERE username = 'viewer'", &[]).await.expect("an update");
        let viewer = console.signed_in("viewer").await;
        assert_eq!(viewer.get("/account").await.status, 200);
        client.execute(end, &[]).await.expect(why);
        let answer = viewer.get("/account").await;
        assert_eq!((answer.status, answer.location.as_deref()), (303, Some("/login?next=%2Faccount")), "{why}");
        let rows = client.query_one("SELECT count(*) FROM user_sessions WHERE is_active AND expires_at > now() AND user_id IN (SELECT id FROM users WHERE is_active AND username = 'viewer')", &[]).await.expect("a count");
        assert_eq!(rows.get::<_, i64>(0), 0, "{why}: nothing revives it");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_role_holds_from_the_next_request() {
    let console = opened().await;
    let client = console.database.as_owner().await;
    let manager = console.signed_in("manager").await;
    assert!(manager.get("/account").await.texts("#profile .fixed").contains(&"Manager".to_owned()));
    client.execute("UPDATE users SET role = 'viewer' WHERE username = 'manager'", &[]).await.expect("an update");
    assert!(manager.get("/account").await.texts("#profile .fixed").contains(&"Viewer".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_again_renews_the_key_and_ends_the_session_before() {
    let console = opened().await;
    let client = console.database.as_owner().await;
    let browser = console.signed_in("admin").await;
    let before = browser.cookies()["__Host-nexus"].clone();
    let token = browser.get("/account").await.value("csrf_token").expect("a token");
    let answer = browser.post_with("/login", &token, &[("username", "manager"), ("password", PASSWORD)]).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert_ne!(before, browser.cookies()["__Host-nexus"]);
    let row = client
        .query_one("SELECT string_agg(u.username, ',') FROM user_sessions s JOIN users u ON u.id = s.user_id WHERE s.is_active", &[])
        .await
        .expect("a row");
    assert_eq!(row.get::<_, String>(0), "manager");
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_writes_once_in_a_tenth_of_the_timeout_and_never_into_the_log() {
    let console = opened().await;
    let client = console.database.as_owner().await;
    let admin = console.signed_in("admin").await;
    let state = "SELECT extract(epoch FROM expires_at - now())::float8, xmin::text FROM user_sessions";
    let before = client.query_one(state, &[]).await.expect("a session");
    assert!((3590.0..=3600.0).contains(&before.get::<_, f64>(0)));
    for _ in 0..3 {
        admin.get("/account").await;
    }
    let after = client.query_one(state, &[]).await.expect("a session");
    assert_eq!(before.get::<_, String>(1), after.get::<_, String>(1), "not touched");
    client.execute("UPDATE user_sessions SET expires_at = now() + interval '50 minutes'", &[]).await.expect("an update");
    let entries = "SELECT count(*) FROM audit_logs WHERE entity_type = 'user_sessions'";
    let written: i64 = client.query_one(entries, &[]).await.expect("a count").get(0);
    let answer = admin.get("/account/session").await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.starts_with("{\"ends\":\"20"), "{}", answer.body);
    let touched = client.query_one(state, &[]).await.expect("a session");
    assert!(touched.get::<_, f64>(0) > 3590.0, "touched");
    assert_eq!(client.query_one(entries, &[]).await.expect("a count").get::<_, i64>(0), written);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_stays_longer_than_a_working_day() {
    let console = opened().await;
    let client = console.database.as_owner().await;
    let admin = console.signed_in("admin").await;
    client.execute("UPDATE session_state SET authenticated_at = now() - interval '12 hours'", &[]).await.expect("an update");
    assert_eq!(admin.get("/account").await.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_ends_the_session_for_good() {
    let console = opened().await;
    let client = console.database.as_owner().await;
    let admin = console.signed_in("admin").await;
    let stolen = admin.cookies()["__Host-nexus"].clone();
    let answer = admin.post("/logout", &[]).await;
    assert_eq!((answer.status, answer.location.as_deref()), (303, Some("/login")));
    assert!(!admin.cookies().contains_key("__Host-nexus"));
    let page = admin.get("/login").await;
    assert_eq!(page.texts("[role=status]"), ["You are signed out."]);
    assert!(!admin.get("/login").await.has("[role=status]"), "said once");
    let client_of_thief = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let request = client_of_thief.get(format!("{}/account", console.address)).header("cookie", format!("__Host-nexus={stolen}"));
    assert_eq!(request.send().await.expect("an answer").status().as_u16(), 303);
    let row =
        client.query_one("SELECT count(*) FROM audit_logs WHERE action = 'logout' AND user_id IS NOT NULL", &[]).await.expect("a count");
    assert_eq!(row.get::<_, i64>(0), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_ends_ones_own_sessions_and_nobody_elses() {
    let console = opened().await;
    let client = console.database.as_owner().await;
    let (here, there, third) = (console.signed_in("user").await, console.signed_in("user").await, console.signed_in("user").await);
    let other = console.signed_in("admin").await;
    let foreign: uuid::Uuid = client
        .query_one("SELECT s.id FROM user_sessions s JOIN users u ON u.id = s.user_id WHERE u.username = 'admin'", &[])
        .await
        .expect("a session")
        .get(0);
    assert_eq!(here.post(&format!("/account/sessions/{foreign}/revoke"), &[]).await.status, 404);
    assert_eq!(here.post("/account/sessions/nonsense/revoke", &[]).await.status, 400);
    assert_eq!(other.get("/account").await.status, 200);
    let page = here.get("/account").await;
    let ends = page.attributes("form[action^='/account/sessions/']", "action");
    assert_eq!(ends.len(), 3, "two others, and all at once: {ends:?}");
    assert_eq!(here.post(&ends[0], &[]).await.status, 303);
    assert_eq!(here.post("/account/sessions/revoke-others", &[]).await.status, 303);
    assert_eq!((there.get("/account").await.status, third.get("/account").await.status), (303, 303));
    assert_eq!(here.get("/account").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_needs_the_current_one_and_ends_the_other_sessions() {
    let console = opened().await;
    let (here, there) = (console.signed_in("user").await, console.signed_in("user").await);
    let form = |current: &'static str, new: &'static str, again: &'static str| {
        [("current_password", current), ("new_password", new), ("new_password_again", again)]
    };
    for (fields, errors) in [
        (form("wrong", "a new password of mine", "a new password of mine"), "#current_password-error"),
        (form(PASSWORD, "short", "short"), "#new_password-error"),
        (form(PASSWORD, "a new password of mine", "another"), "#new_password_again-error"),
        (form(PASSWORD, "password1234", "password1234"), "#new_password-error"),
    ] {
        let answer = here.post("/account/password", &fields).await;
        assert_eq!(answer.status, 422);
        assert!(answer.has(errors) && answer.has("#errors"), "{errors}: {}", answer.text());
        assert!(!answer.body.contains("a new password of mine"), "never written back");
    }
    assert_eq!(there.get("/account").await.status, 200);
    let right = form(PASSWORD, "a new password of mine", "a new password of mine");
    assert_eq!(here.post("/account/password", &right).await.status, 303);
    assert_eq!((here.get("/account").await.status, there.get("/account").await.status), (200, 303));
}

#[tokio::test(flavor = "multi_thread")]
async fn profile_and_preferences_are_kept_and_wrong_ones_said() {
    let console = opened().await;
    let user = console.signed_in("user").await;
    for (name, email, field) in [
        ("", "user@example.com", "#full_name-error"),
        ("Yusuf", "nonsense", "#email-error"),
        ("Yusuf", "admin@example.com", "#email-error"),
        ("Yu\0suf", "user@example.com", "#full_name-error"),
    ] {
        let answer = user.post("/account/profile", &[("full_name", name), ("email", email)]).await;
        assert_eq!(answer.status, 422, "{email}");
        assert!(answer.has(field), "{field}: {}", answer.text());
        assert_eq!(answer.value("email").as_deref(), Some(email));
    }
    let token = user.get("/account").await.value("csrf_token").expect("a token");
    let garbled = format!("csrf_token={token}&full_name=%FF&email=user%40example.com");
    assert_eq!(user.post_raw("/account/profile", garbled.into_bytes()).await.status, 422);
    let huge = format!("csrf_token={token}&full_name={}", "x".repeat(1024 * 1024));
    assert_eq!(user.post_raw("/account/profile", huge.into_bytes()).await.status, 413);
    assert_eq!(user.post("/account/profile", &[("full_name", "Yusuf Ünal"), ("email", "yusuf@example.com")]).await.status, 303);
    let preferences = [("time_zone", "Europe/Berlin"), ("theme", "dark"), ("row_density", "comfortable")];
    assert_eq!(user.post("/account/preferences", &preferences).await.status, 303);
    let page = user.get("/account").await;
    assert_eq!(page.value("full_name").as_deref(), Some("Yusuf Ünal"));
    assert_eq!(page.value("time_zone").as_deref(), Some("Europe/Berlin"));
    assert!(page.has("html[data-theme=dark]") && page.has("body[data-keys=off]"));
    for wrong in [("time_zone", "Mars/Olympus"), ("theme", "pink"), ("row_density", "x")] {
        assert_eq!(user.post("/account/preferences", &[wrong]).await.status, 422, "{wrong:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_away_is_no_logout() {
    let console = opened().await;
    let admin = console.signed_in("admin").await;
    let superuser = console.database.as_superuser().await;
    let name = &console.database.name;
    superuser
        .batch_execute(&format!(
            "ALTER ROLE nexus_app IN DATABASE {name} SET statement_timeout = 0; REVOKE SELECT ON user_sessions FROM nexus_app"
        ))
        .await
        .expect("a revoke");
    let answer = admin.get("/account").await;
    assert_eq!(answer.status, 500, "a session that cannot be read is not an ended one");
    assert!(answer.headers["content-type"].to_str().is_ok_and(|kind| kind.starts_with("text/html")) && answer.has("h1"));
    superuser.batch_execute("GRANT SELECT ON user_sessions TO nexus_app").await.expect("a grant");
    assert_eq!(admin.get("/account").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_ran_out_is_counted_among_the_expired() {
    let console = opened().await;
    let client = console.database.as_owner().await;
    let admin = console.signed_in("admin").await;
    console.signed_in("viewer").await;
    client
        .execute("UPDATE user_sessions SET expires_at = now() - interval '1 day' WHERE user_id = (SELECT id FROM users WHERE username = 'viewer')", &[])
        .await
        .expect("it ran out");
    for (tab, rows) in [("Active", 1), ("Expired", 1), ("Revoked", 0)] {
        let page = admin.get("/tables/user_sessions").await;
        let position = page.texts(".tabs a").iter().position(|label| label.starts_with(tab)).unwrap_or_else(|| panic!("{tab}"));
        let list = admin.get(&page.attributes(".tabs a", "href")[position]).await;
        assert_eq!(list.rows().len(), rows, "{tab}: {}", list.text());
    }
}
