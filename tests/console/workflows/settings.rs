//! How are settings kept that nobody may read, and those that everything rests on?

use nexus_console::{
    auth::policy::Action,
    db::value::Value,
    resource::Registry,
    tables::TABLES,
    workflows::{self, WorkflowError, setting},
};
use uuid::Uuid;

use super::desk::{Desk, KEYS, keys, refused, table};

const VALUE: &str = "SELECT setting_value::text FROM system_settings WHERE id = $1";

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_setting_is_readable_with_the_keys_alone() {
    let desk = Desk::open().await;
    let id = Uuid::now_v7();
    let typed =
        [("setting_key", "smtp_password"), ("setting_value", "\"hunter2 é\""), ("setting_type", "string"), ("is_encrypted", "true")];
    desk.create("admin", "system_settings", id, &typed).await.expect("made");
    let stored = desk.text(VALUE, id).await.expect("a value");
    assert!(stored.starts_with("\"enc:v1:"), "{stored}");
    assert_eq!(setting::decrypt(&desk.keys, id, &stored).expect("opens"), "\"hunter2 é\"");
    assert!(setting::decrypt(&desk.keys, Uuid::nil(), &stored).is_err(), "bound to its setting");
    let newer = format!("{}{KEYS}", "ff".repeat(32) + ",");
    assert!(setting::decrypt(&keys(&newer), id, &stored).is_ok(), "older keys still open it");
    assert!(setting::decrypt(&keys(&"ff".repeat(32)), id, &stored).is_err());
    let record = desk.record("system_settings", id).await;
    assert!(record.value("setting_value").is_null(), "no statement reads it");

    assert_eq!(refused(table("system_settings"), Some(&record), &[("is_encrypted", "false")]), ["setting_value"]);
    desk.save("admin", "system_settings", id, &[("description", "For mail"), ("setting_value", "")]).await.expect("saved");
    assert_eq!(desk.text(VALUE, id).await.as_deref(), Some(stored.as_str()), "an empty field keeps it");
    desk.save("admin", "system_settings", id, &[("is_encrypted", "false"), ("setting_value", "\"plain\"")]).await.expect("opened");
    assert_eq!(desk.text(VALUE, id).await.as_deref(), Some("\"plain\""));
    desk.save("admin", "system_settings", id, &[("is_encrypted", "true")]).await.expect("closed again");
    let stored = desk.text(VALUE, id).await.expect("a value");
    assert_eq!(setting::decrypt(&desk.keys, id, &stored).expect("opens"), "\"plain\"");

    let log = desk.owner.query_one("SELECT string_agg(l::text, ' ') FROM audit_logs l", &[]).await.expect("the log").get::<_, String>(0);
    assert!(!log.contains("hunter2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn auditing_cannot_be_switched_off() {
    let desk = Desk::open().await;
    let id_of = async |key: &str| {
        desk.owner.query_one("SELECT id FROM system_settings WHERE setting_key = $1", &[&key]).await.expect("seeded").get::<_, Uuid>(0)
    };
    let settings = table("system_settings");
    let auditing = desk.record("system_settings", id_of("enable_audit_logging").await).await;
    assert_eq!(refused(settings, Some(&auditing), &[("setting_value", "false")]), ["setting_value"]);
    assert_eq!(refused(settings, Some(&auditing), &[("is_active", "false")]), ["is_active"]);
    assert_eq!(refused(settings, Some(&auditing), &[("is_encrypted", "true")]), ["is_encrypted"]);

    let admin = desk.actor("admin").await;
    let grant = admin.authorize(Action::Delete, settings).expect("may");
    let registry = Registry::new(TABLES.iter().copied());
    let write = desk.write(&admin).await;
    let deleted = workflows::delete(&write, &registry, &grant, auditing.id).await;
    assert!(matches!(deleted, Err(WorkflowError::Forbidden(_))), "{deleted:?}");
    drop(write);

    let attempts = desk.record("system_settings", id_of("max_login_attempts").await).await;
    for bad in ["2", "21", "\"5\"", "5.5", "null", ""] {
        assert_eq!(refused(settings, Some(&attempts), &[("setting_value", bad)]), ["setting_value"], "{bad}");
    }
    desk.save("admin", "system_settings", attempts.id, &[("setting_value", "4")]).await.expect("saved");
    assert_eq!(desk.record("system_settings", attempts.id).await.value("setting_value"), &Value::Json("4".to_owned()));
}
