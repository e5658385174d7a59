//! Where does the PostgreSQL of a test run live, and who stops it?

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use nexus_console::db::{
    connect::{Target, connect},
    embedded::{Embedded, Purpose},
};
use tokio::sync::OnceCell;

pub const OWNER: &str = "nexus_owner";
pub const APPLICATION: &str = "nexus_app";

pub struct Cluster {
    directory: PathBuf,
    _embedded: Embedded,
    /// Stops the server and removes its data when this process, however it ends, lets go of the pipe.
    _warden: Child,
}

static CLUSTER: OnceCell<Cluster> = OnceCell::const_new();

/// The run's own server, started by the first test that asks.
pub async fn cluster() -> &'static Cluster {
    CLUSTER.get_or_init(start).await
}

async fn start() -> Cluster {
    // A socket's path is short; the server's account must be able to reach it.
    let directory = std::env::temp_dir().join(format!("nexus-test-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a folder for the test server");
    let embedded = claimed(&directory);
    embedded.bootstrap().await.expect("the owner's role");
    // What is written need not outlive this machine, only this process and its server: killing either loses nothing of
    // it; and nobody comes back to its hundreds of databases. Many consoles work on it at once, and crowds race on it.
    // Servers that the tests of faults start for themselves keep the console's own settings.
    let superuser = connect(&Target::socket(&directory.join("run"), "postgres", "postgres")).await.expect("the superuser connects");
    for setting in ["fsync = off", "full_page_writes = off", "autovacuum = off", "max_connections = 200"] {
        superuser.batch_execute(&format!("ALTER SYSTEM SET {setting}")).await.expect("a setting of the server");
    }
    drop(superuser);
    // How many may connect is read at the start alone.
    tokio::task::block_in_place(|| embedded.stop()).expect("the test server stops");
    drop(embedded);
    let embedded = claimed(&directory);
    let warden = warden(&directory);
    Cluster { directory, _embedded: embedded, _warden: warden }
}

/// The server of a directory, running.
pub fn claimed(directory: &Path) -> Embedded {
    let embedded = Embedded::claim(directory, Purpose::Serve).expect("PostgreSQL is installed");
    tokio::task::block_in_place(|| embedded.start()).expect("the test server starts");
    embedded
}

/// Outlives this process by as long as it takes to stop the server of a directory and to remove it.
pub fn warden(directory: &Path) -> Child {
    Command::new("sh")
        .arg("-c")
        .arg(
            "read _; pid=$(head -n 1 \"$1/data/postmaster.pid\") && kill -QUIT \"$pid\"; \
             while kill -0 \"$pid\" 2>/dev/null; do sleep 0.1; done; rm -rf \"$1\"",
        )
        .arg("warden")
        .arg(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a shell")
}

impl Cluster {
    pub fn target(&self, user: &str, database: &str) -> Target {
        Target::socket(&self.directory.join("run"), user, database)
    }
}
