//! Do the declarations agree with the database that the migrations make?

use nexus_console::{
    auth::policy::{LINES, Policy},
    db::pool::{Database, ServingRole},
    resource::{
        Column, Input, Kind, Order, Registry, Resource, Tab,
        proof::{self, Severity},
    },
    tables::TABLES,
};

use crate::support::{TestDatabase, database};

fn registry() -> Registry {
    Registry::new(TABLES.iter().copied())
}

fn pool(database: &TestDatabase) -> Database {
    Database::new(database.application.manager(), 4, ServingRole::LoggedIn)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_declarations_and_the_catalog_agree() {
    let database = database().await;
    let connection = pool(&database).read().await.expect("a connection");
    let findings = proof::catalog(&connection, &registry()).await.expect("the catalog answers");
    let said: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(said.is_empty(), "{}", said.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_prepares_every_operator_and_every_sort() {
    let database = database().await;
    let connection = pool(&database).read().await.expect("a connection");
    let prepared = proof::prepare_all(&connection, &registry(), Policy(LINES)).await.expect("the database answers");
    let said: Vec<String> = prepared.findings.iter().map(ToString::to_string).collect();
    assert!(said.is_empty(), "{}", said.join("\n"));
    assert!(prepared.statements > 1_000, "{} statements", prepared.statements);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_disagreement_has_its_stable_id() {
    let database = database().await;
    let owner = database.as_owner().await;
    owner
        .batch_execute(
            "DROP TABLE user_sessions CASCADE; \
             ALTER TABLE notifications DROP COLUMN is_urgent; \
             ALTER TABLE api_keys ALTER COLUMN key_name TYPE varchar(100); \
             ALTER TABLE accounts ALTER COLUMN account_name DROP NOT NULL; \
             ALTER TABLE accounts DROP CONSTRAINT accounts_user_id_fkey; \
             ALTER TABLE accounts ALTER COLUMN is_active TYPE text USING is_active::text; \
             ALTER TABLE ssot_api_contracts DROP CONSTRAINT ssot_api_contracts_status_check; \
             ALTER TABLE ssot_api_contracts ADD CHECK (status IN ('active', 'retired', 'archived')); \
             ALTER TABLE ssot_governance_rules ADD COLUMN owner text; \
             DROP INDEX nexus_transactions_amount; \
             DROP INDEX nexus_transactions_status_in_order; \
             DROP INDEX nexus_users_search",
        )
        .await
        .expect("the schema can be bent");
    let connection = pool(&database).read().await.expect("a connection");
    let findings = proof::catalog(&connection, &registry()).await.expect("the catalog answers");
    let said: Vec<String> = findings.iter().map(ToString::to_string).collect();
    for expected in [
        "R001 user_sessions: there is no such table",
        "R002 notifications.is_urgent: there is no such column",
        "R004 accounts.is_active: declared Bool, is text",
        "R005 api_keys.key_name: declared 255 characters long, is 100",
        "R006 accounts.account_name: declared NOT NULL, can be NULL",
        "R007 ssot_api_contracts.status: its CHECK and its choices differ in deprecated, retired",
        "R008 accounts.user_id: declared to refer to users, has no foreign key",
        "R009 transactions.amount: declared sortable, has no index on (amount, id)",
        "R010 users.email: declared searchable, has no trigram index",
        "R015 transactions.status: declared filterable in order, has no index on (status, transaction_date, id)",
        "R011 ssot_governance_rules.owner: is there, is not declared",
    ] {
        assert!(said.iter().any(|finding| finding == expected), "missing: {expected}\n{}", said.join("\n"));
    }
    let severity = |id: &str| findings.iter().find(|finding| finding.id == id).map(|finding| finding.severity);
    assert_eq!(severity("R004"), Some(Severity::Wrong));
    assert_eq!(severity("R009"), Some(Severity::Slow));
    assert_eq!(severity("R011"), Some(Severity::Note));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_without_a_line_in_the_permission_table_is_named() {
    let database = database().await;
    let connection = pool(&database).read().await.expect("a connection");
    let prepared = proof::prepare_all(&connection, &registry(), Policy(&[])).await.expect("the database answers");
    assert_eq!(prepared.findings.iter().filter(|finding| finding.id == "R021").count(), TABLES.len());
}

static TONGUE: Resource = Resource::new("tongues", "tongue", "Tongues", TONGUES)
    .label("word")
    .order(Order::ascending("spoken_at"))
    .tabs(&[Tab { name: "Loud", query: &[("loudness", "high")] }]);
static TONGUES: &[Column] = &[
    Column::new("id", "Id", Kind::Uuid).required(),
    Column::new("spoken_at", "Spoken", Kind::Timestamp),
    Column::new("password_hash", "Password", Kind::Secret).listed(),
    Column::new("speaker_id.role", "Role", Kind::Text(50)).filterable(),
    Column::new("value", "Value", Kind::SecretWhen("is_hidden")).listed(),
    Column::new("notes", "Notes", Kind::Json).searchable(),
    Column::new("dialect", "Dialect", Kind::Text(50)).global(),
    Column::question("mood", "Mood", Kind::Text(10), Input::Optional).exported(),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_declaration_that_contradicts_itself_is_told_and_never_run() {
    let database = database().await;
    let connection = pool(&database).read().await.expect("a connection");
    let registry = Registry::new([&TONGUE]);
    let prepared = proof::prepare_all(&connection, &registry, Policy(LINES)).await.expect("the database answers");
    assert_eq!(prepared.statements, 0);
    for column in ["word", "spoken_at", "password_hash", "speaker_id.role", "value", "notes", "dialect", "mood", "Loud"] {
        let told = format!("tongues.{column}: ");
        assert!(prepared.findings.iter().any(|finding| finding.id == "R003" && finding.text.starts_with(&told)), "{told}");
    }
}
