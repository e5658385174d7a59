//! Does the merge page know what was there before, from the log, and let each choice stand?

use super::{
    super::{
        forms::{account, filled, id_of, send, with},
        support::{Answer, Browser, Console, Scripts, Size, window},
    },
    opened, row,
};

/// The words of one version of a field.
fn words(page: &Answer, column: &str, version: &str) -> String {
    page.texts(&format!("tr#{column} td[data-label='{version}']")).join("")
}

fn chosen(page: &Answer) -> Vec<String> {
    page.attributes("input[type=radio][checked]", "value")
}

async fn saved(browser: &Browser, path: &str, changes: &[(&str, &str)]) {
    let page = browser.get(&format!("{path}/edit")).await;
    let answer = send(browser, path, &with(filled(&page), changes)).await;
    assert_eq!(answer.status, 303, "{changes:?}: {}", answer.text());
}

/// A form opened before somebody else saved, and what became of it when it was sent afterwards.
async fn overtaken(console: &Console, path: &str, theirs: &[(&str, &str)], mine: &[(&str, &str)]) -> (Browser, Answer) {
    let (admin, manager) = (console.signed_in("admin").await, console.signed_in("manager").await);
    let form = filled(&admin.get(&format!("{path}/edit")).await);
    saved(&manager, path, theirs).await;
    let answer = send(&admin, path, &with(form, mine)).await;
    (admin, answer)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_carries_no_base_and_the_log_gives_it() {
    let console = opened().await;
    let admin = console.signed_in("admin").await;
    let path = account(&admin, "Before", "1", "USD", &id_of(&console, "user").await).await;
    let form = admin.get(&format!("{path}/edit")).await;
    assert!(!form.has("input[name$='.was']"), "nothing in the form says what was there");
    let (manager, second) = (console.signed_in("manager").await, console.signed_in("manager2").await);
    saved(&manager, &path, &[("account_name", "Between")]).await;
    saved(&second, &path, &[("account_name", "Theirs")]).await;
    let conflict = send(&admin, &path, &with(filled(&form), &[("account_name", "Mine"), ("account_number", "2")])).await;
    assert_eq!(conflict.status, 409, "{}", conflict.text());
    assert_eq!(words(&conflict, "account_name", "When you opened it"), "Before");
    assert_eq!(words(&conflict, "account_number", "When you opened it"), "1");
    let text = conflict.text();
    assert!(text.contains("Dario Benedetti and Ines Okafor"), "it names both: {text}");
    assert!(!text.contains("Between"), "what came and went is not asked about");
    assert!(chosen(&conflict).is_empty(), "nobody has chosen yet");
    assert_eq!(conflict.attributes("input[type=radio]", "name"), ["account_name", "account_name"], "the number fits");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_change_by_both_is_no_question() {
    let console = opened().await;
    let admin = console.signed_in("admin").await;
    let path = account(&admin, "Before", "1", "USD", &id_of(&console, "user").await).await;
    let (admin, conflict) = overtaken(
        &console,
        &path,
        &[("account_name", "Same"), ("account_type", "loan")],
        &[("account_name", "Same"), ("account_number", "2")],
    )
    .await;
    assert_eq!(conflict.status, 409, "{}", conflict.text());
    assert!(!conflict.has("input[type=radio]") && !conflict.has("tr#account_name"), "{}", conflict.text());
    assert!(conflict.has("tr#account_type td.wins[data-label=Theirs]") && conflict.has("tr#account_number td.wins[data-label=Yours]"));
    assert_eq!(send(&admin, &path, &filled(&conflict)).await.status, 303);
    let expected = ["Same", "2", "loan"].map(|text| Some(text.to_owned()));
    assert_eq!(row(&console, "SELECT account_name, account_number, account_type FROM accounts").await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn choices_survive_a_third_version_and_a_field_left_open() {
    let console = opened().await;
    let admin = console.signed_in("admin").await;
    let path = account(&admin, "Before", "1", "USD", &id_of(&console, "user").await).await;
    let (admin, conflict) = overtaken(
        &console,
        &path,
        &[("account_name", "Theirs"), ("account_number", "20")],
        &[("account_name", "Mine"), ("account_number", "10")],
    )
    .await;
    // One of two is chosen: the page comes back, with that choice, and asks for the other.
    let half = send(&admin, &path, &with(filled(&conflict), &[("account_name", "Theirs")])).await;
    assert_eq!(half.status, 422, "{}", half.text());
    assert_eq!(chosen(&half), ["Theirs"]);
    assert_eq!(half.attributes("#errors a", "href"), ["#account_number"]);
    assert_eq!(words(&half, "account_name", "When you opened it"), "Before", "the base is still that of the first form");
    // Both are chosen, and somebody saves once more.
    let manager = console.signed_in("manager").await;
    saved(&manager, &path, &[("account_number", "30")]).await;
    let again = send(&admin, &path, &with(filled(&half), &[("account_name", "Mine"), ("account_number", "10")])).await;
    assert_eq!(again.status, 409, "{}", again.text());
    assert!(again.has("tr#account_name td.wins[data-label=Yours]"), "nobody touched the name since it was chosen: {}", again.text());
    assert_eq!(again.attributes("input[type=radio]", "value"), ["30", "10"]);
    assert!(chosen(&again).is_empty(), "the number is another question now");
    assert_eq!(send(&admin, &path, &with(filled(&again), &[("account_number", "30")])).await.status, 303);
    assert_eq!(row(&console, "SELECT account_name, account_number FROM accounts").await, ["Mine", "30"].map(|text| Some(text.to_owned())));
}

async fn deposit(console: &Console) -> String {
    let admin = console.signed_in("admin").await;
    let account = account(&admin, "A", "1", "USD", &id_of(console, "user").await).await;
    let account = account.rsplit('/').next().expect("an id").to_owned();
    let page = admin.get("/tables/transactions/new").await;
    let typed = [("account_id", account.as_str()), ("transaction_type", "deposit"), ("amount", "10.00"), ("description", "Before")];
    let made = send(&admin, "/tables/transactions", &with(filled(&page), &typed)).await;
    assert_eq!(made.status, 303, "{}", made.text());
    made.location.expect("a record")
}

#[tokio::test(flavor = "multi_thread")]
async fn money_is_asked_about_whoever_changed_it() {
    let console = opened().await;
    let path = deposit(&console).await;
    // They changed the amount, I only the description: it is asked all the same.
    let (admin, conflict) = overtaken(&console, &path, &[("amount", "20.00")], &[("description", "Mine")]).await;
    assert_eq!(conflict.status, 409, "{}", conflict.text());
    assert_eq!(conflict.attributes("input[type=radio][name=amount]", "value"), ["20.00", "10.00"]);
    assert!(chosen(&conflict).is_empty());
    assert!(words(&conflict, "amount", "When you opened it").contains("10.00"));
    assert!(conflict.has("tr#description td.wins[data-label=Yours]"));
    assert_eq!(send(&admin, &path, &with(filled(&conflict), &[("amount", "20.00")])).await.status, 303);
    assert_eq!(
        row(&console, "SELECT amount::text, description FROM transactions").await,
        ["20.00", "Mine"].map(|text| Some(text.to_owned()))
    );
    // I changed the amount, they only the description.
    let (_, conflict) = overtaken(&console, &path, &[("description", "Theirs")], &[("amount", "30.00")]).await;
    assert_eq!(conflict.attributes("input[type=radio][name=amount]", "value"), ["20.00", "30.00"]);
    assert!(chosen(&conflict).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_version_in_the_log_two_versions_are_compared() {
    let console = opened().await;
    let admin = console.signed_in("admin").await;
    let path = account(&admin, "Before", "1", "USD", &id_of(&console, "user").await).await;
    let superuser = console.database.as_superuser().await;
    superuser
        .batch_execute("SET session_replication_role = replica; DELETE FROM audit_logs WHERE entity_type = 'accounts'")
        .await
        .expect("an older log");
    superuser.batch_execute("UPDATE accounts SET account_name = 'Past the log'").await.expect("an old platform's row");
    let form = filled(&admin.get(&format!("{path}/edit")).await);
    superuser.batch_execute("UPDATE accounts SET account_name = 'Theirs', account_type = 'loan'").await.expect("an old platform's row");
    let conflict = send(&admin, &path, &with(form, &[("account_name", "Mine")])).await;
    assert_eq!(conflict.status, 409, "{}", conflict.text());
    assert!(conflict.text().contains("The log does not hold what it was"), "{}", conflict.text());
    assert!(!conflict.has("td[data-label='When you opened it']"));
    assert_eq!(conflict.attributes("input[type=radio]", "value"), ["Theirs", "Mine", "loan", "checking"], "whatever differs is asked");
    assert!(chosen(&conflict).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_secret_only_that_it_changed_is_told() {
    let console = opened().await;
    let admin = console.signed_in("admin").await;
    let page = admin.get("/tables/system_settings/new").await;
    let typed = [("setting_key", "smtp_password"), ("setting_value", "\"canary-1\""), ("setting_type", "string"), ("is_encrypted", "true")];
    let path = send(&admin, "/tables/system_settings", &with(filled(&page), &typed)).await.location.expect("a setting");
    let second = console.signed_in("admin").await;
    // They put in another secret, I change the description: theirs stays, unseen.
    let form = filled(&admin.get(&format!("{path}/edit")).await);
    saved(&second, &path, &[("setting_value", "\"canary-2\"")]).await;
    let conflict = send(&admin, &path, &with(form, &[("description", "Mine")])).await;
    assert_eq!(conflict.status, 409, "{}", conflict.text());
    assert!(words(&conflict, "setting_value", "Theirs").contains("Another secret"), "{}", conflict.text());
    assert!(!conflict.body.contains("canary"), "no secret, old or new");
    assert!(!conflict.has("input[type=radio]"));
    let stored = "SELECT setting_value::text FROM system_settings WHERE setting_key = 'smtp_password'";
    let before = row(&console, stored).await;
    assert_eq!(send(&admin, &path, &filled(&conflict)).await.status, 303);
    assert_eq!(row(&console, stored).await, before, "their secret is untouched");
    // Both put in another one: that is a question.
    let form = filled(&admin.get(&format!("{path}/edit")).await);
    saved(&second, &path, &[("setting_value", "\"canary-3\"")]).await;
    let conflict = send(&admin, &path, &with(form, &[("setting_value", "\"canary-4\"")])).await;
    assert_eq!(conflict.status, 409, "{}", conflict.text());
    assert_eq!(conflict.attributes("input[type=radio]", "name"), ["setting_value", "setting_value"]);
    assert!(!conflict.body.contains("canary-3"));
    let before = row(&console, stored).await;
    assert_eq!(send(&admin, &path, &with(filled(&conflict), &[("setting_value", "\"canary-4\"")])).await.status, 303);
    assert_ne!(row(&console, stored).await, before, "mine was chosen");
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_references_and_long_texts_are_told_in_words() {
    let console = opened().await;
    let path = deposit(&console).await;
    let admin = console.signed_in("admin").await;
    account(&admin, "Elsewhere", "2", "USD", &id_of(&console, "user").await).await;
    let elsewhere = row(&console, "SELECT id::text FROM accounts WHERE account_number = '2'").await.remove(0).expect("an id");
    let long = |middle: &str| format!("{}{middle}{}", "beginning ".repeat(5_000), " end".repeat(5_000));
    saved(&admin, &path, &[("description", &long("before"))]).await;
    let (_, conflict) = overtaken(
        &console,
        &path,
        &[("account_id", &elsewhere), ("account_id.find", ""), ("description", &long("THEIRS"))],
        &[("description", &long("MINE"))],
    )
    .await;
    assert_eq!(conflict.status, 409, "{}", conflict.text());
    assert!(words(&conflict, "account_id", "Theirs").contains("Elsewhere"), "{}", words(&conflict, "account_id", "Theirs"));
    assert_eq!(words(&conflict, "account_id", "When you opened it"), "A");
    assert_eq!(conflict.texts("tr#description mark"), ["before", "THEIRS", "MINE"]);
    let told = words(&conflict, "description", "Theirs");
    assert!(told.len() < 400 && told.contains("characters the same"), "{told}");
    // A document, to its last digit, and a text emptied.
    let rule =
        row(&console, "SELECT id::text FROM ssot_governance_rules WHERE rule_name = 'audit_retention'").await.remove(0).expect("a rule");
    let path = format!("/tables/ssot_governance_rules/{rule}");
    saved(&admin, &path, &[("rule_config", "{\"years\": 9007199254740993, \"rate\": 1.10}")]).await;
    let form = filled(&admin.get(&format!("{path}/edit")).await);
    saved(&console.signed_in("admin").await, &path, &[("rule_config", "{\"years\": 9007199254740993, \"rate\": 1.20}")]).await;
    let conflict = send(&admin, &path, &with(form, &[("rule_type", "mine")])).await;
    assert_eq!(conflict.status, 409, "{}", conflict.text());
    assert!(words(&conflict, "rule_config", "When you opened it").contains("1.10"), "the log keeps every digit: {}", conflict.text());
    assert!(conflict.has("tr#rule_config td.wins[data-label=Theirs]") && conflict.has("tr#rule_type td.wins[data-label=Yours]"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_merged_that_no_form_may_set() {
    let console = opened().await;
    let path = deposit(&console).await;
    let (admin, conflict) = overtaken(&console, &path, &[("description", "Theirs")], &[("description", "Mine")]).await;
    let honest = with(filled(&conflict), &[("description", "Mine")]);
    let unchanged = row(&console, "SELECT amount::text, description, status FROM transactions").await;
    for forged in [
        vec![("status", "completed")],
        vec![("processed_at", "2026-01-01")],
        vec![("merge", "status"), ("status.mine", "completed"), ("status", "completed")],
    ] {
        let mut pairs = honest.clone();
        pairs.extend(forged.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let answer = send(&admin, &path, &pairs).await;
        assert_eq!(answer.status, 422, "{forged:?}: {}", answer.text());
        assert_eq!(row(&console, "SELECT amount::text, description, status FROM transactions").await, unchanged, "{forged:?}");
    }
    // What is asked about without being a field is no question, and a version nobody ever saw is no base.
    let mut pairs = honest.clone();
    pairs.extend(
        [("merge", "nothing"), ("merge", "balance"), ("balance.mine", "1000"), ("merge.opened", "0123456789abcdef01234567")]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    assert_eq!(send(&admin, &path, &pairs).await.status, 303);
    assert_eq!(
        row(&console, "SELECT amount::text, description, status FROM transactions").await,
        ["10.00", "Mine", "pending"].map(|text| Some(text.to_owned()))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_in_a_merged_form_is_corrected_in_the_form() {
    let console = opened().await;
    let admin = console.signed_in("admin").await;
    let owner = id_of(&console, "user").await;
    let path = account(&admin, "Before", "1", "USD", &owner).await;
    account(&admin, "Other", "2", "USD", &owner).await;
    let (admin, conflict) =
        overtaken(&console, &path, &[("account_name", "Theirs")], &[("account_name", "Mine"), ("account_number", "2")]).await;
    let wrong = send(&admin, &path, &with(filled(&conflict), &[("account_name", "Mine")])).await;
    assert_eq!(wrong.status, 422, "{}", wrong.text());
    assert!(wrong.has("#account_number-error") && !wrong.has("table.merge"), "{}", wrong.text());
    assert_eq!(wrong.value("account_name").as_deref(), Some("Mine"));
    assert_eq!(send(&admin, &path, &with(filled(&wrong), &[("account_number", "3")])).await.status, 303);
    let expected = ["Mine", "3"].map(|text| Some(text.to_owned()));
    assert_eq!(row(&console, "SELECT account_name, account_number FROM accounts WHERE account_name = 'Mine'").await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_typed_into_a_record_that_is_gone_is_not() {
    let console = opened().await;
    let admin = console.signed_in("admin").await;
    let path = account(&admin, "Before", "1", "USD", &id_of(&console, "user").await).await;
    let form = filled(&admin.get(&format!("{path}/edit")).await);
    let version = admin.get(&format!("{path}/delete")).await.value("version").expect("a version");
    assert_eq!(console.signed_in("admin").await.post(&format!("{path}/delete"), &[("version", &version)]).await.status, 303);
    let lost = send(&admin, &path, &with(form, &[("account_name", "Typed <b>with care</b>")])).await;
    assert_eq!(lost.status, 404, "{}", lost.text());
    assert!(lost.texts("title")[0].starts_with("Error:") && lost.text().contains("deleted by Lena Fischer"), "{}", lost.text());
    let typed = lost.texts("main table td");
    assert!(typed.contains(&"Typed <b>with care</b>".to_owned()) && typed.contains(&"Yusuf Demir".to_owned()), "{typed:?}");
    // Decided meanwhile: nothing can be saved, and nothing of it is lost.
    let path = deposit(&console).await;
    let form = filled(&admin.get(&format!("{path}/edit")).await);
    assert_eq!(console.signed_in("admin").await.post(&format!("{path}/withdraw"), &[("reason", "Not needed")]).await.status, 303);
    let lost = send(&admin, &path, &with(form, &[("description", "Typed with care")])).await;
    assert_eq!(lost.status, 409, "{}", lost.text());
    assert!(lost.texts("main table td").contains(&"Typed with care".to_owned()), "{}", lost.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_merge_in_browsers_without_scripts() {
    let console = opened().await;
    let path = deposit(&console).await;
    let manager = console.signed_in("manager").await;
    for size in [Size::Desktop, Size::Phone] {
        saved(&manager, &path, &[("amount", "10.00"), ("description", "Before")]).await;
        let window = window(&console.address, Scripts::Off, size).await;
        window.sign_in("admin").await;
        window.open(&format!("{path}/edit")).await;
        window.fill("description", "Mine").await;
        window.fill("amount", "30.00").await;
        saved(&manager, &path, &[("amount", "20.00"), ("description", "Theirs")]).await;
        window.press("[data-save]").await;
        window.find("table.merge").await;
        // Silence is asked again, then each is chosen by its label.
        window.press("[data-save]").await;
        assert!(window.text("#errors").await.contains("Choose theirs or yours"), "{size:?}");
        window.press("#amount td[data-label=Theirs] label").await;
        window.press("#description td[data-label=Yours] label").await;
        window.press("[data-save]").await;
        window.find("[role=status]").await;
        assert_eq!(window.path().await, path, "{size:?}");
        window.close().await;
        assert_eq!(
            row(&console, "SELECT amount::text, description FROM transactions").await,
            ["20.00", "Mine"].map(|text| Some(text.to_owned()))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_merge_page_has_nothing_that_axe_finds() {
    let console = opened().await;
    let path = deposit(&console).await;
    let manager = console.signed_in("manager").await;
    let mut faults = Vec::new();
    for size in [Size::Desktop, Size::Phone] {
        let long = |words: &str| format!("{}{words}{}", "Ordered by telephone, ".repeat(6), " as agreed in March.".repeat(6));
        let before = [("amount", "10.00"), ("description", &long("delivered")), ("reference_number", "PAY-1")];
        saved(&manager, &path, &before).await;
        let window = window(&console.address, Scripts::On, size).await;
        window.sign_in("admin").await;
        window.open(&format!("{path}/edit")).await;
        window.fill("description", &long("sent back")).await;
        window.fill("reference_number", "PAY-2026-118842").await;
        window.fill("transaction_date", "2026-11-24 14:30").await;
        saved(&manager, &path, &[("amount", "20.00"), ("description", &long("paid")), ("transaction_type", "interest")]).await;
        window.press("[data-save]").await;
        window.find("table.merge").await;
        window.look(&format!("{size:?} merge"), &mut faults).await;
        window.press("[data-save]").await;
        window.find("#errors").await;
        window.look(&format!("{size:?} merge refused"), &mut faults).await;
        window.close().await;
        saved(&manager, &path, &[("transaction_type", "deposit")]).await;
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
