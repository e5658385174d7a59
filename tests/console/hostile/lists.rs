//! Does any address, cursor or cookie break a page?

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::future::join_all;
use nexus_console::resource::{Kind, Resource};

use super::super::support::{Answer, Browser, console, stock, stocked_database};

/// As they stand in an address, escapes and all.
const HOSTILE: [&str; 30] = [
    "%00",
    "a%00b",
    "%ff",
    "%ED%A0%80",
    "%",
    "%zz",
    "'",
    "%27%3B+DROP+TABLE+users%3B--",
    "%3Cscript%3Ealert(1)%3C%2Fscript%3E",
    "%25%5F%5C",
    "%E2%80%AE%F0%9F%98%80",
    "-1",
    "0",
    "99999999999999999999999999999",
    "1e999",
    "0.001",
    "NaN",
    "infinity",
    "9999999-01-01",
    "2026-02-30",
    "2026-11-24",
    "294276-12-31",
    "-4713-01-01",
    "00000000-0000-0000-0000-000000000000",
    "192.0.2.0%2F99",
    "true",
    "yes",
    "a,b,,c",
    "..%2F..%2Fetc%2Fpasswd",
    "%F0%9F%98%80%F0%9F%98%80",
];

fn parameters(resource: &Resource) -> Vec<String> {
    let mut names: Vec<String> = [
        "q",
        "sort",
        "limit",
        "after",
        "before",
        "columns",
        "tz",
        "unknown",
        "id",
        "",
        "status%00",
        "%ff",
        "user_id.is_active",
        "password_hash",
    ]
    .map(str::to_owned)
    .to_vec();
    for column in resource.columns.iter().filter(|column| column.filterable) {
        let parts: &[&str] = match column.kind {
            Kind::Money(_) => &[".min", ".max", ".empty"],
            Kind::Timestamp => &[".from", ".to", ".empty"],
            Kind::Reference(_) => &["", ".find", ".empty"],
            Kind::Text(_) | Kind::LongText | Kind::Bool | Kind::Uuid | Kind::Inet | Kind::Choice(_) => &["", ".empty", ".min"],
            Kind::Json | Kind::Secret | Kind::SecretWhen(_) => &[""],
        };
        names.extend(parts.iter().map(|part| [column.name, part].concat()));
    }
    names
}

/// A page that says what is wrong with the address, or the list itself.
fn judge(path: &str, answer: &Answer, allowed: &[u16], wrong: &mut Vec<String>) {
    if !allowed.contains(&answer.status) {
        wrong.push(format!("{path}: {}", answer.status));
    }
    if answer.body.contains("<script>alert") {
        wrong.push(format!("{path}: is not escaped"));
    }
    let is_page = answer.headers.get("content-type").and_then(|kind| kind.to_str().ok()).is_some_and(|kind| kind.starts_with("text/html"));
    if is_page && answer.status >= 400 && !answer.has("h1") {
        wrong.push(format!("{path}: {} without a page", answer.status));
    }
}

async fn lists(browser: &Browser, resource: &'static Resource) -> (usize, Vec<String>) {
    let mut wrong = Vec::new();
    let mut tried = 0;
    for (place, name) in parameters(resource).into_iter().enumerate() {
        // Every value meets every kind of column on some table; all with all would take minutes.
        for (index, value) in HOSTILE.iter().enumerate().filter(|(index, _)| (index + place + resource.table.len()).is_multiple_of(3)) {
            let path = format!("/tables/{}?{name}={value}", resource.table);
            judge(&path, &browser.get(&path).await, &[200, 303, 400], &mut wrong);
            if index.is_multiple_of(9) {
                let path = format!("/tables/{}/export.csv?{name}={value}", resource.table);
                judge(&path, &browser.get(&path).await, &[200, 400, 403, 503], &mut wrong);
            }
            tried += 1;
        }
    }
    (tried, wrong)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_parameter_of_a_list_or_an_export_breaks_it() {
    let console = console(stocked_database().await).await;
    let admin = console.signed_in("admin").await;
    let tried = join_all(nexus_console::tables::TABLES.iter().map(|resource| lists(&admin, resource))).await;
    let count: usize = tried.iter().map(|(tried, _)| tried).sum();
    let wrong: Vec<String> = tried.into_iter().flat_map(|(_, wrong)| wrong).collect();
    assert!(wrong.is_empty(), "{} of {count}\n{}", wrong.len(), wrong.join("\n"));
    assert!(count > 2_500, "{count} were tried");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_address_of_a_page_breaks_it() {
    let console = console(stocked_database().await).await;
    let admin = console.signed_in("admin").await;
    let record = format!("/tables/accounts/{}", stock::of("accounts", "user"));
    let mut wrong = Vec::new();
    for value in HOSTILE {
        for path in [
            format!("/?{value}"),
            format!("/account?x={value}"),
            format!("/tables/{value}"),
            format!("/tables/accounts/{value}"),
            format!("/tables/accounts/{value}/edit"),
            format!("/tables/accounts/{value}/history"),
            format!("/tables/accounts/{value}/delete"),
            format!("{record}/{value}"),
            format!("{record}?return={value}"),
            format!("{record}?{value}={value}"),
            format!("{record}/edit?from={value}"),
            format!("{record}/edit?from=audit_logs:{value}"),
            format!("{record}/edit?return=%2F{value}"),
            format!("{record}/history?before={value}"),
            format!("{record}/history?after={value}"),
            format!("{record}/history?before={value}.00000000000000000000000000000000"),
            format!("{record}/delete?return={value}"),
            format!("/tables/accounts/new?copy={value}"),
            format!("/tables/accounts/new?account_name={value}"),
            format!("/tables/accounts/new?user_id={value}"),
            format!("/tables/transactions/new?account_id={value}&amount={value}"),
            format!("/tables/accounts/candidates?column={value}"),
            format!("/tables/accounts/candidates?column=user_id&q={value}"),
            format!("/static/{value}"),
            format!("/password/{value}"),
            format!("/login?next={value}"),
            format!("/health/{value}"),
        ] {
            judge(&path, &admin.get(&path).await, &[200, 303, 400, 403, 404, 409, 410], &mut wrong);
        }
    }
    let long = "x".repeat(6_000);
    for path in [format!("/tables/accounts?q={long}"), format!("/tables/{long}"), format!("/tables/accounts?account_name={long}")] {
        judge(&path[..40], &admin.get(&path).await, &[200, 400, 404, 414], &mut wrong);
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}

/// A cursor of the list's own making, with one thing changed.
fn forged(cursor: &str, change: impl FnOnce(&mut serde_json::Value)) -> String {
    let mut carried: serde_json::Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(cursor).expect("base64url")).expect("a cursor holds JSON");
    change(&mut carried);
    URL_SAFE_NO_PAD.encode(carried.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_cursor_breaks_a_list() {
    let console = console(stocked_database().await).await;
    let admin = console.signed_in("admin").await;
    let mut wrong = Vec::new();
    for resource in nexus_console::tables::TABLES {
        let orders = resource.columns.iter().filter(|column| column.sortable).map(|column| column.name);
        for order in orders.chain(["id"]) {
            let list = format!("/tables/{}?sort=-{order}&limit=1", resource.table);
            let next = admin.get(&list).await.attributes("a[rel=next]", "href").join("");
            let Some(cursor) = next.split('&').find_map(|pair| pair.strip_prefix("after=")).map(str::to_owned) else { continue };
            let mut cursors = vec![
                cursor[..cursor.len() / 2].to_owned(),
                format!("{cursor}AAAA"),
                format!("{cursor}%3D"),
                cursor.to_uppercase(),
                URL_SAFE_NO_PAD.encode("null"),
                URL_SAFE_NO_PAD.encode("[".repeat(3_000)),
                URL_SAFE_NO_PAD.encode([0xff, 0xfe]),
                forged(&cursor, |carried| carried["v"] = 2.into()),
                forged(&cursor, |carried| carried["order"] = "created_at".into()),
                forged(&cursor, |carried| carried["more"] = 1.into()),
                forged(&cursor, |carried| carried["values"] = serde_json::json!([])),
                forged(&cursor, |carried| carried["values"] = serde_json::json!([null])),
                forged(&cursor, |carried| carried["values"] = serde_json::json!([null, null])),
                forged(&cursor, |carried| carried["values"][0] = serde_json::json!({"a": 1})),
            ];
            for key in [
                "",
                "a\0b",
                "NaN",
                "Infinity",
                "1e308",
                "-0.5",
                "9999999999999999999999999999",
                "99999999999999999999999999999999999",
                "9223372036854775807",
                "-9223372036854775808",
                "9223372036854775802",
                "-9223372036854775802",
                "true",
                "\u{1f600}",
                "00000000-0000-0000-0000-000000000000",
            ] {
                cursors.push(forged(&cursor, |carried| carried["values"][0] = key.into()));
            }
            for forged in cursors {
                for side in ["after", "before"] {
                    let path = format!("{list}&{side}={forged}");
                    judge(&path, &admin.get(&path).await, &[200, 400], &mut wrong);
                }
            }
            let both = format!("{list}&after={cursor}&before={cursor}");
            judge(&both, &admin.get(&both).await, &[400], &mut wrong);
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_cookie_breaks_a_page_or_lets_anybody_in() {
    let console = console(stocked_database().await).await;
    let admin = console.signed_in("admin").await;
    let (name, value) = admin.cookies().into_iter().max_by_key(|(_, value)| value.len()).expect("the session's cookie");
    let names: Vec<String> = admin.cookies().into_keys().chain([name.clone(), "flash".to_owned(), "__Host-flash".to_owned()]).collect();
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let mut forgeries = vec![
        String::new(),
        "x".to_owned(),
        value[..value.len() / 2].to_owned(),
        format!("{value}x"),
        value.chars().rev().collect(),
        value.to_lowercase(),
        "%00%ff".to_owned(),
        "{}".to_owned(),
        "A".repeat(4_000),
        "\"quoted; text\"".to_owned(),
        "=====".to_owned(),
    ];
    forgeries.push(value.replacen(|letter: char| letter.is_ascii_alphanumeric(), "~", 1));
    for name in names {
        for forgery in &forgeries {
            for path in ["/", "/login", "/tables/accounts"] {
                let answer = client
                    .get(format!("{}{path}", console.address))
                    .header("cookie", format!("{name}={forgery}"))
                    .send()
                    .await
                    .expect("an answer");
                let status = answer.status().as_u16();
                let expected: &[u16] = if path == "/login" { &[200, 400] } else { &[303, 400] };
                assert!(expected.contains(&status), "{path} with {name}={forgery}: {status}");
            }
        }
    }
    let bytes = reqwest::header::HeaderValue::from_bytes(b"a=\xff\xfe; b=\xed\xa0\x80").expect("a header");
    let answer = client.get(format!("{}/", console.address)).header("cookie", bytes).send().await.expect("an answer");
    assert!([303, 400].contains(&answer.status().as_u16()), "{}", answer.status());
    assert_eq!(admin.get("/").await.status, 200, "the true one still works");
}
