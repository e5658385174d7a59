//! Does everybody get what the grid says, and nothing else, at every address and on every page?

mod offers;
mod own;

use super::support::{Answer, Browser, Console, console, stock, stocked_database};

pub const ROLES: [&str; 5] = ["admin", "manager", "auditor", "user", "viewer"];

/// A table's name alone, then what is asked of it and what each role is answered. `record` and what follows
/// are about the role's own row, `other` about somebody else's where rows belong to somebody. `create`,
/// `save`, `remove` and the verbs with a ! are POSTs that change nothing even where they are allowed: an empty
/// form (422), nothing new (303), an old version (409), nothing left to do (409).
pub const GRID: &str = "
                 admin  manager  auditor  user  viewer
users
  list             200      200      200   403     403
  record           200      200      200   403     403
  new              200      403      403   403     403
  create           422      403      403   403     403
  edit             200      403      403   403     403
  save             303      403      403   403     403
  delete           200      200      200   403     403
  remove           409      409      409   403     403
  csv              200      403      403   403     403
  jsonl            200      403      403   403     403
  xlsx             200      403      403   403     403
  history          200      200      200   403     403
  deactivate       200      403      403   403     403
  deactivate!      409      403      403   403     403
  password-link    200      403      403   403     403
  password-link!   409      403      403   403     403
accounts
  list             200      200      200   200     200
  record           200      200      200   200     200
  other            200      200      200   404     200
  new              200      200      403   403     403
  create           422      422      403   403     403
  edit             200      200      403   403     403
  save             303      303      403   403     403
  delete           200      403      403   403     403
  remove           409      403      403   403     403
  csv              200      403      200   403     403
  jsonl            200      403      200   403     403
  xlsx             200      403      200   403     403
  history          200      200      200   403     403
  candidates       200      200      200   403     403
  limit            200      403      403   403     403
  limit!           409      403      403   403     403
transactions
  list             200      200      200   200     200
  record           200      200      200   200     200
  other            200      200      200   404     200
  new              200      200      403   200     403
  create           422      422      403   422     403
  edit             200      200      403   403     403
  save             303      303      403   403     403
  delete           200      200      200   200     200
  remove           409      409      409   409     409
  csv              200      200      200   403     403
  jsonl            200      200      200   403     403
  xlsx             200      200      200   403     403
  history          200      200      200   403     403
  candidates       200      200      200   200     200
  withdraw         200      200      403   200     403
  withdraw!        409      409      403   409     403
  reverse          200      200      403   403     403
  reverse!         409      409      403   403     403
audit_logs
  list             200      403      200   403     403
  record           200      403      200   403     403
  new              403      403      403   403     403
  create           403      403      403   403     403
  edit             403      403      403   403     403
  save             403      403      403   403     403
  delete           200      403      200   403     403
  remove           409      403      409   403     403
  csv              200      403      200   403     403
  jsonl            200      403      200   403     403
  xlsx             200      403      200   403     403
  history          200      403      200   403     403
  annotate         200      403      200   403     403
  annotate!        403      403      422   403     403
  candidates       200      403      200   403     403
ssot_audit_logs
  list             200      403      200   403     403
  record           200      403      200   403     403
  new              403      403      403   403     403
  create           403      403      403   403     403
  edit             403      403      403   403     403
  save             403      403      403   403     403
  delete           200      403      200   403     403
  remove           409      403      409   403     403
  csv              200      403      200   403     403
  jsonl            200      403      200   403     403
  xlsx             200      403      200   403     403
  history          200      403      200   403     403
  annotate         200      403      200   403     403
  annotate!        422      403      422   403     403
system_settings
  list             200      200      200   403     403
  record           200      200      200   403     403
  new              200      403      403   403     403
  create           422      403      403   403     403
  edit             200      403      403   403     403
  save             303      403      403   403     403
  delete           200      403      403   403     403
  remove           409      403      403   403     403
  csv              200      403      403   403     403
  jsonl            200      403      403   403     403
  xlsx             200      403      403   403     403
  history          200      200      200   403     403
ssot_api_contracts
  list             200      200      200   200     200
  record           200      200      200   200     200
  new              200      200      403   403     403
  create           422      422      403   403     403
  edit             200      200      403   403     403
  save             303      303      403   403     403
  delete           200      403      403   403     403
  remove           409      403      403   403     403
  csv              200      403      200   403     403
  jsonl            200      403      200   403     403
  xlsx             200      403      200   403     403
  history          200      200      200   403     403
ssot_api_aliases
  list             200      200      200   200     200
  record           200      200      200   200     200
  new              200      200      403   403     403
  create           422      422      403   403     403
  edit             200      200      403   403     403
  save             303      303      403   403     403
  delete           200      403      403   403     403
  remove           409      403      403   403     403
  csv              200      403      200   403     403
  jsonl            200      403      200   403     403
  xlsx             200      403      200   403     403
  history          200      200      200   403     403
  candidates       200      200      200   200     200
  deactivate       200      200      403   403     403
  deactivate!      409      409      403   403     403
ssot_governance_rules
  list             200      200      200   403     200
  record           200      200      200   403     200
  new              200      403      403   403     403
  create           422      403      403   403     403
  edit             200      403      403   403     403
  save             303      403      403   403     403
  delete           200      403      403   403     403
  remove           409      403      403   403     403
  csv              200      403      403   403     403
  jsonl            200      403      403   403     403
  xlsx             200      403      403   403     403
  history          200      200      200   403     403
api_keys
  list             200      200      200   200     403
  record           200      200      200   200     403
  other            200      404      200   404     403
  new              200      200      403   200     403
  create           422      422      403   422     403
  edit             200      403      403   403     403
  save             303      403      403   403     403
  delete           200      200      200   200     403
  remove           409      409      409   409     403
  csv              200      403      403   403     403
  jsonl            200      403      403   403     403
  xlsx             200      403      403   403     403
  history          200      200      200   403     403
  candidates       200      200      200   403     403
  rotate           200      200      403   200     403
  rotate!          409      409      403   409     403
  revoke           200      200      403   200     403
  revoke!          409      409      403   409     403
notifications
  list             200      200      200   200     200
  record           200      200      200   200     200
  other            200      404      404   404     404
  new              200      403      403   403     403
  create           422      403      403   403     403
  edit             403      403      403   403     403
  save             403      403      403   403     403
  delete           200      403      403   403     403
  remove           409      403      403   403     403
  csv              200      403      403   403     403
  jsonl            200      403      403   403     403
  xlsx             200      403      403   403     403
  history          200      200      200   403     403
  candidates       200      200      200   403     403
  read             200      200      200   200     200
  read!            303      303      303   303     303
user_sessions
  list             200      200      200   200     200
  record           200      200      200   200     200
  other            200      404      200   404     404
  new              403      403      403   403     403
  create           403      403      403   403     403
  edit             403      403      403   403     403
  save             403      403      403   403     403
  delete           200      200      200   200     200
  remove           409      409      409   409     409
  csv              403      403      403   403     403
  jsonl            403      403      403   403     403
  xlsx             403      403      403   403     403
  history          200      200      200   403     403
  candidates       200      200      200   403     403
  revoke           200      200      403   200     200
  revoke!          409      409      403   409     409
";

/// A line of the grid: the table, what, and the answers in the order of [`ROLES`].
pub fn lines() -> Vec<(&'static str, &'static str, [u16; 5])> {
    let mut table = "";
    let mut lines = Vec::new();
    for line in GRID.lines().skip(2) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [name] => table = name,
            [what, answers @ ..] => {
                let answers: Vec<u16> = answers.iter().map(|status| status.parse().expect("a status")).collect();
                lines.push((table, *what, answers.try_into().expect("a status a role")));
            }
            [] => {}
        }
    }
    lines
}

/// Whether the grid lets a role do this.
pub fn allows(table: &str, what: &str, role: &str) -> bool {
    let place = ROLES.iter().position(|name| *name == role).expect("a role");
    lines().into_iter().any(|line| line.0 == table && line.1 == what && line.2[place] != 403)
}

/// The reference whose picker is asked.
fn picked(table: &str) -> &'static str {
    match table {
        "transactions" => "account_id",
        "ssot_api_aliases" => "contract_id",
        _ => "user_id",
    }
}

async fn ask(browser: &Browser, token: &str, table: &str, what: &str, username: &str) -> Answer {
    let list = format!("/tables/{table}");
    let record = format!("{list}/{}", stock::of(table, username));
    let ended = format!("{list}/{}", stock::ended(table, username));
    match what {
        "list" => browser.get(&list).await,
        "record" => browser.get(&record).await,
        "other" => browser.get(&format!("{list}/{}", stock::of(table, "manager2"))).await,
        "new" => browser.get(&format!("{list}/new")).await,
        "create" => browser.post_with(&list, token, &[]).await,
        "edit" => browser.get(&format!("{record}/edit")).await,
        "save" => browser.post_with(&record, token, &[]).await,
        "delete" => browser.get(&format!("{record}/delete")).await,
        "remove" => browser.post_with(&format!("{record}/delete"), token, &[("version", "old")]).await,
        "csv" | "jsonl" | "xlsx" => browser.get(&format!("{list}/export.{what}")).await,
        "history" => browser.get(&format!("{record}/history")).await,
        "candidates" => browser.get(&format!("{list}/candidates?column={}&q=a", picked(table))).await,
        verb if verb.ends_with('!') => {
            let verb = verb.trim_end_matches('!');
            browser.post_with(&format!("{ended}/{verb}"), token, &[("reason", "Not needed")]).await
        }
        verb => browser.get(&format!("{record}/{verb}")).await,
    }
}

pub async fn opened() -> Console {
    console(stocked_database().await).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_role_is_answered_as_the_grid_says() {
    let console = opened().await;
    let tables: Vec<&str> = nexus_console::tables::TABLES.iter().map(|resource| resource.table).collect();
    assert!(tables.iter().all(|table| lines().iter().any(|line| line.0 == *table)), "the grid knows every table");
    let before = rows(&console).await;
    let mut wrong = Vec::new();
    for (place, role) in ROLES.into_iter().enumerate() {
        let browser = console.signed_in(role).await;
        let token = browser.get("/account").await.value("csrf_token").expect("a token");
        for (table, what, answers) in lines() {
            let answer = ask(&browser, &token, table, what, role).await;
            if answer.status != answers[place] {
                wrong.push(format!("{role:8} {table} {what}: {}, not {}", answer.status, answers[place]));
            }
            if answer.status == 403 && !answer.has("main h1") {
                wrong.push(format!("{role:8} {table} {what}: a refusal without a page"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert_eq!(rows(&console).await, before, "nobody changed anything by asking");
}

/// How many rows each table has, but for what logging in and being refused leaves behind.
async fn rows(console: &Console) -> Vec<i64> {
    let client = console.database.as_owner().await;
    let mut counts = Vec::new();
    for table in nexus_console::tables::TABLES.iter().filter(|table| !["audit_logs", "user_sessions"].contains(&table.table)) {
        let row = client.query_one(&format!("SELECT count(*) FROM {}", table.table), &[]).await.expect("a count");
        counts.push(row.get(0));
    }
    counts
}

/// Somebody whose role is NULL, or one that nobody knows, may do nothing at all.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_role_nothing_is_allowed() {
    let console = opened().await;
    let browser = console.signed_in("manager2").await;
    let token = browser.get("/account").await.value("csrf_token").expect("a token");
    console.database.as_owner().await.execute("UPDATE users SET role = NULL WHERE username = 'manager2'", &[]).await.expect("no role");
    for (table, what, _) in lines() {
        let answer = ask(&browser, &token, table, what, "manager2").await;
        assert_eq!(answer.status, 403, "{table} {what}");
    }
    let dashboard = browser.get("/").await;
    assert_eq!(dashboard.status, 200, "{}", dashboard.text());
    assert!(dashboard.attributes("nav a, main a", "href").iter().all(|href| !href.starts_with("/tables/")), "{}", dashboard.text());
}
