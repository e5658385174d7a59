//! Told to stop, does the console finish what it has begun, take on nothing new, and end?

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use nexus_console::db::connect::{Target, connect};
use rustix::process::Signal;
use tokio::task::block_in_place;

use crate::{
    forms::{filled, with},
    running::{DataDir, Running, is_alive, until},
    support::{Browser, people},
};

const ROWS: usize = 20_000;
const MANY: &str = "SET session_replication_role = replica;
    INSERT INTO transactions (account_id, transaction_type, amount, description, reference_number)
        SELECT gen_random_uuid(), 'fee', 5, repeat('x', 900), 'PAY-' || i FROM generate_series(1, 20000) i;";

fn refuses(port: u16) -> bool {
    TcpStream::connect_timeout(&([127, 0, 0, 1], port).into(), Duration::from_secs(5)).is_err()
}

async fn opened(data: &DataDir) -> (Running, u16) {
    let console = block_in_place(|| {
        let console = data.serve(&[]);
        console.until_ready();
        console
    });
    let port = console.port();
    people::hire(&client(data, "nexus_owner").await).await;
    (console, port)
}

async fn client(data: &DataDir, role: &str) -> tokio_postgres::Client {
    connect(&Target::socket(&data.path().join("run"), role, "nexus")).await.expect("the database answers")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_and_a_write_in_flight_are_finished_and_nothing_new_is_begun() {
    let data = DataDir::new();
    let (mut console, port) = opened(&data).await;
    let (superuser, holder) = (client(&data, "postgres").await, client(&data, "nexus_owner").await);
    superuser.batch_execute(MANY).await.expect("many rows");
    let admin = Browser::new(&format!("http://127.0.0.1:{port}"));
    admin.sign_in("admin").await;
    let page = admin.get("/tables/ssot_governance_rules/new").await;

    let cookies = admin.cookies().iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
    let mut export = TcpStream::connect(("127.0.0.1", port)).expect("it connects");
    write!(
        export,
        "GET /tables/transactions/export.csv HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\nCookie: {cookies}\r\n\r\n"
    )
    .expect("it is taken");
    let mut file = vec![0; 1024];
    block_in_place(|| export.read_exact(&mut file)).expect("it begins");

    holder.batch_execute("BEGIN; LOCK TABLE ssot_governance_rules IN SHARE MODE").await.expect("a lock");
    let form = with(filled(&page), &[("rule_name", "held"), ("rule_type", "validation")]);
    let token = page.value("csrf_token").expect("a token");
    let write = tokio::spawn(async move {
        let fields: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        admin.post_with("/tables/ssot_governance_rules", &token, &fields).await
    });
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND usename = 'nexus_app'";
    while superuser.query_one(waits, &[]).await.expect("an answer").get::<_, i64>(0) == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }

    let postmaster = data.postmaster().expect("a server runs");
    console.signal(Signal::TERM);
    block_in_place(|| until("nobody new is let in", || refuses(port)));
    holder.batch_execute("COMMIT").await.expect("it lets go");
    let written = write.await.expect("no panic");
    assert_eq!(written.status, 303, "{}", written.text());
    let row = superuser.query_one("SELECT count(*) FROM ssot_governance_rules WHERE rule_name = 'held'", &[]).await.expect("a count");
    assert_eq!(row.get::<_, i64>(0), 1);
    block_in_place(|| export.read_to_end(&mut file)).expect("it is read to its end");
    let text = String::from_utf8_lossy(&file);
    assert!(text.ends_with("\r\n0\r\n\r\n"), "the transfer ends as a whole one does");
    assert_eq!(text.matches(",PAY-").count() + text.matches("\nPAY-").count(), ROWS);
    drop((superuser, holder));
    assert_eq!(block_in_place(|| console.ended()), Some(0));
    assert!(!is_alive(postmaster), "its own PostgreSQL has ended with it");
    assert_eq!(data.postmaster(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_cuts_off_what_a_reader_would_hold_for_ever() {
    let data = DataDir::new();
    let (mut console, port) = opened(&data).await;
    client(&data, "postgres").await.batch_execute(MANY).await.expect("many rows");
    let auditor = Browser::new(&format!("http://127.0.0.1:{port}"));
    auditor.sign_in("auditor").await;
    let cookies = auditor.cookies().iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
    let mut stalled = TcpStream::connect(("127.0.0.1", port)).expect("it connects");
    write!(stalled, "GET /tables/transactions/export.csv HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookies}\r\n\r\n")
        .expect("it is taken");
    let mut file = vec![0; 1024];
    block_in_place(|| stalled.read_exact(&mut file)).expect("it begins");
    let postmaster = data.postmaster().expect("a server runs");
    console.signal(Signal::TERM);
    block_in_place(|| until("nobody new is let in", || refuses(port)));
    assert!(is_alive(postmaster), "the reader still has time");
    console.signal(Signal::TERM);
    assert_eq!(block_in_place(|| console.ended()), Some(0));
    assert!(!is_alive(postmaster));
    assert!(console.says("requests in flight are cut off"), "{:?}", console.printed());
    block_in_place(|| stalled.read_to_end(&mut file)).ok();
    assert!(!file.ends_with(b"\r\n0\r\n\r\n"), "what was cut off does not look whole");
}
