//! Which key signs the log's checkpoints, and by which name do others know it?

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    str::FromStr,
};

use ed25519_dalek::{SignatureError, Signer as _, SigningKey};
use signed_note::{StandardVerifier, Verifier, VerifierError, key_id, new_ed25519_verifier_key};
use zeroize::Zeroizing;

use crate::{
    keys::{private_directory, random, write_private},
    settings::Settings,
};

const SEED_BYTES: usize = 32;
/// How C2SP's signed notes number Ed25519.
const ED25519: u8 = 1;

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("{path}: the audit log's key cannot be kept: {source}", path = path.display())]
    File { path: PathBuf, source: io::Error },
    #[error(
        "{}: this is no key of 64 hex digits; restore it from a backup (checkpoints signed by a new one are of a key nobody announced)",
        .0.display()
    )]
    Damaged(PathBuf),
    #[error(transparent)]
    Random(#[from] crate::keys::KeyError),
    #[error("NEXUS_AUDIT_KEY holds no key")]
    Missing,
}

/// The keys of one console, newest first: the first signs, and the one before it announces it.
#[derive(Clone)]
pub struct Signer {
    newest_first: Vec<SigningKey>,
}

impl Signer {
    /// From NEXUS_AUDIT_KEY, or else from the data directory, where the first need makes one.
    ///
    /// # Errors
    /// See [`KeyError`]; none repeats anything of a key.
    pub fn load(settings: &Settings) -> Result<Signer, KeyError> {
        match &settings.audit_key {
            Some(listed) => Self::listed(listed.reveal()).ok_or(KeyError::Missing),
            None => Self::kept(&settings.keys_dir()),
        }
    }

    /// Comma separated, newest first, each 64 hex digits.
    pub fn listed(text: &str) -> Option<Signer> {
        let newest_first: Vec<SigningKey> = text.split(',').map(seed).collect::<Option<_>>()?;
        (!newest_first.is_empty()).then_some(Signer { newest_first })
    }

    fn kept(directory: &Path) -> Result<Signer, KeyError> {
        let path = directory.join("audit");
        let file = |source| KeyError::File { path: path.clone(), source };
        match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                private_directory(directory).map_err(file)?;
                let made = Zeroizing::new(hex::encode(random::<SEED_BYTES>()?));
                write_private(&path, made.as_bytes()).map_err(file)?;
            }
            Err(error) => return Err(file(error)),
            Ok(_) => {}
        }
        // Read again even where it was just made: another process may have made one at the same moment, and won.
        let text = Zeroizing::new(fs::read_to_string(&path).map_err(file)?);
        Self::listed(text.trim()).ok_or(KeyError::Damaged(path))
    }

    /// The public half of every key, newest first, as a log of this origin shows them.
    #[must_use]
    pub fn public(&self, origin: &str) -> Vec<PublicKey> {
        self.newest_first.iter().filter_map(|key| NoteKey::new(origin, key).public()).collect()
    }

    /// The key that signs when nothing speaks against it.
    pub(super) fn newest<'s>(&'s self, origin: &'s str) -> NoteKey<'s> {
        let newest = self.newest_first.first().expect("every constructor refuses an empty list");
        NoteKey::new(origin, newest)
    }

    /// The key that a signature names, if this console has it.
    pub(super) fn numbered<'s>(&'s self, origin: &'s str, id: u32) -> Option<NoteKey<'s>> {
        self.newest_first.iter().map(|key| NoteKey::new(origin, key)).find(|key| key.id == id)
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Signer({} hidden)", self.newest_first.len())
    }
}

fn seed(text: &str) -> Option<SigningKey> {
    let mut seed = Zeroizing::new([0; SEED_BYTES]);
    hex::decode_to_slice(text.trim(), seed.as_mut_slice()).ok()?;
    Some(SigningKey::from_bytes(&seed))
}

/// A key under the name of the log it signs for.
pub(super) struct NoteKey<'s> {
    origin: &'s str,
    pub id: u32,
    key: &'s SigningKey,
}

impl<'s> NoteKey<'s> {
    fn new(origin: &'s str, key: &'s SigningKey) -> NoteKey<'s> {
        let encoded = [&[ED25519], key.verifying_key().as_bytes().as_slice()].concat();
        NoteKey { origin, id: key_id(origin, &encoded), key }
    }

    /// `None` for an origin that can be no key's name: nobody signs for such a log.
    pub fn public(&self) -> Option<PublicKey> {
        new_ed25519_verifier_key(self.origin, &self.key.verifying_key()).parse().ok()
    }
}

impl signed_note::Signer for NoteKey<'_> {
    fn name(&self) -> &str {
        self.origin
    }

    fn key_id(&self) -> u32 {
        self.id
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignatureError> {
        Ok(self.key.try_sign(message)?.to_vec())
    }
}

/// What anybody needs to check a signature: `name+id+key`, as Go's note package and C2SP write it.
#[derive(Clone)]
pub struct PublicKey {
    text: String,
    verifier: StandardVerifier,
}

#[derive(Debug, thiserror::Error)]
#[error("this is no public key of a log, which reads NAME+8 HEX DIGITS+BASE64 and stands on the page Log proof: {0}")]
pub struct NoPublicKey(#[from] VerifierError);

impl PublicKey {
    /// The log it signs for.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.verifier.name()
    }

    #[must_use]
    pub fn id(&self) -> u32 {
        self.verifier.key_id()
    }

    pub(super) fn verifier(&self) -> StandardVerifier {
        self.verifier.clone()
    }
}

impl FromStr for PublicKey {
    type Err = NoPublicKey;

    fn from_str(text: &str) -> Result<PublicKey, NoPublicKey> {
        let text = text.trim();
        Ok(PublicKey { verifier: StandardVerifier::new(text)?, text: text.to_owned() })
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &PublicKey) -> bool {
        self.text == other.text
    }
}

impl Eq for PublicKey {}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    #[test]
    fn the_first_need_makes_a_key_for_its_owner_alone_and_the_second_reads_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = std::env::temp_dir().join(format!("nexus-audit-key-{}", uuid::Uuid::now_v7()));
        let first = Signer::kept(&directory).expect("made");
        assert_eq!(fs::metadata(directory.join("audit")).expect("kept").permissions().mode() & 0o777, 0o600);
        assert_eq!(Signer::kept(&directory).expect("read").public("log"), first.public("log"));
        fs::write(directory.join("audit"), "damaged").expect("written");
        assert!(matches!(Signer::kept(&directory), Err(KeyError::Damaged(_))));
        fs::remove_dir_all(directory).expect("removed");
    }

    #[test]
    fn nothing_of_a_key_is_ever_printed() {
        let signer = Signer::listed(SEED).expect("a key");
        assert_eq!(format!("{signer:?}"), "Signer(1 hidden)");
        assert!(Signer::listed("").is_none() && Signer::listed(&SEED[1..]).is_none() && Signer::listed("x,").is_none());
    }

    #[test]
    fn a_public_key_is_read_as_it_is_written() {
        let key = Signer::listed(SEED).expect("a key").public("nexus-console/x").remove(0);
        assert_eq!(key.to_string().parse::<PublicKey>().expect("the same"), key);
        for wrong in ["", "a+b", "a+00000000+AAAA", &key.to_string().replace("nexus", "other"), &key.to_string()[..40]] {
            assert!(wrong.parse::<PublicKey>().is_err(), "{wrong}");
        }
    }
}
