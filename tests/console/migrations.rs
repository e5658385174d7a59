//! Does the schema arrive whole, go back whole, and take in what was there before?

mod guards;

use nexus_console::db::adopt::Refusal;
use nexus_console::db::fingerprint::fingerprint;
use nexus_console::db::migrate::{self, MigrateError};
use nexus_console::db::roles::{self, AppRole};
use tokio_postgres::{Client, Config, NoTls};

use crate::support;

async fn connect(config: &Config) -> Client {
    let (client, connection) = config.connect(NoTls).await.expect("the database answers");
    tokio::spawn(connection);
    client
}

async fn count(client: &Client, query: &str) -> i64 {
    client.query_one(query, &[]).await.expect("a count").get(0)
}

async fn text(client: &Client, query: &str) -> String {
    client.query_one(query, &[]).await.expect("a text").get::<_, Option<String>>(0).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn up_down_up_ends_in_the_same_schema() {
    let database = support::empty_database().await;
    let mut owner = connect(&database.owner_config).await;
    let bare = fingerprint(&owner).await.expect("a fingerprint");
    let applied = migrate::up(&mut owner).await.expect("up");
    assert!(applied.len() >= 7 && applied.iter().all(|migration| migration.applied_on.is_some()));
    assert_eq!(roles::ensure(&owner).await.expect("roles"), AppRole::Own);
    assert_eq!(roles::ensure(&owner).await.expect("roles, again"), AppRole::Own);
    let first = fingerprint(&owner).await.expect("a fingerprint");
    assert!(first.contains("trigger CREATE TRIGGER audit_users") && first.contains("to nexus_app"));
    assert_eq!(migrate::validate(&mut owner).await.expect("validation"), []);
    assert!(migrate::up(&mut owner).await.expect("nothing to do").is_empty());

    // Every single step back and forth, not only the whole way.
    for version in (0..applied.len()).rev() {
        let to = u32::try_from(version).expect("few");
        assert_eq!(migrate::down(&mut owner, to).await.expect("down").len(), 1);
        assert!(migrate::status(&mut owner).await.expect("status").iter().all(|step| (step.version > to) == step.applied_on.is_none()));
    }
    assert_eq!(bare, fingerprint(&owner).await.expect("a fingerprint"));

    migrate::up(&mut owner).await.expect("up again");
    assert_eq!(roles::ensure(&owner).await.expect("roles"), AppRole::Own);
    assert_eq!(first, fingerprint(&owner).await.expect("a fingerprint"));
    let told = count(&owner, "SELECT count(*) FROM audit_logs l JOIN audit_details d ON d.log = 'audit_logs' AND d.entry_id = l.id WHERE l.action = 'migration' AND d.actor_kind = 'system' AND d.actor_name = 'migrate'").await;
    assert_eq!(usize::try_from(told).expect("a count"), applied.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn several_instances_start_at_once() {
    let database = support::empty_database().await;
    let mut runs = Vec::new();
    for _ in 0..4 {
        let config = database.owner_config.clone();
        runs.push(tokio::spawn(async move {
            let mut owner = connect(&config).await;
            let applied = migrate::up(&mut owner).await.expect("up").len();
            assert_eq!(roles::ensure(&owner).await.expect("roles"), AppRole::Own);
            applied
        }));
    }
    let mut applied = Vec::new();
    for run in runs {
        applied.push(run.await.expect("no panic"));
    }
    applied.sort_unstable();
    assert_eq!(applied[..3], [0, 0, 0], "one did all the work");
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_another_shape_are_refused_and_left_alone() {
    let shapes = [
        ("CREATE TABLE users (id serial PRIMARY KEY, username varchar(50))", "users.id should be uuid NOT NULL, is integer NOT NULL"),
        ("CREATE TABLE audit_logs (id uuid PRIMARY KEY, table_name text, record_id text)", "audit_logs.entity_type should be"),
        ("CREATE VIEW notifications AS SELECT 1 AS id", "notifications is not a plain table"),
        (
            "CREATE TABLE ssot_governance_rules (id uuid PRIMARY KEY, rule_name varchar(255) NOT NULL, rule_type varchar(50) NOT NULL, rule_config jsonb NOT NULL, is_active boolean, created_at timestamptz, updated_at timestamptz, created_by varchar(255) NOT NULL, updated_by varchar(255) NOT NULL)",
            "ssot_governance_rules.rule_name is not unique",
        ),
    ];
    for (statement, complaint) in shapes {
        let database = support::empty_database().await;
        let mut owner = connect(&database.owner_config).await;
        owner.batch_execute(statement).await.expect("a customer makes a table");
        let before = fingerprint(&owner).await.expect("a fingerprint");
        match migrate::up(&mut owner).await {
            Err(MigrateError::Refused(Refusal::OtherShape { reasons })) => {
                assert!(reasons.iter().any(|reason| reason.starts_with(complaint)), "{reasons:?}");
            }
            other => panic!("{statement} gave {other:?}"),
        }
        assert_eq!(before, fingerprint(&owner).await.expect("a fingerprint"));
        assert_eq!(count(&owner, "SELECT count(*) FROM pg_class WHERE relname = 'refinery_schema_history'").await, 0);
    }
}

/// Every row of the tables that were there, as text; a platform's row is what it was, to the last bit.
const ROWS: &str = "
    SELECT string_agg(line, E'\n' ORDER BY line) FROM (
        SELECT 'users ' || xmin || u::text AS line FROM users u
        UNION ALL SELECT 'accounts ' || xmin || a::text FROM accounts a
        UNION ALL SELECT 'transactions ' || xmin || t::text FROM transactions t
        UNION ALL SELECT 'contracts ' || xmin || c::text FROM ssot_api_contracts c
        UNION ALL SELECT 'log ' || xmin || l::text FROM ssot_audit_logs l WHERE user_id = 'system'
        UNION ALL SELECT 'own ' || m::text FROM schema_migrations m) AS line (line)";

#[tokio::test(flavor = "multi_thread")]
async fn an_existing_nexus_database_is_adopted_without_touching_a_row() {
    let database = support::empty_database().await;
    let mut owner = connect(&database.owner_config).await;
    owner.batch_execute(include_str!("fixtures/nexus_3_0.sql")).await.expect("a NEXUS 3.0 database");
    let before = text(&owner, ROWS).await;
    migrate::up(&mut owner).await.expect("adopted");
    assert_eq!(roles::ensure(&owner).await.expect("roles"), AppRole::Own);
    assert_eq!(before, text(&owner, ROWS).await);
    assert_eq!(migrate::validate(&mut owner).await.expect("validation"), []);
    assert_eq!(
        count(&owner, "SELECT count(*) FROM audit_logs WHERE entity_type IN ('users', 'accounts', 'transactions', 'account_ledger')").await,
        0
    );
    assert_eq!(count(&owner, "SELECT count(*) FROM ssot_api_contracts").await, 1, "nothing is seeded beside what was there");
    assert_eq!(count(&owner, "SELECT count(*) FROM active_users").await, 1);
    assert_eq!(
        text(&owner, "SELECT string_agg(conname::text || ' ' || confdeltype::text, ', ' ORDER BY conname) FROM pg_constraint WHERE conname IN ('accounts_user_id_fkey', 'transactions_account_id_fkey')").await,
        "accounts_user_id_fkey c, transactions_account_id_fkey c"
    );
    assert_eq!(
        text(
            &owner,
            "SELECT string_agg(opening_balance || ' ' || (frozen_since IS NOT NULL), ', ' ORDER BY account_id) FROM account_ledger"
        )
        .await,
        "10.00 false, 0 true, 0 false",
        "the opening balance is what the completed transactions do not explain"
    );

    // The platform goes on as before; what it does is seen, and its cascades are its own.
    owner
        .batch_execute("UPDATE users SET full_name = 'R' WHERE username = 'Root'; DELETE FROM users WHERE username = 'Root'")
        .await
        .expect("never refused");
    assert_eq!(count(&owner, "SELECT count(*) FROM audit_logs l JOIN audit_details d ON d.entry_id = l.id WHERE d.actor_kind = 'db' AND d.actor_name = 'nexus_owner' AND l.entity_type IN ('users', 'accounts', 'transactions') AND l.user_id IS NULL").await, 4);

    for to in [0, 1] {
        assert!(matches!(migrate::down(&mut owner, to).await, Err(MigrateError::Adopted)));
    }
    assert_eq!(
        migrate::down(&mut owner, 2).await.expect("down to the adoption").len(),
        migrate::status(&mut owner).await.expect("status").len() - 2
    );
    migrate::up(&mut owner).await.expect("up again");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_own_the_tables_is_told_what_to_type() {
    let database = support::empty_database().await;
    let owner = connect(&database.owner_config).await;
    let stranger = format!("stranger_{}", database.name);
    owner.batch_execute("CREATE TABLE users (id int)").await.expect("a table of the owner's");
    let mut client = connect(&database.owner_config).await;
    client
        .batch_execute(&format!("CREATE ROLE {stranger}; GRANT {stranger} TO nexus_owner; SET ROLE {stranger}"))
        .await
        .expect("a stranger");
    match migrate::up(&mut client).await {
        Err(MigrateError::Refused(Refusal::NotOwner { objects, statements })) => {
            assert_eq!(objects, ["schema public", "table users"]);
            assert_eq!(statements[1], format!("ALTER TABLE public.users OWNER TO {stranger};"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(count(&owner, "SELECT count(*) FROM pg_class WHERE relname = 'refinery_schema_history'").await, 0);
    drop(client);
    owner.batch_execute(&format!("DROP ROLE {stranger}")).await.expect("the stranger goes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_validation_takes_its_migration_back_and_says_why() {
    let database = support::empty_database().await;
    let mut owner = connect(&database.owner_config).await;
    owner.batch_execute("CREATE TABLE nexus_users_username ()").await.expect("something in the way of an index");
    match migrate::up(&mut owner).await {
        Err(MigrateError::Invalid { version: 6, reason, .. }) => assert!(reason.contains("nexus_users_username"), "{reason}"),
        other => panic!("{other:?}"),
    }
    let applied = migrate::status(&mut owner).await.expect("status");
    assert_eq!(applied.iter().filter(|migration| migration.applied_on.is_some()).count(), 5);
    assert_eq!(count(&owner, "SELECT count(*) FROM pg_class WHERE relname = 'nexus_users_email'").await, 0);
    owner.batch_execute("DROP TABLE nexus_users_username").await.expect("out of the way");
    migrate::up(&mut owner).await.expect("the rest");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_program_leaves_a_newer_database_alone() {
    let database = support::empty_database().await;
    let mut owner = connect(&database.owner_config).await;
    migrate::up(&mut owner).await.expect("up");
    owner
        .batch_execute("INSERT INTO refinery_schema_history VALUES (999, 'later', '2030-01-01T00:00:00Z', '1')")
        .await
        .expect("a newer console was here");
    assert!(matches!(migrate::up(&mut owner).await, Err(MigrateError::Newer { version: 999, .. })));
    assert!(matches!(migrate::down(&mut owner, 0).await, Err(MigrateError::Newer { version: 999, .. })));
    owner
        .batch_execute(
            "DELETE FROM refinery_schema_history WHERE version = 999; UPDATE refinery_schema_history SET checksum = '1' WHERE version = 3",
        )
        .await
        .expect("another program's migration");
    assert!(matches!(migrate::up(&mut owner).await, Err(MigrateError::Diverged { version: 3, .. })));
}
