//! Does every address answer to the methods it has, and to no other, and is that written down?

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use super::{
    forms::id_of,
    support::{Console, console, console_with, staffed_database},
};

/// Asks with any method, as the browser of nobody or of whoever a cookie names.
fn asked(console: &Console, method: &str, path: &str, headers: &str) -> String {
    let host = console.address.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).expect("the console listens");
    write!(stream, "{method} {path} HTTP/1.1\r\nHost: {host}\r\n{headers}Connection: close\r\n\r\n").expect("it listens");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the answer is text");
    answer
}

fn status(answer: &str) -> u16 {
    answer.split_whitespace().nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
}

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_is_a_page_without_its_body() {
    let console = console(staffed_database().await).await;
    let admin = console.signed_in("admin").await;
    let id = admin.get("/tables/users").await.rows().remove(0);
    let cookies = admin.cookies().into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
    let signed_in = format!("Cookie: {cookies}\r\n");
    let pages = ["/", "/account", "/tables/users", "/tables/users/new"].map(str::to_owned);
    let of_record = ["", "/edit", "/history", "/delete", "/deactivate"].map(|tail| format!("/tables/users/{id}{tail}"));
    for path in pages.into_iter().chain(of_record) {
        let (head, get) = (asked(&console, "HEAD", &path, &signed_in), asked(&console, "GET", &path, &signed_in));
        assert_eq!((status(&head), status(&get)), (200, 200), "{path}: {head}");
        assert!(body(&head).is_empty() && !body(&get).is_empty(), "{path}");
        assert!(head.to_lowercase().contains("\r\ncontent-length: "), "{path}: {head}");
    }
    for (path, expected) in [("/login", 200), ("/health/live", 200), ("/health/ready", 200), ("/tables/users", 303), ("/nowhere", 404)] {
        let head = asked(&console, "HEAD", path, "");
        assert_eq!((status(&head), body(&head)), (expected, ""), "{path}: {head}");
    }
    let client = console.database.as_owner().await;
    assert_eq!(status(&asked(&console, "HEAD", "/tables/users/export.csv", &signed_in)), 405);
    let exports = client.query_one("SELECT count(*) FROM audit_logs WHERE action = 'export'", &[]).await.expect("the log");
    assert_eq!(exports.get::<_, i64>(0), 0, "nobody got a file");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_methods_and_other_spellings_are_refused_by_a_page() {
    let console = console(staffed_database().await).await;
    let admin = console.signed_in("admin").await;
    let page = admin.get("/account").await;
    let token = page.value("csrf_token").expect("a token");
    let cookies = admin.cookies().into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
    let headers = format!("Cookie: {cookies}\r\nOrigin: {}\r\n", console.address);
    let sent = format!("csrf_token={token}");
    let form = format!("{headers}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n", sent.len());
    let id = admin.get("/tables/users").await.rows().remove(0);
    let record = format!("/tables/users/{id}");
    for (method, path) in [
        ("PUT", "/tables/users"),
        ("DELETE", record.as_str()),
        ("PATCH", record.as_str()),
        ("POST", "/tables/users/export.csv"),
        ("POST", "/"),
        ("DELETE", "/account"),
    ] {
        let with_body = form.replace("Connection: close\r\n", "");
        let host = console.address.trim_start_matches("http://");
        let mut stream = TcpStream::connect(host).expect("the console listens");
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: {host}\r\n{with_body}Connection: close\r\n\r\n{sent}").expect("it listens");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the answer is text");
        assert_eq!(status(&answer), 405, "{method} {path}: {answer}");
        assert!(body(&answer).contains("<h1>"), "{method} {path}: a page says so");
    }
    for path in ["/tables", "/tables/", "/tables/users/", "/account/", "/nowhere", "/tables/nowhere"] {
        let answer = admin.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.has("main h1") || answer.has("h1"), "{path}");
    }
    let notifications = admin.get("/notifications").await;
    let own = format!("/tables/notifications?user_id={}", id_of(&console, "admin").await);
    assert_eq!((notifications.status, notifications.location), (303, Some(own)), "not everybody's");
    let notifications = console.signed_in("viewer").await.get("/notifications").await;
    assert_eq!((notifications.status, notifications.location.as_deref()), (303, Some("/tables/notifications")));
}

#[tokio::test(flavor = "multi_thread")]
async fn https_is_believed_of_an_announced_proxy_alone() {
    let strict = "\r\nstrict-transport-security: ";
    let forwarded = "X-Forwarded-Proto: https\r\n";
    let plain = console(staffed_database().await).await;
    assert!(!asked(&plain, "GET", "/login", forwarded).to_lowercase().contains(strict));
    let proxied = console_with(staffed_database().await, &[("NEXUS_PUBLIC_URL", "https://console.example.com")]).await;
    assert!(asked(&proxied, "GET", "/login", forwarded).to_lowercase().contains(strict));
    assert!(asked(&proxied, "GET", "/nowhere", forwarded).to_lowercase().contains(strict));
    assert!(!asked(&proxied, "GET", "/login", "").to_lowercase().contains(strict));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_is_a_line_of_the_days_file_and_no_secret_is_in_it() {
    let logs = std::env::temp_dir().join(format!("nexus-logs-{}", std::process::id()));
    let console = console_with(staffed_database().await, &[("NEXUS_LOG_DIR", logs.to_str().expect("text"))]).await;
    let admin = console.signed_in("admin").await;
    assert_eq!(admin.get("/tables/users?q=a-word-looked-for").await.status, 200);
    assert_eq!(admin.get("/password/a-token-that-is-a-key").await.status, 404);
    let files: Vec<_> = std::fs::read_dir(&logs).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    let [file] = files.as_slice() else { panic!("one file for today: {files:?}") };
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let day = name.strip_prefix("nexus-console.").and_then(|rest| rest.strip_suffix(".log")).unwrap_or_default();
    assert!(chrono::NaiveDate::parse_from_str(day, "%Y-%m-%d").is_ok(), "{name}");
    let log = std::fs::read_to_string(file).expect("it is readable");
    let line = |words: &str| log.lines().find(|line| line.contains(words)).unwrap_or_else(|| panic!("{words}: {log}"));
    let list = line("path=\"/tables/users\"");
    assert!(list.contains("method=GET") && list.contains("status=200") && list.contains("request_id=") && list.contains("milliseconds="));
    line("path=\"/password/…\"");
    for secret in ["a-word-looked-for", "a-token-that-is-a-key", super::support::PASSWORD] {
        assert!(!log.contains(secret), "{secret}");
    }
    drop(console);
    std::fs::remove_dir_all(&logs).expect("it can be removed");
}
