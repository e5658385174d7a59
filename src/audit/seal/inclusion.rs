//! How is it written down that an entry is in the log, so that anybody can check it without the log?
//!
//! In C2SP's tlog-proof: the index of the entry, the hashes from its leaf to the root, and the checkpoint with that root.
//! Where the checkpoint's key was announced by an older one, the announcing checkpoints stand in its `extra` line, a blank
//! line between them, so that whoever knows the older key can follow. Several proofs of one file follow each other.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use tlog_tiles::{Hash, check_record};

use super::{
    checkpoint::{Chain, Checkpoint, CheckpointError, notes},
    key::PublicKey,
};

const HEADER: &str = "c2sp.org/tlog-proof@v1";
const EXTRA: &str = "extra ";
const INDEX: &str = "index ";
/// A tree of more levels has more leaves than can be counted.
const MOST_HASHES: usize = 64;

/// Everything but the entry itself and the key that is trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InclusionProof {
    pub index: u64,
    /// From the leaf's sibling to the root's child.
    pub hashes: Vec<[u8; 32]>,
    pub checkpoint: String,
    /// The checkpoints that announced the key of this one, oldest first.
    pub announcements: Vec<String>,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    #[error("the proof cannot be read: {0}")]
    Malformed(&'static str),
    #[error("{0}")]
    Checkpoint(#[from] CheckpointError),
    #[error("the proof is about entry {index}, and its checkpoint counts {size}")]
    Beyond { index: u64, size: u64 },
    #[error(
        "this entry is not in the log at place {index}: what it says now is not what was sealed there, or the proof is of another entry"
    )]
    NotIncluded { index: u64 },
}

impl InclusionProof {
    /// As a file, its last line ended.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("{HEADER}\n");
        if !self.announcements.is_empty() {
            text = [&text, EXTRA, &BASE64_STANDARD.encode(self.announcements.join("\n")), "\n"].concat();
        }
        text = [&text, INDEX, &self.index.to_string(), "\n"].concat();
        for hash in &self.hashes {
            text.push_str(&BASE64_STANDARD.encode(hash));
            text.push('\n');
        }
        [&text, "\n", &self.checkpoint].concat()
    }

    /// # Errors
    /// `Malformed`.
    pub fn read(text: &str) -> Result<InclusionProof, ProofError> {
        let wrong = ProofError::Malformed;
        let (head, checkpoint) = text.split_once("\n\n").ok_or(wrong("no blank line stands before its checkpoint"))?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(HEADER) {
            return Err(wrong("its first line is not c2sp.org/tlog-proof@v1"));
        }
        let announcements = match lines.next_if(|line| line.starts_with(EXTRA)) {
            Some(line) => {
                let bytes = BASE64_STANDARD.decode(&line[EXTRA.len()..]).map_err(|_| wrong("its extra line is not base64"))?;
                let text = String::from_utf8(bytes).map_err(|_| wrong("its extra line is not text"))?;
                notes(&text).into_iter().map(str::to_owned).collect()
            }
            None => Vec::new(),
        };
        let written = lines.next().and_then(|line| line.strip_prefix(INDEX)).ok_or(wrong("it does not say which entry it is about"))?;
        let index: u64 = written.parse().map_err(|_| wrong("its index is no number"))?;
        if index.to_string() != written {
            return Err(wrong("its index is no number"));
        }
        let hashes = lines
            .map(|line| Hash::parse_hash(line).map(|hash| hash.0).map_err(|_| wrong("one of its hashes is not 32 bytes in base64")))
            .collect::<Result<Vec<_>, _>>()?;
        if hashes.len() > MOST_HASHES {
            return Err(wrong("it has more hashes than any tree has levels"));
        }
        Ok(InclusionProof { index, hashes, checkpoint: checkpoint.to_owned(), announcements })
    }

    /// Whether the leaf is where the proof says, by the word of a trusted key or of one that it vouches for.
    ///
    /// # Errors
    /// See [`ProofError`].
    pub fn check(&self, leaf: [u8; 32], trusted: &PublicKey) -> Result<Checkpoint, ProofError> {
        let mut chain = Chain::beginning_with(trusted.origin(), vec![trusted.clone()]);
        for announcement in &self.announcements {
            match chain.follow(announcement.as_bytes()) {
                // It vouches for a key that this reader has no need of, or begins before the one they trust.
                Ok(_) | Err(CheckpointError::UnknownKey { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let checkpoint = chain.follow(self.checkpoint.as_bytes())?;
        if self.index >= checkpoint.size {
            return Err(ProofError::Beyond { index: self.index, size: checkpoint.size });
        }
        let hashes = self.hashes.iter().copied().map(Hash).collect();
        check_record(&hashes, checkpoint.size, Hash(checkpoint.root), self.index, Hash(leaf))
            .map_err(|_| ProofError::NotIncluded { index: self.index })?;
        Ok(checkpoint)
    }
}

/// The proofs of a file, each beginning with its own first line.
#[must_use]
pub fn proofs(text: &str) -> Vec<&str> {
    let (mut proofs, mut start, mut at) = (Vec::new(), 0, 0);
    for line in text.split_inclusive('\n') {
        if at > start && line.trim_end_matches('\n') == HEADER {
            // The line that parts them belongs to neither.
            let one = &text[start..at];
            proofs.push(one.strip_suffix("\n\n").map_or(one, |_| &one[..one.len() - 1]));
            start = at;
        }
        at += line.len();
    }
    proofs.push(&text[start..]);
    proofs
}
