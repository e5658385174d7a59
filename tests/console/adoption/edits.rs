//! Can every old row be edited where its table may be, and is nothing changed in it that nobody typed?

use super::{Console, KINDS, ODDITIES, odd_id, one, opened};
use crate::{
    forms::{filled, send, with},
    grid::allows,
    support::{Answer, Browser, Scripts, Size, window},
};

/// A field of each table that anybody may type, and what is typed.
fn retyped(table: &str) -> Option<(&'static str, &'static str)> {
    match table {
        "users" => Some(("full_name", "Typed today")),
        "accounts" => Some(("account_name", "Typed today")),
        "transactions" => Some(("reference_number", "TYPED-1")),
        "system_settings" => Some(("description", "Typed today")),
        "ssot_api_contracts" => Some(("description", "Typed today")),
        "ssot_api_aliases" => Some(("description", "Typed today")),
        "ssot_governance_rules" => Some(("rule_type", "typed")),
        "api_keys" => Some(("key_name", "Typed today")),
        _ => None,
    }
}

/// All of a row but one column and what says who touched it last.
async fn rest_of(console: &Console, table: &str, id: &str, column: &str) -> String {
    one(console, &format!("SELECT (to_jsonb(t) - '{column}' - 'updated_at' - 'updated_by')::text FROM {table} t WHERE id = '{id}'")).await
}

async fn whole(console: &Console, table: &str, id: &str) -> String {
    one(console, &format!("SELECT xmin::text || t::text FROM {table} t WHERE id = '{id}'")).await
}

async fn edit_form(browser: &Browser, path: &str) -> Option<Answer> {
    let page = browser.get(&format!("{path}/edit")).await;
    match page.status {
        200 => Some(page),
        // What is over is not edited, and says so.
        409 => None,
        status => panic!("{path}: {status} {}", page.text()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_typed_stays_to_the_byte() {
    let console = opened().await;
    let admin = console.signed_in("admin").await;
    let mut wrong = Vec::new();
    let mut edited = 0;
    for (kind, table) in KINDS.into_iter().filter(|(_, table)| allows(table, "edit", "admin")) {
        let (column, typed) = retyped(table).unwrap_or_else(|| panic!("{table} has a form"));
        for oddity in 1..=ODDITIES {
            let id = odd_id(kind, oddity);
            let path = format!("/tables/{table}/{id}");
            let before = whole(&console, table, &id).await;
            let Some(form) = edit_form(&admin, &path).await else { continue };
            // Saved as it is, as a browser sends it.
            let answer = send(&admin, &path, &filled(&form)).await;
            if answer.status != 303 || whole(&console, table, &id).await != before {
                wrong.push(format!("{path}, untouched: {} {}", answer.status, answer.texts("#errors").join(" ")));
                continue;
            }
            let rest = rest_of(&console, table, &id, column).await;
            let answer = send(&admin, &path, &with(filled(&form), &[(column, typed)])).await;
            let now = one(&console, &format!("SELECT {column}::text FROM {table} WHERE id = '{id}'")).await;
            if answer.status != 303 || now != typed || rest_of(&console, table, &id, column).await != rest {
                wrong.push(format!("{path}, {column}: {} {now:?} {}", answer.status, answer.texts("#errors").join(" ")));
            }
            edited += 1;
        }
    }
    assert!(wrong.is_empty(), "{} of {edited}\n{}", wrong.len(), wrong.join("\n"));
    assert!(edited > 100, "{edited}");
}

/// What the database has and a form could not give back is refused where somebody types over it.
#[tokio::test(flavor = "multi_thread")]
async fn what_no_form_can_keep_is_refused_at_its_field() {
    let console = opened().await;
    let admin = console.signed_in("admin").await;
    let deep = format!("{}{}", "[".repeat(300), "]".repeat(300));
    for (kind, table, oddity, column, typed) in [
        (1, "users", 2, "email", "no address"),
        (1, "users", 7, "username", "line\nbreak\nmore"),
        (2, "accounts", 2, "currency", "euro"),
        (4, "system_settings", 12, "is_active", "perhaps"),
        (6, "ssot_api_aliases", 4, "expires_at", "294277-01-01"),
        (6, "ssot_api_aliases", 4, "alias_name", "<b>"),
        (7, "ssot_governance_rules", 8, "rule_config", "{\"n\": 1e200000}"),
        (7, "ssot_governance_rules", 9, "rule_config", &deep),
        (8, "api_keys", 2, "permissions", "[1]"),
    ] {
        let id = odd_id(kind, oddity);
        let path = format!("/tables/{table}/{id}");
        let before = whole(&console, table, &id).await;
        let form = edit_form(&admin, &path).await.unwrap_or_else(|| panic!("{path} is edited"));
        let answer = send(&admin, &path, &with(filled(&form), &[(column, typed)])).await;
        assert_eq!(answer.status, 422, "{path} {column}: {}", answer.text());
        assert!(answer.has(&format!("#{column}-error")), "{path} {column}: {}", answer.text());
        assert_eq!(whole(&console, table, &id).await, before, "{path} {column}");
    }
}

/// In a real browser, which alone knows what it makes of a line break in a field of one line.
#[tokio::test(flavor = "multi_thread")]
async fn a_browser_gives_back_what_it_was_given() {
    let console = opened().await;
    let window = window(&console.address, Scripts::Off, Size::Desktop).await;
    window.sign_in("admin").await;
    for (kind, table) in [(2, "accounts"), (5, "ssot_api_contracts"), (6, "ssot_api_aliases")] {
        for oddity in [7, 8, 9, 10, 11] {
            let id = odd_id(kind, oddity);
            let before = whole(&console, table, &id).await;
            window.open(&format!("/tables/{table}/{id}/edit")).await;
            window.press("button[data-save]").await;
            assert_eq!(window.path().await, format!("/tables/{table}/{id}"), "{table} {oddity}: {}", window.text("main").await);
            assert_eq!(whole(&console, table, &id).await, before, "{table} {oddity}");
        }
    }
    window.close().await;
}
