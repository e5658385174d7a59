//! Who may make the first administrator?

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::keys::{KeyError, random, write_private};

/// The one-time token of the first run: printed on the terminal, kept until used, known to nobody else.
#[derive(Debug, Clone)]
pub struct SetupToken {
    path: PathBuf,
}

impl SetupToken {
    #[must_use]
    pub fn kept_in(data_dir: &Path) -> Self {
        Self { path: data_dir.join("setup-token") }
    }

    /// The token, made if there is none yet; called while there is no administrator.
    pub fn ensure(&self) -> Result<Zeroizing<String>, KeyError> {
        if let Some(token) = self.read().map_err(|source| self.file(source))? {
            return Ok(token);
        }
        let token = Zeroizing::new(hex::encode(random::<16>()?));
        write_private(&self.path, token.as_bytes()).map_err(|source| self.file(source))?;
        Ok(token)
    }

    /// In constant time; false once it is used, and when it cannot be read.
    #[must_use]
    pub fn verify(&self, typed: &str) -> bool {
        match self.read() {
            Ok(Some(token)) => token.as_bytes().ct_eq(typed.trim().as_bytes()).into(),
            Ok(None) | Err(_) => false,
        }
    }

    /// Once there is an administrator, nobody needs it any more.
    pub fn consume(&self) -> io::Result<()> {
        match fs::remove_file(&self.path) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Where it is kept, for people to look it up again.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn read(&self) -> io::Result<Option<Zeroizing<String>>> {
        match fs::read_to_string(&self.path) {
            Ok(text) => {
                let token = Zeroizing::new(text.trim().to_owned());
                Ok((!token.is_empty()).then_some(token))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn file(&self, source: io::Error) -> KeyError {
        KeyError::File { path: self.path.clone(), source }
    }
}

#[cfg(test)]
mod tests {
    use super::SetupToken;

    #[test]
    fn it_is_kept_until_used_and_then_opens_nothing() {
        let directory = std::env::temp_dir().join(format!("nexus-setup-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir(&directory).expect("a directory");
        let token = SetupToken::kept_in(&directory);
        assert!(!token.verify(""));
        let first = token.ensure().expect("made");
        assert_eq!(*first, *token.ensure().expect("kept"));
        assert!(token.verify(&first) && !token.verify("") && !token.verify(&first[1..]));
        token.consume().expect("used");
        token.consume().expect("using it twice is no harm");
        assert!(!token.verify(&first) && !token.verify(""));
        std::fs::remove_dir_all(directory).expect("removed");
    }
}
