//! What happens when packets to PostgreSQL are lost, so that nothing is refused and nothing answered?

use std::time::Duration;

use super::{
    proxy::Proxy,
    site::{assert_passing, kept, send_again, until, until_served},
};
use crate::{
    forms::{filled, with},
    support::{Browser, Console, TestDatabase, console_with, staffed_database},
};

/// Far beyond every limit of the console's own, and far below TCP's.
const BOUND: Duration = Duration::from_secs(90);

/// The socket of the run's server.
pub fn socket_of(database: &TestDatabase) -> std::path::PathBuf {
    match database.app_config.get_hosts() {
        [tokio_postgres::config::Host::Unix(directory)] => directory.join(".s.PGSQL.5432"),
        hosts => panic!("one socket, not {hosts:?}"),
    }
}

/// A console whose pages reach their database through a proxy.
pub async fn behind_a_proxy() -> (Console, Proxy) {
    let database = staffed_database().await;
    let proxy = Proxy::before(&socket_of(&database)).await;
    let url = proxy.url("nexus_app", &database.name);
    (console_with(database, &[("DATABASE_URL", &url)]).await, proxy)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_falls_silent_is_given_up_in_bounded_time_and_taken_up_again() {
    let (console, proxy) = behind_a_proxy().await;
    let admin = console.signed_in("admin").await;
    let page = admin.get("/tables/ssot_governance_rules/new").await;
    let token = page.value("csrf_token").expect("a token");
    let form = with(filled(&page), &[("rule_name", "Typed into silence"), ("rule_type", "validation")]);
    let fields: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let mut readers = Vec::new();
    for _ in 0..12 {
        readers.push(console.signed_in("auditor").await);
    }

    proxy.fall_silent();
    // At once, before anything can have noticed: on connections that are open, and on ones still to be opened.
    let reading = readers.into_iter().map(|reader| tokio::spawn(async move { (reader.get("/tables/accounts").await, reader) }));
    let reading: Vec<_> = reading.collect();
    let unsent = tokio::time::timeout(BOUND, admin.post_with("/tables/ssot_governance_rules", &token, &fields)).await;
    let unsent = unsent.expect("an answer in bounded time");
    assert_passing(&unsent, "Nothing was saved");
    kept(&unsent);
    let mut readers: Vec<Browser> = Vec::new();
    for reading in reading {
        let (answer, reader) = tokio::time::timeout(BOUND, reading).await.expect("an answer in bounded time").expect("no panic");
        assert_eq!(answer.status, 503, "{}", answer.text());
        assert!(answer.headers.contains_key("retry-after"));
        readers.push(reader);
    }
    until("the probe notices", &readers[0], "/health/ready", |answer| answer.status == 503).await;
    assert_eq!(readers[0].get("/health/live").await.status, 200);

    proxy.speak();
    console.until_ready().await;
    until_served(&readers[0]).await;
    let saved = send_again(&admin, &unsent).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    let owner = console.database.as_owner().await;
    let count = owner.query_one("SELECT count(*) FROM ssot_governance_rules WHERE rule_name = 'Typed into silence'", &[]).await;
    assert_eq!(count.expect("a count").get::<_, i64>(0), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_that_falls_silent_in_its_middle_lets_the_others_go_on() {
    let (console, proxy) = behind_a_proxy().await;
    let superuser = console.database.as_superuser().await;
    let many = "SET session_replication_role = replica; \
         INSERT INTO transactions (account_id, transaction_type, amount, description, reference_number) \
         SELECT gen_random_uuid(), 'fee', 5, repeat('x', 900), 'PAY-' || i FROM generate_series(1, 20000) i";
    superuser.batch_execute(many).await.expect("many rows");
    let auditor = console.signed_in("auditor").await;
    let cookies = auditor.cookies().iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
    let address = format!("{}/tables/transactions/export.csv", auditor.address());
    let mut export = reqwest::Client::new().get(address).header("cookie", cookies).send().await.expect("it begins");
    export.chunk().await.expect("the first rows").expect("the first rows");
    proxy.fall_silent();
    until("the probe notices", &auditor, "/health/ready", |answer| answer.status == 503).await;
    proxy.speak();
    console.until_ready().await;
    until_served(&auditor).await;
    assert_eq!(auditor.get("/tables/accounts/export.csv").await.status, 200, "there is room for another one");
    drop(export);
}
