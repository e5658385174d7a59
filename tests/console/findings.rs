//! Is whatever is amiss with an installation said, at the start, by `doctor` and to its administrator?

use nexus_console::db::{migrate, roles};

use super::support::{Answer, Console, TestDatabase, console, empty_database, people, program, staffed_database};

async fn doctor(database: &TestDatabase) -> (Option<i32>, String) {
    let (mut doctor, _) = program(database, &["doctor"]);
    let output = doctor.output().await.expect("the program runs");
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

async fn dashboard(console: &Console, username: &str) -> Answer {
    console.signed_in(username).await.get("/").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_our_own_that_pages_would_fail_on_is_not_served() {
    let database = staffed_database().await;
    // Rights on a database itself do not come with its template.
    let own = roles::ensure(&database.as_owner().await).await.expect("the serving role");
    assert_eq!(own, roles::AppRole::Own);
    let (status, report) = doctor(&database).await;
    assert_eq!(status, Some(0), "{report}");
    assert!(report.contains("ok     declarations: the database takes all "), "{report}");
    let bent =
        "ALTER TABLE notifications DROP COLUMN is_urgent; ALTER TABLE accounts ALTER COLUMN is_active TYPE text USING is_active::text";
    database.as_owner().await.batch_execute(bent).await.expect("the schema can be bent");
    let (mut command, _) = program(&database, &["serve"]);
    let output = command.output().await.expect("the program runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let lines: Vec<&str> = said.lines().filter(|line| line.starts_with("R0")).collect();
    assert_eq!(lines, ["R002 notifications.is_urgent: there is no such column", "R004 accounts.is_active: declared Bool, is text"]);
    assert!(said.contains("nexus-console doctor"), "{said}");
    let (status, report) = doctor(&database).await;
    assert_eq!(status, Some(1), "{report}");
    assert!(report.contains("WRONG  declarations: R002 notifications.is_urgent: there is no such column"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_slows_pages_is_no_fault() {
    let database = staffed_database().await;
    let bent = "DROP INDEX nexus_transactions_amount; ALTER TABLE ssot_governance_rules ADD COLUMN owner text";
    database.as_owner().await.batch_execute(bent).await.expect("the schema can be bent");
    let (_, report) = doctor(&database).await;
    assert!(report.contains("note   declarations: R009 transactions.amount: "), "{report}");
    assert!(report.contains("note   declarations: R011 ssot_governance_rules.owner: "), "{report}");
    assert!(report.contains("ok     declarations: "), "{report}");
    let owner = database.as_owner().await;
    let console = console(database).await;
    // The index comes back by itself, and the other difference is nothing to trouble anybody with.
    let missing = async || owner.query_one("SELECT count(*) FROM nexus_missing_indexes()", &[]).await.expect("a count").get::<_, i64>(0);
    let wait = async {
        while missing().await > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), wait).await.expect("it is built");
    assert!(!dashboard(&console, "admin").await.has("[data-finding]"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adopted_database_is_served_and_its_administrator_told_what_differs() {
    let database = empty_database().await;
    let mut owner = database.as_owner().await;
    owner.batch_execute(include_str!("fixtures/nexus_3_0.sql")).await.expect("a NEXUS 3.0 database");
    migrate::up(&mut owner).await.expect("it is adopted");
    assert_eq!(roles::ensure(&owner).await.expect("the serving role"), roles::AppRole::Own);
    owner.batch_execute("DELETE FROM users WHERE username IN ('admin', 'user')").await.ok();
    people::hire(&owner).await;
    owner.batch_execute("ALTER TABLE notifications DROP COLUMN is_urgent").await.expect("the schema can be bent");
    let console = console(database).await;
    let page = dashboard(&console, "admin").await;
    let told = page.texts("[data-finding=R002]").join("");
    assert!(told.contains("notifications.is_urgent") && told.contains("nexus-console doctor"), "{told}");
    assert!(!dashboard(&console, "auditor").await.has("[data-finding]"), "nobody else can do anything about it");
    let log = std::fs::read_to_string(console.data_dir.join("stderr")).expect("a log");
    assert!(log.contains("R002 notifications.is_urgent"), "{log}");
    let (status, report) = doctor(&console.database).await;
    assert_eq!(status, Some(1), "{report}");
}
