//! Does a page offer exactly what its reader may do?

use std::collections::BTreeSet;

use super::{super::support::stock, ROLES, allows, lines, opened};

/// Every address a page leads to, links and forms, without what they carry along.
fn offered(page: &super::Answer) -> BTreeSet<String> {
    let links = page.attributes("a[href]", "href");
    let forms = page.attributes("form[action]", "action");
    links.into_iter().chain(forms).filter_map(|address| address.split(['?', '#']).next().map(str::to_owned)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn navigation_and_buttons_are_drawn_by_the_same_decision() {
    let console = opened().await;
    let tables: BTreeSet<&str> = lines().into_iter().map(|line| line.0).collect();
    let mut wrong = Vec::new();
    for role in ROLES {
        let browser = console.signed_in(role).await;
        let navigation: BTreeSet<String> = browser.get("/").await.attributes("nav#nav a", "href").into_iter().collect();
        for table in &tables {
            let mut hold = |what: &str, place: &str, is_offered: bool| {
                if is_offered != allows(table, what, role) {
                    let verb = if is_offered { "offers" } else { "does not offer" };
                    wrong.push(format!("{role:8} {place} of {table} {verb} {what}"));
                }
            };
            let path = format!("/tables/{table}");
            hold("list", "the navigation", navigation.contains(&path));
            if !allows(table, "list", role) {
                continue;
            }
            let list = offered(&browser.get(&path).await);
            hold("new", "the list", list.contains(&format!("{path}/new")));
            hold("csv", "the list", list.contains(&format!("{path}/export.csv")));
            hold("jsonl", "the list", list.contains(&format!("{path}/export.jsonl")));
            hold("xlsx", "the list", list.contains(&format!("{path}/export.xlsx")));
            let record = format!("{path}/{}", stock::of(table, role));
            let page = browser.get(&record).await;
            let record_offers = offered(&page);
            hold("edit", "the record", record_offers.contains(&format!("{record}/edit")));
            hold("history", "the record", record_offers.contains(&format!("{record}/history")));
            hold("new", "the record", record_offers.contains(&format!("{path}/new")));
            for verb in ["withdraw", "deactivate", "password-link", "rotate", "revoke", "read"] {
                if !lines().iter().any(|line| line.0 == *table && line.1 == verb) {
                    assert!(!record_offers.contains(&format!("{record}/{verb}")), "{role} {table} {verb}");
                    continue;
                }
                // A user that is inactive says why nothing is left to do, instead of a button.
                let is_said = *table == "users" && page.text().contains("nactive");
                let is_offered = record_offers.contains(&format!("{record}/{verb}"));
                hold(verb, "the record", is_offered || is_said && allows(table, verb, role));
            }
            // Where records are never deleted everybody may read why, and nobody is offered it.
            let never = console_never_deletes(table);
            let offers_delete = record_offers.contains(&format!("{record}/delete"));
            if never {
                assert!(!offers_delete, "{role} is offered to delete of {table}");
            } else {
                hold("delete", "the record", offers_delete);
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn console_never_deletes(table: &str) -> bool {
    let resource = nexus_console::tables::TABLES.iter().find(|resource| resource.table == table).expect("a table");
    matches!(resource.removal, nexus_console::resource::Removal::Never(_))
}
