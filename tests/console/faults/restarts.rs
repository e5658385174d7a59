//! What do pages say while PostgreSQL is restarted under the console, and what becomes of what was being written?

use rustix::process::Signal;
use tokio::task::block_in_place;

use super::{
    paper::{self, Writers},
    server::Server,
    site::{Site, assert_passing, send_again, until, until_served},
};
use crate::{
    forms::{filled, with},
    running,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_stopped_or_killed_and_started_again_is_waited_for() {
    let mut server = Server::start().await;
    let site = Site::open(&server, &server.url("nexus_app"));
    let reader = site.signed_in("auditor").await;
    let admin = site.signed_in("admin").await;
    let page = admin.get("/tables/ssot_governance_rules/new").await;
    for (round, how) in [Signal::INT, Signal::QUIT, Signal::KILL].into_iter().enumerate() {
        let owner = server.client("nexus_owner").await;
        let writers = vec![("manager", site.signed_in("manager").await), ("manager2", site.signed_in("manager2").await)];
        let work = Writers::begin(writers, &owner).await;
        work.until_busy(8);
        block_in_place(|| server.end(how));
        let sheets = work.sheets().await;

        let away = until("the page says so", &reader, "/tables/accounts", |answer| answer.status == 503).await;
        assert_passing(&away, "The database does not answer");
        let name = format!("Typed while away {round}");
        let form = with(filled(&page), &[("id", &uuid::Uuid::now_v7().to_string()), ("rule_name", &name), ("rule_type", "validation")]);
        let fields: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let unsent = admin.post_with("/tables/ssot_governance_rules", &page.value("csrf_token").expect("a token"), &fields).await;
        assert_passing(&unsent, "Nothing was saved");
        let ready = until("the probe notices", &reader, "/health/ready", |answer| answer.status == 503).await;
        assert!(ready.body.contains("the database is away since"), "{}", ready.body);
        assert_eq!(reader.get("/health/live").await.status, 200);

        server.restart(&[]).await;
        site.until_ready();
        until_served(&reader).await;
        let owner = server.client("nexus_owner").await;
        paper::check(&owner, &sheets).await;
        for writer in ["manager", "manager2"] {
            paper::replay(&site.signed_in(writer).await, writer, &owner, &sheets).await;
        }
        let saved = send_again(&admin, &unsent).await;
        assert_eq!(saved.status, 303, "{}", saved.text());
        let count = owner.query_one("SELECT count(*) FROM ssot_governance_rules WHERE rule_name = $1", &[&name]).await.expect("a count");
        assert_eq!(count.get::<_, i64>(0), 1);
    }
    let said = site.console.printed().into_iter().filter(|line| line.contains("pages answer 503 until it is back")).count();
    assert_eq!(said, 3, "each absence is logged once: {:?}", site.console.printed());
    block_in_place(|| running::until("its return is logged too", || site.console.says("the database is back after")));
}
