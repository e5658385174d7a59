//! Is a record made once, and changed only as its editor saw it?

use nexus_console::{
    auth::policy::Action,
    db::{pool::DatabaseError, value::Value},
    resource::store::{self, StoreError},
    workflows::{self, WorkflowError},
};
use uuid::Uuid;

use super::desk::{Desk, fields, table};

#[tokio::test(flavor = "multi_thread")]
async fn two_sendings_at_once_make_one_record() {
    let desk = Desk::open().await;
    let account = desk.account("user", "1001").await.to_string();
    let id = Uuid::now_v7();
    let typed = [("account_id", account.as_str()), ("transaction_type", "deposit"), ("amount", "10.00"), ("reference_number", "twice")];
    let (first, second) =
        tokio::join!(desk.create("manager", "transactions", id, &typed), desk.create("manager", "transactions", id, &typed));
    assert_eq!((first.expect("made").id, second.expect("the same answer").id), (id, id));
    let made = desk.owner.query_one("SELECT count(*) FROM transactions WHERE reference_number = 'twice'", &[]).await.expect("counted");
    assert_eq!(made.get::<_, i64>(0), 1);
    let strange = desk.create("admin", "transactions", id, &typed).await;
    assert!(matches!(strange, Err(WorkflowError::Invalid(_))), "somebody else's form: {strange:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_of_two_editors_hears_of_the_first() {
    let desk = Desk::open().await;
    let id = desk.account("user", "1001").await;
    let seen = desk.record("accounts", id).await.version();
    desk.save("admin", "accounts", id, &[("account_name", "Theirs")]).await.expect("saved");
    let manager = desk.actor("manager").await;
    let accounts = table("accounts");
    let grant = manager.authorize(Action::Edit, accounts).expect("may");
    let mine = [(accounts.column("account_name").expect("a column"), Value::Text("Mine".to_owned()))];
    let write = desk.write(&manager).await;
    let late = workflows::save(&write, &manager, &grant, &desk.keys, id, &seen, &mine).await.expect_err("late");
    let WorkflowError::Store(StoreError::Changed(theirs)) = late else { panic!("{late:?}") };
    assert_eq!(theirs.value("account_name").as_text(), Some("Theirs"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duplicate_is_told_at_its_field() {
    let desk = Desk::open().await;
    desk.account("user", "1001").await;
    let owner = desk.id_of("user").await.to_string();
    let typed = [
        ("account_name", "Another"),
        ("account_number", "1001"),
        ("user_id", owner.as_str()),
        ("account_type", "savings"),
        ("currency", "USD"),
    ];
    let taken = desk.create("admin", "accounts", Uuid::now_v7(), &typed).await.expect_err("taken");
    assert_eq!(fields(&taken), ["account_number"]);
    let contract: Uuid = desk
        .owner
        .query_one("SELECT id FROM ssot_api_contracts WHERE canonical_name = 'monitoring-api'", &[])
        .await
        .expect("seeded")
        .get(0);
    let contract = contract.to_string();
    let alias = [("contract_id", contract.as_str()), ("alias_name", "user-api"), ("context", "frontend"), ("alias_type", "permanent")];
    let taken = desk.create("admin", "ssot_api_aliases", Uuid::now_v7(), &alias).await.expect_err("taken");
    assert_eq!(fields(&taken), ["alias_name", "context"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_old_rows_keeps_its_secrets() {
    let desk = Desk::open().await;
    desk.owner
        .execute(
            "INSERT INTO audit_logs (entity_type, entity_id, action, old_values, new_values) VALUES \
             ('users', $1, 'UPDATE', '{\"username\": \"old\", \"password_hash\": \"CANARY\"}', '[\"CANARY-not-an-object\"]'), \
             ('system_settings', $1, 'UPDATE', '{\"setting_value\": \"CANARY\", \"is_encrypted\": true}', '{\"setting_value\": \"shown\", \"is_encrypted\": false}')",
            &[&Uuid::from_u128(7)],
        )
        .await
        .expect("old entries");
    let auditor = desk.actor("auditor").await;
    let grant = auditor.authorize(Action::Read, table("audit_logs")).expect("may read");
    let ids = desk.owner.query("SELECT id FROM audit_logs WHERE entity_id = $1", &[&Uuid::from_u128(7)]).await.expect("both");
    let mut shown = String::new();
    for row in ids {
        let record = store::record(&desk.read().await, &grant, row.get(0)).await.expect("an entry");
        shown.push_str(&format!("{} {}\n", record.value("old_values"), record.value("new_values")));
    }
    assert!(!shown.contains("\"CANARY\""), "{shown}");
    assert!(shown.contains("\"old\"") && shown.contains("is_encrypted"), "{shown}");
    assert!(!shown.contains("shown"), "a value that was secret on either side stays secret on both: {shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_in_its_middle_is_never_said_to_be_kept() {
    let desk = Desk::open().await;
    let admin = desk.actor("admin").await;
    let write = desk.write(&admin).await;
    let rename = "UPDATE users SET full_name = 'Somebody Else' WHERE username = 'viewer'";
    assert_eq!(write.execute(rename, &[]).await.expect("changed"), 1);
    // Whoever overlooks this error must not be told that all went well.
    let overlooked = write.execute("UPDATE users SET email = NULL WHERE username = 'viewer'", &[]).await;
    assert!(matches!(overlooked, Err(DatabaseError::Violation(_))), "{overlooked:?}");
    assert!(write.commit().await.is_err());
    let kept = desk.owner.query_one("SELECT count(*) FROM users WHERE full_name = 'Somebody Else'", &[]).await.expect("a count");
    assert_eq!(kept.get::<_, i64>(0), 0);
}
