//! Are the functions that record and guard still what the migrations of this program made?

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::{Finding, Question, Remedy};
use crate::db::{
    migrate::{self, Made},
    pool::{Connection, DatabaseError},
};

const THERE: &str = "
    SELECT p.proname::text, p.prosrc, p.prosecdef, coalesce(p.proconfig @> ARRAY['search_path=pg_catalog, pg_temp'], false),
           coalesce(pg_get_function_sqlbody(p.oid), '')
      FROM pg_proc p
     WHERE p.pronamespace = 'public'::regnamespace AND p.proname = ANY ($1)
     ORDER BY p.proname, p.oid";

/// Of bodies that PostgreSQL keeps parsed: their text as it writes them, without spaces, as SHA-256. Others of that
/// kind have no part in what is recorded. A test says what to put here.
pub const PARSED: [(&str, &str); 3] = [
    ("nexus_is_console", "a3e73c79a6f9da828558be50a999508d007c9b8e2c486e5da9a956243391c421"),
    ("nexus_setting", "072d3398e4f376d4e5bf439e04ac1ffcab5cbdcd8d7cb0657f82310c862a449a"),
    ("nexus_uuid7", "6abcacdc08c6b6efdcc0997cd6bdedb6abe5550d8be28aefc3eb5df81efeac4c"),
];

/// What is done about it is the same for each: only the owner can put it back, and this says how.
const REMEDY: &str =
    "Run its CREATE OR REPLACE FUNCTION again, from the newest migration that makes it (migrations/V*.sql of this version).";

struct There {
    source: String,
    runs_as_its_owner: bool,
    pins_its_path: bool,
    parsed: String,
}

pub(super) async fn examine(connection: &Connection) -> Result<Vec<Finding>, DatabaseError> {
    let made = migrate::functions();
    let names: Vec<&str> = made.iter().map(|function| function.name.as_str()).collect();
    let mut there: BTreeMap<String, Vec<There>> = BTreeMap::new();
    for row in connection.query(THERE, &[&names]).await? {
        let found =
            There { source: row.try_get(1)?, runs_as_its_owner: row.try_get(2)?, pins_its_path: row.try_get(3)?, parsed: row.try_get(4)? };
        there.entry(row.try_get(0)?).or_default().push(found);
    }
    let found = made.iter().filter_map(|function| {
        let what = gap(function, there.get(&function.name).map_or(&[], Vec::as_slice))?;
        let table = records(&function.name);
        let what = format!("The function {} {what}: what it does for {table} is not what it was.", function.name);
        Some(Finding { question: Question::Functions, table: table.to_owned(), what, remedy: Remedy::Do(REMEDY), record: None })
    });
    Ok(found.collect())
}

fn gap(made: &Made, there: &[There]) -> Option<&'static str> {
    let [one] = there else {
        return Some(if there.is_empty() { "is missing" } else { "is there more than once" });
    };
    let is_as_made = match &made.body {
        Some(body) => one.source == *body,
        None => PARSED.iter().find(|(name, _)| *name == made.name).is_none_or(|(_, digest)| fingerprint(&one.parsed) == *digest),
    };
    if !is_as_made {
        return Some("was changed");
    }
    if one.runs_as_its_owner != made.runs_as_its_owner {
        return Some("runs with other rights");
    }
    (made.pins_its_path && !one.pins_its_path).then_some("looks for names where others may put theirs")
}

/// However PostgreSQL breaks its lines.
pub fn fingerprint(body: &str) -> String {
    let letters: String = body.chars().filter(|letter| !letter.is_whitespace()).collect();
    hex::encode(Sha256::digest(letters))
}

/// Whom a changed function concerns.
fn records(function: &str) -> &'static str {
    match function {
        "log_ssot_changes" | "nexus_conceal" => "every table",
        "nexus_entry" | "nexus_event" | "nexus_actor" | "nexus_setting" | "nexus_append_only" | "nexus_is_console" => {
            "audit_logs, ssot_audit_logs and audit_details"
        }
        "nexus_stamp" | "update_updated_at_column" => "the stamps of every table",
        _ => "the tables it guards",
    }
}
