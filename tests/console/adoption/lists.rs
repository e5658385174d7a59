//! Is every row of every table listed once, found by every filter, and in its place in every order?

use std::collections::BTreeSet;

use nexus_console::resource::{Column, Kind, Matching, Resource};
use nexus_console::tables::TABLES;

use super::{column, one, opened};
use crate::support::{Browser, Console};

/// Every id from the first page to the last, by its links.
async fn walked(browser: &Browser, path: &str) -> Vec<String> {
    let mut met = Vec::new();
    let mut next = Some(path.to_owned());
    while let Some(path) = next {
        let page = browser.get(&path).await;
        assert_eq!(page.status, 200, "{path}: {}", page.text());
        met.extend(page.rows());
        next = page.attributes("a[rel=next]", "href").pop();
    }
    met
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_of_every_table_is_met_once() {
    let console = opened().await;
    let admin = console.signed_in("admin").await;
    let mut met_in_all = 0;
    for table in TABLES.iter().map(|resource| resource.table) {
        let all: BTreeSet<String> = column(&console, &format!("SELECT id::text FROM {table}")).await.into_iter().collect();
        let met = walked(&admin, &format!("/tables/{table}?limit=200")).await;
        let seen: BTreeSet<&String> = met.iter().collect();
        assert_eq!(seen.len(), met.len(), "{table}: a row twice");
        assert!(all.iter().all(|id| seen.contains(id)), "{table}: a row is missing");
        // The console's own jobs write into the log meanwhile.
        assert!(met.len() == all.len() || table == "audit_logs", "{table}: {} of {}", met.len(), all.len());
        met_in_all += met.len();
    }
    assert!(met_in_all > 50_000, "{met_in_all}");
    // Across the border between what has a value and what has none, and through what is no number.
    for (table, sort) in [("accounts", "-balance"), ("users", "last_login")] {
        let met = walked(&admin, &format!("/tables/{table}?limit=200&sort={sort}")).await;
        assert_eq!(met.iter().collect::<BTreeSet<_>>().len(), met.len(), "{table} by {sort}");
        assert_eq!(met.len().to_string(), one(&console, &format!("SELECT count(*)::text FROM {table}")).await, "{table} by {sort}");
    }
}

/// The console's own jobs write into the log at any time: what was compared across such a moment is compared again.
async fn until_right(compared: impl AsyncFn() -> Result<(), String>) -> Result<(), String> {
    for _ in 0..4 {
        if compared().await.is_ok() {
            return Ok(());
        }
    }
    compared().await
}

/// The first page and the second, from which the way back leads to the first.
async fn two_pages(browser: &Browser, path: &str) -> Vec<String> {
    let first = browser.get(path).await;
    assert_eq!(first.status, 200, "{path}: {}", first.text());
    let mut met = first.rows();
    if let Some(next) = first.attributes("a[rel=next]", "href").pop() {
        let second = browser.get(&next).await;
        assert_eq!(second.status, 200, "{next}: {}", second.text());
        let back = second.attributes("a[rel=prev]", "href").pop().expect("a way back");
        assert_eq!(browser.get(&back).await.rows(), met, "{back}");
        met.extend(second.rows());
    }
    met
}

#[tokio::test(flavor = "multi_thread")]
async fn every_order_begins_and_ends_as_the_database_has_it() {
    let console = opened().await;
    let admin = console.signed_in("admin").await;
    let mut tried = 0;
    for resource in TABLES {
        for sorted in resource.columns.iter().filter(|column| column.sortable) {
            let (table, name) = (resource.table, sorted.name);
            for (sign, direction) in [("", "ASC"), ("-", "DESC")] {
                // What has no value stands behind, by id, in both directions.
                let sql = format!(
                    "(SELECT id::text FROM {table} WHERE {name} IS NOT NULL ORDER BY {name} {direction}, id {direction} LIMIT 60) UNION ALL \
                     (SELECT id::text FROM {table} WHERE {name} IS NULL ORDER BY id LIMIT 60)"
                );
                let path = format!("/tables/{table}?sort={sign}{name}&limit=30&columns={name}");
                until_right(async || {
                    let expected = column(&console, &sql).await;
                    let met = two_pages(&admin, &path).await;
                    if met.len() == expected.len().min(60) && met == expected[..met.len()] {
                        Ok(())
                    } else {
                        Err(format!("{path}: {met:?}"))
                    }
                })
                .await
                .expect("the order it says");
                tried += 1;
            }
        }
    }
    assert!(tried > 80, "{tried}");
}

/// Parameters of a filter on a column, each with the rows it has to find, as SQL.
fn filters(resource: &'static Resource, filtered: &'static Column, uuid: &str) -> Vec<(String, String)> {
    let name = filtered.name;
    let (alias, own) = match name.split_once('.') {
        None => ("t".to_owned(), name),
        Some((reference, own)) => {
            let Some(Kind::Reference(target)) = resource.column(reference).map(|column| column.kind) else { panic!("{name}") };
            (format!("t.{reference} IN (SELECT f.id FROM {} f WHERE f", target.table), own)
        }
    };
    let close = if name.contains('.') { ")" } else { "" };
    let of = |condition: String| format!("{alias}.{own} {condition}{close}");
    let mut cases =
        vec![(format!("{name}.empty=yes"), of("IS NULL".to_owned())), (format!("{name}.empty=no"), of("IS NOT NULL".to_owned()))];
    let texts = ["=1", "\u{202e}", "100%_\\", "'\";", "\u{1f600}", "importer"];
    match filtered.kind {
        Kind::Text(_) if filtered.matching == Matching::Whole => {
            cases.extend(
                ["=1+1+cmd", "usd", "<b>", "users", "  spaces around  "].map(|text| (query(name, text), of(format!("= {}", quoted(text))))),
            );
        }
        Kind::Text(_) | Kind::LongText => cases.extend(texts.map(|text| {
            let pattern = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
            // One or two letters are looked for where a text begins.
            let before = if text.chars().count() < 3 { "" } else { "%" };
            (query(name, text), of(format!("ILIKE {}", quoted(&format!("{before}{pattern}%")))))
        })),
        Kind::Bool => cases.extend(["true", "false"].map(|truth| (query(name, truth), of(format!("= {truth}"))))),
        Kind::Choice(choices) => {
            cases.extend(choices.iter().map(|choice| (query(name, choice.value), of(format!("= '{}'", choice.value)))))
        }
        Kind::Uuid | Kind::Reference(_) => cases.push((query(name, uuid), of(format!("= '{uuid}'")))),
        Kind::Money(_) => {
            cases.push((query(name, "9999999999999.99"), of("= 9999999999999.99".to_owned())));
            cases.push((format!("{name}.min=9999999999999.99"), of("= 9999999999999.99".to_owned())));
            cases.push((format!("{name}.max=-0.01"), of("<= -0.01".to_owned())));
        }
        Kind::Timestamp => {
            cases.push((format!("{name}.from=9999-12-31"), of(">= '9999-12-31 00:00Z'".to_owned())));
            cases.push((format!("{name}.to=0001-01-01"), of("< '0001-01-02 00:00Z'".to_owned())));
            cases.push((
                format!("{name}.from=2016-02-29&{name}.to=2016-03-02"),
                of(format!(">= '2016-02-29 00:00Z'{close} AND {alias}.{own} < '2016-03-03 00:00Z'")),
            ));
        }
        Kind::Inet => {
            for network in ["192.0.2.7", "2001:db8::/32", "0.0.0.0/0", "::/0"] {
                cases.push((query(name, network), of(format!("<<= '{network}'"))));
            }
        }
        Kind::Json | Kind::Secret | Kind::SecretWhen(_) => {}
    }
    cases
}

fn query(name: &str, value: &str) -> String {
    form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish()
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// What a list says it has, and shows of it, against what the database finds.
async fn compare(console: &Console, browser: &Browser, table: &str, query: &str, condition: &str) -> Result<(), String> {
    let sql = format!("SELECT t.id::text FROM {table} t WHERE {condition}");
    let expected: BTreeSet<String> = column(console, &sql).await.into_iter().collect();
    let page = browser.get(&format!("/tables/{table}?limit=200&columns=id&{query}")).await;
    let rows = page.rows();
    let right = page.status == 200 && rows.len() == expected.len().min(200) && rows.iter().all(|id| expected.contains(id));
    if right { Ok(()) } else { Err(format!("{table}?{query}: {} with {} rows, not {}", page.status, rows.len(), expected.len())) }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_filter_finds_exactly_its_rows() {
    let console = opened().await;
    let admin = console.signed_in("admin").await;
    let mut wrong = Vec::new();
    let mut tried = 0;
    for resource in TABLES {
        for filtered in resource.columns.iter().filter(|column| column.filterable) {
            let target = match filtered.kind {
                Kind::Reference(target) => one(&console, &format!("SELECT max(id::text) FROM {}", target.table)).await,
                _ => super::odd_id(1, 2),
            };
            for (query, condition) in filters(resource, filtered, &target) {
                wrong.extend(until_right(async || compare(&console, &admin, resource.table, &query, &condition).await).await.err());
                tried += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tried > 350, "{tried}");
    // A search, too: what stands in any searchable column, however odd.
    for (table, text, condition) in [
        ("users", "\u{202e}txt", "username ILIKE '%\u{202e}txt%' OR full_name ILIKE '%\u{202e}txt%' OR email ILIKE '%\u{202e}txt%'"),
        (
            "transactions",
            "week 51",
            "(description ILIKE '%week%' OR reference_number ILIKE '%week%') AND (description ILIKE '%51%' OR reference_number ILIKE '%51%')",
        ),
        ("notifications", "lone", "title ILIKE '%lone%' OR message ILIKE '%lone%'"),
    ] {
        compare(&console, &admin, table, &query("q", text), condition).await.expect("a search finds what is there");
    }
}
