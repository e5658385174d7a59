//! Does an export take no more memory, however many rows it has?

use super::{heavy, started};
use crate::support::{Browser, Console};

/// A part of what the file weighs.
const GROWTH: u64 = 6 * 1024 * 1024;

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
    let console = heavy().await;
    let browser = console.signed_in("auditor").await;
    for ending in ["csv", "jsonl", "xlsx"] {
        let (small, before) = weighed(&console, &browser, &format!("/tables/transactions/export.{ending}?amount.max=1000")).await;
        let (large, after) = weighed(&console, &browser, &format!("/tables/transactions/export.{ending}?amount.max=20000")).await;
        assert!(large > 2 * GROWTH && large > 3 * small, "{ending}: {small} and {large} bytes");
        assert!(after < before + GROWTH, "{ending}: {before} bytes resident, then {after}");
    }
}
