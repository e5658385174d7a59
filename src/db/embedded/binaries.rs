//! Which PostgreSQL of this machine is run?

use std::{
    collections::BTreeMap,
    fs,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    process::Command,
};

use super::EmbeddedError;

const MAJORS: RangeInclusive<u32> = 15..=18;
const NEEDED: [&str; 3] = ["postgres", "initdb", "pg_ctl"];

/// The directory of the wanted major version's programs, or of the newest there is.
pub(super) fn find(wanted: Option<(u32, &Path)>) -> Result<PathBuf, EmbeddedError> {
    let mut by_major = BTreeMap::new();
    for directory in candidates() {
        if let Some(major) = major(&directory).filter(|major| MAJORS.contains(major)) {
            by_major.entry(major).or_insert(directory);
        }
    }
    match wanted {
        Some((needed, data)) => by_major.remove(&needed).ok_or_else(|| EmbeddedError::OtherMajor {
            data: data.to_owned(),
            needed,
            command: install_major(needed),
        }),
        None => by_major.pop_last().map(|(_, directory)| directory).ok_or(EmbeddedError::NoServer { command: install_any() }),
    }
}

/// Distributions keep the server's programs out of PATH, each in a place of its own; PATH is asked last.
fn candidates() -> Vec<PathBuf> {
    let mut directories: Vec<PathBuf> = Vec::new();
    for (root, prefix) in [
        ("/usr/lib/postgresql", ""),
        ("/usr", "pgsql-"),
        ("/usr/libexec", "postgresql"),
        ("/opt/homebrew/opt", "postgresql"),
        ("/usr/local/opt", "postgresql"),
    ] {
        for entry in fs::read_dir(root).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(prefix) {
                directories.push(entry.path().join("bin"));
                directories.push(entry.path());
            }
        }
    }
    directories.push("/usr/local/pgsql/bin".into());
    directories.extend(std::env::var_os("PATH").iter().flat_map(std::env::split_paths));
    directories.retain(|directory| NEEDED.iter().all(|program| directory.join(program).is_file()));
    directories
}

/// From "postgres (PostgreSQL) 15.14 (Debian …)"; a beta says "18beta1".
fn major(directory: &Path) -> Option<u32> {
    let output = Command::new(directory.join("postgres")).arg("--version").output().ok()?;
    parse_major(&String::from_utf8(output.stdout).ok()?)
}

fn parse_major(version: &str) -> Option<u32> {
    let number = version.split_once("(PostgreSQL)")?.1.trim_start();
    let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

fn install_any() -> &'static str {
    let is_root = rustix::process::geteuid().is_root();
    match (package_manager(), is_root) {
        (Some(PackageManager::Apt), true) => "apt-get install -y postgresql",
        (Some(PackageManager::Apt), false) => "sudo apt-get install -y postgresql",
        (Some(PackageManager::Dnf), true) => "dnf install -y postgresql-server",
        (Some(PackageManager::Dnf), false) => "sudo dnf install -y postgresql-server",
        (Some(PackageManager::Apk), true) => "apk add postgresql",
        (Some(PackageManager::Apk), false) => "sudo apk add postgresql",
        (None, _) => "your system's package manager, package postgresql",
    }
}

fn install_major(major: u32) -> String {
    let rights = if rustix::process::geteuid().is_root() { "" } else { "sudo " };
    format!("{rights}apt-get install -y postgresql-{major}")
}

enum PackageManager {
    Apt,
    Dnf,
    Apk,
}

fn package_manager() -> Option<PackageManager> {
    if Path::new("/usr/bin/apt-get").is_file() {
        Some(PackageManager::Apt)
    } else if Path::new("/usr/bin/dnf").is_file() {
        Some(PackageManager::Dnf)
    } else if Path::new("/sbin/apk").is_file() {
        Some(PackageManager::Apk)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::parse_major;

    #[test]
    fn the_major_version_is_read_from_what_postgres_says() {
        assert_eq!(parse_major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(parse_major("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(parse_major("something else"), None);
    }
}
