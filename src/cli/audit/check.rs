//! How does an outsider check an entry, with two files, a public key and no database?

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::Args;

use crate::audit::seal::{
    canonical::Record,
    evidence::{self, EvidenceError},
    inclusion::{InclusionProof, ProofError, proofs},
    key::{NoPublicKey, PublicKey},
};

#[derive(Debug, Args)]
pub(in crate::cli) struct Check {
    /// The entries, a line of JSON each, as the page Log proof hands them out
    #[arg(long, value_name = "FILE")]
    export: PathBuf,
    /// A proof for each of them, in the same order
    #[arg(long, value_name = "FILE")]
    proof: PathBuf,
    /// The log's public key that you trust: NAME+8 HEX DIGITS+BASE64, as the page Log proof shows it
    #[arg(long, value_name = "KEY")]
    key: String,
}

#[derive(Debug, thiserror::Error)]
pub enum CheckFailure {
    #[error("{}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Key(#[from] NoPublicKey),
    #[error("{}: there is no entry in it", .0.display())]
    Empty(PathBuf),
    #[error("there are {entries} entries and {proofs} proofs, and each entry needs one")]
    Counts { entries: usize, proofs: usize },
    #[error("{wrong} of {all} entries are not proved")]
    Unproved { wrong: usize, all: usize },
}

/// What is wrong with one entry.
#[derive(Debug, thiserror::Error)]
enum Unproved {
    #[error(transparent)]
    Entry(#[from] EvidenceError),
    #[error(transparent)]
    Proof(#[from] ProofError),
}

/// Says of each entry whether it is proved.
pub(in crate::cli) fn run(command: &Check) -> Result<(), CheckFailure> {
    let key: PublicKey = command.key.parse()?;
    let (export, proof) = (read(&command.export)?, read(&command.proof)?);
    let entries: Vec<&str> = export.lines().filter(|line| !line.trim().is_empty()).collect();
    let proofs = proofs(&proof);
    if entries.is_empty() {
        return Err(CheckFailure::Empty(command.export.clone()));
    }
    if entries.len() != proofs.len() {
        return Err(CheckFailure::Counts { entries: entries.len(), proofs: proofs.len() });
    }
    let mut wrong = 0;
    for (number, (entry, proof)) in entries.iter().zip(proofs).enumerate() {
        match check(entry, proof, &key) {
            Ok(said) => println!("ok     line {}: {said}", number + 1),
            Err(unproved) => {
                println!("WRONG  line {}: {unproved}", number + 1);
                wrong += 1;
            }
        }
    }
    if wrong > 0 {
        return Err(CheckFailure::Unproved { wrong, all: entries.len() });
    }
    Ok(())
}

fn check(entry: &str, proof: &str, key: &PublicKey) -> Result<String, Unproved> {
    let record: Record = evidence::read(entry)?;
    let proof = InclusionProof::read(proof)?;
    let checkpoint = proof.check(record.leaf().0, key)?;
    let (log, id, index) = (record.log.table(), record.id, proof.index);
    Ok(format!("{log} {id} is entry {index} of the {} in {}", checkpoint.size, checkpoint.origin))
}

/// Mail programs and editors end lines as they like.
fn read(path: &Path) -> Result<String, CheckFailure> {
    let text = fs::read_to_string(path).map_err(|source| CheckFailure::Read { path: path.to_owned(), source })?;
    Ok(text.replace("\r\n", "\n"))
}
