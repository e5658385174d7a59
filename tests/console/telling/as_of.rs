//! Is a record shown as it was, beside what it is, and is a moment that is none refused where it was typed?

use std::time::Duration;

use chrono::{SecondsFormat, Utc};
use nexus_console::tables::TABLES;

use super::edit;
use crate::{
    approvals::House,
    forms::{account, filled, id_of, send},
    support::{Answer, console, stock, stocked_database},
};

fn url(path: &str, moment: &str) -> String {
    format!("{path}/history?as_of={}", moment.replace(':', "%3A").replace('+', "%2B"))
}

/// Later than everything before, earlier than everything after.
async fn moment() -> String {
    tokio::time::sleep(Duration::from_millis(3)).await;
    let now = Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true);
    tokio::time::sleep(Duration::from_millis(3)).await;
    now
}

fn fact(page: &Answer, column: &str) -> String {
    page.texts(&format!("dl.facts [data-column='{column}'] dd")).join("")
}

#[tokio::test(flavor = "multi_thread")]
async fn of_every_table_the_present_is_the_row() {
    let console = console(stocked_database().await).await;
    let admin = console.signed_in("admin").await;
    // As if every row had come by its trigger: the stock is older than what is asked for, so each has its entry.
    for resource in TABLES {
        let path = format!("/tables/{}/{}", resource.table, stock::of(resource.table, "admin"));
        let (record, now) = (admin.get(&path).await, admin.get(&url(&path, "2999-01-01")).await);
        assert_eq!(now.status, 200, "{path}: {}", now.text());
        for column in resource.columns.iter().filter(|column| column.shown && column.is_own() && column.name != "id") {
            assert_eq!(fact(&now, column.name), fact(&record, column.name), "{path}: {}", column.name);
        }
        let is_log = resource.table.ends_with("audit_logs");
        assert_eq!(now.text().contains("It was last changed"), !is_log, "{path} is told by its log: {}", now.text());
        assert!(now.text().contains("All of it is so now, too") && !now.has(".differs"), "{path}: {}", now.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_changes_of_one_transaction_stand_in_their_order() {
    let house = House::open().await;
    let admin = house.console.signed_in("admin").await;
    let path = account(&admin, "First", "1", "EUR", &id_of(&house.console, "user").await).await;
    let id = path.rsplit('/').next().expect("an id");
    // They have one time, and most of them one millisecond.
    let changes: Vec<String> =
        (1..=200).map(|change| format!("UPDATE accounts SET account_name = 'Change {change}' WHERE id = '{id}';")).collect();
    house.owner.batch_execute(&format!("BEGIN; {} COMMIT", changes.concat())).await.expect("changes");
    let names = "SELECT new_values ->> 'account_name' FROM audit_logs WHERE entity_id = $1::text::uuid AND action = 'UPDATE' \
        ORDER BY created_at, id";
    let told: Vec<String> = house.owner.query(names, &[&id]).await.expect("entries").iter().map(|row| row.get(0)).collect();
    assert_eq!(told, (1..=200).map(|change| format!("Change {change}")).collect::<Vec<_>>());
    let now = admin.get(&url(&path, "2999-01-01")).await;
    assert!(fact(&now, "account_name").starts_with("Change 200") && !now.has(".differs"), "{}", now.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_began_first_and_wrote_last_was_last() {
    let house = House::open().await;
    let admin = house.console.signed_in("admin").await;
    let path = account(&admin, "First", "1", "EUR", &id_of(&house.console, "user").await).await;
    let rename =
        |name: &str| format!("UPDATE accounts SET account_name = '{name}' WHERE id = '{}'", path.rsplit('/').next().expect("an id"));
    let slow = house.console.database.as_owner().await;
    slow.batch_execute("BEGIN; SELECT now()").await.expect("begun");
    house.owner.batch_execute(&rename("Second")).await.expect("done in between");
    slow.batch_execute(&format!("{}; COMMIT", rename("Third"))).await.expect("done");

    let now = admin.get(&url(&path, "2999-01-01")).await;
    assert!(fact(&now, "account_name").starts_with("Third") && !now.has(".differs"), "{}", now.text());
    let history = admin.get(&format!("{path}/history")).await;
    assert!(history.texts(".trail ins")[0].contains("Third"), "{:?}", history.texts(".trail ins"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_shown_as_it_was_and_not_before_it_was() {
    let house = House::open().await;
    let (console, owner) = (&house.console, &house.owner);
    let (admin, viewer) = (console.signed_in("admin").await, console.signed_in("viewer").await);
    let before = moment().await;
    let path = account(&admin, "First", "1", "EUR", &id_of(console, "user").await).await;
    let first = moment().await;
    edit(&admin, &path, &[("account_name", "Second"), ("user_id", &id_of(console, "viewer").await)]).await;
    let second = moment().await;

    let page = admin.get(&url(&path, &before)).await;
    assert!(page.status == 200 && page.text().contains("was not there yet: it was created by Lena Fischer"), "{}", page.text());
    assert!(!page.has("main [data-column]"));
    let page = admin.get(&url(&path, &first)).await;
    assert!(page.texts("h1")[0].starts_with("First as of"), "{}", page.text());
    assert_eq!(page.texts("[data-column=account_name] .differs"), ["Now Second"]);
    assert!(fact(&page, "user_id").starts_with("Yusuf Demir") && fact(&page, "user_id").contains("Hana Kobayashi"));
    assert!(!page.has("[data-column=currency] .differs") && fact(&page, "balance").contains("EUR"), "{}", fact(&page, "balance"));
    assert!(page.text().contains("of these values are others now"));
    assert!(!admin.get(&url(&path, &second)).await.has(".differs"));
    // A day alone is its end, and the reader's zone is the one that is written.
    let today = Utc::now().format("%Y-%m-%d").to_string();
    assert!(!admin.get(&url(&path, &today)).await.has(".differs"));
    let form = admin.get(&format!("{path}/history")).await;
    assert!(form.has("form[method=get] input[name=as_of]") && form.text().contains("as of (UTC)"), "{}", form.text());

    // What is no moment.
    for wrong in ["yesterday", "2026-02-30", "2026-11-24 25:00", "<b>", "999999-01-01", "-1"] {
        let refused = admin.get(&url(&path, wrong)).await;
        assert_eq!(refused.status, 400, "{wrong}: {}", refused.text());
        assert!(refused.texts("title")[0].starts_with("Error"), "{wrong}");
        assert!(refused.has("#errors a[href='#as_of']") && refused.has("#as_of[aria-describedby~=as_of-error]"), "{wrong}");
        assert!(refused.texts("#as_of-error")[0].starts_with("Type a day"), "{wrong}");
        assert_eq!(refused.value("as_of").as_deref(), Some(wrong));
        assert!(!refused.rows().is_empty(), "the history stays");
    }
    assert_eq!(viewer.get(&url(&path, &first)).await.status, 403);

    // Deleted since, and deleted then.
    let delete = format!("{path}/delete");
    assert_eq!(send(&admin, &delete, &filled(&admin.get(&delete).await)).await.status, 303);
    let page = admin.get(&url(&path, &first)).await;
    assert!(page.status == 200 && page.text().contains("does not exist any more"), "{}", page.text());
    assert!(fact(&page, "account_name").starts_with("First") && !page.has(".differs"));
    let page = admin.get(&url(&path, &moment().await)).await;
    assert!(page.text().contains("was not there any more: it was deleted by Lena Fischer"), "{}", page.text());
    assert_eq!(admin.get(&url("/tables/accounts/01935e0a-7c41-7b1e-9f02-4d8a6611c3e7", &first)).await.status, 404);

    // A value that is a secret now was one before: neither is shown at any time.
    let setting = "INSERT INTO system_settings (id, setting_key, setting_value, setting_type) VALUES ('01900000-0000-7000-8000-000000000009', 'token', '\"canary-plain\"', 'string')";
    owner.batch_execute(setting).await.expect("a setting");
    let plain = moment().await;
    let sealed = "UPDATE system_settings SET is_encrypted = true, setting_value = '\"canary-sealed\"' WHERE setting_key = 'token'";
    owner.batch_execute(sealed).await.expect("it is sealed");
    let path = "/tables/system_settings/01900000-0000-7000-8000-000000000009";
    for at in [&plain, "2999-01-01", "2001-01-01"] {
        let page = admin.get(&url(path, at)).await;
        assert!(page.status == 200 && !page.body.contains("canary"), "{at}: {}", page.text());
    }
    assert!(fact(&admin.get(&url(path, &plain)).await, "setting_value").contains("not shown"));

    // Older than its log, as an adopted database has it: what the first entry found.
    let user = id_of(console, "user").await;
    owner.batch_execute("ALTER TABLE audit_logs DISABLE TRIGGER nexus_append_only; DELETE FROM audit_logs WHERE entity_type = 'users'; ALTER TABLE audit_logs ENABLE TRIGGER nexus_append_only").await.expect("an empty log");
    let untold = admin.get(&url(&format!("/tables/users/{user}"), "2020-01-01")).await;
    assert!(untold.text().contains("The log has no entry about it") && !untold.has(".differs"), "{}", untold.text());
    owner.execute("UPDATE users SET full_name = 'Renamed' WHERE id = $1::text::uuid", &[&user]).await.expect("a change");
    let found = admin.get(&url(&format!("/tables/users/{user}"), "2020-01-01")).await;
    assert!(found.text().contains("does not reach back") && fact(&found, "full_name").starts_with("Yusuf Demir"), "{}", found.text());
}
