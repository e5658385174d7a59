//! Is what is no NEXUS 3.0 database refused with its reason, and left exactly as it was?

use nexus_console::db::{
    adopt::{DOCUMENTED, Refusal},
    fingerprint::fingerprint,
    migrate::{self, MigrateError},
};
use tokio_postgres::Client;

use crate::support::{
    TestDatabase,
    nexus3::{Rows, adopted_database, rows_of, small_database},
    program,
};

/// What was done to a NEXUS database, and the beginning of what is said of it.
const SHAPES: [(&str, &str); 27] = [
    (
        "DROP TABLE notifications; CREATE TABLE notifications (id serial PRIMARY KEY, user_id int, title text)",
        "notifications.id should be uuid NOT NULL, is integer NOT NULL",
    ),
    (
        "CREATE TYPE user_role AS ENUM ('admin', 'manager', 'user', 'viewer', 'auditor'); ALTER TABLE users DROP CONSTRAINT users_role_check, ALTER role DROP DEFAULT, ALTER role TYPE user_role USING role::user_role",
        "users.role should be character varying(50), is user_role",
    ),
    (
        "ALTER TABLE users ADD first_name text, ADD last_name text; ALTER TABLE users DROP COLUMN full_name CASCADE",
        "users.full_name should be character varying(255) NOT NULL, is absent",
    ),
    ("ALTER TABLE users DROP COLUMN role", "users.role should be character varying(50), is absent"),
    (
        "ALTER TABLE audit_logs DROP COLUMN entity_type, DROP COLUMN entity_id; ALTER TABLE audit_logs ADD table_name text NOT NULL, ADD record_id text",
        "audit_logs.entity_id should be uuid NOT NULL, is absent",
    ),
    ("ALTER TABLE notifications DROP COLUMN is_urgent", "notifications.is_urgent should be boolean, is absent"),
    (
        "DROP VIEW account_movements; ALTER TABLE transactions ALTER amount TYPE numeric(12,2)",
        "transactions.amount should be numeric(15,2) NOT NULL, is numeric(12,2) NOT NULL",
    ),
    ("ALTER TABLE accounts ALTER balance TYPE double precision", "accounts.balance should be numeric(15,2), is double precision"),
    (
        "ALTER TABLE ssot_api_contracts ALTER version TYPE varchar(20)",
        "ssot_api_contracts.version should be character varying(50) NOT NULL, is character varying(20) NOT NULL",
    ),
    (
        "CREATE DOMAIN address AS varchar(255); DROP VIEW account_movements; ALTER TABLE users ALTER email TYPE address",
        "users.email should be character varying(255) NOT NULL, is address NOT NULL",
    ),
    (
        "ALTER TABLE user_sessions ALTER created_at TYPE timestamp",
        "user_sessions.created_at should be timestamp with time zone, is timestamp without time zone",
    ),
    ("ALTER TABLE api_keys ALTER permissions DROP NOT NULL", "api_keys.permissions should be jsonb NOT NULL, is jsonb"),
    ("ALTER TABLE api_keys ADD tenant uuid NOT NULL", "api_keys.tenant is not documented and needs a value"),
    (
        "ALTER TABLE system_settings RENAME TO settings; CREATE VIEW system_settings AS TABLE settings",
        "system_settings is not a plain table",
    ),
    (
        "DROP TABLE user_sessions; CREATE TABLE user_sessions (id uuid PRIMARY KEY, user_id uuid) PARTITION BY HASH (id)",
        "user_sessions is not a plain table",
    ),
    ("ALTER TABLE users DROP CONSTRAINT users_email_key", "users.email is not unique"),
    (
        "ALTER TABLE users DROP CONSTRAINT users_email_key; CREATE UNIQUE INDEX ON users (email) WHERE is_active",
        "users.email is not unique",
    ),
    ("ALTER TABLE notifications DROP CONSTRAINT notifications_pkey", "notifications.id is not the primary key"),
    ("ALTER TABLE accounts DROP CONSTRAINT accounts_user_id_fkey", "accounts.user_id does not reference users.id"),
    (
        "ALTER TABLE transactions DROP CONSTRAINT transactions_status_check, ADD CHECK (status IN ('pending', 'completed', 'failed', 'cancelled', 'held'))",
        "transactions.status is not checked to be one of cancelled, completed, failed, pending",
    ),
    (
        "ALTER TABLE notifications DROP COLUMN title; ALTER TABLE notifications ADD title varchar(255) NOT NULL GENERATED ALWAYS AS ('x') STORED",
        "notifications.title is worked out by the database",
    ),
    ("ALTER TABLE users ENABLE ROW LEVEL SECURITY", "users has row level security"),
    // What would fail halfway, once tables had been made already.
    (
        "DROP FUNCTION log_ssot_changes() CASCADE; CREATE FUNCTION log_ssot_changes() RETURNS void LANGUAGE sql AS 'SELECT 1'",
        "function log_ssot_changes() should return trigger, returns void",
    ),
    (
        "DROP FUNCTION update_updated_at_column() CASCADE; CREATE PROCEDURE update_updated_at_column() LANGUAGE sql AS 'SELECT 1'",
        "function update_updated_at_column() should return trigger, is a procedure",
    ),
    ("CREATE TABLE account_ledger (id int)", "account_ledger is there already"),
    ("CREATE VIEW audit_details AS SELECT 1 AS id", "audit_details is there already"),
    ("CREATE FUNCTION nexus_actor() RETURNS int LANGUAGE sql AS 'SELECT 1'", "function nexus_actor() is there already"),
];

/// Everything there is, to the byte.
async fn all_of(client: &Client) -> (String, Rows) {
    (fingerprint(client).await.expect("a fingerprint"), rows_of(client).await)
}

async fn has_history(client: &Client) -> bool {
    client.query_one("SELECT to_regclass('refinery_schema_history') IS NOT NULL", &[]).await.expect("the catalog").get(0)
}

async fn said(database: &TestDatabase, arguments: &[&str]) -> (Option<i32>, String) {
    let (mut command, _) = program(database, arguments);
    let output = command.output().await.expect("the program runs");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn another_shape_is_refused_and_not_a_bit_is_changed() {
    let mut wrong = Vec::new();
    for (statement, complaint) in SHAPES {
        let database = small_database().await;
        let mut owner = database.as_owner().await;
        owner.batch_execute(statement).await.unwrap_or_else(|error| panic!("{statement}: {error:?}"));
        let before = all_of(&owner).await;
        match migrate::up(&mut owner).await {
            Err(MigrateError::Refused(Refusal::OtherShape { reasons })) if reasons.iter().any(|reason| reason.starts_with(complaint)) => {}
            other => wrong.push(format!("{statement}\n    {other:?}")),
        }
        if before != all_of(&owner).await || has_history(&owner).await {
            wrong.push(format!("{statement}\n    left something behind"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whatever a migration would make and a customer already has stops the adoption before its first change.
#[tokio::test(flavor = "multi_thread")]
async fn every_name_the_console_needs_is_looked_up_first() {
    let migrated = crate::support::database().await.as_owner().await;
    let made = "SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v') \
                AND c.relname <> ALL ($1) AND c.relname <> 'refinery_schema_history' ORDER BY 1";
    let relations = migrated.query(made, &[&DOCUMENTED.as_slice()]).await.expect("the catalog");
    let relations: Vec<String> = relations.iter().map(|row| row.get(0)).collect();
    let made = "SELECT DISTINCT p.proname::text FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.proname LIKE 'nexus%' ORDER BY 1";
    let functions: Vec<String> = migrated.query(made, &[]).await.expect("the catalog").iter().map(|row| row.get(0)).collect();
    assert!(relations.len() > 10 && functions.len() > 20, "{relations:?} {functions:?}");

    let database = small_database().await;
    let mut owner = database.as_owner().await;
    for relation in &relations {
        owner.batch_execute(&format!("CREATE TABLE {relation} ()")).await.expect("a customer's table");
    }
    for function in &functions {
        owner
            .batch_execute(&format!("CREATE FUNCTION {function}() RETURNS int LANGUAGE sql AS 'SELECT 1'"))
            .await
            .expect("a customer's function");
    }
    let Err(MigrateError::Refused(Refusal::OtherShape { reasons })) = migrate::up(&mut owner).await else { panic!("it is refused") };
    let unsaid = |name: &&String| !reasons.iter().any(|reason| reason.split(['(', ' ']).any(|word| word == name.as_str()));
    let unsaid: Vec<_> = relations.iter().chain(&functions).filter(unsaid).collect();
    assert!(unsaid.is_empty(), "{unsaid:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_says_why_in_one_line_and_ends() {
    let database = small_database().await;
    let owner = database.as_owner().await;
    owner.batch_execute("ALTER TABLE notifications DROP COLUMN is_urgent").await.expect("a customer's change");
    let before = all_of(&owner).await;
    for arguments in [&["serve"][..], &["migrate", "up"]] {
        let (status, words) = said(&database, arguments).await;
        assert_eq!(status, Some(1), "{arguments:?}: {words}");
        let lines: Vec<&str> = words.lines().filter(|line| line.contains("is left as it is")).collect();
        assert_eq!(lines.len(), 1, "{arguments:?}: {words}");
        assert!(lines[0].contains("notifications.is_urgent should be boolean, is absent"), "{words}");
        assert!(!words.contains("panicked"), "{words}");
    }
    assert_eq!(before, all_of(&owner).await);
    assert!(!has_history(&owner).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_owns_only_some_of_it_is_told_what_to_type() {
    let database = small_database().await;
    let superuser = database.as_superuser().await;
    superuser
        .batch_execute("ALTER TABLE accounts OWNER TO postgres; ALTER FUNCTION log_ssot_changes() OWNER TO postgres")
        .await
        .expect("somebody else's");
    let mut owner = database.as_owner().await;
    let before = all_of(&superuser).await;
    match migrate::up(&mut owner).await {
        Err(MigrateError::Refused(refusal @ Refusal::NotOwner { .. })) => {
            let words = refusal.to_string();
            assert!(words.contains("does not own function log_ssot_changes, table accounts"), "{words}");
            assert!(words.contains("ALTER TABLE public.accounts OWNER TO nexus_owner;"), "{words}");
            // What it says to type is all it takes.
            let (_, typed) = words.split_once("type: ").expect("statements");
            assert_eq!(before, all_of(&superuser).await);
            assert!(!has_history(&superuser).await);
            superuser.batch_execute(typed).await.expect("what it says to type");
        }
        other => panic!("{other:?}"),
    }
    migrate::up(&mut owner).await.expect("adopted after all");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_schema_is_left_to_a_newer_program() {
    let database = adopted_database().await;
    let mut owner = database.as_owner().await;
    owner
        .batch_execute("INSERT INTO refinery_schema_history VALUES (99, 'widgets', '2030-01-01T00:00:00Z', '1'); CREATE TABLE widgets (id uuid PRIMARY KEY)")
        .await
        .expect("a newer console was here");
    let before = all_of(&owner).await;
    for newer in [migrate::up(&mut owner).await, migrate::down(&mut owner, 5).await, migrate::down(&mut owner, 0).await] {
        match newer {
            Err(error @ MigrateError::Newer { version: 99, .. }) => assert!(error.to_string().contains("widgets"), "{error}"),
            other => panic!("{other:?}"),
        }
    }
    let (status, words) = said(&database, &["serve"]).await;
    assert_eq!(status, Some(1), "{words}");
    assert!(words.contains("migration 99 (widgets)") && words.contains("newer"), "{words}");
    assert_eq!(before, all_of(&owner).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_migrations_are_not_continued() {
    let database = small_database().await;
    let mut owner = database.as_owner().await;
    owner
        .batch_execute(
            "CREATE TABLE refinery_schema_history (version int4 PRIMARY KEY, name varchar(255), applied_on varchar(255), checksum varchar(255));
             INSERT INTO refinery_schema_history VALUES (1, 'initial', '2020-01-01T00:00:00Z', '42')",
        )
        .await
        .expect("another program that uses the same library");
    let before = all_of(&owner).await;
    match migrate::up(&mut owner).await {
        Err(MigrateError::Diverged { version: 1, .. }) => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(before, all_of(&owner).await);
}
