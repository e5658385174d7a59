//! Is a ten-year-old NEXUS database taken in as it is, whatever it holds, and refused where it is not one?

mod edits;
mod files;
mod kept;
mod lists;
mod logins;
mod money;
mod odd;
mod platform;
mod refused;

use std::time::{Duration, Instant};

use super::support::{Answer, Browser, Console, console, nexus3};

/// A console on the old database it has adopted.
async fn opened() -> Console {
    console(nexus3::adopted_database().await).await
}

/// Ids, or one other column of text, in the order the database gives them.
async fn column(console: &Console, sql: &str) -> Vec<String> {
    let client = console.database.as_owner().await;
    let rows = client.query(sql, &[]).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    rows.iter().map(|row| row.get::<_, Option<String>>(0).unwrap_or_default()).collect()
}

async fn one(console: &Console, sql: &str) -> String {
    column(console, sql).await.into_iter().next().unwrap_or_else(|| panic!("{sql} has no row"))
}

/// Has every account compared with its entries. The console does so by itself at its start, and meanwhile says so.
async fn ledger_checked(browser: &Browser) -> Answer {
    let since = Instant::now();
    loop {
        let answer = browser.post("/operations/ledger", &[("decision", "check")]).await;
        if answer.status == 303 {
            return browser.get("/operations/ledger").await;
        }
        assert!(answer.status == 409 && since.elapsed() < Duration::from_secs(60), "{} {}", answer.status, answer.text());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The id that the fixture gave a row of a kind.
fn odd_id(kind: u32, oddity: u32) -> String {
    let head = match oddity % 3 {
        0 => "6ba7b810-9dad-11d1-80b4-",
        1 => "00000000-0000-0000-0000-",
        _ => "ffffffff-ffff-ffff-ffff-",
    };
    format!("{head}{kind:04x}dddd{oddity:04}")
}

/// How many oddities every table has a row of.
const ODDITIES: u32 = 18;
/// The tables of the odd rows, by the number of their kind.
const KINDS: [(u32, &str); 12] = [
    (1, "users"),
    (2, "accounts"),
    (3, "transactions"),
    (4, "system_settings"),
    (5, "ssot_api_contracts"),
    (6, "ssot_api_aliases"),
    (7, "ssot_governance_rules"),
    (8, "api_keys"),
    (9, "notifications"),
    (10, "user_sessions"),
    (11, "ssot_audit_logs"),
    (12, "audit_logs"),
];
