//! How does a test run the built program on data of its own, and take it down again?

use std::{
    fs::{self, DirBuilder},
    io::{BufReader, Read as _, Write as _},
    net::TcpStream,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

pub const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(10);
static NEXT: AtomicU32 = AtomicU32::new(0);

/// A data directory of one test, removed at its end together with whatever server still works in it.
pub struct DataDir(PathBuf);

impl DataDir {
    pub fn new() -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("nx{}-{number}", std::process::id()));
        // The server's account must be able to pass through.
        DirBuilder::new().mode(0o755).create(&path).expect("a directory of its own");
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn socket_url(&self, user: &str) -> String {
        let directory = self.0.join("run").display().to_string().replace('/', "%2F");
        format!("postgres://{user}@{directory}/nexus")
    }

    pub fn postmaster(&self) -> Option<i32> {
        fs::read_to_string(self.0.join("data/postmaster.pid")).ok()?.lines().next()?.trim().parse().ok()
    }

    /// The program with nothing of the test's own environment but what finding PostgreSQL takes.
    pub fn program(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nexus-console"));
        command.args(arguments).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("NEXUS_DATA_DIR", &self.0).env("NEXUS_BIND", "127.0.0.1:0").stdin(Stdio::null());
        command
    }

    /// Runs a command that ends by itself.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.program(arguments).output().expect("the program runs")
    }

    pub fn serve(&self, arguments: &[&str]) -> Running {
        Running::start(self.program(&[&["serve"], arguments].concat()))
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        if let Some(postmaster) = self.postmaster().filter(|pid| is_alive(*pid)) {
            signal(postmaster, Signal::QUIT);
            until("the server is gone", || !is_alive(postmaster));
        }
        fs::remove_dir_all(&self.0).ok();
    }
}

/// A console that serves; killed if the test ends before it.
pub struct Running {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Running {
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
        let lines = Arc::new(Mutex::new(Vec::new()));
        let output = child.stdout.take().expect("piped");
        let errors = child.stderr.take().expect("piped");
        gather(BufReader::new(output), Arc::clone(&lines));
        gather(BufReader::new(errors), Arc::clone(&lines));
        Self { child, lines }
    }

    pub fn printed(&self) -> Vec<String> {
        self.lines.lock().expect("no reader panics").clone()
    }

    pub fn says(&self, words: &str) -> bool {
        self.printed().iter().any(|line| line.contains(words))
    }

    pub fn port(&self) -> u16 {
        let find = || self.printed().iter().find_map(|line| line.strip_prefix("listening on http://127.0.0.1:")?.parse().ok());
        until(&format!("it listens: {:?}", self.printed()), || find().is_some());
        find().expect("just seen")
    }

    pub fn until_ready(&self) {
        let port = self.port();
        let since = Instant::now();
        while status(port, "/health/ready") != Some(200) {
            assert!(since.elapsed() < PATIENCE, "never ready: {:?}", self.printed());
            thread::sleep(POLL);
        }
    }

    pub fn get(&self, path: &str) -> Option<u16> {
        status(self.port(), path)
    }

    pub fn signal(&self, which: Signal) {
        signal(i32::try_from(self.child.id()).expect("a process id"), which);
    }

    /// The exit status; `None` when a signal ended it.
    pub fn ended(&mut self) -> Option<i32> {
        let since = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("it can be waited for") {
                return status.code();
            }
            assert!(since.elapsed() < PATIENCE * 2, "does not end: {:?}", self.printed());
            thread::sleep(POLL);
        }
    }

    pub fn stop(mut self) -> Option<i32> {
        self.signal(Signal::TERM);
        self.ended()
    }

    pub fn kill(mut self) {
        self.signal(Signal::KILL);
        self.ended();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn gather(reader: impl std::io::BufRead + Send + 'static, lines: Arc<Mutex<Vec<String>>>) {
    thread::spawn(move || {
        for line in reader.lines().map_while(Result::ok) {
            lines.lock().expect("no reader panics").push(line);
        }
    });
}

/// The whole answer, as text.
pub fn get(port: u16, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(15))).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    Some(String::from_utf8_lossy(&answer).into_owned())
}

pub fn status(port: u16, path: &str) -> Option<u16> {
    get(port, path)?.split_whitespace().nth(1)?.parse().ok()
}

pub fn until(what: &str, condition: impl Fn() -> bool) {
    let since = Instant::now();
    while !condition() {
        assert!(since.elapsed() < PATIENCE, "waited in vain until {what}");
        thread::sleep(POLL);
    }
}

pub fn signal(process: i32, which: Signal) {
    let process = Pid::from_raw(process).expect("a process id");
    kill_process(process, which).expect("it can be signalled");
}

/// A zombie is dead, only not buried.
pub fn is_alive(process: i32) -> bool {
    fs::read_to_string(format!("/proc/{process}/stat"))
        .is_ok_and(|stat| !stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with(['Z', 'X'])))
}
