//! Is an existing database saved before it is adopted, or else left as it was?

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Output,
};

use nexus_console::db::{
    connect::connect,
    embedded::{Embedded, Purpose},
    fingerprint::fingerprint,
    migrate,
};
use tokio_postgres::Client;

use super::support::{TestDatabase, empty_database, program, server};
use crate::running::{DataDir, Running, is_alive, until};

const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const SECRET: &str = "hunter2hunter2";

/// A NEXUS 3.0 database, and everything in it as text.
async fn existing() -> (TestDatabase, String) {
    let database = empty_database().await;
    let owner = database.as_owner().await;
    owner.batch_execute(include_str!("fixtures/nexus_3_0.sql")).await.expect("a NEXUS 3.0 database");
    let content = content(&owner).await;
    (database, content)
}

/// Schema and rows of every table of `public`.
async fn content(client: &Client) -> String {
    let mut content = String::new();
    for line in fingerprint(client).await.expect("a fingerprint").lines() {
        // PostgreSQL writes the casts of a CHECK in other places once it has read it back.
        let line = if line.starts_with("constraint ") { without_casts(line) } else { line.to_owned() };
        content.push_str(&line);
        content.push('\n');
    }
    let tables = client.query("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1", &[]).await.expect("tables");
    for table in tables.iter().map(|row| row.get::<_, String>(0)) {
        let rows = client.query(&format!("SELECT t::text FROM public.\"{table}\" t ORDER BY 1"), &[]).await.expect("rows");
        for row in rows {
            content.push_str(&format!("\n{table} {}", row.get::<_, String>(0)));
        }
    }
    content
}

fn without_casts(line: &str) -> String {
    ["::character varying", "::text[]", "::text", "(", ")"].iter().fold(line.to_owned(), |line, cast| line.replace(cast, ""))
}

/// A folder that is all of PATH, with this script as its `pg_dump`.
fn path_with(data: &Path, script: Option<&str>) -> PathBuf {
    let folder = data.join("programs");
    fs::create_dir_all(&folder).expect("a folder");
    if let Some(script) = script {
        let program = folder.join("pg_dump");
        fs::write(&program, ["#!/bin/sh\n", script].concat()).expect("a script");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("it may be run");
    }
    folder
}

const VERSION_15: &str = "[ \"$1\" = --version ] && echo 'pg_dump (PostgreSQL) 15.18' && exit 0\n";

fn backups(data_dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(data_dir.join("backups")).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

/// `migrate up` on a database, where PATH is one folder.
async fn up(database: &TestDatabase, script: Option<&str>, more: &[&str]) -> (Output, PathBuf) {
    let (mut command, data_dir) = program(database, &[&["migrate", "up"], more].concat());
    let path = path_with(&data_dir, script);
    let output = command.env("PATH", &path).output().await.expect("the program runs");
    (output, data_dir)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_backup_nothing_is_touched() {
    let (database, before) = existing().await;
    let half = [VERSION_15, "echo PGDMP and half of the rest\necho 'pg_dump: error: the connection was lost' >&2\nexit 1\n"].concat();
    let scripts: [(Option<&str>, &[&str]); 4] = [
        (None, &["pg_dump is not in PATH", "postgresql-client-", "--no-backup"]),
        (Some("echo 'pg_dump (PostgreSQL) 13.9'\n"), &["pg_dump 13 is older", "postgresql-client-", "--no-backup"]),
        (Some("echo 'something else'\n"), &["pg_dump is not in PATH", "--no-backup"]),
        (Some(&half), &["the connection was lost", "nothing was changed", "--no-backup"]),
    ];
    for (script, words) in scripts {
        let (output, data_dir) = up(&database, script, &[]).await;
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert_eq!(said.lines().filter(|line| line.starts_with("nexus-console: ")).count(), 1, "{said}");
        for word in words {
            assert!(said.contains(word), "{word:?} is missing in {said}");
        }
        assert!(backups(&data_dir).is_empty(), "no half file");
        assert_eq!(content(&database.as_owner().await).await, before);
        fs::remove_dir_all(&data_dir).expect("gone");
    }

    // Nor does `serve` go on without one.
    let (mut command, data_dir) = program(&database, &["serve"]);
    let output = command.env("PATH", path_with(&data_dir, None)).output().await.expect("the program runs");
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("pg_dump is not in PATH") && said.contains("--no-backup"), "{said}");
    assert_eq!(content(&database.as_owner().await).await, before);
    fs::remove_dir_all(&data_dir).expect("gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_backup_is_the_database_as_it_was() {
    let (database, before) = existing().await;
    let (mut command, data_dir) = program(&database, &["migrate", "up"]);
    let output = command.output().await.expect("the program runs");
    let said = text(&output.stdout);
    assert!(output.status.success(), "{said}{}", text(&output.stderr));
    let [dump] = backups(&data_dir).try_into().expect("one file");
    assert!(said.contains(&format!("saved the database as it was: {}", dump.display())), "{said}");
    let name = dump.file_name().expect("a name").to_string_lossy().into_owned();
    assert!(name.ends_with(&format!("-{}.dump", database.name)) && name.starts_with("20"), "{name}");
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!((mode(&dump), mode(dump.parent().expect("a folder"))), (0o600, 0o700));

    let told = "SELECT d.actor_name || ' ' || d.outcome || ' ' || (l.new_values ->> 'file') FROM audit_logs l JOIN audit_details d ON d.entry_id = l.id \
                WHERE l.action = 'backup_made'";
    let told: String = database.as_owner().await.query_one(told, &[]).await.expect("the log knows of it").get(0);
    assert_eq!(told, format!("migrate ok {name}"));

    let restored = empty_database().await;
    let superuser = restored.as_superuser().await;
    superuser.batch_execute("DROP SCHEMA public").await.expect("room for the dump's own");
    superuser.batch_execute("CREATE SCHEMA public AUTHORIZATION pg_database_owner").await.expect("as a new database has it");
    let mut restore = tokio::process::Command::new("pg_restore");
    restore.args(["--exit-on-error", "--dbname", &restored.name]).arg(&dump).envs(restored.owner.libpq_environment());
    let output = restore.output().await.expect("pg_restore is installed");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let mut owner = restored.as_owner().await;
    let after = content(&owner).await;
    let lines = |content: &str| content.lines().map(str::to_owned).collect::<BTreeSet<String>>();
    let difference: Vec<String> = lines(&before).symmetric_difference(&lines(&after)).cloned().collect();
    assert!(difference.is_empty(), "{}", difference.join("\n"));
    migrate::up(&mut owner).await.expect("and can be adopted like the first");

    // What is adopted needs no further one, whatever PATH holds.
    let (output, _) = up(&database, None, &[]).await;
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(backups(&data_dir), [dump]);
    fs::remove_dir_all(&data_dir).expect("gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn serve_saves_what_it_adopts_and_names_the_file() {
    let (database, _) = existing().await;
    let (command, data_dir) = program(&database, &["serve"]);
    let console = tokio::task::block_in_place(|| Running::start(command.into_std()));
    tokio::task::block_in_place(|| {
        console.until_ready();
        until("the file is named", || console.says("saved the database as it was: "));
    });
    let [dump] = backups(&data_dir).try_into().expect("one file");
    assert!(console.says(&dump.display().to_string()));
    drop(console);
    fs::remove_dir_all(&data_dir).expect("gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_a_backup_can_say_so() {
    let (database, _) = existing().await;
    let (output, data_dir) = up(&database, None, &["--no-backup"]).await;
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(!text(&output.stdout).contains("saved"));
    assert!(backups(&data_dir).is_empty());

    let (database, _) = existing().await;
    let (mut command, data_dir) = program(&database, &["serve", "--no-backup"]);
    command.env("PATH", path_with(&data_dir, None));
    let console = tokio::task::block_in_place(|| Running::start(command.into_std()));
    tokio::task::block_in_place(|| console.until_ready());
    assert!(backups(&data_dir).is_empty());
    drop(console);
    fs::remove_dir_all(&data_dir).expect("gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_our_own_is_made_and_brought_on_without_one() {
    let database = empty_database().await;
    let mut owner = database.as_owner().await;
    let (output, data_dir) = up(&database, None, &[]).await;
    assert!(output.status.success(), "{}", text(&output.stderr));
    migrate::down(&mut owner, 3).await.expect("back");
    let (output, _) = up(&database, None, &[]).await;
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(backups(&data_dir).is_empty());
    fs::remove_dir_all(&data_dir).expect("gone");
}

/// What the script met stands in two files: its arguments, which everybody can see, and its environment.
#[tokio::test(flavor = "multi_thread")]
async fn the_password_is_no_argument_and_the_protection_of_the_url_holds() {
    let server = server().await;
    let name = server.lone_owner().await;
    let url = server.url(&name, SECRET, &name, &format!("?sslmode=verify-full&sslrootcert={}", server.authority()));
    let target = nexus_console::db::connect::Target::parse(&url).expect("a URL");
    let owner = connect(&target).await.expect("the owner connects");
    owner.batch_execute(include_str!("fixtures/nexus_3_0.sql")).await.expect("a NEXUS 3.0 database");
    let run = |data: &DataDir| {
        let mut command = tokio::process::Command::from(data.program(&["migrate", "up"]));
        command.env("DATABASE_URL", &url).env("NEXUS_SECRET_KEY", KEY);
        command
    };

    let data = DataDir::new();
    let met = data.path().join("met");
    let script = format!("{VERSION_15}echo \"$0 $*\" > {met}.arguments\n/usr/bin/env > {met}.environment\nexit 1\n", met = met.display());
    let output = run(&data).env("PATH", path_with(data.path(), Some(&script))).output().await.expect("the program runs");
    assert_eq!(output.status.code(), Some(1));
    let arguments = fs::read_to_string(met.with_extension("arguments")).expect("it was run");
    let environment = fs::read_to_string(met.with_extension("environment")).expect("it was run");
    assert!(!arguments.contains(SECRET) && arguments.contains("--format=custom"), "{arguments}");
    for line in [
        format!("PGPASSWORD={SECRET}"),
        format!("PGUSER={name}"),
        format!("PGHOST={}", server.address),
        "PGSSLMODE=verify-full".to_owned(),
        format!("PGSSLROOTCERT={}", server.authority()),
    ] {
        assert!(environment.lines().any(|met| met == line), "{line} is missing in {environment}");
    }
    assert!(!environment.contains(KEY), "nothing of the console's own secrets");
    for said in [text(&output.stdout), text(&output.stderr)] {
        assert!(!said.contains(SECRET), "{said}");
    }

    // The real one comes to the same database over the same protection.
    let data = DataDir::new();
    let output = run(&data).output().await.expect("the program runs");
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(!text(&output.stdout).contains(SECRET) && !text(&output.stderr).contains(SECRET));
    assert_eq!(backups(data.path()).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_told_to_stop_in_the_middle_leaves_no_half_file() {
    let (database, before) = existing().await;
    let (mut command, data_dir) = program(&database, &["serve"]);
    let begun = data_dir.join("begun");
    let script = format!("{VERSION_15}echo PGDMP and half of the rest\necho $$ > {}\nexec /bin/sleep 1000\n", begun.display());
    command.env("PATH", path_with(&data_dir, Some(&script)));
    let console = tokio::task::block_in_place(|| Running::start(command.into_std()));
    let process = || fs::read_to_string(&begun).ok().and_then(|text| text.trim().parse::<i32>().ok());
    until("the backup is under way", || process().is_some());
    assert_eq!(backups(&data_dir).len(), 1, "half of it");
    assert_eq!(tokio::task::block_in_place(|| console.stop()), Some(0));
    assert!(backups(&data_dir).is_empty());
    let dump = process().expect("its process");
    until("it was stopped as well", || !is_alive(dump));
    assert_eq!(content(&database.as_owner().await).await, before);
    fs::remove_dir_all(&data_dir).expect("gone");
}

/// The private server brings its own `pg_dump`, so PATH needs none.
#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_database_is_saved_too() {
    let data = DataDir::new();
    let embedded = Embedded::claim(data.path(), Purpose::Command("test")).expect("PostgreSQL is installed");
    tokio::task::block_in_place(|| embedded.start()).expect("the server starts");
    embedded.bootstrap().await.expect("a database");
    let owner = connect(&embedded.owner_config()).await.expect("the owner connects");
    owner.batch_execute(include_str!("fixtures/nexus_3_0.sql")).await.expect("somebody put a NEXUS 3.0 database there");
    drop(owner);
    tokio::task::block_in_place(|| embedded.stop()).expect("the server stops");
    drop(embedded);
    let mut command = data.program(&["migrate", "up"]);
    command.env("PATH", path_with(data.path(), None));
    let output = tokio::task::block_in_place(|| command.output()).expect("the program runs");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let [dump] = backups(data.path()).try_into().expect("one file");
    assert!(text(&output.stdout).contains(&dump.display().to_string()));
    assert!(fs::metadata(&dump).expect("there").len() > 1_000);
}
