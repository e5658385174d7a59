//! How do users begin and stop, and their sessions and notifications with them?

use nexus_console::{
    auth::policy::Action,
    db::value::Value,
    workflows::{ShownOnce, WorkflowError, session, user},
};
use uuid::Uuid;

use super::desk::{Desk, fields, table};

const NEW: [(&str, &str); 5] =
    [("username", "kwame"), ("full_name", "Kwame Asante"), ("email", "kwame@example.com"), ("role", "user"), ("is_verified", "false")];

#[tokio::test(flavor = "multi_thread")]
async fn a_user_begins_with_a_link_shown_once() {
    let desk = Desk::open().await;
    let id = Uuid::now_v7();
    let made = desk.create("admin", "users", id, &NEW).await.expect("made");
    let Some(ShownOnce::PasswordLink(path)) = &made.shown_once else { panic!("no link: {made:?}") };
    assert!(path.starts_with("/password/"), "{path}");
    assert!(!format!("{made:?}").contains(path.as_str()));
    assert_eq!(desk.text("SELECT password_hash FROM users WHERE id = $1", id).await.as_deref(), Some("!none"));
    assert_eq!(desk.text("SELECT count(*)::text FROM one_time_links WHERE user_id = $1", id).await.as_deref(), Some("1"));

    let again = desk.create("admin", "users", id, &NEW).await.expect("the same answer");
    assert_eq!(again.id, id);
    assert!(again.shown_once.is_none());
    let mut other = NEW;
    other[1].1 = "Somebody Else";
    assert!(matches!(desk.create("admin", "users", id, &other).await, Err(WorkflowError::Invalid(_))));
    let taken = desk.create("admin", "users", Uuid::now_v7(), &NEW).await.expect_err("taken");
    assert_eq!(fields(&taken), ["username"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_administrator_stays() {
    let desk = Desk::open().await;
    let admin = desk.id_of("admin").await;
    let demoted = desk.save("admin", "users", admin, &[("role", "viewer")]).await.expect_err("refused");
    assert_eq!(fields(&demoted), ["role"]);
    assert!(matches!(desk.act("admin", "users", Action::Deactivate, admin, None).await, Err(WorkflowError::Invalid(_))));
    desk.save("admin", "users", desk.id_of("manager").await, &[("role", "admin")]).await.expect("promoted");
    desk.save("admin", "users", admin, &[("role", "viewer")]).await.expect("now somebody else is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deactivation_counts_first_and_ends_everything() {
    let desk = Desk::open().await;
    let id = desk.id_of("user").await;
    desk.account("user", "1001").await;
    desk.create("user", "api_keys", Uuid::now_v7(), &[("key_name", "nightly"), ("permissions", "[\"accounts:read\"]")])
        .await
        .expect("a key");
    for device in ["a", "b"] {
        desk.owner
            .execute(
                "INSERT INTO user_sessions (user_id, session_token, refresh_token, expires_at) VALUES ($1, $2, $2, now() + interval '1 hour')",
                &[&id, &device],
            )
            .await
            .expect("a session");
    }
    let counted = user::consequences(&desk.read().await, &[id]).await.expect("counted");
    assert_eq!(counted, user::Consequences { sessions: 2, keys: 1, accounts: 1, pending: 0 });

    let done = desk.act("admin", "users", Action::Deactivate, id, None).await.expect("deactivated");
    assert_eq!(done.message, "Deactivated Yusuf Demir: 2 sessions and 1 API key ended.");
    let left = user::consequences(&desk.read().await, &[id]).await.expect("counted");
    assert_eq!((left.sessions, left.keys), (0, 0));
    assert!(matches!(desk.act("admin", "users", Action::Deactivate, id, None).await, Err(WorkflowError::Conflict(_))));
    assert!(matches!(desk.act("admin", "users", Action::SendPasswordLink, id, None).await, Err(WorkflowError::Conflict(_))));
    desk.save("admin", "users", id, &[("is_active", "true")]).await.expect("back again");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_session_ends_or_all_of_a_user() {
    let desk = Desk::open().await;
    let user = desk.id_of("user").await;
    let mut sessions = Vec::new();
    for device in ["a", "b", "c"] {
        let row = desk
            .owner
            .query_one(
                "INSERT INTO user_sessions (user_id, session_token, refresh_token, expires_at) VALUES ($1, $2, $2, now() + interval '1 hour') RETURNING id",
                &[&user, &device],
            )
            .await
            .expect("a session");
        sessions.push(row.get::<_, Uuid>(0));
    }
    let strange = desk.act("viewer", "user_sessions", Action::Revoke, sessions[0], None).await.expect_err("not theirs");
    assert!(matches!(strange, WorkflowError::Store(_)), "{strange:?}");
    desk.act("user", "user_sessions", Action::Revoke, sessions[0], None).await.expect("revoked");
    assert!(matches!(desk.act("user", "user_sessions", Action::Revoke, sessions[0], None).await, Err(WorkflowError::Conflict(_))));

    let admin = desk.actor("admin").await;
    let grant = admin.authorize(Action::Revoke, table("user_sessions")).expect("may");
    let write = desk.write(&admin).await;
    let done = session::revoke(&write, &grant, sessions[1], session::Reach::AllOfUser).await.expect("revoked");
    write.commit().await.expect("kept");
    assert_eq!(done.message, "Revoked 2 sessions.");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_goes_to_one_a_role_or_all_and_only_its_reader_reads_it() {
    let desk = Desk::open().await;
    let text = [("title", "Maintenance"), ("message", "On Sunday."), ("notification_type", "warning"), ("is_urgent", "true")];
    let with = |more: &[(&'static str, &'static str)]| [&text[..], more].concat();

    let id = Uuid::now_v7();
    let to_role = with(&[("to", "role"), ("role", "manager")]);
    assert_eq!(desk.create("admin", "notifications", id, &to_role).await.expect("sent").message, "Sent the notification to 2 users.");
    desk.create("admin", "notifications", id, &to_role).await.expect("the same answer");
    let sent = desk.owner.query_one("SELECT count(*) FROM notifications", &[]).await.expect("counted").get::<_, i64>(0);
    assert_eq!(sent, 2);
    let all = desk.create("admin", "notifications", Uuid::now_v7(), &with(&[("to", "all")])).await.expect("sent");
    assert_eq!(all.message, "Sent the notification to 6 users.");

    let viewer = desk.id_of("viewer").await.to_string();
    let one = Uuid::now_v7();
    desk.create("admin", "notifications", one, &[&text[..], &[("to", "one"), ("user_id", &viewer)]].concat()).await.expect("sent");
    assert!(matches!(desk.act("admin", "notifications", Action::MarkRead, one, None).await, Err(WorkflowError::Forbidden(_))));
    desk.act("viewer", "notifications", Action::MarkRead, one, None).await.expect("read");
    assert_eq!(desk.record("notifications", one).await.value("is_read"), &Value::Bool(true));
}
