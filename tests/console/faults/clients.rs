//! Clients that are slow, silent, half there or gone: are the others served meanwhile, and is nothing half done?

use std::time::{Duration, Instant};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::site::until_served;
use crate::{
    forms::{filled, with},
    support::{Browser, Console, console, staffed_database},
};

/// What limits a half-sent request is ten seconds for its head and thirty for its form; a busy machine may add to it.
const BOUND: Duration = Duration::from_secs(120);

const MANY: &str = "SET session_replication_role = replica;
    INSERT INTO transactions (account_id, transaction_type, amount, description, reference_number)
        SELECT gen_random_uuid(), 'fee', 5, repeat('x', 900), 'PAY-' || i FROM generate_series(1, 20000) i;";

fn authority(console: &Console) -> &str {
    console.address.strip_prefix("http://").expect("an address")
}

fn cookies(browser: &Browser) -> String {
    browser.cookies().iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
}

async fn connected(console: &Console, words: &str) -> TcpStream {
    let mut stream = TcpStream::connect(authority(console)).await.expect("it connects");
    stream.write_all(words.as_bytes()).await.expect("it is taken");
    stream
}

/// Reads until the console has hung up.
async fn until_hung_up(mut stream: TcpStream) -> String {
    let mut said = Vec::new();
    let end = tokio::time::timeout(BOUND, stream.read_to_end(&mut said)).await.expect("the console hangs up");
    // A reset is an end as well.
    drop(end);
    String::from_utf8_lossy(&said).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_and_half_sent_connections_keep_nobody_from_a_page_and_are_hung_up_on() {
    let console = console(staffed_database().await).await;
    let admin = console.signed_in("admin").await;
    let session = cookies(&admin);
    let mut held = Vec::new();
    for number in 0..200 {
        held.push(connected(&console, "").await);
        held.push(connected(&console, "GET /tables/accounts HTTP/1.1\r\nHost: localhost\r\nX-Slow: ").await);
        if number < 20 {
            let head = format!(
                "POST /tables/accounts HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nCookie: {session}\r\n\
                 Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\naccount_name=half",
                host = authority(&console)
            );
            held.push(connected(&console, &head).await);
        }
    }
    let since = Instant::now();
    for _ in 0..5 {
        assert_eq!(admin.get("/tables/accounts").await.status, 200);
        assert_eq!(console.browser().get("/login").await.status, 200);
    }
    let page = admin.get("/tables/ssot_governance_rules/new").await;
    let form = with(filled(&page), &[("rule_name", "made meanwhile"), ("rule_type", "validation")]);
    assert_eq!(crate::forms::send(&admin, "/tables/ssot_governance_rules", &form).await.status, 303);
    assert!(since.elapsed() < BOUND, "they are served, and not merely in the end");

    let mut ends = Vec::new();
    for stream in held {
        ends.push(tokio::spawn(until_hung_up(stream)));
    }
    let mut answers = Vec::new();
    for end in ends {
        answers.push(end.await.expect("no panic"));
    }
    let late = answers.iter().filter(|answer| answer.starts_with("HTTP/1.1 408")).count();
    assert!(late >= 220, "{late} were told that they are too slow: {:?}", answers.first());
    let row = console.database.as_owner().await.query_one("SELECT count(*) FROM accounts", &[]).await.expect("a count");
    assert_eq!(row.get::<_, i64>(0), 0, "nothing came of half a form");
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_who_stall_or_leave_in_the_middle_of_a_file_hold_up_nobody() {
    let console = console(staffed_database().await).await;
    let superuser = console.database.as_superuser().await;
    superuser.batch_execute(MANY).await.expect("many rows");
    let auditor = console.signed_in("auditor").await;
    let request =
        format!("GET /tables/transactions/export.csv HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\n\r\n", authority(&console), cookies(&auditor));
    // As many as the console takes on at once, each read a byte at a time.
    let mut slow = Vec::new();
    for _ in 0..4 {
        let mut stream = connected(&console, &request).await;
        let mut byte = [0];
        for _ in 0..5 {
            stream.read_exact(&mut byte).await.expect("a byte");
        }
        slow.push(stream);
    }
    until_served(&auditor).await;
    drop(slow);
    for _ in 0..12 {
        let mut stream = connected(&console, &request).await;
        stream.read_exact(&mut [0; 12]).await.expect("it begins");
    }
    // Their snapshots end with them, and their places are free again.
    let left =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'nexus_app' AND xact_start IS NOT NULL";
    let since = Instant::now();
    while superuser.query_one(left, &[]).await.expect("an answer").get::<_, i64>(0) > 0 {
        assert!(since.elapsed() < BOUND, "a snapshot stays");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let whole =
        super::site::until("there is room for another export", &auditor, "/tables/transactions/export.csv", |answer| answer.status == 200)
            .await;
    assert_eq!(whole.body.lines().count(), 20_001);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_whose_sender_left_is_done_as_a_whole_or_not_at_all() {
    let console = console(staffed_database().await).await;
    let admin = console.signed_in("admin").await;
    let page = admin.get("/tables/ssot_governance_rules/new").await;
    let token = page.value("csrf_token").expect("a token");
    let host = authority(&console);
    let mut names = Vec::new();
    for number in 0..30 {
        let name = format!("gone {number}");
        let id = uuid::Uuid::now_v7().to_string();
        let typed = [("id", id.as_str()), ("rule_name", &name), ("rule_type", "validation"), ("csrf_token", &token)];
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(with(filled(&page), &typed)).finish();
        let sent = if number % 3 == 0 { &body[..body.len() / 2] } else { &body };
        let request = format!(
            "POST /tables/ssot_governance_rules HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nCookie: {}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{sent}",
            cookies(&admin),
            body.len()
        );
        let stream = connected(&console, &request).await;
        // Gone at once, or a moment later: in the middle of whatever is being done by then.
        tokio::time::sleep(Duration::from_millis(number % 5 * 3)).await;
        drop(stream);
        names.push((name, number % 3 == 0));
    }
    until_served(&admin).await;
    let superuser = console.database.as_superuser().await;
    let left =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'nexus_app' AND xact_start IS NOT NULL";
    while superuser.query_one(left, &[]).await.expect("an answer").get::<_, i64>(0) > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for (name, half) in names {
        let statement = "SELECT (SELECT count(*) FROM ssot_governance_rules WHERE rule_name = $1), \
             (SELECT count(*) FROM ssot_audit_logs WHERE action = 'INSERT' AND new_values->>'rule_name' = $1)";
        let row = superuser.query_one(statement, &[&name]).await.expect("an answer");
        let (rows, entries): (i64, i64) = (row.get(0), row.get(1));
        assert!(rows == entries && rows <= i64::from(!half), "{name}: {rows} rows, {entries} entries");
    }
}
