//! As which operating-system account does the server run, and may it reach its files?

use std::{
    fs::{self, DirBuilder},
    io,
    os::unix::{
        fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, chown},
        process::CommandExt as _,
    },
    path::Path,
    process::Command,
};

use super::EmbeddedError;

/// The account PostgreSQL runs as when that is not the console's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    pub name: String,
    pub user: u32,
    pub group: u32,
}

/// `postgres` refuses to run as root: whoever the data belongs to, else the packaged account, else `nobody`.
pub(super) fn to_run_as(data: &Path) -> Result<Option<Account>, EmbeddedError> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let accounts = read_accounts()?;
    let owner = fs::metadata(data).ok().map(|metadata| metadata.uid()).filter(|user| *user != 0);
    let by_owner = owner.and_then(|owner| accounts.iter().find(|account| account.user == owner));
    let by_name = |name: &str| accounts.iter().find(|account| account.name == name);
    by_owner.or_else(|| by_name("postgres")).or_else(|| by_name("nobody")).cloned().map(Some).ok_or(EmbeddedError::NoAccount)
}

/// Names of root, of the console's own account, and of the server's: who may connect.
pub(super) fn names_of_trusted(server: Option<&Account>) -> Result<Vec<String>, EmbeddedError> {
    let own = rustix::process::geteuid().as_raw();
    let users = [Some(0), Some(own), server.map(|account| account.user)];
    let mut names: Vec<String> =
        read_accounts()?.into_iter().filter(|account| users.contains(&Some(account.user))).map(|account| account.name).collect();
    names.sort();
    names.dedup();
    Ok(names)
}

fn read_accounts() -> Result<Vec<Account>, EmbeddedError> {
    let path = Path::new("/etc/passwd");
    let text = fs::read_to_string(path).map_err(EmbeddedError::files(path))?;
    Ok(text.lines().filter_map(parse_account).collect())
}

fn parse_account(line: &str) -> Option<Account> {
    let mut fields = line.split(':');
    let (name, _password, user, group) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    Some(Account { name: name.to_owned(), user: user.parse().ok()?, group: group.parse().ok()? })
}

/// The data directory itself: others may pass through it as root's, so that the server's account reaches its part.
pub(super) fn data_directory(path: &Path, server: Option<&Account>) -> Result<(), EmbeddedError> {
    let mode = if server.is_some() { 0o711 } else { 0o700 };
    if !path.exists() {
        DirBuilder::new().recursive(true).mode(0o755).create(path).map_err(EmbeddedError::files(path))?;
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(EmbeddedError::files(path))?;
    }
    match server {
        Some(account) => reachable(path, account),
        None => Ok(()),
    }
}

/// Asks as the account itself, because only the kernel knows every rule that applies.
fn reachable(path: &Path, account: &Account) -> Result<(), EmbeddedError> {
    let mut test = Command::new("/bin/sh");
    test.args(["-c", "cd -- \"$1\"", "sh"]).arg(path).uid(account.user).gid(account.group);
    test.current_dir("/").stderr(std::process::Stdio::null());
    let status = test.status().map_err(|source| EmbeddedError::Program { program: "/bin/sh".into(), source })?;
    if status.success() { Ok(()) } else { Err(EmbeddedError::OutOfReach { path: path.to_owned(), account: account.name.clone() }) }
}

/// A directory of the server's account that nobody else enters; somebody else's is refused, a link too.
pub(super) fn private_directory(path: &Path, server: Option<&Account>) -> Result<(), EmbeddedError> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(source) => {
            return Err(EmbeddedError::Files { path: path.to_owned(), source });
        }
    }
    let own = rustix::process::geteuid().as_raw();
    let owner = server.map_or(own, |account| account.user);
    let metadata = fs::symlink_metadata(path).map_err(EmbeddedError::files(path))?;
    if !metadata.is_dir() || (metadata.uid() != owner && metadata.uid() != own) {
        return Err(EmbeddedError::NotOurs { path: path.to_owned() });
    }
    if let Some(account) = server {
        chown(path, Some(account.user), Some(account.group)).map_err(EmbeddedError::files(path))?;
    }
    fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(EmbeddedError::files(path))
}
