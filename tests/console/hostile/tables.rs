//! Does any value, in any field of a table's forms, break them or leave half of something behind?

use futures_util::future::join_all;
use scraper::Selector;
use tokio_postgres::{Client, Statement};

use super::{
    super::{
        forms::filled,
        grid::allows,
        support::{Answer, Browser, Console, console, stock, stocked_database},
    },
    body,
    values::all,
};

/// A quarter of them: each meets every kind of field on some form, and all with all would take minutes.
fn some(turn: usize) -> impl Iterator<Item = Vec<u8>> {
    all().into_iter().enumerate().filter(move |(index, _)| (index + turn).is_multiple_of(4)).map(|(_, value)| value)
}

/// The page's own form with one field replaced.
fn forged(form: &[(String, String)], name: &str, value: &[u8]) -> super::Fields {
    let mut fields: super::Fields =
        form.iter().filter(|pair| pair.0 != name).map(|(name, value)| (name.clone(), value.clone().into_bytes())).collect();
    fields.push((name.to_owned(), value.to_vec()));
    fields
}

/// What a page shows of a value that was refused.
fn as_shown(value: &[u8]) -> String {
    String::from_utf8_lossy(value).replace('\0', "\u{fffd}").replace("\r\n", "\n")
}

fn short(value: &[u8]) -> String {
    String::from_utf8_lossy(value).chars().take(40).collect()
}

struct Fuzz<'a> {
    browser: &'a Browser,
    client: Client,
    /// What [`Fuzz::whole`] asks, thousands of times.
    whole: Statement,
    token: String,
    table: &'a str,
    wrong: Vec<String>,
    tried: usize,
}

impl Fuzz<'_> {
    async fn of<'a>(console: &Console, browser: &'a Browser, table: &'a str) -> Fuzz<'a> {
        let token = browser.get("/account").await.value("csrf_token").expect("a token");
        let client = console.database.as_owner().await;
        let whole = format!("SELECT count(*), coalesce(md5(string_agg(id::text || xmin::text, '|' ORDER BY id)), '') FROM {table}");
        let whole = client.prepare(&whole).await.expect("the table");
        Fuzz { browser, client, whole, token, table, wrong: Vec::new(), tried: 0 }
    }

    /// Every row of the table by the transaction that wrote it, so that a write of anything is seen.
    async fn whole(&self) -> (i64, String) {
        let row = self.client.query_one(&self.whole, &[]).await.expect("the table");
        (row.get(0), row.get(1))
    }

    /// What must hold of the answer to a form, whatever was in it.
    fn judge(&mut self, action: &str, name: &str, value: &[u8], answer: &Answer, before: &(i64, String), after: &(i64, String)) {
        self.tried += 1;
        let mut say = |what: String| self.wrong.push(format!("{action} {name}={:?}: {what}", short(value)));
        let is_done = answer.status == 303 || (answer.status == 200 && answer.has("#secret"));
        if !(is_done || [409, 413, 422].contains(&answer.status)) {
            say(format!("{} {}", answer.status, answer.text().chars().take(300).collect::<String>()));
        }
        if !is_done && after != before {
            say(format!("{} and the table has changed", answer.status));
        }
        if answer.body.contains("<script>alert") {
            say("is not escaped".to_owned());
        }
        for detail in ["SQLSTATE", "syntax error", "violates", "pg_catalog", "constraint \"", "invalid input"] {
            if answer.body.contains(detail) {
                say(format!("tells of the database: {detail}"));
            }
        }
        // Words that found a record have done their work: the record stands there instead.
        let is_found = name.strip_suffix(".find").is_some_and(|column| answer.value(column).is_some_and(|id| !id.is_empty()));
        if answer.status != 422 || ["id", "version"].contains(&name) || is_found {
            return;
        }
        if !(answer.body.contains("id=\"errors\"") || answer.body.contains("<h1")) {
            say("422 without a word".to_owned());
        }
        let kept = answer.value(name).map(|kept| kept.strip_prefix('\n').unwrap_or(&kept).to_owned());
        let is_text = answer
            .html()
            .select(
                &Selector::parse(&format!("[name='{name}']:is(textarea, input:not([type=hidden]):not([type=checkbox]):not([type=radio]))"))
                    .expect("a selector"),
            )
            .next()
            .is_some();
        if is_text && kept.as_deref() != Some(as_shown(value).as_str()) {
            say(format!("keeps {:?}", kept.map(|kept| short(kept.as_bytes()))));
        }
    }

    async fn creation(&mut self) {
        let list = format!("/tables/{}", self.table);
        let page = self.browser.get(&format!("{list}/new")).await;
        let mut form = filled(&page);
        for (name, value) in SOUND.iter().filter(|sound| sound.0 == self.table).flat_map(|sound| sound.1) {
            form.retain(|pair| pair.0 != *name);
            form.push(((*name).to_owned(), (*value).to_owned()));
        }
        let names: Vec<String> = form.iter().map(|pair| pair.0.clone()).collect();
        for (place, name) in names.into_iter().enumerate() {
            for value in some(place + self.table.len()) {
                let mut fields = forged(&form, &name, &value);
                if name != "id" {
                    fields.retain(|field| field.0 != "id");
                }
                let before = self.whole().await;
                let answer = self.browser.post_raw(&list, body(&self.token, &fields)).await;
                let after = self.whole().await;
                if answer.status == 303 && after.0 > before.0 + 1 {
                    self.wrong.push(format!("{list} {name}={:?}: made {} rows", short(&value), after.0 - before.0));
                }
                self.judge(&list, &name, &value, &answer, &before, &after);
            }
        }
    }

    async fn edition(&mut self) {
        let record = format!("/tables/{}/{}", self.table, stock::of(self.table, "user"));
        let mut page = self.browser.get(&format!("{record}/edit")).await;
        assert_eq!(page.status, 200, "{record}: {}", page.text());
        let names: Vec<String> = filled(&page).into_iter().map(|pair| pair.0).collect();
        for (place, name) in names.into_iter().enumerate() {
            for value in some(place + self.table.len() + 1) {
                let fields = forged(&filled(&page), &name, &value);
                let before = self.whole().await;
                let answer = self.browser.post_raw(&record, body(&self.token, &fields)).await;
                let after = self.whole().await;
                if after.0 != before.0 {
                    self.wrong.push(format!("{record} {name}={:?}: the table has {} rows more", short(&value), after.0 - before.0));
                }
                self.judge(&record, &name, &value, &answer, &before, &after);
                if after != before {
                    page = self.browser.get(&format!("{record}/edit")).await;
                    if page.status != 200 {
                        self.wrong.push(format!("{record} after {name}={:?}: {}", short(&value), page.status));
                        return;
                    }
                    let shown = self.browser.get(&record).await;
                    let list = self.browser.get(&format!("/tables/{}", self.table)).await;
                    if shown.status != 200 || list.status != 200 {
                        self.wrong.push(format!("{record} after {name}={:?}: {} {}", short(&value), shown.status, list.status));
                    }
                }
            }
        }
    }

    async fn too_large(&mut self) {
        let list = format!("/tables/{}", self.table);
        let before = self.whole().await;
        let large = vec![("description".to_owned(), vec![b'x'; 1024 * 1024])];
        let answer = self.browser.post_raw(&list, body(&self.token, &large)).await;
        let after = self.whole().await;
        self.judge(&list, "description", b"a megabyte", &answer, &before, &after);
        if answer.status != 413 {
            self.wrong.push(format!("{list}: a megabyte is answered {}", answer.status));
        }
    }
}

/// What makes each creation form right but for the field that is not.
const SOUND: &[(&str, &[(&str, &str)])] = &[
    ("users", &[("username", "new.user"), ("full_name", "New User"), ("email", "new@example.com")]),
    ("accounts", &[("account_name", "New"), ("account_number", "N-1"), ("user_id.find", "user")]),
    ("transactions", &[("account_id", "01900000-0000-7000-8000-000000001005"), ("transaction_type", "deposit"), ("amount", "1.00")]),
    ("system_settings", &[("setting_key", "new_setting"), ("setting_value", "\"x\"")]),
    ("ssot_api_contracts", &[("canonical_name", "new-api"), ("version", "v1"), ("base_url", "https://api.example.com/new")]),
    ("ssot_api_aliases", &[("alias_name", "new-alias"), ("contract_id", "01900000-0000-7000-8000-000000008001")]),
    ("ssot_governance_rules", &[("rule_name", "new_rule")]),
    ("api_keys", &[("key_name", "New")]),
    ("notifications", &[("user_id.find", "viewer@example.com"), ("title", "New"), ("message", "New")]),
];

#[tokio::test(flavor = "multi_thread")]
async fn no_value_in_any_field_of_any_form_breaks_it_or_does_half_of_it() {
    let console = console(stocked_database().await).await;
    let admin = console.signed_in("admin").await;
    let tables: Vec<&str> = nexus_console::tables::TABLES.iter().map(|resource| resource.table).collect();
    // A new transaction tells people that it waits, so it is made when nobody looks at their notifications.
    let (alone, aside): (Vec<&str>, Vec<&str>) = tables.iter().partition(|table| **table == "transactions");
    let fuzzed = async |table: &str| {
        let mut fuzz = Fuzz::of(&console, &admin, table).await;
        if allows(table, "new", "admin") {
            fuzz.creation().await;
            fuzz.too_large().await;
        }
        if allows(table, "edit", "admin") {
            fuzz.edition().await;
        }
        (fuzz.tried, fuzz.wrong)
    };
    let mut attempts = join_all(aside.into_iter().map(&fuzzed)).await;
    attempts.extend(join_all(alone.into_iter().map(&fuzzed)).await);
    let tried: usize = attempts.iter().map(|(tried, _)| tried).sum();
    let wrong: Vec<String> = attempts.into_iter().flat_map(|(_, wrong)| wrong).collect();
    let shown: Vec<&str> = wrong.iter().take(50).map(String::as_str).collect();
    assert!(wrong.is_empty(), "{} of {tried}\n{}", wrong.len(), shown.join("\n"));
    assert!(tried > 1_500, "{tried} were tried");
    for table in tables {
        let list = admin.get(&format!("/tables/{table}?limit=200")).await;
        assert_eq!(list.status, 200, "{table} after all of it");
    }
}
