//! Does whoever mistypes an address of a database read in one line which part is wrong and what to do?

use std::time::Duration;

use tokio::process::Command;

use crate::{
    running::{DataDir, Running, until},
    support::{Listener, Server, closed_port, server},
};

const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const SECRET: &str = "hunter2hunter2";
/// Waiting for an address ends by itself; this only keeps a test from waiting for ever.
const ENDS: Duration = Duration::from_secs(60);

/// A user and a database of their own on the server that speaks TLS.
async fn customer() -> (&'static Server, String) {
    let server = server().await;
    (server, server.lone_owner().await)
}

struct Ended {
    status: Option<i32>,
    printed: String,
    complaint: String,
}

/// Runs a command with these two variables, to its end.
async fn run(data: &DataDir, arguments: &[&str], url: &str, migration_url: Option<&str>) -> Ended {
    let mut command = Command::from(data.program(arguments));
    command.env("DATABASE_URL", url).env("NEXUS_SECRET_KEY", KEY).kill_on_drop(true);
    if let Some(migration_url) = migration_url {
        command.env("DATABASE_MIGRATION_URL", migration_url);
    }
    let output = tokio::time::timeout(ENDS, command.output()).await.expect("it ends by itself").expect("the program runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ended { status: output.status.code(), printed: text(&output.stdout), complaint: text(&output.stderr) }
}

const CREATE: [&str; 11] =
    ["user", "create", "--username", "zoe", "--email", "zoe@example.com", "--full-name", "Zoe", "--role", "admin", "--password-stdin"];

/// Each of the ways to name an address is answered by one line that names the variable and the part, and no password.
async fn is_refused(data: &DataDir, url: &str, words: &[&str]) {
    let fine = format!("postgres://nobody:{SECRET}@127.0.0.1:1/nowhere");
    let ways: [(&str, Option<&str>); 2] = [(url, None), (&fine, Some(url))];
    for (serving, migrating) in ways {
        let variable = if migrating.is_some() { "DATABASE_MIGRATION_URL" } else { "DATABASE_URL" };
        let ended = run(data, &["migrate", "status"], serving, migrating).await;
        is_said(&ended, &ended.complaint, variable, url, words);
    }
}

fn is_said(ended: &Ended, line: &str, variable: &str, url: &str, words: &[&str]) {
    assert!(ended.status.is_some_and(|status| status != 0), "{url}: {line}");
    assert_eq!(line.lines().count(), 1, "{url}: {line}");
    assert!(line.starts_with(&format!("nexus-console: {variable}: ")), "{url}: {line}");
    for word in words {
        assert!(line.contains(word), "{url}: {word:?} is missing in {line}");
    }
    assert!(!line.contains("hunter2"), "{url}: {line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_that_cannot_be_read_names_its_part() {
    let data = DataDir::new();
    let parts: [(&str, &[&str]); 24] = [
        ("", &["an empty value"]),
        ("   ", &["an empty value"]),
        ("mysql://me:hunter2@localhost/nexus", &["postgres://"]),
        ("localhost/nexus", &["postgres://"]),
        ("postgres:/me:hunter2@localhost/nexus", &["postgres://"]),
        (" postgres://me:hunter2@localhost/nexus", &["postgres://"]),
        ("postgres://me:hunter2@localhost/nexus ", &["a space", "%20"]),
        ("postgres://me:hunter2 @localhost/nexus", &["a space", "%20"]),
        ("postgres://me:hunter2\n@localhost/nexus", &["control characters"]),
        ("postgres://localhost/nexus", &["without a user"]),
        ("postgres://:hunter2@localhost/nexus", &["without a user"]),
        ("postgres://me:hunter2@/nexus", &["without a host"]),
        ("postgres://me:hunter2@:5432/nexus", &["without a host"]),
        ("postgres://me:hunter2@localhost", &["without a database"]),
        ("postgres://me:hunter2@localhost/", &["without a database"]),
        ("postgres://me:hunter2@localhost:port/nexus", &["port"]),
        ("postgres://me:hunter2@localhost:99999/nexus", &["port"]),
        ("postgres://me:hunter2@localhost:0/nexus", &["port 0"]),
        ("postgres://me:hunter2@home@localhost/nexus", &["password", "%40"]),
        ("postgres://me:hunter2/1@localhost/nexus", &["password", "%2F"]),
        ("postgres://me:hunter2%zz@localhost/nexus", &["% that two hex digits do not follow", "%25"]),
        ("postgres://me:hunter2@localhost/nexus?colour=blue", &["colour"]),
        ("postgres://me:hunter2@localhost/nexus?sslmode=verify", &["sslmode", "verify-full"]),
        ("postgres://me:hunter2@localhost/nexus?sslmode=require&connect_timeout=soon", &["connect_timeout"]),
    ];
    for (url, words) in parts {
        is_refused(&data, url, words).await;
    }
    // Every command reads both before it does anything.
    for arguments in [&["serve"][..], &["doctor"], &["migrate", "up"], &CREATE] {
        let ended = run(&data, arguments, "postgres://me:hunter2@localhost:port/nexus", None).await;
        is_said(&ended, &ended.complaint, "DATABASE_URL", &arguments.join(" "), &["port", "accepted is postgres://"]);
        let right = "postgres://me:hunter2@localhost/nexus";
        let ended = run(&data, arguments, right, Some("postgres://me:hunter2@localhost:port/nexus")).await;
        is_said(&ended, &ended.complaint, "DATABASE_MIGRATION_URL", &arguments.join(" "), &["port"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_refuses_is_understood() {
    let data = DataDir::new();
    let (server, name) = customer().await;
    server.role(&format!("{name}_barred"), "").await;
    server.role(&format!("{name}_crowded"), "CONNECTION LIMIT 0").await;
    let superuser = server.superuser("postgres").await;
    for statement in [
        "DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'kept_out') THEN CREATE ROLE kept_out LOGIN; END IF; END $$"
            .to_owned(),
        format!("CREATE DATABASE {name}_private OWNER postgres"),
        format!("REVOKE CONNECT ON DATABASE {name}_private FROM PUBLIC"),
        format!("ALTER ROLE {name}_barred NOLOGIN"),
    ] {
        superuser.batch_execute(&statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    let fine = run(&data, &["migrate", "status"], &server.url(&name, SECRET, &name, ""), None).await;
    assert_eq!(fine.status, Some(0), "{}", fine.complaint);
    for (url, words) in [
        (server.url("stranger", SECRET, &name, ""), ["user", "password is wrong"]),
        (server.url(&name, "hunter2", &name, ""), ["user", "password is wrong"]),
        (server.url(&name, "", &name, ""), ["the URL has none", "user:password@"]),
        (server.url("kept_out", SECRET, &name, ""), ["does not let this user in", "pg_hba.conf"]),
        (server.url(&format!("{name}_barred"), SECRET, &name, ""), ["may not log in", "CREATE ROLE"]),
        (server.url(&format!("{name}_crowded"), SECRET, &name, ""), ["no connection left", "limit"]),
        (server.url(&name, SECRET, "nowhere", ""), ["database nowhere", "no such database"]),
        (server.url(&name, SECRET, &format!("{name}_private"), ""), ["may not connect", "GRANT CONNECT"]),
    ] {
        is_refused(&data, &url, &words).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_checked_as_sslmode_says() {
    let data = DataDir::new();
    let (server, name) = customer().await;
    let authority = server.authority();
    let (empty, garbage) = (data.path().join("empty.pem"), data.path().join("garbage.pem"));
    std::fs::write(&empty, "").expect("a file");
    std::fs::write(&garbage, "-----BEGIN CERTIFICATE-----\nbm90IGEgY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n").expect("a file");
    let elsewhere = data.path().join("elsewhere.pem");
    let stranger = rcgen::generate_simple_self_signed(vec!["elsewhere".to_owned()]).expect("another authority");
    std::fs::write(&elsewhere, stranger.cert.pem()).expect("a file");
    let with = |parameters: &str| server.url(&name, SECRET, &name, parameters);
    let at_other_address = |parameters: &str| with(parameters).replace(&server.address, &server.other_address);

    for url in [
        with(""),
        with("?sslmode=require"),
        with("?sslmode=disable"),
        with(&format!("?sslmode=verify-full&sslrootcert={authority}")),
        with(&format!("?sslmode=verify-ca&sslrootcert={authority}")),
        at_other_address(&format!("?sslmode=verify-ca&sslrootcert={authority}")),
    ] {
        let ended = run(&data, &["migrate", "status"], &url, None).await;
        assert_eq!(ended.status, Some(0), "{url}: {}", ended.complaint);
    }
    let wrong = [
        (at_other_address(&format!("?sslmode=verify-full&sslrootcert={authority}")), ["certificate", "another name"]),
        (with(&format!("?sslmode=verify-full&sslrootcert={}", elsewhere.display())), ["certificate", "unknown authority"]),
        (with("?sslmode=verify-full&sslrootcert=/nowhere/ca.pem"), ["/nowhere/ca.pem", "cannot be read"]),
        (with(&format!("?sslmode=verify-full&sslrootcert={}", empty.display())), ["empty.pem", "holds no certificate"]),
        (with(&format!("?sslmode=verify-full&sslrootcert={}", garbage.display())), ["garbage.pem", "holds no certificate"]),
        (with(&format!("?sslrootcert={authority}")), ["sslrootcert", "verify-full"]),
    ];
    for (url, words) in wrong {
        is_refused(&data, &url, &words).await;
    }
    let plain = Listener::of_version("15.1").await;
    let url = format!("postgres://me:{SECRET}@127.0.0.1:{}/nexus?sslmode=require", plain.port);
    is_refused(&data, &url, &["offers no TLS", "sslmode=disable"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_postgresql_of_today_is_told_from_what_is_away() {
    let data = DataDir::new();
    let http = Listener::saying(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
    let mail = Listener::saying(b"220 mail.example.com ESMTP ready and waiting for whatever may come next\r\n").await;
    let mute = Listener::saying(b"").await;
    let silent = Listener::silent().await;
    let black_hole = Listener::black_hole().await;
    let old = Listener::of_version("14.2").await;
    let at = |port: u16, parameters: &str| format!("postgres://me:{SECRET}@127.0.0.1:{port}/nexus{parameters}");
    for (url, words) in [
        (at(closed_port(), ""), ["nothing listens there", "host and port"]),
        ("postgres://me:hunter2@nowhere.invalid/nexus".to_owned(), ["nowhere.invalid", "not known"]),
        ("postgres://me:hunter2@%2Fnowhere/nexus".to_owned(), ["/nowhere", "no socket"]),
        (at(http.port, ""), ["does not speak as PostgreSQL does", "host and port"]),
        (at(mail.port, "?sslmode=disable"), ["does not speak as PostgreSQL does", "host and port"]),
        (at(mute.port, ""), ["hung up", "host and port"]),
        (at(silent.port, ""), ["no answer within 10s", "host and port"]),
        (at(black_hole.port, ""), ["no answer within 5s", "host and port"]),
        (at(black_hole.port, "?connect_timeout=1"), ["no answer within 1s", "host and port"]),
        (at(old.port, ""), ["14.2", "older than 15"]),
    ] {
        is_refused(&data, &url, &words).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_says_it_in_its_own_place() {
    let data = DataDir::new();
    let (server, name) = customer().await;
    let wrong = server.url(&name, "hunter2", &name, "");
    for arguments in [&["migrate", "up"][..], &["migrate", "validate"], &["serve"]] {
        let ended = run(&data, arguments, &wrong, None).await;
        is_said(&ended, &ended.complaint, "DATABASE_URL", &arguments.join(" "), &["password is wrong"]);
    }
    let mut create = Command::from(data.program(&CREATE));
    create.env("DATABASE_URL", &wrong).env("NEXUS_SECRET_KEY", KEY);
    let output = create.output().await.expect("the program runs");
    let line = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && line.starts_with("nexus-console: DATABASE_URL: ") && line.lines().count() == 1, "{line}");

    let doctor = run(&data, &["doctor"], &wrong, None).await;
    assert_eq!(doctor.status, Some(1), "{}", doctor.printed);
    assert!(doctor.printed.contains("WRONG  database: DATABASE_URL: "), "{}", doctor.printed);
    // The owner may come in and the pages may not: both are said by their names.
    let right = server.url(&name, SECRET, &name, "");
    let doctor = run(&data, &["doctor"], &wrong, Some(&right)).await;
    assert!(doctor.printed.contains("WRONG  serving: DATABASE_URL: "), "{}", doctor.printed);
    assert!(!doctor.printed.contains("hunter2") && !doctor.complaint.contains("hunter2"), "{}", doctor.printed);
    let ended = run(&data, &["serve"], &wrong, Some(&right)).await;
    is_said(&ended, last_line(&ended.complaint), "DATABASE_URL", "serve", &["password is wrong"]);
}

fn last_line(text: &str) -> &str {
    text.lines().last().unwrap_or_default()
}

/// A server that may still come is waited for, and what is waited for is said at once.
#[tokio::test(flavor = "multi_thread")]
async fn serve_says_at_once_what_it_waits_for() {
    let silent = Listener::silent().await;
    for (port, words) in [(closed_port(), "nothing listens there"), (silent.port, "no answer within")] {
        let data = DataDir::new();
        let mut command = data.program(&["serve"]);
        command.env("DATABASE_URL", format!("postgres://me:{SECRET}@127.0.0.1:{port}/nexus")).env("NEXUS_SECRET_KEY", KEY);
        let console = Running::start(command);
        until("it says what it waits for", || console.says("DATABASE_URL: ") && console.says(words) && console.says("trying again"));
        assert!(!console.says("hunter2"));
    }
}
