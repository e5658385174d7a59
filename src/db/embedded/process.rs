//! Is the server running, and how is it started and stopped without harming its data?

use std::{
    fs,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use super::{
    EmbeddedError, Start,
    cluster::{Cluster, last_lines},
};

/// An orphan is adopted at once; one that is shutting down needs a moment to be gone.
const ORPHAN_ANSWERS: Duration = Duration::from_secs(10);
const SERVER_ANSWERS: Duration = Duration::from_secs(60);
/// Another console may be in the middle of its first start.
pub(super) const ANOTHER_STARTS: Duration = Duration::from_secs(60);
const HOLDERS_END: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);

impl Cluster {
    pub fn start(&self) -> Result<Start, EmbeddedError> {
        self.socket_directory()?;
        let created = !self.is_created();
        if created {
            self.create()?;
        } else if self.is_running() && self.wait_until_ready(ORPHAN_ANSWERS).is_ok() {
            return Ok(Start::Adopted);
        }
        self.clear_stale_locks()?;
        self.configure()?;
        self.launch()?;
        self.wait_until_ready(SERVER_ANSWERS)?;
        Ok(if created { Start::Created } else { Start::Started })
    }

    pub fn stop(&self) -> Result<(), EmbeddedError> {
        if !self.is_running() {
            return Ok(());
        }
        let mut stop = self.command("pg_ctl");
        stop.args(["stop", "-m", "fast", "-w", "-s", "-t", "60", "-D"]).arg(&self.data);
        let output = stop.output().map_err(|source| self.unrunnable(source))?;
        if output.status.success() || !self.is_running() { Ok(()) } else { Err(EmbeddedError::Stop(last_lines(&output.stderr))) }
    }

    fn launch(&self) -> Result<(), EmbeddedError> {
        let log = self.data.join("server.log");
        let mut start = self.command("pg_ctl");
        start.args(["start", "-w", "-s", "-t", "60", "-D"]).arg(&self.data).arg("-l").arg(&log);
        // Inherited pipes would stay open in the server and keep us waiting: only status and log count.
        start.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let status = start.status().map_err(|source| self.unrunnable(source))?;
        if status.success() {
            return Ok(());
        }
        Err(EmbeddedError::Start(last_lines(&fs::read(&log).unwrap_or_default())))
    }

    pub fn wait_until_ready(&self, limit: Duration) -> Result<(), EmbeddedError> {
        let since = Instant::now();
        loop {
            if self.answers() {
                return Ok(());
            }
            if since.elapsed() > limit {
                return Err(EmbeddedError::NotReady(limit));
            }
            thread::sleep(POLL);
        }
    }

    fn answers(&self) -> bool {
        self.status_line() == "ready" && UnixStream::connect(self.sockets.join(".s.PGSQL.5432")).is_ok()
    }

    /// Line 8 of postmaster.pid: starting, ready, standby or stopping.
    fn status_line(&self) -> String {
        let text = fs::read_to_string(self.data.join("postmaster.pid")).unwrap_or_default();
        text.lines().nth(7).map(|line| line.trim().to_owned()).unwrap_or_default()
    }

    pub fn is_running(&self) -> bool {
        pid_in(&self.data.join("postmaster.pid")).is_some_and(|pid| self.works_in_data(pid))
    }

    /// Cheap enough to be asked several times a second: is this process there, and no zombie?
    pub fn is_alive(&self) -> bool {
        pid_in(&self.data.join("postmaster.pid")).is_some_and(|pid| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            // The name in parentheses may hold anything, so the state is what follows the last one.
            let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
            !matches!(state, None | Some('Z' | 'X'))
        })
    }

    /// The server's working directory is its data directory; a zombie has none to read, and a stranger another.
    fn works_in_data(&self, pid: u32) -> bool {
        let link = PathBuf::from(format!("/proc/{pid}/cwd"));
        let Ok(data) = fs::canonicalize(&self.data) else {
            return false;
        };
        match fs::read_link(&link) {
            Ok(directory) => directory == data,
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => self.links_read_by_account(&[link]).contains(&data),
            Err(_) => false,
        }
    }

    /// In a container root may not look into other accounts' processes, but the account itself may.
    fn links_read_by_account(&self, links: &[PathBuf]) -> Vec<PathBuf> {
        let mut read = std::process::Command::new("readlink");
        read.args(links).env_clear().env("PATH", "/usr/bin:/bin").current_dir("/");
        if let Some(account) = &self.account {
            use std::os::unix::process::CommandExt as _;
            read.uid(account.user).gid(account.group);
        }
        let output = read.stderr(std::process::Stdio::null()).output();
        let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
        text.lines().map(PathBuf::from).collect()
    }

    /// Server processes that outlived a killed postmaster; starting beside them would ruin the data.
    fn has_holders(&self) -> bool {
        let Ok(data) = fs::canonicalize(&self.data) else {
            return false;
        };
        let mut unreadable = Vec::new();
        for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
            if !entry.file_name().to_string_lossy().bytes().all(|byte| byte.is_ascii_digit()) {
                continue;
            }
            let link = entry.path().join("cwd");
            match fs::read_link(&link) {
                Ok(directory) if directory == data => return true,
                Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => unreadable.push(link),
                Ok(_) | Err(_) => {}
            }
        }
        self.account.is_some() && !unreadable.is_empty() && self.links_read_by_account(&unreadable).contains(&data)
    }

    /// PostgreSQL honours a lock file whose process exists. Behind a killed server that can be a zombie
    /// (nobody reaps it in a container) or, after a reboot, any other process of the account.
    fn clear_stale_locks(&self) -> Result<(), EmbeddedError> {
        let since = Instant::now();
        while self.has_holders() {
            if since.elapsed() > HOLDERS_END {
                return Err(EmbeddedError::Holders { data: self.data.clone(), waited: HOLDERS_END });
            }
            thread::sleep(POLL);
        }
        for file in [self.data.join("postmaster.pid"), self.sockets.join(".s.PGSQL.5432.lock")] {
            if pid_in(&file).is_some_and(|pid| Path::new(&format!("/proc/{pid}")).exists()) {
                fs::remove_file(&file).map_err(EmbeddedError::files(&file))?;
            }
        }
        Ok(())
    }

    fn unrunnable(&self, source: std::io::Error) -> EmbeddedError {
        EmbeddedError::Program { program: "pg_ctl".into(), source }
    }
}

fn pid_in(file: &Path) -> Option<u32> {
    fs::read_to_string(file).ok()?.lines().next()?.trim().parse().ok()
}
