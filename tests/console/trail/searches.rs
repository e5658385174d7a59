//! What does the page of the trail show, to whom, and what does it say of a search that cannot be read?

use crate::{
    crawl::{CANARY, faults, fill_odd_rows},
    support::{Answer, console, stocked_database},
};

/// What stands in the box; the search over everything has another one of its name.
fn in_the_box(page: &Answer) -> String {
    page.attributes("#q", "value").pop().expect("a box")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trail_is_for_auditors_and_administrators_and_shows_no_secret() {
    let database = stocked_database().await;
    fill_odd_rows(&database.as_owner().await).await;
    let console = console(database).await;
    for (role, status) in [("admin", 200), ("auditor", 200), ("manager", 403), ("user", 403), ("viewer", 403)] {
        let browser = console.signed_in(role).await;
        for path in ["/audit", "/audit?q=*", "/audit/export.csv?q=*", "/audit/export.jsonl?q=*"] {
            let answer = browser.get(path).await;
            assert_eq!(answer.status, status, "{role} {path}: {:.300}", answer.text());
            assert_eq!(faults(&answer), Vec::<String>::new(), "{role} {path}");
        }
        let home = browser.get("/").await;
        assert_eq!(home.attributes("nav a", "href").contains(&"/audit".to_owned()), status == 200, "{role}");
    }

    let browser = console.signed_in("auditor").await;
    // Nothing asked: the last days without reads, and each of the two can be taken away, until nothing is left.
    let page = browser.get("/audit").await;
    let asked = in_the_box(&page);
    assert!(asked.starts_with("from:20") && asked.ends_with(" -action:log_read"), "{asked}");
    let removing = page.attributes(".chip a", "href");
    assert_eq!(removing.len(), 2, "{removing:?}");
    let without_from = browser.get(&removing[0]).await;
    assert_eq!(in_the_box(&without_from), "-action:log_read");
    let everything = browser.get(&without_from.attributes(".chip a", "href")[0]).await;
    assert_eq!((in_the_box(&everything).as_str(), everything.has(".chip a")), ("*", false));

    // All of it, page after page: as many as both logs hold, none of them twice, none with a secret.
    let (mut rows, mut next) = (0, Some("/audit?q=*".to_owned()));
    let count = "SELECT (SELECT count(*) FROM audit_logs) + (SELECT count(*) FROM ssot_audit_logs)";
    let expected: i64 = console.database.as_owner().await.query_one(count, &[]).await.expect("a count").get(0);
    while let Some(path) = next {
        let page = browser.get(&path).await;
        assert_eq!((page.status, faults(&page)), (200, Vec::new()), "{path}");
        rows += page.rows().len();
        next = page.attributes("a[rel=next]", "href").pop();
    }
    assert_eq!(i64::try_from(rows).expect("few"), expected);

    // A search for the secret itself tells nothing, letter by letter or whole.
    for secret in [CANARY, "canary", "7f3a"] {
        let page = browser
            .get(&format!("/audit?q=table:users,api_keys,user_sessions,one_time_links,session_state,system_settings+{secret}"))
            .await;
        assert_eq!((page.status, page.rows().len()), (200, 0), "{secret}");
    }

    // Each day of the picture leads to its entries; what is found by a click is what the day says.
    let days = page.attributes(".chart tbody a", "href");
    assert_eq!(days.len(), 30);
    let today = browser.get(days.last().expect("today")).await;
    assert!(today.status == 200 && !today.rows().is_empty(), "{}", today.text());
    assert!(today.texts(".trail .day")[0].starts_with("Today, "), "{:?}", today.texts(".trail .day"));
}

#[tokio::test(flavor = "multi_thread")]
async fn years_before_the_first_are_years_like_any_other() {
    let console = console(stocked_database().await).await;
    let browser = console.signed_in("auditor").await;
    let none = browser.get("/audit?q=to:0001-01-01").await;
    assert_eq!((none.status, none.rows().len()), (200, 0), "{}", none.text());
    let ides = "INSERT INTO audit_logs (entity_type, entity_id, action, created_at) \
        SELECT 'accounts', id, 'UPDATE', '0044-03-15 12:00:00.25+00 BC' FROM accounts LIMIT 1";
    console.database.as_owner().await.execute(ides, &[]).await.expect("an entry");
    let one = browser.get("/audit?q=to:0001-01-01").await;
    assert_eq!((one.status, one.rows().len()), (200, 1), "{}", one.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_said_at_the_box_with_its_place() {
    let console = console(stocked_database().await).await;
    let browser = console.signed_in("auditor").await;
    for (asked, marked, words) in [
        ("table:users colour:red", "colour:", "Character 13: There is no qualifier “colour”"),
        ("actor:\"Ann", "\"Ann", "Character 7: This quote is never closed"),
        ("from:2026-11-02 to:2026-11-01", "to:2026-11-01", "ends before it begins"),
        ("record:<b>", "<b>", "This is no id"),
        ("ip:1.2.3", "1.2.3", "This is no address"),
        ("salary", "salary", "Say where to look"),
        ("table:users review:done", "done", "Character 20: A review is open, reviewed, question or finding"),
    ] {
        let path = form_urlencoded::Serializer::new("/audit?".to_owned()).append_pair("q", asked).finish();
        let page = browser.get(&path).await;
        assert_eq!(page.status, 400, "{asked}");
        assert_eq!(in_the_box(&page), asked, "what was typed stays");
        assert_eq!(page.texts("#q-error mark"), [marked], "{asked}");
        assert!(page.texts("#q-error").concat().contains(words), "{asked}: {:?}", page.texts("#q-error"));
        assert!(page.attributes("#q", "aria-describedby")[0].contains("q-error"));
        assert!(page.texts("title")[0].starts_with("Error: "), "{:?}", page.texts("title"));
        assert!(page.rows().is_empty() && faults(&page).is_empty(), "{:?}", faults(&page));
        assert_eq!(browser.get(&path.replace("/audit?", "/audit/export.csv?")).await.status, 400);
    }
    let help = browser.get("/audit").await.texts(".qualifiers dt");
    assert_eq!(help.last().map(String::as_str), Some("review:"), "{help:?}");
    for path in
        ["/audit?colour=red", "/audit?after=nowhere", "/audit?q=a:&q=b", "/audit?limit=5", "/audit?q=%zz", "/audit/export.csv?after=x"]
    {
        assert_eq!(browser.get(path).await.status, 400, "{path}");
    }
    assert_eq!(browser.get("/audit/export.xlsx").await.status, 404);
    assert!(browser.get("/audit?q=actor:nobody.at.all").await.text().contains("No user is called “ nobody.at.all ”"));
}
