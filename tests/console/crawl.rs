//! Is every page whole, and does none ever show a secret or run what somebody typed?

mod odd_rows;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt::Write as _,
};

use calamine::Data;
use scraper::{Html, Selector};

use super::{
    exports::workbook::{cells, formulas},
    grid::{ROLES, allows},
    support::{Answer, Browser, Console, console, stock, stocked_database},
};
pub use odd_rows::{CANARY, fill as fill_odd_rows};
use odd_rows::{FORMULA, IDS};

/// Pages of one kind that a role visits beside those of the odd rows.
const ALIKE: usize = 2;
/// Pages a role visits at most by following links.
const FAR: usize = 160;

async fn opened() -> Console {
    let database = stocked_database().await;
    odd_rows::fill(&database.as_owner().await).await;
    console(database).await
}

fn found<'h>(html: &'h Html, selector: &str) -> Vec<scraper::ElementRef<'h>> {
    html.select(&Selector::parse(selector).expect("a selector")).collect()
}

/// What is wrong with an answer; nothing on most days.
pub fn faults(answer: &Answer) -> Vec<String> {
    let mut faults = Vec::new();
    if answer.body.contains(CANARY) {
        let at = answer.body.find(CANARY).unwrap_or_default();
        let start = answer.body[..at].char_indices().rev().nth(60).map_or(0, |(index, _)| index);
        faults.push(format!("shows a secret: …{}", &answer.body[start..at + CANARY.len()]));
    }
    let kind = answer.headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("text/html") {
        return faults;
    }
    let html = answer.html();
    for script in found(&html, "script") {
        if !script.value().attr("src").is_some_and(|source| source.starts_with("/static/"))
            || script.text().any(|text| !text.trim().is_empty())
        {
            faults.push(format!("holds a script: {}", script.html()));
        }
    }
    faults.extend(
        found(&html, "img, iframe, object, embed, style, base, meta[http-equiv]").iter().map(|element| format!("holds {}", element.html())),
    );
    for element in found(&html, "*") {
        for (name, value) in element.value().attrs() {
            let runs = ["href", "src", "action", "formaction"].contains(&name)
                && !(value.starts_with('/') || value.starts_with('#') || value.starts_with("http"));
            if name.starts_with("on") || name == "style" || runs {
                faults.push(format!("has {name}={value}"));
            }
        }
    }
    if found(&html, "title").iter().all(|title| title.text().all(|text| text.trim().is_empty())) {
        faults.push("has no title".to_owned());
    }
    if found(&html, "h1").len() != 1 {
        faults.push(format!("has {} h1", found(&html, "h1").len()));
    }
    for form in found(&html, "form:not([method=dialog])") {
        let action = form.value().attr("action").unwrap_or_default();
        if !action.starts_with('/') || action.starts_with("//") {
            faults.push(format!("has a form with the action “{action}”"));
        }
        let token = Selector::parse("input[name=csrf_token]").expect("a selector");
        let is_post = form.value().attr("method").is_some_and(|method| method.eq_ignore_ascii_case("post"));
        let tokens: Vec<_> = form.select(&token).filter_map(|token| token.value().attr("value")).collect();
        if is_post != (tokens.len() == 1 && !tokens[0].is_empty()) {
            faults.push(format!("has a form to {action} with {} tokens", tokens.len()));
        }
    }
    let mut ids = BTreeSet::new();
    for element in found(&html, "[id]") {
        let id = element.value().attr("id").unwrap_or_default();
        if !ids.insert(id.to_owned()) {
            faults.push(format!("has two elements with the id {id}"));
        }
    }
    faults
}

/// The local addresses a page leads to.
fn links(answer: &Answer) -> Vec<String> {
    let links = answer.attributes("a[href]", "href").into_iter();
    let links = links.map(|link| link.split('#').next().unwrap_or_default().to_owned());
    links.filter(|link| link.starts_with('/') && !link.starts_with("//")).collect()
}

/// Addresses with the same shape are pages of one kind.
fn shape(address: &str) -> String {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let mut shape = String::new();
    for part in path.split('/').skip(1) {
        let _ = write!(shape, "/{}", if part.len() == 36 { "{id}" } else { part });
    }
    let mut names: Vec<&str> = query.split('&').filter_map(|pair| pair.split('=').next()).collect();
    names.sort_unstable();
    format!("{shape}?{}", names.join("&"))
}

/// Every page about the odd rows that a role may open, and every file.
fn odd_pages(role: &str) -> Vec<String> {
    let mut pages = Vec::new();
    for resource in nexus_console::tables::TABLES {
        let table = resource.table;
        if !allows(table, "list", role) {
            continue;
        }
        let columns: Vec<&str> = resource.listable().map(|column| column.name).collect();
        pages.push(format!("/tables/{table}?limit=200"));
        pages.push(format!("/tables/{table}?q=script&columns={}", columns.last().expect("a column")));
        pages.push(format!("/tables/{table}?limit=200&columns={}", columns.join(",")));
        for column in resource.columns.iter().filter(|column| column.sortable) {
            pages.push(format!("/tables/{table}?sort=-{}&limit=1", column.name));
        }
        if allows(table, "new", role) {
            pages.push(format!("/tables/{table}/new"));
        }
        if allows(table, "csv", role) {
            pages.extend(["csv", "jsonl", "xlsx"].map(|ending| format!("/tables/{table}/export.{ending}")));
        }
        for id in IDS {
            // A role with only its own rows has the one that is theirs, in the stock.
            let is_own = role != "admin"
                && !(role == "auditor" && table != "notifications")
                && ["api_keys", "notifications", "user_sessions"].contains(&table)
                || role == "user" && ["accounts", "transactions"].contains(&table);
            let id = if is_own { stock::of(table, role) } else { id.to_owned() };
            let record = format!("/tables/{table}/{id}");
            pages.push(record.clone());
            for what in
                ["edit", "history", "delete", "deactivate", "password-link", "rotate", "revoke", "read", "withdraw", "reverse", "limit"]
            {
                if allows(table, what, role) {
                    pages.push(format!("{record}/{what}"));
                }
            }
            if allows(table, "new", role) {
                pages.push(format!("/tables/{table}/new?copy={id}"));
            }
        }
    }
    pages
}

async fn visit(browser: &Browser, role: &str, address: &str, wrong: &mut Vec<String>) -> Answer {
    let answer = browser.get(address).await;
    wrong.extend(faults(&answer).into_iter().map(|fault| format!("{role} {address}: {fault}")));
    answer
}

async fn crawl(console: &Console, role: &str) -> (usize, Vec<String>) {
    let browser = console.signed_in(role).await;
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    let mut shapes: BTreeMap<String, usize> = BTreeMap::new();
    let mut ahead: VecDeque<(String, String)> = VecDeque::from([("/".to_owned(), "the start".to_owned())]);
    let mut follow = |page: &Answer, from: &str, ahead: &mut VecDeque<(String, String)>| {
        for link in links(page) {
            let alike = shapes.entry(shape(&link)).or_default();
            if *alike < ALIKE && seen.insert(link.clone()) {
                *alike += 1;
                ahead.push_back((link, from.to_owned()));
            }
        }
    };
    let mut visited = 0;
    for address in odd_pages(role) {
        let page = visit(&browser, role, &address, &mut wrong).await;
        // Somebody who is inactive already, a transaction that is over: said on a page, with 200 or 409.
        if ![200, 409].contains(&page.status) {
            wrong.push(format!("{role} {address}: {}", page.status));
        }
        visited += 1;
        if !address.contains("/export.") && visited % 3 == 0 {
            follow(&page, &address, &mut ahead);
        }
    }
    let mut steps = 0;
    while let Some((address, from)) = ahead.pop_front().filter(|_| steps < FAR) {
        let page = visit(&browser, role, &address, &mut wrong).await;
        if ![200, 303].contains(&page.status) {
            wrong.push(format!("{role} {address}, offered by {from}: {}", page.status));
        }
        follow(&page, &address, &mut ahead);
        steps += 1;
    }
    (visited + steps, wrong)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_whole_and_shows_no_secret_and_no_mark_up_of_anybodys() {
    let console = opened().await;
    let crawls = futures_util::future::join_all(ROLES.map(|role| crawl(&console, role))).await;
    let visited: usize = crawls.iter().map(|(visited, _)| visited).sum();
    let mut wrong: Vec<String> = crawls.into_iter().flat_map(|(_, wrong)| wrong).collect();
    wrong.sort();
    wrong.dedup();
    let shown: Vec<String> = wrong.iter().take(60).map(|fault| fault.chars().take(400).collect()).collect();
    assert!(wrong.is_empty(), "{} faults on {visited} pages\n{}", wrong.len(), shown.join("\n"));
    assert!(visited > 600, "{visited} pages");
    let log = std::fs::read_to_string(console.data_dir.join("stderr")).unwrap_or_default();
    assert!(!log.contains(CANARY), "nor does the console's own log");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_typed_stands_on_the_page_as_it_was_typed() {
    let console = opened().await;
    let admin = console.signed_in("admin").await;
    for (table, column) in
        [("users", "full_name"), ("accounts", "account_name"), ("notifications", "title"), ("system_settings", "description")]
    {
        let record = admin.get(&format!("/tables/{table}/{}", IDS[0])).await;
        let text = record.text();
        assert!(text.contains("<script>alert(1)</script>"), "{table}.{column}: {text}");
        let list = admin.get(&format!("/tables/{table}?columns={column}")).await;
        assert!(list.text().contains("<script>alert(1)</script>"), "{table}.{column}");
    }
    // Searching for it finds it, and says what was searched for.
    let found = admin.get("/tables/users?q=%3Cscript%3Ealert(1)%3C%2Fscript%3E").await;
    assert_eq!(found.rows(), [IDS[0]]);
    assert_eq!(found.attributes("main input[type=search]", "value"), ["<script>alert(1)</script>"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_hold_every_row_and_no_formula() {
    let console = opened().await;
    let admin = console.signed_in("admin").await;
    let owner = console.database.as_owner().await;
    for resource in nexus_console::tables::TABLES.iter().filter(|resource| allows(resource.table, "csv", "admin")) {
        let table = resource.table;
        let lines = admin.get(&format!("/tables/{table}/export.jsonl")).await;
        let rows: Vec<serde_json::Value> = lines.body.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
        let count: i64 = owner.query_one(&format!("SELECT count(*) FROM {table}"), &[]).await.expect("a count").get(0);
        // The export itself is one entry more.
        assert!((count - rows.len() as i64).abs() <= 1, "{table}: {} of {count}", rows.len());
        for id in IDS {
            assert!(rows.iter().any(|row| row["id"] == id), "{table} {id}");
        }
        let sheet = admin.get(&format!("/tables/{table}/export.csv")).await;
        assert!(sheet.body.starts_with("id,") || sheet.body.starts_with("\u{feff}id,"), "{table}: {}", &sheet.body[..20]);
        let mut reader = csv::Reader::from_reader(sheet.body.as_bytes());
        for record in reader.records() {
            let record = record.expect("a whole record");
            assert!(!record.iter().any(|cell| cell == FORMULA), "{table} has a formula: {record:?}");
        }
        let book = admin.get(&format!("/tables/{table}/export.xlsx")).await;
        assert!(formulas(&book, table).is_empty(), "{table} has a formula");
        for id in IDS {
            assert!(cells(&book, table).iter().any(|row| row[0] == Data::String(id.to_owned())), "{table} {id}");
        }
    }
}
