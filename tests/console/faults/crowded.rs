//! What happens when every connection to PostgreSQL is somebody else's?

use std::time::Duration;

use nexus_console::db::connect::{Reason, connect};
use tokio_postgres::Client;

use super::{
    server::Server,
    site::{Site, assert_passing, send_again, until, until_served},
};
use crate::{
    forms::{filled, with},
    support::{Answer, Browser},
};

const THEIRS: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'nexus_app'";
const SAID: &str = "No connection to the database is free";

async fn form(browser: &Browser, name: &str) -> (String, Vec<(String, String)>) {
    let page = browser.get("/tables/ssot_governance_rules/new").await;
    (page.value("csrf_token").expect("a token"), with(filled(&page), &[("rule_name", name), ("rule_type", "validation")]))
}

async fn sent(browser: &Browser, token: &str, form: &[(String, String)]) -> Answer {
    let fields: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.post_with("/tables/ssot_governance_rules", token, &fields).await
}

/// Takes whatever connection is free, and ends those of the console, until it has none left.
async fn take_all(server: &Server, superuser: &Client) -> Vec<Client> {
    let mut taken = Vec::new();
    loop {
        match connect(&server.target("nexus_owner")).await {
            Ok(client) => taken.push(client),
            Err(error) => {
                assert_eq!(error.reason, Reason::TooManyConnections, "{error}");
                let ended: i64 = superuser.query_one(THEIRS, &[]).await.expect("an answer").get(0);
                if ended == 0 {
                    return taken;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_a_free_connection_is_waited_for_and_so_is_a_role_without_one() {
    let server = Server::start().await;
    let site = Site::open(&server, &server.url("nexus_app"));
    let superuser = server.client("postgres").await;
    let (reader, admin) = (site.signed_in("auditor").await, site.signed_in("admin").await);

    let (token, typed) = form(&admin, "Typed in the crowd").await;
    let taken = take_all(&server, &superuser).await;
    let crowded = until("the page says why", &reader, "/tables/accounts", |answer| answer.text().contains(SAID)).await;
    assert_passing(&crowded, SAID);
    let unsent = sent(&admin, &token, &typed).await;
    assert_passing(&unsent, "Nothing was saved");
    until("the probe says why", &reader, "/health/ready", |answer| answer.body.contains("it has no connection left")).await;
    drop(taken);
    site.until_ready();
    until_served(&reader).await;
    assert_eq!(send_again(&admin, &unsent).await.status, 303);

    let (token, typed) = form(&admin, "Typed at the limit").await;
    superuser.batch_execute("ALTER ROLE nexus_app CONNECTION LIMIT 0").await.expect("a limit");
    superuser.query_one(THEIRS, &[]).await.expect("an answer");
    let crowded = until("the page says why", &reader, "/tables/accounts", |answer| answer.text().contains(SAID)).await;
    assert_passing(&crowded, SAID);
    let unsent = sent(&admin, &token, &typed).await;
    assert_passing(&unsent, "Nothing was saved");
    let doctor = site.doctor();
    assert!(doctor.contains("WRONG  capacity: nexus_app may have 0 connections"), "{doctor}");
    superuser.batch_execute("ALTER ROLE nexus_app CONNECTION LIMIT -1").await.expect("no limit");
    site.until_ready();
    until_served(&reader).await;
    assert_eq!(send_again(&admin, &unsent).await.status, 303);
    let owner = server.client("nexus_owner").await;
    let row = owner.query_one("SELECT count(*) FROM ssot_governance_rules WHERE rule_name LIKE 'Typed %'", &[]).await.expect("a count");
    assert_eq!(row.get::<_, i64>(0), 2);
    assert!(site.console.printed().iter().any(|line| line.contains("too many connections")), "the log has the server's own words");
}
