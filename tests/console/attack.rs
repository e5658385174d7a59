//! Does the console stand up to somebody who knows it and wants more than they may?

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

use crate::{
    exports::workbook::cells,
    support::{Browser, Console, console, staffed_database},
};

const NOBODY: &str = "01935e0a-7c41-7b1e-9f02-4d8a6611c3e7";

async fn standing(rows: &str) -> Console {
    let database = staffed_database().await;
    database.as_owner().await.batch_execute(rows).await.expect("rows");
    console(database).await
}

async fn id(console: &Console, sql: &str) -> String {
    let client = console.database.as_owner().await;
    client.query_one(sql, &[]).await.expect(sql).get::<_, Uuid>(0).to_string()
}

fn cursor(order: &str, key: &str) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::json!({ "v": 1, "order": order, "values": [key, NOBODY] }).to_string())
}

async fn version(browser: &Browser, record: &str) -> String {
    browser.get(&format!("{record}/edit")).await.value("version").expect("an edit form has a version")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_no_list_ever_gave_is_a_bad_request_and_one_behind_a_nan_is_a_place() {
    let console = standing(
        "INSERT INTO accounts (user_id, account_name, account_number, account_type)
             SELECT id, 'Operating', 'A-1', 'checking' FROM users WHERE username = 'user';
         INSERT INTO transactions (account_id, transaction_type, amount)
             SELECT a.id, 'deposit', CASE WHEN i < 4 THEN numeric 'NaN' ELSE i END FROM accounts a, generate_series(1, 7) i",
    )
    .await;
    let browser = console.signed_in("auditor").await;
    for micros in [i64::MAX - 1, i64::MIN + 1, 9_223_371_331_200_000_000, -211_813_488_000_000_001] {
        let place = cursor("-created_at", &micros.to_string());
        for direction in ["after", "before"] {
            let answer = browser.get(&format!("/tables/transactions?sort=-created_at&{direction}={place}")).await;
            assert_eq!(answer.status, 400, "{micros} {direction}");
        }
        let user = id(&console, "SELECT id FROM users WHERE username = 'user'").await;
        let history = browser.get(&format!("/tables/users/{user}/history?after={micros}.{}", Uuid::max().as_simple())).await;
        assert_eq!(history.status, 400, "history after {micros}");
    }
    for sort in ["amount", "-amount"] {
        let (mut next, mut met) = (Some(format!("/tables/transactions?limit=2&sort={sort}")), 0);
        while let Some(path) = next {
            let page = browser.get(&path).await;
            assert_eq!(page.status, 200, "{path}");
            met += page.rows().len();
            next = page.attributes("a[rel=next]", "href").pop();
        }
        assert_eq!(met, 7, "{sort}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_cannot_make_a_small_form_into_a_huge_page() {
    let console = standing("").await;
    let answer = console.browser().post_raw("/tables/accounts", "a&".repeat(400_000).into_bytes()).await;
    assert_eq!(answer.status, 400);
    assert!(answer.body.len() < 100_000, "{} bytes", answer.body.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_link_leads_to_this_console_whatever_headers_say() {
    let console = standing("").await;
    let browser = console.signed_in("admin").await;
    let user = id(&console, "SELECT id FROM users WHERE username = 'user'").await;
    let headers = [("x-forwarded-host", "evil.example"), ("forwarded", "host=evil.example;proto=https")];
    let answer = browser.post_saying(&format!("/tables/users/{user}/password-link"), &headers, &[]).await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains(&format!("{}/password/", console.address)), "{}", answer.text());
    assert!(!answer.body.contains("evil.example"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_amount_fits_the_currency_of_the_account_it_is_moved_to() {
    let console = standing(
        "INSERT INTO accounts (user_id, account_name, account_number, account_type, currency)
             SELECT u.id, c, c, 'checking', c FROM users u, unnest(ARRAY['USD', 'JPY']) c WHERE u.username = 'user'",
    )
    .await;
    let browser = console.signed_in("admin").await;
    let account = async |currency: &str| id(&console, &format!("SELECT id FROM accounts WHERE currency = '{currency}'")).await;
    let (dollars, yen) = (account("USD").await, account("JPY").await);
    let fields = [("account_id", dollars.as_str()), ("transaction_type", "deposit"), ("amount", "10.55")];
    let record = browser.post("/tables/transactions", &fields).await.location.expect("it is made");
    let version = version(&browser, &record).await;
    let moved = browser.post(&record, &[("version", &version), ("account_id", &yen)]).await;
    assert_eq!(moved.status, 422);
    assert!(moved.has("#amount-error"), "{}", moved.text());
    let whole = browser.post(&record, &[("version", &version), ("account_id", &yen), ("amount", "10")]).await;
    assert_eq!(whole.status, 303, "{}", whole.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_to_be_encrypted_is_not_carried_by_pages_that_keep_what_was_typed() {
    let console = standing("").await;
    let fields = b"setting_key=a.b&setting_value=%22CANARY%22&is_encrypted=false&is_encrypted=true&csrf_token=x";
    let login = console.browser().post_raw("/tables/system_settings", fields.to_vec()).await;
    assert_eq!(login.status, 422);
    assert!(login.body.contains("a.b") && !login.body.contains("CANARY"));
    let stale = console.signed_in("admin").await.post_raw("/tables/system_settings", fields.to_vec()).await;
    assert_eq!(stale.status, 403);
    assert!(stale.body.contains("a.b") && !stale.body.contains("CANARY"));
    let open = b"setting_key=a.b&setting_value=%22CANARY%22&is_encrypted=false&csrf_token=x";
    assert!(console.browser().post_raw("/tables/system_settings", open.to_vec()).await.body.contains("CANARY"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delete_page_counts_only_what_its_reader_may_read_whole() {
    let console = standing("").await;
    let path = format!("/tables/users/{}/delete", id(&console, "SELECT id FROM users WHERE username = 'admin'").await);
    let _session = console.signed_in("admin").await;
    let told =
        |text: String| ["Sessions", "API keys", "Audit log", "Notifications"].iter().any(|table| text.contains(&format!("{table} (")));
    let manager = console.signed_in("manager").await.get(&path).await;
    assert_eq!(manager.status, 200);
    assert!(!told(manager.text()), "{}", manager.text());
    assert!(told(console.signed_in("admin").await.get(&path).await.text()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_readable_before_it_was_encrypted_is_readable_no_more() {
    let console = standing("").await;
    let admin = console.signed_in("admin").await;
    let value = [("setting_key", "relay.token"), ("setting_value", "\"CANARY\""), ("setting_type", "string"), ("is_active", "true")];
    let made = admin.post("/tables/system_settings", &[&value[..], &[("is_encrypted", "false")]].concat()).await;
    let record = made.location.expect("it is made");
    let open = admin.get(&format!("{record}/history")).await;
    assert!(open.body.contains("CANARY"), "an open value has a history");
    let version = version(&admin, &record).await;
    let sealed = admin.post(&record, &[("version", &version), ("is_encrypted", "true")]).await;
    assert_eq!(sealed.status, 303, "{}", sealed.text());

    let setting = record.rsplit('/').next().expect("an id").to_owned();
    let entry = id(&console, &format!("SELECT id FROM audit_logs WHERE entity_id = '{setting}' AND action = 'INSERT'")).await;
    for path in [
        record.clone(),
        format!("{record}/history"),
        format!("{record}/edit?from=audit_logs:{entry}"),
        format!("/tables/audit_logs?entity_id={setting}&columns=old_values,new_values"),
        format!("/tables/audit_logs/{entry}"),
        format!("/tables/audit_logs/export.jsonl?entity_id={setting}"),
        format!("/tables/audit_logs/export.csv?entity_id={setting}"),
    ] {
        let page = admin.get(&path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(!page.body.contains("CANARY"), "{path}");
    }
    let book = admin.get(&format!("/tables/audit_logs/export.xlsx?entity_id={setting}")).await;
    assert!(!format!("{:?}", cells(&book, "audit_logs")).contains("CANARY"), "the workbook");
    let gone = admin.post(&format!("{record}/delete"), &[("version", &self::version(&admin, &record).await)]).await;
    assert_eq!(gone.status, 303, "{}", gone.text());
    for path in [format!("{record}/history"), format!("/tables/audit_logs/{entry}")] {
        assert!(!admin.get(&path).await.body.contains("CANARY"), "{path} of a deleted setting");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_takes_another_spelling_of_somebodys_address() {
    let console = standing("").await;
    let browser = console.signed_in("user").await;
    let taken = browser.post("/account/profile", &[("full_name", "Yusuf Demir"), ("email", "ADMIN@example.com")]).await;
    assert_eq!(taken.status, 422);
    assert!(taken.has("#email-error"));
    let broken = browser.post("/account/profile", &[("full_name", "Yusuf\nDemir"), ("email", "user@example.com")]).await;
    assert_eq!(broken.status, 422);
    assert!(broken.has("#full_name-error"));
}
