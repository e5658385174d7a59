//! The database failed over to a standby: what can still be read, what do forms say, and what follows its promotion?

use std::process::{Child, Stdio};

use rustix::process::Signal;
use tokio::task::block_in_place;

use super::{
    proxy::Proxy,
    server::Server,
    site::{Site, assert_passing, send_again, until},
};
use crate::{
    forms::{filled, with},
    running::{DataDir, signal},
};

/// A copy that follows a server; its socket lies in its own folder.
struct Standby {
    folder: DataDir,
    process: Child,
}

impl Standby {
    async fn of(server: &Server) -> Standby {
        let folder = DataDir::new();
        let owner = std::fs::metadata(server.path().join("data")).expect("there is data");
        for part in ["data", "run"] {
            let part = folder.path().join(part);
            std::fs::create_dir(&part).expect("a folder");
            std::fs::set_permissions(&part, std::os::unix::fs::PermissionsExt::from_mode(0o700)).expect("private");
            use std::os::unix::fs::MetadataExt as _;
            std::os::unix::fs::chown(&part, Some(owner.uid()), Some(owner.gid())).expect("the server's own");
        }
        let (data, run) = (folder.path().join("data"), folder.path().join("run"));
        let mut backup = server.program("pg_basebackup");
        backup.arg("-D").arg(&data).arg("-h").arg(server.sockets()).args(["-U", "postgres", "-X", "stream", "-c", "fast", "-R"]);
        let output = block_in_place(|| backup.output().expect("it runs"));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut start = server.program("postgres");
        start.arg("-D").arg(&data).arg("-c").arg(format!("unix_socket_directories={}", run.display()));
        let process = start.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        let standby = Standby { folder, process };
        while nexus_console::db::connect::connect(&standby.target("postgres")).await.is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        standby
    }

    fn target(&self, role: &str) -> nexus_console::db::connect::Target {
        nexus_console::db::connect::Target::socket(&self.folder.path().join("run"), role, "nexus")
    }
}

impl Drop for Standby {
    fn drop(&mut self) {
        signal(i32::try_from(self.process.id()).expect("a process id"), Signal::QUIT);
        self.process.wait().ok();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_is_read_and_written_once_it_is_promoted() {
    let mut server = Server::start().await;
    let proxy = Proxy::before(&server.socket()).await;
    let site = Site::open(&server, &proxy.url("nexus_app", "nexus"));
    let admin = site.signed_in("admin").await;
    let page = admin.get("/tables/ssot_governance_rules/new").await;
    let token = page.value("csrf_token").expect("a token");
    let standby = Standby::of(&server).await;
    // Written after the copy was taken: a fast stop hands it on before it ends.
    let before = with(filled(&page), &[("id", &uuid::Uuid::now_v7().to_string()), ("rule_name", "before"), ("rule_type", "validation")]);
    assert_eq!(crate::forms::send(&admin, "/tables/ssot_governance_rules", &before).await.status, 303);
    let follower = nexus_console::db::connect::connect(&standby.target("postgres")).await.expect("it answers");
    while follower.query_opt("SELECT 1 FROM ssot_governance_rules WHERE rule_name = 'before'", &[]).await.expect("an answer").is_none() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }

    proxy.lead_to(&standby.folder.path().join("run/.s.PGSQL.5432"));
    block_in_place(|| server.end(Signal::INT));
    let ready = until("it is ready to be read", &admin, "/health/ready", |answer| answer.body.contains("takes no changes")).await;
    assert_eq!(ready.status, 200);
    let list = until("lists are read", &admin, "/tables/ssot_governance_rules", |answer| answer.status == 200).await;
    assert!(list.text().contains("before"), "{}", list.text());

    let form = with(filled(&page), &[("rule_name", "after"), ("rule_type", "validation")]);
    let fields: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let unsent = admin.post_with("/tables/ssot_governance_rules", &token, &fields).await;
    assert_passing(&unsent, "only lets itself be read");
    let export = admin.get("/tables/accounts/export.csv").await;
    assert_passing(&export, "only lets itself be read");

    follower.query_one("SELECT pg_promote()", &[]).await.expect("it takes over");
    until("it takes changes", &admin, "/health/ready", |answer| answer.body == "ready\n").await;
    let saved = send_again(&admin, &unsent).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    let row = follower.query_one("SELECT count(*) FROM ssot_governance_rules WHERE rule_name IN ('before', 'after')", &[]).await;
    assert_eq!(row.expect("a count").get::<_, i64>(0), 2);
}
