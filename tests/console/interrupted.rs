//! Is what was typed still there when the session or the database went away meanwhile?

use rustix::process::Signal;

use super::{
    forms::{filled, id_of, with},
    running::{DataDir, signal, until},
    support::{Browser, PASSWORD, console, staffed_database},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ends_while_a_form_is_open_loses_nothing() {
    let console = console(staffed_database().await).await;
    let admin = console.signed_in("admin").await;
    let owner = id_of(&console, "user").await;
    let page = admin.get("/tables/accounts/new").await;
    let token = page.value("csrf_token").expect("a token");
    let changes = [("account_name", "Typed before"), ("account_number", "n-1"), ("account_type", "loan"), ("user_id", owner.as_str())];
    let typed = with(filled(&page), &changes);
    let pairs: Vec<(&str, &str)> = typed.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let client = console.database.as_owner().await;
    client.execute("UPDATE user_sessions SET is_active = false", &[]).await.expect("every session ends");

    let login = admin.post_with("/tables/accounts", &token, &pairs).await;
    assert!(login.has("input[name=password]"), "{}", login.text());
    assert_eq!(login.value("carried.account_name").as_deref(), Some("Typed before"));
    assert!(!login.body.contains(&token));
    let mut fields = filled(&login);
    fields.extend([("username".to_owned(), "admin".to_owned()), ("password".to_owned(), PASSWORD.to_owned())]);
    fields.retain(|(name, value)| !(matches!(name.as_str(), "username" | "password") && value.is_empty()));
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let resumed = admin.post_with("/login", &login.value("csrf_token").expect("a token"), &fields).await;
    assert_eq!(resumed.status, 200, "{}", resumed.text());
    assert!(resumed.text().contains("Nothing was saved yet"), "{}", resumed.text());

    for find in ["", "no_such_column"] {
        let mut fields: Vec<(String, String)> = filled(&resumed);
        fields.retain(|(name, _)| name != "find");
        fields.push(("find".to_owned(), find.to_owned()));
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let form = admin.post_with("/tables/accounts", &resumed.value("csrf_token").expect("a token"), &fields).await;
        assert_eq!(form.status, 200, "{find:?}: {}", form.text());
        assert_eq!(form.value("account_name").as_deref(), Some("Typed before"));
        assert_eq!(form.value("user_id").as_deref(), Some(owner.as_str()));
        assert!(!form.has("#errors"), "{}", form.text());
    }
    let row = client.query_one("SELECT count(*) FROM accounts", &[]).await.expect("a count");
    assert_eq!(row.get::<_, i64>(0), 0, "nothing is saved by itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_sent_while_the_database_is_away_is_kept_and_saved_once_it_is_back() {
    let data = DataDir::new();
    let mut command = data.program(&["serve", "--demo"]);
    command.env("NEXUS_DEMO_PASSWORD", PASSWORD);
    let console = super::running::Running::start(command);
    tokio::task::block_in_place(|| console.until_ready());
    let admin = Browser::new(&format!("http://127.0.0.1:{}", console.port()));
    admin.sign_in("admin").await;
    let page = admin.get("/tables/ssot_governance_rules/new").await;
    let token = page.value("csrf_token").expect("a token");
    let typed = with(filled(&page), &[("rule_name", "Typed while away"), ("rule_type", "validation"), ("rule_config", "{}")]);
    let pairs: Vec<(&str, &str)> = typed.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();

    // The postmaster stands still, so what is killed below it stays away.
    let postmaster = data.postmaster().expect("a server runs");
    signal(postmaster, Signal::STOP);
    let children = std::fs::read_to_string(format!("/proc/{postmaster}/task/{postmaster}/children")).expect("its children");
    for backend in children.split_whitespace().filter_map(|pid| pid.parse::<i32>().ok()) {
        if std::fs::read_to_string(format!("/proc/{backend}/cmdline")).is_ok_and(|title| title.contains(" nexus ")) {
            signal(backend, Signal::TERM);
        }
    }
    tokio::task::block_in_place(|| until("the console notices", || console.get("/health/ready") == Some(503)));
    let away = admin.post_with("/tables/ssot_governance_rules", &token, &pairs).await;
    assert_eq!(away.status, 503, "{}", away.text());
    assert!(away.headers.contains_key("retry-after"));
    assert_eq!(away.value("rule_name").as_deref(), Some("Typed while away"));
    let kept = away.value("csrf_token").expect("a token");
    assert!(!kept.is_empty() && kept != token, "the same bytes are not repeated");

    signal(postmaster, Signal::CONT);
    tokio::task::block_in_place(|| console.until_ready());
    let again: Vec<(String, String)> =
        ["id", "rule_name", "rule_type", "rule_config"].into_iter().filter_map(|name| Some((name.to_owned(), away.value(name)?))).collect();
    let again: Vec<(&str, &str)> = again.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let saved = admin.post_with("/tables/ssot_governance_rules", &kept, &again).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
}
