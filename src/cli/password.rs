//! How does a command get a password without it being seen?

use std::io::{self, BufRead as _, IsTerminal as _};

use clap::Args;

use crate::{
    auth::new_password::{self, Unacceptable},
    settings::Secret,
};

#[derive(Debug, Args)]
pub(super) struct PasswordSource {
    /// Read the password from the first line of standard input instead of asking
    #[arg(long = "password-stdin")]
    stdin: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum PasswordInputError {
    #[error("there is no terminal to ask at; give the password on standard input, with --password-stdin")]
    NoTerminal,
    #[error("the password could not be read: {0}")]
    Read(#[from] io::Error),
    #[error("the two passwords differ")]
    Differ,
    #[error("the password is not accepted: {0}")]
    Unacceptable(#[from] Unacceptable),
}

impl PasswordSource {
    pub fn read(&self, username: &str, email: &str) -> Result<Secret, PasswordInputError> {
        let password = if self.stdin { from_standard_input()? } else { asked_twice(username)? };
        new_password::check(password.reveal(), username, email)?;
        Ok(password)
    }
}

fn from_standard_input() -> io::Result<Secret> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    let password = line.strip_suffix('\n').unwrap_or(&line);
    Ok(Secret::new(password.strip_suffix('\r').unwrap_or(password).to_owned()))
}

fn asked_twice(username: &str) -> Result<Secret, PasswordInputError> {
    if !io::stdin().is_terminal() {
        return Err(PasswordInputError::NoTerminal);
    }
    let first = Secret::new(rpassword::prompt_password(format!("New password for {username}: "))?);
    let second = Secret::new(rpassword::prompt_password("Once more: ")?);
    if first.reveal() == second.reveal() { Ok(first) } else { Err(PasswordInputError::Differ) }
}
