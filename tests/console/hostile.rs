//! Does anything that can be sent to the console, by whatever field, parameter or wire, break it or get past it?

mod forms;
mod lists;
mod parameters;
mod static_files;
mod tables;
mod values;
mod wire;

use super::support::{Answer, Console};

/// What a form sends, names and values as bytes.
type Fields = Vec<(String, Vec<u8>)>;

fn body(token: &str, fields: &Fields) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in [("csrf_token".to_owned(), token.as_bytes().to_vec())].iter().chain(fields) {
        if !body.is_empty() {
            body.push(b'&');
        }
        body.extend(form_urlencoded::byte_serialize(name.as_bytes()).collect::<String>().bytes());
        body.push(b'=');
        body.extend(form_urlencoded::byte_serialize(value).collect::<String>().bytes());
    }
    body
}

/// What must not be true of any answer, whatever was sent.
fn faults(answer: &Answer) -> Vec<String> {
    let mut faults = Vec::new();
    if answer.status >= 500 {
        faults.push(format!("{}: {:.300}", answer.status, answer.text()));
    }
    let kind = answer.headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.starts_with("text/html") && (answer.body.contains("<script>alert") || answer.body.contains("<img src=x")) {
        faults.push("is not escaped".to_owned());
    }
    if kind.starts_with("text/html") && answer.status >= 400 && !answer.body.contains("<h1") {
        faults.push(format!("{} without a page", answer.status));
    }
    for detail in ["SQLSTATE", "syntax error", "violates", "pg_catalog", "constraint \"", "invalid input", "db error", "panicked at"] {
        if answer.body.contains(detail) {
            faults.push(format!("tells of what is behind it: {detail}"));
        }
    }
    faults
}

/// The console still stands, and nothing in it gave up on the way.
async fn stands(console: &Console) {
    let health = console.browser().get("/health/ready").await;
    assert_eq!(health.status, 200, "{}", health.body);
    let log = std::fs::read_to_string(console.data_dir.join("stderr")).unwrap_or_default();
    // What the server says of a stream that is no request is about whoever sent it.
    let is_ours = |line: &&str| line.contains("panicked") || line.contains("ERROR") && !line.contains("stream error");
    let told: Vec<&str> = log.lines().filter(is_ours).take(20).collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
}
