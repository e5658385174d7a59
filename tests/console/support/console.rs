//! How does a test get a running console, the real program on a port of its own?

use std::{
    path::PathBuf,
    process::Stdio,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use super::{browser::Browser, database::TestDatabase};

/// 32 bytes in hex, of tests only.
const SECRET_KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const STARTS_WITHIN: Duration = Duration::from_secs(60);

/// The program, serving one database; killed when the test lets go of it.
pub struct Console {
    pub address: String,
    pub process: Child,
    pub data_dir: PathBuf,
    pub database: TestDatabase,
}

/// Starts the program on a database and waits until it is ready.
pub async fn console(database: TestDatabase) -> Console {
    console_with(database, &[]).await
}

/// The program on a database, about to run with these arguments.
pub fn program(database: &TestDatabase, arguments: &[&str]) -> (Command, PathBuf) {
    let data_dir = std::env::temp_dir().join(format!("nexus-console-{}-{}", std::process::id(), database.name));
    std::fs::create_dir_all(&data_dir).expect("a data folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_nexus-console"));
    command
        .args(arguments)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("DATABASE_URL", database.url_of(&database.application))
        .env("DATABASE_MIGRATION_URL", database.url_of(&database.owner))
        .env("NEXUS_SECRET_KEY", SECRET_KEY)
        .env("NEXUS_BIND", "127.0.0.1:0")
        .env("NEXUS_DATA_DIR", &data_dir);
    (command, data_dir)
}

/// As [`console`], configured further.
pub async fn console_with(database: TestDatabase, environment: &[(&str, &str)]) -> Console {
    let (mut command, data_dir) = program(&database, &["serve"]);
    let mut process = command
        .envs(environment.iter().copied())
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(data_dir.join("stderr")).expect("a log"))
        .kill_on_drop(true)
        .spawn()
        .expect("the program starts");
    let mut lines = BufReader::new(process.stdout.take().expect("its output")).lines();
    let address = loop {
        let line =
            tokio::time::timeout(STARTS_WITHIN, lines.next_line()).await.expect("it says where it listens").expect("its output is text");
        let line =
            line.unwrap_or_else(|| panic!("the program ended: {}", std::fs::read_to_string(data_dir.join("stderr")).unwrap_or_default()));
        if let Some(address) = line.strip_prefix("listening on ") {
            break address.to_owned();
        }
    };
    // The program must never wait for a reader of what it prints.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    let console = Console { address, process, data_dir, database };
    console.until_ready().await;
    console
}

impl Console {
    pub async fn until_ready(&self) {
        let since = Instant::now();
        let browser = self.browser();
        while browser.try_get("/health/ready").await.is_none_or(|answer| answer.status != 200) {
            assert!(
                since.elapsed() < STARTS_WITHIN,
                "not ready: {}",
                std::fs::read_to_string(self.data_dir.join("stderr")).unwrap_or_default()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// A browser without a cookie.
    pub fn browser(&self) -> Browser {
        Browser::new(&self.address)
    }

    /// A browser of somebody logged in.
    pub async fn signed_in(&self, username: &str) -> Browser {
        let browser = self.browser();
        browser.sign_in(username).await;
        browser
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        let _ = self.process.start_kill();
        let _ = std::fs::remove_dir_all(&self.data_dir);
    }
}
