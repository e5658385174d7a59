//! Which forms does a table refuse before anything is written?

use chrono::{TimeDelta, Utc};
use uuid::Uuid;

use super::desk::{Desk, refused, table};

fn days_from_now(days: i64) -> String {
    (Utc::now() + TimeDelta::days(days)).to_rfc3339()
}

#[test]
fn each_table_names_the_field() {
    let id = Uuid::nil().to_string();
    let (past, soon, far) = (days_from_now(-1), days_from_now(90), days_from_now(366));
    let alias = |kind, expires| {
        [("alias_name", "user-api"), ("context", "frontend"), ("contract_id", id.as_str()), ("alias_type", kind), ("expires_at", expires)]
    };
    let aliases = table("ssot_api_aliases");
    assert!(refused(aliases, None, &alias("permanent", "")).is_empty());
    assert!(refused(aliases, None, &alias("temporary", &soon)).is_empty());
    for (kind, expires) in [("temporary", ""), ("temporary", past.as_str()), ("temporary", far.as_str()), ("permanent", soon.as_str())] {
        assert_eq!(refused(aliases, None, &alias(kind, expires)), ["expires_at"], "{kind} {expires}");
    }

    let payment = |kind, amount| [("account_id", id.as_str()), ("transaction_type", kind), ("amount", amount)];
    let transactions = table("transactions");
    assert!(refused(transactions, None, &payment("payment", "0.01")).is_empty());
    for amount in ["0", "-1", "1.234", "1e3", "9999999999999999", ""] {
        assert_eq!(refused(transactions, None, &payment("payment", amount)), ["amount"], "{amount}");
    }
    assert_eq!(refused(transactions, None, &payment("transfer", "1")), ["transaction_type"], "no transfer in the plain form");

    let rule = |config| [("rule_name", "new_rule"), ("rule_type", "validation"), ("rule_config", config)];
    let rules = table("ssot_governance_rules");
    assert!(refused(rules, None, &rule("{\"days\": 3}")).is_empty());
    for config in ["[]", "3", "null", "{", ""] {
        assert_eq!(refused(rules, None, &rule(config)), ["rule_config"], "{config}");
    }

    let key = |permissions, expires| [("key_name", "k"), ("permissions", permissions), ("expires_at", expires)];
    let keys = table("api_keys");
    assert!(refused(keys, None, &key("[]", "")).is_empty());
    assert_eq!(refused(keys, None, &key("{}", &past)), ["permissions", "expires_at"]);
    assert_eq!(refused(keys, None, &key("[1]", "")), ["permissions"]);

    let notice = |to| [("to", to), ("title", "t"), ("message", "m"), ("notification_type", "info"), ("is_urgent", "false")];
    let notifications = table("notifications");
    assert!(refused(notifications, None, &notice("all")).is_empty());
    assert_eq!(refused(notifications, None, &notice("one")), ["user_id"]);
    assert_eq!(refused(notifications, None, &notice("role")), ["role"]);
    assert_eq!(refused(notifications, None, &notice("nobody")), ["to"]);

    let setting = |kind, value| [("setting_key", "k"), ("setting_type", kind), ("setting_value", value)];
    let settings = table("system_settings");
    for (kind, good, bad) in
        [("string", "\"a\"", "1"), ("integer", "7", "7.5"), ("boolean", "true", "\"true\""), ("object", "{}", "[]"), ("array", "[]", "{}")]
    {
        assert!(refused(settings, None, &setting(kind, good)).is_empty(), "{kind}");
        assert_eq!(refused(settings, None, &setting(kind, bad)), ["setting_value"], "{kind}");
    }
    assert!(refused(settings, None, &setting("anything", "[1]")).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contract_goes_one_way_only() {
    let desk = Desk::open().await;
    let id = Uuid::now_v7();
    let typed = [("canonical_name", "ledger-api"), ("version", "v1.0.0"), ("base_url", "https://api.example.com/ledger")];
    desk.create("manager", "ssot_api_contracts", id, &typed).await.expect("made");
    let contracts = table("ssot_api_contracts");
    for (from, open, closed) in [
        ("active", "deprecated", &["archived"][..]),
        ("deprecated", "archived", &["active"]),
        ("archived", "archived", &["active", "deprecated"]),
    ] {
        let record = desk.record("ssot_api_contracts", id).await;
        assert_eq!(record.value("status").as_text(), Some(from));
        for status in closed {
            assert_eq!(refused(contracts, Some(&record), &[("status", status)]), ["status"], "{from} to {status}");
        }
        desk.save("manager", "ssot_api_contracts", id, &[("status", open)]).await.expect("the next step");
    }
    let maker = desk.text("SELECT created_by || '/' || updated_by FROM ssot_api_contracts WHERE id = $1", id).await;
    assert_eq!(maker.as_deref(), Some("manager/manager"));
}
