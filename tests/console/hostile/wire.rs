//! What does somebody get who does not speak the protocol as it is written?

use std::time::Duration;

use futures_util::future::join_all;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{
    super::support::{Console, console, staffed_database},
    stands,
};

/// Longer than the console lets a connection stand idle.
const PATIENCE: Duration = Duration::from_secs(60);

/// All that came back before the console closed.
pub struct Heard {
    pub bytes: Vec<u8>,
    /// Of each answer in turn.
    pub statuses: Vec<u16>,
}

/// Sends bytes as they are and reads to the end.
pub async fn say(address: &str, bytes: &[u8]) -> Heard {
    let mut stream = TcpStream::connect(address.trim_start_matches("http://")).await.expect("it listens");
    // Whoever is refused early may be cut off while still talking; what was said until then counts.
    let _ = stream.write_all(bytes).await;
    let mut heard = Vec::new();
    let end = tokio::time::timeout(PATIENCE, async {
        let mut part = [0; 8192];
        while let Ok(count @ 1..) = stream.read(&mut part).await {
            heard.extend_from_slice(&part[..count]);
        }
    });
    end.await.unwrap_or_else(|_| panic!("neither an answer nor an end to {:.200}", String::from_utf8_lossy(bytes)));
    Heard { statuses: statuses(&heard), bytes: heard }
}

/// The status of each answer. A page of ours never begins a line so.
fn statuses(heard: &[u8]) -> Vec<u16> {
    let text = String::from_utf8_lossy(heard);
    text.split("HTTP/1.1 ").skip(1).filter_map(|rest| rest.get(..3)?.parse().ok()).collect()
}

fn request(head: &str, body: &str) -> Vec<u8> {
    [head.as_bytes(), b"\r\n\r\n", body.as_bytes()].concat()
}

/// Every request is refused, or the connection closed; `most` answers at most, and none of them a failure of ours.
async fn hold(console: &Console, most: usize, said: Vec<(&str, Vec<u8>)>) {
    let mut wrong = Vec::new();
    let heard = join_all(said.iter().map(|(_, bytes)| say(&console.address, bytes))).await;
    for ((name, _), heard) in said.iter().zip(heard) {
        let is_refused = heard.statuses.iter().all(|status| (400..500).contains(status));
        if !is_refused || heard.statuses.len() > most {
            wrong.push(format!("{name}: {:?}", heard.statuses));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    stands(console).await;
}

/// What a second request, hidden in the first, would be answered with.
const HIDDEN: &str = "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_request_with_two_ends_is_one_request_or_none() {
    let console = console(staffed_database().await).await;
    let post = "POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    let with = |headers: &str, body: &str| request(&[post, headers].concat(), body);
    let chunked = ["0\r\n\r\n", HIDDEN].concat();
    let whole = ["a=b", HIDDEN].concat();
    let mut said = vec![
        ("a length and chunks", with("Content-Length: 5\r\nTransfer-Encoding: chunked", &chunked)),
        ("chunks and a length", with("Transfer-Encoding: chunked\r\nContent-Length: 5", &chunked)),
        ("two lengths", with("Content-Length: 3\r\nContent-Length: 45", &whole)),
        ("two lengths in one", with("Content-Length: 3, 45", &whole)),
        ("a length with a sign", with("Content-Length: +3", &whole)),
        ("a negative length", with("Content-Length: -3", &whole)),
        ("a length in hex", with("Content-Length: 0x3", &whole)),
        ("a length beyond numbers", with("Content-Length: 99999999999999999999999999", &whole)),
        ("chunks in another spelling", with("Transfer-Encoding: xchunked", &chunked)),
        ("chunks and something else", with("Transfer-Encoding: chunked, identity", &chunked)),
        ("chunks twice", with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", &chunked)),
        ("a header with a space before its colon", with("Transfer-Encoding : chunked", &chunked)),
        ("a header that is folded", with("X-Folded: a\r\n b\r\nContent-Length: 3", &whole)),
        ("a header without a colon", with("Nonsense\r\nContent-Length: 3", &whole)),
        ("a header with a NUL", with("X-Odd: a\0b\r\nContent-Length: 3", &whole)),
        ("a header without a name", with(": x\r\nContent-Length: 3", &whole)),
        ("a chunk that is too large", with("Transfer-Encoding: chunked", "fffffffffffffffff\r\nx\r\n0\r\n\r\n")),
        ("a chunk of a negative size", with("Transfer-Encoding: chunked", "-1\r\nx\r\n0\r\n\r\n")),
        ("a chunk of no size", with("Transfer-Encoding: chunked", "\r\nx\r\n0\r\n\r\n")),
        ("a chunk longer than it says", with("Transfer-Encoding: chunked", "1\r\nxyz\r\n0\r\n\r\n")),
    ];
    said.push(("chunks in an older version", b"POST /login HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_vec()));
    hold(&console, 1, said).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_end_in_a_line_feed_alone_are_one_request_like_any_other() {
    let console = console(staffed_database().await).await;
    let heard = say(&console.address, b"GET /health/live HTTP/1.1\nHost: x\nConnection: close\n\n").await;
    assert!(heard.statuses == [200] || heard.statuses == [400], "{:?}", heard.statuses);
    let extended = "5;name=value\r\nabcde\r\n0;last\r\n\r\n";
    let head = "POST /login HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked";
    hold(&console, 1, vec![("extensions of chunks", request(head, extended))]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_long_is_refused_before_it_is_read() {
    let console = console(staffed_database().await).await;
    let get = "GET / HTTP/1.1\r\nHost: x";
    let many: String = (0..400).map(|number| format!("\r\nX-{number}: y")).collect();
    let large = "x".repeat(1_200_000);
    let form = "POST /login HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    let chunks: String = (0..300).map(|_| format!("1000\r\n{}\r\n", "y".repeat(4096))).chain(["0\r\n\r\n".to_owned()]).collect();
    hold(
        &console,
        1,
        vec![
            ("an address of 200 kB", request(&format!("GET /{} HTTP/1.1\r\nHost: x", "a".repeat(200_000)), "")),
            ("a query of 200 kB", request(&format!("GET /login?next=/{} HTTP/1.1\r\nHost: x", "a".repeat(200_000)), "")),
            ("a header of 200 kB", request(&format!("{get}\r\nX-Long: {}", "a".repeat(200_000)), "")),
            ("a cookie of 200 kB", request(&format!("{get}\r\nCookie: a={}", "a".repeat(200_000)), "")),
            ("a name of 200 kB", request(&format!("{get}\r\n{}: x", "a".repeat(200_000)), "")),
            ("400 headers", request(&[get, &many].concat(), "")),
            ("a method of 200 kB", request(&format!("{} / HTTP/1.1\r\nHost: x", "A".repeat(200_000)), "")),
            ("a form that says it is too large", request(&format!("{form}Content-Length: 1200000"), &large)),
            ("a form that is too large in pieces", request(&format!("{form}Transfer-Encoding: chunked"), &chunks)),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_another_protocol_is_no_request() {
    let console = console(staffed_database().await).await;
    hold(
        &console,
        1,
        vec![
            ("HTTP/0.9", b"GET /\r\n\r\n".to_vec()),
            ("HTTP/2 at once", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00".to_vec()),
            ("a version of the future", b"GET / HTTP/9.9\r\nHost: x\r\n\r\n".to_vec()),
            ("TLS", b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03random\r\n\r\n".to_vec()),
            ("lines that end in a carriage return alone", b"GET / HTTP/1.1\rHost: x\r\r".to_vec()),
            ("a method with a space", b"GE T / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec()),
            ("a method with a NUL", b"GE\0T / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec()),
            ("no address", b"GET HTTP/1.1\r\nHost: x\r\n\r\n".to_vec()),
            ("a proxy's request", b"CONNECT evil.example:443 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_vec()),
            ("a socket", {
                let head = "POST /login HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\nContent-Length: 1";
                request(&[head, "\r\nContent-Type: application/x-www-form-urlencoded"].concat(), "x")
            }),
            ("bytes that are no text in the address", b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_vec()),
            ("a query language", b"SELECT 1;\r\n\r\n".to_vec()),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_another_kind_is_not_guessed_at() {
    let console = console(staffed_database().await).await;
    let deep = ["[".repeat(10_000), "]".repeat(10_000)].concat();
    let with = |kind: &str, body: &str| {
        let head =
            format!("POST /login HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {kind}\r\nContent-Length: {}", body.len());
        request(&head, body)
    };
    hold(
        &console,
        1,
        vec![
            ("deep JSON", with("application/json", &deep)),
            ("XML with an entity", with("application/xml", "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>")),
            ("parts without a boundary", with("multipart/form-data", "--x\r\n\r\nx")),
            ("text", with("text/plain", "username=admin&password=x")),
            ("a kind that is none", with("\u{202e}", "x")),
            ("deep JSON as a form", with("application/x-www-form-urlencoded", &deep)),
            ("a form in another alphabet", with("application/x-www-form-urlencoded; charset=utf-7", "username=%2BADw-script%2BAD4-")),
        ],
    )
    .await;
}
