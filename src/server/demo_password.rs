//! Which password do the six demo users have?

use std::{fs, io, path::Path};

use crate::{
    keys::{KeyError, random, write_private},
    settings::Secret,
};

/// The one the database was filled with; `None` when it is to be filled now.
pub(super) fn kept(data_dir: &Path) -> Result<Option<Secret>, KeyError> {
    let path = data_dir.join("demo-password");
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(Secret::new(text.trim_end_matches('\n').to_owned()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(KeyError::File { path, source }),
    }
}

/// The given one, else the kept one, else a new one; kept before the fill, so that a kill loses nothing.
pub(crate) fn choose(data_dir: &Path, given: Option<&Secret>) -> Result<Secret, KeyError> {
    let password = match (given, kept(data_dir)?) {
        (Some(given), _) => given.clone(),
        (None, Some(kept)) => kept,
        (None, None) => Secret::new(readable(random::<10>()?)),
    };
    let path = data_dir.join("demo-password");
    write_private(&path, password.reveal().as_bytes()).map_err(|source| KeyError::File { path, source })?;
    Ok(password)
}

/// 80 bits in four groups that can be read aloud and typed.
fn readable(bytes: [u8; 10]) -> String {
    hex::encode(bytes).as_bytes().chunks(5).map(String::from_utf8_lossy).collect::<Vec<_>>().join("-")
}
