//! Does an adopted database get every index, without anybody waiting for it, whatever happens meanwhile?

use std::time::Duration;

use nexus_console::db::{fingerprint::fingerprint, migrate, roles};
use tokio_postgres::Client;

use super::support::{Console, TestDatabase, console, empty_database, people, program};

const PAGE: &str = "/operations/maintenance";
const MISSING: &str = "SELECT count(*) FROM nexus_missing_indexes()";
/// What the slowest machine needs; nothing is asserted of it.
const PATIENCE: Duration = Duration::from_secs(120);

/// An existing database with rows in it, adopted, where nothing serves yet.
async fn adopted() -> (TestDatabase, Client) {
    let database = empty_database().await;
    let mut owner = database.as_owner().await;
    owner.batch_execute(include_str!("fixtures/nexus_3_0.sql")).await.expect("a NEXUS 3.0 database");
    owner.batch_execute(include_str!("fixtures/many_rows.sql")).await.expect("rows");
    migrate::up(&mut owner).await.expect("it is adopted");
    assert_eq!(roles::ensure(&owner).await.expect("the serving role"), roles::AppRole::Own);
    people::hire(&owner).await;
    (database, owner)
}

async fn count(client: &Client, query: &str) -> i64 {
    client.query_one(query, &[]).await.unwrap_or_else(|error| panic!("{query}: {error}")).get(0)
}

async fn texts(client: &Client, query: &str) -> Vec<String> {
    let rows = client.query(query, &[]).await.unwrap_or_else(|error| panic!("{query}: {error}"));
    rows.iter().map(|row| row.get(0)).collect()
}

/// Asks until this counts something, or nothing.
async fn until(client: &Client, what: &str, query: &str, holds: impl Fn(i64) -> bool) {
    let wait = async {
        while !holds(count(client, query).await) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    if tokio::time::timeout(PATIENCE, wait).await.is_err() {
        let missing = texts(client, "SELECT name || ' ' || state || coalesce(' ' || phase, '') FROM nexus_missing_indexes()").await;
        panic!("waited in vain until {what}; missing: {missing:?}");
    }
}

async fn until_all_are_built(client: &Client) {
    until(client, "all are built", MISSING, |missing| missing == 0).await;
    assert_eq!(count(client, "SELECT count(*) FROM pg_index WHERE NOT indisvalid").await, 0);
}

/// How many builds of ours run in this database at this moment.
fn building(database: &TestDatabase) -> String {
    format!("SELECT count(*) FROM pg_stat_progress_create_index WHERE datname = '{}'", database.name)
}

#[tokio::test(flavor = "multi_thread")]
async fn only_small_tables_get_their_indexes_while_somebody_waits() {
    let (database, mut owner) = adopted().await;
    assert_eq!(
        texts(&owner, "SELECT DISTINCT relation FROM nexus_missing_indexes() ORDER BY 1").await,
        ["audit_logs", "ssot_audit_logs", "transactions", "users"]
    );
    assert_eq!(texts(&owner, "SELECT DISTINCT state FROM nexus_missing_indexes()").await, ["absent"]);
    assert_eq!(migrate::validate(&mut owner).await.expect("validation"), [], "what is still to be built is no failure");
    let missing = count(&owner, MISSING).await;
    let (mut doctor, _) = program(&database, &["doctor"]);
    let report = String::from_utf8_lossy(&doctor.output().await.expect("the program runs").stdout).into_owned();
    assert!(report.contains(&format!("note   indexes: {missing} of ")), "{report}");
    let (mut up, data_dir) = program(&database, &["migrate", "up"]);
    let said = String::from_utf8_lossy(&up.output().await.expect("the program runs").stdout).into_owned();
    assert!(said.contains(&format!("{missing} indexes are still to be built")), "{said}");
    std::fs::remove_dir_all(data_dir).expect("gone");

    // What serves can neither build nor drop, but it can see what is missing.
    let application = database.as_application().await;
    assert_eq!(count(&application, MISSING).await, missing);
    let refused = application.batch_execute("CREATE INDEX nexus_users_email ON users (email, id)").await;
    assert_eq!(refused.expect_err("not the owner").code().map(|code| code.code()), Some("42501"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_that_serves_builds_the_rest() {
    let (database, owner) = adopted().await;
    let console = console(database).await;
    until_all_are_built(&owner).await;
    let admin = console.signed_in("admin").await;
    let page = admin.get(PAGE).await;
    assert_eq!(page.status, 200);
    assert!(
        !page.has("[data-finding=index]") && page.text().contains("Every list, sort and search has the index it uses"),
        "{}",
        page.text()
    );
    assert!(!admin.get("/").await.has("[data-finding=indexes]"));
    let (mut doctor, _) = program(&console.database, &["doctor"]);
    let report = String::from_utf8_lossy(&doctor.output().await.expect("the program runs").stdout).into_owned();
    assert!(report.contains("ok     indexes: all "), "{report}");
    assert!(!report.contains("R009") && !report.contains("R010"), "{report}");

    // The same schema as one that was never without an index.
    let whole = fingerprint(&owner).await.expect("a fingerprint");
    let mut migrating = console.database.as_owner().await;
    drop(console);
    migrate::down(&mut migrating, 5).await.expect("back");
    assert_eq!(count(&owner, "SELECT count(*) FROM pg_class WHERE relname LIKE 'nexus_transactions_%' AND relkind = 'i'").await, 0);
    migrate::up(&mut migrating).await.expect("on");
    let builds = texts(&owner, "SELECT build FROM nexus_missing_indexes()").await;
    assert!(!builds.is_empty());
    for build in builds {
        owner.batch_execute(&build).await.unwrap_or_else(|error| panic!("{build}: {error}"));
    }
    // The functions lost their grants with the migration, and the next start gives them back.
    assert_eq!(roles::ensure(&owner).await.expect("the serving role"), roles::AppRole::Own);
    assert_eq!(fingerprint(&owner).await.expect("a fingerprint"), whole);
}

/// A transaction that writes keeps every build waiting: for as long as a test wants, one is under way.
async fn holding(database: &TestDatabase, table: &str) -> Client {
    let holder = database.as_owner().await;
    holder.batch_execute(&format!("BEGIN; LOCK TABLE {table} IN ROW EXCLUSIVE MODE")).await.expect("it holds");
    holder
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_console_leaves_nothing_that_the_next_does_not_mend() {
    let (database, owner) = adopted().await;
    let holder = holding(&database, "audit_logs").await;
    let mut first = console(database).await;
    until(&owner, "a build is under way", &building(&first.database), |builds| builds > 0).await;
    first.process.kill().await.expect("killed");
    let database = first.database.clone();
    drop(first);
    // Whoever built for it gives up by itself.
    until(&owner, "its backend gives up", &building(&database), |builds| builds == 0).await;
    assert!(count(&owner, "SELECT count(*) FROM nexus_missing_indexes() WHERE state = 'invalid'").await > 0, "a ruin is left");
    holder.batch_execute("COMMIT").await.expect("released");
    let _second = console(database).await;
    until_all_are_built(&owner).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminated_build_is_begun_again_and_its_ruin_replaced() {
    let (database, owner) = adopted().await;
    let superuser = database.as_superuser().await;
    let holder = holding(&database, "users").await;
    let console = console(database).await;
    until(
        &owner,
        "a build of users waits",
        "SELECT count(*) FROM nexus_missing_indexes() WHERE relation = 'users' AND state = 'building'",
        |builds| builds > 0,
    )
    .await;
    superuser
        .execute("SELECT pg_terminate_backend(pid) FROM pg_stat_progress_create_index WHERE datname = $1", &[&console.database.name])
        .await
        .expect("terminated");
    const RUINS: &str = "SELECT indexrelid::text FROM pg_index WHERE NOT indisvalid";
    until(&owner, "its ruin stands", "SELECT count(*) FROM pg_index WHERE NOT indisvalid", |ruins| ruins > 0).await;
    let ruins = texts(&owner, RUINS).await;
    holder.batch_execute("COMMIT").await.expect("released");
    until_all_are_built(&owner).await;
    for ruin in ruins {
        assert_eq!(count(&owner, &format!("SELECT count(*) FROM pg_class WHERE oid = {ruin}")).await, 0, "it was replaced, not kept");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_somebody_holds_waits_and_the_others_do_not() {
    let (database, owner) = adopted().await;
    let holder = database.as_owner().await;
    holder.batch_execute("BEGIN; LOCK TABLE transactions IN SHARE UPDATE EXCLUSIVE MODE").await.expect("as VACUUM holds it");
    let console = console(database).await;
    let admin = console.signed_in("admin").await;
    until(&owner, "the others are built", "SELECT count(*) FROM nexus_missing_indexes() WHERE relation <> 'transactions'", |missing| {
        missing == 0
    })
    .await;
    let dashboard = admin.get("/").await.texts("[data-finding=indexes]").join("");
    assert!(dashboard.contains("Indexes still to be built: "), "{dashboard}");

    // Everybody else goes on: the table is read and written, sorted by what has no index, and searched.
    let platform = console.database.as_owner().await;
    platform
        .batch_execute("SET statement_timeout = '30s'; UPDATE transactions SET description = 'Touched' WHERE reference_number = 'R1'")
        .await
        .expect("written");
    for query in ["?sort=-amount", "?sort=processed_at", "?q=invoice", "?reference_number=R7"] {
        let list = admin.get(&format!("/tables/transactions{query}")).await;
        assert_eq!(list.status, 200, "{query}: {}", list.text());
        assert!(!list.rows().is_empty(), "{query}: {}", list.text());
    }

    let told = admin.get(PAGE).await;
    let findings = told.texts("[data-finding=index]");
    assert!(
        !findings.is_empty() && findings.iter().all(|finding| finding.contains("In transactions: nexus_transactions_")),
        "{findings:?}"
    );
    let wait = async {
        while !admin.get(PAGE).await.text().contains("Somebody holds the table") {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("the page says what it waits for");
    assert!(count(&owner, "SELECT count(*) FROM nexus_missing_indexes() WHERE relation = 'transactions'").await > 0);
    holder.batch_execute("COMMIT").await.expect("released");
    until_all_are_built(&owner).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_consoles_build_each_index_once() {
    let (database, owner) = adopted().await;
    let second = TestDatabase { ..database.clone() };
    let first: Console = console(database).await;
    let (mut command, _) = program(&second, &["serve"]);
    let mut other = command
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .env("NEXUS_DATA_DIR", first.data_dir.join("second"))
        .kill_on_drop(true)
        .spawn()
        .expect("it starts");
    until_all_are_built(&owner).await;
    assert!(other.try_wait().expect("it can be asked").is_none(), "both serve on");
    other.kill().await.expect("killed");
    let log = std::fs::read_to_string(first.data_dir.join("stderr")).expect("a log");
    assert!(!log.contains("cannot be built"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_cannot_be_built_stops_no_other() {
    let (database, owner) = adopted().await;
    // A name taken, and a column that no index can hold a value of.
    owner.batch_execute("CREATE TABLE nexus_users_email (id int)").await.expect("something of somebody's");
    let wide = "INSERT INTO audit_logs (entity_type, entity_id, action) VALUES ('users', gen_random_uuid(), 'seen');
        ALTER TABLE ssot_audit_logs ALTER COLUMN user_id TYPE text; DROP INDEX IF EXISTS nexus_ssot_audit_logs_user_id;
        INSERT INTO ssot_audit_logs (entity_type, entity_id, action, user_id)
        SELECT 'users', gen_random_uuid(), 'seen', string_agg(md5(n::text), '') FROM generate_series(1, 400) AS n";
    owner.batch_execute(wide).await.expect("a value that is too long");
    let console = console(database).await;
    until(&owner, "all others are built", MISSING, |missing| missing == 2).await;
    let admin = console.signed_in("admin").await;
    let wait = async {
        loop {
            let said = admin.get(PAGE).await.texts("[data-finding=index]").join(" | ");
            if said.contains("nexus_users_email Cannot be built") && said.contains("nexus_ssot_audit_logs_user_id Failed") {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("the page says which and why");
    let (mut doctor, _) = program(&console.database, &["doctor"]);
    let report = String::from_utf8_lossy(&doctor.output().await.expect("the program runs").stdout).into_owned();
    assert!(report.contains("WRONG  indexes: ") && report.contains("ALTER TABLE public.nexus_users_email RENAME TO"), "{report}");
    owner.batch_execute("DROP TABLE nexus_users_email").await.expect("out of the way");
    until(&owner, "it is built", "SELECT count(*) FROM nexus_missing_indexes() WHERE relation = 'users'", |missing| missing == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_for_administrators() {
    let (database, _) = adopted().await;
    let console = console(database).await;
    for (username, _, _) in people::PEOPLE {
        let browser = console.signed_in(username).await;
        let is_admin = username == "admin";
        assert_eq!(browser.get(PAGE).await.status, if is_admin { 200 } else { 403 }, "{username}");
        let links = browser.get("/").await.attributes("nav#nav a", "href");
        assert_eq!(links.iter().any(|link| link == PAGE), is_admin, "{username}");
    }
    let admin = console.signed_in("admin").await;
    assert_eq!(admin.get(&format!("{PAGE}?colour=blue")).await.status, 400);
}
