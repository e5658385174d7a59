//! Does every page of every odd row open, and show neither a secret nor anybody's mark-up?

use super::{KINDS, ODDITIES, column, odd_id, opened};
use crate::{crawl::faults, grid::allows};

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_every_odd_row_is_whole() {
    let console = opened().await;
    let admin = console.signed_in("admin").await;
    let mut wrong = Vec::new();
    for (kind, table) in KINDS {
        let mut ids: Vec<String> = (1..=ODDITIES).map(|oddity| odd_id(kind, oddity)).collect();
        ids.extend(column(&console, &format!("SELECT id::text FROM {table} ORDER BY md5(id::text) LIMIT 6")).await);
        for id in ids {
            let record = format!("/tables/{table}/{id}");
            let mut pages = vec![record.clone(), format!("{record}/history"), format!("{record}/delete")];
            pages.extend(allows(table, "edit", "admin").then(|| format!("{record}/edit")));
            pages.extend(allows(table, "new", "admin").then(|| format!("/tables/{table}/new?copy={id}")));
            for page in pages {
                let answer = admin.get(&page).await;
                // Only what is pending is edited; of the rest a page says so.
                let may_be_over = page.ends_with("/edit") || page.ends_with("/delete");
                if answer.status != 200 && !(answer.status == 409 && may_be_over) {
                    wrong.push(format!("{page}: {} {}", answer.status, answer.text().chars().take(200).collect::<String>()));
                }
                wrong.extend(faults(&answer).into_iter().map(|fault| format!("{page}: {fault}")));
                // What an old entry says can be looked at as the form that would put it back.
                for back in answer.attributes("main a[href*='/edit?from=']", "href").into_iter().take(2) {
                    let form = admin.get(&back).await;
                    if ![200, 409].contains(&form.status) {
                        wrong.push(format!("{back}: {} {}", form.status, form.text().chars().take(200).collect::<String>()));
                    }
                    wrong.extend(faults(&form).into_iter().map(|fault| format!("{back}: {fault}")));
                }
            }
        }
    }
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "{} faults\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_list_of_old_rows_shows_a_secret() {
    let console = opened().await;
    let admin = console.signed_in("admin").await;
    let mut wrong = Vec::new();
    for (_, table) in KINDS {
        let offered: Vec<&str> = nexus_console::tables::TABLES
            .iter()
            .find(|resource| resource.table == table)
            .expect("declared")
            .listable()
            .map(|column| column.name)
            .collect();
        // All that can be asked for, in either direction: the first and the last 200 rows.
        for sort in ["", "created_at", "-created_at"] {
            let path = format!("/tables/{table}?limit=200&sort={sort}&columns={}", offered.join(","));
            let answer = admin.get(&path).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
            wrong.extend(faults(&answer).into_iter().map(|fault| format!("{path}: {fault}")));
        }
    }
    for page in ["/", "/approvals", "/operations/ledger", "/account"] {
        let answer = admin.get(page).await;
        if answer.status != 404 {
            assert_eq!(answer.status, 200, "{page}: {}", answer.text());
        }
        wrong.extend(faults(&answer).into_iter().map(|fault| format!("{page}: {fault}")));
    }
    assert!(wrong.is_empty(), "{} faults\n{}", wrong.len(), wrong.join("\n"));
    let log = std::fs::read_to_string(console.data_dir.join("stderr")).unwrap_or_default();
    assert!(!log.contains("canary-7f3a"), "nor does the console's own log");
}
