//! Does one search find every record that somebody may read, say which part of it matched, and find nothing else?

use super::{
    grid::ROLES,
    support::{Answer, Browser, Console, Scripts, Size, console, staffed_database, stock, stocked_database, window},
};

async fn opened() -> Console {
    console(stocked_database().await).await
}

async fn searching(rows: &str) -> Console {
    let database = staffed_database().await;
    database.as_owner().await.batch_execute(rows).await.expect("rows");
    console(database).await
}

async fn find(browser: &Browser, text: &str) -> Answer {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("q", text).finish();
    let answer = browser.get(&format!("/search?{query}")).await;
    assert_eq!(answer.status, 200, "{text}: {}", answer.text());
    answer
}

/// The records found, by table.
fn found(answer: &Answer, table: &str) -> Vec<String> {
    let hrefs = answer.attributes(".hits > li > .row:first-child > a", "href");
    let start = format!("/tables/{table}/");
    hrefs.iter().filter_map(|href| href.strip_prefix(&start)?.split('?').next().map(str::to_owned)).collect()
}

/// The tables found in, in the order of the page.
fn groups(answer: &Answer) -> Vec<String> {
    answer.attributes("section.found", "aria-labelledby").iter().map(|id| id.trim_start_matches("found-").to_owned()).collect()
}

/// What stands in every table under every name, so that one word finds all of it.
const NEEDLES: &str = "
    INSERT INTO users (id, username, email, full_name, password_hash, role) VALUES
        ('01900000-0000-7000-8000-00000000f001', 'one.needle', 'one@example.com', 'One', 'needle-canary', 'user'),
        ('01900000-0000-7000-8000-00000000f002', 'two', 'two@needle.example.com', 'Two', 'needle-canary', 'user'),
        ('01900000-0000-7000-8000-00000000f003', 'three', 'three@example.com', 'Three Needle', 'needle-canary', 'user');
    INSERT INTO accounts (id, user_id, account_name, account_number, account_type, currency) SELECT a.id::uuid, u.id, a.name, a.number, 'checking', 'EUR'
        FROM users u, (VALUES ('01900000-0000-7000-8000-00000000f011', 'Four needle', '4'), ('01900000-0000-7000-8000-00000000f012', 'Five', 'NEEDLE-5'))
        AS a (id, name, number) WHERE u.username = 'two';
    INSERT INTO transactions (id, account_id, transaction_type, amount, reference_number, description) SELECT t.id::uuid, a.id, 'deposit', 5, t.reference, t.description
        FROM accounts a, (VALUES ('01900000-0000-7000-8000-00000000f021', 'PAY-needle', 'Six'), ('01900000-0000-7000-8000-00000000f022', NULL, 'A needle'))
        AS t (id, reference, description) WHERE a.account_number = '4';
    INSERT INTO ssot_api_contracts (id, canonical_name, version, base_url, description, created_by, updated_by) VALUES
        ('01900000-0000-7000-8000-00000000f031', 'needle-api', 'v1', 'https://seven.example.com', NULL, 'x', 'x'),
        ('01900000-0000-7000-8000-00000000f032', 'eight', 'v1', 'https://needle.example.com', NULL, 'x', 'x'),
        ('01900000-0000-7000-8000-00000000f033', 'nine', 'v1', 'https://nine.example.com', 'Needles', 'x', 'x');
    INSERT INTO ssot_api_aliases (id, contract_id, alias_name, context, description, created_by, updated_by)
        SELECT a.id::uuid, c.id, a.name, 'frontend', a.description, 'x', 'x' FROM ssot_api_contracts c,
        (VALUES ('01900000-0000-7000-8000-00000000f041', 'needle', NULL), ('01900000-0000-7000-8000-00000000f042', 'ten', 'For needles'))
        AS a (id, name, description) WHERE c.canonical_name = 'nine';
    INSERT INTO api_keys (id, user_id, key_name, key_hash, permissions)
        SELECT '01900000-0000-7000-8000-00000000f051', id, 'Needle job', 'needle-canary', '[\"needle-canary\"]' FROM users WHERE username = 'manager';
    INSERT INTO notifications (user_id, title, message, notification_type)
        SELECT id, 'Needle', 'needle', 'info' FROM users WHERE username = 'admin';";

#[tokio::test(flavor = "multi_thread")]
async fn every_declared_field_is_found_and_named() {
    let console = searching(NEEDLES).await;
    let admin = console.signed_in("admin").await;
    let page = find(&admin, "needle").await;
    assert_eq!(groups(&page), ["accounts", "transactions", "ssot_api_contracts", "ssot_api_aliases", "users", "api_keys"]);
    for resource in nexus_console::tables::TABLES.iter().filter(|resource| resource.found_globally().next().is_some()) {
        let section = format!("section[aria-labelledby='found-{}']", resource.table);
        let labels = page.texts(&format!("{section} .parts dt"));
        for column in resource.found_globally() {
            assert!(labels.contains(&column.label.to_owned()), "{}.{}: {labels:?}", resource.table, column.name);
        }
        assert_eq!(found(&page, resource.table).len(), labels.len(), "{}: each is found once, by one field", resource.table);
        assert!(page.has(&format!("{section} h2")) && page.has(&format!("{section} header a[href='/tables/{}?q=needle']", resource.table)));
    }
    let marks = page.texts(".parts mark");
    assert!(marks.len() >= 13 && marks.iter().all(|mark| mark.eq_ignore_ascii_case("needle")), "{marks:?}");
    assert!(page.texts(".parts dd").contains(&"Three Needle".to_owned()));
    let link = page.attributes(".hits a[href^='/tables/accounts/']", "href").remove(0);
    assert!(link.ends_with("?return=%2Fsearch%3Fq%3Dneedle"), "{link}");
    assert_eq!(admin.get(&link).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_never_found_nor_shown() {
    let console = searching(NEEDLES).await;
    for role in ROLES {
        let browser = console.signed_in(role).await;
        let page = find(&browser, "needle-canary").await;
        assert!(groups(&page).is_empty(), "{role}: {:?}", groups(&page));
        assert!(!find(&browser, "needle").await.body.contains("canary"), "{role}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_finds_what_they_may_read_and_nothing_else() {
    let console = opened().await;
    for role in ROLES {
        let browser = console.signed_in(role).await;
        for (word, strangers) in [("stranger", true), ("mine", false)] {
            let page = find(&browser, word).await;
            for resource in nexus_console::tables::TABLES {
                let listed = browser.get(&format!("/tables/{}?q={word}&limit=200", resource.table)).await;
                let hits = found(&page, resource.table);
                if resource.found_globally().next().is_none() || listed.status == 403 {
                    assert!(hits.is_empty(), "{role} {word} {}", resource.table);
                    continue;
                }
                let rows = listed.rows();
                assert_eq!(hits.len(), rows.len().min(5), "{role} {word} {}", resource.table);
                assert!(hits.iter().all(|id| rows.contains(id)), "{role} {word} {}: only what the list has", resource.table);
                if strangers && role == "user" {
                    assert!(hits.is_empty(), "{}", resource.table);
                }
            }
        }
        let strangers_account = stock::of("accounts", "manager2");
        assert_eq!(found(&find(&browser, &strangers_account).await, "accounts").is_empty(), role == "user", "{role}, by its id");
    }
    let user = console.signed_in("user").await;
    let own = stock::of("accounts", "user");
    assert_eq!(found(&find(&user, &own).await, "accounts"), [own]);
    let nobody = console.signed_in("manager2").await;
    console.database.as_owner().await.execute("UPDATE users SET role = NULL WHERE username = 'manager2'", &[]).await.expect("no role");
    assert!(groups(&find(&nobody, "mine").await).is_empty(), "without a role there is nothing to find");
    assert_eq!(console.browser().get("/search?q=mine").await.status, 303, "nor without a session");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_few_are_shown_and_the_list_has_all_of_them() {
    let console = searching(
        "INSERT INTO accounts (user_id, account_name, account_number, account_type, currency)
             SELECT id, 'Harbour ' || i, 'H-' || i, 'checking', 'EUR' FROM users, generate_series(1, 7) i WHERE username = 'user';
         INSERT INTO users (username, email, full_name, password_hash, role) VALUES ('harbour', 'h@example.com', 'Harbour', '!', 'user');",
    )
    .await;
    let admin = console.signed_in("admin").await;
    let page = find(&admin, "harbour").await;
    assert_eq!((found(&page, "accounts").len(), found(&page, "users").len()), (5, 1));
    assert_eq!(page.texts("section.found h2 .count"), ["5+", "1"]);
    let all = page.attributes("section[aria-labelledby=found-accounts] header a", "href");
    assert_eq!(admin.get(&all[0]).await.rows().len(), 7, "{all:?}");
    assert!(page.text().contains("Nothing in transactions, API contracts, API aliases, API keys."), "{}", page.text());
    let none = find(&admin, "no such thing").await;
    assert!(none.texts(".empty h2")[0].contains("Nothing matches “ no such thing ”"), "{:?}", none.texts(".empty h2"));
}

const WORDS: &str = "
    INSERT INTO accounts (user_id, account_name, account_number, account_type, currency) SELECT u.id, a.name, a.number, 'checking', 'EUR'
        FROM users u, (VALUES ('Kestrel Freight Ltd', 'SET-100'), ('Kestrel Marine', 'OPS-1'), ('100% Wool_Works', 'W-1'), ('Zé', 'Z-1')) AS a (name, number)
        WHERE u.username = 'user';
    INSERT INTO transactions (account_id, transaction_type, amount, reference_number, description, transaction_date)
        SELECT a.id, 'deposit', 5, 'PAY-7' || CASE WHEN i = 0 THEN '' ELSE '-' || i END, 'x', now() - (20 - i) * interval '1 day'
        FROM accounts a, generate_series(0, 9) i WHERE account_number = 'W-1';
    INSERT INTO transactions (account_id, transaction_type, amount, reference_number, description)
        SELECT id, 'deposit', 5, 'LONG', repeat('straw ', 30000) || 'pin ' || repeat('straw ', 3000) FROM accounts WHERE account_number = 'W-1';";

#[tokio::test(flavor = "multi_thread")]
async fn words_are_found_as_people_type_them() {
    let console = searching(WORDS).await;
    let admin = console.signed_in("admin").await;
    for (typed, names) in [
        ("freight kestrel", vec!["Kestrel Freight Ltd"]),
        ("kestrel set-100", vec!["Kestrel Freight Ltd"]),
        ("  KESTREL   mar ", vec!["Kestrel Marine"]),
        ("100%", vec!["100% Wool_Works"]),
        ("wool_w", vec!["100% Wool_Works"]),
        ("wool w", vec!["100% Wool_Works"]),
        ("w_ol", vec![]),
        ("Zé", vec!["Zé"]),
        ("z", vec!["Zé"]),
        ("SET-100", vec!["Kestrel Freight Ltd"]),
        ("kestrel nothing", vec![]),
    ] {
        let page = find(&admin, typed).await;
        let shown = page.texts("section[aria-labelledby=found-accounts] .hits > li > .row:first-child > a");
        assert_eq!(shown, names, "{typed}");
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("q", typed).finish();
        assert_eq!(admin.get(&format!("/tables/accounts?{query}")).await.rows().len(), names.len(), "{typed}: the list finds the same");
    }
    let exact = find(&admin, "PAY-7").await;
    let references = exact.texts("section[aria-labelledby=found-transactions] .hits > li > .row:first-child > a");
    assert_eq!(references, ["PAY-7", "PAY-7-9", "PAY-7-8", "PAY-7-7", "PAY-7-6"], "what is exactly it, then the newest");
    let long = find(&admin, "pin").await;
    let part = long.texts("section[aria-labelledby=found-transactions] .parts dd").concat();
    assert!(part.starts_with('…') && part.ends_with('…') && part.contains("pin") && part.len() < 300, "{part}");
    assert!(long.body.len() < 60_000, "of a long text only what is around the word");
}

#[tokio::test(flavor = "multi_thread")]
async fn mark_up_of_anybodys_stays_text() {
    let console = searching(
        "INSERT INTO accounts (user_id, account_name, account_number, account_type, currency)
             SELECT id, '<script>alert(1)</script><mark>x</mark>', '\"><img src=x>', 'checking', 'EUR' FROM users WHERE username = 'user';",
    )
    .await;
    let admin = console.signed_in("admin").await;
    for typed in ["<script>alert(1)</script>", "alert", "\"><img", "</bdi>"] {
        let page = find(&admin, typed).await;
        assert!(!page.has("main script") && !page.has("main img"), "{typed}");
        assert_eq!(page.attributes("main input[type=search]", "value"), [typed]);
    }
    let page = find(&admin, "<script>alert").await;
    assert_eq!(page.texts(".parts mark"), ["<script>alert"]);
    assert_eq!(page.texts(".parts dd"), ["<script>alert (1)</script><mark>x</mark>"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_is_not_exactly_right_is_said_on_the_page() {
    let console = opened().await;
    let admin = console.signed_in("admin").await;
    let long = format!("q={}", "x".repeat(201));
    for (query, parameter) in
        [("q=a%00b", "q"), ("q=%ff", "q"), (long.as_str(), "q"), ("q=one&q=two", "q"), ("q=one&sort=name", "sort"), ("page=2", "page")]
    {
        let page = admin.get(&format!("/search?{query}")).await;
        assert_eq!(page.status, 400, "{query}");
        assert!(page.texts("#errors").concat().contains(&format!("“{parameter}”")), "{query}: {:?}", page.texts("#errors"));
        assert!(page.texts("title")[0].starts_with("Error: ") && page.has("main input[type=search]"), "{query}");
    }
    assert_eq!(admin.get(&format!("/search?q={}", "x".repeat(200))).await.status, 200);
    for query in ["", "?q=", "?q=+++", "?q=&sort="] {
        let page = admin.get(&format!("/search{query}")).await;
        assert_eq!((page.status, page.texts("h1")), (200, vec!["Search".to_owned()]), "{query}");
        assert!(page.texts("main dl").concat().contains("User name, Full name, Email"), "it says what can be found");
    }
    let viewer = console.signed_in("viewer").await.get("/search").await;
    assert!(!viewer.has("main a[href='/tables/users']") && viewer.has("main a[href='/tables/accounts']"), "of what one may read");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_takes_too_long_leaves_the_others_their_answers() {
    let console = searching(NEEDLES).await;
    let auditor = console.signed_in("auditor").await;
    let superuser = console.database.as_superuser().await;
    superuser.batch_execute("BEGIN; LOCK TABLE transactions IN ACCESS EXCLUSIVE MODE").await.expect("a lock");
    let page = find(&auditor, "needle").await;
    assert!(groups(&page).contains(&"transactions".to_owned()), "{:?}", groups(&page));
    assert!(page.texts("section[aria-labelledby=found-transactions]").concat().contains("Too many to look through"));
    assert!(page.has("section[aria-labelledby=found-transactions] header a[href='/tables/transactions?q=needle']"));
    assert_eq!((found(&page, "accounts").len(), found(&page, "users").len()), (2, 3));
    superuser.batch_execute("ROLLBACK").await.expect("no lock");
    assert_eq!(found(&find(&auditor, "needle").await, "transactions").len(), 2, "and the next time it answers");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_in_the_frame_of_every_page() {
    let console = opened().await;
    for role in ROLES {
        let browser = console.signed_in(role).await;
        for path in ["/", "/account", "/tables/transactions", "/nowhere"] {
            let page = browser.get(path).await;
            assert!(page.has("header.bar form[action='/search'] input[name=q]"), "{role} {path}");
            assert!(page.has("header.bar a.phone[href='/search']"), "{role} {path}: on a phone a link");
        }
    }
    assert!(!console.browser().get("/login").await.has("form[action='/search']"));
}

async fn by_keyboard(scripts: Scripts) {
    let console = searching(NEEDLES).await;
    let window = window(&console.address, scripts, Size::Desktop).await;
    window.sign_in("admin").await;
    match scripts {
        Scripts::On => window.keys("/").await,
        Scripts::Off => window.find(".bar input[name=q]").await.click().await.expect("it takes the focus"),
    }
    window.keys("needle\u{E007}").await;
    window.find("section.found mark").await;
    assert_eq!(window.path().await, "/search");
    window.press("section[aria-labelledby=found-users] .hits a").await;
    assert!(window.path().await.starts_with("/tables/users/"));
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slash_and_a_word_lead_there() {
    by_keyboard(Scripts::On).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_works_without_scripts() {
    by_keyboard(Scripts::Off).await;
}
