//! Does an export take no more memory, however many rows it has?

use super::{started, stocked};
use crate::support::{Browser, Console};

/// A small part of what the file weighs.
const GROWTH: u64 = 16 * 1024 * 1024;

/// Texts that no compressor makes small.
const INCOMPRESSIBLE: &str = "
    SET session_replication_role = replica;
    UPDATE transactions t SET description = (SELECT string_agg(md5(t.id::text || i), '') FROM generate_series(1, 40) i);";

fn resident(console: &Console) -> u64 {
    let process = console.process.id().expect("it runs");
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("its status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its resident memory");
    line.trim_end_matches("kB").trim().parse::<u64>().expect("a number") * 1024
}

/// Reads a file to its end and answers with its size and the most memory the program had meanwhile.
async fn weighed(console: &Console, browser: &Browser, path: &str) -> (u64, u64) {
    let mut response = started(browser, path).await;
    assert_eq!(response.status(), 200);
    let (mut size, mut most) = (0, 0);
    while let Some(chunk) = response.chunk().await.expect("the whole file") {
        size += chunk.len() as u64;
        most = most.max(resident(console));
    }
    (size, most)
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_does_not_grow_with_the_rows() {
    let console = stocked(60_000, 1).await;
    console.database.as_superuser().await.batch_execute(INCOMPRESSIBLE).await.expect("texts");
    let browser = console.signed_in("auditor").await;
    for ending in ["csv", "jsonl", "xlsx"] {
        let (small, before) = weighed(&console, &browser, &format!("/tables/transactions/export.{ending}?amount.max=3000")).await;
        let (large, after) = weighed(&console, &browser, &format!("/tables/transactions/export.{ending}")).await;
        assert!(large > 2 * GROWTH && large > 4 * small, "{ending}: {small} and {large} bytes");
        assert!(after < before + GROWTH, "{ending}: {before} bytes resident, then {after}");
    }
}
