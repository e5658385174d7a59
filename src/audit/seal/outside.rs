//! How do checkpoints leave the database, so that whoever owns it cannot take them back?
//!
//! Into `NEXUS_DATA_DIR/audit/checkpoints`, a file a day, a blank line between two of them: what was appended is on the
//! disk before anybody is told so, and a tail that a crash left behind is cut off before the next is written.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use chrono::NaiveDate;

use super::checkpoint::{Checkpoint, notes};
use crate::keys::private_directory;

/// The folder, which one console writes to.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    Now,
    /// It is the day's last already.
    Before,
}

impl Folder {
    #[must_use]
    pub fn under(data_dir: &Path) -> Folder {
        Folder(data_dir.join("audit").join("checkpoints"))
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// # Errors
    /// As the file system refuses; then the next call begins where this one did.
    pub fn append(&self, day: NaiveDate, note: &str) -> io::Result<Appended> {
        private_directory(&self.0)?;
        let path = self.0.join(format!("{day}.txt"));
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        let whole = whole(&text);
        if notes(whole).last().is_some_and(|last| *last == note) {
            return Ok(Appended::Before);
        }
        file.set_len(whole.len() as u64)?;
        file.seek(SeekFrom::End(0))?;
        let parted = if whole.is_empty() { note.to_owned() } else { ["\n", note].concat() };
        file.write_all(parted.as_bytes())?;
        file.sync_all()?;
        File::open(&self.0)?.sync_all()?;
        Ok(Appended::Now)
    }

    /// Of those of the last two days that there are, the one of most entries, whatever the database says now: behind a
    /// log that was cut short come smaller ones.
    ///
    /// # Errors
    /// As the file system refuses; a folder that is not there yet holds none.
    pub fn greatest(&self) -> io::Result<Option<Checkpoint>> {
        let mut files = match fs::read_dir(&self.0) {
            Ok(entries) => entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        files.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
        files.sort();
        let mut greatest: Option<Checkpoint> = None;
        for path in files.iter().rev().take(2) {
            let text = fs::read_to_string(path)?;
            for checkpoint in notes(whole(&text)).into_iter().filter_map(|note| Checkpoint::read(note.as_bytes()).ok()) {
                if greatest.as_ref().is_none_or(|known| known.size < checkpoint.size) {
                    greatest = Some(checkpoint);
                }
            }
        }
        Ok(greatest)
    }
}

/// Without what a crash left of a last note.
fn whole(text: &str) -> &str {
    let all = notes(text);
    let text = match all.last() {
        Some(last) if Checkpoint::read(last.as_bytes()).is_err() => &text[..text.len() - last.len()],
        Some(_) | None => text,
    };
    // The line that parts it from the next, which is not there yet.
    if text.ends_with("\n\n") { &text[..text.len() - 1] } else { text }
}

#[cfg(test)]
mod tests {
    use super::{super::key::Signer, *};

    #[test]
    fn what_a_crash_left_is_cut_off_and_nothing_before_it() {
        let data = std::env::temp_dir().join(format!("nexus-checkpoints-{}", uuid::Uuid::now_v7()));
        let folder = Folder::under(&data);
        assert_eq!(folder.greatest().expect("no folder is no error"), None);
        let signer = Signer::listed(&"0f".repeat(32)).expect("a key");
        let first = Checkpoint::next(&signer, None, 1, [1; 32]).expect("signed");
        let second = Checkpoint::next(&signer, Some(&first), 2, [2; 32]).expect("signed");
        let day = NaiveDate::from_ymd_opt(2026, 11, 29).expect("a day");
        let path = folder.path().join("2026-11-29.txt");
        assert_eq!(folder.append(day, first.note()).expect("appended"), Appended::Now);
        assert_eq!(folder.append(day, first.note()).expect("there"), Appended::Before);
        for torn in ["\n", &["\n", &second.note()[..60]].concat(), &["\n", &second.note()[..second.note().len() - 9]].concat()] {
            let kept = fs::read_to_string(&path).expect("a file");
            fs::write(&path, [&kept, torn].concat()).expect("torn");
            assert_eq!(folder.greatest().expect("read"), Some(first.clone()), "{torn}");
            assert_eq!(folder.append(day, first.note()).expect("there"), Appended::Before, "{torn}");
            fs::write(&path, [&kept, torn].concat()).expect("torn again");
            assert_eq!(folder.append(day, second.note()).expect("appended"), Appended::Now, "{torn}");
            assert_eq!(fs::read_to_string(&path).expect("a file"), [first.note(), "\n", second.note()].concat(), "{torn}");
            fs::write(&path, kept).expect("as it was");
        }
        folder.append(day.succ_opt().expect("a day"), second.note()).expect("appended");
        assert_eq!(folder.greatest().expect("read"), Some(second));
        fs::remove_dir_all(data).expect("removed");
    }
}
