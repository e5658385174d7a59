//! Does the program say in one line what is wrong, and what to do about it?

use std::{io::Write as _, net::TcpListener, process::Stdio};

use crate::running::{DataDir, Running, get, until};

const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// What the program said when it refused to start, and with which status.
fn refused(data: &DataDir, arguments: &[&str], environment: &[(&str, &str)]) -> (Option<i32>, String) {
    let output = data.program(arguments).envs(environment.iter().copied()).output().expect("the program runs");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn every_wrong_variable_stops_the_start_with_one_line_that_names_it() {
    let data = DataDir::new();
    for (variable, value) in [
        ("NEXUS_BIND", "nowhere"),
        ("NEXUS_DATA_DIR", "/tmp/a'b"),
        ("NEXUS_SECRET_KEY", "hunter2"),
        ("NEXUS_AUDIT_KEY", "hunter2"),
        ("NEXUS_PUBLIC_URL", "ftp://hunter2"),
        ("NEXUS_ENVIRONMENT", "a text that is much too long for a band on every page"),
        ("NEXUS_SMTP_URL", "hunter2"),
        ("NEXUS_LOG_DIR", "/dev/null/logs"),
        ("NEXUS_DEMO_PASSWORD", "hunter2"),
        ("DATABASE_URL", "mysql://me:hunter2@localhost/nexus"),
        ("DATABASE_URL", ""),
        ("DATABASE_MIGRATION_URL", "postgres://me:hunter2@localhost:port/nexus"),
    ] {
        let (status, line) = refused(&data, &["serve"], &[(variable, value)]);
        assert_eq!(status, Some(2), "{variable}: {line}");
        assert!(line.starts_with(&format!("nexus-console: {variable}: read ")), "{line}");
        assert_eq!(line.lines().count(), 1, "{line}");
        assert!(!line.contains("hunter2"), "{line}");
    }
}

#[test]
fn a_flag_beats_the_environment() {
    let data = DataDir::new();
    let (_, line) = refused(&data, &["serve", "--bind", "from-the-flag"], &[("NEXUS_BIND", "127.0.0.1:0")]);
    assert!(line.contains("from-the-flag"), "{line}");
}

#[test]
fn a_taken_port_is_said() {
    let data = DataDir::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let (status, line) = refused(&data, &["serve", "--bind", &address], &[]);
    assert_eq!(status, Some(1));
    assert!(line.contains(&address) && line.contains("NEXUS_BIND"), "{line}");
    assert_eq!(line.lines().count(), 1, "{line}");
}

#[test]
fn the_demo_is_for_this_machine_and_its_own_database_only() {
    let data = DataDir::new();
    let (status, line) = refused(&data, &["serve", "--demo", "--bind", "0.0.0.0:0"], &[]);
    assert_eq!((status, line.lines().count()), (Some(2), 1), "{line}");
    let elsewhere = [("DATABASE_URL", "postgres://me@localhost/nexus"), ("NEXUS_SECRET_KEY", KEY)];
    let (status, line) = refused(&data, &["serve", "--demo"], &elsewhere);
    assert_eq!((status, line.lines().count()), (Some(2), 1), "{line}");
}

#[test]
fn help_lists_every_variable_and_nothing_that_does_not_exist_yet() {
    let data = DataDir::new();
    let output = data.program(&["--help"]).env("NEXUS_SECRET_KEY", KEY).output().expect("the program runs");
    let help = String::from_utf8_lossy(&output.stdout);
    for name in [
        "DATABASE_URL",
        "DATABASE_MIGRATION_URL",
        "NEXUS_BIND",
        "NEXUS_DATA_DIR",
        "NEXUS_SECRET_KEY",
        "NEXUS_AUDIT_KEY",
        "NEXUS_AUDIT_MAIL",
        "NEXUS_PUBLIC_URL",
        "NEXUS_ENVIRONMENT",
        "NEXUS_SMTP_URL",
        "NEXUS_LOG_DIR",
        "NEXUS_DEMO_PASSWORD",
    ] {
        assert!(help.contains(name), "{name} is missing in:\n{help}");
    }
    assert!(!help.contains(KEY) && !help.contains("restore"), "{help}");
}

#[test]
fn an_absent_database_is_waited_for_aloud_while_the_process_is_live() {
    let data = DataDir::new();
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let mut command = data.program(&["serve"]);
    command.env("DATABASE_URL", format!("postgres://me:hunter2@127.0.0.1:{closed}/nexus"));
    command.env("NEXUS_SECRET_KEY", KEY);
    let console = Running::start(command);
    until("it says what it waits for", || console.says("trying again"));
    assert_eq!(console.get("/health/live"), Some(200));
    assert_eq!(console.get("/health/ready"), Some(503));
    let page = get(console.port(), "/").expect("an answer").to_lowercase();
    assert!(page.starts_with("http/1.1 503") && page.contains("\r\nretry-after: "), "{page}");
    assert!(!console.says("hunter2"));
    assert_eq!(console.stop(), Some(0));
}

#[test]
fn a_database_of_ones_own_is_served_and_its_restart_survived() {
    let host = DataDir::new();
    let server = host.serve(&[]);
    server.until_ready();

    let data = DataDir::new();
    let mut command = data.program(&["serve"]);
    command.env("DATABASE_URL", host.socket_url("nexus_owner")).env("NEXUS_SECRET_KEY", KEY);
    let console = Running::start(command);
    console.until_ready();

    assert_eq!(server.stop(), Some(0));
    until("the console notices", || console.get("/health/ready") == Some(503));
    assert_eq!(console.get("/health/live"), Some(200));
    let server = host.serve(&[]);
    server.until_ready();
    console.until_ready();
    assert_eq!(console.stop(), Some(0));
}

#[test]
fn what_waiting_cannot_mend_ends_the_start_at_once() {
    let host = DataDir::new();
    let server = host.serve(&[]);
    server.until_ready();
    let data = DataDir::new();
    let nowhere = [host.socket_url("nexus_owner").trim_end_matches("/nexus"), "/nowhere"].concat();
    let (status, line) = refused(&data, &["serve"], &[("DATABASE_URL", &nowhere), ("NEXUS_SECRET_KEY", KEY)]);
    assert_eq!(status, Some(1));
    assert!(line.contains("there is no such database"), "{line}");
}

#[test]
fn a_user_is_made_and_let_back_in_with_the_password_on_standard_input() {
    let data = DataDir::new();
    let create = [
        "user",
        "create",
        "--username",
        "zoe",
        "--email",
        "zoe@example.com",
        "--full-name",
        "Zoë Å",
        "--role",
        "admin",
        "--password-stdin",
    ];
    assert_eq!(given(&data, &create, "short\n"), Some(1));
    assert_eq!(given(&data, &create, "a long and winding road\n"), Some(0));
    assert_eq!(given(&data, &create, "a long and winding road\n"), Some(1), "the name is taken");
    let password = ["user", "password", "--username", "zoe", "--password-stdin"];
    assert_eq!(given(&data, &password, "another road to walk on\n"), Some(0));
    let unknown = ["user", "password", "--username", "nobody", "--password-stdin"];
    assert_eq!(given(&data, &unknown, "another road to walk on\n"), Some(1));

    let console = data.serve(&[]);
    console.until_ready();
    assert!(!console.says("give this token"), "there is an administrator");
}

fn given(data: &DataDir, arguments: &[&str], input: &str) -> Option<i32> {
    let mut migrate = data.program(&["migrate", "up"]);
    assert!(migrate.stdout(Stdio::null()).status().expect("it runs").success());
    let mut child =
        data.program(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts");
    child.stdin.take().expect("piped").write_all(input.as_bytes()).expect("it reads");
    child.wait().expect("it ends").code()
}

#[test]
fn the_demo_prints_its_users_and_keeps_its_password() {
    let data = DataDir::new();
    let console = data.serve(&["--demo"]);
    console.until_ready();
    until("the password is printed", || console.says("all with the password"));
    let password = std::fs::read_to_string(data.path().join("demo-password")).expect("kept");
    assert!(console.says(password.trim()));
    for user in ["admin", "manager", "manager2", "auditor", "user", "viewer"] {
        assert!(console.says(&format!("  {user} ")), "{user}: {:?}", console.printed());
    }
    assert_eq!(console.stop(), Some(0));

    let console = data.serve(&["--demo"]);
    console.until_ready();
    until("the same password is printed", || console.says(password.trim()));
}
