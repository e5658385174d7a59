//! Do two editors ever overwrite each other unseen?

mod merging;

use super::{
    forms::{account, filled, id_of, send, with},
    support::{Console, console, staffed_database},
};

async fn opened() -> Console {
    console(staffed_database().await).await
}

async fn row(console: &Console, sql: &str) -> Vec<Option<String>> {
    let row = console.database.as_owner().await.query_one(sql, &[]).await.expect("a row");
    (0..row.len()).map(|index| row.get(index)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_both_changed_is_asked_and_what_fits_is_kept() {
    let console = opened().await;
    let (admin, manager) = (console.signed_in("admin").await, console.signed_in("manager").await);
    let path = account(&admin, "Before", "1", "USD", &id_of(&console, "user").await).await;
    let edit = format!("{path}/edit");
    let (theirs, mine) = (manager.get(&edit).await, admin.get(&edit).await);
    let saved = send(&manager, &path, &with(filled(&theirs), &[("account_name", "Theirs"), ("account_type", "loan")])).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    let conflict = send(&admin, &path, &with(filled(&mine), &[("account_name", "Mine"), ("account_number", "2")])).await;
    assert_eq!(conflict.status, 409, "{}", conflict.text());
    assert!(conflict.texts("title")[0].starts_with("Error:"));
    assert!(conflict.text().contains("Ines Okafor"), "it says who");
    assert_eq!(conflict.attributes("input[type=radio]", "value"), ["Theirs", "Mine"], "only the name was changed by both");
    assert!(conflict.text().contains("Before"), "the base stands beside them");
    assert_eq!(
        row(&console, "SELECT account_name, account_number, account_type FROM accounts").await,
        ["Theirs", "1", "loan"].map(|text| Some(text.to_owned()))
    );

    let merged = send(&admin, &path, &with(filled(&conflict), &[("account_name", "Mine")])).await;
    assert_eq!(merged.status, 303, "{}", merged.text());
    assert_eq!(
        row(&console, "SELECT account_name, account_number, account_type FROM accounts").await,
        ["Mine", "2", "loan"].map(|text| Some(text.to_owned()))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn money_is_never_chosen_for_anybody() {
    let console = opened().await;
    let (admin, manager) = (console.signed_in("admin").await, console.signed_in("manager").await);
    let account = account(&admin, "A", "1", "USD", &id_of(&console, "user").await).await;
    let account = account.rsplit('/').next().expect("an id").to_owned();
    let page = admin.get("/tables/transactions/new").await;
    let made = send(
        &admin,
        "/tables/transactions",
        &with(filled(&page), &[("account_id", &account), ("transaction_type", "deposit"), ("amount", "10.00")]),
    )
    .await;
    let path = made.location.expect("a record");
    let edit = format!("{path}/edit");
    let (theirs, mine) = (manager.get(&edit).await, admin.get(&edit).await);
    assert_eq!(send(&manager, &path, &with(filled(&theirs), &[("amount", "20.00")])).await.status, 303);
    let conflict = send(&admin, &path, &with(filled(&mine), &[("amount", "30.00")])).await;
    assert_eq!(conflict.status, 409, "{}", conflict.text());
    assert!(!conflict.has("input[type=radio][checked]"));
    let silent = send(&admin, &path, &filled(&conflict)).await;
    assert_eq!(silent.status, 422, "silence is no choice: {}", silent.text());
    assert!(silent.has("#errors") && silent.has("#amount-error"));
    assert_eq!(silent.attributes("input[type=radio]", "value"), ["20.00", "30.00"]);
    assert_eq!(row(&console, "SELECT amount::text FROM transactions").await, [Some("20.00".to_owned())]);
    let chosen = send(&admin, &path, &with(filled(&silent), &[("amount", "20.00")])).await;
    assert_eq!(chosen.status, 303, "{}", chosen.text());
    assert_eq!(row(&console, "SELECT amount::text FROM transactions").await, [Some("20.00".to_owned())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_with_few_fields_or_no_version_is_compared_as_well() {
    let console = opened().await;
    let admin = console.signed_in("admin").await;
    let path = account(&admin, "Before", "1", "USD", &id_of(&console, "user").await).await;
    let version = admin.get(&format!("{path}/edit")).await.value("version").expect("a version");
    assert_eq!(admin.post(&path, &[("version", &version), ("account_name", "After")]).await.status, 303);
    let conflict = admin.post(&path, &[("version", &version), ("account_name", "Mine")]).await;
    assert_eq!(conflict.status, 409);
    assert_eq!(conflict.attributes("input[type=radio][name=account_name]", "value"), ["After", "Mine"]);
    let without = admin.post(&path, &[("account_name", "Mine")]).await;
    assert_eq!(without.status, 409, "no version is an old version");
}

#[tokio::test(flavor = "multi_thread")]
async fn saving_without_a_change_changes_nothing() {
    let console = opened().await;
    let admin = console.signed_in("admin").await;
    let path = account(&admin, "Before", "1", "USD", &id_of(&console, "user").await).await;
    let before = row(&console, "SELECT updated_at::text, (SELECT count(*)::text FROM audit_logs) FROM accounts").await;
    let page = admin.get(&format!("{path}/edit")).await;
    let answer = send(&admin, &path, &filled(&page)).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    let record = admin.get(&answer.location.expect("the record")).await;
    assert!(record.texts("[role=status]").join("").contains("Nothing was changed"), "{}", record.text());
    assert_eq!(row(&console, "SELECT updated_at::text, (SELECT count(*)::text FROM audit_logs) FROM accounts").await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_record_there_is_can_be_saved_untouched() {
    let console = opened().await;
    let admin = console.signed_in("admin").await;
    account(&admin, "A", "1", "JPY", &id_of(&console, "user").await).await;
    let client = console.database.as_owner().await;
    for table in nexus_console::tables::TABLES {
        let statement = format!("SELECT id::text FROM {} ORDER BY id", table.table);
        for row in client.query(&statement, &[]).await.expect("rows").iter().take(12) {
            let path = format!("/tables/{}/{}", table.table, row.get::<_, String>(0));
            let page = admin.get(&format!("{path}/edit")).await;
            if page.status != 200 {
                assert!([403, 409].contains(&page.status), "{path}: {}", page.text());
                continue;
            }
            let answer = send(&admin, &path, &filled(&page)).await;
            assert_eq!(answer.status, 303, "{path}: {}", answer.text());
            let record = admin.get(&answer.location.expect("the record")).await;
            assert!(record.texts("[role=status]").join("").contains("Nothing was changed"), "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_called_version_is_not_the_version_of_the_record() {
    let console = opened().await;
    let admin = console.signed_in("admin").await;
    let id = row(&console, "SELECT min(id::text) FROM ssot_api_contracts").await[0].clone().expect("a contract");
    let path = format!("/tables/ssot_api_contracts/{id}");
    let form = admin.get(&format!("{path}/edit")).await;
    let opened_on = form.value("version").expect("a version");
    let saved = send(&admin, &path, &with(filled(&form), &[("description", "Other words")])).await;
    assert_eq!(saved.status, 303, "nobody else was there: {}", saved.text());
    let versions = "SELECT version, description FROM ssot_api_contracts ORDER BY id LIMIT 1";
    assert_eq!(row(&console, versions).await, ["v1.0.0", "Other words"].map(|text| Some(text.to_owned())));

    let late = send(&admin, &path, &filled(&form)).await;
    assert_eq!(late.status, 409, "the form is of before: {}", late.text());

    let form = admin.get(&format!("{path}/edit")).await;
    let mut pairs = filled(&form);
    let typed = pairs.iter_mut().rfind(|pair| pair.0 == "version").expect("the field");
    "v2.0.0".clone_into(&mut typed.1);
    assert_eq!(send(&admin, &path, &pairs).await.status, 303);
    assert_eq!(row(&console, versions).await[0].as_deref(), Some("v2.0.0"));

    let token = admin.get(&format!("{path}/edit")).await.value("version").expect("a version");
    assert_ne!(token, opened_on);
    let few = [("version".to_owned(), token), ("description".to_owned(), "Fewer words".to_owned())];
    assert_eq!(send(&admin, &path, &few).await.status, 303);
    assert_eq!(row(&console, versions).await, ["v2.0.0", "Fewer words"].map(|text| Some(text.to_owned())));
}
