//! Which keys sign and verify what the console hands out?

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::{Zeroize as _, Zeroizing};

use crate::settings::{Secret, Settings};

const KEY_BYTES: usize = 32;

/// Newest first: the first signs, all verify.
#[derive(Clone)]
pub struct Keys {
    newest_first: Vec<Zeroizing<[u8; KEY_BYTES]>>,
}

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("{path}: the key cannot be kept: {source}", path = path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{}: this is no key of 64 hex digits; restore it from a backup (a new one ends every session and loses encrypted settings)", .0.display())]
    Damaged(PathBuf),
    #[error("the operating system gave no random bytes")]
    Random(#[source] getrandom::Error),
    #[error("NEXUS_SECRET_KEY holds no key")]
    Missing,
}

impl Keys {
    /// From NEXUS_SECRET_KEY, or else from the data directory, where the first run makes one.
    pub fn load(settings: &Settings) -> Result<Self, KeyError> {
        match &settings.secret_key {
            Some(listed) => Self::listed(listed),
            None => Self::kept(&settings.keys_dir()),
        }
    }

    fn listed(listed: &Secret) -> Result<Self, KeyError> {
        let keys: Option<Vec<_>> = listed.reveal().split(',').map(decode).collect();
        match keys {
            Some(newest_first) if !newest_first.is_empty() => Ok(Self { newest_first }),
            Some(_) | None => Err(KeyError::Missing),
        }
    }

    fn kept(directory: &Path) -> Result<Self, KeyError> {
        let path = directory.join("secret");
        let file = |source| KeyError::File { path: path.clone(), source };
        let text = match fs::read_to_string(&path) {
            Ok(text) => Zeroizing::new(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                private_directory(directory).map_err(file)?;
                let made = Zeroizing::new(hex::encode(random::<KEY_BYTES>()?));
                write_private(&path, made.as_bytes()).map_err(file)?;
                made
            }
            Err(error) => return Err(file(error)),
        };
        let newest_first: Option<Vec<_>> = text.trim().split(',').map(decode).collect();
        newest_first.map(|newest_first| Self { newest_first }).ok_or(KeyError::Damaged(path))
    }

    /// The subkey that signs for this use; the label keeps one use's signatures from passing in another.
    #[must_use]
    pub fn signing(&self, label: &'static str) -> [u8; KEY_BYTES] {
        let newest = self.newest_first.first().expect("every constructor refuses an empty list");
        derive(newest, label)
    }

    /// Every subkey that still verifies for this use, newest first.
    pub fn all(&self, label: &'static str) -> impl Iterator<Item = [u8; KEY_BYTES]> {
        self.newest_first.iter().map(move |key| derive(key, label))
    }

    /// HMAC-SHA256 with the newest key.
    #[must_use]
    pub fn sign(&self, label: &'static str, message: &[u8]) -> [u8; 32] {
        tag(self.signing(label), message).finalize().into_bytes().into()
    }

    /// In constant time, with any key of the list.
    #[must_use]
    pub fn verify(&self, label: &'static str, message: &[u8], signature: &[u8]) -> bool {
        self.all(label).any(|key| tag(key, message).verify_slice(signature).is_ok())
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Keys({} hidden)", self.newest_first.len())
    }
}

fn derive(key: &[u8; KEY_BYTES], label: &'static str) -> [u8; KEY_BYTES] {
    let mut subkey = [0; KEY_BYTES];
    Hkdf::<Sha256>::new(None, key).expand(label.as_bytes(), &mut subkey).expect("32 bytes are within what one HKDF gives");
    subkey
}

fn tag(mut key: [u8; KEY_BYTES], message: &[u8]) -> Hmac<Sha256> {
    let mut tag = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes a key of any length");
    key.zeroize();
    tag.update(message);
    tag
}

fn decode(text: &str) -> Option<Zeroizing<[u8; KEY_BYTES]>> {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    hex::decode_to_slice(text.trim(), key.as_mut_slice()).ok()?;
    Some(key)
}

/// Bytes nobody can guess.
pub fn random<const N: usize>() -> Result<[u8; N], KeyError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(KeyError::Random)?;
    Ok(bytes)
}

/// A directory nobody else may enter.
pub fn private_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
}

/// Written aside and renamed: a kill in the middle leaves no half secret behind.
pub fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let aside = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&aside)?;
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    file.write_all(content)?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    fs::rename(&aside, path)?;
    match path.parent() {
        Some(directory) => fs::File::open(directory)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Keys, Secret};

    const OLD: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    const NEW: &str = "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100";

    fn keys(list: &str) -> Keys {
        Keys::listed(&Secret::new(list.to_owned())).expect("keys")
    }

    #[test]
    fn an_older_key_still_verifies_and_no_longer_signs() {
        let before = keys(OLD).sign("cookie", b"message");
        let rotated = keys(&[NEW, ",", OLD].concat());
        assert!(rotated.verify("cookie", b"message", &before));
        assert_ne!(rotated.sign("cookie", b"message"), before);
        assert!(!keys(NEW).verify("cookie", b"message", &before));
    }

    #[test]
    fn one_use_does_not_verify_for_another() {
        let keys = keys(NEW);
        let signature = keys.sign("cookie", b"message");
        assert!(!keys.verify("link", b"message", &signature));
        assert!(!keys.verify("cookie", b"other", &signature));
        assert!(!keys.verify("cookie", b"message", &signature[..31]));
    }

    #[test]
    fn the_first_run_makes_a_key_and_the_second_reads_it() {
        let directory = std::env::temp_dir().join(format!("nexus-keys-{}", uuid::Uuid::now_v7()));
        let first = Keys::kept(&directory).expect("made");
        let second = Keys::kept(&directory).expect("read");
        assert_eq!(first.signing("cookie"), second.signing("cookie"));
        std::fs::write(directory.join("secret"), "damaged").expect("written");
        assert!(Keys::kept(&directory).is_err());
        std::fs::remove_dir_all(directory).expect("removed");
    }
}
