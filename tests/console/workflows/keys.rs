//! How are API keys issued, replaced and stopped?

use nexus_console::{
    auth::policy::Action,
    db::value::Value,
    workflows::{ShownOnce, WorkflowError, api_key},
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::desk::{Desk, fields};

const NIGHTLY: [(&str, &str); 2] = [("key_name", "nightly"), ("permissions", "[\"accounts:read\", \"transactions:create\"]")];

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_shown_once_and_kept_hashed() {
    let desk = Desk::open().await;
    let id = Uuid::now_v7();
    let issued = desk.create("user", "api_keys", id, &NIGHTLY).await.expect("issued");
    let Some(ShownOnce::ApiKey(key)) = &issued.shown_once else { panic!("no key: {issued:?}") };
    assert!(key.starts_with("nxk_") && key.len() == 50, "{key}");
    assert!(api_key::is_well_formed(key));
    let swapped = key.replacen(&key[10..11], if &key[10..11] == "a" { "b" } else { "a" }, 1);
    assert!(!api_key::is_well_formed(&swapped) && !api_key::is_well_formed(&key[..49]) && !api_key::is_well_formed("nxk_é"));
    let kept = desk.text("SELECT key_hash FROM api_keys WHERE id = $1", id).await;
    assert_eq!(kept, Some(hex::encode(Sha256::digest(key))));
    assert_eq!(desk.record("api_keys", id).await.value("user_id"), &Value::Uuid(desk.id_of("user").await));

    let everything =
        desk.owner.query_one("SELECT string_agg(l::text, ' ') FROM audit_logs l", &[]).await.expect("the log").get::<_, String>(0);
    assert!(everything.contains("key_issued"));
    assert!(!everything.contains(key.as_str()) && !everything.contains(kept.as_deref().expect("a hash")));

    let again = desk.create("user", "api_keys", id, &NIGHTLY).await.expect("the same answer");
    assert!(again.shown_once.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_never_may_more_than_its_user() {
    let desk = Desk::open().await;
    for permissions in ["[\"users:read\"]", "[\"transactions:edit\"]", "[\"nothing:read\"]", "[\"accounts\"]", "[\"accounts:fly\"]"] {
        let typed = [("key_name", "greedy"), ("permissions", permissions)];
        let refused = desk.create("user", "api_keys", Uuid::now_v7(), &typed).await.expect_err(permissions);
        assert_eq!(fields(&refused), ["permissions"], "{permissions}");
    }
    let manager = desk.id_of("manager").await.to_string();
    let for_another = [NIGHTLY[0], NIGHTLY[1], ("user_id", manager.as_str())];
    let refused = desk.create("user", "api_keys", Uuid::now_v7(), &for_another).await.expect_err("not for others");
    assert_eq!(fields(&refused), ["user_id"]);
    let id = Uuid::now_v7();
    desk.create("admin", "api_keys", id, &for_another).await.expect("an administrator may");
    let widened = desk.save("admin", "api_keys", id, &[("permissions", "[\"users:edit\"]")]).await.expect_err("beyond a manager");
    assert_eq!(fields(&widened), ["permissions"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_key_is_replaced_at_once() {
    let desk = Desk::open().await;
    let old = Uuid::now_v7();
    desk.create("user", "api_keys", old, &[NIGHTLY[0], NIGHTLY[1], ("expires_at", "2099-01-01 00:00")]).await.expect("issued");
    let strange = desk.act("manager", "api_keys", Action::Rotate, old, None).await;
    assert!(matches!(strange, Err(WorkflowError::Store(_))), "{strange:?}");
    let rotated = desk.act("user", "api_keys", Action::Rotate, old, None).await.expect("rotated");
    assert!(matches!(rotated.shown_once, Some(ShownOnce::ApiKey(_))));
    assert_ne!(rotated.id, old);
    assert_eq!(desk.record("api_keys", old).await.value("is_active"), &Value::Bool(false));
    let new = desk.record("api_keys", rotated.id).await;
    assert_eq!(new.value("is_active"), &Value::Bool(true));
    assert_eq!(new.value("permissions"), desk.record("api_keys", old).await.value("permissions"));
    assert!(!new.value("expires_at").is_null());
    assert!(matches!(desk.act("user", "api_keys", Action::Rotate, old, None).await, Err(WorkflowError::Conflict(_))));
    desk.act("user", "api_keys", Action::Revoke, rotated.id, None).await.expect("revoked");
    assert!(matches!(desk.act("user", "api_keys", Action::Revoke, rotated.id, None).await, Err(WorkflowError::Conflict(_))));
}
