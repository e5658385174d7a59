//! Does a file hold every row of an old table, each readable, and no secret?

use serde::Deserialize;

use super::{column, opened};
use crate::{crawl::faults, grid::allows};

/// What is not asked for may be a number of any size and a document of any depth.
#[derive(Deserialize)]
struct Line {
    id: String,
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_leaves_in_both_formats() {
    let console = opened().await;
    let admin = console.signed_in("admin").await;
    for table in nexus_console::tables::TABLES.iter().map(|resource| resource.table).filter(|table| allows(table, "csv", "admin")) {
        let mut ids = column(&console, &format!("SELECT id::text FROM {table}")).await;
        ids.sort();
        for ending in ["csv", "jsonl"] {
            let answer = admin.get(&format!("/tables/{table}/export.{ending}")).await;
            assert_eq!(answer.status, 200, "{table}.{ending}");
            assert_eq!(faults(&answer), Vec::<String>::new(), "{table}.{ending}");
            assert!(!["$2a$", "$2b$", "$2y$"].iter().any(|hash| answer.body.contains(hash)), "{table}.{ending} holds a hash");
            let mut met: Vec<String> = match ending {
                "csv" => csv::Reader::from_reader(answer.body.as_bytes())
                    .records()
                    .map(|record| record.expect("a whole record")[0].to_owned())
                    .collect(),
                _ => answer.body.lines().map(|line| serde_json::from_str::<Line>(line).expect("an object a line").id).collect(),
            };
            met.sort();
            // The log holds by then what the console has written since.
            assert!(met.len() == ids.len() || table == "audit_logs", "{table}.{ending}: {} of {}", met.len(), ids.len());
            assert!(ids.iter().all(|id| met.binary_search(id).is_ok()), "{table}.{ending}");
        }
    }
}
