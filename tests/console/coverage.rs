//! Is every gap in the trail found and said, with what mends it, and is nothing said where there is none?

use std::{sync::Arc, time::Duration};

use nexus_console::{
    app::Tables,
    audit::coverage::{Extent, Finding, PARSED, Question, SIDE_TABLES, Walk, examine, fingerprint},
    auth::password,
    db::{
        adopt,
        pool::{Connection, Database, ServingRole},
    },
    demo,
    operations::jobs,
};
use tokio_postgres::Client;

use super::support::{PASSWORD, TestDatabase, console, database, nexus3, program, staffed_database, stock, stocked_database};

/// Somebody who looks, as the role that serves, and who remembers how far they came.
struct Look {
    database: Database,
    tables: Arc<Tables>,
    walk: Walk,
}

impl Look {
    fn at(database: &TestDatabase) -> Look {
        let pool = Database::new(database.application.manager(), 1, ServingRole::LoggedIn);
        Look { database: pool, tables: Arc::new(Tables::of_the_platform()), walk: Walk::default() }
    }

    async fn connection(&self) -> Connection {
        self.database.read().await.expect("a connection")
    }

    async fn further(&mut self, extent: Extent) -> Vec<Finding> {
        let connection = self.connection().await;
        let report = examine(&connection, &self.tables.registry, &mut self.walk, extent).await.expect("a report");
        assert_eq!(report.unanswered().count(), 0, "{report:?}");
        report.findings().cloned().collect()
    }

    async fn findings(&mut self) -> Vec<Finding> {
        self.further(Extent::Newest).await
    }

    /// The one finding there is.
    async fn only(&mut self, question: Question, table: &str, after: &str) -> Finding {
        let findings = self.findings().await;
        let [one] = findings.as_slice() else { panic!("after {after}: {findings:#?}") };
        assert!(one.question == question && one.what.contains(table), "after {after}: {one:?}");
        one.clone()
    }
}

async fn run(client: &Client, text: &str) {
    client.batch_execute(text).await.unwrap_or_else(|error| panic!("{text}: {error:?}"));
}

async fn text(client: &Client, query: &str) -> String {
    client.query_one(query, &[]).await.unwrap_or_else(|error| panic!("{query}: {error}")).get(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lists_in_the_program_are_what_the_migrations_made() {
    let database = database().await;
    let client = database.as_owner().await;
    let audited =
        "SELECT c.relname::text FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid WHERE g.tgname = 'audit_' || c.relname ORDER BY 1";
    let audited: Vec<String> = client.query(audited, &[]).await.expect("the catalog").iter().map(|row| row.get(0)).collect();
    let side: Vec<&str> = audited.iter().map(String::as_str).filter(|table| !adopt::DOCUMENTED.contains(table)).collect();
    assert_eq!(side, SIDE_TABLES, "a table of the console's own records its changes and stands in SIDE_TABLES");
    for (name, digest) in PARSED {
        let body = text(&client, &format!("SELECT pg_get_function_sqlbody('public.{name}'::regproc)")).await;
        assert_eq!(fingerprint(&body), digest, "{name}: {body}");
    }
}

/// Each is done by the owner, seen as one finding that names its table, and mended by typing what the finding says.
const BY_HAND: [(&str, Question, &str); 11] = [
    ("ALTER TABLE accounts DISABLE TRIGGER audit_accounts", Question::Triggers, "accounts"),
    ("ALTER TABLE one_time_links DISABLE TRIGGER audit_one_time_links", Question::Triggers, "one_time_links"),
    ("DROP TRIGGER audit_notifications ON notifications", Question::Triggers, "notifications"),
    (
        "CREATE OR REPLACE TRIGGER audit_users AFTER INSERT OR DELETE ON users FOR EACH ROW EXECUTE FUNCTION log_ssot_changes()",
        Question::Triggers,
        "users",
    ),
    (
        "CREATE OR REPLACE TRIGGER audit_api_keys AFTER INSERT OR UPDATE OR DELETE ON api_keys FOR EACH ROW WHEN (false) EXECUTE FUNCTION log_ssot_changes()",
        Question::Triggers,
        "api_keys",
    ),
    ("ALTER TABLE audit_logs DISABLE TRIGGER nexus_append_only", Question::Triggers, "audit_logs"),
    ("ALTER TABLE ssot_audit_logs ENABLE REPLICA TRIGGER nexus_entry", Question::Triggers, "ssot_audit_logs"),
    ("ALTER TABLE users DISABLE TRIGGER nexus_guard", Question::Triggers, "users"),
    ("CREATE RULE swallow AS ON INSERT TO audit_details DO INSTEAD NOTHING", Question::Triggers, "audit_details"),
    ("GRANT UPDATE (reason), TRIGGER ON audit_details TO nexus_app", Question::Privileges, "audit_details"),
    ("GRANT DELETE ON ssot_audit_logs TO PUBLIC", Question::Privileges, "ssot_audit_logs"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_way_to_leave_a_gap_is_found_and_what_it_says_mends_it() {
    let database = stocked_database().await;
    let (owner, superuser) = (database.as_owner().await, database.as_superuser().await);
    let mut look = Look::at(&database);
    assert_eq!(look.findings().await, [], "a database of our own has none");
    for (statement, question, table) in BY_HAND {
        run(&owner, statement).await;
        let finding = look.only(question, table, statement).await;
        run(&owner, finding.remedy.words()).await;
        assert_eq!(look.findings().await, [], "{:?} after {statement}", finding.remedy);
    }
    let stranger = "CREATE FUNCTION stranger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$; \
                    CREATE TRIGGER stranger BEFORE INSERT ON audit_logs FOR EACH ROW EXECUTE FUNCTION stranger()";
    run(&owner, stranger).await;
    let finding = look.only(Question::Triggers, "audit_logs", stranger).await;
    run(&owner, finding.remedy.words()).await;

    let name = &database.name;
    for whose in [format!("ROLE nexus_app IN DATABASE {name}"), format!("DATABASE {name}")] {
        run(&superuser, &format!("ALTER {whose} SET session_replication_role = replica")).await;
        let finding = look.only(Question::Replication, "every table", &whose).await;
        run(&superuser, finding.remedy.words()).await;
    }
    run(
        &superuser,
        &format!("CREATE ROLE keeper_{name}; GRANT keeper_{name} TO nexus_owner; ALTER TABLE audit_details OWNER TO keeper_{name}"),
    )
    .await;
    let finding = look.only(Question::Privileges, "nexus_owner is a member of", "a member").await;
    run(&superuser, finding.remedy.words()).await;
    run(&superuser, &format!("ALTER TABLE audit_details OWNER TO nexus_owner; DROP ROLE keeper_{name}")).await;

    for function in ["nexus_entry()", "log_ssot_changes()", "nexus_is_console()", "nexus_append_only()"] {
        let before = text(&owner, &format!("SELECT pg_get_functiondef('public.{function}'::regprocedure)")).await;
        let changed = match function {
            "nexus_is_console()" => {
                "CREATE OR REPLACE FUNCTION nexus_is_console() RETURNS boolean LANGUAGE sql STABLE RETURN false".to_owned()
            }
            _ => before.replacen("BEGIN", "BEGIN NULL;", 1),
        };
        run(&owner, &changed).await;
        look.only(Question::Functions, function.trim_end_matches("()"), &changed).await;
        run(&owner, &before).await;
    }
    run(&owner, "ALTER FUNCTION nexus_actor() SECURITY INVOKER").await;
    look.only(Question::Functions, "nexus_actor", "other rights").await;
    run(&owner, "ALTER FUNCTION nexus_actor() SECURITY DEFINER; ALTER FUNCTION nexus_actor() RESET search_path").await;
    look.only(Question::Functions, "nexus_actor", "another path").await;
    run(&owner, "ALTER FUNCTION nexus_actor() SET search_path = pg_catalog, pg_temp").await;
    assert_eq!(look.findings().await, [], "all of it is mended");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_without_an_entry_is_found_in_the_row_itself() {
    let database = stocked_database().await;
    let (owner, past) = (database.as_owner().await, database.as_superuser().await);
    let mut look = Look::at(&database);
    let (account, notice) = (stock::of("accounts", "user"), stock::of("notifications", "user"));
    run(&past, "SET session_replication_role = replica").await;
    for (change, table, back) in [
        (format!("UPDATE accounts SET account_name = 'Mine now' WHERE id = '{account}'"), "accounts", format!("UPDATE accounts SET account_name = 'Account mine user' WHERE id = '{account}'")),
        ("UPDATE users SET password_hash = '!other' WHERE username = 'gone'".to_owned(), "users", "UPDATE users SET password_hash = '!none' WHERE username = 'gone'".to_owned()),
        ("UPDATE system_settings SET setting_value = '6' WHERE setting_key = 'max_login_attempts'".to_owned(), "system_settings", "UPDATE system_settings SET setting_value = '5' WHERE setting_key = 'max_login_attempts'".to_owned()),
        ("UPDATE ssot_governance_rules SET is_active = NULL WHERE rule_name = 'names'".to_owned(), "ssot_governance_rules", "UPDATE ssot_governance_rules SET is_active = true WHERE rule_name = 'names'".to_owned()),
        ("INSERT INTO one_time_links (user_id, purpose, token_hash, expires_at) SELECT id, 'password', 'x', now() FROM users LIMIT 1".to_owned(), "one_time_links", "DELETE FROM one_time_links".to_owned()),
        ("INSERT INTO notifications (id, user_id, title, message, notification_type) SELECT nexus_uuid7(), id, 'Forged', '-', 'info' FROM users LIMIT 1".to_owned(), "notifications", "DELETE FROM notifications WHERE title = 'Forged'".to_owned()),
        ("UPDATE audit_logs SET entity_id = entity_id; INSERT INTO audit_logs (id, entity_type, entity_id, action) VALUES (nexus_uuid7(), 'users', nexus_uuid7(), 'UPDATE')".to_owned(), "audit_logs", "DELETE FROM audit_logs l WHERE NOT EXISTS (SELECT FROM audit_details d WHERE d.entry_id = l.id)".to_owned()),
    ] {
        run(&past, &change).await;
        let findings = look.findings().await;
        let [one] = findings.as_slice() else { panic!("after {change}: {findings:#?}") };
        let question = if table == "audit_logs" { Question::Actors } else { Question::Rows };
        assert!(one.question == question && one.table == table && one.record.is_some() && one.what.contains(table), "{one:?}");
        run(&past, &back).await;
        assert_eq!(look.findings().await, [], "after {back}");
    }
    run(&past, &format!("DELETE FROM notifications WHERE id = '{notice}'")).await;
    let gone = look.only(Question::Rows, "notifications", "a deletion").await;
    assert!(gone.what.contains(&notice) && gone.what.contains("is gone"), "{gone:?}");
    run(&past, "INSERT INTO audit_logs (entity_type, entity_id, action) VALUES ('notifications', '01900000-0000-7000-8000-000000004005', 'DELETE'); INSERT INTO audit_details (log, entry_id, actor_kind) SELECT 'audit_logs', id, 'db' FROM audit_logs WHERE action = 'DELETE' AND entity_type = 'notifications'").await;
    assert_eq!(look.findings().await, [], "an entry says so now");

    // What is recorded, or needs no entry, is no gap: whoever did it, and however often in one transaction.
    let recorded = format!(
        "BEGIN; UPDATE accounts SET account_name = 'A' WHERE id = '{account}'; UPDATE accounts SET account_name = 'B' WHERE id = '{account}'; COMMIT; \
         UPDATE user_sessions SET expires_at = now() + interval '9 hours'; UPDATE api_keys SET last_used = now(); DELETE FROM notifications; \
         UPDATE users SET password_hash = '!another' WHERE username = 'gone'; ALTER TABLE accounts ADD COLUMN branch text"
    );
    run(&owner, &recorded).await;
    assert_eq!(look.findings().await, []);

    // What lies far behind is met on the walk, and stays found until it is mended.
    run(&owner, "INSERT INTO notifications (id, user_id, title, message, notification_type) SELECT nexus_uuid7(), u.id, 'Notice ' || n, '-', 'info' FROM users u, generate_series(1, 200) n WHERE u.username = 'user'").await;
    run(&past, "UPDATE notifications SET message = 'changed' WHERE id = (SELECT id FROM notifications ORDER BY id LIMIT 1); UPDATE notifications SET updated_at = now() - interval '9 days' WHERE message = 'changed'").await;
    assert_eq!(look.findings().await, [], "not among the newest");
    assert_eq!(look.further(Extent::AndOnward).await.len(), 1, "but on the way");
    look.only(Question::Rows, "notifications", "the walk").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demonstration_and_an_adopted_database_have_no_gap_of_their_own() {
    let demonstration = database().await;
    let hash = password::hash(PASSWORD).expect("a hash");
    demo::fill(&mut demonstration.as_owner().await, chrono::Utc::now().date_naive(), &hash).await.expect("it is filled");
    let mut look = Look::at(&demonstration);
    assert_eq!(look.further(Extent::AndOnward).await, []);

    let adopted = nexus3::adopted_database().await;
    let platform = adopted.as_owner().await;
    run(&platform, "UPDATE accounts SET account_name = account_name || '!' WHERE id = (SELECT id FROM accounts LIMIT 1)").await;
    let mut look = Look::at(&adopted);
    let findings = look.further(Extent::AndOnward).await;
    let told: Vec<&str> = findings.iter().map(|finding| finding.what.as_str()).collect();
    let rights = |table: &str| format!("The role nexus_platform may DELETE, TRUNCATE, UPDATE on {table}.");
    assert_eq!(told, [rights("audit_logs"), rights("ssot_audit_logs")], "the platform's own rights, and nothing else");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_reads_the_log_sees_a_gap_without_having_looked_for_it() {
    let database = staffed_database().await;
    let owner = database.as_owner().await;
    run(&owner, "ALTER TABLE one_time_links DISABLE TRIGGER audit_one_time_links").await;
    let console = console(database).await;
    let (admin, auditor) = (console.signed_in("admin").await, console.signed_in("auditor").await);
    let mut dashboard = auditor.get("/").await;
    for _ in 0..50 {
        if dashboard.has("[data-finding=coverage]") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        dashboard = auditor.get("/").await;
    }
    let told = dashboard.texts("[data-finding=coverage]").join("");
    assert!(told.contains("On one_time_links the trigger audit_one_time_links is disabled"), "the job has looked by itself: {told}");
    assert!(jobs::coverage::JOB.every <= Duration::from_secs(30), "and does so within a minute");
    assert!(admin.get("/").await.has("[data-finding=coverage]"));
    assert!(dashboard.attributes("nav a", "href").contains(&"/audit/coverage".to_owned()));

    let page = auditor.get("/audit/coverage").await;
    assert_eq!(page.status, 200);
    let finding = page.texts("[data-finding]");
    assert_eq!(finding.len(), 1, "{}", page.text());
    assert!(
        finding[0].contains("one_time_links")
            && finding[0].contains("ALTER TABLE public.one_time_links ENABLE TRIGGER audit_one_time_links;"),
        "{finding:?}"
    );
    assert!(page.text().contains("db: nexus_owner"), "who wrote past the console is told: {}", page.text());
    let (mut doctor, _) = program(&console.database, &["doctor"]);
    let report = String::from_utf8_lossy(&doctor.output().await.expect("the program runs").stdout).into_owned();
    assert!(report.contains("WRONG  coverage: On one_time_links the trigger audit_one_time_links is disabled."), "{report}");

    run(&owner, "ALTER TABLE public.one_time_links ENABLE TRIGGER audit_one_time_links").await;
    let mended = admin.get("/audit/coverage").await;
    assert!(!mended.has("[data-finding]") && mended.texts(".status.ok").len() == 6, "{}", mended.text());
    assert!(!admin.get("/").await.has("[data-finding=coverage]"), "and the dashboard knows at once");
    assert_eq!(admin.get("/audit/coverage?verbose=1").await.status, 400);
    for role in ["manager", "user", "viewer"] {
        let browser = console.signed_in(role).await;
        assert_eq!(browser.get("/audit/coverage").await.status, 403, "{role}");
        assert!(!browser.get("/").await.attributes("nav a", "href").contains(&"/audit/coverage".to_owned()), "{role}");
    }
    assert_eq!(console.browser().get("/audit/coverage").await.status, 303, "nobody is asked who they are");
}
