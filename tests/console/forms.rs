//! Does a form keep what was typed, name every mistake, and never do half of anything?

mod again;

use scraper::{ElementRef, Selector};

use super::support::{Answer, Browser, Console, console, staffed_database};

async fn opened() -> Console {
    console(staffed_database().await).await
}

/// What a browser would send of the page's own form, as it stands, without its token.
pub fn filled(page: &Answer) -> Vec<(String, String)> {
    let html = page.html();
    let controls =
        Selector::parse("main form[action] input[name], main form[action] textarea, main form[action] select").expect("a selector");
    let mut pairs = Vec::new();
    for element in html.select(&controls) {
        let name = element.value().attr("name").unwrap_or_default().to_owned();
        if name.is_empty() || name == "csrf_token" {
            continue;
        }
        let value = element.value().attr("value").unwrap_or_default().to_owned();
        match (element.value().name(), element.value().attr("type")) {
            ("textarea", _) => {
                // The parser has left out the line break after the tag, as a browser does.
                pairs.push((name, sent(&element.text().collect::<String>())));
            }
            ("select", _) => pairs.push((name, chosen(element))),
            (_, Some("checkbox" | "radio")) if element.value().attr("checked").is_none() => {}
            (_, Some("hidden")) => pairs.push((name, sent(&value))),
            // A field of one line keeps no line break.
            _ => pairs.push((name, value.replace(['\r', '\n'], ""))),
        }
    }
    pairs
}

/// Every kind of line break leaves as one.
fn sent(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n")
}

fn chosen(select: ElementRef<'_>) -> String {
    let options = Selector::parse("option").expect("a selector");
    let mut all = select.select(&options);
    let first = select.select(&options).next();
    let option = all.find(|option| option.value().attr("selected").is_some()).or(first);
    option.and_then(|option| option.value().attr("value")).unwrap_or_default().to_owned()
}

/// The same with other values; a name that is not there is added.
pub fn with(mut pairs: Vec<(String, String)>, changes: &[(&str, &str)]) -> Vec<(String, String)> {
    for (name, value) in changes {
        pairs.retain(|pair| pair.0 != *name);
        pairs.push(((*name).to_owned(), (*value).to_owned()));
    }
    pairs
}

pub async fn send(browser: &Browser, path: &str, pairs: &[(String, String)]) -> Answer {
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.post(path, &pairs).await
}

pub async fn id_of(console: &Console, username: &str) -> String {
    let client = console.database.as_owner().await;
    client.query_one("SELECT id::text FROM users WHERE username = $1", &[&username]).await.expect("a user").get(0)
}

/// Opens an account by the form and answers with its path.
pub async fn account(browser: &Browser, name: &str, number: &str, currency: &str, owner: &str) -> String {
    let page = browser.get("/tables/accounts/new").await;
    let changes =
        [("account_name", name), ("account_number", number), ("account_type", "checking"), ("currency", currency), ("user_id", owner)];
    let answer = send(browser, "/tables/accounts", &with(filled(&page), &changes)).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    answer.location.expect("a record to go to")
}

async fn count(console: &Console, sql: &str) -> i64 {
    console.database.as_owner().await.query_one(sql, &[]).await.expect("a count").get(0)
}

/// What is typed wrong, at which field it is said, and words of what is said.
type Case<'a> = (&'a [(&'a str, &'a str)], &'a str, &'a str);

#[tokio::test(flavor = "multi_thread")]
async fn every_mistake_is_named_at_its_field_and_in_the_summary_in_the_same_words() {
    let console = opened().await;
    let admin = console.signed_in("admin").await;
    let owner = id_of(&console, "user").await;
    account(&admin, "Payroll", "1", "USD", &owner).await;
    let page = admin.get("/tables/accounts/new").await;
    let long = "x".repeat(256);
    let cases: [Case<'_>; 7] = [
        (&[("account_name", &long)], "account_name", "256 characters"),
        (&[("account_name", "  ")], "account_name", "cannot be empty"),
        (&[("account_name", "a\0b")], "account_name", "NUL"),
        (&[("account_type", "gold")], "account_type", "list"),
        (&[("user_id", "01935e0a-7c41-7b1e-9f02-4d8a6611c3e7")], "user_id", "no such"),
        (&[("user_id", "nobody")], "user_id", "id"),
        (&[("account_number", "1")], "account_number", "already used by “Payroll”"),
    ];
    for (changes, column, words) in cases {
        let sound = [("account_name", "Kept"), ("account_number", "2"), ("account_type", "checking"), ("user_id", owner.as_str())];
        let fresh = with(with(filled(&page), &sound), changes);
        let answer = send(&admin, "/tables/accounts", &fresh).await;
        assert_eq!(answer.status, 422, "{changes:?}: {}", answer.text());
        assert!(answer.texts("title")[0].starts_with("Error:"), "{changes:?}");
        let inline = answer.texts(&format!("#{column}-error")).join("");
        assert!(inline.to_lowercase().contains(&words.to_lowercase()), "{changes:?}: {inline}");
        let summary = answer.texts(&format!("#errors a[href='#{column}']")).join("");
        assert!(summary.contains(&inline), "{summary} says {inline}");
        assert!(answer.attributes(&format!("#{column}"), "aria-describedby").join("").contains(&format!("{column}-error")), "{column}");
        for (name, typed) in changes.iter().filter(|(name, _)| *name != "user_id") {
            let typed = typed.replace('\0', "\u{fffd}");
            assert_eq!(answer.value(name).as_deref(), Some(typed.as_str()), "{changes:?}");
        }
        if column != "account_name" {
            assert_eq!(answer.value("account_name").as_deref(), Some("Kept"));
        }
    }
    assert_eq!(count(&console, "SELECT count(*) FROM accounts").await, 1);
    let taken = [("account_name", "B"), ("account_number", "1"), ("account_type", "checking"), ("user_id", owner.as_str())];
    let answer = send(&admin, "/tables/accounts", &with(filled(&page), &taken)).await;
    assert!(answer.text().contains("Payroll"), "it names the account that has the number: {}", answer.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_text_and_bodies_too_large_are_refused() {
    let console = opened().await;
    let admin = console.signed_in("admin").await;
    let owner = id_of(&console, "user").await;
    let token = admin.get("/account").await.value("csrf_token").expect("a token");
    let token: String = form_urlencoded::byte_serialize(token.as_bytes()).collect();
    let garbled = format!("csrf_token={token}&account_name=a%ffb&account_number=7&account_type=checking&user_id={owner}");
    let answer = admin.post_raw("/tables/accounts", garbled.into_bytes()).await;
    assert_eq!(answer.status, 422, "{}", answer.text());
    assert!(answer.texts("#account_name-error").join("").contains("UTF-8"));
    let large = format!("csrf_token={token}&account_name={}", "x".repeat(1024 * 1024));
    assert_eq!(admin.post_raw("/tables/accounts", large.into_bytes()).await.status, 413);
    let many = format!("csrf_token={token}{}", "&a=b".repeat(600));
    assert_eq!(admin.post_raw("/tables/accounts", many.into_bytes()).await.status, 400);
    let intruder =
        [("account_name", "A"), ("account_number", "7"), ("account_type", "checking"), ("user_id", owner.as_str()), ("balance", "1000000")];
    let answer = admin.post("/tables/accounts", &intruder).await;
    assert_eq!(answer.status, 422);
    assert!(answer.texts("#errors").join("").contains("Balance"), "{}", answer.text());
    assert_eq!(count(&console, "SELECT count(*) FROM accounts").await, 0);
    let stale = admin.post_with("/tables/accounts", "stale", &intruder).await;
    assert_eq!(stale.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn money_is_read_in_the_decimals_of_its_currency() {
    let console = opened().await;
    let manager = console.signed_in("manager").await;
    let owner = id_of(&console, "user").await;
    let yen = account(&manager, "Yen", "y", "JPY", &owner).await;
    let dollar = account(&manager, "Dollar", "d", "USD", &owner).await;
    let id = |path: &str| path.rsplit('/').next().expect("an id").split('?').next().expect("an id").to_owned();
    let (yen, dollar) = (id(&yen), id(&dollar));
    for (account, amount, status) in [
        (&yen, "100.5", 422),
        (&yen, "100", 303),
        (&dollar, "100.555", 422),
        (&dollar, "1,000", 422),
        (&dollar, "1e3", 422),
        (&dollar, "-5", 422),
        (&dollar, "0", 422),
        (&dollar, "NaN", 422),
        (&dollar, "99999999999999.99", 422),
        (&dollar, "9999999999999.99", 303),
    ] {
        let page = manager.get("/tables/transactions/new").await;
        let changes = [("account_id", account.as_str()), ("transaction_type", "deposit"), ("amount", amount)];
        let answer = send(&manager, "/tables/transactions", &with(filled(&page), &changes)).await;
        assert_eq!(answer.status, status, "{amount}: {}", answer.text());
        if status == 422 {
            assert!(answer.has("#amount-error"), "{amount}");
            assert_eq!(answer.value("amount").as_deref(), Some(amount));
        }
    }
    let attempts = "SELECT count(*) FROM audit_logs WHERE action = 'transaction_refused' AND new_values -> 'refused' = '[\"amount\"]' AND user_id IS NOT NULL";
    let kept: i64 = console.database.as_owner().await.query_one(attempts, &[]).await.expect("the log").get(0);
    assert_eq!(kept, 8, "what was tried with money is in the log");
    let page = manager.get("/tables/transactions/new").await;
    let transfer = [("account_id", dollar.as_str()), ("transaction_type", "transfer"), ("amount", "1")];
    assert_eq!(send(&manager, "/tables/transactions", &with(filled(&page), &transfer)).await.status, 422);
    assert_eq!(count(&console, "SELECT count(*) FROM transactions WHERE status = 'pending'").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn json_errors_name_the_line_and_the_column() {
    let console = opened().await;
    let admin = console.signed_in("admin").await;
    let page = admin.get("/tables/ssot_governance_rules/new").await;
    let broken = "{\r\n  \"a\": 1,\r\n  b: 2\r\n}";
    let changes = [("rule_name", "r"), ("rule_type", "validation"), ("rule_config", broken)];
    let answer = send(&admin, "/tables/ssot_governance_rules", &with(filled(&page), &changes)).await;
    assert_eq!(answer.status, 422, "{}", answer.text());
    let said = answer.texts("#rule_config-error").join("");
    assert!(said.contains("Line 3, column 3"), "{said}");
    assert!(answer.value("rule_config").expect("the text").contains("b: 2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_is_found_without_scripts() {
    let console = opened().await;
    let admin = console.signed_in("admin").await;
    let page = admin.get("/tables/accounts/new").await;
    let typed = with(filled(&page), &[("account_name", "Typed"), ("account_number", "n"), ("user_id.find", "man"), ("find", "user_id")]);
    let answer = send(&admin, "/tables/accounts", &typed).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.value("account_name").as_deref(), Some("Typed"));
    let radios = answer.attributes("input[type=radio][name=user_id]", "value");
    assert_eq!(radios.len(), 2, "both managers");
    assert!(!answer.has("#errors") && !answer.has(".field .error"));
    let pick = with(filled(&answer), &[("user_id", &radios[1]), ("account_type", "loan")]);
    let saved = send(&admin, "/tables/accounts", &pick).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    let owned = console.database.as_owner().await.query_one("SELECT user_id::text FROM accounts", &[]).await.expect("the account");
    assert_eq!(owned.get::<_, String>(0), radios[1]);

    let unchosen = with(filled(&answer), &[("account_number", "m"), ("account_type", "loan")]);
    let unchosen = send(&admin, "/tables/accounts", &unchosen).await;
    assert_eq!(unchosen.status, 422, "nothing chosen is nothing");
    let typed = with(
        filled(&page),
        &[("id", ""), ("account_name", "T"), ("account_number", "k"), ("account_type", "loan"), ("user_id.find", "viewer")],
    );
    let exact = send(&admin, "/tables/accounts", &typed).await;
    assert_eq!(exact.status, 303, "a name that is exact needs no Find: {}", exact.text());
    let nobody = with(filled(&page), &[("user_id.find", "zzz"), ("find", "user_id")]);
    let nobody = send(&admin, "/tables/accounts", &nobody).await;
    assert_eq!(nobody.status, 200);
    assert!(nobody.texts("#user_id-error").join("").contains("zzz"), "{}", nobody.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shown_once_is_shown_once() {
    let console = opened().await;
    let admin = console.signed_in("admin").await;
    let page = admin.get("/tables/users/new").await;
    let changes = [("username", "nina"), ("email", "nina@example.com"), ("full_name", "Nina Simone"), ("role", "viewer")];
    let form = with(filled(&page), &changes);
    let first = send(&admin, "/tables/users", &form).await;
    assert_eq!(first.status, 200, "{}", first.text());
    assert_eq!(first.headers.get("cache-control").expect("a header"), "no-store");
    let link = first.texts("#secret").join("");
    assert!(link.starts_with("http://") && link.contains("/password/"), "{link}");
    assert!(!first.headers.iter().any(|(_, value)| value.to_str().is_ok_and(|value| value.contains(&link[20..]))));
    let again = send(&admin, "/tables/users", &form).await;
    assert_eq!(again.status, 303, "{}", again.text());
    assert!(!again.body.contains("/password/"));
    assert_eq!(count(&console, "SELECT count(*) FROM one_time_links").await, 1);

    let user = console.signed_in("user").await;
    let page = user.get("/tables/api_keys/new").await;
    assert_eq!(page.status, 200, "{}", page.text());
    assert!(!page.has("[name='user_id']"), "whose it is goes without saying");
    let issued = send(&user, "/tables/api_keys", &with(filled(&page), &[("key_name", "nightly")])).await;
    assert_eq!(issued.status, 200, "{}", issued.text());
    let key = issued.texts("#secret").join("");
    assert!(key.starts_with("nxk_"), "{key}");
    let for_another =
        with(filled(&user.get("/tables/api_keys/new").await), &[("key_name", "x"), ("user_id", &id_of(&console, "admin").await)]);
    assert_eq!(send(&user, "/tables/api_keys", &for_another).await.status, 422);
    assert_eq!(count(&console, "SELECT count(*) FROM api_keys WHERE user_id = (SELECT id FROM users WHERE username = 'user')").await, 1);
}

const HOSTILE: [&str; 16] = [
    "",
    " ",
    "\0",
    "a\0b",
    "'; DROP TABLE users; --",
    "<script>alert(1)</script>",
    "{\"a\": \"\\u0000\"}",
    "[[[[[[[[[[",
    "1e400",
    "-0.00",
    "9999-99-99",
    "infinity",
    "\u{202e}\u{feff}é\u{1f600}",
    "00000000-0000-0000-0000-000000000000",
    "%s%n{{}}",
    "true",
];

/// Every creation form of the administrator, and every edit form of a record made before, each field in turn.
#[tokio::test(flavor = "multi_thread")]
async fn no_hostile_value_breaks_a_form() {
    let console = opened().await;
    let admin = console.signed_in("admin").await;
    let owner = id_of(&console, "user").await;
    account(&admin, "One", "1", "USD", &owner).await;
    let long = "y".repeat(70_000);
    let client = console.database.as_owner().await;
    let mut tried = 0;
    for table in nexus_console::tables::TABLES {
        let new = format!("/tables/{}/new", table.table);
        let list = format!("/tables/{}", table.table);
        let page = admin.get(&new).await;
        let mut forms = Vec::new();
        if page.status == 200 {
            forms.push((list.clone(), page));
        }
        let statement = format!("SELECT id::text FROM {} ORDER BY id LIMIT 1", table.table);
        if let Some(row) = client.query_opt(&statement, &[]).await.expect("a row or none") {
            let record = format!("{list}/{}", row.get::<_, String>(0));
            let page = admin.get(&format!("{record}/edit")).await;
            if page.status == 200 {
                forms.push((record, page));
            }
        }
        for (action, page) in forms {
            let form = filled(&page);
            let token = page.value("csrf_token").expect("a token");
            let names: Vec<String> = form.iter().map(|(name, _)| name.clone()).collect();
            for name in names {
                for value in HOSTILE.into_iter().chain([long.as_str()]) {
                    let mut pairs = with(form.clone(), &[(&name, value)]);
                    if name != "id" {
                        pairs.retain(|(name, _)| name != "id");
                    }
                    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                    let answer = admin.post_with(&action, &token, &pairs).await;
                    let shown = value.chars().take(30).collect::<String>();
                    assert!(
                        [200, 303, 400, 403, 409, 422].contains(&answer.status),
                        "{action} {name}={shown:?}: {} {}",
                        answer.status,
                        answer.text()
                    );
                    assert!(!answer.body.contains("<script>alert"), "{action} {name}");
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 500, "{tried} were tried");
}
