//! With one role, and no right to make another?

use nexus_console::db::{
    connect::{Target, connect},
    migrate,
};
use tokio_postgres::Client;

use crate::{
    running::{DataDir, Running, until},
    support::{Answer, Browser, Server, people, server},
};

const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const SECRET: &str = "hunter2hunter2";

/// A database whose owner may make no roles, as the only one there is.
struct Lone {
    server: &'static Server,
    name: String,
    url: String,
    owner: Client,
}

impl Lone {
    async fn adopted() -> Lone {
        let server = server().await;
        let name = server.lone_owner().await;
        let url = server.url(&name, SECRET, &name, "");
        let mut owner = connect(&Target::parse(&url).expect("a URL")).await.expect("the owner connects");
        owner.batch_execute(include_str!("../fixtures/nexus_3_0.sql")).await.expect("a NEXUS 3.0 database");
        migrate::up(&mut owner).await.expect("it is adopted");
        people::hire(&owner).await;
        Lone { server, name, url, owner }
    }

    fn command(&self, data: &DataDir, arguments: &[&str]) -> std::process::Command {
        let mut command = data.program(arguments);
        command.env("DATABASE_URL", &self.url).env("NEXUS_SECRET_KEY", KEY);
        command
    }

    fn doctor(&self, data: &DataDir) -> (Option<i32>, String) {
        let output = tokio::task::block_in_place(|| self.command(data, &["doctor"]).output()).expect("the program runs");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

async fn dashboard(console: &Running) -> (Browser, Answer) {
    tokio::task::block_in_place(|| console.until_ready());
    let admin = Browser::new(&format!("http://127.0.0.1:{}", console.port()));
    admin.sign_in("admin").await;
    let page = admin.get("/").await;
    (admin, page)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_role_that_may_make_no_other_serves_and_says_what_is_weaker() {
    let lone = Lone::adopted().await;
    let data = DataDir::new();
    let console = Running::start(lone.command(&data, &["serve"]));
    let (admin, page) = dashboard(&console).await;
    let told = page.texts("[data-finding=roles]").join("");
    assert!(told.contains("more rights than it should") && told.contains(&format!("GRANT nexus_app TO {}", lone.name)), "{told}");
    assert!(console.says("GRANT nexus_app TO"), "the terminal is told as well");
    let maintenance = admin.get("/operations/maintenance").await.texts("[data-finding=roles]").join("");
    assert!(maintenance.contains("GRANT nexus_app TO"), "{maintenance}");

    // Everything works: what is there is listed, and a change is made and recorded as whose it is.
    for table in ["users", "accounts", "transactions", "audit_logs", "ssot_audit_logs", "ssot_api_contracts"] {
        let list = admin.get(&format!("/tables/{table}")).await;
        assert_eq!(list.status, 200, "{table}: {}", list.text());
    }
    let account = "00000000-0000-0000-0000-0000000000a1";
    let form = admin.get(&format!("/tables/accounts/{account}/edit")).await;
    let value = |name: &str| form.value(name).unwrap_or_default();
    let fields = [
        ("version", value("version")),
        ("account_name", "Renamed".to_owned()),
        ("account_type", value("account_type")),
        ("account_number", value("account_number")),
        ("user_id", value("user_id")),
        ("is_active", "true".to_owned()),
    ];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let saved = admin.post(&format!("/tables/accounts/{account}"), &fields).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    let actor: String = lone
        .owner
        .query_one("SELECT d.actor_kind FROM audit_logs l JOIN audit_details d ON d.entry_id = l.id WHERE l.entity_id::text = $1 AND l.action = 'UPDATE'", &[&account])
        .await
        .expect("one entry")
        .get(0);
    assert_eq!(actor, "user");

    let (status, report) = lone.doctor(&data);
    assert_eq!(status, Some(1), "{report}");
    assert!(report.contains("WRONG  roles: ") && report.contains("CREATE ROLE nexus_app"), "{report}");
    assert!(report.contains("note   rights: ") || report.contains("ok     rights: "), "{report}");
    assert!(!report.contains(SECRET) && !console.says(SECRET), "{report}");
}

/// What the console says to type is typed, word for word, and then it has nothing to say.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_to_type_is_what_helps() {
    let server = server().await;
    let name = server.lone_owner().await;
    let url = server.url(&name, SECRET, &name, "");
    let mut owner = connect(&Target::parse(&url).expect("a URL")).await.expect("the owner connects");
    migrate::up(&mut owner).await.expect("migrated");
    people::hire(&owner).await;
    let lone = Lone { server, name, url, owner };
    let data = DataDir::new();
    let (_, report) = lone.doctor(&data);
    let remedy = report.split_once("WRONG  roles: ").and_then(|(_, rest)| rest.split_once("type: ")).map(|(_, rest)| rest);
    let lines: Vec<&str> = remedy.expect("a remedy").lines().take(3).map(str::trim).collect();
    assert!(lines[2].starts_with("GRANT nexus_app TO"), "{report}");
    // The role belongs to the whole server, where other tests count on its absence: it is taken back in the end.
    let superuser = lone.server.superuser(&lone.name).await;
    superuser.batch_execute("BEGIN").await.expect("for a moment");
    superuser.batch_execute(&lines.join("\n")).await.expect("it can be typed as it stands");
    superuser.batch_execute("ROLLBACK").await.expect("taken back");
    assert!(matches!(
        nexus_console::db::roles::standing(&lone.owner, &lone.name).await,
        Ok(nexus_console::db::roles::Standing::Gap { .. })
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_url_that_steps_down_is_said_to_be_a_guard_against_mistakes() {
    let database = crate::support::staffed_database().await;
    let data = DataDir::new();
    let mut command = data.program(&["serve"]);
    command.env("DATABASE_URL", database.url_of(&database.owner)).env("NEXUS_SECRET_KEY", KEY);
    let console = Running::start(command);
    let (_, page) = dashboard(&console).await;
    assert!(!page.has("[data-finding=roles]"), "it is no fault");
    until("it has settled", || console.get("/health/ready") == Some(200));
    let mut doctor = data.program(&["doctor"]);
    doctor.env("DATABASE_URL", database.url_of(&database.owner)).env("NEXUS_SECRET_KEY", KEY);
    let output = tokio::task::block_in_place(|| doctor.output()).expect("the program runs");
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(
        report.contains("note   roles: ") && report.contains("guards against mistakes alone") && report.contains("DATABASE_MIGRATION_URL"),
        "{report}"
    );
}
