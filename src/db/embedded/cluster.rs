//! What does the cluster consist of, and how is it created?

use std::{
    fs::{self, File},
    io::{self, Write as _},
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::{
    EmbeddedError, OWNER, SERVING, SUPERUSER,
    account::{self, Account},
    binaries,
};

/// `sun_path` holds 107 bytes, and PostgreSQL appends "/.s.PGSQL.5432" and, for its lock, ".lock".
const LONGEST_SOCKET_DIRECTORY: usize = 85;
const LEFTOVERS_END_WITHIN: Duration = Duration::from_secs(20);
const OWN_CONFIGURATION: &str = "nexus.conf";
const PEER_MAP: &str = "nexus_console";

#[derive(Debug)]
pub(super) struct Cluster {
    binaries: PathBuf,
    pub data_dir: PathBuf,
    pub data: PathBuf,
    pub sockets: PathBuf,
    pub account: Option<Account>,
}

impl Cluster {
    pub fn locate(data_dir: &Path) -> Result<Self, EmbeddedError> {
        let data = data_dir.join("data");
        let sockets = data_dir.join("run");
        if sockets.as_os_str().len() > LONGEST_SOCKET_DIRECTORY {
            return Err(EmbeddedError::PathTooLong { path: sockets, longest: LONGEST_SOCKET_DIRECTORY });
        }
        let binaries = binaries::find(major_of_data(&data).map(|major| (major, data.as_path())))?;
        let account = account::to_run_as(&data)?;
        account::data_directory(data_dir, account.as_ref())?;
        Ok(Self { binaries, data_dir: data_dir.to_owned(), data, sockets, account })
    }

    pub fn programs(&self) -> &Path {
        &self.binaries
    }

    pub fn psql(&self) -> PathBuf {
        self.binaries.join("psql")
    }

    /// Nothing of the console's environment reaches the server: no PGDATA, no locale, no secret.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.binaries.join(program));
        command.env_clear().env("LC_ALL", "C").env("TZ", "UTC").env("PATH", "/usr/bin:/bin");
        command.current_dir("/").stdin(Stdio::null());
        if let Some(account) = &self.account {
            command.uid(account.user).gid(account.group);
        }
        command
    }

    pub fn is_created(&self) -> bool {
        self.data.join("PG_VERSION").is_file()
    }

    pub fn socket_directory(&self) -> Result<(), EmbeddedError> {
        account::private_directory(&self.sockets, self.account.as_ref())
    }

    /// Into a side directory, then renamed: a kill in the middle leaves nothing half made.
    pub fn create(&self) -> Result<(), EmbeddedError> {
        let aside = self.data_dir.join("data.new");
        let mut complaint = String::new();
        for locale in ["--locale=C.UTF-8", "--no-locale"] {
            if aside.exists() {
                remove_for_good(&aside).map_err(EmbeddedError::files(&aside))?;
            }
            account::private_directory(&aside, self.account.as_ref())?;
            let output = self.initialise(&aside, locale)?;
            if output.status.success() {
                return self.keep(&aside);
            }
            complaint = last_lines(&output.stderr);
        }
        Err(EmbeddedError::Initialise(complaint))
    }

    fn initialise(&self, aside: &Path, locale: &str) -> Result<Output, EmbeddedError> {
        let mut initdb = self.command("initdb");
        initdb.arg("-D").arg(aside).args(["-U", SUPERUSER, "-E", "UTF8", locale]);
        initdb.args(["--data-checksums", "--auth-local=peer", "--auth-host=reject", "--no-instructions"]);
        initdb.output().map_err(|source| EmbeddedError::Program { program: self.binaries.join("initdb"), source })
    }

    fn keep(&self, aside: &Path) -> Result<(), EmbeddedError> {
        let main = aside.join("postgresql.conf");
        let mut file = File::options().append(true).open(&main).map_err(EmbeddedError::files(&main))?;
        writeln!(file, "\ninclude_if_exists '{OWN_CONFIGURATION}'").map_err(EmbeddedError::files(&main))?;
        file.sync_all().map_err(EmbeddedError::files(&main))?;
        fs::rename(aside, &self.data).map_err(EmbeddedError::files(&self.data))?;
        let parent = File::open(&self.data_dir).map_err(EmbeddedError::files(&self.data_dir))?;
        parent.sync_all().map_err(EmbeddedError::files(&self.data_dir))
    }

    /// Written before every start, so that a moved directory or another account of the console keeps working.
    pub fn configure(&self) -> Result<(), EmbeddedError> {
        let names = account::names_of_trusted(self.account.as_ref())?;
        let mut identities = String::new();
        for name in &names {
            for role in [SUPERUSER, OWNER, SERVING] {
                identities.push_str(&format!("{PEER_MAP} \"{name}\" {role}\n"));
            }
        }
        let access = format!("local all all peer map={PEER_MAP}\nlocal replication all peer map={PEER_MAP}\n");
        let server = format!(
            "listen_addresses = ''\n\
             port = 5432\n\
             unix_socket_directories = '\"{}\"'\n\
             unix_socket_permissions = 0700\n\
             max_connections = 60\n\
             log_min_messages = warning\n",
            self.sockets.display()
        );
        self.write(OWN_CONFIGURATION, &server)?;
        self.write("pg_hba.conf", &access)?;
        self.write("pg_ident.conf", &identities)
    }

    fn write(&self, name: &str, content: &str) -> Result<(), EmbeddedError> {
        let path = self.data.join(name);
        let aside = self.data.join([name, ".new"].concat());
        fs::write(&aside, content).map_err(EmbeddedError::files(&aside))?;
        fs::set_permissions(&aside, fs::Permissions::from_mode(0o600)).map_err(EmbeddedError::files(&aside))?;
        if let Some(account) = &self.account {
            std::os::unix::fs::chown(&aside, Some(account.user), Some(account.group)).map_err(EmbeddedError::files(&aside))?;
        }
        fs::rename(&aside, &path).map_err(EmbeddedError::files(&path))
    }
}

/// An `initdb` that outlived the console that ran it may still be writing: the folder is emptied until it stays so.
fn remove_for_good(folder: &Path) -> io::Result<()> {
    let since = Instant::now();
    loop {
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty && since.elapsed() < LEFTOVERS_END_WITHIN => {
                thread::sleep(Duration::from_millis(50));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            outcome => return outcome,
        }
    }
}

fn major_of_data(data: &Path) -> Option<u32> {
    fs::read_to_string(data.join("PG_VERSION")).ok()?.trim().parse().ok()
}

/// Programs of PostgreSQL explain themselves over several lines; ours are one.
pub(in crate::db) fn last_lines(output: &[u8]) -> String {
    const KEPT: usize = 4;
    let text = String::from_utf8_lossy(output);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(KEPT)..].join("; ")
}
