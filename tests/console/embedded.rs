//! Does the console's own PostgreSQL survive what happens to processes?

use std::{cell::Cell, os::unix::fs::PermissionsExt as _, thread, time::Duration};

use rustix::process::Signal;

use crate::running::{DataDir, is_alive, signal, until};

#[test]
fn it_starts_from_nothing_and_a_signal_stops_both() {
    let data = DataDir::new();
    let console = data.serve(&[]);
    console.until_ready();
    assert_eq!(console.get("/health/live"), Some(200));
    let postmaster = data.postmaster().expect("a server runs");
    assert!(is_alive(postmaster));
    assert_eq!(console.stop(), Some(0));
    assert!(!is_alive(postmaster));
    assert_eq!(data.postmaster(), None);
}

#[test]
fn the_first_run_prints_a_setup_token_that_only_its_owner_can_read() {
    let data = DataDir::new();
    let console = data.serve(&[]);
    console.until_ready();
    until("the token is printed", || console.says("and give this token: "));
    let token = std::fs::read_to_string(data.path().join("setup-token")).expect("kept");
    assert!(console.says(token.trim()));
    for name in ["setup-token", "keys/secret"] {
        let mode = std::fs::metadata(data.path().join(name)).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let mode = std::fs::metadata(data.path().join("keys")).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn a_killed_console_starts_again_on_the_same_data() {
    let data = DataDir::new();
    let console = data.serve(&[]);
    console.until_ready();
    let token = std::fs::read_to_string(data.path().join("setup-token")).expect("kept");
    let orphan = data.postmaster().expect("a server runs");
    console.kill();
    assert!(is_alive(orphan), "nobody stopped the server");

    let console = data.serve(&[]);
    console.until_ready();
    assert_eq!(data.postmaster(), Some(orphan), "the server is taken over");
    assert_eq!(std::fs::read_to_string(data.path().join("setup-token")).expect("kept"), token);
    assert_eq!(console.stop(), Some(0));
    assert!(!is_alive(orphan));
}

#[test]
fn a_killed_console_and_a_killed_server_start_again() {
    let data = DataDir::new();
    let console = data.serve(&[]);
    console.until_ready();
    let postmaster = data.postmaster().expect("a server runs");
    console.signal(Signal::STOP);
    signal(postmaster, Signal::KILL);
    console.kill();

    let console = data.serve(&[]);
    console.until_ready();
    assert_ne!(data.postmaster(), Some(postmaster));
}

#[test]
fn a_kill_at_any_moment_of_the_first_start_leaves_nothing_half_made() {
    let data = DataDir::new();
    for pause in [20, 120, 300, 500, 700, 1000] {
        let console = data.serve(&[]);
        thread::sleep(Duration::from_millis(pause));
        console.kill();
    }
    data.serve(&[]).until_ready();
}

#[test]
fn a_second_console_on_the_same_data_says_so_and_ends() {
    let data = DataDir::new();
    let console = data.serve(&[]);
    console.until_ready();
    let second = data.run(&["serve"]);
    assert_eq!(second.status.code(), Some(1));
    let complaint = String::from_utf8_lossy(&second.stderr);
    assert!(complaint.contains("already served by another console"), "{complaint}");
    assert_eq!(complaint.lines().count(), 1, "{complaint}");
    assert_eq!(console.get("/health/ready"), Some(200));
}

#[test]
fn a_server_that_died_is_started_again_while_pages_answer_503() {
    let data = DataDir::new();
    let console = data.serve(&[]);
    console.until_ready();
    let postmaster = data.postmaster().expect("a server runs");
    signal(postmaster, Signal::KILL);
    let page = Cell::new(None);
    until("the console notices", || {
        page.set(crate::running::get(console.port(), "/login"));
        console.get("/health/ready") == Some(503)
    });
    assert_eq!(console.get("/health/live"), Some(200));
    console.until_ready();
    let restarted = data.postmaster().expect("a server runs again");
    assert_ne!(restarted, postmaster);
    assert_eq!(console.stop(), Some(0));
    assert!(!is_alive(restarted));
}

#[test]
fn a_server_that_hangs_makes_pages_answer_503_until_it_moves_again() {
    let data = DataDir::new();
    let console = data.serve(&[]);
    console.until_ready();
    let postmaster = data.postmaster().expect("a server runs");
    // Killed backends are replaced only by a postmaster that runs, so the database stays away.
    signal(postmaster, Signal::STOP);
    for backend in backends(postmaster) {
        signal(backend, Signal::TERM);
    }
    until("the console notices", || console.get("/health/ready") == Some(503));
    let page = crate::running::get(console.port(), "/login").expect("an answer").to_lowercase();
    assert!(page.starts_with("http/1.1 503"), "{page}");
    assert!(page.contains("\r\nretry-after: "), "{page}");
    signal(postmaster, Signal::CONT);
    console.until_ready();
}

#[test]
fn commands_attach_to_the_running_server_or_start_and_stop_their_own() {
    let data = DataDir::new();
    let alone = data.run(&["migrate", "up"]);
    assert!(alone.status.success(), "{}", String::from_utf8_lossy(&alone.stderr));
    assert_eq!(data.postmaster(), None, "stopped with the command");

    let console = data.serve(&[]);
    console.until_ready();
    let postmaster = data.postmaster();
    let status = data.run(&["migrate", "status"]);
    assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stderr));
    let doctor = data.run(&["doctor"]);
    assert!(doctor.status.success(), "{}", String::from_utf8_lossy(&doctor.stdout));
    assert_eq!(data.postmaster(), postmaster, "left running");
    assert_eq!(console.get("/health/ready"), Some(200));
}

/// The server processes of one postmaster that answer clients.
fn backends(postmaster: i32) -> Vec<i32> {
    let children = std::fs::read_to_string(format!("/proc/{postmaster}/task/{postmaster}/children")).unwrap_or_default();
    children
        .split_whitespace()
        .filter_map(|pid| pid.parse().ok())
        .filter(|pid: &i32| std::fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|title| title.contains(" nexus ")))
        .collect()
}
