//! Does the door open for the right people, and for nobody else?

use tokio_postgres::Client;

use super::support::{Answer, Browser, Console, PASSWORD, console, staffed_database};

async fn opened() -> Console {
    console(staffed_database().await).await
}

async fn attempt(browser: &Browser, username: &str, password: &str) -> Answer {
    attempt_with(browser, &[("username", username), ("password", password)]).await
}

async fn attempt_with(browser: &Browser, fields: &[(&str, &str)]) -> Answer {
    let token = browser.get("/login").await.value("csrf_token").expect("a token");
    browser.post_with("/login", &token, fields).await
}

async fn events(client: &Client, action: &str) -> i64 {
    let row = client
        .query_one("SELECT count(*) FROM audit_logs WHERE entity_type = 'event' AND action = $1", &[&action])
        .await
        .expect("the log answers");
    row.get(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn by_name_or_email_and_recorded_with_who_and_where() {
    let console = opened().await;
    let client = console.database.as_owner().await;
    for name in ["manager", "manager@example.com", "Manager@Example.com"] {
        let browser = console.browser();
        let answer = attempt(&browser, name, PASSWORD).await;
        assert_eq!((answer.status, answer.location.as_deref()), (303, Some("/")), "{name}: {}", answer.text());
        assert_eq!(browser.get("/account").await.status, 200);
    }
    let row = client
        .query_one(
            "SELECT count(*), count(l.user_id), count(l.ip_address), count(d.session_id), count(d.request_id) FROM audit_logs l \
             JOIN audit_details d ON d.log = 'audit_logs' AND d.entry_id = l.id JOIN users u ON u.id = l.user_id AND u.username = 'manager' \
             WHERE l.action = 'login'",
            &[],
        )
        .await
        .expect("the log answers");
    let counts: Vec<i64> = (0..5).map(|index| row.get(index)).collect();
    assert_eq!(counts, [3, 3, 3, 3, 3]);
    let row = client.query_one("SELECT last_login > now() - interval '1 minute' FROM users WHERE username = 'manager'", &[]).await;
    assert!(row.expect("a manager").get::<_, bool>(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_wrong_answer_is_the_same_answer() {
    let console = opened().await;
    let client = console.database.as_owner().await;
    client.execute("UPDATE users SET is_active = false WHERE username = 'viewer'", &[]).await.expect("an update");
    client.execute("UPDATE users SET password_hash = '!' WHERE username = 'auditor'", &[]).await.expect("an update");
    let long = "x".repeat(2000);
    let tries = [
        ("manager", "wrong"),
        ("nobody", "wrong"),
        ("viewer", PASSWORD),
        ("auditor", "!"),
        ("", ""),
        ("mana\0ger", PASSWORD),
        (long.as_str(), long.as_str()),
        ("' OR true --", PASSWORD),
        ("MANAGER", PASSWORD),
    ];
    for (name, password) in tries {
        let browser = console.browser();
        let answer = attempt(&browser, name, password).await;
        assert_eq!(answer.status, 422, "{name}: {}", answer.text());
        assert_eq!(answer.texts("#errors p"), ["User name or password is not right."], "{name}");
        assert!(answer.texts("title")[0].starts_with("Error:"));
        assert_eq!(answer.value("username").map(|kept| kept.replace('\u{fffd}', "\0")).as_deref(), Some(name), "{name:.20}");
        assert_eq!(answer.value("password").as_deref(), Some(""));
        assert!(!browser.cookies().contains_key("__Host-nexus"));
    }
    assert_eq!(events(&client, "login_failed").await, i64::try_from(tries.len()).expect("a few"));
    assert_eq!(events(&client, "login").await, 0);
    let row = client.query_one("SELECT count(*) FROM user_sessions", &[]).await.expect("a count");
    assert_eq!(row.get::<_, i64>(0), 0, "nothing anonymous is in the table");
    let row = client
        .query_one("SELECT count(*) FROM audit_logs WHERE new_values::text LIKE '%OR true%' OR new_values::text LIKE '%wrong\"%xx%'", &[])
        .await
        .expect("a count");
    assert_eq!(row.get::<_, i64>(0), 0, "a name nobody has may be a password typed into the wrong field");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fifth_failure_rests_the_account_here_and_nowhere_else() {
    let console = opened().await;
    let client = console.database.as_owner().await;
    let known = console.signed_in("manager").await;
    let token = known.get("/account").await.value("csrf_token").expect("a token");
    assert_eq!(known.post_with("/logout", &token, &[]).await.status, 303);
    let stranger = console.browser();
    for number in 1..=5 {
        let answer = attempt(&stranger, "manager", "wrong").await;
        assert_eq!(answer.status, 422);
        assert_eq!(answer.text().contains("rests here for 30 minutes"), number == 5, "try {number}: {}", answer.text());
    }
    let answer = attempt(&stranger, "manager", PASSWORD).await;
    assert_eq!(answer.status, 429);
    let wait: u64 = answer.headers["retry-after"].to_str().expect("text").parse().expect("seconds");
    assert!((1700..=1801).contains(&wait), "{wait}");
    assert_eq!(attempt(&stranger, "manager@example.com", PASSWORD).await.status, 429, "its email is the same account");
    assert_eq!(attempt(&stranger, "admin", PASSWORD).await.status, 303, "another account is not concerned");
    assert_eq!(attempt(&known, "manager", PASSWORD).await.status, 303, "a browser that was signed in before is not concerned");
    assert_eq!(events(&client, "lockout").await, 1);
    assert_eq!(events(&client, "login_failed").await, 5, "refused tries write nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bcrypt_hash_logs_in_and_is_replaced() {
    let console = opened().await;
    let client = console.database.as_owner().await;
    let hash = bcrypt::hash("platform password", 6).expect("a hash").replacen("$2b$", "$2a$", 1);
    client.execute("UPDATE users SET password_hash = $1 WHERE username = 'user'", &[&hash]).await.expect("an update");
    assert_eq!(attempt(&console.browser(), "user", "platform password").await.status, 303);
    let stored: String = client.query_one("SELECT password_hash FROM users WHERE username = 'user'", &[]).await.expect("a user").get(0);
    assert!(stored.starts_with("$argon2id$"), "{stored}");
    assert_eq!(attempt(&console.browser(), "user", "platform password").await.status, 303);
    let row = client.query_one("SELECT count(*) FROM audit_logs WHERE coalesce(old_values, new_values)::text LIKE '%$2a$%' OR new_values::text LIKE '%argon2%'", &[]).await.expect("a count");
    assert_eq!(row.get::<_, i64>(0), 0, "no hash stands in the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_leads_to_our_own_pages_only() {
    let console = opened().await;
    let browser = console.browser();
    let answer = browser.get("/account?x=1").await;
    assert_eq!((answer.status, answer.location.as_deref()), (303, Some("/login?next=%2Faccount%3Fx%3D1")));
    let page = browser.get("/login?next=%2Faccount%3Fx%3D1").await;
    assert_eq!(page.value("next").as_deref(), Some("/account?x=1"));
    for (next, leads_to) in [
        ("/account?x=1", "/account?x=1"),
        ("//example.com", "/"),
        ("/\\example.com", "/"),
        ("https://example.com/", "/"),
        ("javascript:alert(1)", "/"),
        ("/login", "/"),
        ("/\t/example.com", "/"),
    ] {
        let answer = attempt_with(&console.browser(), &[("username", "admin"), ("password", PASSWORD), ("next", next)]).await;
        assert_eq!((answer.status, answer.location.as_deref()), (303, Some(leads_to)), "{next}");
    }
    let answer = console.signed_in("admin").await.get("/login?next=%2Faccount").await;
    assert_eq!((answer.status, answer.location.as_deref()), (303, Some("/account")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_needs_a_token_of_its_own_browser_and_a_page_of_ours() {
    let console = opened().await;
    let fields = [("username", "admin"), ("password", PASSWORD)];
    for token in ["", "k3f1", "é"] {
        let answer = console.browser().post_with("/login", token, &fields).await;
        assert_eq!(answer.status, 403, "{token}");
        assert!(answer.has("a[href='/login']"), "a way back: {}", answer.body);
    }
    let token = console.browser().get("/login").await.value("csrf_token").expect("a token");
    let other = console.browser();
    other.get("/login").await;
    assert_eq!(other.post_with("/login", &token, &fields).await.status, 403, "another browser's token");

    let admin = console.signed_in("admin").await;
    let (one, two) = (admin.get("/account").await, admin.get("/account").await);
    let (one, two) = (one.value("csrf_token").expect("a token"), two.value("csrf_token").expect("a token"));
    assert_ne!(one, two, "masked anew in every page");
    let profile = [("full_name", "Lena Fischer-Wolf"), ("email", "admin@example.com")];
    assert_eq!(admin.post_with("/account/profile", &one, &profile).await.status, 303);
    assert_eq!(admin.post_with("/account/profile", &one, &profile).await.status, 303, "not single use");
    let manager = console.signed_in("manager").await;
    let answer = manager.post_with("/account/profile", &one, &profile).await;
    assert_eq!(answer.status, 403, "another session's token");
    assert_eq!(answer.value("full_name").as_deref(), Some("Lena Fischer-Wolf"), "what was typed can be sent again");

    let client = reqwest::Client::new();
    let cookies = admin.cookies().into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
    for (header, value, expected) in [
        ("origin", "https://example.com", 403),
        ("origin", "null", 403),
        ("sec-fetch-site", "cross-site", 403),
        ("referer", "https://example.com/tables", 403),
        ("x-nothing", "said", 200),
    ] {
        let body = form_urlencoded::Serializer::new(String::new()).append_pair("csrf_token", &two).extend_pairs(profile).finish();
        let request = client.post(format!("{}/account/profile", console.address)).header("cookie", &cookies).header(header, value);
        let answer = request.header("content-type", "application/x-www-form-urlencoded").body(body).send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), expected, "{header}: {value}");
        if expected == 403 {
            assert!(!answer.text().await.expect("a page").contains("Fischer-Wolf\">"), "another site's form is not offered again");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_without_a_session_keeps_what_was_typed_and_saves_nothing() {
    let console = opened().await;
    let client = console.database.as_owner().await;
    let manager = console.signed_in("manager").await;
    let token = manager.get("/account").await.value("csrf_token").expect("a token");
    client.execute("UPDATE user_sessions SET is_active = false", &[]).await.expect("an update");
    let typed = [("full_name", "Inès <b>O'kafor</b> & co"), ("email", "ines@example.com"), ("new_password", "a secret of hers")];
    let answer = manager.post_with("/account/profile", &token, &typed).await;
    assert_eq!(answer.status, 422);
    assert!(answer.has("form[action='/login'] input[name='password']"), "a login form");
    assert!(!answer.body.contains("a secret of hers") && !answer.body.contains(&token), "never secrets");
    assert_eq!(answer.value("carried.full_name").as_deref(), Some("Inès <b>O'kafor</b> & co"));

    let login = answer.value("csrf_token").expect("a token");
    let mut fields: Vec<(&str, &str)> = vec![("username", "manager"), ("password", "wrong")];
    let carried: Vec<(String, String)> = ["carried_to", "carried.full_name", "carried.email"]
        .into_iter()
        .map(|name| (name.to_owned(), answer.value(name).expect("carried")))
        .collect();
    fields.extend(carried.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let answer = manager.post_with("/login", &login, &fields).await;
    assert_eq!(answer.status, 422);
    assert_eq!(answer.value("carried.email").as_deref(), Some("ines@example.com"), "kept over a typing error");
    fields[1].1 = PASSWORD;
    let answer = manager.post_with("/login", &login, &fields).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let row = client.query_one("SELECT full_name FROM users WHERE username = 'manager'", &[]).await.expect("a manager");
    assert_eq!(row.get::<_, String>(0), "Ines Okafor", "signing in saves nothing");

    let token = answer.value("csrf_token").expect("a token");
    let form =
        [("full_name", answer.value("full_name").expect("kept")), ("email", answer.value("email").expect("kept")), ("find", String::new())];
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let answer = manager.post_with("/account/profile", &token, &form).await;
    assert_eq!(answer.status, 200, "back in the filled form");
    assert_eq!(answer.value("full_name").as_deref(), Some("Inès <b>O'kafor</b> & co"));
    let token = answer.value("csrf_token").expect("a token");
    assert_eq!(manager.post_with("/account/profile", &token, &form[..2]).await.status, 303);
    let row = client.query_one("SELECT full_name FROM users WHERE username = 'manager'", &[]).await.expect("a manager");
    assert_eq!(row.get::<_, String>(0), "Inès <b>O'kafor</b> & co");
}

#[tokio::test(flavor = "multi_thread")]
async fn over_plain_http_from_elsewhere_no_password_is_taken() {
    let console = opened().await;
    let client = reqwest::Client::new();
    for forwarded in ["http", "https"] {
        let request = client.get(format!("{}/login", console.address)).header("host", "console.example.com");
        let page = request.header("x-forwarded-proto", forwarded).send().await.expect("a page").text().await.expect("text");
        assert!(page.contains("https") && !page.contains("type=\"password\""), "without NEXUS_PUBLIC_URL nobody may claim {forwarded}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_administrator_is_made_once_with_the_token() {
    let console = console(super::support::database().await).await;
    let client = console.database.as_owner().await;
    let browser = console.browser();
    let page = browser.get("/setup").await;
    assert_eq!(page.status, 200);
    let token = std::fs::read_to_string(console.data_dir.join("setup-token")).expect("the token is kept until used");
    let form = |token: &'static str, password: &'static str| {
        [
            ("token", token),
            ("username", "root"),
            ("full_name", "Root"),
            ("email", "root@example.com"),
            ("password", password),
            ("password_again", password),
        ]
    };
    let csrf = page.value("csrf_token").expect("a token");
    let answer = browser.post_with("/setup", &csrf, &form("00", "short")).await;
    assert_eq!(answer.status, 422);
    assert!(answer.has("#token-error") && answer.has("#password-error"), "{}", answer.text());
    assert_eq!(answer.value("username").as_deref(), Some("root"));
    let token: &'static str = Box::leak(token.trim().to_owned().into_boxed_str());
    let right = form(token, "seven words nobody else would choose");
    let sends = (0..3).map(|_| browser.post_with("/setup", &csrf, &right));
    for answer in futures_util::future::join_all(sends).await {
        assert_eq!((answer.status, answer.location.as_deref()), (303, Some("/login")), "{}", answer.text());
    }
    let row = client.query_one("SELECT count(*), min(role) FROM users", &[]).await.expect("a count");
    assert_eq!((row.get::<_, i64>(0), row.get::<_, Option<String>>(1).as_deref()), (1, Some("admin")));
    assert!(!console.data_dir.join("setup-token").exists());
    assert_eq!(browser.get("/setup").await.status, 303);
    assert_eq!(attempt(&browser, "root", "seven words nobody else would choose").await.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_link_works_once() {
    let console = opened().await;
    let client = console.database.as_owner().await;
    let user = console.signed_in("user").await;
    let token = "a-token-of-a-test";
    let insert = "INSERT INTO one_time_links (user_id, purpose, token_hash, expires_at) \
                  SELECT id, 'password', encode(sha256(convert_to($1, 'UTF8')), 'hex'), now() + $2::text::interval FROM users WHERE username = 'user'";
    client.execute(insert, &[&token, &"48 hours"]).await.expect("a link");
    client.execute(insert, &[&"expired", &"-1 second"]).await.expect("a link");
    let browser = console.browser();
    assert_eq!(browser.get("/password/expired").await.status, 410);
    assert_eq!(browser.get("/password/unknown").await.status, 404);
    let path = format!("/password/{token}");
    let page = browser.get(&path).await;
    assert_eq!(page.status, 200);
    let csrf = page.value("csrf_token").expect("a token");
    for (password, again) in
        [("short", "short"), ("a new password of mine", "another one of mine"), ("user@example.com", "user@example.com")]
    {
        let answer = browser.post_with(&path, &csrf, &[("password", password), ("password_again", again)]).await;
        assert_eq!(answer.status, 422, "{password}");
    }
    let new = [("password", "a new password of mine"), ("password_again", "a new password of mine")];
    let sends = (0..3).map(|_| browser.post_with(&path, &csrf, &new));
    let mut statuses: Vec<u16> = futures_util::future::join_all(sends).await.into_iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 410, 410], "used once, whoever is quickest");
    assert_eq!(browser.get(&path).await.status, 410);
    assert_eq!(user.get("/account").await.status, 303, "the old sessions have ended");
    assert_eq!(attempt(&browser, "user", PASSWORD).await.status, 422);
    assert_eq!(attempt(&browser, "user", "a new password of mine").await.status, 303);
}
