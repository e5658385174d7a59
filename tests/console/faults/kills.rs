//! What is left when the console, the postmaster or one server process is killed in the middle of its work?

use nexus_console::db::connect::{Target, connect};
use rustix::process::Signal;
use tokio::task::block_in_place;
use tokio_postgres::Client;

use super::{
    paper::{self, Writers},
    site::until_served,
};
use crate::{
    running::{DataDir, Running, signal, until},
    support::{Browser, people},
};

const WRITERS: [&str; 3] = ["admin", "manager", "manager2"];
const PROMISES: usize = 12;

/// Rows enough that an export of them cannot be in the buffers on its way as a whole.
const MANY: &str = "
    SET session_replication_role = replica;
    INSERT INTO transactions (account_id, transaction_type, amount, description, reference_number)
        SELECT gen_random_uuid(), 'fee', 5, repeat('x', 900), 'PAY-' || i FROM generate_series(1, 20000) i;
    RESET session_replication_role;";

async fn open(data: &DataDir) -> Running {
    let console = block_in_place(|| {
        let console = data.serve(&[]);
        console.until_ready();
        console
    });
    people::hire(&client(data, "nexus_owner").await).await;
    console
}

async fn client(data: &DataDir, role: &str) -> Client {
    connect(&Target::socket(&data.path().join("run"), role, "nexus")).await.expect("the database answers")
}

async fn signed_in(console: &Running, username: &str) -> Browser {
    let browser = Browser::new(&format!("http://127.0.0.1:{}", console.port()));
    browser.sign_in(username).await;
    browser
}

async fn writers(console: &Running, owner: &Client) -> Writers {
    let mut browsers = Vec::new();
    for username in WRITERS {
        browsers.push((username, signed_in(console, username).await));
    }
    Writers::begin(browsers, owner).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_outlives_kill_9_of_the_console_and_of_its_postmaster() {
    let data = DataDir::new();
    let console = open(&data).await;
    let owner = client(&data, "nexus_owner").await;
    let work = writers(&console, &owner).await;
    work.until_busy(PROMISES);
    block_in_place(|| console.kill());
    let sheets = work.sheets().await;

    let console = block_in_place(|| {
        let console = data.serve(&[]);
        console.until_ready();
        console
    });
    paper::check(&owner, &sheets).await;
    for writer in WRITERS {
        paper::replay(&signed_in(&console, writer).await, writer, &owner, &sheets).await;
    }

    let work = writers(&console, &owner).await;
    work.until_busy(PROMISES);
    let postmaster = data.postmaster().expect("a server runs");
    signal(postmaster, Signal::KILL);
    let sheets = work.sheets().await;
    block_in_place(|| {
        until("another server runs", || data.postmaster().is_some_and(|now| now != postmaster));
        console.until_ready();
    });
    let owner = client(&data, "nexus_owner").await;
    paper::check(&owner, &sheets).await;
    assert_eq!(block_in_place(|| console.stop()), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_server_process_killed_in_the_middle_of_a_write_and_of_an_export_takes_nothing_with_it() {
    let data = DataDir::new();
    let console = open(&data).await;
    let superuser = client(&data, "postgres").await;
    superuser.batch_execute(MANY).await.expect("many rows");
    let auditor = signed_in(&console, "auditor").await;
    let owner = client(&data, "nexus_owner").await;
    let work = writers(&console, &owner).await;
    work.until_busy(PROMISES);

    let cookies = auditor.cookies().iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
    let address = format!("{}/tables/transactions/export.csv", auditor.address());
    let mut export = reqwest::Client::new().get(address).header("cookie", cookies).send().await.expect("it begins");
    assert_eq!(export.status(), 200);
    export.chunk().await.expect("the first rows").expect("the first rows");
    let exporting =
        "SELECT pid FROM pg_stat_activity WHERE usename = 'nexus_app' AND (query LIKE '%transactions%' OR state = 'idle in transaction')
                      AND xact_start < now() - interval '200 milliseconds' ORDER BY xact_start LIMIT 1";
    let victim: i32 = loop {
        if let Some(row) = superuser.query_opt(exporting, &[]).await.expect("an answer") {
            break row.get(0);
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    signal(victim, Signal::KILL);
    // PostgreSQL ends every other process as well, and recovers.
    let sheets = work.sheets().await;
    let outcome = loop {
        match export.chunk().await {
            Ok(Some(_)) => {}
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    outcome.expect_err("a file that was cut short breaks off");
    block_in_place(|| until("everybody was thrown out", || owner.is_closed()));
    block_in_place(|| console.until_ready());
    until_served(&auditor).await;
    let owner = client(&data, "nexus_owner").await;
    paper::check(&owner, &sheets).await;
    for writer in WRITERS {
        paper::replay(&signed_in(&console, writer).await, writer, &owner, &sheets).await;
    }
}
