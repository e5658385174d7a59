//! Is whatever was there still there, to the byte, and nothing but the console's own beside it?

use std::collections::{BTreeMap, BTreeSet};

use nexus_console::db::{
    adopt::DOCUMENTED,
    fingerprint::fingerprint,
    migrate::{self, MigrateError},
    roles::{self, AppRole},
};

use crate::support::nexus3::{old_database, rows_of, small_database};

/// What an adoption takes away, and puts something of the same name in the place of.
const REPLACED: [&str; 4] = [
    "function log_ssot_changes() returns trigger",
    "function update_updated_at_column() returns trigger",
    "grant EXECUTE on log_ssot_changes() to public",
    "extension",
];

#[tokio::test(flavor = "multi_thread")]
async fn no_row_and_nothing_of_anybodys_is_touched() {
    let database = old_database().await;
    let mut owner = database.as_owner().await;
    let rows = rows_of(&owner).await;
    assert!(rows.values().map(BTreeMap::len).sum::<usize>() > 50_000, "it is an old database");
    assert!(DOCUMENTED.iter().all(|table| rows[*table].len() >= 18), "every table has its odd rows");
    let schema = fingerprint(&owner).await.expect("a fingerprint");

    let applied = migrate::up(&mut owner).await.expect("adopted");
    assert_eq!(roles::ensure(&owner).await.expect("roles"), AppRole::Own);

    let after = rows_of(&owner).await;
    for (table, before) in &rows {
        let changed: Vec<_> = before.iter().filter(|(place, digest)| after[table].get(*place) != Some(digest)).collect();
        assert!(changed.is_empty(), "{table}: {} rows are not what they were, such as {:?}", changed.len(), changed[0]);
        let more = after[table].len() - before.len();
        assert_eq!(more, if table == "audit_logs" { applied.len() } else { 0 }, "{table}: nothing is seeded beside what was there");
    }
    let strange = "SELECT count(*) FROM audit_logs l JOIN audit_details d ON d.log = 'audit_logs' AND d.entry_id = l.id \
                   WHERE l.entity_type <> 'event' OR l.action <> 'migration' OR d.actor_name <> 'migrate'";
    let strange: i64 = owner.query_one(strange, &[]).await.expect("a count").get(0);
    assert_eq!(strange, 0, "the log speaks of the migrations and of nothing else");

    let now: BTreeSet<String> = fingerprint(&owner).await.expect("a fingerprint").lines().map(str::to_owned).collect();
    let gone: Vec<&str> = schema.lines().filter(|line| !now.contains(*line)).collect();
    assert!(gone.iter().all(|line| REPLACED.iter().any(|replaced| line.starts_with(replaced))), "{gone:#?}");
    for line in
        ["relation account_movements v", "relation customer_notes r", "relation schema_migrations r", "index CREATE INDEX users_by_city"]
    {
        assert!(now.iter().any(|known| known.starts_with(line)), "{line}");
    }
    assert!(now.iter().any(|line| line.contains("accounts_user_id_fkey") && line.contains("ON DELETE CASCADE")));
    assert!(now.contains("grant UPDATE on users to nexus_platform"), "the platform keeps its rights");

    assert_eq!(migrate::validate(&mut owner).await.expect("validation"), []);
    assert!(migrate::up(&mut owner).await.expect("once is enough").is_empty());
    for to in [0, 1] {
        assert!(matches!(migrate::down(&mut owner, to).await, Err(MigrateError::Adopted)));
    }
    assert_eq!(after, rows_of(&owner).await, "a refusal to go back changes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_are_absent_are_made() {
    for (dropped, contracts, settings) in [
        ("transactions", 1, 0),
        (
            "system_settings, ssot_api_aliases, ssot_governance_rules, audit_logs, ssot_audit_logs, api_keys, notifications, user_sessions",
            1,
            6,
        ),
        (
            "transactions, accounts, audit_logs, ssot_audit_logs, system_settings, ssot_api_contracts, ssot_api_aliases, ssot_governance_rules, api_keys, notifications, user_sessions",
            5,
            6,
        ),
    ] {
        let database = small_database().await;
        let mut owner = database.as_owner().await;
        owner.batch_execute(&format!("DROP TABLE {dropped} CASCADE")).await.expect("the customer lacks them");
        let rows = rows_of(&owner).await;
        migrate::up(&mut owner).await.unwrap_or_else(|error| panic!("without {dropped}: {error:?}"));
        assert_eq!(roles::ensure(&owner).await.expect("roles"), AppRole::Own);
        assert_eq!(migrate::validate(&mut owner).await.expect("validation"), []);
        let after = rows_of(&owner).await;
        for (table, before) in &rows {
            let seeded = matches!(
                table.as_str(),
                "system_settings" | "ssot_governance_rules" | "ssot_api_aliases" | "ssot_api_contracts" | "audit_logs" | "ssot_audit_logs"
            );
            assert!(before.iter().all(|(place, digest)| after[table].get(place) == Some(digest)), "{table}");
            assert!(seeded || before.len() == after[table].len(), "{table}");
        }
        assert_eq!(after["ssot_api_contracts"].len(), contracts, "without {dropped}");
        assert!(after["system_settings"].len() >= settings, "without {dropped}");
        assert!(DOCUMENTED.iter().all(|table| after.contains_key(*table)));
        assert!(matches!(migrate::down(&mut owner, 0).await, Err(MigrateError::Adopted)), "what was there stays there");
    }
}
