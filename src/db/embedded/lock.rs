//! Who uses the data at this moment?

use std::{
    fmt,
    fs::{self, File, OpenOptions, TryLockError},
    io::{Seek as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use super::EmbeddedError;

/// Commands are short; a second one waits for the first instead of sharing a server that is about to stop.
const COMMAND_ENDS_WITHIN: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(50);

/// What the data is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Serve,
    /// Any other command, by its name.
    Command(&'static str),
}

/// Who holds the data, as the holder wrote it: "123 serve", its process and its purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder(String);

impl fmt::Display for Holder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.split_once(' ') {
            Some((process, purpose)) => write!(formatter, "{purpose}, process {process}"),
            None => formatter.write_str("unknown"),
        }
    }
}

impl Holder {
    fn serves(&self) -> bool {
        self.0.ends_with("serve")
    }
}

#[derive(Debug)]
pub(super) struct DataLock(#[expect(dead_code, reason = "the open file is the lock")] File);

pub(super) enum Taken {
    Ours(DataLock),
    ServedBy(Holder),
}

pub(super) fn take(data_dir: &Path, purpose: Purpose) -> Result<Taken, EmbeddedError> {
    let path = data_dir.join("owner.lock");
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .mode(0o600)
        .open(&path)
        .map_err(EmbeddedError::files(&path))?;
    let since = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => {
                note(&mut file, purpose).map_err(EmbeddedError::files(&path))?;
                return Ok(Taken::Ours(DataLock(file)));
            }
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(source)) => return Err(EmbeddedError::Files { path, source }),
        }
        let holder = Holder(fs::read_to_string(&path).unwrap_or_default().trim().to_owned());
        if holder.serves() {
            return Ok(Taken::ServedBy(holder));
        }
        if since.elapsed() > COMMAND_ENDS_WITHIN {
            return Err(EmbeddedError::InUse { data: data_dir.to_owned(), holder, waited: COMMAND_ENDS_WITHIN });
        }
        thread::sleep(POLL);
    }
}

fn note(file: &mut File, purpose: Purpose) -> std::io::Result<()> {
    let purpose = match purpose {
        Purpose::Serve => "serve",
        Purpose::Command(name) => name,
    };
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{} {purpose}", std::process::id())
}
