//! How does a test get a PostgreSQL that it may stop, kill and starve?

use std::{
    os::unix::{fs::MetadataExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use nexus_console::db::{
    connect::{Target, connect},
    embedded::{Embedded, Purpose},
};
use rustix::process::Signal;
use tokio::task::block_in_place;
use tokio_postgres::Client;

use crate::{
    running::{DataDir, PATIENCE, signal},
    support::people,
};

/// A migrated database where the people work, on a server that nobody supervises.
pub struct Server {
    data: DataDir,
    programs: PathBuf,
    process: Option<Child>,
}

impl Server {
    pub async fn start() -> Server {
        let data = DataDir::new();
        let migrated = block_in_place(|| data.run(&["migrate", "up"]));
        assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
        let psql = Embedded::claim(data.path(), Purpose::Command("a test")).expect("nobody else has it").repair_command();
        let psql = psql.split_once(" -h ").expect("a program and where").0.to_owned();
        let programs = Path::new(&psql).parent().expect("a folder of programs").to_owned();
        let mut server = Server { data, programs, process: None };
        server.restart(&[]).await;
        people::hire(&server.client("nexus_owner").await).await;
        server
    }

    pub fn path(&self) -> &Path {
        self.data.path()
    }

    /// One of PostgreSQL's programs, run by the account whose data it is.
    pub fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        let owner = std::fs::metadata(self.path().join("data")).expect("there is data");
        command.env_clear().env("LC_ALL", "C").env("PATH", "/usr/bin:/bin").current_dir("/").stdin(Stdio::null());
        command.uid(owner.uid()).gid(owner.gid());
        command
    }

    /// Starts the server where it does not run, with these variables, and waits until it answers. Beside what a killed
    /// postmaster left behind it refuses to start, and is started again.
    pub async fn restart(&mut self, environment: &[(&str, &str)]) {
        let since = Instant::now();
        while self.process.is_none() {
            let log = std::fs::File::create(self.path().join("postgres.log")).expect("a log");
            let mut command = self.program("postgres");
            command.arg("-D").arg(self.path().join("data")).envs(environment.iter().copied());
            let mut process = command.stdout(Stdio::null()).stderr(log).spawn().expect("the server starts");
            while process.try_wait().expect("it can be waited for").is_none() {
                if connect(&self.target("postgres")).await.is_ok() {
                    self.process = Some(process);
                    break;
                }
                assert!(since.elapsed() < PATIENCE, "it does not start: {}", self.log());
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path().join("postgres.log")).unwrap_or_default()
    }

    /// TERM is a smart stop, INT a fast one, QUIT an immediate one, and KILL none at all; ends when the postmaster has ended.
    pub fn end(&mut self, how: Signal) {
        let mut process = self.process.take().expect("it runs");
        signal(i32::try_from(process.id()).expect("a process id"), how);
        process.wait().expect("it ends");
    }

    pub fn target(&self, role: &str) -> Target {
        Target::socket(&self.sockets(), role, "nexus")
    }

    pub fn sockets(&self) -> PathBuf {
        self.path().join("run")
    }

    pub fn socket(&self) -> PathBuf {
        self.sockets().join(".s.PGSQL.5432")
    }

    pub fn url(&self, role: &str) -> String {
        self.data.socket_url(role)
    }

    /// Waits for a server that still starts or recovers.
    pub async fn client(&self, role: &str) -> Client {
        let since = Instant::now();
        loop {
            match connect(&self.target(role)).await {
                Ok(client) => return client,
                Err(error) => assert!(since.elapsed() < PATIENCE, "{error}\n{}", self.log()),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            signal(i32::try_from(process.id()).expect("a process id"), Signal::QUIT);
            process.wait().ok();
        }
    }
}
