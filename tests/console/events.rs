//! Is everything that happens in the trail, with who, how it ended and from where, and does nothing happen that is not?

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio_postgres::Client;

use super::{
    forms::id_of,
    support::{Browser, Console, PASSWORD, console, stock, stocked_database},
};

/// What the events of one action say, each as "actor outcome details", oldest first.
async fn told(client: &Client, action: &str, details: &str) -> Vec<String> {
    let text = format!(
        "SELECT d.actor_kind || ':' || d.actor_name || ' ' || coalesce(d.outcome, 'nothing') || ' ' || coalesce({details}, '-') \
           FROM audit_logs l JOIN audit_details d ON d.log = 'audit_logs' AND d.entry_id = l.id \
          WHERE l.entity_type = 'event' AND l.action = $1 ORDER BY l.created_at, d.actor_name, 1"
    );
    client.query(&text, &[&action]).await.expect("the log").iter().map(|row| row.get(0)).collect()
}

async fn count(client: &Client, text: &str) -> i64 {
    client.query_one(text, &[]).await.unwrap_or_else(|error| panic!("{text}: {error}")).get(0)
}

async fn sign_in(browser: &Browser, username: &str, password: &str) -> u16 {
    let token = browser.get("/login").await.value("csrf_token").expect("a token");
    browser.post_with("/login", &token, &[("username", username), ("password", password)]).await.status
}

fn tell(console: &Console, signal: Signal) {
    let id = console.process.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)).expect("it runs");
    kill_process(id, signal).expect("it is told");
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_happens_is_told_with_its_outcome() {
    let console = console(stocked_database().await).await;
    let client = console.database.as_owner().await;
    let of_manager2 = id_of(&console, "manager2").await;
    let (admin, auditor) = (console.signed_in("admin").await, console.signed_in("auditor").await);

    let viewer = console.signed_in("viewer").await;
    let elsewhere = console.signed_in("viewer").await;
    assert_eq!(sign_in(&console.browser(), "viewer", "not it").await, 422);
    assert_eq!(viewer.post("/account/sessions/revoke-others", &[]).await.status, 303);
    assert_eq!(elsewhere.get("/account").await.status, 303, "its session has ended");
    assert_eq!(viewer.post("/logout", &[]).await.status, 303);
    assert_eq!(told(&client, "login_failed", "l.new_values ->> 'username'").await, ["system:login failed viewer"]);
    assert_eq!(told(&client, "logout", "l.context").await, ["user:viewer ok console"]);

    let revoke = |table: &str, username: &str| format!("/tables/{table}/{}/revoke", stock::of(table, username));
    assert_eq!(admin.post(&revoke("user_sessions", "user"), &[]).await.status, 303);
    assert_eq!(admin.post(&format!("/tables/users/{of_manager2}/deactivate"), &[]).await.status, 303);
    assert_eq!(admin.post("/account/password", &password("a longer sentence than before")).await.status, 303);
    let why = "l.new_values ->> 'why' || ' ' || (l.new_values ->> 'ended')";
    let revoked = told(&client, "session_revoked", why).await;
    // The stock gave each of them a session; the viewer had another.
    assert_eq!(
        revoked,
        ["user:viewer ok own 2", "user:admin ok revoked 1", "user:admin ok user_deactivated 1", "user:admin ok password_changed 1"]
    );
    assert_eq!(told(&client, "password_changed", "NULL::text").await, ["user:admin ok -"]);

    assert_eq!(admin.post(&format!("/tables/api_keys/{}/rotate", stock::of("api_keys", "manager")), &[]).await.status, 200);
    assert_eq!(admin.post(&revoke("api_keys", "user"), &[]).await.status, 303);
    let key = "l.new_values ->> 'key_name'";
    assert_eq!(told(&client, "key_issued", key).await, ["user:admin ok Key stranger manager"]);
    assert_eq!(told(&client, "key_rotated", key).await, ["user:admin ok Key stranger manager"]);
    let ended = told(&client, "key_revoked", "l.new_values ->> 'why' || ' ' || (l.new_values ->> 'key_name')").await;
    assert_eq!(ended, ["user:admin ok user_deactivated Key stranger manager2", "user:admin ok revoked Key mine user"]);

    let user = console.signed_in("user").await;
    for path in ["/tables/users", "/tables/users/export.csv", "/tables/users", "/audit/coverage", "/tables/users"] {
        assert_eq!(user.get(path).await.status, 403, "{path}");
    }
    let refused = "(l.new_values ->> 'action') || ' ' || (l.new_values ->> 'table') || ' ' || (l.new_values ->> 'path') || ' ' || (l.new_values ->> 'times')";
    assert_eq!(
        told(&client, "permission_refused", refused).await,
        [
            "user:user refused read users /tables/users 1",
            "user:user refused export users /tables/users/export.csv 1",
            "user:user refused read audit_logs /audit/coverage 1"
        ],
        "the first at once, those like it are counted"
    );

    assert_eq!(auditor.get("/tables/transactions/export.csv").await.status, 200);
    assert_eq!(told(&client, "export", "l.new_values ->> 'table'").await, ["user:auditor ok transactions"]);
    assert!(told(&client, "log_read", "NULL").await.is_empty(), "nobody has");
    let history = format!("/tables/users/{of_manager2}/history");
    for path in ["/tables/audit_logs?action=login", "/tables/audit_logs", history.as_str(), "/tables/ssot_audit_logs/export.csv"] {
        assert_eq!(auditor.get(path).await.status, 200, "{path}");
    }
    let manager = console.signed_in("manager").await;
    assert_eq!(manager.get("/tables/audit_logs").await.status, 403, "who is not let in has read nothing");
    assert_eq!(manager.get(&history).await.status, 200);
    let read = told(&client, "log_read", "l.new_values ->> 'path'").await;
    assert_eq!(read, ["user:auditor ok /tables/audit_logs".to_owned(), format!("user:manager ok {history}")], "once a session and hour");

    let silent = "SELECT count(*) FROM audit_logs l JOIN audit_details d ON d.log = 'audit_logs' AND d.entry_id = l.id \
                  WHERE (l.entity_type = 'event' OR d.actor_kind IN ('user', 'system')) AND d.outcome IS NULL \
                    AND NOT (l.action = 'migration' AND l.new_values ->> 'version' = '1')";
    assert_eq!(
        count(&client, silent).await,
        0,
        "whatever is written says how it ended, but for the entry from before there was a place for it"
    );
    let nowhere = "SELECT count(*) FROM audit_logs l JOIN audit_details d ON d.log = 'audit_logs' AND d.entry_id = l.id \
                   WHERE d.actor_kind = 'user' AND (d.request_id IS NULL OR d.session_id IS NULL OR l.ip_address IS NULL OR l.context IS NULL)";
    assert_eq!(count(&client, nowhere).await, 0, "and whose request it was");
}

fn password(new: &str) -> [(&str, &str); 3] {
    [("current_password", PASSWORD), ("new_password", new), ("new_password_again", new)]
}

/// No event gets into the log, whoever writes it.
const BLOCKED: &str = "
    CREATE FUNCTION public.blocked() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the log takes no event'; END $$;
    CREATE TRIGGER blocked BEFORE INSERT ON audit_logs FOR EACH ROW WHEN (NEW.entity_type = 'event') EXECUTE FUNCTION public.blocked()";

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_written_down_does_not_happen() {
    let console = console(stocked_database().await).await;
    let client = console.database.as_owner().await;
    let (admin, auditor, user) = (console.signed_in("admin").await, console.signed_in("auditor").await, console.signed_in("user").await);
    let state = async || {
        let alive = "SELECT count(*) FILTER (WHERE is_active) * 1000 + count(*) FROM user_sessions";
        let keys = "SELECT count(*) FROM api_keys WHERE is_active";
        let users = "SELECT count(*) FROM users WHERE is_active";
        (count(&client, alive).await, count(&client, keys).await, count(&client, users).await)
    };
    let before = state().await;
    client.batch_execute(BLOCKED).await.expect("the log is blocked");

    assert_eq!(sign_in(&console.browser(), "viewer", PASSWORD).await, 500);
    assert_eq!(sign_in(&console.browser(), "viewer", "not it").await, 500, "a failure is not told as one either");
    let left = user.post("/logout", &[]).await;
    assert_eq!(left.status, 500);
    assert_eq!(user.get("/account").await.status, 200, "still signed in, as the page said that something failed");
    assert_eq!(user.post("/account/sessions/revoke-others", &[]).await.status, 500);
    for (table, username, verb) in
        [("user_sessions", "viewer", "revoke"), ("api_keys", "user", "revoke"), ("api_keys", "manager", "rotate")]
    {
        assert_eq!(admin.post(&format!("/tables/{table}/{}/{verb}", stock::of(table, username)), &[]).await.status, 500, "{table} {verb}");
    }
    assert_eq!(admin.post(&format!("/tables/users/{}/deactivate", id_of(&console, "manager2").await), &[]).await.status, 500);
    for path in ["/tables/transactions/export.csv", "/tables/audit_logs", "/tables/audit_logs/export.jsonl", "/tables/users/export.csv"] {
        let browser = if path.contains("users") { &admin } else { &auditor };
        let answer = browser.get(path).await;
        assert_eq!(answer.status, 500, "{path}");
        assert!(
            answer.has("main h1") && !answer.body.contains("Program stranger") && !answer.body.contains("T-mine-user"),
            "{path} shows nothing"
        );
    }
    assert_eq!(auditor.get("/tables/api_keys/new").await.status, 403, "a refusal stands, told or not");
    assert_eq!(state().await, before, "nothing has happened");

    client.batch_execute("DROP TRIGGER blocked ON audit_logs").await.expect("the log is open again");
    assert_eq!(auditor.get("/tables/audit_logs").await.status, 200);
    assert_eq!(auditor.get("/tables/api_keys/new").await.status, 403);
    assert_eq!(user.post("/logout", &[]).await.status, 303);
    let since = "SELECT string_agg(action, ' ' ORDER BY created_at) FROM audit_logs WHERE action IN ('log_read', 'permission_refused', 'logout', 'session_revoked', 'export')";
    let told: String = client.query_one(since, &[]).await.expect("the log").get(0);
    assert_eq!(told, "log_read permission_refused logout");
}

#[tokio::test(flavor = "multi_thread")]
async fn starts_stops_and_kills_are_told_and_what_was_only_counted() {
    let database = stocked_database().await;
    let client = database.as_owner().await;
    let mut first = console(database.clone()).await;
    first.process.kill().await.expect("it is killed");
    let mut second = console(database).await;
    let run = "l.new_values ->> 'run'";
    let (started, killed) = (told(&client, "server_started", run).await, told(&client, "server_killed", run).await);
    assert_eq!(started.len(), 2);
    assert_eq!(killed, [started[0].replace(" ok ", " failed ")], "the start after it names the one that nobody saw stop");

    let user = second.signed_in("user").await;
    for _ in 0..3 {
        assert_eq!(user.get("/tables/users").await.status, 403);
    }
    tell(&second, Signal::TERM);
    let ended = tokio::time::timeout(Duration::from_secs(20), second.process.wait()).await.expect("it ends").expect("its status");
    assert!(ended.success(), "{ended}");
    assert_eq!(told(&client, "server_stopped", run).await, [started[1].clone()]);
    assert_eq!(told(&client, "permission_refused", "l.new_values ->> 'times'").await, ["user:user refused 1", "user:user refused 2"]);
    assert!(!second.data_dir.join("running").exists(), "the next start follows a stop");
}
