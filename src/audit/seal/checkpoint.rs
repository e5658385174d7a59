//! What does a checkpoint say, who signed it, and what is wrong with one that is not to be believed?
//!
//! A checkpoint is the text of C2SP's tlog-checkpoint in a C2SP signed note: the origin of the log, how many entries it
//! counts, the root of its Merkle tree, each on a line of its own. A line `next-key NAME+ID+KEY` below them announces
//! the key that signs from there on: whoever trusts the key before it may trust it too.

use std::fmt;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use signed_note::{Note, NoteError, Signature, Verifier, VerifierList};
use tlog_tiles::{Checkpoint as TreeHead, Hash};
use uuid::Uuid;

use super::key::{PublicKey, Signer};

const PRODUCT: &str = "nexus-console/";
const ANNOUNCES: &str = "next-key ";
/// How a signature's line begins.
const SIGNED_BY: &str = "\u{2014} ";

/// What a log was at one moment. Reading one proves nothing yet; see [`Checkpoint::signed_by_any`].
#[derive(Clone, PartialEq, Eq)]
pub struct Checkpoint {
    pub origin: String,
    pub size: u64,
    pub root: [u8; 32],
    /// The key that signs after this one.
    pub announced: Option<PublicKey>,
    note: String,
}

/// Each says what somebody who was given the file can tell its giver.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    #[error("the checkpoint is cut short: {0}")]
    Truncated(&'static str),
    #[error("this is no checkpoint: {0}")]
    Malformed(&'static str),
    #[error("the checkpoint is of another log: it is of {found}, and this is {expected}")]
    AnotherLog { found: String, expected: String },
    #[error("the checkpoint is of a newer log than this one: it counts {claimed} entries, and only {sealed} are here")]
    Newer { claimed: u64, sealed: u64 },
    #[error(
        "the signature {key} on the checkpoint is wrong: the text was changed after it was signed, or the name of the key was used by somebody else"
    )]
    WrongSignature { key: String },
    #[error("the checkpoint is signed by a key nobody vouches for here: {keys}")]
    UnknownKey { keys: String },
}

/// Signing, which fails only for an origin that can be no key's name.
#[derive(Debug, thiserror::Error)]
#[error("the checkpoint cannot be signed")]
pub struct NotSigned(#[source] NoteError);

impl Checkpoint {
    /// Reads the text strictly; whose signatures are on it is another question.
    ///
    /// # Errors
    /// `Truncated` or `Malformed`.
    pub fn read(note: &[u8]) -> Result<Checkpoint, CheckpointError> {
        let note = std::str::from_utf8(note).map_err(|_| CheckpointError::Malformed("it is not text in UTF-8"))?;
        let Some((_, signatures)) = note.rsplit_once("\n\n") else {
            return Err(if note.lines().count() < 3 || note.starts_with(PRODUCT) {
                CheckpointError::Truncated("it ends before its signature")
            } else {
                CheckpointError::Malformed("no blank line parts its text from its signatures")
            });
        };
        if signatures.is_empty() {
            return Err(CheckpointError::Truncated("it ends before its signature"));
        }
        if !signatures.ends_with('\n') {
            return Err(CheckpointError::Truncated("its last line has no end"));
        }
        let parsed = Note::from_bytes(note.as_bytes()).map_err(|_| CheckpointError::Malformed("its signatures cannot be read"))?;
        let head = TreeHead::from_bytes(parsed.text()).map_err(|_| {
            CheckpointError::Malformed("its text is not an origin, a number of entries and a root of 32 bytes in base64, a line each")
        })?;
        Ok(Checkpoint {
            origin: head.origin().to_owned(),
            size: head.size(),
            root: head.hash().0,
            announced: announced(head.extension(), head.origin())?,
            note: note.to_owned(),
        })
    }

    /// Reads one, of this log, and believes it only with the signature of a known key.
    ///
    /// # Errors
    /// See [`CheckpointError`]; `Newer` is for whoever knows the log.
    pub fn open(note: &[u8], origin: &str, known: &[PublicKey]) -> Result<Checkpoint, CheckpointError> {
        let checkpoint = Checkpoint::read(note)?;
        checkpoint.of(origin)?;
        checkpoint.signed_by_any(known)?;
        Ok(checkpoint)
    }

    /// # Errors
    /// `AnotherLog`.
    pub fn of(&self, origin: &str) -> Result<(), CheckpointError> {
        if self.origin == origin {
            Ok(())
        } else {
            Err(CheckpointError::AnotherLog { found: self.origin.clone(), expected: origin.to_owned() })
        }
    }

    /// # Errors
    /// `Newer`: whoever cut the log short would like this to be no error.
    pub fn fits_into(&self, sealed: u64) -> Result<(), CheckpointError> {
        if self.size <= sealed { Ok(()) } else { Err(CheckpointError::Newer { claimed: self.size, sealed }) }
    }

    /// Which of the known keys signed it.
    ///
    /// # Errors
    /// `WrongSignature` or `UnknownKey`.
    pub fn signed_by_any(&self, known: &[PublicKey]) -> Result<u32, CheckpointError> {
        let unread = |_| CheckpointError::Malformed("its signatures cannot be read");
        let mut different: Vec<&PublicKey> = Vec::with_capacity(known.len());
        for key in known {
            // The same key twice is no riddle, and two keys of one number are answered by neither.
            if !different.contains(&key) {
                different.push(key);
            }
        }
        let verifiers = different.into_iter().map(|key| Box::new(key.verifier()) as Box<dyn Verifier>).collect();
        match Note::from_bytes(self.note.as_bytes()).map_err(unread)?.verify(&VerifierList::new(verifiers)) {
            Ok((verified, _)) => verified.first().map(Signature::id).ok_or_else(|| self.unknown()),
            Err(NoteError::InvalidSignature { name, id }) => Err(CheckpointError::WrongSignature { key: format!("{name}+{id:08x}") }),
            Err(
                NoteError::UnverifiedNote
                | NoteError::VerificationError(_)
                | NoteError::MismatchedVerifier
                | NoteError::MalformedNote
                | NoteError::InvalidSigner
                | NoteError::SignatureError(_),
            ) => Err(self.unknown()),
        }
    }

    fn unknown(&self) -> CheckpointError {
        let lines = self.note.lines().filter(|line| line.starts_with(SIGNED_BY));
        let keys: Vec<String> = lines
            .filter_map(|line| Signature::from_bytes(line.as_bytes()).ok())
            .map(|signature| format!("{}+{:08x}", signature.name(), signature.id()))
            .collect();
        CheckpointError::UnknownKey { keys: keys.join(", ") }
    }

    /// The signed text, as it is handed out.
    #[must_use]
    pub fn note(&self) -> &str {
        &self.note
    }

    /// The root as the note spells it.
    #[must_use]
    pub fn root_text(&self) -> String {
        BASE64_STANDARD.encode(self.root)
    }

    /// The note of the log as it is now, after the last one; without one a new log begins, with an origin of its own.
    ///
    /// A key that is not yet known to whoever read the last one is announced first, in a note of the key they know;
    /// the note after that is its own.
    ///
    /// # Errors
    /// Never for an origin that was read or made here.
    pub fn next(signer: &Signer, last: Option<&Checkpoint>, size: u64, root: [u8; 32]) -> Result<Checkpoint, NotSigned> {
        let origin = last.map_or_else(|| format!("{PRODUCT}{}", Uuid::now_v7()), |last| last.origin.clone());
        let newest = signer.newest(&origin);
        let before = last.and_then(|last| {
            let id = last.signed_by_any(&signer.public(&origin)).ok()?;
            let is_announced = id == newest.id || last.announced.is_some() && last.announced == newest.public();
            if is_announced { None } else { signer.numbered(&origin, id) }
        });
        let announced = before.as_ref().and_then(|_| newest.public());
        let extension = announced.as_ref().map_or_else(String::new, |key| format!("{ANNOUNCES}{key}\n"));
        let head = format!("{origin}\n{size}\n{}\n{extension}", Hash(root));
        let mut note = Note::new(head.as_bytes(), &[]).map_err(NotSigned)?;
        note.add_sigs(&[before.as_ref().unwrap_or(&newest)]).map_err(NotSigned)?;
        let note = String::from_utf8_lossy(&note.to_bytes()).into_owned();
        Ok(Checkpoint { size, root, announced, note, origin })
    }
}

/// Other lines there are somebody else's business, as the format says.
fn announced(extension: &str, origin: &str) -> Result<Option<PublicKey>, CheckpointError> {
    let Some(key) = extension.lines().find_map(|line| line.strip_prefix(ANNOUNCES)) else {
        return Ok(None);
    };
    match key.parse::<PublicKey>() {
        Ok(key) if key.origin() == origin => Ok(Some(key)),
        Ok(_) => Err(CheckpointError::Malformed("it announces a key of another log")),
        Err(_) => Err(CheckpointError::Malformed("it announces something that is no key")),
    }
}

impl fmt::Debug for Checkpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Checkpoint({} at {})", self.origin, self.size)
    }
}

/// The notes of a file of checkpoints, a blank line between them; one alone is one.
///
/// Whether each can be read is the next question: a tail that was cut off is the last of them.
#[must_use]
pub fn notes(text: &str) -> Vec<&str> {
    let (mut notes, mut start, mut at, mut is_signed) = (Vec::new(), 0, 0, false);
    for line in text.split_inclusive('\n') {
        if is_signed && line == "\n" {
            notes.push(&text[start..at]);
            start = at + line.len();
            is_signed = false;
        } else {
            is_signed = line.starts_with(SIGNED_BY);
        }
        at += line.len();
    }
    if start < text.len() || notes.is_empty() {
        notes.push(&text[start..]);
    }
    notes
}

/// Goes from one key to the next as they were announced.
#[derive(Debug, Clone)]
pub struct Chain {
    origin: String,
    known: Vec<PublicKey>,
}

impl Chain {
    /// Begins with what somebody trusts already.
    #[must_use]
    pub fn beginning_with(origin: &str, trusted: Vec<PublicKey>) -> Chain {
        Chain { origin: origin.to_owned(), known: trusted }
    }

    /// Believes the next note, and whichever key it announces.
    ///
    /// # Errors
    /// See [`CheckpointError`].
    pub fn follow(&mut self, note: &[u8]) -> Result<Checkpoint, CheckpointError> {
        let checkpoint = Checkpoint::open(note, &self.origin, &self.known)?;
        if let Some(key) = &checkpoint.announced {
            self.known.push(key.clone());
        }
        Ok(checkpoint)
    }

    /// Every key that may be believed by now.
    #[must_use]
    pub fn known(&self) -> &[PublicKey] {
        &self.known
    }
}
